"""What every door that measures is told: who asks, who is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def measuring_options(*, seed: str) -> Callable[[F], F]:
    """``queries``, ``gallery``, ``open_test`` and ``seed``; ``seed`` says in the help of what."""
    options = [
        click.option(
            "--queries", required=True, metavar="STORE[:SPLIT]", help="The clips that ask."
        ),
        click.option(
            "--gallery", required=True, metavar="STORE[:SPLIT]", help="The clips searched."
        ),
        click.option(
            "--open-test",
            is_flag=True,
            help="Allow the sealed test split; MLflow and the card record it.",
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=seed),
    ]

    def dress(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return dress
