"""What is searched, and what is left alone: no Ray, Tune's part is played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from raysign.config import SweepConfig, resolve
from raysign.sweep.evidence import evidence_of
from raysign.sweep.journal import Journal
from raysign.sweep.ready import space_of
from raysign.sweep.record import Recorder
from raysign.sweep.resume import open_journal
from raysign.sweep.search import Searching
from raysign.sweep.selection import Again, OutOfTime
from raysign.sweep.states import last_state
from raysign.train.checkpoint import save_state

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


def report(epoch: int) -> dict[str, float]:
    return REPORT | {"epoch": epoch, "best/val/map": epoch / 10}


def state(epoch: int) -> dict[str, Any]:
    """What a trial saves before it reports an epoch."""
    best = {"val/map": epoch / 10}
    evidence = {
        "first_rank": torch.ones(4, dtype=torch.long),
        "average_precision": torch.full((4,), epoch / 10, dtype=torch.float64),
        "positives": torch.ones(4, dtype=torch.long),
        "sign": torch.arange(4),
        "gallery": torch.tensor(9),
    }
    reported = [report(number) for number in range(1, epoch + 1)]
    more = {"best_metrics": best, "best_evidence": evidence, "best_epoch": epoch}
    return {"epoch": epoch, "reported": reported, "optimizer": {}, **more}


def test_what_tune_left_out_when_the_time_was_up_counts(journal: Journal, tmp_path: Path) -> None:
    """What is chosen by, what is bundled and what is compared are of one epoch."""
    entry = journal.drawn(3, {"optim.lr": 0.003})
    journal.result(entry.key, report(1))
    save_state(state(2), tmp_path / "trials" / "003")
    search = searching(journal, tmp_path, trials=5, time_budget_s=1e-9)
    assert not search.search()
    save_state(state(3), tmp_path / "trials" / "003")  # by a worker that does not know it yet
    outcome = search.recorder.outcomes[-1]
    assert [result["epoch"] for result in entry.results] == [1, 2]
    assert outcome.figures["val/map"] == 0.2
    kept = last_state(Path(outcome.state))
    assert kept is not None
    assert kept["best_metrics"] == outcome.figures
    evidence = evidence_of(outcome)
    assert evidence is not None
    assert evidence.drawn("map", resamples=9).value == pytest.approx(0.2)
    search.recorder.chosen()
    assert [path.name for path in (tmp_path / "trials" / "003").iterdir()] == ["training.pt"]


def test_where_it_would_have_been_stopped_it_has_been(journal: Journal, tmp_path: Path) -> None:
    """Whoever goes on with the sweep does not train on beyond a rung."""
    config = {"grace_epochs": 2, "reduction_factor": 2, "trials": 5, "time_budget_s": 1e-9}
    for number in (3, 4):
        entry = journal.drawn(number, {"optim.lr": 0.001 * number})
        journal.result(entry.key, report(1))
    journal.result("003", report(2) | {"best/val/map": 0.9})
    save_state(state(2), tmp_path / "trials" / "004")
    searching(journal, tmp_path, **config).search()
    assert [journal.entries[key].stopped for key in ("003", "004")] == [False, True]


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
    with pytest.raises(OutOfTime):
        search.again([Again(2, {"optim.lr": 0.002}, 8)])
    assert "002-seed-8" not in journal.entries, "it never began"
    journal.end("001-seed-8")
    assert len(search.again([Again(1, {"optim.lr": 0.001}, 8)])) == 1
