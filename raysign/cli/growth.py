"""``raysign growth``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.selections import check_world, measuring_options

if TYPE_CHECKING:
    from raysign.evaluate.growth import Growth, Measured


def _numbers(context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not of the form 100,1000,10000") from None


@door(
    example="raysign growth default --queries stores/wlasl2000_hands:val "
    "--gallery stores/wlasl2000_hands:train\n"
    "raysign growth default --queries stores/wlasl100:val --gallery stores/wlasl100:train \\\n"
    "    --distractors synthetic --largest 5000 --shots 1,2,5 --out runs/growth\n"
    "raysign growth default --queries synthetic:val --gallery synthetic:train \\\n"
    "    data.synthetic.language=2 data.synthetic.signs=10000 data.synthetic.train_signers=1 "
    "data.synthetic.val_signers=1",
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL... [KEY=VALUE]...")
@measuring_options(seed="Of the intervals, the draws and the distractors.")
@click.option(
    "--distractors",
    multiple=True,
    metavar="STORE[:SPLIT]|synthetic",
    help="Signs that are searched and that nobody asks for; may be given often. `synthetic` has as "
    "many as are needed.",
)
@click.option(
    "--sizes",
    callback=_numbers,
    default="100,1000,5000,10000,100000",
    show_default=True,
    metavar="N,N,...",
    help="Of galleries, in signs; up to twice as many as there are signs for are fitted.",
)
@click.option(
    "--largest",
    type=click.IntRange(min=2),
    help="No gallery is made larger than that by distractors: up to twice as many are fitted.",
)
@click.option(
    "--shots",
    callback=_numbers,
    default="1",
    show_default=True,
    metavar="N,N,...",
    help="Support clips a sign; with several numbers, all with the signs and queries that the "
    "largest leaves.",
)
@click.option(
    "--signers",
    type=click.Choice(["other", "any"]),
    default="other",
    show_default=True,
    help="Who asks for a sign: other signers than those of its support clips, or any.",
)
@click.option("--draws", type=click.IntRange(min=1), help="How many draws (default 20).")
@click.option(
    "--out",
    metavar="FOLDER",
    help="Where growth.html, growth.json and the plots go; nothing is written without it.",
)
@json_option
def growth(
    models: tuple[str, ...],
    queries: str,
    gallery: str,
    distractors: tuple[str, ...],
    sizes: tuple[int, ...],
    largest: int | None,
    shots: tuple[int, ...],
    signers: str,
    draws: int | None,
    out: str | None,
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Say how R@K and MRR fall as a dictionary grows.

    Of each sign of the gallery a few clips are searched, and all other clips ask, in galleries of
    many sizes. With several MODELs: how the figures rise with the signs that a model learned.
    data.synthetic.KEY=VALUE and data.empty_clips=VALUE change how clips are made and read.
    """
    from raysign.evaluate import growth as flow

    if out is not None:
        from raysign.draw.report import check_folder

        check_folder(out)
    overrides = [text for text in models if text.startswith("data.")]
    check_world(overrides, queries, gallery, *distractors)
    done = flow.growth(
        [text for text in models if not text.startswith("data.")],
        queries,
        gallery,
        distractors=distractors,
        sizes=sizes,
        largest=largest,
        shots=shots,
        signers=signers,
        draws=draws,
        overrides=overrides,
        open_test=open_test,
        seed=seed,
        say=lambda line: click.echo(line, err=True),
    )
    if as_json:
        click.echo(json.dumps(done.as_json()))
    else:
        _print(done)
    if out is not None:
        from raysign.evaluate.growth.write import write_report

        page = write_report(done, out) / "growth.html"
        click.echo(f"the page: {page}", err=as_json)


def _print(done: Growth) -> None:
    from raysign.evaluate.growth import METRICS, one_shot_line
    from raysign.evaluate.growth.result import doubled
    from raysign.evaluate.protocols.asked import copies_line
    from raysign.evaluate.record import opened_line
    from raysign.ranking import signed, spoken

    card = done.card
    head = "  ".join(f"{spoken(metric):<16}" for metric in METRICS)
    for model in done.models:
        learned = "unknown" if model.vocabulary is None else f"{model.vocabulary:,}"
        click.echo(f"{model.name}, signs learned: {learned}")
        for shots in done.shots:
            clips = "1 clip" if shots == 1 else f"{shots} clips"
            click.echo(f"{clips} a sign\n{'signs':>9}  {head}".rstrip())
            for size in done.shown:
                _print_size(done, model, shots, size)
    for what, curves in done.curves().items():
        twice = "  ".join(f"{spoken(metric)} {said}" for metric, said in doubled(curves).items())
        if not twice:
            continue
        click.echo(f"fitted {what}, at twice the largest: {twice}")
        missed = "  ".join(
            f"{spoken(metric)} {signed(curve.miss)}"
            for metric, curve in curves.items()
            if curve.miss is not None
        )
        if missed:
            click.echo(
                f"  fitted to a quarter of it, the largest is missed by {missed}; wider by that"
            )
    first = next(iter(done.models[0].points.values()))
    click.echo(
        f"{card['draws']:,} draws: {first.queries:,} queries of {first.signs:,} signs; a hit is "
        f"{card['hit']}"
    )
    for source in card["distractors"]:
        click.echo(
            f"distractors: {source['signs']:,} signs of {source['of']}, "
            f"language {source['language']}"
        )
    if card["signs_left_out"]:
        click.echo(
            f"{card['signs_left_out']:,} signs with too few clips are left out "
            f"({card['signs_left_out_such_as']})"
        )
    if card["clips_left_out"]:
        click.echo(f"{card['clips_left_out']:,} clips without a signer are left out")
    if copies := copies_line(card):
        click.echo(copies)
    for model in card["models"]:
        if model["asked_learned"] is not None:
            click.echo(
                f"{model['name']} learned {model['asked_learned']:,} of the signs that are asked "
                f"for, {model['asked_new']:,} are new to it"
            )
    click.echo(f"{card['own_signer']}; {card['signer_overlap']}; {card['intervals']}")
    for note in done.notes:
        click.echo(f"note: {note}")
    if done.like_the_published:
        click.echo(one_shot_line())
    if opened := opened_line(card):
        click.echo(opened)


def _print_size(done: Growth, model: Measured, shots: int, size: int) -> None:
    row = done.row(model, shots, size)
    if row:
        figures = "  ".join(f"{figure!s:<16}" for figure in row.values())
        fitted = "" if size <= done.largest else "  fitted, not measured"
        click.echo(f"{size:>9,}  {figures}{fitted}".rstrip())
