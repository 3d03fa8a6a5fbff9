"""``raysign keywords``: find a word in continuous signing."""

from __future__ import annotations

import click

from raysign.cli.rooms import House, Room

HERE = "raysign.cli.keywords"
COMMANDS = {
    "make": Room(f"{HERE}.make:make", "Make a store of signed sentences."),
    "compose": Room(f"{HERE}.compose:compose", "Make such a store of clips of single signs."),
    "train": Room(f"{HERE}.train:train", "Train a model that searches words in sentences."),
    "sweep": Room(f"{HERE}.sweep:sweep", "Search for the best such model; every trial in MLflow."),
    "evaluate": Room(f"{HERE}.evaluate:evaluate", "Measure a model on a store's sentences."),
    "table": Room(f"{HERE}.table:table", "Set models beside the published tables."),
    "find": Room(f"{HERE}.find:find", "Find words, and signs by example, in sentences."),
    "segment": Room(f"{HERE}.segment:segment", "Cut continuous signing into signs."),
}


@click.group(
    cls=House,
    rooms=COMMANDS,
    example="raysign keywords train --config tune_configs/keywords_cpu.yaml --data stores/phoenix\n"
    "raysign keywords train --help",
)
def keywords() -> None:
    """Find words in continuous signing: a model that learns from sentences and their words."""
