"""``raysign registry``: who is there, who is champion, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from raysign.bundle import Bundle, save_bundle
from raysign.cli.registry import registry
from raysign.config import TrainConfig
from raysign.tracking import connect


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    tracker = connect(uri)
    for number in (1, 2, 3):
        figures = {"val/map": number / 10, "val/map_low": 0.05, "val/map_high": 0.5}
        bundle = Bundle(
            "hands42", TrainConfig(), "p", {"w": torch.full((2,), float(number))}, figures
        )
        run = tracker.start_run(f"run-{number}")
        tracker.register(save_bundle(bundle, folder / str(number)), run)
        tracker.finish(run)
    return uri


Say = Callable[..., str]


@pytest.fixture
def say(uri: str, monkeypatch: pytest.MonkeyPatch) -> Say:
    """What the command prints; ``code`` is how it ends."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    def ask(*args: str, code: int = 0) -> str:
        done = CliRunner().invoke(registry, list(args), prog_name="raysign registry")
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    return ask


def test_listed_promoted_and_rolled_back(say: Say) -> None:
    lines = say().splitlines()
    assert lines[0] == "raysign-encoder"
    assert lines[1].startswith("    3 @candidate  val mAP .300 [.050–.500]  transformer hands42")
    assert lines[3].startswith("    1 @champion ")
    assert lines[4].startswith("  champion 1, registered, by ")

    told = say("promote", "candidate", "--reason", "asked by the team").splitlines()
    assert told[0] == "models:/raysign-encoder@champion is version 3 now, after version 1"
    assert say("promote", "3", "--reason", "twice") == (
        "version 3 of raysign-encoder is the champion already\n"
    )
    move = json.loads(say("rollback", "--reason", "slower", "--json"))["move"]
    assert (move["version"], move["before"], move["reason"]) == ("1", "3", "slower")
    listed: Any = json.loads(say("show", "--json"))
    assert [m["reason"] for m in listed[0]["champions"][1:]] == ["asked by the team", "slower"]
    assert [v["aliases"] for v in listed[0]["versions"]] == [["candidate"], [], ["champion"]]
    assert listed[0]["versions"][0]["val/map"] == 0.3
    assert listed[0]["versions"][0]["test_openings"] == 0
    assert "rolled back, by" in say()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("promote", "9", "--reason", "x"), "raysign-encoder has no version '9' in MLflow"),
        (("promote", "2"), "missing option '--reason'"),
        (
            ("promote", "2", "--reason", " \t "),
            "invalid value for '--reason': it says nothing; say",
        ),
        (("rollback", "--reason", ""), "invalid value for '--reason': it says nothing; say why"),
        (("rollback", "--reason", "x", "--model", "other"), "nothing is registered as 'other'"),
        (("show", "--model", "other"), "nothing is registered as 'other' in MLflow"),
        (("promoet", "2"), "did you mean 'promote'?"),
    ],
)
def test_what_cannot_be_is_one_line(say: Say, args: tuple[str, ...], words: str) -> None:
    before = say("show", "--json")
    line = say(*args, code=2)
    assert line.startswith("error: ")
    assert words in line
    assert line.count("\n") == 1
    assert say("show", "--json") == before


def test_without_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    done = CliRunner().invoke(registry, [])
    assert done.exit_code == 2
    assert "no MLflow file at" in done.stderr
    assert not list(tmp_path.iterdir())
