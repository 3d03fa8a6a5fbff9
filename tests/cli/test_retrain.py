"""``raysign retrain``: what it would do, what it did, and one real re-training on Ray."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray
from click.testing import CliRunner

from raysign.cli.retrain import retrain
from raysign.tracking import connect, moves_of, versions_of
from raysign.train import train

ROOT = Path(__file__).parents[2]
NAME = "raysign-encoder"
WORLD = {"signs": 20, "train_signers": 2, "val_signers": 1}
DRY = ("--dry-run", "--local", "--json")
DECLARED = (
    "seeds=[0,1]",
    "resamples=100",
    "protocols.val.gate=not_worse",
    "protocols.val.margin=1",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with MLflow's file, in which a trained model is champion."""
    from raysign.config import TrainConfig, resolve

    folder = tmp_path_factory.mktemp("trained")
    settings: dict[str, Any] = {
        "data": {"synthetic": WORLD},
        "prepare": {"frames": 12},
        "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
        "evaluate": {"bootstrap": 100},
        "batches": {"signs": 10, "clips_per_sign": 2},
        "optim": {"epochs": 1},
        "device": "cpu",
    }
    tracker = connect(f"sqlite:///{folder}/mlflow.db")
    train(
        resolve(TrainConfig, settings),
        connect=lambda: tracker,
        folder=folder / "runs" / "first",
        say=lambda line: None,
        on_ray=False,
    )
    return folder


@pytest.fixture
def there(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mlflow.db").write_bytes((trained / "mlflow.db").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_a_dry_run_says_what_would_be_done_and_does_nothing(there: Path) -> None:
    before = (there / "mlflow.db").stat().st_mtime_ns
    done = CliRunner().invoke(retrain, ["--dry-run", "--local", *DECLARED, "workers=2"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "recipe: raysign-encoder version 1: transformer, loss supcon, 1 epochs; the last epoch is "
        "kept",
        "trains: seeds 0, 1, 2 workers each",
        *[
            line
            for line in done.stdout.splitlines()
            if line.startswith("data: synthetic, 40 train")
        ],
        "registers: seed 0, as candidate of raysign-encoder",
        "compared with: version 1, the champion",
        "protocol val: clips, 20 query clips of synthetic:val ask synthetic:train: map must not be "
        "worse by 1",
        "how long: leave out --local, and a few batches are trained to see",
        "nothing was written; the same command without --dry-run runs it",
    ]
    assert {*os.listdir(there)} <= {"mlflow.db", "mlflow.db.lock"}
    assert (there / "mlflow.db").stat().st_mtime_ns == before


def test_a_dry_run_needs_no_mlflow(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    done = CliRunner().invoke(retrain, [str(trained / "runs" / "first"), *DRY])
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    assert (plan["champion"], plan["seeds"], plan["trainings"]) == (None, [0, 1, 2], None)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_on_ray_says_what_a_seed_takes(there: Path) -> None:
    try:
        people = CliRunner().invoke(retrain, ["--dry-run", *DECLARED])
        machine = CliRunner().invoke(retrain, ["--dry-run", *DECLARED, "--json"])
    finally:
        ray.shutdown()
    assert people.exit_code == 0, people.output
    lines = people.stdout.splitlines()
    assert any(
        re.match(r"plan: 2 trainings, \S+ s an epoch .*: about \d+ (s|min)", one) for one in lines
    )
    assert machine.exit_code == 0, machine.output
    plan = json.loads(machine.stdout)
    both, (each,) = plan["trainings"]["seconds"]["likely"], plan["trainings"]["profiled"]
    assert both > 2 * each["epochs"] * each["epoch_s"] > 0
    assert {*os.listdir(there)} <= {"mlflow.db", "mlflow.db.lock"}


def test_it_prints_what_was_decided(there: Path) -> None:
    args = ["--local", "--name", "r", "--json", *DECLARED, "train.optim.epochs=2"]
    done = CliRunner().invoke(retrain, args)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["promoted"] is True
    assert told["model"] == "models:/raysign-encoder/2"
    assert told["protocols"][0]["passed"] is True
    assert told["protocols"][0]["seeds_pass"] == 2
    assert Path(told["bundle"]) == there / "runs" / "r" / "seed-0" / "bundle"
    people = CliRunner().invoke(retrain, [a for a in args if a != "--json"])
    assert people.exit_code == 0, people.output
    assert "| val | not worse by 1 | mAP |" in people.stdout
    assert "promoted: version 2 is the champion, after version 1" in people.stdout
    assert "the page: " in people.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nowhere",), "'nowhere' is no folder, no model in the registry and no run in MLflow"),
        (("models:/raysign-keywords@champion",), "no model 'models:/raysign-keywords@champion'"),
        (("gates=3",), "gates"),
        (
            ("train.optim.epoch=3",),
            "train: optim.epoch: no such setting; did you mean 'optim.epochs'?",
        ),
        (("--data", "nowhere"), "no store at 'nowhere'"),
        (("--data", "d😀"), "no store at 'd😀'"),
        (("train.seed=77",), "train.seed=77 is not read"),
        (("protocols.val.queries=synthetic:val",), "give queries and gallery, or neither"),
        (("--out", "s3://bucket/runs"), "--out takes a folder that every node reaches"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    there: Path, args: tuple[str, ...], words: str
) -> None:
    done = CliRunner().invoke(retrain, [*args, "--local"])
    assert done.exit_code == 2, done.output
    line = done.stderr
    assert line.startswith("error: ")
    assert words in line
    assert line.count("\n") == 1
    assert {*os.listdir(there)} <= {"mlflow.db", "mlflow.db.lock"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_ray_killed_in_the_middle_the_same_command_goes_on(there: Path) -> None:
    """SIGKILL of the driver while the second seed trains on two workers."""

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "jobs" / "retrain.py"), "--name", "r", *DECLARED),
                *("workers=2", "train.optim.epochs=40", "--json"),
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    with start() as process:
        assert process.stderr is not None
        second = False
        for line in process.stderr:
            second = second or line.startswith("seed-1:")
            if second and line.startswith("epoch   3/40"):
                break
        os.killpg(process.pid, signal.SIGKILL)
    with start() as process:
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert "seed-0 has finished already" in err
    assert "goes on from the checkpoint of epoch" in err
    told = json.loads(out)
    assert told["promoted"] is True
    tracker = connect()
    assert [v.aliases for v in versions_of(tracker, NAME)] == [("candidate", "champion"), ()]
    assert [m.version for m in moves_of(tracker, NAME)] == ["1", "2"]
    runs = tracker.client.search_runs([tracker.experiment_id])
    statuses = {run.info.run_name: run.info.status for run in reversed(runs)}
    assert statuses == {name: "FINISHED" for name in ("first", "r", "seed-0", "seed-1")}
    assert not [run for run in runs if run.info.status == "RUNNING"]
