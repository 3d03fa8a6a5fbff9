"""What the curves say: of sizes, of vocabularies, and what they do not say."""

from __future__ import annotations

from typing import Any

import numpy as np

from raysign.evaluate.growth import Curve, growth
from raysign.evaluate.growth.plots import over_vocabulary, pictures
from raysign.evaluate.growth.result import said_at
from raysign.evaluate.growth.sizes import curve_sizes, sizes_of

BY_MANY = ("data.synthetic.train_signers=3", "data.synthetic.val_signers=1")


def test_sizes_are_what_was_asked_and_enough_for_a_curve() -> None:
    whole = curve_sizes(1998, 0)
    assert whole[[0, -1]].tolist() == [20, 1998]
    assert {100, 1000, 1998} <= set(sizes_of([100, 1000, 5000], 1998, whole).tolist())
    assert sizes_of([100, 100_000], 100, curve_sizes(100, 900))[-1] == 1000
    assert curve_sizes(100, 900, foreign=True)[0] == 100
    assert len(whole) == 12
    assert curve_sizes(2, 0).tolist() == [2]


def test_a_fitted_row_does_not_depend_on_what_else_was_asked(models: Any) -> None:
    """It says nothing beyond twice the largest, and nothing where no hold-out tests it."""
    asked: dict[str, Any] = {"largest": 200, "distractors": ["synthetic"], "draws": 2}
    selections = "synthetic:val", "synthetic:train"
    model = [str(models("plain"))]
    one = growth(model, *selections, sizes=[400, 401], **asked)
    other = growth(model, *selections, sizes=[2, 3, 5, 30, 400], **asked)
    assert one.largest == 200
    row = one.row(one.models[0], 1, 400)
    assert row == other.row(other.models[0], 1, 400)
    assert row["recall_at_1"].value <= row["recall_at_5"].value <= row["recall_at_10"].value
    assert min(one.models[0].by_size[1, "recall_at_10"].x) > 20
    assert not one.row(one.models[0], 1, 401)
    assert {each["gallery"] for each in one.as_json()["models"][0]["beyond"]} == {400}
    assert one.notes[-1].startswith("nothing is fitted beyond 400 signs, twice")
    small = growth(model, *selections, sizes=[20, 100], **{**asked, "largest": 60})
    assert small.models[0].by_size[1, "mrr"].miss is None
    assert not small.row(small.models[0], 1, 100)
    assert "too few to test a curve on; raise --largest" in small.notes[-1]


def test_a_larger_k_is_never_fitted_below_a_smaller() -> None:
    x = np.geomspace(20, 2000, 12)

    def curve(start: float, slope: float) -> Any:
        share = 1 / (1 + np.exp(slope * np.log10(x) - start))
        return Curve.through(x, share, np.stack([share, share]))

    steep = {"recall_at_1": curve(4, 1.2), "recall_at_5": curve(7, 2.4), "mrr": curve(4, 1.2)}
    said = said_at({**steep, "recall_at_10": curve(9, 2.4)}, 4000.0)
    assert said["recall_at_1"].value > steep["recall_at_5"].at(4000.0).value
    assert said["recall_at_1"] == said["recall_at_5"]
    assert said["recall_at_10"].value > said["recall_at_5"].value
    assert said_at(steep, 4000.0) == {}


def test_several_vocabularies_make_a_curve(models: Any) -> None:
    signs = tuple(f"s{i}" for i in range(300))
    names = [
        str(models(f"knows-{n}-{seed}", seed=seed, signs=signs[:n]))
        for n, seed in ((20, 1), (80, 2), (80, 3), (300, 4))
    ]
    grown = growth(names, "synthetic:val", "synthetic:train", sizes=[20], overrides=BY_MANY)
    curve = grown.by_vocabulary[1, "mrr"]
    assert curve.x == (20, 80, 300)
    assert set(pictures(grown)) == {"size.svg", "vocabulary.svg"}
    assert "a curve goes through the mean of models that learned as many signs" in grown.notes
    picture = over_vocabulary(grown)
    assert len(picture.axes[0].containers[0][0].get_xdata()) == 4, "every model is a point"
    two = growth(names[:2], "synthetic:val", "synthetic:train", sizes=[20, 99], overrides=BY_MANY)
    assert not two.by_vocabulary
    assert not two.models[0].by_size
    assert "2 different training vocabularies make no curve; it needs 3" in two.notes
    assert two.notes[-1].startswith("nothing is fitted beyond the 20 signs that were measured")
    none = [str(models("knows-none", seed=1, signs=())), *names[:2]]
    lost = growth(none, "synthetic:val", "synthetic:train", sizes=[20], draws=2, overrides=BY_MANY)
    assert len(over_vocabulary(lost).axes[0].containers[0][0].get_xdata()) == 2
    assert f"these learned no sign, and are in no curve: {none[0]}" in lost.notes
