"""Mirror images take part wherever the model was measured with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.bundle import load_bundle
from raysign.config import TrainConfig, resolve
from raysign.evaluate import evaluate
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.sides import Sides


@pytest.mark.parametrize(
    ("mirror", "queries", "gallery"),
    [("none", False, False), ("queries", True, False), ("both", True, True)],
)
@pytest.mark.parametrize("same_side", [False, True])
def test_who_is_seen_in_the_mirror(
    models: Any,
    config: TrainConfig,
    store: Path,
    mirror: str,
    queries: bool,
    gallery: bool,
    same_side: bool,
) -> None:
    changed = config.model_dump() | {"evaluate": {"mirror": mirror}}
    bundle = load_bundle(models(f"mirror-{mirror}", settings=resolve(TrainConfig, changed)))
    searched = f"{store}:{'val' if same_side else 'train'}"
    sides = Sides.read(f"{store}:val", searched, config.data, open_test=False)
    found = Embedded.by_bundle(sides, bundle)
    embedder = bundle.embedder()
    assert torch.equal(found.queries, embedder.embed(sides.asking, mirrored=queries))
    assert torch.equal(found.gallery, embedder.embed(sides.searched, mirrored=gallery))
    plain = embedder.embed(sides.asking)
    assert torch.equal(found.queries, plain) != queries


def test_the_card_says_so(models: Any, config: TrainConfig, store: Path) -> None:
    changed = config.model_dump() | {"evaluate": {"mirror": "both"}}
    model = models("mirror-card", settings=resolve(TrainConfig, changed))
    done = evaluate(str(model), f"{store}:val", f"{store}:train")
    assert done.card["model"]["mirror"] == "both"
