"""The landmarks that a gallery keeps are those of its clips, row by row, whatever happens to it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip, Clips
from raysign.config import GalleryConfig
from raysign.errors import GalleryError
from raysign.gallery import Exemplars, Gallery, card, integrity, saving
from raysign.gallery import landmarks as landmarks_file
from raysign.gallery.card import CARD
from raysign.gallery.landmarks import ROW, Landmarks

Build = Any  # the fixture `build`

KINDS = ("flat", "hnsw", "ivf_pq")
pytestmark = pytest.mark.usefixtures("small_ivf_pq")


def clip(number: int, *, seed: int = 0, source: str = "stores/a") -> Clip:
    """One to four frames that no other clip has."""
    rng = np.random.default_rng([seed, number, len(source)])
    xyz = rng.random((1 + number % 4, 42, 3)).astype(np.float16)
    xyz[0, :21] = np.nan
    return Clip(
        f"clip{number}",
        xyz,
        "hands42",
        sign=f"sign{number % 40}",
        signer=f"signer{number % 3}",
        language="ase",
        fps=None if number % 5 == 0 else 20.0 + number % 5,
        width=None if number % 7 == 0 else 320,
        height=None if number % 7 == 0 else 240,
    )


def people(count: int, *, start: int = 0, seed: int = 0, source: str = "stores/a") -> Exemplars:
    rows = (clip(n, seed=seed, source=source) for n in range(start, start + count))
    return Exemplars.of(Clips.pack(rows), source)


def gallery_of(build: Build, kind: str, count: int, **config: object) -> Gallery:
    return Gallery.build(
        build.folder / kind,
        build.clips(count),
        people(count),
        build.made_by(),
        GalleryConfig.model_validate({"kind": kind, "recall": 0.9, **config}),
    )


def check(gallery: Gallery, seeds: dict[int, int] | None = None) -> None:
    """Every row has the landmarks and facts of the clip that it names; a removed row has none."""
    for row in np.flatnonzero(gallery.exemplars.alive).tolist():
        (who,) = gallery.exemplars.at(np.array([row]))
        number = int(who.clip_id.removeprefix("clip"))
        wanted = clip(number, seed=(seeds or {}).get(number, 0), source=who.source)
        got = gallery.clip(row)
        assert got is not None
        np.testing.assert_array_equal(got.xyz, wanted.xyz)
        assert got.xyz.dtype == np.float16
        for name in ("clip_id", "layout", "sign", "signer", "language", "fps", "width", "height"):
            assert getattr(got, name) == getattr(wanted, name), name
    for row in np.flatnonzero(~gallery.exemplars.alive).tolist():
        assert gallery.clip(row) is None


def kept(gallery: Gallery) -> Path:
    mark = gallery.card.files.landmarks
    assert mark is not None
    return gallery.folder / mark.name


@pytest.mark.parametrize("kind", KINDS)
def test_rows_stay_in_step_with_the_index(build: Build, kind: str) -> None:
    gallery = gallery_of(build, kind, 1200)
    first = gallery.exemplars.at(np.arange(3))
    assert (kind == "flat") == ([who.clip_id for who in first] == ["clip0", "clip1", "clip2"])
    check(gallery)
    more = gallery.add(build.clips(30, seed=3), people(30, start=1200))
    check(more)
    less = more.remove(more.exemplars.named(["clip7", "clip1203"], ["sign2"]))
    check(less)
    check(Gallery.open(less.folder, everything=True))
    again = less.add(build.clips(2, seed=8), people(2, start=4, seed=1))
    check(again, {4: 1, 5: 1})


def test_of_two_stores_each_clip_has_its_own(build: Build) -> None:
    gallery = gallery_of(build, "flat", 10)
    both = gallery.add(build.clips(4, seed=8), people(4, source="stores/beyond"))
    assert len(both) == 14
    check(both)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_a_clip_that_was_removed(build: Build, kind: str) -> None:
    gallery = gallery_of(build, kind, 1200)
    secret = clip(11).xyz.tobytes()
    assert secret in kept(gallery).read_bytes()
    less = gallery.remove(gallery.exemplars.named(["clip11"]))
    for path in less.folder.iterdir():
        assert secret not in path.read_bytes(), path.name
    assert secret[-252:] not in kept(less).read_bytes()
    assert not any(path.name == kept(gallery).name for path in less.folder.iterdir())
    # what was opened before goes on as it was
    check(gallery)


def test_a_gallery_may_do_without(build: Build) -> None:
    bare = gallery_of(build, "flat", 20, landmarks=False)
    assert bare.card.files.landmarks is None
    assert bare.clip(3) is None
    secret = clip(11).xyz.tobytes()
    assert all(secret not in path.read_bytes() for path in bare.folder.iterdir())


def test_landmarks_can_be_dropped_from_a_gallery_and_come_with_new_clips(build: Build) -> None:
    gallery = gallery_of(build, "hnsw", 1200)
    none = np.zeros(1200, dtype=bool)
    bare = gallery.change(remove=none, config=gallery.config(["landmarks=false"]))
    assert bare.card.files.landmarks is None
    assert not list(bare.folder.glob("landmarks*"))
    mixed = bare.change(
        add=(build.clips(2, seed=5), people(2, start=1200)), config=bare.config(["landmarks=true"])
    )
    assert mixed.clip(0) is None
    new = mixed.clip(1200)
    assert new is not None
    np.testing.assert_array_equal(new.xyz, clip(1200).xyz)


def test_a_gallery_from_before_is_opened_and_changed(build: Build) -> None:
    """Its card names no landmarks, and its settings do not either."""
    gallery = build("flat", 20)
    tree = json.loads((gallery.folder / CARD).read_text())
    assert tree["files"].pop("landmarks") is None
    tree["config"].pop("landmarks")
    tree.pop("sha256")
    text = json.dumps({**tree, "sha256": card._digest(tree)})
    (gallery.folder / CARD).write_text(text)
    old = Gallery.open(gallery.folder)
    assert old.clip(3) is None
    more = old.add(build.clips(1, seed=5), people(1, start=20))
    assert more.clip(3) is None
    assert more.clip(20) is not None


@pytest.mark.parametrize("harm", ["missing", "cut", "longer", "changed"])
@pytest.mark.parametrize("large", [False, True])
def test_a_file_that_is_not_as_it_was_written(
    build: Build, harm: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(integrity, "SMALL_BYTES", 0)
    gallery = gallery_of(build, "flat", 20)
    path = kept(gallery)
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[:-6])
    elif harm == "longer":
        path.write_bytes(content + b"\0\0")
    else:
        path.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    with pytest.raises(GalleryError, match="landmarks-") as refused:
        Gallery.open(gallery.folder)
    assert "\n" not in str(refused.value)


def test_another_gallerys_landmarks_are_refused(build: Build, tmp_path: Path) -> None:
    """Also where somebody made a card that fits them."""
    path = tmp_path / "landmarks.npy"
    people(3).landmarks.write(path)  # type: ignore[union-attr]
    assert len(Landmarks.read(path, 42, 3)) == 3
    with pytest.raises(GalleryError, match="cannot be read as landmarks of 3 clips and 75 joints"):
        Landmarks.read(path, 75, 3)
    with pytest.raises(GalleryError, match=r"an array of \(3,\) in place of \(4,\)"):
        Landmarks.read(path, 42, 4)
    np.save(path, np.array([{"a": 1}], dtype=object))
    with pytest.raises(GalleryError, match=r"cannot be read as landmarks .* another type"):
        Landmarks.read(path, 42, 1)
    for text in (b"", b"PK\x03\x04", b"{}"):
        path.write_bytes(text)
        with pytest.raises(GalleryError, match="cannot be read as landmarks"):
            Landmarks.read(path, 42, 3)


def headed(descr: Any, shape: tuple[int, ...]) -> bytes:
    """The beginning of an array in NumPy's format."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    landmarks_file.npy.write_array_header_1_0(file, header)
    return file.getvalue()


def with_header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "begins",
    [
        headed(ROW.descr, (10**12,)),
        headed(ROW.descr, (3,)) + bytes(3 * ROW.itemsize - 1),
        headed("<f2", (3,)),
        with_header(b"{'descr': (), 'fortran_order': False, 'shape': (3,)}\n"),
        with_header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (3,}\n"),
        with_header(b"{'descr': '<i4', [}: False}\n"),
        with_header(b"{'a': ''' \n"),
        with_header(b"{1: 2, 'a': 3}\n"),
        with_header(b"(" * 9000),
        with_header(b"-" * 9000 + b"1"),
        with_header(b"\xff\x00\n"),
        b"\x93NUMPY\x02\x00" + bytes(200),
    ],
)
def test_a_header_that_somebody_made_up(tmp_path: Path, begins: bytes) -> None:
    path = tmp_path / "landmarks.npy"
    path.write_bytes(begins)
    with pytest.raises(GalleryError, match="cannot be read as landmarks") as refused:
        Landmarks.read(path, 42, 3)
    assert "\n" not in str(refused.value)


def test_bytes_that_were_changed_at_random(tmp_path: Path) -> None:
    """Whatever stands there, it is refused or read, and nothing else is raised."""
    path = tmp_path / "landmarks.npy"
    people(3).landmarks.write(path)  # type: ignore[union-attr]
    good = path.read_bytes()
    headers = good.index(b"\x93NUMPY", 1) + 128
    rng = np.random.default_rng(0)
    for _ in range(2000):
        content = bytearray(good)
        for place in rng.integers(0, headers, rng.integers(1, 4)):
            content[place] = rng.integers(256)
        path.write_bytes(content)
        with contextlib.suppress(GalleryError):
            Landmarks.read(path, 42, 3)


@pytest.mark.parametrize(
    ("fact", "value", "good"),
    [
        ("fps", np.inf, False),
        ("fps", -1, False),
        ("fps", 0, False),
        ("fps", np.nan, True),
        ("width", -7, False),
        ("height", -7, False),
        ("height", 0, True),
    ],
)
def test_facts_that_no_clip_can_have(tmp_path: Path, fact: str, value: float, good: bool) -> None:
    path = tmp_path / "landmarks.npy"
    whole = people(3).landmarks
    assert whole is not None
    whole.rows[fact][1] = value
    whole.write(path)
    if good:
        assert len(Landmarks.read(path, 42, 3)) == 3
        return
    with pytest.raises(GalleryError, match=r"a clip (of|whose)"):
        Landmarks.read(path, 42, 3)


def test_a_rate_that_is_none_is_not_kept() -> None:
    clips = [replace(clip(n), fps=fps) for n, fps in enumerate((np.inf, -5.0, 25.0))]
    rates = Landmarks.of(Clips.pack(clips)).rows["fps"]
    np.testing.assert_array_equal(rates, [np.nan, np.nan, 25])


def test_rows_and_landmarks_of_different_number(build: Build) -> None:
    gallery = gallery_of(build, "flat", 20)
    shorter = shutil.copytree(gallery.folder, build.folder / "copy")
    path = shorter / kept(gallery).name
    people(19).landmarks.write(path)  # type: ignore[union-attr]
    files = gallery.card.files.model_copy(update={"landmarks": integrity.FileMark.of(path)})
    announced = gallery.card.model_copy(update={"files": files})
    (shorter / CARD).write_text(announced.text())
    with pytest.raises(GalleryError, match=r"an array of \(19,\) in place of \(20,\)"):
        Gallery.open(shorter)


def test_float16_comes_back_bit_for_bit_and_many_pieces_make_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)  # NaNs with every payload
    xyz = np.resize(every, (521, 42, 3))
    whole = Clips.pack([Clip("a", xyz[:500], "hands42"), Clip("b", xyz[500:], "hands42")])
    monkeypatch.setattr("raysign.gallery.landmarks.PIECE_FRAMES", 7)
    path = tmp_path / "landmarks.npy"
    parts = [Landmarks.of(whole), Landmarks.none(2), Landmarks.of(whole).select(np.array([1]))]
    Landmarks.join(parts).write(path)
    back = Landmarks.read(path, 42, 5)
    assert back.rows["frames"].tolist() == [500, 21, 0, 0, 21]
    for row, wanted in ((0, xyz[:500]), (1, xyz[500:]), (4, xyz[500:])):
        got = back.at(row)
        assert got is not None
        assert got.tobytes() == wanted.tobytes()
    assert back.at(2) is None


def test_frames_are_mapped_not_read(build: Build) -> None:
    gallery = gallery_of(build, "flat", 20)
    landmarks = gallery.exemplars.landmarks
    assert landmarks is not None
    assert isinstance(landmarks.stacks[0], np.memmap)
    own = gallery.clip(3)
    assert own is not None
    assert own.xyz.flags.owndata
    assert own.xyz.flags.writeable


@pytest.mark.parametrize("dies", ["landmarks", "gallery.json"])
def test_a_change_that_dies_changes_nothing(
    build: Build, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = gallery_of(build, "flat", 30)
    before = {path.name: path.read_bytes() for path in gallery.folder.iterdir()}
    real = saving.whole_file

    def whole_file(path: Path) -> Any:
        if path.name.startswith(dies):
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(saving, "whole_file", whole_file)
    with pytest.raises(KeyboardInterrupt):
        gallery.add(build.clips(3, seed=1), people(3, start=30))
    assert {path.name: path.read_bytes() for path in gallery.folder.iterdir()} == before
