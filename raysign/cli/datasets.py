"""``raysign data wlasl`` and its neighbours: public datasets on disk become manifests."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.summary import print_summary

if TYPE_CHECKING:
    from raysign.datasets.found import Found

root_argument = click.argument("root", metavar="FOLDER")
manifest_option = click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="The manifest to write: .csv, .parquet or .jsonl.",
)


@door(example="raysign data datasets --json")
@json_option
def datasets(as_json: bool) -> None:
    """Say where to get each dataset, its licence, and what to cite."""
    from raysign.datasets.table import DATASETS

    if as_json:
        click.echo(json.dumps([asdict(one) for one in DATASETS.values()], ensure_ascii=False))
        return
    for one in DATASETS.values():
        click.echo(f"{one.name:<12} {one.notice()}")


@door(
    example=(
        "raysign data wlasl WLASL_v0.3.json --landmarks landmarks --subset 100 "
        "--out stores/wlasl100\n"
        "raysign data wlasl WLASL_v0.3.json --videos videos --out wlasl.csv"
    ),
)
@click.argument("metadata", metavar="JSON")
@click.option("--landmarks", metavar="DIR", help="Holds <video_id>.npy or .npz: makes a store.")
@click.option("--videos", metavar="DIR", help="Holds <video_id>.mp4: makes a manifest.")
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
    from raysign.datasets.wlasl import LANDMARKS, clips_from_landmarks, find
    from raysign.store import describe, write_store

    if videos and not landmarks:
        _say_where("wlasl")
        _write(find(metadata, videos, subset), out, as_json)
        return
    if not landmarks or videos:
        raise click.UsageError("give either --landmarks DIR or --videos DIR")
    _say_where("wlasl")
    _say_missing(find(metadata, landmarks, subset, suffixes=LANDMARKS))
    write_store(out, clips_from_landmarks(metadata, landmarks, subset))
    print_summary(describe(out), as_json)


@door(example="raysign data autsl AUTSL --out autsl.csv")
@root_argument
@manifest_option
@json_option
def autsl(root: str, out: str, as_json: bool) -> None:
    """Write a manifest of AUTSL's colour videos.

    FOLDER holds train/, val/, test/, their label files and SignList_ClassId_TR_EN.csv.
    """
    from raysign.datasets.autsl import find

    _say_where("autsl")
    _write(find(root), out, as_json)


@door(example="raysign data asl-citizen ASL_Citizen --out asl_citizen.csv")
@root_argument
@manifest_option
@json_option
def asl_citizen(root: str, out: str, as_json: bool) -> None:
    """Write a manifest of ASL Citizen's videos.

    FOLDER holds videos/ and splits/.
    """
    from raysign.datasets.asl_citizen import find

    _say_where("asl_citizen")
    _write(find(root), out, as_json)


@door(example="raysign data lsa64 lsa64/all --out lsa64.csv")
@root_argument
@manifest_option
@json_option
def lsa64(root: str, out: str, as_json: bool) -> None:
    """Write a manifest of LSA64's videos.

    FOLDER holds 001_001_001.mp4 and so on. There is no official split: train with
    `data.splits=signer_disjoint`.
    """
    from raysign.datasets.lsa64 import find

    _say_where("lsa64")
    _write(find(root), out, as_json)


@door(
    example=(
        "raysign data phoenix14t PHOENIX-2014-T --json\n"
        "raysign data phoenix14t PHOENIX-2014-T --videos mp4 --out phoenix14t.csv"
    )
)
@root_argument
@click.option(
    "--out", metavar="FILE", help="Write a manifest of the frames: .csv, .parquet, .jsonl."
)
@click.option("--videos", metavar="DIR", help="Holds <name>.mp4, made of the frames.")
@json_option
def phoenix14t(root: str, out: str | None, videos: str | None, as_json: bool) -> None:
    """Count PHOENIX-2014T's sentences, or list their frames.

    With --out it writes a manifest; its paths are image sequences (images%04d.png), or with
    --videos the files there.

    FOLDER holds annotations/ and features/, or train.csv and dev.csv alone.
    """
    from raysign.datasets.phoenix14t import SentenceCounts, find, read_sentences

    _say_where("phoenix14t")
    if out is not None:
        _write(find(root, videos), out, as_json)
        return
    counts = asdict(SentenceCounts.of(read_sentences(root)))
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    for name, count in counts.items():
        shown = count if isinstance(count, dict) else {"": count}
        click.echo(f"{name:<12} {', '.join(f'{k} {v:,}'.strip() for k, v in shown.items())}")


def _say_where(name: str) -> None:
    from raysign.datasets.table import DATASETS

    click.echo(DATASETS[name].notice(), err=True)


def _say_missing(found: Found) -> None:
    counts = found.counts
    for count, what in (
        (counts.missing, "listed clips have no file"),
        (counts.foreign, "files are in no list"),
    ):
        if count:
            click.echo(f"{count:,} {what}, and are left out", err=True)
    for split in counts.unlabelled:
        click.echo(f"the videos of {split} have no labels, and are left out", err=True)


def _write(found: Found, out: str, as_json: bool) -> None:
    from raysign.store import write_manifest

    _say_missing(found)
    write_manifest(out, found.rows)
    if as_json:
        click.echo(json.dumps({"manifest": out, **asdict(found.counts)}, ensure_ascii=False))
        return
    click.echo(f"{out}: {len(found.rows):,} clips")
