"""What the doors that make sentence stores show: how far they are, and what there is in the end."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from raysign.cli.summary import named, print_sentence_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")


def shown(things: Iterable[T], length: int, out: str) -> Iterator[T]:
    """The same one by one, with a bar on stderr."""
    label = f"writing {out}"
    with click.progressbar(things, length=length, label=label, file=sys.stderr) as bar:
        yield from bar


def print_sentences(out: str, as_json: bool, notes: Sequence[str] = ()) -> None:
    """What a sentence store holds: a row a split, or one JSON object; then the notes."""
    from raysign.store import describe_sentences

    splits = named(describe_sentences(out))
    if as_json:
        counts = {name: asdict(part) for name, part in splits.items()}
        told = {"store": out, "splits": counts, "notes": list(notes)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"store {out}")
    print_sentence_rows(splits)
    for note in notes:
        click.echo(f"- {note}")
