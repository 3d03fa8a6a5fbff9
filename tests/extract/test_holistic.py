from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.errors import ExtractionError
from raysign.extract import Landmarker, Landmarks, chosen_backend, open_landmarker
from raysign.extract.holistic import graph_without_face
from raysign.video import open_video

pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")
# MediaPipe 0.10.21 calls what protobuf 4.25 wants to give up.
pytestmark = pytest.mark.filterwarnings("ignore:SymbolDatabase.GetPrototype")


def reference(pictures: list[Any], **options: Any) -> list[Landmarks]:
    """MediaPipe's own class, face mesh and all, read joint by joint."""
    from mediapipe.python.solutions.holistic import Holistic

    found = []
    with Holistic(model_complexity=1, **options) as holistic:
        for rgb in pictures:
            result = holistic.process(rgb.copy())
            xyz, confidence = np.full((75, 3), np.nan, np.float32), np.zeros(75, np.float32)
            for marks, first, is_hand in (
                (result.pose_landmarks, 0, False),
                (result.left_hand_landmarks, 33, True),
                (result.right_hand_landmarks, 54, True),
            ):
                for joint, mark in enumerate(marks.landmark if marks else ()):
                    xyz[first + joint] = mark.x, mark.y, mark.z
                    confidence[first + joint] = 1 if is_hand else mark.visibility
            found.append(Landmarks(xyz, confidence))
    return found


def look(landmarker: Landmarker, pictures: list[Any]) -> list[Landmarks]:
    return [landmarker.landmarks(rgb) for rgb in pictures]


def assert_same(one: list[Landmarks], other: list[Landmarks]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.xyz, b.xyz, equal_nan=True)
        assert np.array_equal(a.confidence, b.confidence)


def test_the_face_is_gone_from_the_graph() -> None:
    graph = graph_without_face()
    assert [node.calculator for node in graph.node] == [
        "PoseLandmarkCpu",
        "HandLandmarksLeftAndRightCpu",
    ]
    assert "face" not in str(graph).lower()


def test_body_as_with_the_face_bit_for_bit_and_again_after_a_reset(made: Any) -> None:
    pictures = made.person(6)
    landmarker = open_landmarker(ExtractConfig(backend="holistic"))
    first = look(landmarker, pictures)
    assert sum(~np.isnan(found.xyz[0, 0]) for found in first) >= 5, "nobody seen: tests nothing"
    assert_same(first, reference(pictures))
    look(landmarker, made.person(9)[5:])
    landmarker.reset()
    landmarker.reset()
    assert_same(look(landmarker, pictures), first)
    landmarker.close()
    landmarker.close()


def test_settings_reach_the_graph(made: Any) -> None:
    pictures = made.person(4)
    landmarker = open_landmarker(
        ExtractConfig(detection_confidence=0.3, tracking_confidence=0.99, smooth=False)
    )
    found = look(landmarker, pictures)
    landmarker.close()
    options = {"min_detection_confidence": 0.3, "min_tracking_confidence": 0.99}
    assert_same(found, reference(pictures, smooth_landmarks=False, **options))
    with pytest.raises(AssertionError):
        assert_same(found, reference(pictures))


@pytest.mark.real
def test_hands_as_with_the_face_bit_for_bit(real_data: Path) -> None:
    with open_video(real_data / "videos" / "06477.mp4") as frames:
        pictures = [frame.rgb for frame in frames]
    landmarker = open_landmarker(ExtractConfig())
    found = look(landmarker, pictures)
    landmarker.close()
    assert any(~np.isnan(one.xyz[54, 0]) for one in found), "no hand seen: tests nothing"
    assert_same(found, reference(pictures))


@pytest.mark.parametrize(("complexity", "model"), [(0, "lite"), (2, "heavy")])
def test_a_model_that_is_not_in_the_wheel_is_named_and_never_downloaded(
    complexity: int, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no download")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    config = ExtractConfig(complexity=complexity)
    for call in (chosen_backend, open_landmarker):
        with pytest.raises(ExtractionError) as raised:
            call(config)
        message = str(raised.value)
        assert f"/pose_landmark_{model}.tflite into " in message
        assert "complexity=1" in message
        assert "\n" not in message
