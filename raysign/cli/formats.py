"""``raysign data import`` and ``export``: other tools' landmarks become a store, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.summary import print_summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raysign.clip import Clip

FORMATS = ("pose", "openpose", "islr")


@door(
    example=(
        "raysign data import poses --format pose --out stores/mine\n"
        "raysign data import openpose --format openpose --width 210 --height 260 --fps 25 "
        "--out stores/phoenix\n"
        "raysign data import asl-signs --format islr --out stores/islr"
    )
)
@click.argument("path")
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True)
@click.option("--out", required=True, metavar="STORE", help="A new or an empty folder.")
@click.option("--width", type=click.IntRange(1), help="Of the video in pixels; openpose needs it.")
@click.option("--height", type=click.IntRange(1), help="Of the video in pixels; openpose needs it.")
@click.option("--fps", type=click.FloatRange(0, 1000, min_open=True), help="For openpose.")
@json_option
def import_landmarks(
    path: str,
    kind: str,
    out: str,
    width: int | None,
    height: int | None,
    fps: float | None,
    as_json: bool,
) -> None:
    """Make a store from landmarks that another tool wrote.

    PATH is for `pose` a .pose file or a folder of sign/clip.pose; for `openpose` a folder that
    holds one folder of *_keypoints.json a clip; for `islr` the Kaggle folder with train.csv.

    For pose and openpose PATH may also be a manifest (.csv, .parquet, .jsonl) whose paths are those
    files or folders: it gives each clip its sign, signer and split.
    """
    from raysign.store import describe, write_store

    if kind == "openpose":
        if width is None or height is None:
            raise click.UsageError("openpose needs --width and --height of the video")
        clips = _openpose(path, width, height, fps)
    else:
        if width or height or fps:
            raise click.UsageError(f"--width, --height and --fps are for openpose, not for {kind}")
        clips = _pose(path) if kind == "pose" else _islr(path)
    write_store(out, clips)
    print_summary(describe(out), as_json)


@door(example="raysign data export stores/mine:val --out poses")
@click.argument("store")
@click.option("--out", required=True, metavar="FOLDER", help="A new or an empty folder.")
@json_option
def export_poses(store: str, out: str, as_json: bool) -> None:
    """Write a store's clips as .pose files.

    A manifest.csv of their labels goes with them. The clips must be holistic75; those of the sealed
    test split are left out.
    """
    from raysign.datasets.pose_folder import write_folder
    from raysign.sources import parse_selection
    from raysign.store import iter_clips, write_manifest

    name, split = parse_selection(store)
    clips = iter_clips(name, None if split is None else (split,))
    count = write_folder(out, clips, write_manifest)
    click.echo(
        json.dumps({"folder": out, "clips": count}) if as_json else f"{out}: {count:,} clips"
    )


def _pose(path: str) -> Iterator[Clip]:
    from raysign.datasets.pose_files import SUFFIX, read_clips
    from raysign.manifest import VideoClip
    from raysign.store import read_manifest

    if path.lower().endswith(SUFFIX) and not Path(path).is_dir():
        return read_clips([VideoClip(Path(path).stem, path)])
    return read_clips(read_manifest(path, (SUFFIX,)))


def _openpose(path: str, width: int, height: int, fps: float | None) -> Iterator[Clip]:
    from raysign.datasets.openpose import find, read_clips
    from raysign.store import read_manifest

    rows = read_manifest(path) if Path(path).is_file() else find(path)
    return read_clips(rows, width, height, fps)


def _islr(path: str) -> Iterator[Clip]:
    from raysign.datasets.islr import ISLR, find, read_clips
    from raysign.store import read_columns

    click.echo(ISLR.notice(), err=True)
    found = find(path)
    if found.missing:
        click.echo(f"{len(found.missing):,} listed clips have no file, and are left out", err=True)
    return read_clips(found.rows, read_columns)
