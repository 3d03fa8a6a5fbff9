"""A re-training that is killed at any moment goes on by the same command; nothing is twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.config import RetrainConfig, resolve
from raysign.errors import TrainingError
from raysign.retrain import Retrained, retrain
from raysign.retrain.kept import LOCK, decided, keep_decision
from raysign.tracking import Tracker, connect, moves_of, versions_of
from raysign.train.alone import only_one

NAME = "raysign-encoder"
WRITES = ("create_", "set_", "log_", "update_", "finalize_", "delete_")
CONFIG = resolve(
    RetrainConfig,
    {
        "seeds": [0, 1],
        "resamples": 100,
        "protocols": {"val": {"gate": "not_worse", "margin": 1.0}},
    },
)


class KilledError(BaseException):
    """SIGKILL: nothing that comes after it is done."""


class Dies:
    """MLflow's client in a process that is killed at its n-th write, before or after it."""

    def __init__(self, client: Any, at: int, *, after: bool = False) -> None:
        self.client, self.at, self.after = client, at, after
        self.writes = list[str]()
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)
        if not callable(real):
            return real

        def call(*args: Any, **more: Any) -> Any:
            if self.dead:
                raise KilledError
            if not name.startswith(WRITES):
                return real(*args, **more)
            self.writes.append(name)
            self.dead = len(self.writes) == self.at
            if self.dead and not self.after:
                raise KilledError
            done = real(*args, **more)
            if self.dead:
                raise KilledError
            return done

        return call


def run(place: Path, dies: Dies | None = None, uri: str = "") -> Retrained:
    tracker = connect(uri or f"sqlite:///{place / 'mlflow.db'}")
    if dies is not None:
        dies.client = tracker.client
        tracker = Tracker(dies, tracker.uri, tracker.experiment_id)  # type: ignore[arg-type]
    return retrain(
        f"models:/{NAME}@champion",
        CONFIG,
        reader=lambda: tracker,
        connect=lambda: tracker,
        folder=place / "r",
        say=lambda line: None,
        on_ray=False,
    )


def check(place: Path, done: Retrained, champion: str = "2") -> None:
    tracker = connect(f"sqlite:///{place / 'mlflow.db'}")
    assert done.outcome == "promoted: version 2 is the champion, after version 1"
    versions = versions_of(tracker, NAME)
    assert [v.number for v in versions] == ["2", "1"]
    assert versions[0].aliases == ("candidate", "champion")
    assert [m.version for m in moves_of(tracker, NAME)] == ["1", "2"]
    page = tracker.client.get_registered_model(NAME).description or ""
    assert page.startswith("The champion is version 2;")
    assert page.count("passed every gate") == 1  # among the champions
    assert "**Passed every gate" in str(tracker.client.get_model_version(NAME, "2").description)
    runs = tracker.client.search_runs([tracker.experiment_id])
    assert not [r.info.run_name for r in runs if r.info.status == "RUNNING"]
    (parent,) = [r for r in runs if r.data.tags.get("kind") == "retrain"]
    assert parent.info.status == "FINISHED"
    for name in parent.data.metrics:
        assert len(tracker.client.get_metric_history(parent.info.run_id, name)) == 1, name
    assert "difference/val/map" in parent.data.metrics
    listed = {item.path for item in tracker.client.list_artifacts(parent.info.run_id)}
    assert {"data.json", "report"} <= listed


def never_half(place: Path) -> None:
    """Whoever is champion has a page with its evidence."""
    client = connect(f"sqlite:///{place / 'mlflow.db'}").client
    champion = str(client.get_registered_model(NAME).aliases["champion"])
    if champion == "2":
        assert "**Passed every gate" in str(client.get_model_version(NAME, "2").description)


@pytest.fixture(scope="module")
def decided_once(tmp_path_factory: pytest.TempPathFactory, mlflow_file: Path) -> Path:
    """A re-training that was killed when all was decided and nothing of it was told."""
    from raysign.retrain import run as flow

    place, dies = tmp_path_factory.mktemp("decided"), Dies(None, 0)
    shutil.copy(mlflow_file, place / "mlflow.db")

    def die(*args: Any) -> None:
        keep_decision(*args)
        dies.dead = True
        raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "keep_decision", die)
        with pytest.raises(KilledError):
            run(place, dies)
    assert decided(place / "r") is not None
    return place


Copy = Callable[[str], Path]


@pytest.fixture
def copied(decided_once: Path, tmp_path: Path) -> Copy:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(decided_once, tmp_path / name))

    return copy


def test_killed_while_it_trains(
    tmp_path: Path, mlflow_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(mlflow_file, tmp_path / "mlflow.db")
    for number in (2, 9, 14):  # in the parent's start, in the first seed, in the second
        with pytest.raises(KilledError):
            run(tmp_path, Dies(None, number))
    check(tmp_path, run(tmp_path))
    tracker = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    runs = tracker.client.search_runs([tracker.experiment_id], "tags.kind = 'train'")
    assert {r.info.status for r in runs} <= {"FINISHED", "KILLED"}
    ended = sorted(r.info.run_name for r in runs if r.info.status == "FINISHED")
    assert ended == ["seed-0", "seed-1"]


@pytest.mark.parametrize(
    ("call", "nth"),
    [
        ("log_batch", 1),
        ("log_artifact", 1),
        ("create_model_version", 1),
        ("set_registered_model_alias", 1),
        ("set_registered_model_alias", 2),
        ("set_registered_model_tag", 1),
        ("set_terminated", 1),
    ],
)
def test_killed_while_it_registers_and_promotes(copied: Copy, call: str, nth: int) -> None:
    whole = copied("whole")
    counted = Dies(None, 0)
    run(whole, counted)
    at = [i for i, name in enumerate(counted.writes, 1) if name == call][nth - 1]
    for after in (False, True):
        place = copied(f"killed-{after}")
        with pytest.raises(KilledError):
            run(place, Dies(None, at, after=after))
        never_half(place)
        check(place, run(place))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_every_write(copied: Copy) -> None:
    counted = Dies(None, 0)
    run(copied("whole"), counted)
    assert len(counted.writes) >= 15
    for at in range(1, len(counted.writes) + 1):
        for after in (False, True):
            place = copied(f"{at}-{after}")
            with pytest.raises(KilledError):
                run(place, Dies(None, at, after=after))
            never_half(place)
            check(place, run(place))


def test_a_second_driver_is_refused(tmp_path: Path, mlflow_file: Path) -> None:
    shutil.copy(mlflow_file, tmp_path / "mlflow.db")
    with (
        only_one(tmp_path / "r" / LOCK, "re-training 'r'"),
        pytest.raises(TrainingError, match="re-training 'r' is running: another"),
    ):
        run(tmp_path)
