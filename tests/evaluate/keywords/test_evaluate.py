from __future__ import annotations

import json

import numpy as np
import pytest

from raysign import tracking
from raysign.bundle import save_keyword_bundle
from raysign.cli.keywords.evaluate import evaluate as door
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import BundleError, LayoutError, SealedSplitError, SplitError
from raysign.evaluate.keywords import evaluate
from raysign.evaluate.keywords.searching import predict
from raysign.keywords.metrics import keyword_figures
from raysign.store import load_sentences


def test_figures_are_of_the_models_own_predictions(bundle_of, store):
    bundle = bundle_of()
    done = evaluate(bundle, f"{store}:val", resamples=20)
    sentences = load_sentences(store, ("val",))
    prepare = bundle.prepare()
    p = probabilities(
        logits_of(bundle.model(), prepare, PreparedSentences.of(sentences, prepare), 3)
    )
    labels = bundle.vocabulary.labels(sentences.glosses)
    for name, scores in {
        "none": p,
        "tfidf": bundle.contexts["tfidf"].rescore(p),
        "mlp": bundle.contexts["mlp"].rescore(p),
    }.items():
        assert done.systems[name].figures.map == pytest.approx(keyword_figures(scores, labels).map)
    train = bundle.vocabulary.labels(load_sentences(store, ("train",)).glosses)
    by_share = np.broadcast_to(train.mean(axis=0), labels.shape)
    assert done.frequency.figures.max_f1 == pytest.approx(keyword_figures(by_share, labels).max_f1)
    gain = done.gains["mlp"]["map"]
    assert gain.value == pytest.approx(
        done.systems["mlp"].figures.map - done.systems["none"].figures.map
    )


def test_nothing_travels_alone(bundle_of, store):
    told = evaluate(bundle_of(), f"{store}:val", resamples=20, seed=3).as_json()
    told = json.loads(json.dumps(told, allow_nan=False))
    assert told["map_low"] <= told["map"] <= told["map_high"]
    assert told["max_f1_zero"] == told["max_f1"] <= told["max_f1_left_out"]
    assert (told["sentences"], told["words"]) == (20, 6)
    assert told["positives_per_word"] > 1
    assert set(told["contexts"]) == {"tfidf", "mlp"}
    assert {"map", "map_low", "map_below_zero"} <= set(told["contexts"]["mlp"]["gain"])
    assert set(told["baselines"]) == {"chance", "frequency", "above_frequency"}
    card = told["card"]
    assert card["signers"] == "3 signers"
    assert card["sentences"] == f"{store}:val"
    assert card["model"]["trained_on"] == {"store": store, "splits": "own", "seed": 0}
    assert card["model"]["contexts"]["tfidf"]["reading"] == "cos"
    assert "seed 3" in card["intervals"]
    assert card["opened_test"] is False


def test_glosses_are_located_and_words_are_not(bundle_of, store):
    bundle = bundle_of()
    sentences = load_sentences(store, ("val",))
    found = predict(bundle, sentences)
    located = evaluate(bundle, f"{store}:val", resamples=20).located
    frames = sentences.clips.num_frames[found.places.sentence]
    assert (found.span[:, 0] <= found.peak).all()
    assert (found.peak < found.span[:, 1]).all()
    assert (found.span[:, 1] <= frames).all()
    assert located.pairs == len(found.peak) == found.labels.sum()
    hits = [
        any(first <= peak < end for first, end in spans)
        for peak, spans in zip(found.peak, found.places.spans, strict=True)
    ]
    assert located.pointing.value == pytest.approx(np.mean(hits))
    assert evaluate(bundle_of("translation"), f"{store}:val", resamples=20).located is None


def test_batches_change_nothing(bundle_of, store):
    bundle, sentences = bundle_of(), load_sentences(store, ("val",))
    found = predict(bundle, sentences)
    for one in range(len(sentences)):
        alone = predict(bundle, sentences.select(np.array([one])))
        np.testing.assert_allclose(alone.scores["none"][0], found.scores["none"][one], atol=1e-5)
        assert alone.peak.tolist() == found.peak[found.places.sentence == one].tolist()


def test_a_model_without_context_models_is_measured_alone(bundle_of, store):
    done = evaluate(bundle_of(contexts=False), f"{store}:val", resamples=20)
    assert set(done.systems) == {"none"}
    assert done.gains == {}
    assert not any("context" in line for line in done.lines())


def test_the_door(bundle_of, store, tmp_path, capsys):
    folder = save_keyword_bundle(bundle_of(), tmp_path / "bundle")
    door.main([str(folder), f"{store}:val"], standalone_mode=False)
    text = capsys.readouterr().out
    for words in (
        "mAP .",
        "with TF-IDF context",
        "by frequency in training alone",
        "chance",
        "3 s",
    ):
        assert words in text
    assert "pointing accuracy" in text
    door.main([str(folder), f"{store}:val", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["card"]["model"]["name"] == str(folder)


def test_the_test_split_is_sealed_and_opening_it_is_recorded(
    bundle_of, store, monkeypatch, tmp_path
):
    with pytest.raises(SealedSplitError):
        evaluate(bundle_of(contexts=False), f"{store}:test")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    done = evaluate(bundle_of(contexts=False), f"{store}:test", open_test=True, resamples=20)
    assert done.card["opened_test"]
    assert "the sealed test split was opened for this" in done.lines()[-1]
    tracker = tracking.connect()
    experiments = [e.experiment_id for e in tracker.client.search_experiments()]
    (run,) = tracker.client.search_runs(experiments)
    assert run.data.metrics["test/map"] == pytest.approx(done.systems["none"].figures.map)


def test_refused(bundle_of, store, tmp_path):
    with pytest.raises(BundleError):
        evaluate(str(tmp_path), f"{store}:val")
    with pytest.raises(SplitError, match="no split"):
        evaluate(bundle_of(contexts=False), f"{store}:dev")
    other = bundle_of(contexts=False)
    object.__setattr__(other, "layout", "holistic75")
    with pytest.raises((LayoutError, BundleError)):
        evaluate(other, f"{store}:val")
