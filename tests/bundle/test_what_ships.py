"""The encoders in the package: whole, small, with their terms, and as good as their cards say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.bundle import load_bundle, shipped_bundle, shipped_layouts
from raysign.bundle.shipped import LIMIT_BYTES
from raysign.evaluate import evaluate
from raysign.skeleton import layout_named

STORES = {"holistic75": "wlasl100", "hands42": "wlasl2000_hands"}


def test_one_ships_for_each_layout_that_is_extracted() -> None:
    assert set(shipped_layouts()) == set(STORES)


@pytest.mark.parametrize("layout", STORES)
def test_it_is_small_says_its_terms_and_embeds(layout: str) -> None:
    folder = shipped_bundle(layout)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LIMIT_BYTES
    bundle = load_bundle(folder)
    assert bundle.card["licence"] in (folder / "README.md").read_text(encoding="utf-8")
    assert bundle.signs, "what it was trained on decides which signs count as unseen"
    joints = layout_named(layout).num_joints
    xyz = np.random.default_rng(0).random((2, 30, joints, 3), dtype=np.float32)
    embeddings = bundle.embedder().embed_padded(xyz)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert embeddings[0] @ embeddings[1] < 0.999


@pytest.mark.real
@pytest.mark.parametrize("layout", ["holistic75", pytest.param("hands42", marks=pytest.mark.slow)])
def test_its_card_tells_what_it_does(layout: str, real_data: Path) -> None:
    store = real_data / STORES[layout]
    told = load_bundle(shipped_bundle(layout)).metrics
    done = evaluate("default", f"{store}:val", f"{store}:train")
    for name, figure in done.ranking.figures.items():
        assert figure.value == pytest.approx(told[f"val/{name}"], abs=0.003), name
