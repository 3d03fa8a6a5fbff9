"""What may ask, and what may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from raysign.clip import Clip, Clips
from raysign.config import LookConfig, PrepareConfig, SyntheticConfig
from raysign.datasets.pose_files import write_pose
from raysign.embed import prepare_clips
from raysign.errors import DataError, LayoutError, VideoError
from raysign.extract import Extracted
from raysign.manifest import Outcome, VideoClip
from raysign.pose import Prepare
from raysign.search import query
from raysign.search.query import (
    LONGEST_QUERY_S,
    Reader,
    check_query,
    for_layout,
    is_video,
)
from raysign.skeleton import HANDS42, HOLISTIC75, OPENPOSE55
from raysign.store import write_store
from raysign.synthetic import World
from raysign.video import write_mp4

WORLD = World(SyntheticConfig())


@pytest.fixture
def clip() -> Clip:
    return WORLD.clip(WORLD.sign(7), WORLD.signer(2))


@pytest.fixture
def store(tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> Clip:
    """A folder to stand in, with the clip as ``store``, ``one.pose`` and ``film.mp4``."""
    monkeypatch.chdir(tmp_path)
    write_store("store", [clip])
    write_pose(clip, "one.pose")
    write_mp4("film.mp4", (np.full((32, 32, 3), 9 * i, np.uint8) for i in range(10)), 25.0)
    return clip


class Watching:
    """In the place of the process that looks at videos."""

    made: ClassVar[list[Watching]] = []

    def __init__(self, config: Any, *, wait: bool) -> None:
        self.config, self.wait, self.asked, self.open = config, wait, [], True
        Watching.made.append(self)

    def extract(self, video: VideoClip) -> Extracted:
        self.asked.append(video)
        clip = replace(WORLD.clip(WORLD.sign(7), WORLD.signer(2)), clip_id=video.clip_id)
        return Extracted(clip, Outcome(video.clip_id, video.path, "ok"))

    def close(self) -> None:
        self.open = False


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> list[Watching]:
    monkeypatch.setattr(Watching, "made", [])
    monkeypatch.setattr(query, "Extractor", Watching)
    return Watching.made


@pytest.mark.usefixtures("store")
def test_a_clip_of_a_store_of_the_world_or_a_file(store: Clip, watching: list[Watching]) -> None:
    with Reader() as reader:
        reader.expect(["store:train"], store.clip_id)
        of_store = reader.read("store:train", store.clip_id)
        np.testing.assert_array_equal(of_store.xyz, store.xyz.astype(np.float16))
        made = reader.read("synthetic", store.clip_id)
        np.testing.assert_array_equal(made.xyz, store.xyz)
        other = reader.read("synthetic", store.clip_id, synthetic=SyntheticConfig(seed=1))
        assert not np.array_equal(other.xyz, store.xyz, equal_nan=True)
        second = reader.read("synthetic", "syn2-000007-s02")
        assert second.language == "qab"
        reader.expect(["one.pose"])
        assert reader.read("one.pose").xyz.shape == store.xyz.shape
    assert not watching, "no video, and yet a process was started"


@pytest.mark.usefixtures("store")
def test_a_part_of_a_clip(store: Clip) -> None:
    reader = Reader()
    part = reader.read("store", store.clip_id, start_s=0.4, end_s=1.0)
    np.testing.assert_array_equal(part.xyz, store.xyz[10:25].astype(np.float16))
    assert part.confidence is not None
    assert len(part.confidence) == 15
    assert len(reader.read("store", store.clip_id, start_s=0.4).xyz) == len(store.xyz) - 10
    with pytest.raises(DataError, match=r"lasts \d\.\d s, got --start 90$"):
        reader.read("store", store.clip_id, start_s=90)
    with pytest.raises(DataError, match=r"--end must be after --start, got --start 2 --end 1"):
        reader.read("store", store.clip_id, start_s=2, end_s=1)
    write_store("timeless", [replace(store, fps=None)])
    with pytest.raises(DataError, match="does not say how many frames a second"):
        reader.read("timeless", store.clip_id, end_s=1)


@pytest.mark.usefixtures("store")
def test_videos_share_one_process_which_starts_while_others_load(watching: list[Watching]) -> None:
    with Reader() as reader:
        reader.expect(["film.mp4", "one.pose"])
        (process,) = watching
        assert not process.wait
        assert (process.config.max_s, process.config.min_frames) == (LONGEST_QUERY_S, 1)
        assert reader.read("film.mp4", start_s=1.5, end_s=3.0).clip_id == "film"
        reader.read("film.mp4")
        assert process.asked == [
            VideoClip("film", "film.mp4", start_s=1.5, end_s=3.0),
            VideoClip("film", "film.mp4"),
        ]
        assert process.open
    assert len(watching) == 1
    assert not process.open


@pytest.mark.usefixtures("store")
def test_videos_are_looked_at_as_those_of_a_gallery_were(watching: list[Watching]) -> None:
    with Reader() as reader:
        reader.expect(["film.mp4"])
        for look in (None, LookConfig()):
            reader.look_as(look)
            reader.read("film.mp4")
        (usual,) = watching
        reader.look_as(LookConfig(smooth=False, fps=12.0, complexity=2))
        assert not usual.open
        reader.read("film.mp4")
        _, other = watching
        assert (other.config.smooth, other.config.fps) == (False, 12.0)
        assert other.config.complexity == 1, "MediaPipe's wheel has no other"
        assert (other.config.max_s, other.config.min_frames) == (LONGEST_QUERY_S, 1)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere.mp4", "query 'nowhere.mp4': no such file"),
        ("C:nowhere.mp4", "query 'C:nowhere.mp4': no such file"),
        ("empty.mp4", r"query 'empty.mp4': it is empty \(0 bytes\)"),
        ("https://a.org/b.mp4", "is not on this machine: copy the video here"),
        ("store", "which clip of 'store'[?] Give --clip ID; `raysign data ids store` lists them"),
        ("store:val", "which clip of 'store:val'"),
        ("synthetic", "which clip of 'synthetic'"),
        ("v\udcff.mp4", r"query 'v\\udcff.mp4': its name is not UTF-8; rename the file"),
        ("v\udcff.pose", "its name is not UTF-8"),
    ],
)
def test_what_is_refused_before_anything_starts(
    source: str, says: str, watching: list[Watching]
) -> None:
    Path("empty.mp4").touch()
    with Reader() as reader, pytest.raises((DataError, VideoError), match=says):
        reader.expect([source])
    assert not watching


@pytest.mark.usefixtures("store")
def test_the_wrong_clip_of_a_store(store: Clip) -> None:
    assert not is_video("store", "x")
    with pytest.raises(DataError, match="has no clip 'x'"):
        Reader().read("store", "x")
    with pytest.raises(DataError, match=f"not in val; give store --clip {store.clip_id}$"):
        Reader().read("store:val", store.clip_id)
    with pytest.raises(DataError, match="is one clip: leave 'x' out"):
        Reader().read("one.pose", "x")


def refusal(clip: Clip) -> str:
    with pytest.raises(DataError) as refused:
        check_query(clip)
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_landmarks_that_cannot_ask(clip: Clip) -> None:
    check_query(clip)
    one = replace(clip, xyz=clip.xyz[:1], confidence=None)
    assert "has 1 frame, and a sign is a movement" in refusal(one)
    nobody = replace(clip, xyz=np.full_like(clip.xyz, np.nan))
    assert "shows nobody in any of its" in refusal(nobody)
    xyz = clip.xyz.copy()
    xyz[:, 33:] = np.nan
    assert "no hand was found in any of its" in refusal(replace(clip, xyz=xyz))
    long = replace(clip, xyz=np.repeat(clip.xyz[20:21], 3_001, axis=0), confidence=None, fps=25.0)
    assert "lasts longer than 2 minutes" in refusal(long)
    check_query(replace(long, fps=50.0))
    assert "--start SECONDS --end SECONDS" in refusal(replace(long, fps=None))


@pytest.mark.parametrize("axis", [0, 1])
def test_half_a_place_is_none(clip: Clip, axis: int) -> None:
    xyz = clip.xyz.copy()
    xyz[..., axis] = np.nan
    everywhere = refusal(replace(clip, xyz=xyz))
    assert f"landmarks lack {'xy'[axis]} in {len(xyz)} of its {len(xyz)} frames" in everywhere
    xyz = clip.xyz.copy()
    xyz[5, 0, axis] = np.nan
    assert f"landmarks lack {'xy'[axis]} in 1 of its" in refusal(replace(clip, xyz=xyz))


@pytest.mark.parametrize(
    ("axis", "value"),
    [(0, 65_000), (1, -11), (0, np.inf), (1, -np.inf), (2, np.inf), (2, 1e30), (0, 1e30)],
)
def test_landmarks_where_no_camera_saw_any(clip: Clip, axis: int, value: float) -> None:
    xyz = clip.xyz.astype(np.float32)
    xyz[4, HOLISTIC75.joint("nose"), axis] = value
    line = refusal(replace(clip, xyz=xyz))
    assert f"nose in frame 4 has {'xyz'[axis]} = {value:g}"[:30] in line
    assert "not pixels" in line
    xyz[4, HOLISTIC75.joint("nose"), axis] = 9.5
    check_query(replace(clip, xyz=xyz))


def test_a_model_of_hands_reads_a_whole_person(clip: Clip) -> None:
    hands = for_layout(clip, "hands42")
    assert hands.layout == "hands42"
    for side in ("left", "right"):
        for joint in ("wrist", "thumb_tip", "pinky_mcp"):
            name = f"{side}_hand_{joint}"
            np.testing.assert_array_equal(
                hands.xyz[:, HANDS42.joint(name)], clip.xyz[:, HOLISTIC75.joint(name)]
            )
    assert hands.confidence is not None
    assert hands.confidence.shape == hands.xyz.shape[:2]
    assert for_layout(clip, "holistic75") is clip
    assert for_layout(hands, "hands42") is hands
    # and it makes of them what it makes of hands in the order in which they were detected
    mixed = hands.xyz.copy()
    mixed[::2] = np.concatenate([mixed[::2, 21:], mixed[::2, :21]], axis=1)
    prepare = Prepare(PrepareConfig(), HANDS42)
    one, two = (
        prepare_clips(Clips.pack([replace(hands, xyz=xyz)]), prepare) for xyz in (hands.xyz, mixed)
    )
    np.testing.assert_array_equal(one, two)


def test_a_model_cannot_read_what_is_not_there(clip: Clip) -> None:
    with pytest.raises(LayoutError, match=r"model reads layout 'holistic75', query .* 'hands42'"):
        for_layout(for_layout(clip, "hands42"), "holistic75")
    openpose = Clip("o", np.zeros((3, OPENPOSE55.num_joints, 3)), "openpose55")
    with pytest.raises(LayoutError, match="or a gallery of the query's"):
        for_layout(openpose, "hands42")
