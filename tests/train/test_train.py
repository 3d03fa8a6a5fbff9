"""`jobs/train.py` through its door, on a world of 20 signs; with and without Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from raysign.bundle import load_bundle
from raysign.cli.train import train
from raysign.config import TrainConfig, load_config
from raysign.errors import ConfigError, LayoutError, TrackingError
from raysign.tracking.quiet import mlflow_calls
from raysign.train import train as flow

ROOT = Path(__file__).parents[2]
TINY = (
    *("data.synthetic.signs=20", "data.synthetic.train_signers=3", "data.synthetic.val_signers=1"),
    *("prepare.frames=16", "batches.signs=10", "batches.clips_per_sign=2", "encoder.width=16"),
    *("encoder.heads=2", "encoder.depth=1", "encoder.embedding=8", "evaluate.bootstrap=100"),
)

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.out)


class Tracker:
    """Takes what MLflow would."""

    uri = "nowhere"
    experiment_id = "1"
    client = SimpleNamespace(search_runs=lambda *_, **__: [])

    def start_run(self, *_: Any, **__: Any) -> str:
        return "run"

    def log_metrics(self, *_: Any) -> None: ...

    def finish(self, *_: Any) -> None: ...


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "jobs" / "train.py"), *TINY, *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *args: str) -> Done:
    process = start(folder, *args)
    out, err = process.communicate(timeout=350)
    return Done(process.returncode, out, err)


def runs(folder: Path) -> list[Any]:
    """What MLflow has, oldest first."""
    with mlflow_calls("test"):
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        experiment = client.get_experiment_by_name("raysign")
        return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])


def history(folder: Path, run_id: str, name: str) -> list[tuple[int, float]]:
    with mlflow_calls("test"):
        from mlflow import MlflowClient

        found = MlflowClient(f"sqlite:///{folder}/mlflow.db").get_metric_history(run_id, name)
    return [(m.step, m.value) for m in found]


def test_without_ray_then_on_with_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    args = (*TINY, "--local", "--name", "mine", "optim.epochs=2")

    def run(*more: str) -> Done:
        with pytest.raises(SystemExit) as end:
            train.main([*args, *more], prog_name="raysign train")
        return Done(end.value.code, *capsys.readouterr())

    done = run("--json")
    assert done.code == 0, done.err
    run_id = done.answer["run_id"]
    for name in ("val/recall_at_1", "val/recall_at_50", "val/map", "val/mrr", "train/loss"):
        assert [step for step, _ in history(tmp_path, run_id, name)] == [1, 2]
    (recorded,) = runs(tmp_path)
    assert recorded.info.status == "FINISHED"
    for name in ("val/map", "val/map_low", "val/queries"):
        (kept,) = set(history(tmp_path, run_id, f"best/{name}"))
        assert kept == (done.answer["best_epoch"], done.answer[name])
    assert {"untrained/map_high", "untrained/queries"} < set(recorded.data.metrics)
    assert "positives a query" in done.answer["card"]
    assert len(recorded.data.tags["data"]) == 16
    assert done.answer["model"] == "models:/raysign-encoder@champion"
    folder = tmp_path / "runs" / "mine"
    kept = {"run.lock", "run.json", "epochs.jsonl", "checkpoints", "bundle"}
    assert {*os.listdir(folder)} == kept
    assert os.listdir(tmp_path / "runs") == ["mine"]
    assert len(load_bundle(folder / "bundle").signs or ()) == 20

    # The same again has nothing left to train, and changes no figure.
    again = run("--json", "--no-register")
    assert again.code == 0, again.err
    assert "has finished already" in again.err
    assert "epoch   1" not in again.err
    assert again.answer["val/map"] == done.answer["val/map"]

    # Other settings or data under that name are refused, and leave no run.
    other = run("optim.lr=0.002")
    assert other.code == 2
    assert other.err == (
        "error: run 'mine' began with optim.lr=0.001, now 0.002: give another --name, or the "
        "settings that it began with\n"
    )
    assert len(runs(tmp_path)) == 1  # that it has finished is not another run


def refuse() -> Any:
    raise TrackingError("the server went away")


def test_an_mlflow_that_refuses_after_all_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    with pytest.raises(TrackingError, match="went away"):
        flow(
            load_config(TrainConfig, None, TINY),
            connect=refuse,
            folder=folder,
            say=lambda line: None,
            on_ray=False,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("on_ray", [False, True])
@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["loss.memory=100"],
            "memory_start=1000, but the run has 120 steps: .* type loss.memory_start=60",
        ),
        (
            [
                "prepare.joints=hands",
                "encoder={kind: ensemble, members: [{joints: body}, {joints: hands}]}",
            ],
            "the ensemble has joints=body, but .* left_hand and right_hand alone; type other",
        ),
    ],
)
def test_what_cannot_train_is_refused_with_nothing_left_behind(
    overrides: list[str], said: str, on_ray: bool, tmp_path: Path
) -> None:
    """Before Ray is started too. So the same name takes it once it is mended."""
    tiny = [setting for setting in TINY if not setting.startswith("encoder")]
    with pytest.raises((ConfigError, LayoutError), match=said) as caught:
        flow(
            load_config(TrainConfig, None, [*tiny, *overrides]),
            connect=refuse,
            folder=tmp_path / "runs" / "one",
            say=lambda line: None,
            on_ray=on_ray,
        )
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_in_this_process_it_takes_the_threads_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And gives them back; other workers there are none, and it says so."""
    threads: list[int] = []
    said: list[str] = []

    def note(*_: Any) -> None:
        threads.append(torch.get_num_threads())

    monkeypatch.setattr("raysign.train.run.note", note)
    connect: Any = Tracker
    before, folder = torch.get_num_threads(), tmp_path / "one"
    given = (f"threads={before + 1}", "workers=2", "optim.epochs=2")
    flow(
        load_config(TrainConfig, None, (*TINY, *given)),
        connect=connect,
        folder=folder,
        say=said.append,
        register=False,
        on_ray=False,
    )
    assert threads == [before + 1] * 2
    assert torch.get_num_threads() == before
    (line,) = [line for line in said if "workers" in line]
    assert line == "note: without Ray one worker trains, this process: workers=2 is not used"
    assert load_bundle(folder / "bundle").config.workers == 1


@pytest.mark.slow
def test_on_ray_a_run_that_diverges_is_not_begun_again(tmp_path: Path) -> None:
    done = run(tmp_path, "loss.temperature=5.0e-39", "optim.epochs=2", "--name", "mine")
    assert done.code == 2, done.err
    assert done.err.startswith("error: the loss is ")
    assert "goes on" not in done.out
    (recorded,) = runs(tmp_path)
    assert recorded.info.status == "FAILED"


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_worker_that_dies_is_replaced_from_the_last_checkpoint(
    tmp_path: Path, below: Callable[[int, str], list[int]]
) -> None:
    """SIGKILL in the middle; on two workers, so that the other one has to be stopped too."""
    seen = []
    with start(tmp_path, "workers=2", "optim.epochs=60", "optim.patience=60") as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if line.startswith("epoch   3"):
                break
        workers = below(process.pid, "RayTrainWorker")
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        rest, err = process.communicate(timeout=350)
    assert process.returncode == 0, err
    assert err == ""
    after = rest.splitlines()
    (resumed,) = [i for i, line in enumerate(after) if line.startswith("goes on from")]
    last = int(after[resumed].split()[-1])
    assert last >= 1  # the last one or two may not have been stored yet
    assert after[resumed + 1].startswith(f"epoch {last + 1:>3}/60")
    assert any(line.startswith("epoch  60/60") for line in after)
    assert any(line.startswith("bundle: ") for line in after)
    (bundle,) = tmp_path.glob("runs/train-*/bundle/bundle.json")
    assert json.loads(bundle.read_text())["metrics"]["val/map"] > 0
    (recorded,) = runs(tmp_path)
    assert recorded.info.status == "FINISHED"
    steps = {step for step, _ in history(tmp_path, recorded.info.run_id, "val/map")}
    assert steps == set(range(1, 61))


def test_ctrl_c_ends_it_and_the_same_name_goes_on(tmp_path: Path) -> None:
    args = ("--name", "mine", "optim.epochs=3000", "optim.patience=3000", "workers=1")
    with start(tmp_path, *args) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch   2"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=200)
    assert process.returncode == 130, err
    assert "stopped; the same command with --name mine goes on" in out
    assert err.endswith("interrupted\n")
    (recorded,) = runs(tmp_path)
    assert recorded.info.status == "KILLED"

    # What it began on Ray goes on without.
    with start(tmp_path, *args, "--local") as process:
        assert process.stdout is not None
        resumed = next(line for line in process.stdout if line.startswith("goes on from"))
        following = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    last = int(resumed.split()[-1])
    assert last >= 2
    assert following.startswith(f"epoch {last + 1:>3}/3000")
    assert process.returncode == 130


@pytest.mark.slow
def test_two_workers_train_as_one(tmp_path: Path) -> None:
    figures = []
    for workers in (1, 2):
        done = run(tmp_path, f"workers={workers}", "optim.epochs=2", "--json", "--no-register")
        assert done.code == 0, done.err
        losses = history(tmp_path, done.answer["run_id"], "train/loss")
        assert [step for step, _ in losses] == [1, 2]
        figures.append(losses)
    # Not the same numbers: each worker draws its own augmentation. The same loss, in size.
    for (_, one), (_, two) in zip(*figures, strict=True):
        assert two == pytest.approx(one, rel=0.2)
