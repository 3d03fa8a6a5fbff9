"""What a model of keyword search says about sentences: how sure of each word, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64

from raysign.bundle import KeywordBundle
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.engine.workers import choose_device
from raysign.errors import LayoutError
from raysign.evaluate.keywords.asked import tuned
from raysign.keywords.certainty import fit_crossed
from raysign.keywords.context import PLAIN, TfidfContext
from raysign.keywords.localisation import Places, true_places
from raysign.keywords.localise import peaks
from raysign.keywords.metrics import check_scores
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.sentences import Sentences


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
    sure: Mapping[str, Float[np.ndarray, "sentence word"]] = field(default_factory=dict)
    """Probabilities made of the scores, of each whose certainty the bundle knows; of the sentences
    that told how sure to be, those of each half by the other.
    """


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
    every = {PLAIN: plain, **scores}
    sure = made_sure(bundle, sentences, every, labels)
    return Predicted(every, labels, places, peak, span, crossed, sure)


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


def made_sure(
    bundle: KeywordBundle,
    sentences: Sentences,
    scores: Mapping[str, Float[np.ndarray, "sentence word"]],
    labels: Bool[np.ndarray, "sentence word"],
) -> dict[str, Float[np.ndarray, "sentence word"]]:
    """Probabilities, as ``Predicted.sure`` has them; nothing where they cannot be told fairly."""
    chose = tuned(bundle, sentences)
    half = sentences.clips.content()[chose] % 2 == 1
    fair = all(own.any() and not own.all() for own in (labels[chose][half], labels[chose][~half]))
    if chose.any() and not fair:
        return {}
    sure = {name: found.of(scores[name]) for name, found in bundle.certainty.items()}
    if chose.any():
        for name, said in sure.items():
            said[chose] = fit_crossed(scores[name][chose], labels[chose], half)
    return sure


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
