"""What is searched, and what is left alone: no Ray, Tune's part is played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raysign.config import SweepConfig, resolve
from raysign.sweep.journal import Journal
from raysign.sweep.ready import space_of
from raysign.sweep.record import Recorder
from raysign.sweep.resume import open_journal
from raysign.sweep.search import Searching
from raysign.sweep.selection import Again, OutOfTime

GIVEN: dict[str, Any] = {"space": {"optim.lr": {"log_uniform": [1e-5, 1e-1]}}, "trials": 2}
REPORT = {"epoch": 1, "train/loss": 2.0, "best/val/map": 0.4, "trial_s": 3.0}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Of a sweep whose two trials have ended, and one was begun again."""
    made = open_journal(tmp_path, resolve(SweepConfig, GIVEN), data="clips", commit="commit")
    for number in (1, 2):
        made.result(made.drawn(number, {"optim.lr": 0.001 * number}).key, REPORT)
        made.end(f"00{number}")
    made.result(made.drawn(1, {"optim.lr": 0.001}, seed=8).key, REPORT)
    yield made
    made.close()


class Played(Searching):
    ran: list[int] = []  # noqa: RUF012

    def _run(self, searcher: Any, scheduler: Any, trials: int) -> None:
        self.ran.append(trials)


def searching(journal: Journal, folder: Path, **other: Any) -> Played:
    config = resolve(SweepConfig, GIVEN | other)
    delivery: Any = SimpleNamespace(push=lambda: True, runs={})
    recorder = Recorder(journal, delivery, folder, config.objective, config.trials, print)
    setting: Any = SimpleNamespace(space=space_of(config))
    Played.ran = []
    return Played(config, setting, recorder, print)


def test_what_was_begun_with_another_seed_is_not_ended_by_going_on(
    journal: Journal, tmp_path: Path
) -> None:
    search = searching(journal, tmp_path)
    assert not search.search()
    assert not search.ran
    assert not journal.entries["001-seed-8"].ended
    assert not search.recorder.cut


def test_more_trials_are_run(journal: Journal, tmp_path: Path) -> None:
    search = searching(journal, tmp_path, trials=5)
    assert search.search(), "nothing has come to an end, so it was interrupted"
    assert search.ran == [3]


def test_no_time_is_left(journal: Journal, tmp_path: Path) -> None:
    search = searching(journal, tmp_path, trials=5, time_budget_s=1e-9)
    assert not search.search()
    assert not search.ran
    assert search.recorder.cut


def test_trained_again_what_is_left_and_no_more(journal: Journal, tmp_path: Path) -> None:
    search = searching(journal, tmp_path)
    asked = [Again(1, {"optim.lr": 0.001}, 8), Again(2, {"optim.lr": 0.002}, 8)]
    with pytest.raises(KeyboardInterrupt):  # as Tune, played, ends none of them
        search.again(asked)
    assert search.ran == [2]
    for key in ("001-seed-8", "002-seed-8"):
        journal.end(key)
    assert [outcome.number for outcome in search.again(asked)] == [1, 2]
    assert search.ran == [2]


def test_no_time_to_train_again_but_what_is_known_counts(journal: Journal, tmp_path: Path) -> None:
    search = searching(journal, tmp_path, time_budget_s=1e-9)
    with pytest.raises(OutOfTime):
        search.again([Again(1, {"optim.lr": 0.001}, 8)])
    assert not search.ran
    journal.end("001-seed-8")
    assert len(search.again([Again(1, {"optim.lr": 0.001}, 8)])) == 1
