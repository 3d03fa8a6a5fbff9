"""Markdown in which words of others break nothing."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; what would break a row is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: object) -> str:
    """Text of others in a table of Markdown, on one line."""
    return " ".join(str(text).split()).replace("|", "\\|")
