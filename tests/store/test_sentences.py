from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.clip import Clip
from raysign.errors import DataError, SealedSplitError, SplitError, StoreError
from raysign.sentences import Sentences, SignedSentence
from raysign.store import (
    describe,
    describe_sentences,
    has_sentences,
    iter_clips,
    load_clips,
    load_sentences,
    write_sentences,
    write_store,
)


@pytest.fixture
def sentences(rows: list[Clip]) -> list[SignedSentence]:
    """Six, in train, val, test and none; words, times and confidence known of some."""
    words: list[tuple[tuple[str, ...], tuple[str, ...], Any]] = [
        (("REGEN", "NORD"), ("im", "norden"), ((0, 1), (1, 3))),
        (("NORD",), (), None),
        ((), ("sonne",), None),
        (("GEHEIM",), ("geheim",), ((1, 2),)),
        ((), (), ()),
        (("REGEN", "REGEN"), ("regen",), ((0, 1), (1, 2))),
    ]
    return [
        SignedSentence(replace(clip, sign=""), *known)
        for clip, known in zip(rows, words, strict=True)
    ]


def same(got: Sentences, want: list[SignedSentence]) -> None:
    packed = Sentences.pack(want)
    assert got.glosses == packed.glosses
    assert got.translations == packed.translations
    assert got.spans == packed.spans
    assert got.fingerprint() == packed.fingerprint()
    np.testing.assert_array_equal(got.confidence, packed.confidence)


@pytest.mark.parametrize("clips_per_part", [1, 4, 100])
def test_what_is_written_is_read(
    tmp_path: Path, sentences: list[SignedSentence], clips_per_part: int
) -> None:
    out = tmp_path / "store"
    assert write_sentences(out, iter(sentences), clips_per_part=clips_per_part) == 6
    same(load_sentences(out, open_test=True), sentences)
    same(load_sentences(out), [s for s in sentences if s.clip.split != "test"])
    same(load_sentences(out, "train"), [sentences[i] for i in (0, 1, 4)])
    same(load_sentences(out, ["val"]), sentences[2:3])


def test_every_door_reads_it_as_a_store(tmp_path: Path, sentences: list[SignedSentence]) -> None:
    write_sentences(tmp_path / "s", sentences)
    assert describe(tmp_path / "s").clips == 6
    assert load_clips(tmp_path / "s").clip_id.tolist() == ["a", "b", "c", "e", "f"]
    (val,) = iter_clips(tmp_path / "s", ["val"])
    np.testing.assert_array_equal(val.xyz, sentences[2].clip.xyz)


def test_the_test_split_is_sealed(tmp_path: Path, sentences: list[SignedSentence]) -> None:
    write_sentences(tmp_path / "s", sentences)
    with pytest.raises(SealedSplitError, match="sealed"):
        load_sentences(tmp_path / "s", ["test"])
    assert "GEHEIM" not in {g for words in load_sentences(tmp_path / "s").glosses for g in words}
    same(load_sentences(tmp_path / "s", ["test"], open_test=True), sentences[3:4])
    with pytest.raises(SplitError, match="no split 'dev'"):
        load_sentences(tmp_path / "s", ["dev"])


def test_counts(tmp_path: Path, sentences: list[SignedSentence]) -> None:
    write_sentences(tmp_path / "s", sentences)
    counts = describe_sentences(tmp_path / "s")
    train = counts["train"]
    assert (train.sentences, train.signers, train.glosses, train.words) == (3, 2, 2, 2)
    assert (train.signed, train.timed, train.frames, train.hours) == (3, 2, 7, None)
    test = counts["test"]
    assert (test.glosses, test.timed, test.hours) == (1, 1, pytest.approx(6 / 25 / 3600))


def test_a_store_of_clips_has_no_sentences(tmp_path: Path, rows: list[Clip]) -> None:
    write_store(tmp_path / "clips", rows)
    assert not has_sentences(tmp_path / "clips")
    for read in (load_sentences, describe_sentences):
        with pytest.raises(StoreError, match=r"a store of clips, .*raysign keywords make --help"):
            read(tmp_path / "clips")


def test_times_may_be_in_no_column(tmp_path: Path, sentences: list[SignedSentence]) -> None:
    """As the format allows where nobody knows them."""
    write_sentences(tmp_path / "s", sentences)
    assert has_sentences(tmp_path / "s")
    rewrite(tmp_path / "s", lambda table: table.drop_columns(["gloss_frames", "pieces", "signers"]))
    assert set(load_sentences(tmp_path / "s").spans) == {None}
    assert describe_sentences(tmp_path / "s")["train"].timed == 0


def test_a_column_of_which_nothing_is_known_may_have_no_type(
    tmp_path: Path, sentences: list[SignedSentence]
) -> None:
    write_sentences(tmp_path / "s", sentences)
    unknown = ("signer", "language", "dataset", "fps", "width", "height", "confidence", "pieces")

    def untyped(table: Any) -> Any:
        for name in unknown:
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, pa.nulls(len(table)))
        return table

    rewrite(tmp_path / "s", untyped)
    got = load_sentences(tmp_path / "s", open_test=True)
    assert [s.glosses for s in got] == [s.glosses for s in sentences]
    detected = ~np.isnan(got.clips.xyz).any(axis=2)
    np.testing.assert_array_equal(got.confidence, detected, "as seen, where it is not known")


def rewrite(store: Path, change: Callable[[Any], Any]) -> None:
    (part,) = store.glob("*.parquet")
    pq.write_table(change(pq.read_table(part)), part)


def column(name: str, values: list[Any], kind: Any) -> Callable[[Any], Any]:
    def change(table: Any) -> Any:
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array(values, kind))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            column("gloss_frames", [[0]] * 6, pa.list_(pa.int32())),
            "must hold two numbers a gloss, got 1",
        ),
        (
            column("gloss_frames", [[0, 1]] * 6, pa.list_(pa.int32())),
            r"sentence 'a': 1 spans for 2 glosses",
        ),
        (
            column("gloss_frames", [[0, 1, 1, 9]] + [None] * 5, pa.list_(pa.int32())),
            r"store .*sentence 'a': gloss 'NORD' in frames 1 to 9",
        ),
        (column("glosses", [["A B"]] * 6, pa.list_(pa.string())), "hold a blank, got 'A B'"),
        (column("glosses", [1] * 6, pa.int32()), "is not part of a sentence store"),
        (
            column("confidence", [[0.5]] * 6, pa.list_(pa.float16())),
            r"clip 'a': confidence has 1 values; 3 frames × 42 joints make 126",
        ),
    ],
)
def test_a_damaged_store(
    tmp_path: Path, sentences: list[SignedSentence], change: Callable[[Any], Any], message: str
) -> None:
    write_sentences(tmp_path / "s", sentences)
    rewrite(tmp_path / "s", change)
    with pytest.raises(StoreError, match=message):
        load_sentences(tmp_path / "s")


def test_all_or_nothing(tmp_path: Path, sentences: list[SignedSentence]) -> None:
    def broken() -> Iterator[SignedSentence]:
        yield from sentences[:2]
        raise DataError("the third is bad")

    with pytest.raises(DataError, match="the third is bad"):
        write_sentences(tmp_path / "s", broken())
    with pytest.raises(DataError, match="clip_id must be unique"):
        write_sentences(tmp_path / "s", [sentences[0], sentences[0]])
    with pytest.raises(StoreError, match="no clips to write"):
        write_sentences(tmp_path / "s", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [1, 5000])
def test_short_and_long(tmp_path: Path, clip: Callable[..., Clip], frames: int) -> None:
    one = SignedSentence(clip("a", frames), ("A",), (), ((0, frames),))
    write_sentences(tmp_path / "s", [one])
    same(load_sentences(tmp_path / "s"), [one])
