"""What a person should know of a run, beside its answer."""

from __future__ import annotations

import click


def noted(line: str) -> None:
    """``note: …`` on stderr."""
    click.echo(f"note: {line}", err=True)
