"""``raysign data``: what is in a store, how it splits, and making one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from raysign.cli.door import Framed, door, json_option
from raysign.config import DataConfig, SyntheticConfig, load_config

if TYPE_CHECKING:
    from raysign.store import SplitSummary, StoreSummary

C = TypeVar("C", DataConfig, SyntheticConfig)

out_option = click.option(
    "--out", required=True, metavar="STORE", help="The store to write: a new or an empty folder."
)


class _Data(Framed, click.Group):
    """``raysign data STORE`` is short for ``raysign data show STORE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = (*self.commands, *self.get_help_option_names(ctx))
        if args and args[0] not in known:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Data,
    example=(
        "raysign data make --out stores/toy signs=40\n"
        "raysign data stores/toy\n"
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
    """Count clips, signs, signers and frames, split by split."""
    from raysign.store import describe

    _print(describe(store), as_json)


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
    _print(describe(out), as_json)


@door(
    example=(
        "raysign data wlasl WLASL_v0.3.json --subset 100 "
        "--landmarks landmarks --out stores/wlasl100\n"
        "raysign data wlasl WLASL_v0.3.json --videos videos --out wlasl.csv"
    ),
    within=data,
)
@click.argument("metadata", metavar="JSON")
@click.option("--landmarks", metavar="DIR", help="Holds <video_id>.npy or .npz: makes a store.")
@click.option("--videos", metavar="DIR", help="Holds <video_id>.mp4: makes a manifest (CSV).")
@click.option("--subset", type=int, metavar="N", help="The first N signs; 100 gives WLASL100.")
@click.option("--out", required=True, metavar="PATH", help="The store, or the manifest, to write.")
@json_option
def wlasl(
    metadata: str,
    landmarks: str | None,
    videos: str | None,
    subset: int | None,
    out: str,
    as_json: bool,
) -> None:
    """Write a store, or a manifest of videos, from WLASL's official files.

    JSON is its metadata. Clips that have no file are left out and counted.
    """
    from raysign.datasets.wlasl import (
        LANDMARKS,
        clips_from_landmarks,
        manifest,
        write_manifest,
    )
    from raysign.store import describe, write_store

    folder = landmarks or videos
    if folder is None or (landmarks and videos):
        raise click.UsageError("give either --landmarks DIR or --videos DIR")
    found = manifest(metadata, folder, subset, **({"suffixes": LANDMARKS} if landmarks else {}))
    if found.missing:
        click.echo(f"{len(found.missing)} clips of {metadata} have no file in {folder}", err=True)
    if landmarks:
        write_store(out, clips_from_landmarks(metadata, landmarks, subset))
        _print(describe(out), as_json)
        return
    write_manifest(found, out)
    summary = {"manifest": out, "clips": len(found.rows), "missing": len(found.missing)}
    click.echo(json.dumps(summary) if as_json else f"{out}: {len(found.rows):,} videos")


def _load(kind: type[C], prefix: str, overrides: tuple[str, ...]) -> C:
    """Keys may be given in full, as everywhere else, or without what all of them share."""
    return load_config(kind, None, [text.removeprefix(prefix) for text in overrides])


def _print(summary: StoreSummary, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
        return
    click.echo(f"store {summary.store}, layout {summary.layout}")
    click.echo(f"{'split':<8}{'clips':>10}{'signs':>9}{'signers':>9}{'frames':>13}{'hours':>9}")
    for name, part in summary.splits.items():
        click.echo(_row(name or "none", part))
    click.echo(_row("all", summary))


def _row(name: str, part: SplitSummary) -> str:
    hours = "unknown" if part.hours is None else f"{part.hours:.2f}"
    return (
        f"{name:<8}{part.clips:>10,}{part.signs:>9,}{part.signers:>9,}{part.frames:>13,}{hours:>9}"
    )
