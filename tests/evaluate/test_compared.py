"""Signs that were trained on beside those that were not, and one model against another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.evaluate import evaluate
from raysign.sources import load_selection

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ("recall_at_1", "recall_at_5", "recall_at_10", "recall_at_50", "map", "mrr")


def test_seen_and_unseen_signs_ask_the_same_gallery(models: Any, store: Path) -> None:
    signs = np.unique(load_selection(f"{store}:val").sign)
    knows = models("knows", signs=(*signs[:15].tolist(), "another language's"))
    found = evaluate(str(knows), f"{store}:val", f"{store}:train")
    assert found.seen is not None
    assert found.unseen is not None
    assert (found.seen.queries, found.unseen.queries) == (15, 5)
    assert found.seen.gallery == found.unseen.gallery == 40
    for name in METRICS:
        whole, seen, unseen = (
            part.figures[name].value for part in (found.ranking, found.seen, found.unseen)
        )
        assert whole == pytest.approx((15 * seen + 5 * unseen) / 20)
    assert found.card["signs_trained_on"] == "16, matched by gloss"


def test_an_empty_or_unknown_part_is_none(models: Any, store: Path) -> None:
    signs = np.unique(load_selection(f"{store}:val").sign)
    selections = f"{store}:val", f"{store}:train"
    everything = evaluate(str(models("all", signs=tuple(signs.tolist()))), *selections)
    assert everything.unseen is None
    assert everything.seen == everything.ranking
    unknown = evaluate(str(models("plain")), *selections)
    assert unknown.seen is unknown.unseen is None
    assert unknown.card["signs_trained_on"] == "the bundle does not say"


def test_a_paired_difference_is_that_of_the_figures(models: Any, store: Path) -> None:
    one, other = models("one", seed=1), models("two", seed=2)
    selections = f"{store}:val", f"{store}:train"
    found = evaluate(str(one), *selections, against=(str(other), str(one)))
    alone = evaluate(str(other), *selections)
    against, itself = found.against
    assert against.ranking == alone.ranking
    for name in METRICS:
        ours, theirs = (r.figures[name].value for r in (found.ranking, alone.ranking))
        assert against.difference[name].value == pytest.approx(ours - theirs)
        zero = itself.difference[name]
        assert (zero.value, zero.low, zero.high, zero.below_zero) == (0, 0, 0, 0.5)


def test_the_door_prints_differences_and_parts(models: Any, store: Path) -> None:
    signs = np.unique(load_selection(f"{store}:val").sign)
    one = models("half", seed=1, signs=tuple(signs[:10].tolist()))
    arguments = [str(one), "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    arguments += ["--against", str(models("two", seed=2))]
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["seen"]["queries"] == printed["unseen"]["queries"] == 10
    (against,) = printed["against"]
    assert against["model"].endswith("two")
    ends = ("", "_low", "_high", "_below_zero")
    names = (*METRICS, "hit_above_fold_6", "hit_above_fold_8")
    assert set(against["difference"]) == {f"{name}{end}" for name in names for end in ends}
    told = CliRunner().invoke(door, arguments).stdout
    assert "signs never trained on (10 queries): R@1 ." in told
    assert "% below 0)" in told
