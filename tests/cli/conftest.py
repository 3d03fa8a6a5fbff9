"""Somebody's desk: a folder of their own, and what the doors say in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.cli.search import search
from raysign.cli.sweep import sweep
from raysign.cli.train import train
from raysign.clip import Clip
from raysign.config import GalleryConfig, TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.extract import Extracted
from raysign.manifest import Outcome, VideoClip
from raysign.pose import Prepare
from raysign.search import query
from raysign.search.index import index_clips
from raysign.skeleton import HOLISTIC75
from raysign.store import read_clip, write_store
from raysign.synthetic import World
from raysign.tracking import connect
from raysign.video import write_mp4

DOORS = {"train": train, "sweep": sweep}
FOR_SEARCH = {
    "prepare": {"frames": 16},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "data": {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 1}},
}
ASKS = "syn1-000003-s02"
"""A val clip of that world."""


def clips(
    signs: int = 20, each: int = 3, layout: str = "hands42", missing: bool = False, **known: Any
) -> list[Clip]:
    """``each`` train clips and one val clip of every sign."""
    joints = 42 if layout == "hands42" else 75
    rng = np.random.default_rng(0)
    made = []
    for sign in range(signs):
        for number in range(each + 1):
            xyz = rng.random((6, joints, 3), dtype=np.float32)
            facts: dict[str, Any] = {
                "sign": f"sign{sign}",
                "signer": f"s{number}",
                "split": "val" if number == each else "train",
            } | known
            if missing:
                xyz[:] = np.nan
            made.append(Clip(f"{sign}-{number}", xyz, layout, **facts))
    return made


class Desk:
    """Somebody's folder, and what the doors say in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def error(self, door: str, *args: str) -> str:
        """The one line of a command that is refused."""
        before = sorted(self.folder.rglob("*"))
        with pytest.raises(SystemExit) as end:
            DOORS[door].main(list(args), prog_name=f"raysign {door}")
        out, err = self.capsys.readouterr()
        assert end.value.code == 2, err
        line = err.splitlines()[-1]
        assert err == f"{line}\n", "more than one line"
        assert line.startswith("error: ")
        assert len(line) < 500
        assert "Traceback" not in out
        assert sorted(self.folder.rglob("*")) == before, "something is left behind"
        return line

    clips = staticmethod(clips)

    def store(self, made: list[Clip] | None = None, **how: Any) -> None:
        """Write a store named ``store``."""
        write_store("store", clips(**how) if made is None else made)

    def set(self, door: str, *settings: str) -> list[str]:
        """Overrides of a training run, as that door takes them."""
        return [f"train.{text}" if door == "sweep" else text for text in settings]


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A server that has answered before; making its tables takes a second."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"
    connect(uri)
    return uri


@pytest.fixture
def recorded(desk: Desk, mlflow: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same desk, with MLflow; no run may appear in it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow)
    yield desk
    tracker = connect(mlflow)
    assert not tracker.client.search_runs([tracker.experiment_id])


@pytest.fixture(scope="session")
def made_for_search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model``, ``other``, ``store`` and the gallery ``g`` of its train clips."""
    folder = tmp_path_factory.mktemp("search")
    config = resolve(TrainConfig, FOR_SEARCH)
    for seed, name in enumerate(("model", "other")):
        prepare = Prepare(config.prepare, HOLISTIC75)
        torch.manual_seed(seed)
        weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
        save_bundle(Bundle("holistic75", config, prepare.fingerprint, weights), folder / name)
    write_store(folder / "store", World(config.data.synthetic).clips())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        index_clips(
            load_bundle("model"), "model", ["store:train"], "g", GalleryConfig(), say=lambda _: None
        )
    return folder


@pytest.fixture
def dictionary(made_for_search: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to stand in."""
    shutil.copytree(made_for_search, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def filmed(dictionary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The videos ``one.mp4`` and ``two.mp4``, in which clips of the store are seen."""
    shows = {"one": ASKS, "two": "syn1-000003-s01"}
    for name in shows:
        write_mp4(f"{name}.mp4", (np.full((32, 32, 3), 9 * i, np.uint8) for i in range(5)), 25.0)

    class Sees:
        def __init__(self, config: Any, *, wait: bool) -> None:
            pass

        def extract(self, video: VideoClip) -> Extracted:
            clip = replace(read_clip("store", shows[video.clip_id]), clip_id=video.clip_id)
            return Extracted(clip, Outcome(video.clip_id, video.path, "ok", decoded_frames=1))

        def close(self) -> None:
            pass

    monkeypatch.setattr(query, "Extractor", Sees)


@pytest.fixture
def ask() -> Callable[..., Any]:
    """What `raysign search` prints as JSON."""

    def printed(*arguments: str) -> Any:
        done = CliRunner().invoke(search, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return printed


@pytest.fixture
def told() -> Callable[..., list[str]]:
    """Its lines for people."""

    def printed(*arguments: str) -> list[str]:
        done = CliRunner().invoke(search, list(arguments))
        assert done.exit_code == 0, done.output
        return list(done.stdout.splitlines())

    return printed


@pytest.fixture
def refused() -> Callable[..., str]:
    """The one line of a search that is refused."""

    def printed(*arguments: str) -> str:
        done = CliRunner().invoke(search, list(arguments))
        assert done.exit_code == 2, done.output
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert len(line) < 500
        return str(line)

    return printed
