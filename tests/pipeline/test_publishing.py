"""The last step of an extraction, broken off, on disks that rename folders and that do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from raysign.config import ExtractConfig
from raysign.errors import StoreError
from raysign.pipeline import extract_videos
from raysign.store import Draft, iter_clips
from raysign.store.outcomes import read_outcomes


class Killed(BaseException):
    """Nobody catches it to clean up, except who cleans up whatever happens."""


def extract(fake: Any, store: str, rows: int, **options: Any) -> tuple[Any, list[str]]:
    lines: list[str] = []
    done = extract_videos(
        fake.rows(rows),
        store,
        ExtractConfig(),
        stream=fake.Stream(),
        say=lines.append,
        rows_per_part=8,
        **options,
    )
    return done, lines


def ids(store: str) -> list[str]:
    return [clip.clip_id for clip in iter_clips(store)]


@pytest.mark.parametrize("move", [1, 2, 3])
@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("error", [OSError("no space"), Killed()])
def test_an_object_store_that_fails_while_it_is_published(
    fake: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    move: int,
    update: bool,
    error: BaseException,
) -> None:
    """Files move one by one: clips, outcomes, and extraction.json, which says that all is there."""
    store = f"fsspec+file://{tmp_path}/store"
    if update:
        extract(fake, store, 10)
    moved: list[str] = []
    really = LocalFileSystem.mv

    def mv(self: Any, source: str, target: str, **options: Any) -> None:
        if f"{tmp_path}/store/" in target:
            moved.append(target)
            if len(moved) == move:
                raise error
        really(self, source, target, **options)

    with monkeypatch.context() as patched:
        patched.setattr(LocalFileSystem, "mv", mv)
        if isinstance(error, Killed):  # then nobody cleans up either
            patched.setattr("raysign.store.write._discard", _only_before(moved))
        with pytest.raises((StoreError, Killed)):
            extract(fake, store, 20, update=update)
    assert len(moved) == move
    done, lines = extract(fake, store, 20, update=update)
    assert "0 clips to extract, 20 are done" in lines, lines
    assert ids(store) == [o.clip_id for o in read_outcomes(store) or [] if o.outcome == "ok"]
    assert len(ids(store)) == done.ok == 14
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def _only_before(moved: list[str]) -> Any:
    from raysign.store import write

    really = write._discard

    def discard(filesystem: Any, folder: str) -> None:
        if moved:
            raise Killed
        really(filesystem, folder)

    return discard


def test_a_store_that_has_lost_clips_is_not_whole(fake: Any, tmp_path: Path) -> None:
    store = tmp_path / "store"
    extract(fake, str(store), 20)
    rest = [clip for clip in iter_clips(store) if clip.clip_id != "clip7"]
    for file in store.glob("part-*.parquet"):
        file.unlink()
    _write_part(store / "part-00000.parquet", rest)
    with pytest.raises(StoreError, match=r"1 of the 14 clips .* --update extracts them again"):
        extract(fake, str(store), 20)
    done, _ = extract(fake, str(store), 20, update=True)
    assert done.extracted == 5, "the lost one and the four that had failed"
    assert len(ids(str(store))) == 14


def test_an_update_loses_no_clip_unasked(fake: Any, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    extract(fake, store, 20)
    with pytest.raises(StoreError, match=r"8 clips .* are not in the manifest .* --prune"):
        extract(fake, store, 8, update=True)
    assert len(ids(store)) == 14
    extract(fake, store, 8, update=True, prune=True)
    assert ids(store) == [f"clip{n}" for n in (0, 1, 2, 3, 5, 7)]


def test_an_update_forgets_no_signers_unasked(fake: Any, tmp_path: Path) -> None:
    """As the folder does that is given again, when a manifest has said who signs."""
    store, videos = str(tmp_path / "store"), fake.rows(8)
    told = [replace(row, signer=f"anna{number % 2}") for number, row in enumerate(videos)]

    def update(rows: Any, **options: Any) -> set[str]:
        extract_videos(rows, store, ExtractConfig(), stream=fake.Stream(), say=print, **options)
        return {clip.signer for clip in iter_clips(store)}

    assert update(told) == {"anna0", "anna1"}
    with pytest.raises(StoreError, match=r"clips .* have a signer .*\(a folder cannot\).* --prune"):
        update(videos, update=True)
    told[0] = replace(told[0], signer="")
    assert update(told, update=True) == {"", "anna0", "anna1"}
    assert update(videos, update=True, prune=True) == {""}


def test_what_an_update_had_finished_is_not_thrown_away(fake: Any, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    extract(fake, store, 20)
    with pytest.raises(KeyboardInterrupt):
        extract_videos(
            fake.rows(20),
            store,
            ExtractConfig(),
            stream=fake.Stream(until=2),
            say=lambda line: None,
            rows_per_part=8,
            update=True,
        )
    _, lines = extract(fake, store, 20)
    assert any("holds what an --update had finished" in line for line in lines), lines
    assert Draft(store).begun() is not None


def test_a_draft_at_a_uri_with_options() -> None:
    draft = Draft("mock://bucket/store/?now=1")
    assert draft.name == "mock://bucket/store.extracting"
    assert draft._clips == "mock://bucket/store.extracting/clips?now=1"


def _write_part(file: Path, clips: Any) -> None:
    from pyarrow import fs

    from raysign.store.write import write_part

    write_part(fs.LocalFileSystem(), str(file), iter(clips))
