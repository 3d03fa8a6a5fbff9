"""Each opening of the test split counts, for the model and the data, and the door tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from raysign.cli.evaluate import evaluate as door
from raysign.evaluate import evaluate
from raysign.evaluate.record import opened_line
from raysign.evaluate.table import build
from raysign.tracking import all_openings, connect


def row(model: str, mine: int, data: int) -> dict[str, Any]:
    return {"model": model, "for_model": mine, "for_data": data}


def test_every_model_that_is_measured_counts(
    model: Path,
    models: Callable[..., Path],
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    other, sides = str(models("other", seed=3)), (f"{store}:test", f"{store}:train")
    tracker = connect()
    run = tracker.start_run("trained")
    tracker.register(model, run)

    first = evaluate(str(model), *sides, open_test=True, resamples=20)
    assert first.card["openings"] == [row(str(model), 1, 1)]
    both = evaluate(
        "models:/raysign-encoder/1", *sides, against=[other], open_test=True, resamples=20
    )
    assert both.card["openings"] == [row("models:/raysign-encoder/1", 2, 2), row(other, 1, 2)]
    table = build({"A": (str(model), other)}, *sides, open_test=True, resamples=20)
    assert table.card["openings"] == [row(str(model), 3, 3), row(other, 2, 3)]
    shut = evaluate(str(model), f"{store}:val", f"{store}:train", open_test=True, resamples=20)
    assert (shut.card["opened_test"], shut.card["openings"]) == (False, [])

    # Its figures are the models' own, also where a table tells the mean of a row.
    runs = {each.run_id: tracker.client.get_run(each.run_id).data for each in all_openings(tracker)}
    assert len(runs) == 5
    ranks = [data.metrics["test/map"] for data in runs.values()]
    theirs = both.against[0].ranking.figures["map"].value
    ours = first.ranking.figures["map"].value
    assert ranks == [ours, ours, theirs, pytest.approx(ours), pytest.approx(theirs)]
    assert len({data.tags["test_data"] for data in runs.values()}) == 1
    assert [data.tags["protocol"] for data in runs.values()] == ["clips"] * 5

    page = tracker.client.get_model_version("raysign-encoder", "1")
    assert page.tags["test_openings"] == "3"
    assert "opened 3 times for this model, 3 times for this data" in str(page.description)
    args = [str(model), "--queries", sides[0], "--gallery", sides[1], "--open-test"]
    said = CliRunner().invoke(door, args)
    assert said.stdout.splitlines()[-1] == (
        "the sealed test split was opened for this, the 4th time for this model, the 4th for this "
        "data; MLflow has a record of it"
    )


def test_an_evaluation_that_breaks_has_opened_it_all_the_same(
    model: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    def breaks(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("raysign.evaluate.run.Embedded.by_bundle", breaks)
    with pytest.raises(KeyboardInterrupt):
        evaluate(str(model), f"{store}:test", f"{store}:train", open_test=True)
    tracker = connect()
    (opening,) = all_openings(tracker)
    assert tracker.client.get_run(opening.run_id).info.status == "FINISHED"


def test_in_words() -> None:
    def said(*rows: dict[str, Any]) -> str:
        return opened_line({"opened_test": True, "openings": list(rows)})

    assert opened_line({"opened_test": False, "openings": []}) == ""
    assert said(row("a", 1, 21)) == (
        "the sealed test split was opened for this, the first time for this model, the 21st for "
        "this data; MLflow has a record of it"
    )
    assert "the 2nd time for a, the 13th time for b, the 112th for this data" in said(
        row("a", 2, 112), row("b", 13, 112)
    )
    assert "for this, the 3rd for this data" in said(row("(in memory)", 0, 3))
