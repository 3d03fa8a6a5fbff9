from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from raysign import tracking
from raysign.bundle import Learned, save_keyword_bundle
from raysign.cli.keywords.evaluate import evaluate as door
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import BundleError, LayoutError, SealedSplitError, SplitError
from raysign.evaluate.keywords import evaluate
from raysign.evaluate.keywords.searching import predict, read
from raysign.keywords.confidence import WordConfidence, shown
from raysign.keywords.metrics import keyword_figures
from raysign.sentences import SignedSentence
from raysign.store import load_sentences, write_sentences


def test_figures_are_of_the_models_own_predictions(bundle_of, store):
    bundle = bundle_of()
    done = evaluate(bundle, f"{store}:val", resamples=20)
    sentences = load_sentences(store, ("val",))
    prepare = bundle.prepare()
    p = probabilities(
        logits_of(bundle.model(), prepare, PreparedSentences.of(sentences, prepare), 3)
    )
    labels = bundle.vocabulary.labels(sentences.glosses)
    half = sentences.clips.content() % 2 == 1
    crossed, gammas = bundle.contexts["tfidf"].crossed(p, labels, half, 0.25)
    assert done.card["gamma_crossed"] == list(gammas)
    for name, scores in {
        "none": p,
        "tfidf": crossed,
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
    assert set(told["baselines"]) == {"chance", "frequency", "floor", "above_floor"}
    floor = told["baselines"]["floor"]
    assert (
        floor["map"] == told["baselines"]["chance"]["map"] > told["baselines"]["frequency"]["map"]
    )
    assert floor["max_f1"] == told["baselines"]["frequency"]["max_f1"]
    above = told["baselines"]["above_floor"]["map"]
    assert above == pytest.approx(told["map"] - floor["map"])
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
    config = bundle.config
    one = config.evaluate.model_copy(update={"batch_sentences": 1})
    alone = predict(replace(bundle, config=config.model_copy(update={"evaluate": one})), sentences)
    np.testing.assert_allclose(alone.scores["none"], found.scores["none"], atol=1e-5)
    assert alone.peak.tolist() == found.peak.tolist()


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


def test_nothing_is_measured_on_training_sentences(bundle_of, store):
    bundle = bundle_of(contexts=False)
    done = evaluate(bundle, store, resamples=20)
    assert done.card["sentences"] == f"{store}:val"  # and not train with it
    assert done.systems["none"].figures.sentences == 20
    assert "signers also sign in its training sentences" in done.measured_on()
    with pytest.raises(SplitError, match=r"all 40 sentences .* were trained on"):
        evaluate(bundle, f"{store}:train", resamples=20)

    # A model that held signers out trained on sentences of either split.
    val = load_sentences(store, ("val",))
    own = val.clips.signer != "signer0"
    mixed = replace(
        bundle,
        learned=Learned(
            val.clips.content()[own], val.clips.content()[~own], ("signer1", "signer2")
        ),
    )
    done = evaluate(mixed, f"{store}:val", resamples=20)
    assert done.systems["none"].figures.sentences == (~own).sum()
    assert f"{own.sum()} sentences of {store}:val were trained on: left out" in done.lines()
    assert "0 of 1 query signers also sign in its training sentences" in done.measured_on()
    assert done.card["trained_on_left_out"] == own.sum()


def test_a_store_without_val_is_read_whole(bundle_of, store, tmp_path):
    rows = [
        replace(row, clip=replace(row.clip, split="")) for row in load_sentences(store, ("val",))
    ]
    write_sentences(tmp_path / "unsplit", rows)
    done = evaluate(bundle_of(contexts=False), str(tmp_path / "unsplit"), resamples=20)
    assert done.card["sentences"] == str(tmp_path / "unsplit")
    assert done.systems["none"].figures.sentences == 20


def test_sentences_that_chose_are_told_and_gamma_is_of_the_others(bundle_of, store):
    bundle = bundle_of()
    told = evaluate(bundle, store, resamples=20)
    assert told.card["tuned_on"] == 20
    text = "\n".join(told.lines())
    assert "20 of these sentences chose the model's epoch" in text
    assert "for each half of them by the other half" in text

    unseen = replace(bundle, learned=replace(bundle.learned, tuned=bundle.learned.trained))
    done = evaluate(unseen, store, resamples=20)
    assert done.card["tuned_on"] == 0
    assert done.card["gamma_crossed"] is None
    assert "these sentences chose" not in "\n".join(done.lines())
    found = predict(unseen, load_sentences(store, ("val",)))
    np.testing.assert_array_equal(
        found.scores["tfidf"], bundle.contexts["tfidf"].rescore(found.scores["none"])
    )

    silent = evaluate(replace(bundle, learned=None), store, resamples=20)
    assert "20 of these sentences may have chosen" in "\n".join(silent.lines())
    assert "does not say which sentences and signers" in silent.measured_on()


def test_how_sure_it_may_be_is_told_by_the_other_half(bundle_of, store):
    plain = bundle_of()
    told = evaluate(plain, store, resamples=20)
    assert told.confidence == {}
    assert "how sure it is of a word was never measured" in "\n".join(told.lines())

    known = {"none": WordConfidence(0.5, 1.0), "tfidf": WordConfidence(1.0, 0.0)}
    bundle = replace(plain, confidence=known)
    sentences = load_sentences(store, ("val",))
    half = sentences.clips.content() % 2 == 1
    labels = bundle.vocabulary.labels(sentences.glosses)
    for gammas in (None, (0.25, 0.75)):
        scores = predict(plain, sentences).scores["none"]
        found = read(bundle, sentences, scores, labels, gammas)
        for name, one in found.items():
            for number, part in enumerate((~half, half)):
                own = scores
                if name == "tfidf":
                    gamma = bundle.contexts[name].gamma if gammas is None else gammas[number]
                    own = replace(bundle.contexts[name], gamma=gamma).rescore(scores)
                own, mine = np.take_along_axis(own, one.row, axis=0), part[one.row]
                fitted = WordConfidence.fit(own[~mine], one.true[~mine])
                np.testing.assert_allclose(one.said[mine], fitted.of(own[mine]))
        assert found.keys() == {"none", "tfidf"}

    unseen = replace(bundle, learned=replace(bundle.learned, tuned=bundle.learned.trained))
    other = predict(unseen, sentences).read["none"]
    np.testing.assert_array_equal(other.said, known["none"].of(other.score))
    np.testing.assert_array_equal(other.row, shown(predict(plain, sentences).scores["none"]))
    done = evaluate(unseen, store, resamples=20)
    assert "likeliest sentences is off by" in "\n".join(done.lines())
    told = done.as_json()["confidence"]["tfidf"]
    assert told["error"] == done.confidence["tfidf"].error.value
    assert told["error_of_scores_low"] <= told["error_of_scores"] <= told["error_of_scores_high"]


def test_times_of_other_glosses_do_not_stop_an_evaluation(bundle_of, store, tmp_path):
    rows = [*load_sentences(store, ("val",))]
    untimed = [replace(row, spans=None) for row in rows]
    clip = replace(rows[0].clip, clip_id="x")
    other = replace(rows[0], clip=clip, glosses=("FREMD",), spans=((0, 2),))
    write_sentences(tmp_path / "other", [*untimed, other])
    done = evaluate(bundle_of(contexts=False), str(tmp_path / "other"), resamples=20)
    assert done.located is None
    assert done.systems["none"].figures.sentences == 21

    foreign = [replace(row, glosses=("FREMD",) * len(row.glosses)) for row in rows]
    write_sentences(tmp_path / "foreign", foreign)
    with pytest.raises(SplitError, match="none of 6 words is in any of 20 sentences"):
        evaluate(bundle_of(contexts=False), str(tmp_path / "foreign"), resamples=20)


def test_sentences_without_a_frame_are_left_out_with_a_note(store, bundle_of, tmp_path):
    rows = list(load_sentences(store, ("val",)))
    clip = rows[2].clip
    empty = replace(clip, clip_id="empty", xyz=clip.xyz[:0], confidence=None)
    write_sentences(tmp_path / "some", [*rows, SignedSentence(empty, rows[2].glosses)])
    done = evaluate(bundle_of(contexts=False), str(tmp_path / "some"), resamples=20)
    assert done.systems["none"].figures.sentences == len(rows)
    assert "note: 1 sentences without a frame are left out (empty)" in done.lines()
