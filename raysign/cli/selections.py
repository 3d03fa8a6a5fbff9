"""What every door that measures is told: who asks, who is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def check_world(overrides: Sequence[str], *selections: str) -> None:
    """Refuse what changes the synthetic world where none of the clips is of it.

    Args:
        overrides: ``data.key=value``, as they were typed.
        selections: every ``STORE`` and ``STORE:split`` that is read.

    Raises:
        ConfigError: it would be read by nobody.
    """
    from raysign.sources import SYNTHETIC, parse_selection

    if any(parse_selection(selection)[0] == SYNTHETIC for selection in selections):
        return
    for text in overrides:
        if text.startswith(("data.synthetic.", "data.synthetic=")):
            raise ConfigError(
                f"{text} changes the synthetic world, and nothing here is of it, got "
                f"{', '.join(dict.fromkeys(selections))}; leave it out"
            )
