"""``--dry-run`` through the doors: some configs train for a few batches, and nothing is left."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from click.testing import CliRunner, Result

from raysign.cli.sweep import sweep
from raysign.cli.train import train
from raysign.config import SweepConfig, resolve
from raysign.sweep import profile as profiling
from raysign.sweep.placement import Need, Placed
from raysign.sweep.profile import PeakMemory, Profiled, draw, profile
from raysign.sweep.ready import space_of

TINY = """
  data: {synthetic: {signs: 20, train_signers: 2, val_signers: 1}}
  batches: {signs: 10, clips_per_sign: 2}
  encoder: {width: 16, heads: 2, depth: 1, feedforward: 16, embedding: 8}
  evaluate: {bootstrap: 100}
"""
# A temperature of 5e-39 fits its type, and makes the loss infinite.
SPACE = """
space:
  prepare.frames: {choice: [8, 12]}
  loss.temperature: {choice: [0.1, 5.0e-39]}
placement: {price_per_node_hour: 3600}
trials: 4
train:
"""


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(SPACE + TINY)
    (tmp_path / "run.yaml").write_text(TINY.replace("\n  ", "\n"))
    return tmp_path


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir()) == ["run.yaml", "space.yaml"], "something is left behind"
    return result


def test_a_sweep_is_planned_from_a_few_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.sweep.dry_run.DRAWN", 4)
    asked = ["--config", "space.yaml", "--dry-run", "--json", "placement.trials_at_once=1"]
    result = done(CliRunner().invoke(sweep, asked))
    plan = json.loads(result.stdout)
    assert (plan["trials"], plan["at_once"], plan["fit"]) == (4, 1, 2)
    profiled = plan["profiled"]
    assert len(profiled) == 4
    failed = [one for one in profiled if one["error"]]
    assert 0 < len(failed) < 4, "another seed draws both"
    for one in profiled:
        assert bool(one["error"]) == (one["values"]["loss.temperature"] == 5e-39)
        if not one["error"]:
            assert one["epoch_s"] > 0
            assert one["measure_s"] > 0
            assert one["memory"] > 50 * 2**20
    assert plan["preparations"] == 2
    assert 0 < plan["seconds"]["least"] <= plan["seconds"]["likely"] <= plan["seconds"]["most"]
    assert plan["cost"]["likely"] == pytest.approx(plan["seconds"]["likely"])
    assert "profiled 4/4: " in result.stderr


def test_a_training_is_planned_likewise(folder: Path) -> None:
    asked = ["--config", "run.yaml", "--dry-run", "workers=2", "optim.epochs=50"]
    lines = done(CliRunner().invoke(train, asked)).stdout.splitlines()
    plan = [line for line in lines if line.startswith("plan: ")]
    assert plan[0].startswith("plan: 1 trial at a time, each 2 workers × 1 CPU; clips ")
    assert ": up to 2 workers, 2 of 2 CPUs, memory " in plan[1]
    assert plan[2].startswith("plan: 1 training, ")
    assert " where patience ends each as early as it can, " in plan[2]
    assert lines[-1] == "nothing was written; the same command without --dry-run runs it"
    result = CliRunner().invoke(train, [*asked, "--local"])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: --dry-run looks at the cluster that --local does without; give one\n"
    )


def test_a_process_that_is_lost_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.sweep.dry_run.DRAWN", 1)

    def dies(*_: Any) -> None:
        os._exit(1)

    monkeypatch.setattr(profiling, "_rehearsed", dies)
    result = CliRunner().invoke(sweep, ["--config", "space.yaml", "--dry-run"])
    assert result.exit_code == 2
    assert "note: 1 of 1 drawn configs failed: " in result.stdout
    assert "about" not in result.stdout, "nothing is known of its time"
    assert "nothing was written" not in result.stdout
    assert result.stderr.splitlines()[-1] == (
        "error: nothing was written, and nothing would be trained: all that was tried fails, as "
        "the plan says"
    )
    machine = CliRunner().invoke(sweep, ["--config", "space.yaml", "--dry-run", "--json"])
    assert machine.exit_code == 2
    assert json.loads(machine.stdout)["seconds"] is None


class FakeRay:
    """Tasks that end in the order in which they were begun."""

    exceptions = ray.exceptions

    def __init__(self) -> None:
        self.begun = self.ended = self.most = 0

    def remote(self, *given: Any) -> Any:
        if callable(given[0]):
            return self  # as a decorator
        self.begun += 1
        self.most = max(self.most, self.begun - self.ended)
        return self.begun

    def options(self, **held: Any) -> FakeRay:
        return self

    def put(self, value: Any) -> Any:
        return value

    def wait(self, running: list[int], num_returns: int) -> Any:
        self.ended += 1
        return [min(running)], None

    def get(self, done: int) -> Profiled:
        return Profiled({"number": done}, 1, 1, 1)


@pytest.mark.parametrize(("at_once", "workers", "most"), [(1, 1, 1), (2, 1, 2), (1, 3, 3)])
def test_as_many_at_a_time_as_trials_would_run(
    at_once: int, workers: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeRay()
    monkeypatch.setattr(profiling, "ray", fake)
    ready: Any = SimpleNamespace(
        material=SimpleNamespace(data=None),
        start=None,
        space=space_of(resolve(SweepConfig, {"space": {"seed": {"choice": [1]}}})),
        threads=1,
        placed=Placed(workers, Need(1), at_once, fit=2, most=(2,)),
    )
    seen = profile(ready, [{}] * 5, lambda line: None)
    assert [one.values["number"] for one in seen] == [1, 2, 3, 4, 5]
    assert fake.most == most


def test_a_worker_takes_its_share_of_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is P / 2 signs to it, of which an epoch has twice as many."""
    training = SimpleNamespace(rehearse=lambda batches: (8.0, 1.0))
    monkeypatch.setattr(profiling, "build_training", lambda *_: training)
    monkeypatch.setattr(profiling, "cost", lambda *_: {})
    asked = {"space": {"seed": {"choice": [1]}}, "placement": {"workers": 2}}
    ready: Any = SimpleNamespace(
        space=space_of(resolve(SweepConfig, asked)),
        placed=Placed(workers=2, need=Need(1), at_once=1, fit=1, most=(2,)),
    )
    config = profiling._alone(ready, {})
    assert (config.workers, config.batches.signs, config.device) == (1, 16, "cpu")
    seen = profiling._rehearsed(config, {}, None, None, None, 1, 2, 0.0)
    assert (seen.epoch_s, seen.measure_s) == (4.0, 1.0)


def test_draws_are_all_over_the_space_and_the_seeds() -> None:
    space = {"encoder.kind": {"choice": ["transformer", "conv_transformer"]}}
    space["encoder.groups"] = {"choice": [1, 2], "when": {"encoder.kind": "conv_transformer"}}
    made = space_of(resolve(SweepConfig, {"space": space}))
    drawn = draw(made, 20, seed=3)
    assert drawn == draw(made, 20, seed=3)
    assert drawn != draw(made, 20, seed=4)
    for values in drawn:
        assert ("encoder.groups" in values) == (values["encoder.kind"] == "conv_transformer")
        made.config(values)


def test_the_most_memory_that_it_had() -> None:
    with PeakMemory() as before:
        pass
    with PeakMemory() as memory:
        # Pages of its own: the allocator may hold as many that were used before.
        held = mmap.mmap(-1, 100 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        held.write(b"1" * (100 << 20))
        memory._over.wait(0.2)
        held.close()
        memory._over.wait(0.2)
    assert 90 << 20 < memory.most - before.most < 250 << 20
