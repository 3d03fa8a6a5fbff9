from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

from raysign.clip import Clip
from raysign.datasets.pose_files import COMPONENTS, LEAST, read_pose, write_pose
from raysign.datasets.pose_folder import write_folder
from raysign.errors import DataError, LayoutError, StoreError
from raysign.manifest import VideoClip
from raysign.skeleton import HOLISTIC75
from raysign.store import read_manifest, write_manifest


def make(clip_id: str = "a", frames: int = 6, **known: Any) -> Clip:
    """Landmarks as a store holds them; a fifth of the joints is missing."""
    rng = np.random.default_rng(list(clip_id.encode()))
    xyz = rng.normal(0.5, 0.4, (frames, 75, 3)).astype(np.float16)
    confidence = rng.random((frames, 75)).astype(np.float16)
    gone = rng.random((frames, 75)) < 0.2
    xyz[gone], confidence[gone] = np.nan, 0
    facts = {"fps": 25.0, "width": 210, "height": 260, "confidence": confidence} | known
    return Clip(clip_id, xyz, "holistic75", **facts)


def there_and_back(clip: Clip, folder: Path) -> Clip:
    write_pose(clip, folder / "clip.pose")
    assert [path.name for path in folder.iterdir()] == ["clip.pose"]
    return read_pose(VideoClip(clip.clip_id, str(folder / "clip.pose")))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (210, 260), (1920, 1080), (3840, 2161)])
def test_there_and_back_is_the_same_to_the_last_bit(
    tmp_path: Path, width: int, height: int
) -> None:
    clip = make(width=width, height=height, fps=29.5)
    got = there_and_back(clip, tmp_path)
    np.testing.assert_array_equal(got.xyz.astype(np.float16), clip.xyz)
    np.testing.assert_array_equal(got.confidence.astype(np.float16), clip.confidence)
    assert (got.fps, got.width, got.height) == (29.5, width, height)


def test_what_is_not_known(tmp_path: Path) -> None:
    clip = make(fps=None, width=None, height=None, confidence=None)
    got = there_and_back(clip, tmp_path)
    np.testing.assert_array_equal(got.xyz.astype(np.float16), clip.xyz)
    assert (got.fps, got.width, got.height) == (None, 1000, 1000)
    np.testing.assert_array_equal(got.confidence, ~np.isnan(clip.xyz[..., 0]))


def test_a_joint_that_is_there_stays_there_whatever_its_confidence(tmp_path: Path) -> None:
    clip = make(confidence=np.zeros((6, 75), dtype=np.float16))
    got = there_and_back(clip, tmp_path)
    np.testing.assert_array_equal(got.xyz.astype(np.float16), clip.xyz)
    assert set(np.unique(got.confidence).tolist()) == {0.0, LEAST}
    assert np.float16(LEAST) > 0


def test_pose_format_reads_what_is_written(tmp_path: Path) -> None:
    clip = make()
    write_pose(clip, tmp_path / "clip.pose")
    pose = Pose.read((tmp_path / "clip.pose").read_bytes())
    assert [c.name for c in pose.header.components] == [
        "POSE_LANDMARKS",
        "LEFT_HAND_LANDMARKS",
        "RIGHT_HAND_LANDMARKS",
    ]
    assert pose.body.data.shape == (6, 1, 75, 3)
    nose = pose.body.data[:, 0, pose.header.get_point_index("POSE_LANDMARKS", "NOSE")]
    expected = clip.xyz[:, 0].astype(np.float32) * [210, 260, 1]
    np.testing.assert_allclose(nose.filled(np.nan), expected, rtol=1e-6)
    tip = pose.header.get_point_index("RIGHT_HAND_LANDMARKS", "PINKY_TIP")
    assert tip == HOLISTIC75.joint("right_hand_pinky_tip")
    np.testing.assert_array_equal(pose.body.data.mask[..., 0], np.isnan(clip.xyz[:, None, :, 0]))


def test_components_are_pose_formats_own(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    from pose_format.utils.generic import detect_known_pose_format
    from pose_format.utils.holistic import holistic_components

    write_pose(make(), tmp_path / "clip.pose")
    pose = Pose.read((tmp_path / "clip.pose").read_bytes())
    assert detect_known_pose_format(pose) == "holistic"
    theirs = {component.name: component for component in holistic_components()}
    for ours in pose.header.components:
        assert list(ours.points) == list(theirs[ours.name].points)
        assert ours.format == theirs[ours.name].format
        limbs = [{frozenset(limb) for limb in one.limbs} for one in (ours, theirs[ours.name])]
        assert limbs[0] == limbs[1]


def foreign(
    path: Path,
    components: dict[str, list[str]],
    *,
    people: int = 1,
    size: tuple[int, int] = (100, 50),
    point_format: str = "XYZC",
) -> tuple[VideoClip, np.ndarray]:
    """A file that another program wrote; person p's confidence is 0.1 × (p + 1)."""
    named = [
        PoseHeaderComponent(name, points, [], [(0, 0, 0)], point_format)
        for name, points in components.items()
    ]
    total, axes = sum(map(len, components.values())), len(point_format) - 1
    data = np.random.default_rng(0).random((3, people, total, axes)).astype(np.float32)
    confidence = np.full((3, people, total), 0.1) * (1 + np.arange(people))[:, None]
    header = PoseHeader(0.2, PoseHeaderDimensions(*size), named)
    with path.open("wb") as file:
        Pose(header, NumPyPoseBody(25, data, confidence)).write(file)
    return VideoClip("a", str(path)), data


def test_joints_are_found_by_name(tmp_path: Path) -> None:
    """As pose-format's reduced Holistic: a face, and a part of the body in another order."""
    components = {
        "FACE_LANDMARKS": ["0", "1"],
        "POSE_LANDMARKS": ["RIGHT_WRIST", "NOSE", "TAIL"],
        "POSE_WORLD_LANDMARKS": ["NOSE"],
    }
    row, data = foreign(tmp_path / "a.pose", components)
    clip = read_pose(row)
    there = [HOLISTIC75.joint("nose"), HOLISTIC75.joint("right_wrist")]
    np.testing.assert_allclose(clip.xyz[:, there[0]], data[:, 0, 3] / [100, 50, 1], rtol=1e-6)
    np.testing.assert_allclose(clip.xyz[:, there[1]], data[:, 0, 2] / [100, 50, 1], rtol=1e-6)
    others = np.delete(clip.xyz, there, axis=1)
    assert np.isnan(others).all()
    assert (np.delete(clip.confidence, there, axis=1) == 0).all()


def test_two_dimensions_and_two_people(tmp_path: Path) -> None:
    components = {"LEFT_HAND_LANDMARKS": ["WRIST"]}
    row, data = foreign(tmp_path / "a.pose", components, people=2, point_format="XYC")
    wrist = read_pose(row).xyz[:, HOLISTIC75.joint("left_hand_wrist")]
    np.testing.assert_allclose(wrist[:, :2], data[:, 1, 0] / [100, 50], rtol=1e-6)
    assert (wrist[:, 2] == 0).all()


def test_nobody_in_the_file(tmp_path: Path) -> None:
    row, _ = foreign(tmp_path / "a.pose", {"LEFT_HAND_LANDMARKS": ["WRIST"]}, people=0)
    clip = read_pose(row)
    assert clip.xyz.shape == (3, 75, 3)
    assert np.isnan(clip.xyz).all()


def test_labels_come_from_the_row(tmp_path: Path) -> None:
    write_pose(make(), tmp_path / "a.pose")
    labels = {"sign": "book", "signer": "7", "split": "val", "language": "ase", "dataset": "mine"}
    clip = read_pose(VideoClip("id", str(tmp_path / "a.pose"), **labels))
    assert {name: getattr(clip, name) for name in labels} == labels
    with pytest.raises(DataError, match="a span can be cut out of a video"):
        read_pose(VideoClip("id", str(tmp_path / "a.pose"), start_frame=1))


def test_other_files_are_refused(tmp_path: Path) -> None:
    row, _ = foreign(tmp_path / "a.pose", {"pose_keypoints_2d": ["Nose"]})
    with pytest.raises(DataError, match=r"not of MediaPipe Holistic: it holds pose_keypoints_2d"):
        read_pose(row)
    row, _ = foreign(tmp_path / "a.pose", {"POSE_LANDMARKS": ["NOSE"]}, size=(0, 50))
    with pytest.raises(DataError, match="its picture is 0 × 50 pixels"):
        read_pose(row)
    with pytest.raises(DataError, match=r"cannot read .*b.pose': No such file"):
        read_pose(VideoClip("b", str(tmp_path / "b.pose")))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    row = VideoClip("a", str(tmp_path / "a.pose"))
    write_pose(make(), row.path)
    whole = Path(row.path).read_bytes()
    junk = [b"", b"<html>", bytes(4000), np.random.default_rng(0).bytes(4000)]
    for content in (*junk, *(whole[:size] for size in range(0, len(whole), 313))):
        Path(row.path).write_bytes(content)
        with pytest.raises(DataError, match=r"a.pose' is not a .pose file, or damaged: ") as caught:
            read_pose(row)
        assert "\n" not in str(caught.value)


def test_other_layouts_are_not_written(tmp_path: Path) -> None:
    clip = Clip("a", np.zeros((2, 42, 3), dtype=np.float16), "hands42")
    with pytest.raises(LayoutError, match="are written from holistic75, got hands42"):
        write_pose(clip, tmp_path / "a.pose")
    with pytest.raises(DataError, match=r"cannot write .*nowhere"):
        write_pose(make(), tmp_path / "nowhere" / "a.pose")
    (tmp_path / "taken.pose").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*taken"):
        write_pose(make(), tmp_path / "taken.pose")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.pose"]


def test_a_file_beside_it_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "clip.pose.partial").write_text("mine")
    write_pose(make(), tmp_path / "clip.pose")
    assert (tmp_path / "clip.pose.partial").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_keeps_every_id_and_label(tmp_path: Path) -> None:
    ids = ["book/1", "book/2", "../out", "a b", "50%", "ş"]
    clips = [make(name, sign="s", signer=str(i), split="train") for i, name in enumerate(ids)]
    assert write_folder(tmp_path / "out", iter(clips), write_manifest) == len(ids)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(list((tmp_path / "out").iterdir())) == len(ids) + 1
    rows = read_manifest(tmp_path / "out" / "manifest.csv")
    assert [(row.clip_id, row.signer) for row in rows] == [(n, str(i)) for i, n in enumerate(ids)]
    for row, clip in zip(rows, clips, strict=True):
        np.testing.assert_array_equal(read_pose(row).xyz.astype(np.float16), clip.xyz)


def test_a_folder_is_whole_or_not_there(tmp_path: Path) -> None:
    def half() -> Any:
        yield make("a")
        raise StoreError("damaged")

    with pytest.raises(StoreError, match="damaged"):
        write_folder(tmp_path / "out", half(), write_manifest)
    with pytest.raises(DataError, match="no clips to write"):
        write_folder(tmp_path / "out", [], write_manifest)
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", [make("a")], write_manifest)
    with pytest.raises(StoreError, match="it is there already; give a new folder"):
        write_folder(tmp_path / "out", [make("a")], write_manifest)
    (tmp_path / "file").write_text(json.dumps(list(COMPONENTS)))
    with pytest.raises(StoreError, match="it is there already"):
        write_folder(tmp_path / "file", [make("a")], write_manifest)
