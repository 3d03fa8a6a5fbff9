"""``raysign fuse``."""

from __future__ import annotations

import json
from pathlib import PurePath

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign fuse runs/body/bundle runs/hands/bundle --data stores/wlasl100 "
    "--out runs/both\n"
    "raysign fuse runs/a/bundle runs/b/bundle --weight 2 --weight 1 --data stores/wlasl100 "
    "--out runs/ab\n"
    "raysign fuse runs/a/bundle runs/b/bundle --soup --data stores/wlasl100 --out runs/soup",
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option(
    "--data", required=True, metavar="STORE", help="The store that the models were trained on."
)
@click.option("--out", required=True, metavar="FOLDER", help="The new bundle's folder.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    type=click.FloatRange(min=0, min_open=True, max=1000),
    metavar="W",
    help="Of a model's cosines, one for each MODEL in their order (default: all alike).",
)
@click.option(
    "--soup",
    is_flag=True,
    help="One encoder with the mean of their weights; the models must have been trained on from "
    "the same weights.",
)
@json_option
def fuse(
    models: tuple[str, ...],
    data: str,
    out: str,
    weights: tuple[float, ...],
    soup: bool,
    as_json: bool,
) -> None:
    """Make one model of several trained ones: an ensemble, or with --soup their average.

    In an ensemble they stand side by side, and the cosine of two clips is the weighted mean of
    theirs; models of both hands alone, of the body alone and of the whole may be mixed. A MODEL is
    what `raysign evaluate` takes. Nothing is trained; the result is measured on val.
    """
    from raysign import train as flow
    from raysign.errors import ConfigError
    from raysign.evaluate import load_model

    if soup and weights:
        raise ConfigError("--weight is of an ensemble, a soup is the plain mean; leave one out")
    if "://" in out:
        raise ConfigError(f"--out takes a folder, got {out!r}")
    if weights and len(weights) != len(models):
        raise ConfigError(
            f"--weight is given once for each MODEL, got {len(weights)} for {len(models)}"
        )

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    members = [
        flow.Member(_called(model), load_model(model, data), weight)
        for model, weight in zip(models, weights or [1.0] * len(models), strict=True)
    ]
    done = flow.fuse(members, data, out, say=say, soup=soup)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "bundle": str(done.bundle),
                    "parameters": done.parameters,
                    **done.metrics,
                    "card": done.protocol,
                }
            )
        )
        return
    what = "soup" if soup else "ensemble"
    click.echo(f"{what} of {len(members)}: {flow.in_words(done.metrics)}")
    click.echo(f"measured: {done.protocol}")
    click.echo(f"bundle: {done.bundle}, {done.parameters:,} parameters")


def _called(model: str) -> str:
    """A model's name in the card: where it lay on one machine is nobody's business."""
    if model.startswith("models:/"):
        return model
    parts = [part for part in PurePath(model).parts if part not in ("bundle", ".", "..", "/")]
    return parts[-1] if parts else model
