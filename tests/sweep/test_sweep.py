"""The main job through its door, on a world of 20 signs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raysign.bundle import load_bundle
from raysign.sweep.recorded import recorded_trials
from raysign.tracking import connect
from raysign.train.checkpoint import load_state
from tests.sweep.driving import ROOT, SOME_FAIL, Done, Recorded, run, start

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("sweeps")
    before = set(Path.home().glob("ray_results/*"))
    done = run(folder, "--trials", "6", "--seed", "5", "--json", "--name", "one", space=SOME_FAIL)
    assert done.code == 0, done.err
    assert set(Path.home().glob("ray_results/*")) == before
    return done


@pytest.fixture(scope="module")
def recorded(first: Done) -> Recorded:
    return Recorded(first.folder)


def test_it_leaves_only_what_it_says(first: Done) -> None:
    left = {"space.yaml", "mlflow.db", "mlflow.db.lock", "mlartifacts", "runs"}
    assert set(os.listdir(first.folder)) == left
    assert os.listdir(first.folder / "runs") == ["one"]
    kept = {"bundle", "journal.jsonl", "sweep.yaml", "trials"}
    assert set(os.listdir(first.folder / "runs" / "one")) == kept


def test_it_prints_lines_for_people_and_nothing_else(first: Done) -> None:
    lines = first.err.splitlines()
    name = f"run one, kept in {first.folder / 'runs' / 'one'}; Ctrl-C ends it"
    assert sum(line.startswith(name) for line in lines) == 1
    starts = (name, "note: ", "clips: ", "val: ", "untrained ", "Ray: ", "plan: ", "[", "trial ")
    for line in lines:
        assert line.startswith(starts), first.err
    assert first.out.count("\n") == 1


def test_every_trial_is_a_child_run_with_its_epochs(first: Done, recorded: Recorded) -> None:
    children = recorded.children(first.answer["run_id"])
    assert [r.info.run_name for r in children] == [f"trial-{n:03d}" for n in range(1, 7)]
    per_epoch = {f"val/recall_at_{k}" for k in (1, 5, 10, 50)} | {"val/map", "val/mrr"}
    for child in children:
        if child.info.status == "FAILED":
            continue
        assert child.info.status == "FINISHED"
        assert {*per_epoch, "train/loss", "parameters", "duration_s"} <= set(child.data.metrics)
        assert child.data.metrics["duration_s"] > 0
        for name in per_epoch:
            steps = [m.step for m in recorded.client.get_metric_history(child.info.run_id, name)]
            assert steps == list(range(1, len(steps) + 1))
        assert float(child.data.params["optim.lr"]) > 0
        assert child.data.params["encoder.width"] == "16"
        assert child.data.params["seed"] == "5"


def test_a_failed_trial_says_why_and_is_never_chosen(first: Done, recorded: Recorded) -> None:
    failed = [r for r in recorded.children(first.answer["run_id"]) if r.info.status == "FAILED"]
    assert failed
    for child in failed:
        assert child.data.params["loss.temperature"] == "5e-39"
        assert child.data.tags["error"].startswith("the loss is ")
    numbers = [int(r.info.run_name[-3:]) for r in failed]
    assert sorted(first.answer["failed"]) == numbers
    assert first.answer["best"]["trial"] not in numbers
    assert first.answer["best"]["values"]["loss.temperature"] > 0.01
    for number in numbers:
        assert f"trial {number} failed: " in first.err


def test_a_trial_that_was_stopped_early_keeps_its_best_epoch(
    first: Done, recorded: Recorded
) -> None:
    stopped = 0
    for child in recorded.children(first.answer["run_id"]):
        epochs = recorded.client.get_metric_history(child.info.run_id, "val/map")
        if child.info.status == "FINISHED":
            stopped += len(epochs) < 3
            assert child.data.metrics["best/val/map"] == max(m.value for m in epochs)
    assert stopped
    for trial in (first.folder / "runs" / "one" / "trials").iterdir():
        failed = (trial / "error.txt").exists()
        assert os.listdir(trial) == ["error.txt" if failed else "training.pt"]
        if not failed:
            assert "optimizer" not in load_state(trial), "its best epoch is kept, and no more"


def test_the_sweeps_run_has_what_it_takes_to_judge_it(first: Done, recorded: Recorded) -> None:
    (parent,) = [r for r in recorded.parents if r.info.run_id == first.answer["run_id"]]
    assert parent.info.status == "FINISHED"
    assert len(parent.data.tags["data"]) == 16
    assert parent.data.tags["commit"]
    assert "| untrained |" in parent.data.tags["mlflow.note.content"]
    run_id = parent.info.run_id
    texts = {"leaderboard.md", "selection.json", "space.yaml"}
    assert {*texts, "plots"} <= recorded.artifacts(run_id)
    names = ("history", "map_against_time", "importance", "standings", "map_against_latency")
    assert recorded.artifacts(run_id, "plots") == {f"plots/{name}.png" for name in names}
    best = first.answer["best"]
    assert parent.data.metrics["best/val/map"] == pytest.approx(best["val/map"])
    for name in ("val/map_low", "val/map_high", "val/queries", "val/positives_per_query"):
        assert parent.data.metrics[f"best/{name}"] == pytest.approx(best[name])
    assert parent.data.tags["mlflow.note.content"].strip().endswith(first.answer["card"])
    assert "val clips → train clips;" in first.answer["card"]
    assert parent.data.metrics["untrained/map"] == pytest.approx(
        first.answer["untrained"]["val/map"]
    )


def test_the_registered_encoder_is_the_best_trials(first: Done) -> None:
    bundle = load_bundle(first.folder / "runs" / "one" / "bundle")
    best = first.answer["best"]
    assert bundle.metrics["val/map"] == pytest.approx(best["val/map"])
    assert bundle.card["trial"] == best["trial"]
    assert bundle.config.optim.lr == best["values"]["optim.lr"]
    assert (first.answer["model"], first.answer["version"]) == (
        "models:/raysign-encoder@champion",
        "1",
    )


def test_a_second_sweep_is_candidate_and_several_objectives_give_a_front(first: Done) -> None:
    done = run(
        first.folder,
        *("--trials", "2", "--seed", "5", "--json", "objective=[val/map, latency_ms]"),
        "train.optim.epochs=2",
        "train.evaluate.mirror=queries",
        space=SOME_FAIL.replace("5.0e-39", "0.3"),
    )
    assert done.code == 0, done.err
    assert "; cosine, queries with their mirror images, clip level;" in done.answer["card"]
    assert done.answer["model"] == "models:/raysign-encoder@candidate"
    recorded = Recorded(first.folder)
    assert (recorded.alias("champion"), recorded.alias("candidate")) == ("1", "2")
    front = done.answer["front"]
    assert done.answer["best"]["trial"] in front
    assert set(front) <= {1, 2}
    assert "plots/pareto_latency_ms.png" in recorded.artifacts(done.answer["run_id"], "plots")
    # The same seed draws the same values; nothing is stopped early.
    one, two = (recorded.children(d.answer["run_id"])[:2] for d in (first, done))
    for name in ("optim.lr", "encoder.pooling"):
        assert [r.data.params[name] for r in one] == [r.data.params[name] for r in two]
    for child in two:
        assert len(recorded.client.get_metric_history(child.info.run_id, "val/map")) == 2


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_second_stages_are_searched_under_a_latency_budget(tmp_path: Path) -> None:
    stages = "space: {evaluate.rerank.stages: {choice: ['', csls, dtw]}}\n"
    asked = (
        "--trials",
        "6",
        "--json",
        "train.optim.epochs=1",
        "train.evaluate.rerank.dtw.weight=1",
    )
    done = run(tmp_path, *asked, "latency_budget_ms=100000", space=stages)
    assert done.code == 0, done.err
    assert (
        "; cosine, second stage as each trial's evaluate.rerank says, clip" in done.answer["card"]
    )
    found = {
        child.data.params["evaluate.rerank.stages"]: child.data.metrics
        for child in Recorded(tmp_path).trials
    }
    assert found.keys() == {"", "csls", "dtw"}, "another seed draws all of them"
    assert len({metrics["val/map"] for metrics in found.values()}) == 3
    assert "val/rerank_ms" not in found[""]
    assert found["dtw"]["latency_ms"] > found["dtw"]["val/rerank_ms"] > 0
    none = run(tmp_path, *asked, "latency_budget_ms=0.0001", space=stages)
    assert none.code == 2
    assert "no trial stayed within latency_budget_ms=0.0001, the fastest took " in none.err


def test_the_time_budget_ends_it(tmp_path: Path) -> None:
    done = run(tmp_path, "--trials", "500", "--time-budget", "0.1")
    recorded = Recorded(tmp_path)
    (parent,) = recorded.parents
    assert done.code == 2, done.err
    assert done.err.startswith("error: no trial came to an end: ")
    assert "--time-budget" in done.err
    assert parent.info.status == "FAILED"
    assert not [r for r in recorded.trials if r.info.status == "RUNNING"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    asked_for = ("--trials", "500", "--name", "stopped", "train.optim.epochs=1")
    with start(tmp_path, *asked_for) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "trial 4/500" in line:
                break
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        out, err = process.communicate(timeout=200)
    assert time.monotonic() - asked < 120  # about 10 s where nothing else runs
    assert process.returncode == 130, err
    assert err.split() == ["interrupted"]
    assert "best: trial " in out
    assert " of 500 trials; raysign sweep --resume stopped goes on" in out.splitlines()[-1]
    recorded = Recorded(tmp_path)
    assert [r.info.status for r in recorded.parents] == ["KILLED"]
    states = {r.info.status for r in recorded.trials}
    assert states <= {"FINISHED", "KILLED"}
    ended = sum(r.info.status == "FINISHED" for r in recorded.trials)
    assert ended >= 2
    assert recorded.alias("champion") == "1"
    # It goes on: with what was begun, one more, and the runs that it had.
    more = len(recorded.trials) + 1
    done = run(tmp_path, "--resume", "stopped", "--trials", str(more), "--json", config=False)
    assert done.code == 0, done.err
    assert f": {ended} of {more - 1} trials that were begun have ended" in done.err
    recorded = Recorded(tmp_path)
    assert [r.info.status for r in recorded.parents] == ["FINISHED"]
    assert [r.info.status for r in recorded.trials] == ["FINISHED"] * more


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_trials_on_two_workers(tmp_path: Path) -> None:
    done = run(tmp_path, "--trials", "3", "--json", "placement.workers=2", "--name", "two")
    assert done.code == 0, done.err
    recorded = Recorded(tmp_path)
    children = recorded.children(done.answer["run_id"])
    assert [r.info.status for r in children] == ["FINISHED"] * 3
    best = done.answer["best"]
    bundle = load_bundle(tmp_path / "runs" / "two" / "bundle")
    assert bundle.config.workers == 2
    assert bundle.metrics["val/map"] == pytest.approx(best["val/map"])


@pytest.mark.slow
def test_trials_that_were_measured_count_when_the_time_is_up(tmp_path: Path) -> None:
    done = run(
        *(tmp_path, "--trials", "2", "--time-budget", "60", "--json"),
        *("train.optim.epochs=9999", "train.optim.patience=9999", "grace_epochs=9999"),
    )
    assert done.code == 0, done.err
    assert not done.answer["interrupted"]
    trials = Recorded(tmp_path).trials
    assert {r.info.status for r in trials} == {"FINISHED"}
    assert not done.answer["failed"]
    best = done.answer["best"]
    (folder,) = (tmp_path / "runs").iterdir()
    assert load_bundle(folder / "bundle").metrics["val/map"] == best["val/map"]
    lines = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    key = f"{best['trial']:03d}"
    own = [line["metrics"] for line in lines if line.get("key") == key and "metrics" in line]
    assert own[-1]["best/val/map"] == best["val/map"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_trials_that_prepare_differently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = (
        "space: {prepare.frames: {choice: [8, 16]}, prepare.motion_lags: {choice: [[], [1, 2]]}, "
        "optim.lr: {log_uniform: [1.0e-4, 1.0e-2]}}"
    )
    done = run(tmp_path, "--trials", "3", "--json", "train.optim.epochs=1", space=space)
    assert done.code == 0, done.err
    assert "Warning" not in done.err
    assert not done.answer["failed"]
    assert {r.data.params["prepare.frames"] for r in Recorded(tmp_path).trials} == {"8", "16"}
    # What `raysign table --sweep` reads back, were it not for how few they are.
    monkeypatch.setattr("raysign.sweep.recorded.check_enough", lambda outcomes: None)
    run_id, best = done.answer["run_id"], done.answer["best"]
    trials = recorded_trials(connect(f"sqlite:///{tmp_path}/mlflow.db"), run_id)
    read = trials.outcomes[best["trial"] - 1]
    lags = tuple(best["values"]["prepare.motion_lags"])
    assert read.values == best["values"] | {"prepare.motion_lags": lags}
    assert read.figures["val/map"] == best["val/map"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_main_job_beats_the_untrained_by_half(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "jobs" / "sweep.py"), "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["best"]["val/map"] >= 1.5 * answer["untrained"]["val/map"]
    assert answer["untrained"]["val/recall_at_1"] < 0.6
