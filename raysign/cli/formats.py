"""``raysign data import`` and ``export``: other tools' landmarks become a store, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial

import click

from raysign.cli.door import door, json_option, max_failed_option
from raysign.cli.listing import meant
from raysign.cli.summary import named, print_summary

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
@max_failed_option
@json_option
def import_landmarks(
    path: str,
    kind: str,
    out: str,
    width: int | None,
    height: int | None,
    fps: float | None,
    max_failed: float,
    as_json: bool,
) -> None:
    """Make a store from landmarks that another tool wrote.

    PATH is for `pose` a .pose file or a folder of sign/clip.pose; for `openpose` a folder that
    holds one folder of *_keypoints.json a clip; for `islr` the Kaggle folder with train.csv.

    For pose and openpose PATH may also be a manifest (.csv, .parquet, .jsonl) whose paths are those
    files or folders: it gives each clip its sign, signer and split.

    A file that cannot be read costs its clip; what became of each stands in outcomes.parquet,
    beside the clips.
    """
    from raysign.datasets.imported import from_islr, from_openpose, from_pose
    from raysign.datasets.table import DATASETS
    from raysign.errors import DataError
    from raysign.store import describe, read_columns, read_manifest, write_store

    def say(line: str) -> None:
        click.echo(line, err=True)

    read = partial(read_manifest, say=say)
    if kind != "islr":
        path = meant(path, say)
    if kind == "openpose":
        if width is None or height is None:
            raise click.UsageError("openpose needs --width and --height of the video")
        found = from_openpose(path, read, width, height, fps)
    elif width or height or fps:
        raise click.UsageError(f"--width, --height and --fps are for openpose, not for {kind}")
    elif kind == "pose":
        found = from_pose(path, read)
    else:
        say(DATASETS["islr"].notice())
        found = from_islr(path, read_columns)
    if found.missing:
        say(f"{found.missing:,} listed clips have no file, and are left out")
    write_store(out, found.clips(), outcomes=found.outcomes)  # these fill as the clips go by
    failed, summary = found.failed, describe(out)
    if as_json:
        told = {
            "splits": {name: asdict(part) for name, part in named(summary.splits).items()},
            "failed": len(failed),
            "reasons": {row.path: row.reason for row in failed},
        }
        click.echo(json.dumps(asdict(summary) | told))
    else:
        print_summary(summary, as_json)
        for row in failed:
            click.echo(f"- {row.clip_id}: {row.reason}")
    if len(failed) > max_failed * len(found.rows):
        raise DataError(
            f"{len(failed)} of {len(found.rows)} clips failed, more than --max-failed "
            f"{max_failed:g}: {failed[0].reason}; the others are in {out}, see its outcomes.parquet"
        )


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
