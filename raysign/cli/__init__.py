"""The doors: ``raysign COMMAND``. Parse, call, print; no logic.

A command's module is imported when it is called, so that ``raysign --help`` answers at once.
"""

from __future__ import annotations

import click

from raysign import __version__
from raysign.cli.rooms import House, Room

COMMANDS = {
    "extract": Room("raysign.cli.extract:extract", "Turn videos into a store of landmarks."),
    "train": Room("raysign.cli.train:train", "Train one encoder."),
    "sweep": Room("raysign.cli.sweep:sweep", "Search for the best encoder; every trial in MLflow."),
    "retrain": Room(
        "raysign.cli.retrain:retrain", "Train the champion again; promote what is better."
    ),
    "registry": Room(
        "raysign.cli.registry:registry", "List registered versions, promote one, roll back."
    ),
    "evaluate": Room(
        "raysign.cli.evaluate:evaluate", "Measure a model: queries against a gallery."
    ),
    "growth": Room(
        "raysign.cli.growth:growth", "Say how figures fall as a dictionary grows: curves."
    ),
    "fuse": Room("raysign.cli.fuse:fuse", "Make one model of several trained ones."),
    "index": Room("raysign.cli.index:index", "Make a gallery to search in, or change one."),
    "calibrate": Room("raysign.cli.calibrate:calibrate", "Teach a gallery how sure it may be."),
    "search": Room("raysign.cli.search:search", "Find the sign that a video shows."),
    "serve": Room("raysign.cli.serve:serve", "Open a page where people find the sign they saw."),
    "keywords": Room("raysign.cli.keywords:keywords", "Find words in continuous signing."),
    "table": Room("raysign.cli.table:table", "Set models beside the published table."),
    "show": Room("raysign.cli.show:show", "Draw a clip: an animated skeleton, or a still strip."),
    "doctor": Room("raysign.cli.doctor:doctor", "Examine a store before it costs GPU hours."),
    "data": Room("raysign.cli.data:data", "Say what is in a store, or make one."),
    "config": Room("raysign.cli.config:config", "Print every setting with its meaning."),
}


@click.group(
    cls=House,
    rooms=COMMANDS,
    example="raysign train --help\nraysign config",
    context_settings={"max_content_width": 100},
)
@click.version_option(__version__, message="raysign %(version)s")
def main() -> None:
    """Turn sign-language video into a searchable sign dictionary, at cluster scale."""
