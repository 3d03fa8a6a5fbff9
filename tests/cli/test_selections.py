"""The synthetic world is changed only where somebody reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate
from raysign.cli.growth import growth

if TYPE_CHECKING:
    import click

STORES = ("default", "--queries", "nowhere:val", "--gallery", "nowhere:train")
CHANGED = "data.synthetic.language=2"


@pytest.mark.parametrize("door", [evaluate, growth])
def test_a_change_of_a_world_that_nobody_reads_is_refused(door: click.Command) -> None:
    done = CliRunner().invoke(door, [*STORES, CHANGED])
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: {CHANGED} changes the synthetic world, and nothing here is of it, got "
        "nowhere:val, nowhere:train; leave it out\n"
    )


@pytest.mark.parametrize(
    ("door", "args"),
    [
        (evaluate, ("default", "--queries", "nowhere:val", "--gallery", "synthetic:train")),
        (growth, (*STORES, "--distractors", "synthetic")),
    ],
)
def test_one_side_that_reads_it_is_enough(door: click.Command, args: tuple[str, ...]) -> None:
    """The store that is not there is what these end with."""
    done = CliRunner().invoke(door, [*args, CHANGED])
    assert done.exit_code == 2
    assert "no store at 'nowhere'" in done.stderr
