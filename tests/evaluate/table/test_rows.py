"""The paper-gap report: its rows, their differences, and what makes them unfair."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.config import TrainConfig, resolve
from raysign.errors import ConfigError
from raysign.evaluate import evaluate
from raysign.evaluate.table import (
    PUBLISHED,
    Table,
    build,
    parse_rows,
)
from raysign.store import write_store
from raysign.synthetic import iter_clips


def test_a_row_is_the_mean_of_its_models(made: Table, store: Path) -> None:
    first = made.rows[0]
    alone = [evaluate(m, f"{store}:val", f"{store}:train").ranking for m in first.models]
    values = torch.tensor([one.figures["map"].value for one in alone])
    assert first.ours.ranking.figures["map"].value == pytest.approx(values.mean().item())
    assert first.ours.spread is not None
    assert first.ours.spread["map"] == pytest.approx(values.std().item())
    assert first.facts.seeds == (1, 2, 3)
    assert first.published is PUBLISHED["M1"]
    assert first.gap is not None
    assert first.gap["map"] == pytest.approx(values.mean().item() - 0.212)
    assert made.rows[2].published is None
    assert made.rows[2].ours.spread is None


def test_differences_go_against_the_row_above_and_the_best(made: Table) -> None:
    maps = [row.ours.ranking.figures["map"].value for row in made.rows]
    best = max(range(3), key=maps.__getitem__)
    assert made.best == made.rows[best].label
    for i, row in enumerate(made.rows):
        assert (row.above is None) == (i == 0)
        assert (row.best is None) == (i == best)
        if row.above:
            assert row.above["map"].value == pytest.approx(maps[i] - maps[i - 1])
        if row.best:
            assert row.best["map"].value == pytest.approx(maps[i] - maps[best])
    second, third = made.rows[1].above, made.rows[2].above
    assert second is not None
    assert third is not None
    assert second["map"].seed_error is not None
    assert third["map"].seed_error is not None, "a single run is taken to spread as the others"


def test_floors_stand_under_the_rows(made: Table) -> None:
    assert made.untrained.queries == 20
    assert made.chance["recall_at_50"] == 1.0
    assert made.chance["recall_at_1"] == pytest.approx(2 / 40)
    assert made.rows[0].without_duplicates is not None
    assert made.card["queries_identical_to_a_gallery_clip"] == 1


def test_where_every_positive_is_a_copy_a_note_says_so(
    models: Any, config: TrainConfig, tmp_path: Path
) -> None:
    clips = [clip for clip in iter_clips(config.data.synthetic) if clip.split == "val"]
    copies = [replace(clip, clip_id=f"copy-{i}", split="train") for i, clip in enumerate(clips)]
    twice = str(tmp_path / "twice")
    write_store(twice, [*clips, *copies])
    rows = {name: (str(models(f"twice-{name}", seed=i)),) for i, name in enumerate("ab")}
    made = build(rows, f"{twice}:val", f"{twice}:train")
    assert [row.without_duplicates for row in made.rows] == [None, None]
    assert [row.ours.ranking.figures["recall_at_1"].value for row in made.rows] == [1, 1]
    assert any(note.startswith("every positive is byte-identical") for note in made.notes)


def test_what_makes_rows_unfair_is_said(models: Any, store: Path) -> None:
    longer = models("longer", seed=1)
    manifest = json.loads((longer / "bundle.json").read_text())
    manifest["config"]["optim"]["epochs"] = 99
    manifest["config"]["data"]["splits"] = "signer_disjoint"
    (longer / "bundle.json").write_text(json.dumps(manifest))
    same = str(models("same", seed=1))
    made = build({"a": (same, str(longer)), "b": (str(longer),)}, f"{store}:val", f"{store}:train")
    notes = "\n".join(made.notes)
    assert "the runs of a differ in data.splits, optim.epochs too" in notes
    assert "runs of a share a seed (1, 1)" in notes
    assert "b was trained with data.splits=signer_disjoint: it may have learned" in notes
    assert "one run only: b" in notes
    assert "do not have the same epochs: a 30, b 99" in notes


def test_the_clips_count_and_not_where_they_lie(models: Any, store: Path) -> None:
    runs = []
    for name, place, clips in (("here", "a", "1"), ("there", "b", "1"), ("others", "b", "2")):
        folder = models(name, card={"data": {"fingerprint": clips}})
        manifest = json.loads((folder / "bundle.json").read_text())
        manifest["config"]["data"]["store"] = place
        (folder / "bundle.json").write_text(json.dumps(manifest))
        runs.append(str(folder))
    rows = {"same": tuple(runs[:2]), "others": (runs[0], runs[2])}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "the runs of others differ in training clips too" in notes
    assert "the runs of same differ" not in notes


def test_rows_that_look_in_the_mirror_are_not_like_the_others(
    models: Any, config: TrainConfig, store: Path
) -> None:
    both = config.model_dump() | {"evaluate": {"mirror": "both", "bootstrap": 200}}
    mirrored = str(models("table-mirrored", seed=1, settings=resolve(TrainConfig, both)))
    plain = str(models("table-plain", seed=0))
    rows = {"a": (plain, mirrored), "b": (plain,)}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "the runs of a differ in evaluate.mirror too" in notes, "and not in the bootstrap"
    rows = {"a": (plain,), "b": (mirrored,)}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "not have the same mirror images (evaluate.mirror): a none, b both" in notes


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["runs/m1"], "'runs/m1' is not of the form LABEL=MODEL"),
        (["M1="], "not of the form"),
        (["M1=a,,b"], "not of the form"),
        (["M1=a", "M1=b"], "'M1' comes twice"),
        (["chance=a"], "'chance' stands in the table anyway"),
        (["M1=a,a"], "the same model twice"),
        ([], "a table needs a row; type M1="),
    ],
)
def test_rows_that_are_none_are_one_line(texts: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        parse_rows(texts)


def test_the_published_table_is_the_posters() -> None:
    assert list(PUBLISHED) == ["M1", "M2", "M3", "M4", "M5"]
    assert list(PUBLISHED["M4"].values.values()) == [0.177, 0.446, 0.559, 0.769, 0.192]
    at_1, mean = (PUBLISHED["M5"].figures[name] for name in ("recall_at_1", "map"))
    assert mean is None
    assert at_1 is not None
    assert at_1.high - at_1.low == pytest.approx(2 * 0.016, abs=0.001)
