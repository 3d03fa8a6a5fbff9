"""Signs that nobody asks for: which, and what becomes of queries that are copies of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysign.clip import Clip
from raysign.config import PrepareConfig, SyntheticConfig, TransformerConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder
from raysign.errors import SealedSplitError, SplitError
from raysign.evaluate.growth import growth
from raysign.evaluate.growth.distractors import choose, embed
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.store import write_store
from raysign.synthetic import World, iter_clips

NoiseOf = Callable[..., list[Clip]]


def test_distractors_are_signs_that_nobody_knows(
    store: Path, tmp_path: Path, noise_of: NoiseOf
) -> None:
    write_store(str(tmp_path / "more"), noise_of({"a": 3, "b": 2, "c": 5, "d": 1}))
    taken = np.array(["b"])
    settings: dict[str, Any] = {"synthetic": SyntheticConfig(), "open_test": False, "seed": 0}
    (found,) = choose([f"{tmp_path}/more"], taken, signs=9, shots=2, **settings)
    assert sorted(found.signs) == ["a", "c"]
    assert found.too_few == 1
    placed = [(clip.sign, sign, turn) for clip, sign, turn in found.clips()]
    assert found.count == len(placed) == 4
    assert {(found.signs[sign], turn) for _, sign, turn in placed} == {
        (name, turn) for name, turn in (("a", 0), ("a", 1), ("c", 0), ("c", 1))
    }
    with pytest.raises(SplitError, match=r"no sign of --distractors .* has 9 clips"):
        choose([f"{tmp_path}/more"], taken, signs=9, shots=9, **settings)
    assert all(found.signs[sign] == name for name, sign, _ in placed)
    first, second = choose(
        [f"{tmp_path}/more:train", "synthetic"], taken, signs=5, shots=1, **settings
    )
    assert (len(first.signs), len(second.signs)) == (3, 2)
    assert [sign for _, sign, _ in second.clips()] == [3, 4]
    everything = np.array(["a", "b", "c", "d"])
    with pytest.raises(SplitError, match="is in the gallery or asked for already"):
        choose([f"{tmp_path}/more"], everything, signs=9, shots=1, **settings)
    with pytest.raises(SealedSplitError, match="sealed"):
        choose([f"{store}:test"], everything, signs=9, shots=1, **settings)


def test_synthetic_distractors_begin_after_the_signs_of_the_gallery() -> None:
    config = SyntheticConfig(signs=20, train_signers=2)
    taken = np.array([sign.gloss for sign in World(config).signs])
    settings: dict[str, Any] = {"synthetic": config, "open_test": False, "seed": 0}
    with pytest.raises(SplitError, match=r"type data\.synthetic.train_signers=3"):
        choose(["synthetic"], taken, signs=100_000, shots=3, **settings)
    (found,) = choose(["synthetic"], taken, signs=3, shots=2, **settings)
    assert [clip.clip_id for clip, _, _ in found.clips()] == [
        *("syn1-000020-s00", "syn1-000020-s01", "syn1-000021-s01", "syn1-000021-s00"),
        *("syn1-000022-s00", "syn1-000022-s01"),
    ]


def test_clips_are_made_once_for_all_models() -> None:
    config = SyntheticConfig(signs=20, train_signers=2)
    settings: dict[str, Any] = {"synthetic": config, "open_test": False, "seed": 0}
    (source,) = choose(["synthetic"], np.array([]), signs=3, shots=2, **settings)
    made = list[str]()

    def counted() -> Iterator[Any]:
        for placed in source.clips():
            made.append(placed[0].clip_id)
            yield placed

    prepare = Prepare(PrepareConfig(frames=8), layout_named("holistic75"))
    models = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        encoder = build_encoder(TransformerConfig(width=16, heads=2, depth=1), prepare.channel_map)
        models.append((Embedder(prepare, encoder.eval()), seed == 1))
    sources = [replace(source, clips=counted)]
    both = embed(sources, models, shots=2, say=lambda line: None)
    assert len(made) == len(set(made)) == 6
    for model, found in zip(models, both, strict=True):
        (alone,) = embed(sources, [model], shots=2, say=lambda line: None)
        torch.testing.assert_close(found.clips, alone.clips)
        assert found.sign.tolist() == alone.sign.tolist() == [0, 0, 1, 1, 2, 2]
    assert not torch.allclose(both[0].clips, both[1].clips, atol=1e-2)


def test_distractors_of_another_language_begin_with_the_whole_gallery(
    models: Any, tmp_path: Path
) -> None:
    """A store of two datasets, of which the distractors are the second."""
    own = iter_clips(SyntheticConfig(signs=24, train_signers=1, val_signers=1))
    far = iter_clips(SyntheticConfig(signs=60, train_signers=1, val_signers=1, language=2))
    others = [replace(clip, dataset="other", split="") for clip in far]
    write_store(str(tmp_path / "two"), [*own, *others])
    write_store(str(tmp_path / "far"), others)
    sides = f"{tmp_path}/two:val", f"{tmp_path}/two:train"
    asked: dict[str, Any] = {"sizes": [80, 500], "distractors": [f"{tmp_path}/far"], "draws": 2}
    grown = growth([str(models("plain"))], *sides, **asked)
    assert grown.models[0].by_size[1, "mrr"].x[0] == 24
    assert "24 signs of the gallery" in grown.notes[0]
    assert grown.notes[-1].endswith("raise --largest")
    same = growth([str(models("plain"))], *sides, **{**asked, "distractors": ["synthetic"]})
    assert same.models[0].by_size[1, "mrr"].x[0] == 20


def test_a_copy_of_a_distractor_does_not_ask(models: Any, tmp_path: Path) -> None:
    clips = [*iter_clips(SyntheticConfig(signs=20, train_signers=2, val_signers=1))]
    asking = [clip for clip in clips if clip.split == "val"]
    more = [
        replace(clip, clip_id=f"x-{clip.clip_id}", sign=f"x-{clip.sign}") for clip in asking[:3]
    ]
    hollow = replace(more[0], clip_id="hollow", sign="hollow", xyz=more[0].xyz * np.float32("nan"))
    write_store(str(tmp_path / "own"), clips)
    write_store(str(tmp_path / "more"), [*more, hollow])
    sides = f"{tmp_path}/own:val", f"{tmp_path}/own:train"
    names = [str(models(name, seed=seed)) for seed, name in enumerate(("one", "two"))]
    grown = growth(names, *sides, sizes=[24], distractors=[f"{tmp_path}/more"], draws=4)
    assert grown.largest == 23, "a clip without landmarks is no sign"
    assert grown.card["distractors"][0]["signs"] == 3
    assert (grown.card["copies_left_out"], grown.card["copies_a_draw"]) == (3, 3.0)
    assert (grown.card["signs_asked"], grown.card["query_clips"]) == (17, 17)
    assert {point.queries for model in grown.models for point in model.points.values()} == {4 * 17}
