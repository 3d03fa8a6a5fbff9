"""``raysign keywords evaluate``."""

from __future__ import annotations

import json

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign keywords evaluate runs/gloss/bundle stores/phoenix:val\n"
    "raysign keywords evaluate models:/raysign-keywords@champion stores/phoenix:val --json",
)
@click.argument("model")
@click.argument("sentences", metavar="STORE[:SPLIT]")
@click.option(
    "--open-test",
    is_flag=True,
    help="Allow the sealed test split; MLflow and the card record it.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the intervals."
)
@json_option
def evaluate(model: str, sentences: str, open_test: bool, seed: int, as_json: bool) -> None:
    """Measure MODEL on sentences: mAP and maxF1, with and without context, and the baselines.

    MODEL is a bundle folder, or one in the registry: @champion is the version that bears this
    alias, the first that was registered until you move it, whatever later ones were trained on.
    Every word of its vocabulary ranks all sentences; words that are in none of them are left out,
    and so are sentences that the model was trained on. Without SPLIT it is val, where the store has
    one. Where the store says when glosses are signed, it is measured too how well they are found in
    time.
    """
    from raysign.evaluate import keywords as flow

    done = flow.evaluate(model, sentences, open_test=open_test, seed=seed)
    if as_json:
        click.echo(json.dumps(done.as_json(), allow_nan=False))
        return
    for line in done.lines():
        click.echo(line)
