"""What a worker begins with, and what it hands to the driver; without Ray."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from raysign.config import TrainConfig
from raysign.engine import Epoch
from raysign.errors import ConfigError, TrackingError, TrainingError
from raysign.train import worker as module
from raysign.train.checkpoint import furthest, save_state
from raysign.train.progress import finish
from raysign.train.recording import EPOCHS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Told(list[Any]):
    put = list.append


class Diverges:
    """A training that breaks in its first epoch."""

    epoch = 0

    def __init__(self, *_: Any) -> None: ...

    def restore(self, state: dict[str, Any]) -> None:
        self.epoch = state["epoch"]

    def run(self, on_epoch: Any) -> None:
        raise TrainingError("the loss is nan")


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ray as a worker sees it; ``checkpoint`` is the folder of its last one."""
    there = SimpleNamespace(checkpoint=None)

    class Checkpoint:
        @contextmanager
        def as_directory(self) -> Iterator[str]:
            yield str(there.checkpoint)

    context = SimpleNamespace(get_world_rank=lambda: 0)
    monkeypatch.setattr(module.ray, "get", lambda clips: clips)
    monkeypatch.setattr(module.ray.train, "get_context", lambda: context)
    monkeypatch.setattr(
        module.ray.train, "get_checkpoint", lambda: Checkpoint() if there.checkpoint else None
    )
    monkeypatch.setattr(module, "build_training", Diverges)
    return there


def settings(**more: Any) -> dict[str, Any]:
    return {"config": TrainConfig(device="cpu"), "data": None, "threads": 1, **more}


def test_what_would_come_again_goes_to_the_driver_and_is_not_raised(
    ray: Any, tmp_path: Path
) -> None:
    told = Told()
    module.worker(settings(told=told))
    assert [str(error) for error in told] == ["the loss is nan"]
    module.worker(settings(trial=str(tmp_path)))  # which reads it there
    assert (tmp_path / module.ERROR).read_text() == "the loss is nan"


def test_a_training_that_cannot_be_built_is_told_likewise(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: Any) -> Any:
        raise ConfigError("the memory would never be used")

    monkeypatch.setattr(module, "build_training", build)
    told = Told()
    module.worker(settings(told=told))
    assert [str(error) for error in told] == ["the memory would never be used"]
    module.worker(settings(trial=str(tmp_path), cost=build))
    assert (tmp_path / module.ERROR).read_text() == "the memory would never be used"


@pytest.mark.parametrize(("rays", "local"), [(5, 9), (9, 5), (None, 9), (9, None)])
def test_it_goes_on_where_it_came_furthest(
    ray: Any, tmp_path: Path, rays: int | None, local: int | None
) -> None:
    if rays:
        ray.checkpoint = tmp_path / "ray" / "checkpoint_1"
        save_state({"epoch": rays}, ray.checkpoint)
    if local:
        save_state({"epoch": local}, tmp_path / "checkpoints")
    told = Told()
    module.worker(settings(told=told, folder=str(tmp_path)))
    assert told[0] == 9


def test_furthest_of_none() -> None:
    assert furthest(None, None) is None


def test_the_end_of_a_run_does_not_hide_why_it_ended() -> None:
    class Down:
        def finish(self, *_: Any) -> None:
            raise TrackingError("gone")

    said: list[str] = []
    finish(Down(), "run", "FAILED", said.append)  # type: ignore[arg-type]
    assert said == ["note: run run is not marked as failed: gone"]


def test_an_epoch_is_kept_before_its_checkpoint_can_be(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run that goes on from that checkpoint would lack its figures."""

    class OneEpoch(Diverges):
        def best(self) -> dict[str, float]:
            return {}

        state = best

        def run(self, on_epoch: Any) -> None:
            on_epoch(Epoch(number=1, loss=0.5, seconds=1.0, figures={}, improved=True))

    def report(*_: Any, **__: Any) -> None:
        assert '"epoch": 1' in (tmp_path / EPOCHS).read_text()
        raise TrainingError("killed")

    monkeypatch.setattr(module, "build_training", OneEpoch)
    monkeypatch.setattr(module.ray.train, "report", report)
    told = Told()
    module.worker(settings(told=told, folder=str(tmp_path)))
    assert [str(error) for error in told] == ["killed"]
