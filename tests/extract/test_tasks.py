"""No wheel holds the model, so MediaPipe is a stand-in here, but for its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.errors import ExtractionError
from raysign.extract import tasks


@dataclass
class Task:
    """A HolisticLandmarker that counts, and sees a left hand in every second frame."""

    options: Any
    times_ms: list[int] = field(default_factory=list)
    closed: bool = False

    def detect_for_video(self, image: Any, timestamp_ms: int) -> Any:
        assert not self.closed
        assert image.data.dtype == np.uint8
        self.times_ms.append(timestamp_ms)
        n = len(self.times_ms)
        mark = SimpleNamespace(x=0.1 * n, y=0.2, z=-0.3, visibility=0.9, presence=1.0)
        return SimpleNamespace(
            pose_landmarks=[mark] * 33,
            left_hand_landmarks=[mark] * 21 if n % 2 else [],
            right_hand_landmarks=[],
        )

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def made_tasks(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Every task that was made, in order."""
    found: list[Task] = []

    def create(options: Any) -> Task:
        found.append(Task(options))
        return found[-1]

    vision = SimpleNamespace(
        HolisticLandmarker=SimpleNamespace(create_from_options=create),
        HolisticLandmarkerOptions=SimpleNamespace,
        RunningMode=SimpleNamespace(VIDEO="VIDEO"),
    )
    mediapipe = SimpleNamespace(
        tasks=SimpleNamespace(vision=vision, BaseOptions=SimpleNamespace),
        Image=SimpleNamespace,
        ImageFormat=SimpleNamespace(SRGB=1),
    )
    monkeypatch.setattr(tasks, "import_mediapipe", lambda name: mediapipe)
    return found


@pytest.fixture
def config(tmp_path: Path) -> ExtractConfig:
    (tmp_path / "holistic_landmarker.task").write_bytes(b"model")
    return ExtractConfig(
        backend="tasks",
        model=str(tmp_path / "holistic_landmarker.task"),
        detection_confidence=0.3,
        tracking_confidence=0.7,
    )


def test_landmarks_of_a_video(made_tasks: list[Task], config: ExtractConfig) -> None:
    landmarker = tasks.TasksLandmarker(config)
    rgb = np.zeros((4, 6, 3), np.uint8)
    first, second, _ = (landmarker.landmarks(rgb) for _ in range(3))
    assert np.allclose(first.xyz[:54], [0.1, 0.2, -0.3])
    assert np.isnan(first.xyz[54:]).all()
    assert np.allclose(first.confidence, [0.9] * 33 + [1] * 21 + [0] * 21)
    assert np.isnan(second.xyz[33:]).all()
    (task,) = made_tasks
    assert task.times_ms == [0, 33, 67]
    assert task.options.base_options.model_asset_path == config.model
    assert task.options.running_mode == "VIDEO"
    assert task.options.min_pose_detection_confidence == 0.3
    assert task.options.min_pose_landmarks_confidence == 0.7


def test_a_reset_makes_a_new_task(made_tasks: list[Task], config: ExtractConfig) -> None:
    landmarker = tasks.TasksLandmarker(config)
    landmarker.reset()
    assert len(made_tasks) == 1, "nothing to forget yet"
    landmarker.landmarks(np.zeros((4, 6, 3), np.uint8))
    landmarker.reset()
    landmarker.landmarks(np.zeros((4, 6, 3), np.uint8))
    assert [task.closed for task in made_tasks] == [True, False]
    assert made_tasks[1].times_ms == [0]
    landmarker.close()
    landmarker.close()
    assert made_tasks[1].closed


def test_what_the_tasks_cannot_do_is_refused(made_tasks: list[Task], config: ExtractConfig) -> None:
    with pytest.raises(ExtractionError, match="always smooths; set smooth=true"):
        tasks.TasksLandmarker(config.model_copy(update={"smooth": False}))


def test_the_options_are_those_of_the_real_class(config: ExtractConfig) -> None:
    """As installed, with a file that is no model: MediaPipe takes the options and then fails."""
    pytest.importorskip("mediapipe.tasks.python")
    with pytest.raises(ExtractionError, match=r"cannot load '.*holistic_landmarker\.task': "):
        tasks.TasksLandmarker(config)
