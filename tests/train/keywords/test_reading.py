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
