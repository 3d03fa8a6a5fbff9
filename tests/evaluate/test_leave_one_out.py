"""Leave-one-out: every clip asks all the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.clip import Clip
from raysign.errors import ConfigError, SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.protocols import rounds_of
from raysign.store import write_store


def test_every_clip_asks_every_other(model: Path, store: Path) -> None:
    train = f"{store}:train"
    done = evaluate(str(model), train, train, protocol="leave_one_out")
    assert (done.ranking.queries, done.ranking.gallery, done.ranking.unanswered) == (40, 40, 0)
    assert done.ranking.positives_per_query == 1.0
    assert done.card["signs_with_one_clip"] == 0
    assert done.one_draw is None
    same = evaluate(str(model), train, train)
    assert done.ranking == same.ranking


@pytest.mark.parametrize(
    "spelled", ["{}/", "{parent}/./{name}", "file://{}", "~/{name}", "{parent}/link"]
)
def test_however_the_store_is_spelled_no_clip_finds_itself(
    model: Path, store: Path, tmp_path: Path, spelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(store.parent))
    if spelled.endswith("link"):
        other = str(tmp_path / "link")
        Path(other).symlink_to(store)
    else:
        other = spelled.format(store, parent=store.parent, name=store.name)
    same = evaluate(str(model), f"{store}:train", f"{store}:train")
    done = evaluate(str(model), f"{store}:train", f"{other}:train")
    assert done.ranking == same.ranking
    assert done.ranking.figures["recall_at_1"].value < 1
    evaluate(str(model), f"{other}:train", f"{store}:train", protocol="leave_one_out")


def test_a_part_asks_the_whole(model: Path, store: Path) -> None:
    done = evaluate(str(model), f"{store}:val", str(store), protocol="leave_one_out")
    assert (done.ranking.queries, done.ranking.gallery) == (20, 60)
    assert done.ranking.positives_per_query == 2.0


def test_a_signs_only_clip_asks_in_vain(
    tmp_path: Path, noise_of: Callable[..., list[Clip]], sides_of: Any
) -> None:
    sides = sides_of(noise_of({"a": 3, "lone": 1, "sole": 1}))
    rounds = rounds_of("leave_one_out", sides, draws=None, shots=None, seed=0)
    assert rounds.card["signs_with_one_clip"] == 2
    assert rounds.card["signs_with_one_clip_such_as"] == "lone, sole"
    assert np.array_equal(rounds.queries[0], np.arange(5))


def test_what_cannot_be_left_out_is_one_line(
    model: Path, store: Path, tmp_path: Path, noise_of: Callable[..., list[Clip]], sides_of: Any
) -> None:
    sides = sides_of(noise_of({"a": 1, "b": 1}))
    with pytest.raises(SplitError, match=r"no sign of .* has a second clip"):
        rounds_of("leave_one_out", sides, draws=None, shots=None, seed=0)
    with pytest.raises(ConfigError, match=r"--draws and --shots .* got protocol leave_one_out"):
        rounds_of("leave_one_out", sides, draws=3, shots=None, seed=0)
    write_store(str(tmp_path / "x"), noise_of({"a": 2}))
    arguments = [str(model), "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*arguments, "--protocol", "leave_one_out"])
    assert done.exit_code == 2
    assert "20 of 20 clips of" in done.stderr
    assert "type --protocol clips" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_door_says_who_is_unanswered(model: Path, store: Path) -> None:
    arguments = [str(model), "--queries", str(store), "--gallery", str(store), "--json"]
    done = CliRunner().invoke(door, [*arguments, "--protocol", "leave_one_out"])
    assert done.exit_code == 0, done.output
    card = json.loads(done.stdout)["card"]
    assert card["protocol"] == "leave_one_out"
    assert "the query is taken out" in card["hit"]
