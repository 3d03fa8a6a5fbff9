"""How well a word is found *in* its sentence, where the true times are known.

Asked of the pairs of a sentence and a gloss that is in it: spans are of glosses, and a written word
has none. All figures are in 0–1.

* pointing accuracy: how often the frame that the word attends to most lies in a true span of it;
* IoU: of the predicted span and the true span that it overlaps most: frames in both over frames in
  either;
* mAP at an IoU: as mAP, but a sentence counts as found only where the span overlaps that much.
  At IoU 0 it is mAP itself, as the paper reports it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from raysign.errors import DataError
from raysign.keywords.metrics import average_precision
from raysign.keywords.spans import iou
from raysign.ranking import Figure, mean_figures

IOUS = (0.1, 0.3, 0.5)


@dataclass(frozen=True, eq=False)
class Places:
    """Where words are: one entry for each pair of a sentence and a word in it.

    ``spans`` are all frames [first, end) of the sentence in which the word is signed.
    """

    sentence: Int[np.ndarray, "pair"]
    word: Int[np.ndarray, "pair"]
    spans: Sequence[np.ndarray]
    """Of each pair, int64 [occurrence 2]."""

    def __len__(self) -> int:
        return len(self.sentence)


def true_places(
    glosses: Sequence[Sequence[str]],
    spans: Sequence[Sequence[tuple[int, int]] | None],
    numbers: Mapping[str, int],
) -> Places | None:
    """Every gloss of the vocabulary in every sentence whose spans are known, each pair once; None
    where there is no such pair.
    """
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for sentence, (words, times) in enumerate(zip(glosses, spans, strict=True)):
        for word, span in zip(words, times or (), strict=times is not None):
            if word in numbers:
                found.setdefault((sentence, numbers[word]), []).append(span)
    if not found:
        return None
    sentence, word = np.array(list(found), dtype=np.int64).T
    return Places(sentence, word, [np.array(each, dtype=np.int64) for each in found.values()])


@dataclass(frozen=True, eq=False)
class Localisation:
    """How well words were located, each figure with its 95 % interval over sentences."""

    pointing: Figure
    chance: float
    """The pointing accuracy of a random frame: the share of the sentence that the word covers."""
    middle: float
    """That of the sentence's middle frame, whatever the word."""
    iou: Figure
    map_at: Mapping[float, float]
    """mAP where the span has to overlap so much."""
    pairs: int
    sentences: int
    words: int
    spans_per_pair: float

    def as_json(self) -> dict[str, float | int]:
        """All numbers, flat; ``pointing`` and ``iou`` with their ends."""
        flat: dict[str, float | int] = {}
        for name, figure in (("pointing", self.pointing), ("iou", self.iou)):
            flat |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        flat |= {"pointing_chance": self.chance, "pointing_middle": self.middle}
        flat |= {f"map_at_iou_{round(100 * at)}": value for at, value in self.map_at.items()}
        counted = ("pairs", "sentences", "words", "spans_per_pair")
        return flat | {name: getattr(self, name) for name in counted}


def localisation(
    truth: Places,
    peak: Int[np.ndarray, "pair"],
    span: Int[np.ndarray, "pair 2"],
    num_frames: Int[np.ndarray, "sentence"],
    scores: Float[np.ndarray, "sentence word"],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Localisation:
    """Compare where words were found with where they are.

    Args:
        truth: the pairs, and when each word is signed.
        peak: of each pair, the frame that the word attends to most.
        span: of each pair, the predicted frames [first, end).
        num_frames: of each sentence.
        scores: of every word in every sentence, for mAP; it is taken over the sentences that are in
            the truth, a word being in those in which it has a true span.
        resamples: draws of sentences behind each interval.
        seed: of these.

    Raises:
        DataError: a predicted span holds no frame.
    """
    if (span[:, 1] <= span[:, 0]).any():
        pair = int((span[:, 1] <= span[:, 0]).argmax())
        raise DataError(f"a span must hold a frame, got {span[pair].tolist()}")
    length = num_frames[truth.sentence]
    hit, overlap, covered, middle = np.empty((4, len(truth)))
    for pair, spans in enumerate(truth.spans):
        hit[pair] = _inside(int(peak[pair]), spans)
        middle[pair] = _inside(int(length[pair]) // 2, spans)
        overlap[pair] = iou(span[pair : pair + 1], spans).max()
        covered[pair] = _covered(spans) / length[pair]
    # Pairs of one sentence stand and fall together: sentences are what is drawn.
    figures = mean_figures(
        np.stack([hit, overlap], axis=1),
        ("pointing", "iou"),
        np.ones(len(truth), dtype=bool),
        torch.from_numpy(truth.sentence),
        resamples=resamples,
        seed=seed,
    )
    return Localisation(
        pointing=figures["pointing"],
        chance=float(covered.mean()),
        middle=float(middle.mean()),
        iou=figures["iou"],
        map_at={at: _map_at(truth, overlap >= at, scores) for at in IOUS},
        pairs=len(truth),
        sentences=len(np.unique(truth.sentence)),
        words=len(np.unique(truth.word)),
        spans_per_pair=float(np.mean([len(spans) for spans in truth.spans])),
    )


def _map_at(
    truth: Places, right: Bool[np.ndarray, "pair"], scores: Float[np.ndarray, "sentence word"]
) -> float:
    labels, found = np.zeros((2, *scores.shape), dtype=bool)
    labels[truth.sentence, truth.word] = True
    found[truth.sentence, truth.word] = right
    asked = np.unique(truth.sentence)
    return float(np.nanmean(average_precision(scores[asked], labels[asked], found[asked])))


def _inside(frame: int, spans: Int[np.ndarray, "occurrence 2"]) -> bool:
    return bool(((spans[:, 0] <= frame) & (frame < spans[:, 1])).any())


def _covered(spans: Int[np.ndarray, "occurrence 2"]) -> int:
    """Frames in any of the spans, each counted once."""
    until = total = 0
    for first, end in sorted(spans.tolist()):
        total += max(0, end - max(first, until))
        until = max(until, end)
    return total
