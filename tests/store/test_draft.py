"""A store that grows part by part."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.errors import StoreError
from raysign.manifest import Outcome
from raysign.store import Draft, finished_extraction, iter_clips, local_copy
from raysign.store.copies import BLOCK_BYTES
from raysign.store.outcomes import read_outcomes

ABOUT = {"extractor": {"fps": None, "crop": {"left": 0.0}}, "manifest": {"rows": 3}}


def clip(name: str, split: str = "train") -> Clip:
    xyz = np.full((2, 75, 3), 0.25, np.float32)
    return Clip(name, xyz, "holistic75", sign="a", split=split)


def ok(name: str) -> Outcome:
    return Outcome(name, f"/{name}.mp4", "ok", "", "00", 2, 25.0, 1.0, 0.5, 0.0)


FAILED = Outcome("bad", "/bad.mp4", "failed", "no such file")


def test_parts_become_a_store_in_their_order(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(1, [clip("c", "test")], [ok("c")])
    draft.commit(0, [clip("a"), clip("b")], [ok("a"), FAILED, ok("b")])
    draft.commit(2, [], [FAILED])
    assert list(draft.outcomes()) == [0, 1, 2]
    assert draft.publish(ABOUT) == 3
    assert [c.clip_id for c in iter_clips(tmp_path / "store", open_test=True)] == ["a", "b", "c"]
    assert [c.clip_id for c in iter_clips(tmp_path / "store")] == ["a", "b"], "test stays sealed"
    assert read_outcomes(tmp_path / "store") == [ok("a"), FAILED, ok("b"), ok("c"), FAILED]
    assert finished_extraction(tmp_path / "store") == ABOUT
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_a_part_without_its_outcomes_is_not_finished(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    draft.commit(1, [clip("b")], [ok("b")])
    (tmp_path / "store.extracting/outcomes/part-000001.parquet").unlink()
    draft.close()
    again = Draft.open(tmp_path / "store", ABOUT)
    assert list(again.outcomes()) == [0]
    again.commit(1, [clip("b")], [ok("b")])
    assert again.publish(ABOUT) == 2


def test_clips_that_nobody_committed_are_nobodys(tmp_path: Path) -> None:
    """A kill between a part's clips and its outcomes, then other settings, then no clip in it."""
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    (tmp_path / "store.extracting/outcomes/part-000000.parquet").unlink()
    draft.close()
    draft = Draft.open(tmp_path / "store", {**ABOUT, "extractor": {"fps": 9}})
    draft.commit(0, [], [FAILED])
    draft.commit(1, [clip("b")], [ok("b")])
    assert draft.publish(ABOUT) == 1


def test_a_half_written_file_is_not_seen(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    for kind in ("clips", "outcomes"):
        (tmp_path / f"store.extracting/{kind}/.part-000001.parquet.partial").write_bytes(b"half")
    (tmp_path / "store.extracting/outcomes/notes.txt").write_text("somebody's")
    draft.close()
    draft = Draft.open(tmp_path / "store", ABOUT)
    assert list(draft.outcomes()) == [0]
    assert draft.publish(ABOUT) == 1


def test_one_process_at_a_time(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    with pytest.raises(StoreError, match="another run is extracting into"):
        Draft.open(tmp_path / "store", ABOUT)
    with pytest.raises(StoreError, match="another run is extracting into"):
        Draft(tmp_path / "store").recover()
    draft.close()
    Draft.open(tmp_path / "store", ABOUT).close()


def test_a_link_and_what_it_points_to_are_one_store(tmp_path: Path) -> None:
    disk, link = tmp_path / "disk", tmp_path / "link"
    disk.mkdir()
    link.symlink_to(disk / "store")
    draft = Draft.open(link, ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    with pytest.raises(StoreError, match="another run is extracting into"):
        Draft.open(disk / "store", ABOUT)
    draft.publish(ABOUT)
    assert link.is_symlink()
    assert [p.name for p in disk.iterdir()] == ["store"]
    with Draft.open(disk / "store", {"extractor": {}}) as draft:
        draft.commit(0, [clip("b")], [ok("b")])
    with Draft.open(link, {"extractor": {}}) as draft:
        assert list(draft.outcomes()) == [0]
        draft.publish(ABOUT, replace=True)
    assert link.is_symlink()
    assert [c.clip_id for c in iter_clips(disk / "store")] == ["b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["disk", "link"]


def test_a_clip_that_got_lost_is_noticed_before_the_store_is_there(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    draft.commit(1, [clip("b")], [ok("b")])
    (tmp_path / "store.extracting/clips/part-000000.parquet").unlink()
    with draft, pytest.raises(StoreError, match="has lost clips"):
        draft.publish(ABOUT)
    assert not (tmp_path / "store").exists()


def test_another_extraction_is_refused_by_what_differs(tmp_path: Path) -> None:
    Draft.open(tmp_path / "store", {"extractor": {}, "manifest": {}}).close()  # gives way: no part
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    draft.close()
    other = {"extractor": {"fps": 12.5, "crop": {"left": 0.0}}, "manifest": {"rows": 3}}
    with pytest.raises(StoreError, match=r"store\.extracting' .* extractor\.fps=unset, now 12\.5"):
        Draft.open(tmp_path / "store", other)


def test_without_a_clip_there_is_no_store(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [], [FAILED])
    with draft, pytest.raises(StoreError, match="no clips"):
        draft.publish(ABOUT)
    assert not (tmp_path / "store").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write store"):
        Draft.open(tmp_path / "file" / "store", ABOUT)


def test_damage_is_told(tmp_path: Path) -> None:
    draft = Draft.open(tmp_path / "store", ABOUT)
    draft.commit(0, [clip("a")], [ok("a")])
    draft.close()
    (tmp_path / "store.extracting/outcomes/part-000000.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(StoreError, match="extract again, or delete it"):
        Draft.open(tmp_path / "store", ABOUT)
    (tmp_path / "store.extracting/extraction.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        Draft.open(tmp_path / "store", ABOUT)


def test_a_file_of_any_filesystem_is_copied_for_a_while(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"video")
    with local_copy((tmp_path / "a.mp4").as_uri()) as path:
        assert Path(path).read_bytes() == b"video"
        assert Path(path).suffix == ".mp4"
    assert not Path(path).exists()
    with (
        pytest.raises(StoreError, match=r"cannot read 'file:.*b\.mp4'"),
        local_copy((tmp_path / "b.mp4").as_uri()),
    ):
        pass


def test_a_server_that_does_not_answer_costs_its_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with (
        pytest.raises(StoreError, match=r"nothing came for timeout_s=0\.3"),
        local_copy((tmp_path / "a.mp4").as_uri(), timeout_s=0.3),
    ):
        pass
    with (tmp_path / "a.mp4").open("wb"):
        pass  # so that the copying ends


class Slow(io.BytesIO):
    """A file, and the filesystem that it is on: a block every so often."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.4)
        return super().read(size)

    def open_input_stream(self, path: str) -> Slow:
        return self


def test_a_server_that_is_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(b"x" * 4 * BLOCK_BYTES)
    monkeypatch.setattr("raysign.store.copies.locate", lambda uri: (slow, "a.mp4"))
    with local_copy("slow://a.mp4", timeout_s=1.0) as path:
        assert Path(path).stat().st_size == 4 * BLOCK_BYTES


def test_a_disk_has_a_part_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not keep the outcomes, which commit a part, and lose its clips."""
    settled = list[str]()

    def settle(path: Path) -> None:
        assert path.exists()
        folder = tmp_path / "store.extracting"
        settled.append(path.parent.name if path.is_file() else path.name)
        assert not (tmp_path / "store").exists()
        if path.parent.name == "outcomes":
            assert (folder / "clips/part-000000.parquet").exists()

    draft = Draft.open(tmp_path / "store", ABOUT)
    monkeypatch.setattr("raysign.store.opening.settle", settle)
    draft.commit(0, [clip("a")], [ok("a")])
    assert settled == ["clips", "outcomes"]
    draft.publish(ABOUT)
    assert settled[-1] == ".store.extracted.part"


def test_a_part_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(filesystem: object, file: str, clips: object) -> None:
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    draft = Draft.open(tmp_path / "store", ABOUT)
    monkeypatch.setattr("raysign.store.draft.write_part", full)
    with pytest.raises(StoreError, match="No space left on device"):
        draft.commit(0, [clip("a")], [ok("a")])
    assert not list((tmp_path / "store.extracting" / "clips").iterdir())
    draft.close()
