"""``raysign registry``: the versions of a model, who is champion, and who was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign.cli.door import FramedGroup, door, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.tracking import Move, Tracker, Version

F = TypeVar("F", bound="Callable[..., Any]")
FIGURES = {"val/map": "mAP", "val/recall_at_1": "R@1", "val/max_f1": "maxF1"}


def model_option(function: F) -> F:
    """``--model``: which registered model; the function gets ``model``."""
    return click.option(
        "--model",
        default="raysign-encoder",
        show_default=True,
        metavar="NAME",
        help="The registered model.",
    )(function)


def reason_option(function: F) -> F:
    """``--reason``: why; it stands on the model's page afterwards."""
    return click.option(
        "--reason",
        required=True,
        callback=_said,
        metavar="TEXT",
        help="Why; it stands on the model's page.",
    )(function)


def _said(context: click.Context, option: click.Parameter, reason: str) -> str:
    if not reason.strip():
        raise click.BadParameter("it says nothing; say why in a few words")
    return reason


class _Registry(FramedGroup):
    """``raysign registry`` is short for ``raysign registry show``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = {*self.commands, *self.get_help_option_names(ctx)}
        if not args or (args[0].startswith("-") and args[0] not in names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Registry,
    example='raysign registry\nraysign registry promote candidate --reason "asked by the team"\n'
    'raysign registry rollback --reason "slower on phones"',
)
def registry() -> None:
    """The registered versions of a model: list them, promote one, roll back.

    `raysign registry` is short for `raysign registry show`.
    """


@door(
    example="raysign registry show\nraysign registry show --model raysign-keywords --json",
    within=registry,
)
@click.option("--model", metavar="NAME", help="One registered model (default: all of raysign's).")
@json_option
def show(model: str | None, as_json: bool) -> None:
    """The versions with their aliases, figures, and how often their test split was opened."""
    from raysign import tracking
    from raysign.errors import TrackingError

    tracker = tracking.connect(create=False)
    names = [model] if model else tracking.model_names(tracker)
    found = {name: tracking.versions_of(tracker, name) for name in names}
    if model and not found[model]:
        raise TrackingError(
            f"nothing is registered as {model!r} in MLflow at {tracker.uri}; "
            f"it has {', '.join(tracking.model_names(tracker)) or 'no model'}"
        )
    moves = {name: tracking.moves_of(tracker, name) for name in names}
    if as_json:
        rows = [_as_json(name, found[name], moves[name]) for name in names]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not names:
        click.echo(f"nothing is registered in MLflow at {tracker.uri}; `raysign sweep` does so")
    for name in names:
        click.echo(name)
        for version in found[name]:
            click.echo(f"  {_line(version)}")
        for move in reversed(moves[name][-3:]):
            click.echo(f"  {_told(move)}")


@door(example='raysign registry promote 3 --reason "better on the new signers"', within=registry)
@click.argument("version")
@model_option
@reason_option
@json_option
def promote(version: str, model: str, reason: str, as_json: bool) -> None:
    """Make VERSION, a number or an alias such as `candidate`, the champion."""
    from raysign import tracking

    tracker = tracking.connect(create=False)
    move = tracking.promote(tracker, model, version, reason)
    _print_move(
        tracker, model, move, as_json, f"version {version} of {model} is the champion already"
    )


@door(example='raysign registry rollback --reason "slower on phones"', within=registry)
@model_option
@reason_option
@json_option
def rollback(model: str, reason: str, as_json: bool) -> None:
    """Make the champion before this one champion again; given twice, it goes two back."""
    from raysign import tracking

    tracker = tracking.connect(create=False)
    _print_move(tracker, model, tracking.rollback(tracker, model, reason), as_json, "")


def _print_move(
    tracker: Tracker, model: str, move: Move | None, as_json: bool, unmoved: str
) -> None:
    if as_json:
        moved = None if move is None else vars(move)
        click.echo(json.dumps({"model": model, "move": moved}, ensure_ascii=False))
    elif move is None:
        click.echo(unmoved)
    else:
        after = f", after version {move.before}" if move.before else ""
        click.echo(f"models:/{model}@champion is version {move.version} now{after}")
        click.echo(f"MLflow: {tracker.uri}")


def _line(version: Version) -> str:
    tags = version.tags
    parts = [f"{version.number:>3} {' '.join(f'@{a}' for a in version.aliases):<20}".rstrip()]
    for tag, words in FIGURES.items():
        if tag in tags:
            ends = (tags.get(f"{tag}_low"), tags.get(f"{tag}_high"))
            interval = f" [{_short(ends[0])}–{_short(ends[1])}]" if all(ends) else ""
            parts.append(f"val {words} {_short(tags[tag])}{interval}")
    parts.append(f"{tags.get('encoder', '?')} {tags.get('layout', '?')}")
    parts.append(f"data {tags.get('data_fingerprint', 'not known')}")
    if version.test_openings:
        parts.append(f"test opened {version.test_openings}×")
    if decision := tags.get("decision"):
        parts.append(decision)
    made = datetime.fromtimestamp(version.created_ms / 1000, UTC)
    return "  ".join([*parts, f"{made:%Y-%m-%d %H:%M} UTC"])


def _told(move: Move) -> str:
    after = f" after {move.before}" if move.before else ""
    who = f", by {move.by}" if move.by else ""
    when = f", {move.at.removesuffix('+00:00')} UTC" if move.at else ""
    why = f": {move.reason}" if move.reason else ""
    return f"champion {move.version}{after}, {move.how}{who}{when}{why}"


def _as_json(name: str, versions: tuple[Version, ...], moves: tuple[Move, ...]) -> dict[str, Any]:
    return {
        "model": name,
        "versions": [
            {
                "version": each.number,
                "aliases": list(each.aliases),
                "run_id": each.run_id,
                "test_openings": each.test_openings,
                **{key: _number(text) for key, text in each.tags.items() if key != "test_openings"},
            }
            for each in versions
        ],
        "champions": [vars(move) for move in moves],
    }


def _number(text: str) -> float | str:
    try:
        return float(text) if "." in text else text
    except ValueError:
        return text


def _short(text: str | None) -> str:
    return "?" if text is None else f"{float(text):.3f}".replace("0.", ".", 1)
