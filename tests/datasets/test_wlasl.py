from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from raysign.clip import Clips
from raysign.datasets.wlasl import (
    LANDMARKS,
    WlaslInstance,
    clips_from_landmarks,
    find,
    read_metadata,
)
from raysign.errors import DataError, LayoutError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from pathlib import Path


def instance(video_id: str, **known: Any) -> dict[str, Any]:
    """As one stands in WLASL_v0.3.json."""
    return {
        "bbox": [385, 37, 885, 720],
        "fps": 25,
        "frame_end": -1,
        "frame_start": 1,
        "instance_id": 0,
        "signer_id": 118,
        "source": "aslbrick",
        "split": "train",
        "url": "http://example.org/book.mp4",
        "variation_id": 0,
        "video_id": video_id,
    } | known


METADATA = [
    {
        "gloss": "book",
        "instances": [instance("69241"), instance("00335", split="val", signer_id=-1)],
    },
    {
        "gloss": "drink",
        "instances": [
            instance("17710", frame_start=10, frame_end=55, variation_id=1),
            instance("17711", split="test", fps=0, bbox=None),
        ],
    },
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The layout in which WLASL lies on disk, with three of four videos and landmarks."""
    (tmp_path / "WLASL_v0.3.json").write_text(json.dumps(METADATA))
    (tmp_path / "videos").mkdir()
    (tmp_path / "landmarks").mkdir()
    for name in ("69241.mp4", "17710.MKV", "17711.mp4", "00335.txt", "99999.mp4"):
        (tmp_path / "videos" / name).touch()
    rng = np.random.default_rng(0)
    np.save(tmp_path / "landmarks" / "69241.npy", rng.random((4, 75, 3)))
    np.savez(tmp_path / "landmarks" / "17710.npz", pose=rng.random((5, 225)).astype(np.float32))
    np.savez_compressed(tmp_path / "landmarks" / "17711.npz", rng.random((2, 75, 3)))
    return tmp_path


def test_metadata(tree: Path) -> None:
    rows = read_metadata(tree / "WLASL_v0.3.json")
    assert [row.video_id for row in rows] == ["69241", "00335", "17710", "17711"]
    assert rows[2] == WlaslInstance(
        video_id="17710",
        sign="drink",
        split="train",
        signer="118",
        fps=25.0,
        frame_start=10,
        frame_end=55,
        bbox=(385, 37, 885, 720),
        instance_id=0,
        variation_id=1,
        url="http://example.org/book.mp4",
    )
    assert (rows[0].frame_end, rows[1].signer, rows[3].fps, rows[3].bbox) == (None, "", None, None)


def test_a_subset_is_the_first_signs(tree: Path) -> None:
    assert {row.sign for row in read_metadata(tree / "WLASL_v0.3.json", 1)} == {"book"}
    for subset in (0, 3):
        with pytest.raises(DataError, match=f"between 1 and the 2 signs of .*, got {subset}"):
            read_metadata(tree / "WLASL_v0.3.json", subset)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{",
            r"is not WLASL metadata: it is not JSON \(EOF .*\); give the path of WLASL_v0.3.json$",
        ),
        ('{"book": []}', "metadata: must be a list of signs; give the path of WLASL_v0.3.json$"),
        ('[{"instances": []}]', "0.gloss: has to be given$"),
        (json.dumps([{"gloss": "", "instances": []}]), "0.gloss: must have at least 1"),
        (json.dumps([METADATA[0], {"gloss": "x", "instances": [{}]}]), "1.instances.0.video_id:"),
        (
            json.dumps([{"gloss": "x", "instances": [instance("1"), instance("2", split="dev")]}]),
            "0.instances.1.split: must be 'train', 'val' or 'test', got 'dev'$",
        ),
        (
            json.dumps([{"gloss": "x", "instances": [instance("../1"), instance("a/b")]}]),
            r"0.instances.0.video_id: .* got '../1' \(and 1 more like it\)",
        ),
    ],
)
def test_other_json_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_metadata(tmp_path / "a.json")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file or directory; give the path of WLASL_v0"):
        read_metadata(tmp_path / "nowhere.json")


def test_the_manifest_says_what_is_there_and_what_is_missing(tree: Path) -> None:
    got = find(tree / "WLASL_v0.3.json", tree / "videos")
    assert [(row.clip_id, row.path.removeprefix(f"{tree}/videos/")) for row in got.rows] == [
        ("69241", "69241.mp4"),
        ("17710", "17710.MKV"),
        ("17711", "17711.mp4"),
    ]
    assert (got.missing, got.foreign) == (("00335",), ("99999.mp4",))
    assert got.rows[1] == VideoClip(
        clip_id="17710",
        path=str(tree / "videos" / "17710.MKV"),
        sign="drink",
        signer="118",
        split="train",
        language="ase",
        dataset="wlasl",
    )
    landmarks = find(tree / "WLASL_v0.3.json", tree / "landmarks", 1, suffixes=LANDMARKS)
    assert ([len(landmarks.rows)], landmarks.missing) == ([1], ("00335",))
    (tree / "empty").mkdir()
    with pytest.raises(DataError, match=r"none of the 4 clips .* expected files such as 69241.mp4"):
        find(tree / "WLASL_v0.3.json", tree / "empty")
    with pytest.raises(DataError, match=r"cannot read folder .*: No such file"):
        find(tree / "WLASL_v0.3.json", tree / "nowhere")


def test_landmarks_become_clips(tree: Path) -> None:
    first, second, third = clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks")
    assert (first.clip_id, first.sign, first.signer, first.split) == (
        "69241",
        "book",
        "118",
        "train",
    )
    assert (first.language, first.dataset, first.fps, first.layout) == (
        "ase",
        "wlasl",
        25.0,
        "holistic75",
    )
    original = np.load(tree / "landmarks" / "69241.npy")
    np.testing.assert_allclose(first.xyz, original, rtol=1e-6)
    flat = np.load(tree / "landmarks" / "17710.npz")["pose"]
    np.testing.assert_array_equal(second.xyz[3, 7], flat[3, 21:24])
    assert (third.split, third.fps, len(third.xyz)) == ("test", None, 2)
    (only,) = clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks", 1)
    assert only.dataset == "wlasl1"
    assert len(Clips.pack([first, second, third])) == 3


def test_missing_joints_become_nan(tree: Path) -> None:
    xyz = np.random.default_rng(0).random((3, 42, 3))
    xyz[0, 5] = 0
    xyz[1, 6, 2] = np.nan
    xyz[2, 7, :2] = 0  # x and y at the origin with a depth: a joint
    np.save(tree / "landmarks" / "69241.npy", xyz)
    (clip,) = clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks", 1)
    assert clip.layout == "hands42"
    missing = np.isnan(clip.xyz)
    assert missing[0, 5].all()
    assert missing[1, 6].all()
    assert missing.sum() == 6


@pytest.mark.parametrize(
    ("array", "kind", "message"),
    [
        (
            np.zeros((3, 543, 3)),
            LayoutError,
            r"must be \(frames, 75, 3\) or \(frames, 42, 3\), got",
        ),
        (np.zeros((3, 75, 2)), LayoutError, r"got \(3, 75, 2\)"),
        (np.zeros((3, 150)), LayoutError, r"got \(3, 50, 3\)"),
        (np.zeros(225), LayoutError, r"got \(225,\)"),
        (np.zeros((3, 75, 3), dtype=np.int64), DataError, "must be floating-point, got int64"),
        (np.array([{"a": 1}]), DataError, "is not a NumPy array file: .*allow_pickle"),
    ],
)
def test_other_arrays_are_refused(
    tree: Path, array: np.ndarray, kind: type[Exception], message: str
) -> None:
    np.save(tree / "landmarks" / "69241.npy", array)
    with pytest.raises(kind, match=message) as caught:
        list(clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks"))
    assert "69241.npy'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04 half a zip", b"text"])
def test_damaged_arrays_are_refused(tree: Path, content: bytes) -> None:
    (tree / "landmarks" / "69241.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"69241.npy' is not a NumPy array file: "):
        list(clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks"))


def test_several_arrays_in_a_file_are_refused(tree: Path) -> None:
    np.savez(tree / "landmarks" / "17710.npz", pose=np.zeros((1, 75, 3)), hands=np.zeros(1))
    with pytest.raises(DataError, match=r"17710.npz' must hold one array, got pose, hands"):
        list(clips_from_landmarks(tree / "WLASL_v0.3.json", tree / "landmarks"))
