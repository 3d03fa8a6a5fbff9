"""``raysign data manifest`` and ``ids``; and the manifest that a door was meant to be given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from raysign.cli.datasets import manifest_option
from raysign.cli.door import door, json_option
from raysign.errors import DataError
from raysign.manifest import VIDEOS, is_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.manifest import VideoClip

TO_FILL_IN = ("sign", "signer", "split")
"""Columns that a manifest gets for people, whether something is known or not."""


@door(
    example=(
        "raysign data manifest videos/ --out clips.csv\n"
        "raysign data manifest stores/mine --out clips.csv\n"
        "raysign extract clips.csv --out stores/mine --update"
    )
)
@click.argument("source", metavar="FOLDER|STORE")
@manifest_option
@json_option
def manifest(source: str, out: str, as_json: bool) -> None:
    """List the videos of a folder, or of an extracted store, to fill in what is known of them.

    A folder holds a folder of videos for each sign. The manifest has the columns `sign`, `signer`
    (who signs) and `split` (train, val or test), empty where nothing is known. Given to
    `raysign extract` with --update, it changes the labels; no video is extracted again for them.
    """
    from raysign.store import list_videos, read_manifest, write_manifest
    from raysign.store.outcomes import read_outcomes

    rows: list[VideoClip]
    if read_outcomes(source) is None:
        rows, lost = read_manifest(source, say=lambda line: click.echo(line, err=True)), 0
    else:
        rows, lost = list_videos(source)
    if Path(out).exists() and not is_uri(out):
        raise DataError(f"{out!r} is there, and may hold work of yours; give another --out")
    write_manifest(out, rows, TO_FILL_IN)
    if lost:
        click.echo(
            f"note: {lost:,} videos gave no clip; their labels are not in the store", err=True
        )
    empty = {name: sum(not getattr(row, name) for row in rows) for name in TO_FILL_IN}
    if as_json:
        click.echo(json.dumps({"manifest": out, "clips": len(rows), "empty": empty}))
        return
    unknown = ", ".join(f"{name} in {count:,}" for name, count in empty.items() if count)
    click.echo(f"{out}: {len(rows):,} clips" + (f"; to fill in: {unknown}" if unknown else ""))


@door(example="raysign data ids stores/wlasl100:val\nraysign data ids synthetic:val --json")
@click.argument("store", metavar="STORE[:split]")
@json_option
def ids(store: str, as_json: bool) -> None:
    """Print the ids of a store's clips, one a line, as `raysign show` takes them."""
    from raysign.sources import clip_ids

    names = clip_ids(store)
    click.echo(json.dumps(names, ensure_ascii=False) if as_json else "\n".join(names))


def meant(path: str, say: Callable[[str], None]) -> str:
    """The manifest that lies in a folder, where one was given; ``say`` tells of it.

    ``DataError`` where it is a single video.
    """
    from raysign.store import manifest_in

    if Path(path).suffix.lower() in VIDEOS and not Path(path).is_dir():
        name = Path(path).name
        raise DataError(
            f"{path!r} is a video, and a folder of videos or a manifest is wanted: lay it out as "
            f"videos/SIGN/{name} and give videos, or write clips.csv with the lines "
            f"`clip_id,path,sign` and `{Path(path).stem},{path},SIGN` and give that"
        )
    inside = manifest_in(path)
    if inside is None:
        return path
    say(f"{path} holds a manifest: reading {inside}")
    return inside
