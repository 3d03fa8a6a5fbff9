"""A gallery that keeps its vectors as they are, so that nothing is left to rounding."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.clip import Clip
from raysign.config import GalleryConfig, TrainConfig, ValRerankConfig, resolve
from raysign.encoders import build_encoder
from raysign.gallery import Gallery
from raysign.pose import Prepare
from raysign.search.index import index_clips
from raysign.search.searcher import Searcher
from raysign.skeleton import layout_named
from raysign.store import iter_clips, write_store


def quiet(line: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Path:
    """``model``, ``store``, and ``g`` of its train clips with their landmarks."""
    from raysign.synthetic import iter_clips as made

    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        prepare = Prepare(config.prepare, layout_named("holistic75"))
        torch.manual_seed(0)
        weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
        save_bundle(Bundle("holistic75", config, prepare.fingerprint, weights), "model")
        write_store("store", made(config.data.synthetic))
        kept = GalleryConfig(vectors="float32")
        index_clips(load_bundle("model"), "model", ["store:train"], "g", kept, say=quiet)
    return folder


@pytest.fixture
def gallery(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gallery:
    """The 40 train clips of 20 signs; the folder to stand in has ``model`` and ``store`` too."""
    monkeypatch.chdir(shutil.copytree(template, tmp_path / "desk"))
    return Gallery.open("g")


@pytest.fixture
def asking(gallery: Gallery) -> list[Clip]:
    """The val clips: one of each sign."""
    return [clip for clip in iter_clips("store") if clip.split == "val"]


@pytest.fixture
def chosen_by(gallery: Gallery) -> Callable[..., Searcher]:
    """A searcher whose model was chosen by a second stage, with such settings."""

    def make(
        stages: str = "", of: Gallery = gallery, mirror: str = "none", **settings: Any
    ) -> Searcher:
        bundle = load_bundle("model")
        rerank = resolve(ValRerankConfig, {"stages": stages, **settings})
        evaluate = bundle.config.evaluate.model_copy(update={"rerank": rerank, "mirror": mirror})
        config = bundle.config.model_copy(update={"evaluate": evaluate})
        return Searcher(of, replace(bundle, config=config), "model")

    return make
