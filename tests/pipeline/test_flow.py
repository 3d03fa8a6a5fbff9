"""An extraction that is stopped, gone on with, repeated and refused."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from raysign.clip import Clip
from raysign.config import ExtractConfig, load_config
from raysign.errors import DataError, ExtractionError, StoreError
from raysign.manifest import VideoClip
from raysign.pipeline import extract_videos, reasons_in_words
from raysign.store import describe, iter_clips
from raysign.store.outcomes import read_outcomes, read_outcomes_file

CONFIG = ExtractConfig()


def extract(
    store: Path,
    stream: Any,
    rows: list[VideoClip],
    config: ExtractConfig = CONFIG,
    update: bool = False,
) -> list[str]:
    lines: list[str] = []
    extract_videos(
        rows,
        str(store),
        config,
        stream=stream,
        say=lines.append,
        rows_per_part=8,
        update=update,
    )
    return lines


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def whole(fake: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("whole") / "store"
    extract(store, fake.Stream(), fake.rows(50))
    return store


def test_every_row_has_its_outcome_and_every_ok_one_its_clip(fake: Any, whole: Path) -> None:
    outcomes = read_outcomes(whole)
    assert outcomes == [fake.made_up(n, row).outcome for n, row in enumerate(fake.rows(50))]
    ok = [o.clip_id for o in outcomes if o.outcome == "ok"]
    clips = list(iter_clips(whole))
    assert [clip.clip_id for clip in clips] == ok
    assert clips[3].xyz == pytest.approx(fake.made_up(3, fake.rows(50)[3]).clip.xyz, abs=1e-3)
    assert describe(whole).clips == len(ok), "outcomes.parquet is not counted as clips"
    assert not whole.with_name("store.extracting").exists()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_store_does_not_depend_on_the_order_of_work(
    fake: Any, whole: Path, tmp_path: Path, seed: int
) -> None:
    extract(tmp_path / "store", fake.Stream(seed), fake.rows(50))
    assert content(tmp_path / "store") == content(whole)


def test_a_stopped_run_goes_on_and_the_store_is_the_same(
    fake: Any, whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    for until in (46, 5):
        with pytest.raises(KeyboardInterrupt):
            extract(store, fake.Stream(until, until=until), fake.rows(50))
        assert not store.exists(), "a store that is there is whole"
    lines = extract(store, fake.Stream(), fake.rows(50))
    assert content(store) == content(whole)
    assert any("goes on" in line for line in lines)


def test_a_whole_part_is_never_done_again(fake: Any, tmp_path: Path) -> None:
    class InOrder(fake.Stream):
        def __call__(self, rows, config):  # type: ignore[no-untyped-def]
            for done, (number, video) in enumerate(rows):
                if done == self.until:
                    raise KeyboardInterrupt
                self.seen.append(number)
                yield number, fake.made_up(number, video)

    first, second = InOrder(until=20), InOrder()
    with pytest.raises(KeyboardInterrupt):
        extract(tmp_path / "store", first, fake.rows(50))
    extract(tmp_path / "store", second, fake.rows(50))
    assert second.seen == list(range(16, 50))


def test_a_whole_store_is_left_alone(fake: Any, whole: Path, tmp_path: Path) -> None:
    before = content(whole)
    stream = fake.Stream()
    lines = extract(whole, stream, fake.rows(50))
    assert not stream.seen
    assert content(whole) == before
    assert "nothing to extract" in lines[-1]


def test_two_extractions_are_never_mixed(fake: Any, whole: Path, tmp_path: Path) -> None:
    other = load_config(ExtractConfig, None, ["fps=12"])
    with pytest.raises(StoreError, match=r"extractor\.settings\.fps=unset, now 12\.0"):
        extract(whole, fake.Stream(), fake.rows(50), config=other)
    with pytest.raises(KeyboardInterrupt):
        extract(tmp_path / "store", fake.Stream(until=46), fake.rows(50))
    with pytest.raises(StoreError, match=r"extractor\.settings\.fps"):
        extract(tmp_path / "store", fake.Stream(), fake.rows(50), config=other)
    with pytest.raises(StoreError, match=r"manifest\.rows=50, now 49"):
        extract(tmp_path / "store", fake.Stream(), fake.rows(49))
    extract(
        tmp_path / "store",
        fake.Stream(),
        fake.rows(50),
        config=load_config(ExtractConfig, None, ["timeout_s=9"]),
    )


def test_a_clip_id_that_came_before_fails_and_the_first_stays(fake: Any, tmp_path: Path) -> None:
    twice = [*fake.rows(10), fake.rows(10)[2]]
    extract(tmp_path / "store", fake.Stream(), twice)
    outcomes = read_outcomes(tmp_path / "store")
    assert outcomes is not None
    assert outcomes[2].outcome == "ok"
    assert outcomes[10].outcome == "failed"
    assert outcomes[10].reason == "its clip_id came before, in row 3: /videos/2.mp4"


def test_no_clip_at_all_makes_no_store_and_says_why(fake: Any, tmp_path: Path) -> None:
    class Nothing(fake.Stream):
        def __call__(self, rows, config):  # type: ignore[no-untyped-def]
            for number, video in rows:
                yield number, fake.made_up(4, video)

    why = r"any of the 50 videos: 50 × no such file; .* stands in .*store\.extracting, delete it"
    for _ in range(2):
        with pytest.raises(ExtractionError, match=why):
            extract(tmp_path / "store", Nothing(), fake.rows(50))
    assert not (tmp_path / "store").exists()
    parts = sorted((tmp_path / "store.extracting/outcomes").glob("*.parquet"))
    found = [row for part in parts for row in read_outcomes_file(fs.LocalFileSystem(), str(part))]
    assert [row.clip_id for row in found] == [row.clip_id for row in fake.rows(50)]
    # Nothing is lost with it, so other settings may take its place.
    extract(tmp_path / "store", fake.Stream(), fake.rows(50), config=ExtractConfig(fps=12))
    assert len(list(iter_clips(tmp_path / "store"))) == 34


def test_a_row_without_an_answer_is_not_lost_silently(
    fake: Any, whole: Path, tmp_path: Path
) -> None:
    class Forgetful(fake.Stream):
        def __call__(self, rows, config):  # type: ignore[no-untyped-def]
            for number, found in super().__call__(rows, config):
                if number != 13:
                    yield number, found

    with pytest.raises(ExtractionError, match="1 clips got no answer; the same command goes on"):
        extract(tmp_path / "store", Forgetful(), fake.rows(50))
    assert not (tmp_path / "store").exists()
    extract(tmp_path / "store", fake.Stream(), fake.rows(50))
    assert content(tmp_path / "store") == content(whole)


def test_settings_that_mean_the_same_are_the_same(fake: Any, whole: Path, tmp_path: Path) -> None:
    for changed in ("backend=holistic", "model=/unread.task", "timeout_s=7"):
        config = load_config(ExtractConfig, None, [changed])
        lines = extract(whole, fake.Stream(), fake.rows(50), config=config)
        assert "nothing to extract" in lines[-1], changed
    with pytest.raises(KeyboardInterrupt):
        extract(tmp_path / "store", fake.Stream(until=46), fake.rows(50))
    config = load_config(ExtractConfig, None, ["backend=holistic"])
    extract(tmp_path / "store", fake.Stream(), fake.rows(50), config=config)


def test_what_is_there_already_is_not_overwritten(fake: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="no extraction made it"):
        extract(tmp_path, fake.Stream(), fake.rows(50))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_manifest_is_refused(fake: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        extract(tmp_path / "store", fake.Stream(), fake.rows(0))
    assert not list(tmp_path.iterdir())


def test_reasons_are_counted(fake: Any, whole: Path, tmp_path: Path) -> None:
    done = extract_videos(
        fake.rows(50),
        str(whole),
        CONFIG,
        stream=fake.Stream(),
        say=lambda line: None,
        rows_per_part=8,
    )
    assert (done.ok, done.skipped, done.failed) == (34, 6, 10)
    assert reasons_in_words(done) == "10 × no such file; 6 × nobody is in any of its 9 frames"


def test_a_grown_manifest_takes_over_what_is_the_same(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had been extracted at once, and only what is new or failed is looked at."""
    store = tmp_path / "store"
    extract(store, fake.Stream(), fake.rows(20))
    grown = fake.rows(26)
    grown[3] = replace(grown[3], sign="renamed", split="val")
    grown[5] = replace(grown[5], end_s=0.5)
    with pytest.raises(StoreError, match=r"manifest\.rows=20, now 26.*--update, which takes over"):
        extract(store, fake.Stream(), grown)
    # 8 is another video now; 0 is not there any more, and 1 lies somewhere else.
    found = {"/videos/8.mp4": "ef" * 32, "/videos/0.mp4": ""}
    monkeypatch.setattr("raysign.pipeline.known.sha256", lambda path: found.get(path, "cd" * 32))
    grown[1] = replace(grown[1], path="/elsewhere/1.mp4")
    stream = fake.Stream()
    extract(store, stream, grown, update=True)
    new, failed = [*range(20, 26)], [4, 9, 14, 19]
    assert sorted(stream.seen) == sorted([5, 8, *failed, *new]), "5: another span; 8: another file"
    extract(tmp_path / "at_once", fake.Stream(), grown)
    assert content(store) == content(tmp_path / "at_once")
    clips = {clip.clip_id: clip for clip in iter_clips(store)}
    assert (clips["clip3"].sign, clips["clip3"].split) == ("renamed", "val")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["at_once", "store"]
    with pytest.raises(StoreError, match=r"settings\.fps"):
        extract(
            store, fake.Stream(), grown, load_config(ExtractConfig, None, ["fps=9"]), update=True
        )


def test_an_update_that_is_stopped_leaves_the_store_and_goes_on(fake: Any, tmp_path: Path) -> None:
    store = tmp_path / "store"
    extract(store, fake.Stream(), fake.rows(20))
    before = content(store)
    with pytest.raises(KeyboardInterrupt):
        extract(store, fake.Stream(until=5), fake.rows(40), update=True)
    assert content(store) == before
    extract(store, fake.Stream(), fake.rows(40), update=True)
    extract(tmp_path / "at_once", fake.Stream(), fake.rows(40))
    assert content(store) == content(tmp_path / "at_once")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["at_once", "store"]


def test_a_draft_that_was_killed_while_it_was_published_is_put_right(
    fake: Any, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*args: Any) -> None:
        raise Killed

    store = tmp_path / "store"
    extract(store, fake.Stream(), fake.rows(20))
    before = content(store)
    # Between the two renames: the old store has another name, the new one has none yet.
    with monkeypatch.context() as patched:
        patched.setattr("raysign.store.write._discard", killed)
        move, moves = fs.LocalFileSystem.move, []

        class Filesystem(fs.LocalFileSystem):
            def move(self, source: str, target: str) -> None:
                moves.append(target)
                if target == str(store):
                    raise Killed
                move(self, source, target)

        patched.setattr("raysign.store.opening.fs.LocalFileSystem", Filesystem)
        with pytest.raises(Killed):
            extract(store, fake.Stream(), fake.rows(30), update=True)
    assert not store.exists()
    lines = extract(store, fake.Stream(), fake.rows(30), update=True)
    assert any("0 clips to extract" in line for line in lines), lines
    extract(tmp_path / "at_once", fake.Stream(), fake.rows(30))
    assert content(store) == content(tmp_path / "at_once")
    assert before != content(store)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["at_once", "store"]


def test_parts_keep_the_size_that_they_were_begun_with(
    fake: Any, whole: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        extract(store, fake.Stream(until=46), fake.rows(50))
    last = fake.Stream()
    extract_videos(
        fake.rows(50), str(store), CONFIG, stream=last, say=lambda line: None, rows_per_part=5
    )
    assert content(store) == content(whole)
    assert len(last.seen) < 50


def test_clips_that_are_taken_over_do_not_wait_in_memory(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part has failed rows that are looked at again: its clips are read with the last."""
    store = tmp_path / "store"
    rows = fake.rows(40)
    extract(store, fake.Stream(), rows)
    first = {clip.clip_id: clip.xyz.tobytes() for clip in iter_clips(store)}
    monkeypatch.setattr("raysign.pipeline.known.sha256", lambda path: "cd" * 32)
    held: list[int] = []

    class Watched(fake.Stream):
        def __call__(self, todo, config):  # type: ignore[no-untyped-def]
            for number, found in super().__call__(todo, config):
                held.append(sum(type(o) is Clip for o in gc.get_objects()))
                yield number, found

    moved = [*rows[21:], *rows[:21]]
    gc.collect()
    before = sum(type(o) is Clip for o in gc.get_objects())
    extract(store, Watched(), moved, update=True)
    assert len(held) == 8, "every fifth had failed"
    assert max(held) - before <= 8, "at most those of the part just committed"
    after = {clip.clip_id: clip.xyz.tobytes() for clip in iter_clips(store)}
    assert after == {**after, **first}, "what was there is there as it was"
    assert list(after) == [row.clip_id for row in moved if row.clip_id in after]
    assert len(after) > len(first)
