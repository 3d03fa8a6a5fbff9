"""The body model without its silhouette: less work, the same landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.extract import Landmarks, open_landmarker
from raysign.extract.backend import body_model
from raysign.extract.lean import SILHOUETTE, lean_resources, without_silhouette

pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")
pytestmark = pytest.mark.filterwarnings("ignore:SymbolDatabase.GetPrototype")


@pytest.fixture(scope="module")
def model() -> Path:
    return body_model(ExtractConfig())


def graph_of(content: bytes) -> Any:
    from mediapipe.tasks.metadata import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0)).subgraphs[0]


def test_only_what_the_silhouette_alone_needs_is_gone(model: Path) -> None:
    lean = without_silhouette(model.read_bytes())
    assert lean is not None
    whole, left = graph_of(model.read_bytes()), graph_of(lean)
    assert len(left.operators) < len(whole.operators)
    made = {out for op in left.operators for out in op.outputs}
    assert all(out in made for out in left.outputs)
    kept = [place for place in range(5) if place != SILHOUETTE]
    assert [left.outputs[p] for p in kept] == [whole.outputs[p] for p in kept]
    assert whole.outputs[SILHOUETTE] not in made
    names = {op.outputs[0]: op for op in whole.operators}
    for op in left.operators:
        assert list(op.inputs) == list(names[op.outputs[0]].inputs)


def test_another_model_is_left_alone(model: Path) -> None:
    hand = model.parents[1] / "hand_landmark" / "hand_landmark_full.tflite"
    assert without_silhouette(hand.read_bytes()) is None


def test_the_folder_is_made_once_and_is_mediapipes_but_for_the_model(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = lean_resources(model)
    assert folder is not None
    modules = folder / "mediapipe" / "modules"
    body = modules / model.parent.name
    assert {p.name for p in body.iterdir()} == {p.name for p in model.parent.iterdir()}
    assert {p.name for p in modules.iterdir()} == {p.name for p in model.parents[1].iterdir()}
    copy = body / model.name
    assert not copy.is_symlink()
    assert copy.stat().st_size < model.stat().st_size
    before = copy.stat().st_mtime_ns
    assert lean_resources(model) == folder
    assert copy.stat().st_mtime_ns == before
    assert [p.name for p in (tmp_path / "raysign").iterdir()] == [folder.name]


def test_landmarks_are_the_same_with_it_and_where_it_cannot_be_made(
    made: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = made.person(6)

    def look() -> list[Landmarks]:
        landmarker = open_landmarker(ExtractConfig())
        found = [landmarker.landmarks(rgb) for rgb in pictures]
        landmarker.close()
        return found

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lean = look()
    assert list((tmp_path / "cache/raysign").glob("mediapipe-*")), "it was not used"
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert lean_resources(model) is None
    for one, other in zip(lean, look(), strict=True):
        np.testing.assert_array_equal(one.xyz, other.xyz)
        np.testing.assert_array_equal(one.confidence, other.confidence)
    assert not np.isnan(lean[-1].xyz[0]).any(), "nobody seen: tests nothing"


def test_a_damaged_copy_would_be_noticed(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the copy is what MediaPipe reads, and not its own model."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = lean_resources(model)
    assert folder is not None
    copy = folder / "mediapipe" / "modules" / model.parent.name / model.name
    copy.write_bytes(b"not a model")
    with pytest.raises(RuntimeError, match="TfLiteModelCalculator"):
        open_landmarker(ExtractConfig()).landmarks(np.zeros((64, 64, 3), np.uint8))
