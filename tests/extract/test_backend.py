from __future__ import annotations

import sys
from pathlib import Path

import pytest

from raysign.config import ExtractConfig
from raysign.config.extract import CropConfig
from raysign.errors import ExtractionError
from raysign.extract import backend, chosen_backend, fingerprint


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MediaPipe that was never imported: 0.10.21's folder with the graph and one body model."""
    for name in (str(backend.GRAPH), "modules/pose_landmark/pose_landmark_full.tflite"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setattr(backend, "package_folder", lambda: tmp_path)
    monkeypatch.setattr(backend, "package_version", lambda: "0.10.21")
    return tmp_path


@pytest.fixture
def newer(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newer one, without the graph."""
    (package / backend.GRAPH).unlink()
    monkeypatch.setattr(backend, "package_version", lambda: "1.2.2")
    return package


def test_auto_takes_what_is_installed(package: Path) -> None:
    assert chosen_backend(ExtractConfig()) == "holistic"


def test_auto_takes_the_tasks_where_the_graph_is_gone(newer: Path) -> None:
    with pytest.raises(ExtractionError) as raised:
        chosen_backend(ExtractConfig())
    message = str(raised.value)
    assert "none was given" in message
    assert "download https://storage.googleapis.com/" in message
    assert "/holistic_landmarker.task and set model to its path" in message
    with pytest.raises(ExtractionError, match=r"there is none at 'no/where.task'"):
        chosen_backend(ExtractConfig(model="no/where.task"))
    model = newer / "holistic_landmarker.task"
    model.write_bytes(b"model")
    assert chosen_backend(ExtractConfig(model=str(model))) == "tasks"
    with pytest.raises(ExtractionError, match=r"^MediaPipe 1\.2\.2 has no Holistic graph; pip"):
        chosen_backend(ExtractConfig(backend="holistic", model=str(model)))


def test_without_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExtractionError, match=r"not installed; pip install 'raysign\[extract\]'$"):
        fingerprint(ExtractConfig())


def test_the_fingerprint_knows_what_decides(package: Path) -> None:
    same = fingerprint(ExtractConfig())
    assert len(same) == 16
    int(same, 16)
    assert fingerprint(ExtractConfig()) == same
    for other in (
        {"timeout_s": 5.0},
        {"backend": "holistic"},  # what auto means here
        {"model": "unread.task"},
    ):
        assert fingerprint(ExtractConfig.model_validate(other)) == same, other
    different = [
        fingerprint(ExtractConfig.model_validate(other))
        for other in (
            {"detection_confidence": 0.4},
            {"tracking_confidence": 0.4},
            {"smooth": False},
            {"fps": 25},
            {"crop": CropConfig(left=0.1)},
            {"rotation": 90},
            {"min_frames": 3},
            {"max_s": 60.0},
            {"max_frames": 60},
            {"max_pixels": 60},
            {"most_fps": 60},
            {"keep_truncated": True},
        )
    ]
    assert len({same, *different}) == 1 + len(different)


def test_the_fingerprint_knows_versions_and_models(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {fingerprint(ExtractConfig())}
    monkeypatch.setattr(backend, "decoder_version", lambda: "libavcodec 99")
    seen.add(fingerprint(ExtractConfig()))
    monkeypatch.setattr(backend, "package_version", lambda: "0.10.20")
    seen.add(fingerprint(ExtractConfig()))
    (package / backend.GRAPH).write_bytes(b"another graph")
    seen.add(fingerprint(ExtractConfig()))
    assert len(seen) == 4


def test_the_fingerprint_of_tasks_knows_the_model_but_not_its_place(newer: Path) -> None:
    prints = []
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (newer / name).write_bytes(content)
        prints.append(fingerprint(ExtractConfig(model=str(newer / name), complexity=2)))
    assert prints[0] == prints[1] != prints[2]
    assert prints[0] == fingerprint(ExtractConfig(model=str(newer / "a"), complexity=1))


def test_the_real_one_needs_no_import() -> None:
    before = set(sys.modules)
    assert len(fingerprint(ExtractConfig())) == 16
    assert not any(name.startswith("mediapipe") for name in set(sys.modules) - before)
