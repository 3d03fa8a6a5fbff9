"""More seeds for the best of a sweep that has ended: they are trained, compared and recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysign.bundle import load_bundle
from tests.sweep.driving import Recorded, run


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_the_best_are_trained_again_where_more_seeds_are_asked_for(tmp_path: Path) -> None:
    first = run(tmp_path, "--trials", "3", "--seed", "7", "--json", "--name", "one")
    assert first.code == 0, first.err
    before = first.answer["selection"]
    assert [trial["seeds"] for trial in before["trials"]] == [1, 1, 1]
    assert before["winner"] in before["tied"]
    folder = tmp_path / "runs" / "one"

    more = ("selection.seeds=2", "selection.contenders=2")
    done = run(tmp_path, "--resume", "one", "--json", *more, config=False)
    assert done.code == 0, done.err
    answer, told = done.answer, done.answer["selection"]
    again = {trial["trial"] for trial in told["trials"] if trial["seeds"] == 2}
    assert len(again) == 2
    assert {before["winner"], before["highest"]} <= again
    assert told["winner"] in again
    numbers = ", ".join(map(str, sorted(again)))
    assert f"trials {numbers} are trained again, seed 2 of up to 2" in done.err

    keys = {f"{number:03d}-seed-8" for number in again}
    assert {f.name for f in (folder / "trials").iterdir()} == {"001", "002", "003", *keys}
    recorded = Recorded(tmp_path)
    assert len(recorded.children(answer["run_id"])) == 3
    assert len(recorded.again) == 2
    assert {child.data.params["seed"] for child in recorded.again} == {"8"}
    assert answer["run_id"] == first.answer["run_id"]
    assert "selection.json" in recorded.artifacts(answer["run_id"])

    bundle = load_bundle(folder / "bundle")
    (won,) = [trial for trial in told["trials"] if trial["verdict"] == "winner"]
    assert bundle.metrics["val/map"] == pytest.approx(max(won["runs"]))
    assert bundle.config.seed == 7 + won["runs"].index(max(won["runs"]))
    assert bundle.card["trial"] == told["winner"]
    page = (folder / "bundle" / "README.md").read_text(encoding="utf-8")
    assert f"- chosen: {told['words']}" in page
    assert "- val mAP over 2 seeds: " in page
