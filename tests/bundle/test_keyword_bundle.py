from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raysign.bundle import (
    Bundle,
    KeywordBundle,
    Learned,
    load_any,
    load_bundle,
    load_keyword_bundle,
    save_any,
    save_bundle,
    save_keyword_bundle,
)
from raysign.config import KeywordConfig, TrainConfig
from raysign.errors import BundleError
from raysign.keywords.confidence import WordConfidence
from raysign.keywords.context import fit_contexts
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.skeleton import OPENPOSE55

CONFIG = KeywordConfig.model_validate(
    {"encoder": {"widths": [8], "kernel": 3}, "context": {"mlp_hidden": [4], "mlp_epochs": 2}}
)
SURE = {"slope": 1, "offset": 0}
WORDS = ("REGEN", "SONNE", "WIND")


@pytest.fixture(scope="module")
def bundle() -> KeywordBundle:
    torch.manual_seed(0)
    prepare = PrepareSentences(CONFIG.prepare, OPENPOSE55)
    model = KeywordModel(CONFIG, prepare.channel_map, len(WORDS))
    random = np.random.default_rng(0)
    p = random.random((12, 3), dtype=np.float32)
    counts = (random.random((12, 3)) < 0.5).astype(np.uint8)
    contexts = fit_contexts(p, counts, p, counts > 0, CONFIG.context, seed=0)
    return KeywordBundle(
        layout="openpose55",
        config=CONFIG,
        prepare_fingerprint=prepare.fingerprint,
        vocabulary=Vocabulary("gloss", WORDS),
        frequency=np.array([0.5, 0.25, 0.125]),
        weights=model.state_dict(),
        contexts=contexts,
        metrics={"val/map": 0.25, "val/map_low": 0.2, "val/map_high": float("nan")},
        learned=Learned(
            np.array([1, 2**64 - 1], np.uint64), np.array([7], np.uint64), ("Ärztin", "b")
        ),
        card={"epoch": 7, "protocol": "3 glosses", "data": {"fingerprint": "da7a"}},
        confidence={"none": WordConfidence(1.5, -2.0), "tfidf": WordConfidence(0.5, 0.25)},
    )


def test_what_is_saved_is_loaded(bundle: KeywordBundle, tmp_path: Path) -> None:
    folder = save_keyword_bundle(bundle, tmp_path / "a" / "model")
    assert set(os.listdir(folder)) == {"keywords.json", "weights.safetensors", "README.md"}
    found = load_keyword_bundle(folder)
    for name in ("layout", "config", "prepare_fingerprint", "vocabulary"):
        assert getattr(found, name) == getattr(bundle, name)
    assert found.metrics["val/map"] == 0.25
    assert np.isnan(found.metrics["val/map_high"])
    assert np.array_equal(found.frequency, bundle.frequency)
    assert found.learned is not None
    assert found.learned.trained.tolist() == [1, 2**64 - 1]
    assert (found.learned.tuned.tolist(), found.learned.signers) == ([7], ("Ärztin", "b"))
    silent = save_keyword_bundle(replace(bundle, learned=None), tmp_path / "silent")
    assert load_keyword_bundle(silent).learned is None
    assert found.card["epoch"] == 7
    assert found.card["raysign"]
    ours, theirs = bundle.model().state_dict(), found.model().state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    assert not found.model().training
    p = np.random.default_rng(1).random((5, 3), dtype=np.float32)
    assert found.contexts.keys() == {"tfidf", "mlp"}
    for name, context in found.contexts.items():
        assert np.array_equal(context.rescore(p), bundle.contexts[name].rescore(p))
        assert context.facts() == bundle.contexts[name].facts()
    assert found.confidence == bundle.confidence
    assert isinstance(load_any(folder), KeywordBundle)


def test_a_bundle_that_knows_not_how_sure_to_be_loads(
    bundle: KeywordBundle, tmp_path: Path
) -> None:
    folder = save_keyword_bundle(bundle, tmp_path / "m")
    manifest = json.loads((folder / "keywords.json").read_text())
    del manifest["confidence"]
    (folder / "keywords.json").write_text(json.dumps(manifest))
    assert load_keyword_bundle(folder).confidence == {}


def test_its_card_tells_what_it_is(bundle: KeywordBundle, tmp_path: Path) -> None:
    page = (save_keyword_bundle(bundle, tmp_path / "m") / "README.md").read_text()
    for told in (
        "(st_gcn on openpose55)",
        "`max_f1_left_out` averages",
        "`val/map`",
        "3 glosses",
        "```yaml",
    ):
        assert told in page


def test_nothing_is_overwritten_unasked(bundle: KeywordBundle, tmp_path: Path) -> None:
    save_keyword_bundle(bundle, tmp_path / "m")
    with pytest.raises(BundleError, match="already holds a bundle"):
        save_keyword_bundle(bundle, tmp_path / "m")
    save_any(replace(bundle, contexts={}), tmp_path / "m", replace=True)
    assert not load_keyword_bundle(tmp_path / "m").contexts
    assert os.listdir(tmp_path) == ["m"]


def test_weights_that_are_not_finite_are_refused(bundle: KeywordBundle, tmp_path: Path) -> None:
    broken = {name: torch.full_like(t, torch.nan) for name, t in bundle.weights.items()}
    with pytest.raises(BundleError, match=r"model\.\S+' is not finite"):
        save_keyword_bundle(replace(bundle, weights=broken), tmp_path / "m")
    assert os.listdir(tmp_path) == []


def edit(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "keywords.json").read_text())
    (folder / "keywords.json").write_text(json.dumps({**manifest, **changes}))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: (f / "keywords.json").unlink(), r"has no keywords\.json"),
        (lambda f: (f / "keywords.json").write_text("{"), r"cannot read keywords\.json"),
        (lambda f: edit(f, format="raysign-bundle"), "not written by raysign"),
        (lambda f: edit(f, version=9), "format version 9"),
        (lambda f: edit(f, words="REGEN"), "no valid field 'words'"),
        (lambda f: edit(f, words=["REGEN", 3, "WIND"]), "no valid field 'words'"),
        (lambda f: edit(f, words=["REGEN", "WIND"]), "has no frequency of its 2 words"),
        (lambda f: edit(f, words=["REGEN"] * 3), "more than once"),
        (lambda f: edit(f, kind="sign"), "no valid field 'kind'"),
        (lambda f: edit(f, training_signers="b"), "training sentences is damaged"),
        (lambda f: edit(f, contexts={"mlp": 3}), "no valid field 'contexts'"),
        (lambda f: edit(f, contexts={"bert": {}}), "must be one of tfidf, mlp"),
        (lambda f: edit(f, contexts={"mlp": {}}), "context model 'mlp' is damaged"),
        (lambda f: edit(f, confidence=[1]), "no valid field 'confidence'"),
        (lambda f: edit(f, confidence={"bert": SURE}), "no valid field 'confidence'"),
        (lambda f: edit(f, confidence={"none": {"slope": 1}}), "no confidence is made of"),
        (
            lambda f: edit(f, confidence={"none": SURE | {"slope": -1}}),
            "no confidence has slope -1",
        ),
        (lambda f: edit(f, confidence={"none": SURE | {"slope": "1e999"}}), "slope inf"),
        (lambda f: edit(f, metrics={"val/map": "high"}), "no valid field 'metrics'"),
        (lambda f: edit(f, config={"nope": 1}), "does not fit this raysign: nope"),
        (lambda f: (f / "weights.safetensors").unlink(), "no readable weights"),
        (lambda f: (f / "weights.safetensors").write_bytes(b"\x80\x04."), "sha256 differs"),
    ],
)
def test_a_bundle_that_cannot_be_trusted_is_refused(
    bundle: KeywordBundle, tmp_path: Path, harm: Callable[[Path], None], message: str
) -> None:
    folder = save_keyword_bundle(bundle, tmp_path / "model")
    harm(folder)
    with pytest.raises(BundleError, match=message) as caught:
        load_keyword_bundle(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"encoder": {"widths": [16], "kernel": 3}}}, "weights do not fit"),
        ({"layout": "nothing"}, "unknown layout"),
        ({"layout": "hands42"}, "needs a body"),
        ({"prepare_fingerprint": "0" * 16}, "trained on prepare 0000"),
    ],
)
def test_a_model_that_this_raysign_cannot_use_is_refused(
    bundle: KeywordBundle, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    folder = save_keyword_bundle(bundle, tmp_path / "model")
    edit(folder, **changes)
    with pytest.raises(BundleError, match=message):
        load_keyword_bundle(folder).model()


def test_each_door_says_that_it_needs_the_other_kind(bundle: KeywordBundle, tmp_path: Path) -> None:
    words = save_keyword_bundle(bundle, tmp_path / "words")
    with pytest.raises(BundleError, match=r"holds a keyword model, and a sign encoder is needed"):
        load_bundle(words)
    encoder = Bundle("hands42", TrainConfig(), "prepared", {"a": torch.zeros(1)})
    signs = save_bundle(encoder, tmp_path / "signs")
    with pytest.raises(
        BundleError,
        match=r"holds a sign encoder, and a keyword model is needed; .*raysign-keywords@champion",
    ):
        load_keyword_bundle(signs)
    assert isinstance(load_any(signs), Bundle)
