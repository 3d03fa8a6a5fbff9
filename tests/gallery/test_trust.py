"""A gallery is what was written, of the model that it says, or it is refused."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysign.bundle import Bundle
from raysign.config import TrainConfig
from raysign.errors import BundleError, GalleryError
from raysign.gallery import Gallery, MadeBy, integrity, saving
from raysign.gallery.card import _digest

Build = Any  # the fixture `build`


def part(gallery: Gallery, name: str) -> Path:
    return next(path for path in gallery.folder.iterdir() if path.name.startswith(name))


@pytest.mark.parametrize("name", ["vectors", "exemplars", "index", "gallery.json"])
@pytest.mark.parametrize("harm", ["missing", "cut", "changed"])
def test_a_file_that_is_not_as_it_was_written(build: Build, name: str, harm: str) -> None:
    gallery = build("hnsw", 1000)
    path = part(gallery, name)
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(GalleryError) as refused:
        Gallery.open(gallery.folder)
    assert str(gallery.folder) in str(refused.value)
    assert "\n" not in str(refused.value)


def edited(gallery: Gallery, **changes: Any) -> None:
    path = gallery.folder / "gallery.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_card_that_somebody_edited(build: Build) -> None:
    gallery = build("flat", 20)
    edited(gallery, sources=["stores/other"])
    with pytest.raises(GalleryError, match=r"gallery.json was changed after it was written"):
        Gallery.open(gallery.folder)
    edited(gallery, version=2)
    with pytest.raises(GalleryError, match="format version 2, this raysign reads 1"):
        Gallery.open(gallery.folder)
    edited(gallery, format="x")
    with pytest.raises(GalleryError, match="was not written by raysign"):
        Gallery.open(gallery.folder)


def test_a_card_that_tells_of_other_clips_than_its_files(build: Build) -> None:
    """Its checksum is no secret: who changes a card can write that anew."""
    gallery = build("flat", 20)
    card = json.loads((gallery.folder / "gallery.json").read_text())
    for section, name in (("counts", "clips"), ("counts", "rows"), ("model", "dim")):
        told = {**card, section: {**card[section], name: card[section][name] + 1}}
        told.pop("sha256")
        edited(gallery, **told, sha256=_digest(told))
        with pytest.raises(GalleryError, match="its card and its files tell of different clips"):
            Gallery.open(gallery.folder)


def test_a_card_that_never_ends(build: Build) -> None:
    gallery = build("flat", 20)
    (gallery.folder / "gallery.json").write_text("[" * 200_000)
    with pytest.raises(GalleryError, match=r"cannot read gallery\.json: maximum recursion"):
        Gallery.open(gallery.folder)


def test_folders_that_are_no_gallery(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="does not exist; `raysign index MODEL --clips STORE"):
        Gallery.open(tmp_path / "none")
    with pytest.raises(GalleryError, match=r"has no gallery.json: not a gallery, or only half"):
        Gallery.open(tmp_path)


def test_a_large_file_is_hashed_once_and_after_every_touch(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "SMALL_BYTES", 0)
    monkeypatch.setattr(integrity, "SETTLED_S", -1.0)
    gallery = build("flat", 50)
    hashed: list[str] = []
    real = integrity._sha256
    monkeypatch.setattr(integrity, "_sha256", lambda path: hashed.append(path.name) or real(path))
    path = part(gallery, "vectors")
    (gallery.folder / integrity.SEEN).unlink()
    Gallery.open(gallery.folder)
    assert path.name in hashed
    hashed.clear()
    Gallery.open(gallery.folder)
    assert not hashed
    Gallery.open(gallery.folder, everything=True)
    assert path.name in hashed
    # as large as before, and with its old time of modification
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(200)
        file.write(b"\x01")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(GalleryError, match="is not the file that it was made with"):
        Gallery.open(gallery.folder)
    with pytest.raises(GalleryError, match="is not the file"):
        Gallery.open(gallery.folder)


def test_a_file_that_may_change_within_a_tick_is_not_trusted(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "SMALL_BYTES", 0)
    monkeypatch.setattr(integrity, "SETTLED_S", 1e6)
    gallery = build("flat", 50)
    assert not (gallery.folder / integrity.SEEN).exists()


def test_a_copy_is_the_same_gallery(build: Build, tmp_path: Path) -> None:
    gallery = build("hnsw", 1000)
    shutil.copytree(gallery.folder, tmp_path / "copy")
    copy = Gallery.open(tmp_path / "copy")
    np.testing.assert_array_equal(
        copy.search(build.clips(5), 3).rows, gallery.search(build.clips(5), 3).rows
    )


@pytest.mark.parametrize("dies", ["vectors", "exemplars", "gallery.json"])
def test_a_change_that_dies_changes_nothing(
    build: Build, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = build("flat", 30)
    before = {path.name: path.read_bytes() for path in gallery.folder.iterdir()}
    real = saving.whole_file

    def whole_file(path: Path) -> Any:
        if path.name.startswith(dies):
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(saving, "whole_file", whole_file)
    with pytest.raises(KeyboardInterrupt):
        gallery.add(build.clips(3, seed=1), build.people(3, start=30))
    assert {path.name: path.read_bytes() for path in gallery.folder.iterdir()} == before
    assert len(Gallery.open(gallery.folder)) == 30


def test_what_a_killed_change_left_goes_with_the_next(build: Build) -> None:
    gallery = build("flat", 30)
    for name in ("vectors-00000000.faiss", ".index-00000000.faiss.0a1b2c3d.part"):
        (gallery.folder / name).write_bytes(b"x")
    (gallery.folder / "notes.txt").write_text("mine")
    gallery.add(build.clips(3, seed=1), build.people(3, start=30))
    left = {path.name for path in gallery.folder.iterdir()}
    assert not {name for name in left if "00000000" in name}
    assert "notes.txt" in left


def test_two_do_not_change_it_at_once(build: Build) -> None:
    gallery = build("flat", 30)
    with saving.locked(gallery.folder, gallery.card), pytest.raises(GalleryError, match="another"):
        gallery.remove(np.arange(30) < 1)
    gallery.remove(np.arange(30) < 1)
    with pytest.raises(GalleryError, match="changed by another process meanwhile"):
        gallery.remove(np.arange(30) < 2)


def bundle(**changes: Any) -> Bundle:
    plain = Bundle(
        layout="hands42",
        config=TrainConfig(),
        prepare_fingerprint="0123456789abcdef",
        weights={"w": torch.zeros(1)},
        weights_sha256="a" * 64,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights_sha256": "b" * 64}, "weights aaaaaaaaaaaa"),
        ({"prepare_fingerprint": "f" * 16}, "prepare 0123456789abcdef"),
        ({"layout": "holistic75"}, "layout hands42"),
        (
            {
                "config": TrainConfig.model_validate({"evaluate": {"mirror": "both"}}),
            },
            "mirror images no",
        ),
    ],
)
def test_another_model_is_refused_with_the_command_that_mends_it(
    build: Build, changes: dict[str, Any], says: str
) -> None:
    gallery = build("flat", 20)
    gallery.check_model(bundle(), "elsewhere/the/same")
    with pytest.raises(GalleryError) as refused:
        gallery.check_model(bundle(**changes), "runs/b")
    line = str(refused.value)
    assert says in line
    assert "type `raysign index runs/b --clips stores/a:train --out NEW`" in line


def test_a_model_that_was_never_saved_cannot_make_a_gallery() -> None:
    with pytest.raises(BundleError, match="save the bundle"):
        MadeBy.of(bundle(weights_sha256=""), "x", 8)
