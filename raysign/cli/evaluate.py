"""``raysign evaluate`` and ``jobs/evaluate.py``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option

if TYPE_CHECKING:
    from raysign.evaluate import Evaluation


@door(
    example="raysign evaluate default --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train\n"
    "raysign evaluate models:/raysign-encoder@champion --queries synthetic:val "
    "--gallery synthetic:train\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train --json\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/autsl --gallery stores/autsl "
    "--protocol draws",
    overrides="`data.synthetic` or `data.empty_clips`",
)
@click.argument("model")
@click.option("--queries", required=True, metavar="STORE[:SPLIT]", help="The clips that ask.")
@click.option("--gallery", required=True, metavar="STORE[:SPLIT]", help="The clips searched.")
@click.option(
    "--protocol",
    type=click.Choice(["clips", "draws", "signer_disjoint_draws"]),
    default="clips",
    show_default=True,
    help="clips: every query clip ranks every gallery clip; draws: of each sign one query and a "
    "few gallery clips, drawn many times; signer_disjoint_draws: by different signers.",
)
@click.option("--draws", type=click.IntRange(min=1), help="How many draws (default 100).")
@click.option(
    "--shots", type=click.IntRange(min=1), help="Gallery clips a sign in each draw (default 4)."
)
@click.option(
    "--against",
    multiple=True,
    metavar="MODEL",
    help="Another model on the same queries, with the paired difference; may be given often.",
)
@click.option(
    "--open-test", is_flag=True, help="Allow the sealed test split; MLflow and the card record it."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the intervals and the draws.",
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
    against: tuple[str, ...],
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Measure MODEL: a bundle folder, a model in the registry, or `default`.

    `default` is the encoder that ships with raysign for the layout of the queries.
    """
    from raysign import evaluate as flow

    done = flow.evaluate(
        model,
        queries,
        gallery,
        protocol=protocol,
        draws=draws,
        shots=shots,
        against=against,
        overrides=overrides,
        open_test=open_test,
        seed=seed,
    )
    if as_json:
        click.echo(json.dumps(done.as_json()))
        return
    _print(done)


def _print(done: Evaluation) -> None:
    from raysign.ranking import spoken

    click.echo(done.ranking.line())
    drawn = f"{done.card['draws']:,} draws: " if done.one_draw else ""
    click.echo(f"{drawn}{done.ranking.card()}")
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
    for other in done.against:
        click.echo(f"{other.model}: {other.ranking.line()}")
        words = "  ".join(
            f"{spoken(name)} {by} ({100 * by.below_zero:.0f} % below 0)"
            for name, by in other.difference.items()
        )
        click.echo(f"the difference, this model less that one: {words}")
    for what in ("signs with too few clips", "clips without a signer"):
        left = done.card.get(f"{what.split()[0]}_left_out")
        if left:
            click.echo(f"{left:,} {what} are left out")
    click.echo(f"{done.card['signer_overlap']}; {done.card['intervals']}")
    if done.card["opened_test"]:
        click.echo("the sealed test split was opened for this; MLflow has a record of it")
