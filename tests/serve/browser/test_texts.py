"""All that the pages say stands in one file, and nothing else does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import raysign.serve

WEB = Path(raysign.serve.__file__).parent / "web"
TEXTS = json.loads((WEB / "texts" / "en.json").read_text(encoding="utf-8"))
PAGES = {path.name: path.read_text(encoding="utf-8") for path in WEB.glob("*.html")}
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (WEB / "js").glob("*.js")}
MADE = ("hint.", "stage.", "hands.", "filter.", "camera.", "times.")
"""Keys that are put together from a word of the API or a state."""


def test_every_text_is_there_and_is_said() -> None:
    said = {
        key
        for page in PAGES.values()
        for key in re.findall(r'data-(?:text|label|hint)="(.+?)"', page)
    }
    said |= {
        key for script in SCRIPTS.values() for key in re.findall(r'"([a-z]+\.[a-z_ ]+)"', script)
    }
    missing = {key for key in said if key.split(".")[0] in PREFIXES} - TEXTS.keys()
    assert not missing
    unsaid = {key for key in TEXTS.keys() - said if not key.startswith(MADE)}
    assert not unsaid


PREFIXES = {key.split(".")[0] for key in TEXTS}


def test_plurals_have_both_forms() -> None:
    for key, text in TEXTS.items():
        if isinstance(text, dict):
            assert text.keys() == {"one", "other"}, key


def test_pages_and_scripts_hold_no_text_of_their_own() -> None:
    for name, page in PAGES.items():
        body = re.sub(r"<noscript>.*?</noscript>|<title>.*?</title>|<[^>]+>", "", page, flags=re.S)
        assert set(body.split()) <= {"raysign", "+", "−"}, name
    for name, script in SCRIPTS.items():
        code = re.sub(r"/\*.*?\*/|//.*", "", script, flags=re.S)
        sentences = re.findall(r'"([A-Z][a-z]+ [^"]*)"', re.sub(r"//.*", "", code))
        assert not sentences, name


def test_nothing_is_written_inline_and_nothing_comes_from_elsewhere() -> None:
    for name, text in {**PAGES, **SCRIPTS}.items():
        assert not re.search(r'\sstyle="|\son\w+="|<style|<script>', text), name
        assert "innerHTML" not in text, name
        assert not re.search(r"https?://(?!www\.w3\.org)", text), name
