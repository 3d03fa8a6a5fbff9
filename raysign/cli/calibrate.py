"""``raysign calibrate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.page_path import page_path

if TYPE_CHECKING:
    from raysign.search.calibration import Calibrated

OPEN = click.FloatRange(0, 1, min_open=True, max_open=True)


@door(
    example="raysign calibrate galleries/asl --queries stores/wlasl100:val\n"
    "raysign calibrate galleries/asl --queries stores/wlasl100:val --refuse 0.1 "
    "--html confidence.html\n"
    "raysign calibrate galleries/asl --queries stores/asl:val --rerank csls\n"
    "raysign calibrate galleries/asl --queries stores/asl:val --unknown-share 0.8 --json"
)
@click.argument("gallery", metavar="GALLERY")
@click.option(
    "--queries",
    multiple=True,
    metavar="STORE[:SPLIT]",
    help="Clips of known signs that are not in GALLERY; may be given often. Without it, each of "
    "GALLERY's own clips asks all others, which is too good where the model learned from them.",
)
@click.option(
    "--scoring",
    type=click.Choice(["sign_max", "sign_mean", "support"]),
    default="sign_max",
    show_default=True,
    help="The ranking that it is for: signs by their best clip, the mean of their clips, or "
    "softmax attention.",
)
@click.option(
    "--rerank",
    type=click.Choice(["none", "csls", "znorm", "dtw", "csls+dtw", "znorm+dtw"]),
    help="The second stage that it is for, as in `raysign search --rerank`, which takes it from "
    "then on. Default: what GALLERY's model was chosen by, which in most is none.",
)
@click.option(
    "--unknown-share",
    type=OPEN,
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="Share of the queries to come whose sign GALLERY does not have, as you expect it.",
)
@click.option(
    "--refuse",
    type=OPEN,
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Share of the queries whose sign is there that may wrongly be called unknown.",
)
@click.option("--model", metavar="MODEL", help="Where GALLERY's model is now, if it moved.")
@click.option("--html", metavar="FILE", help="Write a page with the curve to this file.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the halves of the signs, and of the intervals.",
)
@json_option
def calibrate(
    gallery: str,
    queries: tuple[str, ...],
    scoring: str,
    rerank: str | None,
    unknown_share: float,
    refuse: float,
    model: str | None,
    html: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Teach GALLERY how sure it may be, and when to say that it does not have a sign.

    Each query is asked twice, once as if GALLERY did not have its sign, and once as if it did not
    have another. From then on `raysign
    search` says how likely each sign is, and "not in this dictionary". Nothing is trained.
    """
    from raysign.gallery import Gallery
    from raysign.search.calibration import calibrate_gallery

    page = None if html is None else page_path(html, gallery)
    done = calibrate_gallery(
        Gallery.open(gallery),
        queries=queries,
        scoring=scoring,
        rerank=rerank,
        unknown_share=unknown_share,
        refuse=refuse,
        model=model,
        seed=seed,
        say=lambda line: click.echo(line, err=True),
    )
    if as_json:
        click.echo(json.dumps(done.as_json(), ensure_ascii=False))
    else:
        _print(done)
    if page is not None:
        from raysign.search.calibration.page import write_page

        write_page(page, done)
        click.echo(f"the page: {page}", err=as_json)


def _print(done: Calibrated) -> None:
    confidence, open_set = done.confidence, done.open_set
    on, ours = confidence.fitted_on, open_set.figures["confidence"]
    click.echo(f"{confidence.words()} (threshold {confidence.threshold:.3g})")
    click.echo(
        f"known from unknown signs: AUROC {ours['auroc']} (by the best score alone "
        f"{open_set.figures['top']['auroc']}; .5 is guessing)"
    )
    click.echo(
        f"the best sign is right for {open_set.first_right} of the known ones; its confidence is "
        f"off by {ours['error_first']} (calibration error, root mean square)"
    )
    click.echo(
        f"{'known may be refused':>20} {'P(none) above':>14}  {'refused, expected':<20}"
        "noticed, expected"
    )
    for point in open_set.curve:
        mark = " <- kept" if point.refuse == on.refuse else ""
        click.echo(
            f"{f'{100 * point.refuse:.3g} %':>20} {point.threshold:>14.3g}  {point.refused!s:<20}"
            f"{point.noticed}{mark}"
        )
    without = f", without {on.copies:,} copies of the gallery's recordings" if on.copies else ""
    click.echo(
        f"{on.known_asks:,} queries whose sign is there, {on.unknown_asks:,} whose sign is not, of "
        f"{on.query_signs:,} signs{without}; {on.signer_overlap}; gallery of {on.clips:,} clips of "
        f"{on.signs:,} signs, by {confidence.way}; fitted on one half of the signs, measured "
        "on the other; 95 % intervals over signs, given the fit"
    )
    for note in done.notes:
        click.echo(f"note: {note}")
