"""What a terminal gets to see of labels that come from outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from raysign.bundle import load_bundle
from raysign.config import GalleryConfig
from raysign.search.index import index_clips
from raysign.search.lines import lines, plain, width
from raysign.search.searcher import Searcher
from raysign.store import iter_clips


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bird", "bird"),
        ("two\nlines", r"two\nlines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202egnirts", r"\u202egnirts"),
        ("\x9b2J\u2028", r"\x9b2J\u2028"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("手話 é", "手話 é"),
    ],
)
def test_characters_that_drive_a_terminal_are_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert plain(shown) == shown


@pytest.mark.parametrize(
    ("text", "cells"), [("bird", 4), ("手話", 4), ("é", 1), ("e\u0301", 1), ("수어", 4), ("", 0)]
)
def test_how_wide_it_is(text: str, cells: int) -> None:
    assert width(text) == cells


@pytest.mark.usefixtures("desk")
def test_labels_do_not_break_the_table() -> None:
    index_clips(
        load_bundle("model"), "model", ["store:train"], "g", GalleryConfig(), say=lambda _: None
    )
    searcher = Searcher.open("g")
    (asks,) = [clip for clip in iter_clips("store", ["val"])][:1]
    answer = searcher.answer([asks], 3)
    evil = "\x1b[2J\nnote: all is well"
    first, second, third = answer.signs
    signs = (
        replace(first, sign="手話"),
        replace(second, sign=evil, best=replace(second.best, clip_id=evil, signer=evil)),
        replace(third, sign="bird"),
    )
    take = replace(answer.asked[0], name=evil)
    plainly = lines(answer, searcher.gallery, ())
    told = lines(replace(answer, signs=signs, asked=(take,)), searcher.gallery, ())
    assert len(told) == len(plainly)
    assert all(line.isprintable() for line in told)
    # Cosines stand one below the other, in cells of the terminal.
    cosines = [f"{found.cosine:.3f}" for found in signs]
    starts = {width(line.split(c)[0]) for line, c in zip(told[1:4], cosines, strict=True)}
    assert starts == {width(told[0].split("cosine")[0])}
