"""``raysign evaluate`` and ``jobs/evaluate.py``."""

from __future__ import annotations

import json

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign evaluate models:/raysign-encoder@champion --queries synthetic:val "
    "--gallery synthetic:train\n"
    "raysign evaluate runs/wlasl100/bundle --queries stores/wlasl100:val "
    "--gallery stores/wlasl100:train --json",
    overrides="`data.synthetic` or `data.empty_clips`",
)
@click.argument("model")
@click.option("--queries", required=True, metavar="STORE:SPLIT", help="The clips that ask.")
@click.option("--gallery", required=True, metavar="STORE:SPLIT", help="The clips searched.")
@click.option(
    "--protocol",
    type=click.Choice(["clips"]),
    default="clips",
    show_default=True,
    help="Who asks whom; clips: every query clip ranks every gallery clip.",
)
@click.option(
    "--open-test", is_flag=True, help="Allow the sealed test split; MLflow and the card record it."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the intervals."
)
@json_option
def evaluate(
    overrides: tuple[str, ...],
    model: str,
    queries: str,
    gallery: str,
    protocol: str,
    open_test: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Measure MODEL: a bundle folder, or a model in the registry."""
    from raysign import evaluate as flow

    done = flow.evaluate(
        model,
        queries,
        gallery,
        protocol=protocol,
        overrides=overrides,
        open_test=open_test,
        seed=seed,
    )
    if as_json:
        click.echo(json.dumps(done.as_json()))
        return
    click.echo(done.ranking.line())
    click.echo(done.ranking.card())
    if done.without_duplicates:
        click.echo(f"without byte-identical clips: {done.without_duplicates.line()}")
    click.echo(f"{done.card['signer_overlap']}; {done.card['intervals']}")
    if done.card["opened_test"]:
        click.echo("the sealed test split was opened for this; MLflow has a record of it")
