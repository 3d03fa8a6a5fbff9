"""How the doors print what is in a store."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from raysign.store import SplitSummary, StoreSummary


def print_summary(summary: StoreSummary, as_json: bool) -> None:
    """One table, a row a split; or one JSON object."""
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
        return
    click.echo(f"store {summary.store}, layout {summary.layout}")
    click.echo(f"{'split':<8}{'clips':>10}{'signs':>9}{'signers':>9}{'frames':>13}{'hours':>9}")
    for name, part in summary.splits.items():
        click.echo(_row(name or "none", part))
    if len(summary.splits) > 1:
        click.echo(_row("all", summary))


def _row(name: str, part: SplitSummary) -> str:
    hours = "unknown" if part.hours is None else f"{part.hours:.2f}"
    return (
        f"{name:<8}{part.clips:>10,}{part.signs:>9,}{part.signers:>9,}{part.frames:>13,}{hours:>9}"
    )
