"""A word while something takes long: often for eyes, seldom for a file."""

from __future__ import annotations

import re
import sys
import time

import pytest

from raysign.cli import patience


@pytest.mark.parametrize(("terminal", "told"), [(True, True), (False, False)])
def test_a_pipe_gets_few_lines(
    terminal: bool,
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(patience, "SILENT_S", 0.05)
    monkeypatch.setattr(patience, "PIPED_S", 60.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with patience.Patience("looking"):
        time.sleep(1.0)
    assert bool(capsys.readouterr().err) == told


def test_the_time_is_the_whole_command_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "PIPED_S", 0.2)
    with patience.Patience("looking") as told:
        time.sleep(1.6)
        told.now("writing")
        time.sleep(0.8)
    times = re.findall(r"writing \((\d+) s\)", capsys.readouterr().err)
    assert times
    assert min(map(int, times)) >= 1
