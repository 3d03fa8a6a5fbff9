"""How the doors print what is in a store."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.store import SentenceCounts, SplitSummary, StoreSummary

T = TypeVar("T")

NO_SPLIT = "none"
"""What clips in no split are counted under, in text and in JSON."""


def print_summary(
    summary: StoreSummary, as_json: bool, sentences: Mapping[str, SentenceCounts] | None = None
) -> None:
    """One table, a row a split; or one JSON object.

    ``sentences`` counts the same splits of a store of sentences, which are told then instead.
    """
    splits = named(summary.splits)
    if as_json:
        told = {name: asdict(part) for name, part in splits.items()}
        for name, counts in named(sentences or {}).items():
            told[name] |= asdict(counts)
        click.echo(json.dumps({**asdict(summary), "splits": told}, ensure_ascii=False))
        return
    click.echo(f"store {summary.store}, layout {summary.layout}")
    if sentences is not None:
        print_sentence_rows(named(sentences))
        return
    click.echo(f"{'split':<8}{'clips':>10}{'signs':>9}{'signers':>9}{'frames':>13}{'time':>10}")
    for name, part in splits.items():
        click.echo(_row(name, part))
    if len(splits) > 1:
        click.echo(_row("all", summary))


def print_sentence_rows(splits: Mapping[str, SentenceCounts]) -> None:
    """A table of sentences, a row a split."""
    columns = ("sentences", "signers", "glosses", "words", "timed", "frames")
    click.echo(f"{'split':<8}" + "".join(f"{name:>11}" for name in (*columns, "time")))
    for name, part in splits.items():
        counted = "".join(f"{getattr(part, column):>11,}" for column in columns)
        time = "unknown" if part.hours is None else spent(3600 * part.hours)
        click.echo(f"{name:<8}{counted}{time:>11}")


def named(splits: Mapping[str, T]) -> dict[str, T]:
    """The same, where what is in no split has a name too."""
    return {name or NO_SPLIT: part for name, part in splits.items()}


def _row(name: str, part: SplitSummary) -> str:
    time = "unknown" if part.hours is None else spent(3600 * part.hours)
    return (
        f"{name:<8}{part.clips:>10,}{part.signs:>9,}{part.signers:>9,}{part.frames:>13,}{time:>10}"
    )


def spent(seconds: float) -> str:
    """``43.2 s``, ``12.5 min``, ``3.41 h``."""
    for unit, size, places in (("h", 3600, 2), ("min", 60, 1)):
        if seconds >= size:
            return f"{seconds / size:,.{places}f} {unit}"
    return f"{seconds:.1f} s"
