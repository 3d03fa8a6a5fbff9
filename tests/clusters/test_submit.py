"""``clusters/submit.py`` with a cluster that comes and goes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import AuthenticationError, RpcError

from raysign.errors import TrainingError

sys.path.insert(0, str(Path(__file__).parents[2] / "clusters"))
import submit


class Client:
    """A job's log, cut where the connection breaks; then how the job ended."""

    given: dict[str, Any]

    def __init__(self, *tails: Sequence[str], ends: str = "SUCCEEDED", broken: int = 0) -> None:
        self.tails, self.ends, self.broken = list(tails), ends, broken

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        for lines in self.tails.pop(0) if self.tails else ():
            if lines == "broken":
                raise RuntimeError("WebSocket connection closed unexpectedly with close code 1006")
            yield lines

    def get_job_info(self, job: str) -> Any:
        if self.broken:
            self.broken -= 1
            raise ConnectionError("nobody there")
        terminal = SimpleNamespace(value=self.ends, is_terminal=lambda: True)
        return SimpleNamespace(status=terminal, driver_exit_code=2, message="")

    def submit_job(self, **given: Any) -> str:
        self.given = given
        return "job-1"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "POLL_S", 0.001)


def follow(client: Any) -> int:
    return asyncio.run(submit._follow(client, "job-1"))


def test_a_connection_that_breaks_is_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is there once, though the log is told from its beginning."""
    client = Client(["one\ntw", "broken"], ["broken"], ["one\n", "two\nthr", "ee\n"], broken=2)
    assert follow(client) == 0
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
    assert follow(Client(["one\n"], ends="FAILED")) == 2


def test_a_cluster_that_is_gone_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "PATIENCE_S", 0.05)
    with pytest.raises(
        TrainingError, match=r"\(nobody there\); once it answers, ray job logs --fol"
    ):
        follow(Client(broken=10**6))


def test_a_job_takes_over_who_asks_and_how_mlflow_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client()
    monkeypatch.setattr("ray.job_submission.JobSubmissionClient", lambda address: client)
    monkeypatch.setattr("logging.disable", lambda level: None)
    named = {
        "LOGNAME": "ada",
        "MLFLOW_TRACKING_USERNAME": "lovelace",
        "MLFLOW_TRACKING_PASSWORD": "engine",
        "MLFLOW_TRACKING_TOKEN": "note-g",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(SystemExit) as end:
        submit.submit.main(["--no-wait", "--", "true"])
    assert not end.value.code
    handed = client.given["runtime_env"]["env_vars"]
    assert {name: handed[name] for name in named} == named


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AuthenticationError("the token's file is empty: /t"), "the token's file is empty: /t"),
        (RpcError("Timed out while waiting."), "Timed out while waiting"),
    ],
)
def test_a_refusal_of_ray_is_one_line(
    error: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(address: str) -> None:
        raise error

    monkeypatch.setattr("ray.job_submission.JobSubmissionClient", refuse)
    monkeypatch.setattr("logging.disable", lambda level: None)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "head:8265")
    with pytest.raises(SystemExit) as end:
        submit.submit.main(["--no-wait", "--", "true"])
    assert end.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: the job was not submitted: {said}")
    assert line.endswith("; 'head:8265' lacks http:// of a dashboard's address\n")
