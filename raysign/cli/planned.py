"""``--dry-run``: what a run would take, and nothing left behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.sweep import Plan

F = TypeVar("F", bound="Callable[..., Any]")
NOTHING_WRITTEN = "nothing was written; the same command without --dry-run runs it"


def dry_run_option(function: F) -> F:
    """``--dry-run``: the function gets ``dry_run``."""
    text = "Print what would run where, its memory, time and cost, from a few batches; run nothing."
    return click.option("--dry-run", is_flag=True, help=text)(function)


def tell_plan(plan: Plan, as_json: bool) -> None:
    """Print it."""
    from raysign.sweep import lines_of

    if as_json:
        click.echo(json.dumps(plan.as_json(), default=str))
    else:
        click.echo("\n".join(lines_of(plan)))
    tell_end(plan, as_json)


def tell_end(plan: Plan | None, as_json: bool) -> None:
    """What comes next; ``TrainingError`` where that would be a failure. None = nobody looked."""
    if plan is not None and plan.hopeless:
        raise TrainingError(
            "nothing was written, and nothing would be trained: all that was tried fails, as the "
            "plan says"
        )
    if not as_json:
        click.echo(NOTHING_WRITTEN)
