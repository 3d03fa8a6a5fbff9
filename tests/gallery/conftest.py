"""Galleries of made-up embeddings: clips of a sign stand around one point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.config import GalleryConfig
from raysign.gallery import Exemplar, Exemplars, Gallery, MadeBy, building, changing

DIM = 16


def clips(count: int, *, seed: int = 0, signs: int = 40, dim: int = DIM) -> np.ndarray:
    """Unit vectors; clip i is of sign i mod ``signs``."""
    points = np.random.default_rng(99).standard_normal((signs, dim))
    noise = np.random.default_rng(seed).standard_normal((count, dim))
    rows = points[np.arange(count) % signs] + 0.6 * noise
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def people(count: int, *, start: int = 0, signs: int = 40, source: str = "stores/a") -> Exemplars:
    return Exemplars.from_rows(
        Exemplar(f"clip{i}", f"sign{(i - start) % signs}", f"signer{i % 3}", "ase", source)
        for i in range(start, start + count)
    )


def made_by(dim: int = DIM) -> MadeBy:
    return MadeBy(
        name="runs/a/bundle",
        layout="hands42",
        weights_sha256="a" * 64,
        prepare_fingerprint="0123456789abcdef",
        mirrored=False,
        dim=dim,
    )


class Desk:
    """Makes galleries in a folder: ``build("hnsw", 1500)``, and what goes into them."""

    clips = staticmethod(clips)
    people = staticmethod(people)
    made_by = staticmethod(made_by)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, kind: str = "auto", count: int = 200, **config: object) -> Gallery:
        """Of so many clips, in a folder of the kind's name."""
        settings = GalleryConfig.model_validate({"kind": kind, "recall": 0.9, **config})
        return Gallery.build(
            self.folder / kind,
            clips(count),
            people(count),
            made_by(),
            settings,
            sources=("stores/a:train",),
        )


@pytest.fixture
def build(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def small_ivf_pq(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells for few clips, so that training them is quick; Faiss grumbles on stderr."""
    for room in (building, changing):
        monkeypatch.setattr(room, "LEAST_CLIPS", {"hnsw": 1_000, "ivf_pq": 1_000})
