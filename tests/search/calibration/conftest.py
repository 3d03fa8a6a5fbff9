"""A gallery of a small store, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from raysign.bundle import Bundle, save_bundle
from raysign.cli.index import index
from raysign.config import TrainConfig
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.store import write_store
from raysign.synthetic import iter_clips


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Path:
    """The models say that they learned five of the twenty signs."""
    folder = tmp_path_factory.mktemp("template")
    clips = list(iter_clips(config.data.synthetic))
    learned = tuple(sorted({str(clip.sign) for clip in clips})[:5])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for seed, name in enumerate(("model", "other")):
            prepare = Prepare(config.prepare, layout_named("holistic75"))
            torch.manual_seed(seed)
            weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
            bundle = Bundle("holistic75", config, prepare.fingerprint, weights, signs=learned)
            save_bundle(bundle, name)
        write_store("store", clips)
        done = CliRunner().invoke(index, ["model", "--clips", "store:train", "--out", "g"])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def made(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to stand in: ``model`` and ``other``, ``store``, and ``g`` of its train clips."""
    monkeypatch.chdir(shutil.copytree(template, tmp_path / "desk"))
