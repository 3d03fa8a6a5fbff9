"""``raysign index`` and ``jobs/index.py``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.submitted import check_lasts

if TYPE_CHECKING:
    from raysign.search.index import Indexed


@door(
    example="raysign index default --clips stores/wlasl100:train --out galleries/asl\n"
    "raysign index runs/asl/bundle --clips stores/asl --clips stores/ours --out galleries/all "
    "--recall 0.99\n"
    "raysign index galleries/asl --add stores/more:train\n"
    "raysign index galleries/asl --remove 07068 --remove-sign book",
    overrides="a setting of the gallery",
    kind="gallery",
)
@click.argument("target", metavar="MODEL|GALLERY")
@click.option(
    "--clips",
    multiple=True,
    metavar="STORE[:SPLIT]",
    help="Make a gallery of these clips; may be given often.",
)
@click.option("--out", metavar="GALLERY", help="The gallery to make; a new folder.")
@click.option(
    "--add",
    multiple=True,
    metavar="STORE[:SPLIT]",
    help="Put more clips into GALLERY; one that is there already is replaced.",
)
@click.option("--remove", multiple=True, metavar="CLIP_ID", help="Take a clip out of GALLERY.")
@click.option("--remove-sign", multiple=True, metavar="SIGN", help="Take all clips of a sign out.")
@click.option(
    "--model", metavar="MODEL", help="With --add: where GALLERY's model is now, if it moved."
)
@click.option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the ten nearest clips that a search has to find (default .98; 1 = exact).",
)
@click.option(
    "--kind",
    type=click.Choice(["auto", "flat", "hnsw", "ivf_pq"]),
    help="How to search (default auto: by the number of clips and the recall).",
)
@click.option("--config", "file", metavar="FILE", help="YAML with the gallery's settings.")
@json_option
def index(
    overrides: tuple[str, ...],
    target: str,
    clips: tuple[str, ...],
    out: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    remove_sign: tuple[str, ...],
    model: str | None,
    recall: float | None,
    kind: str | None,
    file: str | None,
    as_json: bool,
) -> None:
    """Make a gallery to search in from MODEL and clips, or change which clips are in GALLERY.

    MODEL is a bundle folder, a model in the registry, or `default`. A gallery remembers its model,
    and works with no other. Changing it trains nothing; --add, --remove and --remove-sign may stand
    together: what goes, goes first.
    """
    from raysign.config import GalleryConfig, load_config
    from raysign.evaluate import load_model
    from raysign.gallery import Gallery
    from raysign.search.index import change_gallery, index_clips

    def say(line: str) -> None:
        click.echo(line, err=True)

    _check_one_job(target, clips, out, (*add, *remove, *remove_sign), model)
    if out is None:
        check_lasts("GALLERY", target)
    given = {"recall": recall, "kind": kind}
    told = [f"{name}={value}" for name, value in given.items() if value is not None]
    told += overrides
    if out is not None:
        config = load_config(GalleryConfig, file, told)
        bundle = load_model(target, clips[0])
        done = index_clips(bundle, target, clips, out, config, say=say)
    else:
        gallery = Gallery.open(target)
        done = change_gallery(
            gallery,
            gallery.config(told) if file is None else load_config(GalleryConfig, file, told),
            load_model,
            add=add,
            remove=remove,
            remove_signs=remove_sign,
            model=model,
            say=say,
        )
    if as_json:
        click.echo(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        _print(done)


def _check_one_job(
    target: str,
    clips: tuple[str, ...],
    out: str | None,
    changes: tuple[str, ...],
    model: str | None,
) -> None:
    """Either a gallery is made, or one is changed."""
    make = f"`raysign index {target} --clips STORE --out GALLERY`"
    if (clips or out) and changes:
        raise click.UsageError(
            "--clips and --out make a gallery, --add, --remove and --remove-sign change one: give "
            "one or the other"
        )
    if not changes and not (clips and out):
        lacks = "--out GALLERY" if clips else "--clips STORE" if out else ""
        if lacks:
            raise click.UsageError(f"{lacks} has to be given too: type {make}")
        raise click.UsageError(
            f"nothing is asked of {target!r}: type {make}, or `raysign index {target} --add STORE`"
        )
    if model is not None and not changes:
        raise click.UsageError(f"--model is for a gallery that is changed: type {make}")


def _print(done: Indexed) -> None:
    card = done.gallery.card
    counts = card.counts
    size = sum(mark.bytes for mark in card.files.marks()) / 1e6
    kept = card.files.landmarks
    drawn = f" ({kept.bytes / 1e6:.1f} MB of it landmarks)" if kept else ""
    change = f"{done.added:,} put in, {done.removed:,} taken out; " if done.removed else ""
    click.echo(
        f"{done.gallery.folder}: {change}{counts.clips:,} clips of {counts.signs:,} signs by "
        f"{counts.signers:,} signers, {size:.1f} MB{drawn}, in {done.seconds:.1f} s"
    )
    click.echo(card.index.line())
