"""``raysign data``: what is in a store, how it splits, and making one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TypeVar

import click

from raysign.cli.datasets import asl_citizen, autsl, datasets, lsa64, phoenix14t, wlasl
from raysign.cli.door import FramedGroup, door, json_option
from raysign.cli.formats import export_poses, import_landmarks
from raysign.cli.listing import ids, manifest
from raysign.cli.selections import check_world
from raysign.cli.summary import print_summary
from raysign.config import DataConfig, SyntheticConfig, load_config
from raysign.errors import ConfigError

SYNTHETIC = "synthetic"
"""As ``raysign.sources`` has it, which is slow to import."""
C = TypeVar("C", DataConfig, SyntheticConfig)

out_option = click.option(
    "--out", required=True, metavar="STORE", help="The store to write: a new or an empty folder."
)


class _Data(FramedGroup):
    """``raysign data STORE`` is short for ``raysign data show STORE``."""

    takes = "command or store"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = (*self.commands, *self.get_help_option_names(ctx))
        if args and args[0] not in known and not _is_a_word(args[0]):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def _is_a_word(text: str) -> bool:
    """Whether nothing but a misspelt command can be meant: it names no place."""
    return bool(re.fullmatch(r"[a-z][a-z0-9_-]*", text)) and not (
        text == SYNTHETIC or Path(text).exists()
    )


@click.group(
    cls=_Data,
    example=(
        "raysign data make --out stores/toy signs=40\n"
        "raysign data stores/toy\n"
        "raysign data ids stores/toy:val\n"
        "raysign data manifest videos/ --out clips.csv\n"
        "raysign data autsl AUTSL --out autsl.csv\n"
        "raysign data split stores/toy splits=signer_disjoint"
    ),
)
def data() -> None:
    """Say what is in a store, or make one.

    `raysign data STORE` is short for `raysign data show STORE`.
    """


@door(example="raysign data show stores/toy --json", within=data)
@click.argument("store")
@json_option
def show(store: str, as_json: bool) -> None:
    """Count clips, signs, signers and frames, split by split; of sentences their words too.

    STORE may also be `STORE:split`, or `synthetic`. No landmark is read, so the test split stays
    sealed.
    """
    from raysign.sources import describe_selection, parse_selection
    from raysign.store import describe_sentences, has_sentences

    summary, sentences = describe_selection(store), None
    name, _ = parse_selection(store)
    if name != SYNTHETIC and has_sentences(name):
        counted = describe_sentences(name)
        sentences = {split: counted[split] for split in summary.splits}
    print_summary(summary, as_json, sentences)


@door(
    example="raysign data split stores/toy splits=sign_disjoint --json",
    overrides="how, with the keys under `data`",
    within=data,
)
@click.argument("store")
@json_option
def split(store: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Split a store as training would, and count.

    Says also which clips are duplicates, which are empty, and which queries have nothing to find.
    """
    from raysign.sources import load_split

    for text in overrides:
        if text.removeprefix("data.").startswith("store="):
            raise ConfigError(
                f"{text}: the store that is split is {store!r}; leave one of them out"
            )
    check_world([f"data.{text.removeprefix('data.')}" for text in overrides], store)
    config = _load(DataConfig, "data.", overrides).model_copy(update={"store": store})
    made = load_split(config)
    parts = {"train": made.train, "queries": made.queries, "gallery": made.gallery}
    counts = {name: {"clips": len(p), "signs": len(set(p.sign))} for name, p in parts.items()}
    if as_json:
        click.echo(json.dumps({"store": store, **counts, "notes": made.notes}, ensure_ascii=False))
        return
    for name, count in counts.items():
        click.echo(f"{name:<8} {count['clips']:>9,} clips {count['signs']:>7,} signs")
    for note in made.notes:
        click.echo(f"- {note}")


@door(
    example="raysign data make --out stores/toy signs=40 seed=1",
    overrides="the world, with the keys under `data.synthetic`",
    within=data,
)
@out_option
@json_option
def make(overrides: tuple[str, ...], out: str, as_json: bool) -> None:
    """Write a store of the synthetic sign world."""
    from raysign.store import describe, write_store
    from raysign.synthetic import World

    world = World(_load(SyntheticConfig, "data.synthetic.", overrides))
    with click.progressbar(
        world.clips(),
        length=len(world),
        label=f"writing {out}",
        file=sys.stderr,
    ) as clips:
        write_store(out, clips)
    print_summary(describe(out), as_json)


def _load(kind: type[C], prefix: str, overrides: tuple[str, ...]) -> C:
    """Keys may be given in full, as everywhere else, or without what all of them share."""
    return load_config(kind, None, [text.removeprefix(prefix) for text in overrides])


# Each is a subcommand under the name that is typed.
data.add_command(import_landmarks, "import")
data.add_command(export_poses, "export")
for command in (ids, manifest, datasets, wlasl, autsl, asl_citizen, lsa64, phoenix14t):
    data.add_command(command)
