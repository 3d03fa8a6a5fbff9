"""Who trains and who is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raysign.config import KeywordDataConfig
from raysign.sentences import SignedSentence
from raysign.store import load_sentences, write_sentences
from raysign.train.keywords import read_sentences


def test_sentences_without_a_frame_are_left_out_with_a_note(store: Path, tmp_path: Path) -> None:
    def emptied(row: SignedSentence) -> SignedSentence:
        clip = replace(row.clip, xyz=row.clip.xyz[:0], confidence=None)
        return replace(row, clip=clip) if clip.clip_id in ("train-3", "val-5") else row

    write_sentences(tmp_path / "some", map(emptied, load_sentences(store, ("train", "val"))))
    split = read_sentences(KeywordDataConfig(store=str(tmp_path / "some")))
    assert (len(split.train), len(split.val)) == (39, 15)
    assert "2 sentences without a frame are left out (train-3, val-5)" in split.notes


def test_val_sentences_that_also_train_are_said_and_can_be_left_out(
    store: Path, tmp_path: Path
) -> None:
    rows = list(load_sentences(store, ("train", "val")))
    first = next(row for row in rows if row.clip.split == "val")
    clip = replace(first.clip, clip_id="again", split="train")
    write_sentences(tmp_path / "some", [*rows, replace(first, clip=clip)])
    kept = read_sentences(KeywordDataConfig(store=str(tmp_path / "some")))
    (note,) = (note for note in kept.notes if "byte-identical" in note)
    assert note.startswith("1 training sentences are byte-identical to a val sentence: val says")
    dropped = read_sentences(KeywordDataConfig(store=str(tmp_path / "some"), duplicates="drop"))
    assert len(dropped.train) == len(kept.train) - 1
    assert "again" not in dropped.train.clips.clip_id
    assert not any(
        "byte-identical" in note
        for note in read_sentences(KeywordDataConfig(store=str(store))).notes
    )
