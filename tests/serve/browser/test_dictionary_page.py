"""The dictionary's own page, and what only its owner can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Begin = Callable[..., Any]


def test_numbers_list_and_search(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    assert page.inner_text("#numbers").split("\n")[:2] == [
        "36",
        "signs",
    ] or "36" in page.inner_text("#numbers")
    assert page.locator(".sign").count() == 15
    page.click(".pages [data-by='1']")
    there.until("document.querySelector('.pages span').textContent === '16 to 30 of 36'")
    page.fill("#signs input", "co")
    there.until("document.querySelector('#signs-count').textContent === '4 signs'")
    assert page.locator(".word").all_inner_texts() == ["computer", "cook", "cool", "cousin"]
    assert not page.is_visible(".pages")


def test_how_good_it_is_and_for_whom(fake: Any, visit: Begin) -> None:
    page = visit(fake.url).open("/dictionary").page
    assert page.inner_text("#measured").startswith("Asked with 80 recordings that are not in it")
    found = page.inner_text("#found")
    assert found.startswith("Asked with its own exemplars, it finds another one of the same sign")
    assert "Its encoder learned 30 of these signs, perhaps from these very clips" in found


def test_exemplars_move(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    page.click(".sign:has-text('black') summary")
    page.wait_for_selector(".films canvas")
    assert page.locator(".films li").count() == 3
    there.until("document.querySelector('.sign [data-play]').textContent === 'Pause'")
    first = page.inner_text(".sign output")
    there.until(f"document.querySelector('.sign output').textContent !== '{first}'")


def test_remove_asks_first(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    page.click(".sign:has-text('black') summary")
    page.click(".films .link >> nth=0")
    assert page.inner_text("#remove-title") == "Remove exemplar black-0 of black?"
    page.keyboard.press("Escape")
    page.wait_for_selector("#remove", state="hidden")
    assert "black-0" in fake.told()["clips"]
    page.click(".films .link >> nth=0")
    page.click("#remove [value='yes']")
    page.wait_for_selector("#news:has-text('was removed')")
    assert "black-0" not in fake.told()["clips"]
    assert page.locator(".films li").count() == 2
    there.until("document.querySelector('#numbers').textContent.includes('75')")


def test_add_from_the_dictionary(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    page.click("#new")
    page.wait_for_selector("html[data-ready] #camera")
    assert page.inner_text("#ask-title") == "Add to the dictionary"
    there.upload()
    page.fill("#add [name='sign']", "blue")
    page.fill("#add [name='signer']", "me")
    page.click("#add button")
    page.wait_for_selector("#news:has-text('Added an exemplar of blue')")
    told = fake.told()
    assert "blue" in told["clips"].values()
    assert told["searches"] == []
    assert not page.is_visible("#takes")


def test_what_is_added_again_comes_once(fake: Any, visit: Begin) -> None:
    """Of two recordings the first is added, and the answer gets lost."""
    fake.mood(lost=True)
    there = visit(fake.url).open("/#add=blue").upload().upload()
    page = there.page
    page.wait_for_selector("#takes li >> nth=1")
    page.click("#add button")
    page.wait_for_selector("#alarm:has-text('The answer got lost')")
    assert sum(sign == "blue" for sign in fake.told()["clips"].values()) == 1
    page.click("#add button")
    page.wait_for_selector("#news:has-text('Added 2 exemplars of blue')")
    assert sum(sign == "blue" for sign in fake.told()["clips"].values()) == 2


def test_what_was_not_found_can_be_added(fake: Any, visit: Begin) -> None:
    fake.mood(unknown=True)
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.click("#add summary")
    page.fill("#add [name='sign']", "blue")
    page.keyboard.press("Enter")
    page.wait_for_selector("#news:has-text('Added an exemplar of blue')")
    assert page.get_attribute("body", "data-view") == "ask"


def test_confused_signs_side_by_side(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    assert "drink is taken for cool: 2 of 3" in page.inner_text("#confusions li:first-child")
    page.click("#confusions button >> nth=0")
    page.wait_for_selector("#both canvas >> nth=1")
    assert page.inner_text("#both-title") == "drink and cool"
    page.keyboard.press("Escape")
    page.wait_for_selector("#both", state="hidden")


def test_the_map_finds_a_sign_and_its_neighbours(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open("/dictionary")
    page = there.page
    assert page.locator("#map circle").count() == 36
    page.fill("#map input", "chair")
    page.wait_for_selector(".picked canvas")
    assert page.inner_text(".picked h3") == "chair"
    assert page.locator("#map g.near").count() == 5
    neighbour = page.inner_text(".near button >> nth=0")
    page.click(".near button >> nth=0")
    there.until(f"document.querySelector('.picked h3').textContent === '{neighbour}'")
    zoomed = page.get_attribute("#map circle", "cx")
    page.click("[data-zoom='0']")
    assert page.get_attribute("#map circle", "cx") != zoomed
    page.locator("#map circle").nth(3).dispatch_event("click")
    there.until(f"document.querySelector('.picked h3').textContent !== '{neighbour}'")


def test_who_does_not_own_it_only_looks(fake: Any, visit: Begin) -> None:
    fake.mood(owner=False)
    there = visit(fake.url).open("/dictionary")
    page = there.page
    assert page.is_visible("#quality")
    assert page.is_visible("#map")
    assert not page.is_visible("#new")
    page.click(".sign summary >> nth=0")
    page.wait_for_selector(".films canvas")
    assert page.locator(".films .link:visible").count() == 0
    there.open("/#add=blue").upload().answer()
    assert not page.is_visible("#add")
