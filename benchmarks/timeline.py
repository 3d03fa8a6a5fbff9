"""Signs found by example, and sentences cut into signs, where the true times are known.

    python benchmarks/timeline.py STORE [--sentences 60] [--encoder MODEL] [--words MODEL]

STORE has clips of single signs with splits; sentences are composed of its val clips, and examples
are its train clips, so that no example is in any sentence. The encoder must not have learned from
val, nor must the model of --words: train that on what `raysign keywords compose STORE splits=own`
makes. Prints one JSON object: of exemplar search mAP and pointing accuracy, of one example and of
the best of five, and with --words of both together, beside chance and the signs' frequency in
train; of segmentation the F1 of boundaries and the share of signs covered, beside equal pieces as
long as train's signs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict

import numpy as np

from raysign.config import DataConfig
from raysign.keywords.baselines import by_frequency, chance
from raysign.keywords.compose import Composed, compose, take_apart
from raysign.keywords.metrics import average_precision
from raysign.search.keywords.fused import fused_by_place
from raysign.search.keywords.words import WordSearch
from raysign.search.timeline.exemplars import ExemplarSearch
from raysign.search.timeline.figures import equal_pieces, segment_figures
from raysign.search.timeline.segment import Way, segment
from raysign.search.timeline.spans import as_array
from raysign.search.timeline.windows import pieces, windows
from raysign.sentences import Sentences, SignedSentence
from raysign.store import iter_clips
from raysign.tracking import load_keywords, load_model

FIVE = 5
WAYS: tuple[Way, ...] = ("rests", "flow")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("store")
    given.add_argument("--sentences", type=int, default=60)
    given.add_argument("--encoder", default="default")
    given.add_argument("--words", help="a model of keyword search")
    given.add_argument("--seed", type=int, default=0)
    asked = given.parse_args()
    config = DataConfig(store=asked.store, splits="own", duplicates="drop")
    parts = take_apart(iter_clips(asked.store), config)
    sentences = list(compose(parts.val, asked.sentences, "val", asked.seed))
    print(*parts.notes, sep="\n", file=sys.stderr)
    found = {
        "sentences": len(sentences),
        "exemplar_search": exemplar_figures(asked.encoder, parts, sentences, asked.words),
        "segmentation": segmentation_figures(parts, sentences, asked.seed),
    }
    print(json.dumps(found, indent=2))


def exemplar_figures(
    model: str, parts: Composed, sentences: list[SignedSentence], words: str | None
) -> dict[str, object]:
    """Each train clip asks for its sign in all sentences."""
    clips = [piece.clip for piece in parts.train]
    search = ExemplarSearch(load_model(model, clips[0].layout), clips)
    began_s, count = time.perf_counter(), 0
    signs = np.asarray([clip.sign for clip in clips])
    scores = np.empty((len(sentences), len(clips)))
    labels = np.zeros(scores.shape, dtype=bool)
    right = np.zeros(scores.shape, dtype=bool)
    for row, sentence in enumerate(sentences):
        spans = windows(len(sentence.clip.xyz), sentence.clip.fps or 25.0)
        near = search.embedded(pieces(sentence.clip, spans)) @ search.vectors.T
        count += len(spans)
        scores[row] = near.max(axis=0)
        peak = spans.mean(axis=1)[near.argmax(axis=0)]
        for gloss, (first, end) in zip(sentence.glosses, sentence.spans or (), strict=True):
            same = signs == gloss
            labels[row, same] = True
            right[row, same] |= ((peak >= first) & (peak < end))[same]
    seconds = time.perf_counter() - began_s
    there = np.unique(signs[labels.any(axis=0)])
    asking = {sign: np.flatnonzero(signs == sign) for sign in there.tolist()}
    each = average_precision(scores, labels)
    five = np.stack([scores[:, own[:FIVE]].max(axis=1) for own in asking.values()], axis=1)
    has = np.stack([labels[:, own[0]] for own in asking.values()], axis=1)
    share = np.asarray([len(own) / len(clips) for own in asking.values()])
    covered = [
        (end - begin) / len(sentence.clip.xyz)
        for sentence in sentences
        for begin, end in sentence.spans or ()
    ]
    found = {
        "signs": len(there),
        "examples": int(labels.any(axis=0).sum()),
        "map": float(np.mean([np.mean(each[own]) for own in asking.values()])),
        "map_best_of_five": float(average_precision(five, has).mean()),
        "map_chance": chance(has)["map"],
        "map_frequency": by_frequency(share, has).map,
        "pointing": float(right[labels].mean()),
        "pointing_chance": float(np.mean(covered)),
        "windows_a_second": round(count / seconds, 1),
        "windows_a_sentence": round(count / len(sentences), 1),
    }
    if words is not None:
        first = {sign: scores[:, own[0]] for sign, own in asking.items()}
        found["with_words"] = together(words, sentences, first, has)
    return found


def together(
    model: str,
    sentences: list[SignedSentence],
    example: dict[str, np.ndarray],
    has: np.ndarray,
) -> dict[str, object]:
    """The mAP of a word, of one example of its sign, and of both, over signs that both know."""
    looker = WordSearch(load_keywords(model))
    known = [sign for sign in example if sign in looker.vocabulary]
    numbers = [looker.vocabulary.number(sign) for sign in known]
    word = looker.judge(Sentences.pack(sentences)).score[:, numbers]
    by = np.stack([example[sign] for sign in known], axis=1)
    labels = has[:, [sign in looker.vocabulary for sign in example]]
    pairs = list(zip(word.T, by.T, strict=True))
    standard = [
        sum((side - side.mean()) / (side.std() + 1e-9) for side in on_open_scales(pair))
        for pair in pairs
    ]
    orders = {
        "word": word,
        "example": by,
        "both_by_place": np.stack([fused_by_place(*pair) for pair in pairs], axis=1),
        "both_by_deviation": np.stack(standard, axis=1),
    }
    maps = {name: float(average_precision(each, labels).mean()) for name, each in orders.items()}
    return {"signs": len(known), "context": looker.context, **maps}


def on_open_scales(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of the word, and the example's cosine: two scales without ends."""
    word, example = pair
    sure = np.clip(word, 1e-6, 1 - 1e-6)
    return np.log(sure / (1 - sure)), example


def segmentation_figures(
    parts: Composed, sentences: list[SignedSentence], seed: int
) -> dict[str, object]:
    """Pieces by the hands' motion and equal ones, whose length is learned from train alone."""
    train = list(compose(parts.train, len(sentences), "train", seed))
    length = sum(len(s.clip.xyz) for s in train) / sum(len(s.glosses) for s in train)
    true = [np.asarray(sentence.spans) for sentence in sentences]
    cuts = {
        **{
            way: [as_array(segment(sentence.clip, way).spans) for sentence in sentences]
            for way in WAYS
        },
        "equal": [equal_pieces(len(sentence.clip.xyz), length) for sentence in sentences],
    }
    return {name: asdict(segment_figures(cut, true, 25.0)) for name, cut in cuts.items()}


if __name__ == "__main__":
    main()
