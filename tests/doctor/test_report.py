"""The report as a whole: its figures, the page, the terminal, and real stores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.doctor import Case, Finding, as_text, examine, open_case, write_page
from raysign.doctor.finding import NO_BREAK, counted, percent
from raysign.doctor.page import render
from raysign.doctor.sheet import signs_sheet, worst_sheet
from raysign.doctor.text import _wrapped
from raysign.errors import DataError, SealedSplitError, SplitError
from raysign.manifest import Outcome

Consult = Callable[..., Case]


@pytest.fixture
def ill(world: tuple[Clip, ...], consult: Consult) -> Case:
    """A store with something of everything, and labels that would like to be markup."""
    clips = list(world)
    pixels = clips[0].xyz.copy()
    pixels[..., :2] *= 256
    clips[0] = replace(clips[0], xyz=pixels, sign="<script>alert(1)</script>")
    clips[1] = replace(clips[1], split="test")
    outcomes = [Outcome(c.clip_id, "v.mp4", "ok") for c in clips]
    outcomes.append(Outcome("bad", "v.mp4", "failed", "<b>no frames</b>"))
    return consult(clips, outcomes)


def test_the_figures_add_up(world: tuple[Clip, ...], consult: Consult) -> None:
    report = examine(consult(world))
    seen = report.detection
    assert seen.hand + seen.missing_at_ends + seen.missing_between == pytest.approx(1)
    hands = [(~np.isnan(c.xyz[:, 33:, 0])).any(axis=1).mean() for c in world]
    assert seen.hand == pytest.approx(np.mean(hands))
    assert seen.body == 1
    assert (report.clips, report.signs, report.signers) == (60, 10, 6)
    assert report.splits["val"].clips == 20
    assert report.outcomes is None
    assert [row.hand for row in report.groups["signer"]] == sorted(
        row.hand for row in report.groups["signer"]
    )
    assert sum(row.clips for row in report.groups["sign"]) == 60
    assert all(sum(h.counts) == 60 for h in report.histograms)
    assert report.verdict == "Fit to train on."


def test_json_is_strict(ill: Case) -> None:
    plain = json.loads(json.dumps(examine(ill).as_json(), allow_nan=False))
    assert sum(plain["counts"].values()) == len(plain["findings"])
    assert plain["splits"]["test"] == {"clips": 1, "signs": 1, "signers": 1, "read": False}
    assert plain["outcomes"] == {"ok": 60, "failed": 1}
    assert "pixels" in [finding["check"] for finding in plain["findings"]]


class Outside(HTMLParser):
    """Collects whatever a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.tags: set[str] = set()
        self.ids = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            fetches = name in ("src", "href", "srcset", "action", "data")
            if fetches and not (value or "").startswith("data:image/png;base64,"):
                self.asked.append(f"{tag} {name}={value}")


def test_the_page_asks_nothing_of_anybody(ill: Case, tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", ill, examine(ill))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Outside()
    page.feed(text)
    assert page.asked == []
    assert not page.tags & {"script", "link", "iframe", "object"}
    assert not re.search(r"@import|url\(", text)
    assert text.count("data:image/png") >= 10
    assert "&lt;b&gt;no frames&lt;/b&gt;" in text
    assert "coordinates far above 1" in text
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_clips_without_frames_are_left_out_of_the_pictures(
    world: tuple[Clip, ...], consult: Consult
) -> None:
    def gone(clip: Clip) -> Clip:
        return replace(clip, xyz=clip.xyz[:0], confidence=None)

    lost = world[0].sign
    clips = [gone(c) if c.sign == lost or c.signer == "s00" else c for c in world[::5]]
    # Nothing to choose by between a clip without frames and one without hands.
    kept = next(clip for clip in clips if len(clip.xyz))
    still = replace(kept, xyz=np.full_like(kept.xyz, np.nan), confidence=None, sign="still")
    clips += [replace(gone(still), clip_id="a"), replace(still, clip_id="b")]
    case = consult(clips)
    signs = {picture.sign for picture in signs_sheet(case)}
    assert signs == {clip.sign for clip in clips if len(clip.xyz)}
    assert lost not in signs
    every = tuple(clip.clip_id for clip in clips)
    finding = Finding("any", "error", "", "", "", clip_ids=every, in_landmarks=True)
    shown = {picture.clip_id for picture in worst_sheet(case, [finding])}
    assert shown
    assert shown <= {clip.clip_id for clip in clips if len(clip.xyz)}


def test_one_split_is_examined_alone(world: tuple[Clip, ...], consult: Consult) -> None:
    whole = consult([*world, replace(world[0], clip_id="hidden", split="test")])
    report = examine(case := open_case(f"{whole.store}:val"))
    assert report.store == f"{whole.store}:val"
    assert (report.clips, set(report.splits)) == (20, {"val"})
    assert report.findings == ()
    assert set(case.labels.split) == {"val"}
    with pytest.raises(SealedSplitError, match="sealed"):
        open_case(f"{whole.store}:test")
    with pytest.raises(SplitError, match="val"):
        open_case(f"{whole.store}:dev")


def test_a_page_that_cannot_be_written(ill: Case, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write"):
        write_page(tmp_path / "nowhere" / "page.html", ill, examine(ill))


def test_the_terminal_says_what_to_do(ill: Case) -> None:
    text = as_text(examine(ill))
    assert "1 test clip sealed" in text
    assert "→ Divide x by the video's width" in text
    assert "videos: 60 ok, 1 failed" in text
    assert max(len(line) for line in text.splitlines() if "$ raysign" not in line) <= 100


def test_a_store_with_nothing_in_it_but_nan(consult: Consult, tmp_path: Path) -> None:
    empty = [
        Clip(str(i), np.full((i, 75, 3), np.nan, dtype=np.float16), "holistic75") for i in range(3)
    ]
    case = consult(empty)
    report = examine(case)
    assert report.findings[0].check == "empty"
    write_page(tmp_path / "page.html", case, report)
    json.dumps(report.as_json(), allow_nan=False)
    assert as_text(report)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (0, "0 %"),
        (1e-6, "< 0.1 %"),
        (0.012, "1.2 %"),
        (0.5, "50 %"),
        (0.9983, "99.8 %"),
        (1, "100 %"),
    ],
)
def test_percent(part: float, said: str) -> None:
    assert percent(part) == said


def test_counted() -> None:
    assert counted(1, "clip") == "1 clip"
    assert counted(2, "clip", 1000) == "2 of 1,000 clips (0.2 %)"
    assert counted(3, "clip", 3) == "all 3 clips"


@pytest.mark.real
@pytest.mark.slow
def test_wlasl100_is_as_it_is_known_to_be(real_case: Callable[[str], Case]) -> None:
    report = examine(real_case("wlasl100"))
    found = {f.check: f for f in report.findings}
    assert report.detection.body == pytest.approx(0.998, abs=0.001)
    assert report.detection.hand == pytest.approx(0.67, abs=0.005)
    assert report.counts["error"] == 0
    assert {f.check for f in report.findings if f.severity == "warning"} == {
        "duplicates_across",
        "duplicates_signs",
    }
    assert "hearing/tell" in found["duplicates_signs"].found


@pytest.mark.real
@pytest.mark.slow
def test_wlasl2000_hands_are_as_they_are_known_to_be(real_case: Callable[[str], Case]) -> None:
    report = examine(real_case("wlasl2000_hands"))
    assert 1 - report.detection.hand == pytest.approx(0.33, abs=0.005)
    assert report.detection.missing_inside == pytest.approx(0.029, abs=0.002)
    assert report.counts["error"] == 0
    assert {f.check for f in report.findings if f.severity == "warning"} == {
        "duplicates_across",
        "duplicates_signs",
    }


def test_no_line_ends_inside_a_number() -> None:
    words = [f"{'x' * n} 12 % < 0.1 %" for n in range(60, 100)]
    for line in (line for text in words for line in _wrapped(text, "", "  ")):
        assert not line.lstrip().startswith(("%", "0.1"))
        assert not line.endswith("<")
        assert NO_BREAK not in line


def test_signers_that_are_not_known_are_told_alike(
    world: tuple[Clip, ...], consult: Consult, tmp_path: Path
) -> None:
    case = consult([replace(clip, signer="") for clip in world])
    report = examine(case)
    write_page(tmp_path / "page.html", case, report)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "10 signs, signers unknown" in " ".join(as_text(report).split())
    assert "<b>unknown</b><small>signers</small>" in page
    assert f"12{NO_BREAK}%" in render(case, replace(report, findings=(A_TENTH,)))


A_TENTH = Finding("a", "note", "12 % of it", "why", "do", "one --a\ntwo --b")


def test_every_command_has_a_line_of_its_own(world: tuple[Clip, ...], consult: Consult) -> None:
    case = consult(world)
    report = replace(examine(case), findings=(A_TENTH,))
    assert "        $ one --a\n        $ two --b\n" in as_text(report)
    assert "<code>one --a</code><br><code>two --b</code>" in render(case, report)
