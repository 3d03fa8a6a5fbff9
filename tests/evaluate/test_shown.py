"""What a person is shown, through the flow and the door."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.evaluate import evaluate as door
from raysign.datasets.asl_lex import FEATURES
from raysign.errors import ConfigError, DataError, SplitError
from raysign.evaluate import evaluate
from raysign.store import load_clips, write_store
from raysign.synthetic import iter_clips

Selections = tuple[str, str]


@pytest.fixture
def selections(store: Path) -> Selections:
    return f"{store}:val", f"{store}:train"


@pytest.fixture(scope="module")
def signed(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Selections:
    """The small world as if it were of American Sign Language."""
    folder = tmp_path_factory.mktemp("ase") / "store"
    world = load_bundle(model).config.data.synthetic
    write_store(str(folder), [replace(clip, language="ase") for clip in iter_clips(world)])
    return f"{folder}:val", f"{folder}:train"


@pytest.fixture(scope="module")
def table(signed: Selections, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of the first 15 of its 20 signs, drawn."""
    glosses = np.unique(load_clips(signed[0].removesuffix(":val"), ["val"]).sign)[:15]
    rng = np.random.default_rng(0)
    rows = [[gloss, gloss, *rng.integers(3, size=len(FEATURES))] for gloss in glosses]
    path = tmp_path_factory.mktemp("table") / "signdata.csv"
    lines = [("EntryID", "LemmaID", *FEATURES), *rows]
    path.write_text("\n".join(",".join(map(str, line)) for line in lines))
    return path


def slow_ranks(model: Path, selections: Selections) -> list[int]:
    """Of each query's sign, walking down the clips."""
    folder = selections[0].removesuffix(":val")
    asks, searched = (load_clips(folder, [split]) for split in ("val", "train"))
    embedder = load_bundle(model).embedder()
    scores = (embedder.embed(asks).double() @ embedder.embed(searched).double().T).float()
    ranks = []
    for sign, row in zip(asks.sign, scores, strict=True):
        order = searched.sign[row.argsort(descending=True).numpy()].tolist()
        ranks.append(list(dict.fromkeys(order)).index(sign) + 1)
    return ranks


def test_hits_above_the_fold_are_counted_by_sign(model: Path, selections: Selections) -> None:
    done = evaluate(str(model), *selections)
    ranks = np.array(slow_ranks(model, selections))
    assert done.above_fold.rank.tolist() == ranks.tolist()
    flat = done.as_json()
    for fold in (6, 8):
        name = f"hit_above_fold_{fold}"
        assert flat[name] == pytest.approx((ranks <= fold).mean())
        assert flat[f"{name}_low"] <= flat[name] <= flat[f"{name}_high"]
    assert done.card["above_fold"]["in_random_order"] == {"6": 0.3, "8": 0.4}
    assert "first clip of each comes" in done.card["above_fold"]["rule"]


def test_where_signs_are_ranked_the_fold_lies_between_recalls(
    model: Path, selections: Selections
) -> None:
    done = evaluate(str(model), *selections, scoring="sign_mean")
    recall, fold = done.ranking.figures, done.above_fold.figures
    values = (
        recall["recall_at_5"].value,
        fold["hit_above_fold_6"].value,
        fold["hit_above_fold_8"].value,
        recall["recall_at_10"].value,
    )
    assert sorted(values) == list(values)
    assert "by score" in done.card["above_fold"]["rule"]


def test_every_draw_has_its_own_gallery(model: Path, selections: Selections) -> None:
    done = evaluate(str(model), *selections, protocol="draws", draws=3, shots=1)
    assert len(done.above_fold.rank) == 60
    assert done.above_fold.signs == 20
    alone = [
        (done.above_fold.rank[20 * i : 20 * (i + 1)] <= 6).double().mean().item() for i in range(3)
    ]
    assert done.as_json()["hit_above_fold_6"] == pytest.approx(np.mean(alone))


def test_another_model_is_compared_above_the_fold(models: Any, selections: Selections) -> None:
    one, other = models("one", seed=1), models("two", seed=2)
    done = evaluate(str(one), *selections, against=(str(other), str(one)))
    against, itself = done.against
    for name, figure in done.above_fold.figures.items():
        theirs = against.above_fold.figures[name].value
        assert against.difference[name].value == pytest.approx(figure.value - theirs)
        zero = itself.difference[name]
        assert (zero.value, zero.low, zero.high, zero.below_zero) == (0, 0, 0, 0.5)
    printed = against.as_json()
    assert printed["hit_above_fold_8"] == against.above_fold.figures["hit_above_fold_8"].value


def test_neighbours_are_compared_with_chance_and_the_best_order(
    model: Path, signed: Selections, table: Path
) -> None:
    done = evaluate(str(model), *signed, phonology=str(table))
    assert done.neighbours is not None
    by, card = done.neighbours.figures, done.neighbours.card
    for k in (6, 8):
        assert 0 < by["neighbour_chance"].value < by[f"neighbour_ideal_{k}"].value
        assert by[f"neighbour_precision_{k}"].value <= by[f"neighbour_ideal_{k}"].value
        assert 0 < by[f"neighbour_ndcg_{k}"].value <= 1
    assert (card["gallery_signs_known"], card["gallery_signs"]) == (15, 20)
    assert (card["queries"], card["queries_left_out"]) == (15, 5)
    flat = json.loads(json.dumps(done.as_json(), allow_nan=False))["neighbours"]
    assert {"neighbour_precision_6", "neighbour_precision_6_low", "card"} <= set(flat)
    # Everything shown alike: no order is better than another.
    same = table.with_name("same.csv")
    head, *rows = table.read_text().splitlines()
    ones = ",".join("1" * len(FEATURES))
    same.write_text("\n".join([head, *(",".join([*row.split(",")[:2], ones]) for row in rows)]))
    all_alike = evaluate(str(model), *signed, phonology=str(same)).neighbours
    assert all_alike is not None
    assert {round(figure.value, 12) for figure in all_alike.figures.values()} == {1.0}


def test_another_language_has_other_signs(model: Path, selections: Selections, table: Path) -> None:
    with pytest.raises(DataError, match=r"\(ase\), and clips are of qaa; leave --phonology out"):
        evaluate(str(model), *selections, phonology=str(table))


def test_unknown_glosses_are_refused(model: Path, signed: Selections, table: Path) -> None:
    other = table.with_name("other.csv")
    head, row, *_ = table.read_text().splitlines()
    other.write_text("\n".join([head, ",".join(["tiramisu", "tiramisu", *row.split(",")[2:]])]))
    with pytest.raises(SplitError, match="none of the 20 queries has a sign that ASL-LEX"):
        evaluate(str(model), *signed, phonology=str(other))


def test_through_the_door(model: Path, signed: Selections, table: Path) -> None:
    told = [str(model), "--queries", signed[0], "--gallery", signed[1]]
    plain = CliRunner().invoke(door, told)
    assert plain.exit_code == 0, plain.output
    assert "the sign is among the first 6 signs " in plain.stdout
    assert "(of signs in random order .300), the first 8 signs " in plain.stdout
    assert "ASL-LEX" not in plain.stdout
    done = CliRunner().invoke(door, [*told, "--phonology", str(table)])
    assert "the first 6 other signs share " in done.stdout
    assert "in which are 15 of 20 signs searched; 15 queries ask, 5 are left out" in done.stdout
    nowhere = CliRunner().invoke(door, [*told, "--phonology", "nowhere.csv"])
    assert nowhere.exit_code == 2
    assert nowhere.stderr.count("\n") == 1
    assert "https://osf.io/zpha4/" in nowhere.stderr


def test_three_takes_are_none_of_it(model: Path, selections: Selections) -> None:
    with pytest.raises(ConfigError, match="asked by 1 or 2 takes, got 3"):
        evaluate(str(model), *selections, takes=3)
