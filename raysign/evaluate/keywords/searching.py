"""What a model of keyword search says about sentences: how sure of each word, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64

from raysign.bundle import KeywordBundle
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.engine.workers import choose_device
from raysign.errors import LayoutError
from raysign.evaluate.keywords.asked import tuned
from raysign.keywords.confidence import WordConfidence, shown, taken
from raysign.keywords.context import PLAIN, TfidfContext
from raysign.keywords.localisation import Places, true_places
from raysign.keywords.localise import peaks
from raysign.keywords.metrics import check_scores
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.sentences import Sentences


@dataclass(frozen=True, eq=False)
class Read:
    """The sentences of each word that people read: its likeliest."""

    row: Int64[np.ndarray, "rank word"]
    said: Float[np.ndarray, "rank word"]
    """Probabilities."""
    score: Float[np.ndarray, "rank word"]
    """What they were made of."""
    true: Bool[np.ndarray, "rank word"]


@dataclass(frozen=True, eq=False)
class Predicted:
    """Every word of the vocabulary in every sentence, and where the signed ones were found."""

    scores: Mapping[str, Float[np.ndarray, "sentence word"]]
    """In 0–1: ``none``, the model's own, and one entry for each context model."""
    labels: Bool[np.ndarray, "sentence word"]
    places: Places | None
    """When the glosses are signed; None for written words, and where nobody knows of any."""
    peak: Int64[np.ndarray, "pair"]
    """Of each pair of the places, the frame that the word attends to most."""
    span: Int64[np.ndarray, "pair 2"]
    """And the frames around it, [first, end)."""
    crossed: tuple[float, float] | None = None
    """Of the sentences that chose γ, the γ that each half was rescored with, which the other chose;
    None where no sentence chose it.
    """
    read: Mapping[str, Read] = field(default_factory=dict)
    """What people read, by the same names, of each of which the bundle knows how sure to be."""


def predict(bundle: KeywordBundle, sentences: Sentences) -> Predicted:
    """Search every word of the vocabulary in every sentence, on a GPU where there is one.

    Raises:
        BundleError: the bundle does not fit this raysign.
        LayoutError: the sentences have another layout than the model reads.
        DataError: a sentence cannot be prepared.
        SplitError: no word of the vocabulary is in any of them.
    """
    if sentences.clips.layout != bundle.layout:
        raise LayoutError(
            f"the model reads {bundle.layout}, the sentences are of {sentences.clips.layout}; "
            "give sentences of that layout, or train a model on these"
        )
    prepare, model = bundle.prepare(), bundle.model().to(choose_device("auto"))
    prepared = PreparedSentences.of(sentences, prepare)
    size = bundle.config.evaluate.batch_sentences
    plain = probabilities(logits_of(model, prepare, prepared, size))
    vocabulary = bundle.vocabulary
    labels = vocabulary.labels(sentences.written(vocabulary.kind))
    check_scores(plain, labels)
    scores = {name: context.rescore(plain) for name, context in bundle.contexts.items()}
    crossed = cross(bundle, sentences, plain, labels, scores)
    places = None
    if vocabulary.kind == "gloss":
        numbers = {word: number for number, word in enumerate(vocabulary.words)}
        places = true_places(sentences.glosses, sentences.spans, numbers)
    peak, span = located(model, prepare, prepared, sentences, places, size)
    of_people = read(bundle, sentences, plain, labels, crossed)
    return Predicted({PLAIN: plain, **scores}, labels, places, peak, span, crossed, of_people)


def cross(
    bundle: KeywordBundle,
    sentences: Sentences,
    plain: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    scores: dict[str, Float[np.ndarray, "sentence word"]],
) -> tuple[float, float] | None:
    """Put what half of them each says of the other in the place of the scores of γ, for the
    sentences that chose it. The halves go by the landmarks, so that none is in both.
    """
    context, chose = bundle.contexts.get("tfidf"), tuned(bundle, sentences)
    if not isinstance(context, TfidfContext) or not chose.any():
        return None
    half = sentences.clips.content()[chose] % 2 == 1
    step = bundle.config.context.gamma_step
    found, gammas = context.crossed(plain[chose], labels[chose], half, step)
    scores["tfidf"] = scores["tfidf"].copy()  # at γ = 1 it is the model's own
    scores["tfidf"][chose] = found
    return gammas


def read(
    bundle: KeywordBundle,
    sentences: Sentences,
    plain: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    crossed: tuple[float, float] | None,
) -> dict[str, Read]:
    """What people read of each word, by the model's own predictions and by each context model.

    Of the sentences that told how sure to be, each half is told by the other, and where they chose
    γ with the γ that the other chose. What cannot be told so is left out.
    """
    chose, half = tuned(bundle, sentences), sentences.clips.content() % 2 == 1
    found = {}
    for name in (PLAIN, *bundle.contexts):
        if (confidence := bundle.confidence.get(name)) is None:
            continue
        scores = _scores(bundle, name, plain)
        row = shown(scores)
        score, true = taken(scores, row), taken(labels, row)
        said = confidence.of(score)
        for number, part in enumerate((~half, half)):
            mine, told = (chose & part)[row], (chose & ~part)[row]
            if not mine.any():
                continue
            if not told.any():
                break
            gamma = None if crossed is None else crossed[number]
            own = taken(_scores(bundle, name, plain, gamma), row)
            said[mine] = WordConfidence.fit(own[told], true[told]).of(own[mine])
        else:
            found[name] = Read(row, said, score, true)
    return found


def _scores(
    bundle: KeywordBundle,
    name: str,
    plain: Float[np.ndarray, "sentence word"],
    gamma: float | None = None,
) -> Float[np.ndarray, "sentence word"]:
    """Of a context model, with another γ if it has one; or the model's own."""
    if name == PLAIN:
        return plain
    context = bundle.contexts[name]
    if gamma is not None and isinstance(context, TfidfContext):
        context = replace(context, gamma=gamma)
    return context.rescore(plain)


def located(
    model: KeywordModel,
    prepare: PrepareSentences,
    prepared: PreparedSentences,
    sentences: Sentences,
    places: Places | None,
    size: int,
) -> tuple[Int64[np.ndarray, "pair"], Int64[np.ndarray, "pair 2"]]:
    """The highest peak of each pair's attention: its highest frame, and its frames [first, end)."""
    peak = np.zeros(len(places or ()), dtype=np.int64)
    span = np.zeros((len(peak), 2), dtype=np.int64)
    if places is None:
        return peak, span
    device = next(model.parameters()).device
    frames, fps = sentences.clips.num_frames, sentences.clips.fps
    for index in prepared.by_length(size):
        pairs = np.flatnonzero(np.isin(places.sentence, index))
        if not len(pairs):
            continue
        words, column = np.unique(places.word[pairs], return_inverse=True)
        geometry, shown = (torch.from_numpy(part).to(device) for part in prepared.padded(index))
        asked = torch.from_numpy(words).to(device)
        with torch.inference_mode():
            found = model.search(prepare.channels(geometry.float()), shown, asked)
        attention = found.attention.float().cpu().numpy()
        row = {int(sentence): place for place, sentence in enumerate(index)}
        for pair, word in zip(pairs, column, strict=True):
            sentence = int(places.sentence[pair])
            rate = prepare.rate(float(fps[sentence]) or None)
            track = attention[row[sentence], int(word)]
            top = peaks(track, model.stride, int(frames[sentence]), rate)[0]
            peak[pair], span[pair] = top.frame, (top.first, top.end)
    return peak, span
