"""``raysign keywords segment``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.keywords.noted import noted
from raysign.cli.page_path import page_path
from raysign.cli.patience import Patience

if TYPE_CHECKING:
    from raysign.search.timeline.segment import Way

MOST_SCENES = 50
"""Recordings on one page."""


@door(
    example="raysign keywords segment lesson.mp4 --gallery galleries/asl --html lesson.html\n"
    "raysign keywords segment stores/phoenix:val --out stores/pieces\n"
    "raysign keywords segment stores/composed composed-val-000003 --json",
)
@click.argument("source", metavar="VIDEO|STORE[:split]")
@click.argument("clip_ids", nargs=-1, metavar="[CLIP_ID]...")
@click.option("--gallery", metavar="GALLERY", help="Look each piece up in this dictionary.")
@click.option("--model", metavar="MODEL", help="Where GALLERY's model is now, if it moved.")
@click.option(
    "--way",
    type=click.Choice(["flow", "rests"]),
    default="flow",
    show_default=True,
    help="How it is signed. flow: sentences. rests: sign by sign, the hands down in between.",
)
@click.option("--out", metavar="STORE", help="Write the pieces as clips of a new store.")
@click.option("--html", metavar="FILE", help="Write a page: each recording over its timeline.")
@json_option
def segment(
    source: str,
    clip_ids: tuple[str, ...],
    gallery: str | None,
    model: str | None,
    way: Way,
    out: str | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Cut continuous signing into pieces that may be one sign each, by the hands' motion.

    VIDEO lasts ten minutes at most. The pieces of --out have no sign yet: `raysign index` takes
    them as they are, and finds them as clips.
    """
    if model is not None and gallery is None:
        raise click.UsageError("--model is of a GALLERY: give --gallery GALLERY too")
    page = None if html is None else page_path(html, source, (), what="store")
    with Patience(f"reading {source}") as patience:
        from raysign.search.lines import counted
        from raysign.search.query import LONGEST_S, Reader
        from raysign.search.searcher import Searcher
        from raysign.search.timeline.pieces import cut_all, lines, pieces_of, scene_of
        from raysign.search.timeline.source import check_source, read_sentences
        from raysign.store import check_vacant, write_store

        check_source(source, clip_ids)
        if out is not None:
            check_vacant(out)  # before minutes of work
        searcher = None if gallery is None else Searcher.open(gallery, model)
        with Reader(longest_s=LONGEST_S) as reader:
            sentences = read_sentences(source, clip_ids, reader=reader, note=noted)
        patience.now(f"cutting {counted(len(sentences), 'recording')}")
        cuts = list(cut_all(sentences, way, searcher))
        if out is not None:
            patience.now(f"writing {out}")
            write_store(out, pieces_of(cuts))
        if as_json:
            click.echo(json.dumps([cut.as_json() for cut in cuts], ensure_ascii=False))
        else:
            for cut in cuts:
                for line in lines(cut):
                    click.echo(line)
        if page is not None:
            from raysign.search.timeline.page import write_page

            patience.now(f"writing {page}")
            pieces = sum(len(cut.candidates) for cut in cuts)
            told = [f"{counted(pieces, 'piece')}; each may be a sign."]
            if len(cuts) > MOST_SCENES:
                told.append(f"The first {MOST_SCENES} of {counted(len(cuts), 'recording')}.")
            scenes = [scene_of(cut) for cut in cuts[:MOST_SCENES]]
            write_page(page, f"Signs of {counted(len(cuts), 'recording')}", told, scenes)
        if not as_json:
            for made, what in ((out, "the pieces"), (page, "the page")):
                if made is not None:
                    click.echo(f"{what}: {click.format_filename(str(made))}")
