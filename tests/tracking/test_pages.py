from __future__ import annotations

from raysign.tracking.pages import CHAMPIONS, DECISION, PAGE_CHARS, Page

CARD = "# Sign encoder: transformer\n\nWhat it is.\n\n## How good\n\nvery\n"


def test_what_is_written_is_read_again() -> None:
    page = Page(CARD).having({CHAMPIONS: "| 1 |", DECISION: "kept"}, "The champion is version 1.")
    assert str(page).startswith("The champion is version 1.\n\n## Decision\n\nkept\n\n## Champions")
    assert str(page).endswith(CARD)
    assert Page.parse(str(page)) == page


def test_one_section_is_replaced_and_the_others_stay() -> None:
    text = str(Page(CARD).having({DECISION: "kept", "By hand": "a note of somebody's"}, "intro"))
    page = Page.parse(text).having({DECISION: "promoted", CHAMPIONS: ""})
    assert dict(page.sections) == {DECISION: "promoted", "By hand": "a note of somebody's"}
    assert (page.intro, page.card) == ("intro", CARD)


def test_a_page_without_a_card_is_all_card() -> None:
    assert Page.parse("somebody's own words").card == "somebody's own words"
    assert str(Page.parse("")) == ""


def test_too_long_a_page_loses_the_decisions_end_and_then_the_cards() -> None:
    card = CARD + "".join(f"line {i}\n" for i in range(900))
    decision = "".join(f"fact {i}\n" for i in range(900))
    text = str(Page(card).having({DECISION: decision, CHAMPIONS: "who"}, "intro"))
    assert len(text) <= PAGE_CHARS
    assert "fact 300\n" in text
    assert "the rest stands in the run's report" in text
    assert "## Champions\n\nwho" in text
    assert "line 100\n" in text
    assert text.endswith("the rest stands in the bundle's README.md\n")
