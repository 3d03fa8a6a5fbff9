"""MLflow is brought up to the journal: every trial once, every metric once, whatever fails."""

from __future__ import annotations

import random
from collections import Counter
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raysign.config import SweepConfig, resolve
from raysign.errors import TrackingError
from raysign.sweep import deliver
from raysign.sweep.deliver import Delivery
from raysign.sweep.journal import Journal
from raysign.sweep.ready import space_of
from raysign.trees import leaves

SPACE = space_of(resolve(SweepConfig, {"space": {"optim.lr": {"log_uniform": [1e-4, 1e-2]}}}))


class Server:
    """MLflow's part of a tracker: what it took; a call in ``fails`` is refused, before or after it
    was done.
    """

    uri = "sqlite:///there"

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.rows: list[tuple[str, str, int, int]] = []
        self.late: list[Any] = []
        """What was asked, and comes to be after the next question."""
        self.fails = lambda: False
        self.up = True
        self.numbers = count()

    def call(self, done: Any) -> Any:
        if not self.up:
            raise TrackingError("no answer")
        late, self.late = self.late, []
        if self.fails():
            # Done, and the answer was lost; not done; or done when nobody looks any more.
            what = random.choice(["done", "not done", "late"])
            if what == "done":
                done()
            elif what == "late":
                self.late.append(done)
            for each in late:
                each()
            raise TrackingError("no answer")
        answer = done()
        for each in late:
            each()
        return answer

    def start_run(self, name: str, *, parent: str, tags: dict[str, Any]) -> str:
        def done() -> str:
            run_id = f"run{next(self.numbers)}"
            self.runs[run_id] = {"tags": tags, "name": name, "status": "RUNNING", "params": {}}
            return run_id

        return str(self.call(done))

    def log_params(self, run_id: str, params: dict[str, Any]) -> None:
        self.call(lambda: self.runs[run_id]["params"].update(leaves(params)))

    def log_metrics(self, run_id: str, metrics: dict[str, float], step: int, at_ms: int) -> None:
        def done() -> None:
            for name in metrics:
                # MLflow's key has the time in it, and takes the same one once.
                if (row := (run_id, name, step, at_ms)) not in self.rows:
                    self.rows.append(row)

        self.call(done)

    @property
    def metrics(self) -> list[tuple[str, str, int]]:
        return [row[:3] for row in self.rows]

    def discard(self, run_id: str) -> None:
        self.call(lambda: self.runs.pop(run_id))

    def set_tags(self, run_id: str, tags: dict[str, Any]) -> None:
        self.call(lambda: self.runs[run_id]["tags"].update(tags))

    def finish(self, run_id: str, status: str = "FINISHED") -> None:
        self.call(lambda: self.runs[run_id].update(status=status))

    def reopen(self, run_id: str) -> None:
        self.call(lambda: self.runs[run_id].update(status="RUNNING"))

    def children(self, tracker: Any, parent: str) -> list[Any]:
        found = [
            SimpleNamespace(
                run_id=key, metrics={n: 0.0 for r, n, _ in self.metrics if r == key}, **run
            )
            for key, run in self.runs.items()
        ]
        return list(self.call(lambda: found))

    def steps(self, tracker: Any, run_id: str, metric: str) -> list[int]:
        return list(
            self.call(lambda: [s for r, n, s in self.metrics if (r, n) == (run_id, metric)])
        )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(deliver, "recorded_children", made.children)
    monkeypatch.setattr(deliver, "recorded_steps", made.steps)
    monkeypatch.setattr(deliver.time, "sleep", lambda seconds: None)
    monkeypatch.setattr("raysign.tracking.away.LONGEST_WAIT_S", 0.0)
    return made


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    journal = Journal.open(tmp_path)
    journal.begin(sweep="s")
    yield journal
    journal.close()


def result(epoch: int) -> dict[str, float]:
    return {
        "epoch": epoch,
        "train/loss": 1.0 / epoch,
        "val/map": 0.1 * epoch,
        "best/val/map": 0.1 * epoch,
        "trial_s": 2.0 * epoch,
        "latency_ms": 3.0,
        "parameters": 9.0,
        "epoch_s": 2.0,
    }


def delivery_of(server: Server, journal: Journal, said: list[str]) -> Delivery:
    return Delivery(server, "parent", journal, SPACE, said.append)  # type: ignore[arg-type]


def go_through(journal: Journal, push: Any, trials: int = 4, epochs: int = 3) -> None:
    for number in range(1, trials + 1):
        entry = journal.drawn(number, {"optim.lr": 0.001 * number})
        push()
        for epoch in range(1, epochs + 1):
            journal.result(entry.key, result(epoch))
            push()
        journal.end(entry.key, "the loss is inf" if number == 2 else "")
        push()


def check(server: Server, trials: int = 4, epochs: int = 3) -> None:
    names = sorted(run["name"] for run in server.runs.values())
    assert names == [f"trial-{n:03d}" for n in range(1, trials + 1)]
    assert Counter(run["status"] for run in server.runs.values()) == {
        "FINISHED": trials - 1,
        "FAILED": 1,
    }
    for run_id, run in server.runs.items():
        mine = Counter((name, step) for r, name, step in server.metrics if r == run_id)
        for name in ("train/loss", "val/map", "epoch_s", "latency_ms"):
            assert [mine[name, step] for step in range(1, epochs + 1)] == [1] * epochs
        assert [n for (name, _), n in mine.items() if name == "duration_s"] == [1]
        assert float(run["params"]["optim.lr"]) == pytest.approx(0.001 * int(run["tags"]["trial"]))
        assert (run["tags"].get("error") == "the loss is inf") == (run["status"] == "FAILED")


def test_every_trial_is_a_run_with_every_epoch_once(server: Server, journal: Journal) -> None:
    said: list[str] = []
    delivery = delivery_of(server, journal, said)
    go_through(journal, delivery.push)
    check(server)
    assert not said


@pytest.mark.parametrize("seed", range(40))
def test_calls_that_fail_at_random_lose_and_double_nothing(
    seed: int, server: Server, journal: Journal
) -> None:
    random.seed(seed)
    said: list[str] = []
    server.fails = lambda: random.random() < 0.3  # type: ignore[method-assign]
    delivery = delivery_of(server, journal, said)
    go_through(journal, delivery.push)
    delivery.settle()
    check(server)


def test_a_server_that_is_away_is_told_once_and_gets_it_all_later(
    server: Server, journal: Journal
) -> None:
    said: list[str] = []
    delivery = delivery_of(server, journal, said)
    server.up = False
    go_through(journal, delivery.push)
    server.up = True
    delivery.settle()
    check(server)
    assert [line.partition(":")[0] for line in said] == ["note", "note"]
    assert "they are kept meanwhile" in said[0]
    assert "MLflow is back" in said[1]


def test_a_driver_that_was_killed_leaves_no_run_twice(server: Server, journal: Journal) -> None:
    """Each push is a driver of its own."""
    go_through(journal, lambda: delivery_of(server, journal, []).push())
    check(server)


def test_a_server_that_stays_away_is_an_error_that_says_how_to_go_on(
    server: Server, journal: Journal
) -> None:
    server.up = False
    delivery = delivery_of(server, journal, [])
    journal.drawn(1, {"optim.lr": 0.001})
    with pytest.raises(TrackingError, match="with --resume and the sweep's name"):
        delivery.settle(patience_s=-1)


def test_what_did_not_end_is_left_as_killed_and_taken_up_again(
    server: Server, journal: Journal
) -> None:
    delivery = delivery_of(server, journal, [])
    entry = journal.drawn(1, {"optim.lr": 0.001})
    journal.result(entry.key, result(1))
    delivery.push()
    delivery.leave()
    assert [run["status"] for run in server.runs.values()] == ["KILLED"]
    again = delivery_of(server, journal, [])
    again.push()
    assert [run["status"] for run in server.runs.values()] == ["RUNNING"]
    journal.result(entry.key, result(2))
    journal.end(entry.key)
    again.push()
    (run,) = server.runs.values()
    assert run["status"] == "FINISHED"
    assert [s for _, n, s in server.metrics if n == "train/loss"] == [1, 2]


def test_what_the_time_budget_ended_and_another_driver_went_on_with_is_whole(
    server: Server, journal: Journal
) -> None:
    """MLflow is away from the moment at which it goes on, until it has ended."""
    delivery = delivery_of(server, journal, [])
    entry = journal.drawn(1, {"optim.lr": 0.001})
    journal.result(entry.key, result(1))
    delivery.push()
    delivery.leave(cut=True)
    assert [run["status"] for run in server.runs.values()] == ["FINISHED"]
    again = delivery_of(server, journal, [])
    server.up = False
    for epoch in (2, 3):
        journal.result(entry.key, result(epoch))
        again.push()
    journal.end(entry.key)
    again.push()
    server.up = True
    again.settle()
    assert [run["status"] for run in server.runs.values()] == ["FINISHED"]
    assert [s for _, n, s in server.metrics if n == "train/loss"] == [1, 2, 3]


def test_what_was_never_measured_has_not_finished(server: Server, journal: Journal) -> None:
    delivery = delivery_of(server, journal, [])
    journal.drawn(1, {"optim.lr": 0.001})
    delivery.push()
    delivery.leave(cut=True)
    assert [run["status"] for run in server.runs.values()] == ["KILLED"]


def test_the_same_trial_with_another_seed_is_a_run_of_its_own(
    server: Server, journal: Journal
) -> None:
    delivery = delivery_of(server, journal, [])
    journal.drawn(1, {"optim.lr": 0.001})
    journal.drawn(1, {"optim.lr": 0.001}, seed=7)
    delivery.push()
    kinds = {run["name"]: run["tags"]["kind"] for run in server.runs.values()}
    assert kinds == {"trial-001": "trial", "trial-001-seed-7": "again"}
    assert {run["params"]["seed"] for run in server.runs.values()} == {0, 7}


def test_values_that_make_no_config_are_recorded_as_they_are(
    server: Server, journal: Journal
) -> None:
    delivery = delivery_of(server, journal, [])
    journal.drawn(1, {"optim.lr": 5e9})
    delivery.push()
    (run,) = server.runs.values()
    assert run["params"] == {"optim.lr": 5e9}
