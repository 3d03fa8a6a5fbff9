from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from raysign.clip import Clip
from raysign.config import ExtractConfig, SyntheticConfig
from raysign.datasets.pose_files import write_pose
from raysign.draw import DARK
from raysign.draw.caption import LINE, SMALLEST_PX
from raysign.errors import DataError, SealedSplitError, SplitError, StoreError, VideoError
from raysign.show import extraction_of, find_clip, render
from raysign.show.gif import SAMPLED, write_gif
from raysign.store import write_store
from raysign.synthetic import World
from raysign.video import open_video, write_mp4


class Held(np.ndarray):
    """A picture that can be watched: ``WeakSet`` needs a hash."""

    def __hash__(self) -> int:
        return id(self)


@pytest.fixture(scope="module")
def clip() -> Clip:
    world = World(SyntheticConfig())
    made = world.clip(world.sign(7), world.signer(2))
    return replace(made, xyz=made.xyz[15:35], confidence=None, width=96, height=64)


@pytest.fixture
def video(clip: Clip, tmp_path: Path) -> Path:
    """As many grey pictures as the clip has frames, each lighter than the one before."""
    frames = (np.full((64, 96, 3), 10 * i, dtype=np.uint8) for i in range(len(clip.xyz)))
    write_mp4(tmp_path / "video.mp4", frames, 25.0)
    return tmp_path / "video.mp4"


def gif(path: Path) -> tuple[list[Image.Image], float]:
    """Its pictures, and how many seconds it takes."""
    with Image.open(path) as file:
        frames = [(f.convert("RGB"), f.info["duration"]) for f in ImageSequence.Iterator(file)]
    return [picture for picture, _ in frames], sum(ms for _, ms in frames) / 1000


def test_a_gif_takes_as_long_as_the_clip(clip: Clip, tmp_path: Path) -> None:
    shown = render(clip, tmp_path / "a.gif", size_px=80)
    pictures, seconds = gif(tmp_path / "a.gif")
    assert (shown.frames, shown.fps) == (20, 25.0)
    assert seconds == pytest.approx(20 / 25, abs=0.011)
    assert all(picture.height == 80 for picture in pictures)
    assert pictures[0].getpixel((0, 0)) == (255, 255, 255)
    render(clip, tmp_path / "b.gif", size_px=80, slow=2.0)
    assert gif(tmp_path / "b.gif")[1] == pytest.approx(40 / 25, abs=0.011)


@pytest.mark.parametrize("fps", [7.0, 23.976, 29.97, 30.0, 60.0, 120.0])
def test_a_gif_keeps_its_time_at_any_rate(fps: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    write_gif(tmp_path / "a.gif", lambda: frames, 60, fps)
    pictures, seconds = gif(tmp_path / "a.gif")
    assert seconds == pytest.approx(60 / fps, abs=0.02)
    assert len(pictures) == 60 if fps <= 50 else 25 * seconds <= len(pictures) <= 50 * seconds


def test_a_gif_never_holds_its_frames(tmp_path: Path) -> None:
    alive: weakref.WeakSet[Held] = weakref.WeakSet()
    most = 0

    def frames() -> Iterator[np.ndarray]:
        nonlocal most
        for level in range(60):
            picture = np.full((8, 8, 3), 4 * level, dtype=np.uint8).view(Held)
            alive.add(picture)
            most = max(most, len(alive))
            yield picture
            del picture

    assert write_gif(tmp_path / "a.gif", frames, 60, 25.0) == 60
    # Those that the palette is taken from, and the one or two in hand.
    assert most <= SAMPLED + 2


def test_a_gif_of_too_many_frames_is_refused(
    clip: Clip, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.show.gif.MOST_PIXELS", 19 * 64 * 96)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"20 frames of 96×64 .* takes 19 .*give --out clip\.mp4"):
        render(clip, tmp_path / "a.gif", video=video)
    with pytest.raises(DataError, match=r"20 frames of .* too many"):
        render(clip, tmp_path / "a.gif", size_px=128)
    assert sorted(tmp_path.iterdir()) == before
    render(clip, tmp_path / "a.gif", video=video, size_px=62)
    render(clip, tmp_path / "a.mp4", video=video)


def test_an_mp4_has_every_frame(clip: Clip, tmp_path: Path) -> None:
    render(clip, tmp_path / "a.mp4", size_px=81, slow=2.0)
    with open_video(tmp_path / "a.mp4") as frames:
        assert sum(1 for _ in frames) == 20
        assert frames.fps == pytest.approx(12.5)


def test_a_strip(clip: Clip, tmp_path: Path) -> None:
    render(clip, tmp_path / "a.PNG", size_px=60, dark=True)
    with Image.open(tmp_path / "a.PNG") as picture:
        assert picture.getpixel((1, 1)) == (22, 27, 34)
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    words = 2 * round(LINE * SMALLEST_PX)
    assert len(pixels) == 60 + words
    written = (np.abs(pixels - DARK.body).max(axis=2) < 40).any(axis=1)
    assert written[: words // 2].any(), "the sign stands above"
    assert written[-words // 2 :].any(), "the seconds stand below"


def test_over_its_video_each_frame_is_on_its_picture(
    clip: Clip, video: Path, tmp_path: Path
) -> None:
    render(clip, tmp_path / "a.gif", video=video)
    pictures, _ = gif(tmp_path / "a.gif")
    assert pictures[0].size == (96, 64)
    corners = [p.getpixel((0, 0))[0] for p in pictures]  # type: ignore[index]
    assert len(corners) == 20
    assert np.abs(np.array(corners) - 10 * np.arange(20)).max() < 12
    render(clip, tmp_path / "a.png", video=video, size_px=32)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (6 * 48, 32 + 2 * round(LINE * SMALLEST_PX))


def test_nothing_is_drawn_on_the_bars_of_a_video(clip: Clip, tmp_path: Path) -> None:
    """Above and below a letterboxed picture, and beside; its own dark corner is no bar."""
    picture = np.zeros((64, 96, 3), dtype=np.uint8)
    picture[16:48, 12:84] = 120
    picture[16:30, 12:30] = 0
    write_mp4(tmp_path / "boxed.mp4", (picture for _ in clip.xyz), 25.0)
    wild = np.random.default_rng(0).random(clip.xyz.shape).astype(np.float32)
    render(replace(clip, xyz=wild), tmp_path / "a.gif", video=tmp_path / "boxed.mp4")
    seen = np.asarray(gif(tmp_path / "a.gif")[0][3]).max(axis=2)
    inside = np.zeros(seen.shape, dtype=bool)
    inside[15:49, 11:85] = True
    assert seen[~inside].max() <= 40
    assert (seen[17:29, 13:29] > 100).any()
    black = np.zeros((64, 96, 3), dtype=np.uint8)
    write_mp4(tmp_path / "black.mp4", (black for _ in clip.xyz), 25.0)
    render(replace(clip, xyz=wild), tmp_path / "b.gif", video=tmp_path / "black.mp4")
    assert (np.asarray(gif(tmp_path / "b.gif")[0][3]) > 100).any(), "all black is no bar"


def test_a_strip_over_a_video_that_ends_before_the_signing(
    clip: Clip, video: Path, tmp_path: Path
) -> None:
    """Twenty of twenty-two frames are there, and hands are in the last two only."""
    late = replace(clip, xyz=np.concatenate([clip.xyz, clip.xyz[-2:]]))
    late.xyz[:20, 33:] = np.nan
    shown = render(late, tmp_path / "a.png", video=video, size_px=32)
    with Image.open(shown.path) as picture:
        assert picture.size == (6 * 48, 32 + 2 * round(LINE * SMALLEST_PX))


def extraction(**settings: object) -> dict[str, object]:
    """What ``raysign extract`` writes into its store."""
    config = ExtractConfig.model_validate(settings)
    kept = config.model_dump(mode="json", exclude={"timeout_s"})
    return {"extractor": {"fingerprint": "0", "settings": kept}, "manifest": {"rows": 1}}


@pytest.fixture
def quarters(clip: Clip, tmp_path: Path) -> Path:
    """A video whose quarters are grey, each in its own shade."""
    shades = np.array([[40, 90], [140, 190]], dtype=np.uint8)
    picture = np.repeat(np.kron(shades, np.ones((32, 48), dtype=np.uint8))[..., None], 3, axis=2)
    write_mp4(tmp_path / "quarters.mp4", (picture for _ in clip.xyz), 25.0)
    return tmp_path / "quarters.mp4"


@pytest.mark.parametrize(
    ("settings", "size", "shade"),
    [
        ({}, (96, 64), 40),
        ({"crop": {"left": 0.5, "top": 0.25}}, (48, 48), 90),
        ({"rotation": 90}, (64, 96), 140),
        ({"rotation": 270, "crop": {"bottom": 0.5}}, (64, 48), 90),
    ],
)
def test_a_video_is_turned_and_cropped_as_it_was_in_extraction(
    settings: dict[str, object],
    size: tuple[int, int],
    shade: int,
    clip: Clip,
    quarters: Path,
    tmp_path: Path,
) -> None:
    store = str(tmp_path / "store")
    seen = replace(clip, xyz=np.full_like(clip.xyz, np.nan), width=size[0], height=size[1])
    write_store(store, [seen], about=extraction(**settings))
    extracted = extraction_of(f"{store}:{clip.split}")
    render(find_clip(store, clip.clip_id), tmp_path / "a.gif", video=quarters, extracted=extracted)
    picture = gif(tmp_path / "a.gif")[0][0]
    assert picture.size == size
    assert abs(picture.getpixel((4, 4))[0] - shade) < 12  # type: ignore[index]


def test_what_no_extraction_made_has_no_settings(clip: Clip, tmp_path: Path) -> None:
    write_store(tmp_path / "store", [clip])
    write_pose(clip, tmp_path / "one.pose")
    assert extraction_of(str(tmp_path / "store")) is None
    assert extraction_of(str(tmp_path / "one.pose")) is None
    assert extraction_of("synthetic") is None
    (tmp_path / "store" / "extraction.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        extraction_of(str(tmp_path / "store"))


def test_a_video_of_another_aspect_is_refused(clip: Clip, video: Path, tmp_path: Path) -> None:
    turned = replace(clip, width=64, height=96)
    for suffix in ("gif", "mp4", "png"):
        with pytest.raises(DataError, match=r"pictures of 96×64, clip '.*' was seen in 64×96: "):
            render(turned, tmp_path / f"a.{suffix}", video=video)
    assert list(tmp_path.iterdir()) == [video]
    # A copy of another size is the same video, and who knows no size has to be believed.
    render(replace(clip, width=1500, height=1001), tmp_path / "a.png", video=video)
    render(replace(clip, width=None, height=None), tmp_path / "a.png", video=video)
    write_pose(replace(clip, width=None, height=None), tmp_path / "one.pose")
    render(find_clip(str(tmp_path / "one.pose")), tmp_path / "a.png", video=video)


def test_another_video_is_refused_and_nothing_is_left(
    clip: Clip, video: Path, tmp_path: Path
) -> None:
    longer = replace(clip, xyz=np.tile(clip.xyz, (2, 1, 1)))
    shorter = replace(clip, xyz=clip.xyz[:10])
    before = sorted(tmp_path.iterdir())
    for suffix in ("gif", "mp4", "png"):
        with pytest.raises(DataError, match="extracted from"):
            render(longer, tmp_path / f"a.{suffix}", video=video)
        with pytest.raises(DataError, match="--start"):
            render(shorter, tmp_path / f"a.{suffix}", video=video)
    assert sorted(tmp_path.iterdir()) == before
    render(shorter, tmp_path / "a.gif", video=video, start_s=0.4)
    first = gif(tmp_path / "a.gif")[0][0].getpixel((0, 0))
    assert abs(first[0] - 100) < 12  # type: ignore[index]


def test_bad_requests(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give --video too"):
        render(clip, tmp_path / "a.gif", start_s=1.0)
    with pytest.raises(DataError, match=r"must end in \.gif, \.mp4, \.png"):
        render(clip, tmp_path / "a.avi")
    with pytest.raises(DataError, match="cannot write"):
        render(clip, tmp_path / "nowhere" / "a.gif", size_px=48)
    with pytest.raises(DataError, match="no frames"):
        render(replace(clip, xyz=clip.xyz[:0]), tmp_path / "a.gif")
    (tmp_path / "text.mp4").write_text("<html>")
    with pytest.raises(VideoError, match=r"text\.mp4"):
        render(clip, tmp_path / "a.gif", video=tmp_path / "text.mp4")


def test_clips_are_found(clip: Clip, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    write_store(store, [clip, replace(clip, clip_id="hidden", split="test")])
    found = find_clip(store, clip.clip_id)
    np.testing.assert_array_equal(found.xyz, clip.xyz)
    assert (found.sign, found.fps) == (clip.sign, 25.0)
    with pytest.raises(SealedSplitError, match="sealed"):
        find_clip(store, "hidden")
    with pytest.raises(DataError, match=f"no clip 'syn1'.*{clip.clip_id}"):
        find_clip(store, "syn1")
    with pytest.raises(DataError, match="which clip"):
        find_clip(store)
    made = find_clip("synthetic", clip.clip_id)
    assert (made.clip_id, made.sign) == (clip.clip_id, clip.sign)
    with pytest.raises(DataError, match="no clip 'x'"):
        find_clip("synthetic", "x")
    split = clip.split
    other = "val" if split == "train" else "train"
    for source in (store, "synthetic"):
        assert find_clip(f"{source}:{split}", clip.clip_id).clip_id == clip.clip_id
        with pytest.raises(DataError, match=f"is in {split}, not in {other}; type raysign show"):
            find_clip(f"{source}:{other}", clip.clip_id)
    with pytest.raises(SealedSplitError, match="sealed"):
        find_clip(f"{store}:test", "hidden")
    with pytest.raises(SplitError, match="'dev' is no split"):
        find_clip(f"{store}:dev", clip.clip_id)
    write_pose(clip, tmp_path / "one.pose")
    assert find_clip(str(tmp_path / "one.pose")).clip_id == "one"
    with pytest.raises(DataError, match="leave 'x' out"):
        find_clip(str(tmp_path / "one.pose"), "x")
