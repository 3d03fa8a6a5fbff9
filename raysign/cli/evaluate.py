"""``raysign evaluate`` and ``jobs/evaluate.py``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.selections import check_world, measuring_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.evaluate import Evaluation
    from raysign.evaluate.reranked import Gain
    from raysign.ranking import Difference


@door(
    example="raysign evaluate default --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train\n"
    "raysign evaluate models:/raysign-encoder@champion --queries synthetic:val "
    "--gallery synthetic:train\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train --json\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/autsl --gallery stores/autsl "
    "--protocol draws\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train --rerank dtw --rerank csls+dtw rerank.dtw.top=100\n"
    "raysign evaluate default --queries stores/wlasl100:val --gallery stores/wlasl100:train "
    "--phonology signdata.csv --takes 2",
    overrides="`data.synthetic`, `data.empty_clips`, or `rerank` (`raysign config --kind rerank`)",
)
@click.argument("model")
@measuring_options(seed="Of the intervals and the draws.")
@click.option(
    "--protocol",
    type=click.Choice(
        ["clips", "leave_one_out", "draws", "signer_disjoint_draws", "one_shot", "k_shot", "growth"]
    ),
    default="clips",
    show_default=True,
    help="clips: every query clip ranks every gallery clip; leave_one_out: each clip asks all the "
    "others; draws: of each sign one query and a few gallery clips, drawn many times; "
    "signer_disjoint_draws: by different signers; one_shot: one clip a sign is the gallery and all "
    "clips of other signers ask, drawn many times; k_shot: a few clips a sign, and all others ask; "
    "growth: see `raysign growth`.",
)
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    help="How many draws (default 100; of one_shot and k_shot 20).",
)
@click.option(
    "--shots",
    type=click.IntRange(min=1),
    help="Gallery clips a sign in each draw (default 4; of one_shot 1).",
)
@click.option(
    "--scoring",
    type=click.Choice(["clip", "smoothed", "sign_max", "sign_mean", "support"]),
    default="clip",
    show_default=True,
    help="clip: clips by their cosine; smoothed: by their cosine and half that of their sign's "
    "mean; sign_max, sign_mean, support: signs, by their best clip, the mean of their clips, or "
    "softmax attention over all clips (R@K then counts signs).",
)
@click.option(
    "--against",
    multiple=True,
    metavar="MODEL",
    help="Another model on the same queries, with the paired difference; may be given often.",
)
@click.option(
    "--rerank",
    multiple=True,
    metavar="STAGE",
    help="A second stage beside the first, with the paired difference and its cost; may be given "
    "often. dtw: the top hits aligned in time; csls, znorm: against hubs; mirror: the query's "
    "mirror image too; csls+dtw: one after the other.",
)
@click.option(
    "--phonology",
    metavar="FILE",
    help="ASL-LEX 2.0's table (`raysign data datasets` says where to get it): how much the other "
    "signs shown look like the sign.",
)
@click.option(
    "--takes",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2: what a second recording of the sign gains.",
)
@json_option
def evaluate(
    overrides: tuple[str, ...],
    model: str,
    queries: str,
    gallery: str,
    protocol: str,
    draws: int | None,
    shots: int | None,
    scoring: str,
    against: tuple[str, ...],
    rerank: tuple[str, ...],
    phonology: str | None,
    takes: int,
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Measure MODEL: a bundle folder, a model in the registry, or `default`.

    `default` is the encoder that ships with raysign for the layout of the queries.
    """
    from raysign import evaluate as flow

    check_world(overrides, queries, gallery)
    done = flow.evaluate(
        model,
        queries,
        gallery,
        protocol=protocol,
        draws=draws,
        shots=shots,
        against=against,
        scoring=scoring,
        rerank=rerank,
        phonology=phonology,
        takes=takes,
        overrides=overrides,
        open_test=open_test,
        seed=seed,
    )
    if as_json:
        click.echo(json.dumps(done.as_json()))
        return
    _print(done)


def _print(done: Evaluation) -> None:
    from raysign.evaluate.protocols.asked import copies_line
    from raysign.evaluate.record import opened_line
    from raysign.ranking import spoken

    click.echo(done.ranking.line())
    drawn = f"{done.card['draws']:,} draws: " if done.one_draw else ""
    click.echo(f"{drawn}{done.ranking.card()}")
    click.echo(done.above_fold.line())
    if done.card["scoring"] != "clip":
        click.echo(f"a hit is {done.card['hit']}")
    if done.one_draw:
        words = "  ".join(f"{spoken(name)} {figure}" for name, figure in done.one_draw.items())
        click.echo(f"one draw alone would show: {words}")
    parts = {
        "without byte-identical clips": done.without_duplicates,
        "signs trained on": done.seen,
        "signs never trained on": done.unseen,
    }
    for name, part in parts.items():
        if part:
            click.echo(f"{name} ({part.queries:,} queries): {part.line()}")
    if done.card["only_copies"]:
        click.echo(done.card["only_copies"])
    for other in done.against:
        click.echo(f"{other.model}: {other.ranking.line()}")
        click.echo(f"the difference, this model less that one: {_differences(other.difference)}")
    for gain in done.reranked:
        _print_gain(gain)
    for line in (
        *(done.neighbours.lines() if done.neighbours else ()),
        *(done.second_take.lines() if done.second_take else ()),
    ):
        click.echo(line)
    for what in ("signs with too few clips", "clips without a signer"):
        left = done.card.get(f"{what.split()[0]}_left_out")
        if left:
            such_as = done.card.get(f"{what.split()[0]}_left_out_such_as")
            click.echo(f"{left:,} {what} are left out{f' ({such_as})' if such_as else ''}")
    if copies := copies_line(done.card):
        click.echo(copies)
    if done.card.get("own_signer"):
        click.echo(done.card["own_signer"])
    click.echo(f"{done.card['signer_overlap']}; {done.card['intervals']}")
    model = done.card["model"]
    origin = [f"{fact} {model[fact]}" for fact in ("commit", "raysign", "created") if fact in model]
    click.echo(
        f"model {model['name']}: {model['encoder']}, {model['layout']}, trained on "
        f"{model['trained_on']['store']}; {', '.join(origin) or 'origin not known'}"
    )
    if opened := opened_line(done.card):
        click.echo(opened)


def _differences(by_metric: Mapping[str, Difference]) -> str:
    from raysign.ranking import spoken

    return "  ".join(
        f"{spoken(name)} {by} ({100 * by.below_zero:.0f} % below 0)"
        for name, by in by_metric.items()
    )


def _print_gain(gain: Gain) -> None:
    click.echo(f"with {gain.name}: {gain.ranking.line()}")
    click.echo(f"the difference, with {gain.name} less without: {_differences(gain.difference)}")
    hubs = ""
    if gain.hubs:
        before, after = gain.hubs
        hubs = (
            f"; hubs, skewness of the {after.k}-occurrence: {before.skewness:.2f} without, "
            f"{after.skewness:.2f} with; clips never found: {before.never:.0%}, {after.never:.0%}"
        )
    cost = f"{gain.query_ms:.2f} ms a query, {gain.gallery_s:.1f} s once a gallery"
    if gain.first_met_ms:
        more = f"{gain.first_met_ms:.1f} ms more, and preparing, for clips that it meets first"
        cost += f" (a search: {more})"
    click.echo(f"what {gain.name} costs: {cost}{hubs}")
