"""The report: figures of others in it break nothing, and a browser shows it without a word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from raysign.bundle import load_bundle
from raysign.config import RetrainConfig, resolve
from raysign.retrain.asked import found_by, read_asked
from raysign.retrain.decision import Decision
from raysign.retrain.drift import Drift
from raysign.retrain.profile import Profile
from raysign.retrain.report import pictures, report_of, write_report
from raysign.retrain.verdict import Found

if TYPE_CHECKING:
    import subprocess

PROTOCOLS = {
    "val": {"metric": "map"},
    "one": {"protocol": "one_shot", "draws": 3, "gate": "not_worse", "metric": "recall_at_10"},
    "top": {"metric": "recall_at_1", "gate": "none"},
}


@pytest.fixture(scope="module")
def decision(split: Any, recipe: Any, untrained: Callable[..., Path]) -> Decision:
    """Three untrained models against a fourth."""
    config = resolve(RetrainConfig, {"resamples": 100, "protocols": PROTOCOLS})
    asked = read_asked(config, recipe, split)
    assert asked[0].sides is asked[2].sides  # read once
    each = [found_by(load_bundle(untrained(seed)), asked) for seed in range(3)]
    rival = load_bundle(untrained(9))
    theirs = found_by(rival, asked)
    found = [
        Found(one, each[0][i], theirs[i], tuple(e[i] for e in each)) for i, one in enumerate(asked)
    ]
    then = Profile.of(split, "synthetic")
    now = replace(then, fingerprint="n3w", signs={"<b>|bold</b>": 4, **then.signs})
    version: Any = type("V", (), {"number": "3", "uri": "models:/m/3"})
    from raysign.retrain.plan import Champion

    champion = Champion(version, rival)
    return Decision.of(found, champion, Drift.of(now, then, rival), config, "m version 3", "c0ffee")


def test_protocols_that_ask_the_same_are_told_once(decision: Decision) -> None:
    assert [each.protocol for each in decision.forgetting] == ["val", "one"]
    assert [verdict.name for verdict in decision.verdicts] == ["val", "one", "top"]


def test_the_evidence_has_all_that_it_rests_on(decision: Decision) -> None:
    text = decision.evidence()
    assert text.startswith("**Did not pass against the champion, version 3: val mAP ")
    for words in (
        *("| one | not worse by 0.01 | R@10 |", "seeds 0, 1, 2", "commit c0ffee"),
        *("40 queries of 20 signs", "100 resamples, seed 0", "0 of 2 query signers also sign"),
        "which no query chose",
    ):
        assert words in text
    for verdict in decision.verdicts:
        assert str(verdict.by) in text
    json.dumps(decision.as_json(), allow_nan=False)
    assert all(re.fullmatch(r"[\w/ .-]+", name) for name in decision.metrics())


def test_markdown_and_page_are_whole(decision: Decision, tmp_path: Path) -> None:
    write_report(decision, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.md", "report.html", "decision.json", "gates.svg", "signs.svg", "drift.svg"),
    }
    text = (tmp_path / "report.md").read_text()
    assert "| <b>\\|bold</b> | 0 | 4 |" in text
    tables = [part.splitlines() for part in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    for rows in tables:
        cells = {len(re.findall(r"(?<!\\)\|", row.rstrip())) for row in rows}
        assert len(cells) == 1, rows
    html = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;|bold&lt;/b&gt;" in html
    assert "<b>|bold" not in html
    assert pictures(decision) == pictures(decision)
    assert report_of(decision).markdown() == text


def test_a_browser_shows_it(
    decision: Decision, tmp_path: Path, browse: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_of(decision).page())
    shown = browse(file)
    assert "Which signs got worse?" in shown.stdout
    assert "CONSOLE" not in shown.stderr
