"""Signs by how they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysign.errors import DataError
from raysign.serve.ask.phonology import HowMade, Signs
from raysign.serve.words import Filter

HEADER = (
    "EntryID,LemmaID,Handshape.2.0,SelectedFingers.2.0,Flexion.2.0,MajorLocation.2.0,"
    "MinorLocation.2.0,Movement.2.0,SignType.2.0\n"
)
TABLE = HEADER + (
    "apple,apple,bent_1,i,Bent,Head,CheekNose,Circular,OneHanded\n"
    "book,book,b,imrp,FullyOpen,Neutral,Neutral,,SymmetricalOrAlternating\n"
    "about_1,about,1,i,FullyOpen,Hand,Palm,Circular,AsymmetricalDifferentHandshape\n"
    "about_2,about,flat_o,imrp,Flat,Neutral,Neutral,Curved,OneHanded\n"
    "odd,odd,s,,,Neutral,Neutral,,\n"
)


@pytest.fixture
def known(tmp_path: Path) -> HowMade:
    path = tmp_path / "phonology.csv"
    path.write_text(TABLE)
    return HowMade.read(path)


def test_a_gloss_is_found_as_in_the_table_and_variants_stand_together(known: HowMade) -> None:
    apple = known.of("Apple")
    assert apple is not None
    assert apple.words().model_dump() == {
        "handshape": "bent_1", "location": "Head", "movement": "Circular", "hands": "one",
    }  # fmt: skip
    about = known.of("about")
    assert about is not None
    assert about.words().model_dump() == {
        "handshape": "1 / flat_o", "location": "Hand / Neutral", "movement": "Circular / Curved",
        "hands": "",
    }  # fmt: skip
    second = known.of("ABOUT2")
    assert second is not None
    assert second.handshape == ("flat_o",)
    assert known.of("zebra") is None
    odd = known.of("odd")
    assert odd is not None
    assert (odd.words().hands, odd.words().movement) == ("", "")


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Filter(), None),
        (Filter(handshape=("b", "bent_1")), ["apple", "book"]),
        (Filter(location=("Neutral",)), ["about", "book"]),
        (Filter(location=("Neutral",), hands=("one",)), ["about"]),
        (Filter(hands=("two",)), ["about", "book"]),
        (Filter(handshape=("b",), hands=("one",)), []),
        (Filter(handshape=("no such",)), []),
    ],
)
def test_a_filter_leaves_signs(known: HowMade, wanted: Filter, left: list[str] | None) -> None:
    names = ("about", "apple", "book", "zebra")
    found = Signs.of(names, known).fitting(wanted)
    assert (None if found is None else [names[place] for place in found]) == left


def test_what_a_filter_can_take(known: HowMade) -> None:
    signs = Signs.of(("about", "book", "zebra"), known)
    assert signs.handshapes() == ("1", "b", "flat_o")
    assert signs.locations() == ("Hand", "Neutral")
    assert signs.known == 2


def test_without_a_table_nothing_is_known() -> None:
    signs = Signs.of(("about", "book"), None)
    assert (signs.known, signs.handshapes(), signs.locations()) == (0, (), ())
    assert signs.fitting(Filter()) is None
    fits = signs.fitting(Filter(hands=("one",)))
    assert fits is not None
    assert not len(fits)


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("EntryID,LemmaID\na,a\n")
    with pytest.raises(DataError, match="lacks the columns"):
        HowMade.read(path)


@pytest.mark.real
def test_the_table_of_asl_lex(real_data: Path) -> None:
    known = HowMade.read(real_data / "asl_lex" / "phonology.csv")
    book = known.of("book")
    assert book is not None
    assert book.words().hands == "two"
    thanks = known.of("thank you")
    assert thanks is not None
    assert "Head" in thanks.location
