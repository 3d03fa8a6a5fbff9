from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from raysign.config import KeywordContextConfig
from raysign.errors import BundleError, ConfigError, DataError
from raysign.keywords.context import (
    MlpContext,
    TfidfContext,
    fit_contexts,
    fused,
    load_context,
    tune_gamma,
)
from raysign.keywords.context.tfidf import mean_documents
from raysign.keywords.metrics import average_precision

CONFIG = KeywordContextConfig(gamma_step=0.1, mlp_hidden=(32, 32), mlp_batch=32, mlp_lr=3e-3)


@pytest.fixture(scope="module")
def weather():
    """Words come in topics: 10 topics of 5 words, two topics a sentence; noisy predictions."""
    rng = np.random.default_rng(0)

    def draw(sentences):
        topics = rng.random((sentences, 10)).argsort(axis=1)[:, :2]
        labels = np.zeros((sentences, 10, 5), dtype=bool)
        for one in topics.T:
            labels[np.arange(sentences), one] = rng.random((sentences, 5)) < 0.8
        labels = labels.reshape(sentences, 50)
        logits = rng.standard_normal(labels.shape) * 1.5 + 2.5 * labels - 3
        return (1 / (1 + np.exp(-logits))).astype(np.float32), labels

    return draw(400), draw(150)


def test_documents_by_hand():
    """Three sentences of three words; scikit-learn's smooth idf, l1, mean, unit length."""
    counts = np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0]])
    idf = [math.log(4 / 2) + 1, math.log(4 / 3) + 1]
    first = np.array([2 * idf[0], idf[1], 0])
    first /= first.sum()
    mean = {0: first, 1: (first + np.array([0, 1, 0])) / 2}
    made = mean_documents(counts)
    for word, document in mean.items():
        np.testing.assert_allclose(made[word], document / np.linalg.norm(document))
    assert not made[2].any()  # never seen, and no NaN


def test_the_two_readings_of_equation_4():
    p = np.array([[0.5, 0.2, 0.1], [0.0, 0.0, 0.0]])
    counts = np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0]])
    documents = mean_documents(counts).astype(np.float16)
    made = TfidfContext(documents, 0.5, "cos", 1e-6, 0.0)
    cosine = made.similarity(p)
    rows = made.documents.astype(float)
    expected = [
        0 if not row.any() else row @ p[0] / np.linalg.norm(row) / np.linalg.norm(p[0])
        for row in rows
    ]
    np.testing.assert_allclose(cosine[0], expected, atol=1e-3)
    assert not cosine[1].any()  # nothing predicted
    other = replace(made, reading="one_minus_cos").similarity(p)
    np.testing.assert_allclose(other, 1 - cosine)
    assert np.isfinite(np.log(made.rescore(p))).all()  # the logs have a floor


def test_fusion():
    p, context = np.array([[0.9, 0.0]]), np.array([[0.4, 0.5]])
    made = fused(p, context, 0.25, 1e-4)
    np.testing.assert_allclose(made, [[0.9**0.25 * 0.4**0.75, 1e-4**0.25 * 0.5**0.75]])
    assert fused(p, context, 1.0, 1e-4) is p
    assert fused(p, context, 0.0, 1e-4) is context
    with pytest.raises(ConfigError, match=r"γ must be in 0–1, got 1.5"):
        fused(p, context, 1.5, 1e-4)


def test_gamma_is_the_best_of_the_grid(weather):
    (_, train), (p, labels) = weather
    counts = train.astype(np.int64)
    made = TfidfContext.fit(counts, p, labels, CONFIG)
    context = made.similarity(p)
    by_hand = {
        g: average_precision(fused(p, context, g, CONFIG.floor), labels).mean()
        for g in np.arange(11) / 10
    }
    assert made.gamma == pytest.approx(max(by_hand, key=by_hand.get))
    assert made.dev_map == pytest.approx(max(by_hand.values()))
    assert by_hand[1.0] < made.dev_map


def test_useless_context_is_left_out(weather):
    (_, (p, labels)) = weather
    flat = np.full_like(p, 0.5)
    gamma, best = tune_gamma(p, flat, labels, step=0.25, floor=1e-6)
    assert (gamma, best) == (1.0, average_precision(p, labels).mean())


def test_both_help_where_words_go_together(weather):
    (p_train, train), (p, labels) = weather
    before = average_precision(p, labels).mean()
    half = slice(0, 75), slice(75, 150)  # γ and the stop are chosen on other sentences
    made = fit_contexts(
        p_train, train.astype(np.uint8), p[half[0]], labels[half[0]], CONFIG, seed=0
    )
    before = average_precision(p[half[1]], labels[half[1]]).mean()
    for name, context in made.items():
        after = average_precision(context.rescore(p[half[1]]), labels[half[1]]).mean()
        assert after > before + 0.02, name


def test_what_is_saved_is_what_is_loaded(weather):
    (p_train, train), (p, labels) = weather
    made = fit_contexts(p_train, train.astype(np.uint8), p, labels, CONFIG, seed=0)
    for name, context in made.items():
        state = {key: tensor.clone() for key, tensor in context.state().items()}
        again = load_context(name, state, context.facts())
        np.testing.assert_array_equal(again.rescore(p), context.rescore(p))
        assert again.facts() == context.facts()
        with pytest.raises(BundleError, match="damaged"):
            load_context(name, {}, context.facts())
    with pytest.raises(BundleError, match="one of tfidf, mlp, got 'lstm'"):
        load_context("lstm", {}, {})


def test_the_mlp_follows_its_seed_and_leaves_others_alone(weather):
    (p_train, train), (p, labels) = weather
    short = CONFIG.model_copy(update={"mlp_epochs": 3})
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = (
        MlpContext.fit(p_train, train, p, labels, short, seed=seed).rescore(p) for seed in (1, 1, 2)
    )
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_the_mlp_stops_early_and_keeps_the_best(weather):
    (p_train, train), (p, labels) = weather
    rng = np.random.default_rng(1)
    noise = train[rng.permutation(len(train))]  # nothing to learn but the frequencies
    made = MlpContext.fit(p_train, noise, p, labels, CONFIG, seed=0)
    assert made.epochs < CONFIG.mlp_epochs - CONFIG.mlp_patience
    again = made.rescore(p).astype(np.float64).clip(1e-12, 1 - 1e-7)
    loss = -np.where(labels, np.log(again), np.log1p(-again)).mean()
    assert made.dev_loss == pytest.approx(loss, rel=1e-3)
    shape = [tuple(t.shape) for t in made.state().values() if t.ndim == 2]
    assert shape == [(32, 50), (32, 32), (50, 32)]


def test_nan_is_refused(weather):
    (p_train, train), (p, labels) = weather
    broken = p_train.copy()
    broken[3, 3] = np.nan
    with pytest.raises(DataError, match="NaN"):
        MlpContext.fit(broken, train, p, labels, CONFIG, seed=0)


def test_gamma_can_fail_only_on_sentences_that_did_not_choose_it(weather):
    """A context of noise: who chose γ never loses by it, who is told by the others mostly does."""
    rng = np.random.default_rng(3)
    (_, train), (p, labels) = weather
    noise = TfidfContext.fit(rng.permuted(train, axis=1).astype(int), p, labels, CONFIG)
    half = np.arange(len(p)) % 2 == 1
    own, crossed = [], []
    for _ in range(20):
        draw = rng.choice(len(p), 30, replace=False)
        q, some = p[draw], labels[draw]
        plain = np.nanmean(average_precision(q, some))
        gamma, best = tune_gamma(q, noise.similarity(q), some, step=0.1, floor=CONFIG.floor)
        own.append(best - plain)
        made, gammas = noise.crossed(q, some, half[:30], 0.1)
        crossed.append(np.nanmean(average_precision(made, some)) - plain)
        for part, gamma in zip((~half[:30], half[:30]), gammas, strict=True):
            other = tune_gamma(
                q[~part], noise.similarity(q)[~part], some[~part], step=0.1, floor=CONFIG.floor
            )
            assert other[0] == gamma
            kept = replace(noise, gamma=gamma).rescore(q)
            np.testing.assert_allclose(made[part], kept[part], rtol=1e-6)
    assert min(own) >= 0
    assert min(crossed) < 0
    assert np.mean(crossed) < np.mean(own)


def test_a_half_without_a_word_chooses_no_context(weather):
    (_, train), (p, labels) = weather
    context = TfidfContext.fit(train.astype(int), p, labels, CONFIG)
    some = labels[:4].copy()
    some[2:] = False
    _, gammas = context.crossed(p[:4], some, np.array([False, False, True, True]), 0.1)
    assert gammas[0] == 1.0
