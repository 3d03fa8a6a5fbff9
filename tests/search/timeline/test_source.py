"""What may be looked through, and what may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.errors import DataError, SealedSplitError, SplitError, StoreError, VideoError
from raysign.search.query import Reader
from raysign.search.timeline.source import is_store, read_sentences
from raysign.sentences import SignedSentence
from raysign.store import write_sentences, write_store


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flowing: list[SignedSentence]) -> None:
    monkeypatch.chdir(tmp_path)
    splits = ["train", "val", "val", "test"]
    rows = [
        replace(one, clip=replace(one.clip, split=split))
        for one, split in zip(flowing, splits, strict=False)
    ]
    write_sentences("sentences", rows)
    write_store("clips", [row.clip for row in rows])


@pytest.mark.usefixtures("stores")
def test_sentences_with_what_is_known_of_them(flowing: list[SignedSentence]) -> None:
    with Reader() as reader:
        known = read_sentences("sentences:val", reader=reader)
        assert known.clips.clip_id.tolist() == ["s1", "s2"]
        assert known.spans[0] == flowing[1].spans
        plain = read_sentences("clips", reader=reader)
        assert plain.clips.clip_id.tolist() == ["s0", "s1", "s2"]
        assert plain.glosses == ((), (), ())
        assert plain.confidence.shape == plain.clips.xyz.shape[:2]
        assert set(np.unique(plain.confidence)) <= {0, 1}
        two = read_sentences("sentences", ["s2", "s0"], reader=reader)
        assert two.clips.clip_id.tolist() == ["s2", "s0"]


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize("store", ["sentences", "clips"])
def test_the_test_split_is_sealed(store: str) -> None:
    with Reader() as reader:
        with pytest.raises(SealedSplitError):
            read_sentences(f"{store}:test", reader=reader)
        with pytest.raises(SealedSplitError):
            read_sentences(store, ["s3"], reader=reader)
        with pytest.raises(DataError, match="has no sentence or clip 's9'"):
            read_sentences(store, ["s9"], reader=reader)


@pytest.mark.usefixtures("stores")
def test_what_is_not_there() -> None:
    Path("empty.mp4").touch()
    with Reader() as reader:
        for source, error in (
            ("nothing:val", StoreError),
            ("nothing.mp4", VideoError),
            ("empty.mp4", VideoError),
            ("sentences:dev", SplitError),
            ("synthetic:val", DataError),
        ):
            with pytest.raises(error):
                read_sentences(source, reader=reader)
        with pytest.raises(VideoError, match="no store and no video 'nowhere'; give STORE"):
            read_sentences("nowhere", reader=reader)
        with pytest.raises(VideoError, match=r"^video 'empty\.mp4'"):
            read_sentences("empty.mp4", reader=reader)
        with pytest.raises(DataError, match="is one recording: leave 's1' out"):
            read_sentences("empty.mp4", ["s1"], reader=reader)


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize(
    ("source", "store"),
    [("clips", True), ("clips:val", True), ("s3://b/x", True), ("a.pose", False), ("a.mp4", False)],
)
def test_stores_by_their_names(source: str, store: bool) -> None:
    assert is_store(source) == store
