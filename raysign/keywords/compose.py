"""Sentences composed of clips of single signs: real signing, with known words and known times.

Each clip is cut to where a hand is seen, and put where all the others are: mid-shoulder at one
place, shoulder to shoulder one length, medians over the clip. Between two clips lie 4 to 8 frames,
the more the farther the wrists have to go, in which every joint that is known on both sides goes
straight from one to the other. People do not sign sentences so: the signs are in citation form,
each is another signer's, and the order says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.clip import Clip, Clips
from raysign.config import DataConfig
from raysign.errors import DataError, LayoutError
from raysign.keywords.vocabulary import tokenise
from raysign.pose.normalise import hand_parts, origin_and_scale, seen, signing_span
from raysign.sentences import SignedSentence, confidence_of
from raysign.skeleton import Layout, layout_named
from raysign.splits import split_clips

Single = NDArray[np.float32]

FEWEST_CLIPS, MOST_CLIPS = 3, 8
"""In a sentence."""
FEWEST_BETWEEN, MOST_BETWEEN = 4, 8
"""Frames between two clips."""
FAR = 1.5
"""From so many shoulder widths on, a wrist takes the most frames."""
SIDE_PX, SHOULDERS, CENTRE = 256, 0.25, (0.5, 0.4)
"""The picture: its sides, and the shoulders' width and middle in units of them."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A clip, cut to its signing; ``xyz`` in shoulder widths from mid-shoulder, NaN = missing."""

    clip: Clip
    xyz: Float[Single, "frame joint axis=3"]
    confidence: Float[Single, "frame joint"]


@dataclass(frozen=True, eq=False)
class Composed:
    """The pieces of train and of val. ``notes`` are lines for the user."""

    train: Sequence[Piece]
    val: Sequence[Piece]
    notes: tuple[str, ...]

    def sentences(self, train: int, val: int, seed: int) -> Iterator[SignedSentence]:
        """So many sentences of each, train's first. No clip is in both."""
        yield from compose(self.train, train, "train", seed)
        yield from compose(self.val, val, "val", seed)


def take_apart(clips: Iterable[Clip], config: DataConfig) -> Composed:
    """Clips of single signs, split as ``config`` says, cut and placed.

    Clips in which no hand or no shoulders are ever seen are left out; the notes count them.

    Raises:
        SplitError: see :func:`raysign.splits.split_clips`.
        LayoutError: the layout has no body.
        DataError: too few clips for a sentence in train or in val.
    """
    there = list(clips)
    split = split_clips(Clips.pack(there), config)
    if not layout_named(split.train.layout).has_body:
        raise LayoutError(
            f"sentences are composed of clips with a body, got layout {split.train.layout!r}; "
            "take a store that `raysign extract` made with layout=holistic75"
        )
    by_id = {clip.clip_id: clip for clip in there}
    notes = list(split.notes)
    pieces: dict[str, list[Piece]] = {}
    for name, part in (("train", split.train), ("val", split.queries)):
        cut = [_cut(by_id[clip_id]) for clip_id in part.clip_id.tolist()]
        pieces[name] = [piece for piece in cut if piece is not None]
        if len(pieces[name]) < FEWEST_CLIPS:
            raise DataError(
                f"a sentence takes {FEWEST_CLIPS} clips with a sign, shoulders and a hand; "
                f"{name} has {len(pieces[name])}"
            )
        if unseen := len(cut) - len(pieces[name]):
            notes.append(f"clips of {name} without a hand or shoulders, left out: {unseen}")
        signs = len({piece.clip.sign for piece in pieces[name]})
        notes.append(f"{name} is composed of {len(pieces[name]):,} clips of {signs:,} signs")
    return Composed(pieces["train"], pieces["val"], tuple(notes))


def compose(pieces: Sequence[Piece], count: int, split: str, seed: int) -> Iterator[SignedSentence]:
    """``count`` sentences of 3 to 8 different pieces each, drawn at random.

    Sentence i depends on the pieces, ``seed``, ``split`` and i alone. Its glosses are the signs (a
    blank in one becomes ``-``), its translation their words in lower case; the spans are each
    piece's own frames.
    """
    for number in range(count):
        rng = np.random.default_rng([seed, *split.encode(), number])
        size = min(int(rng.integers(FEWEST_CLIPS, MOST_CLIPS + 1)), len(pieces))
        chosen = [pieces[i] for i in rng.choice(len(pieces), size, replace=False).tolist()]
        yield join(chosen, f"composed-{split}-{number:06d}", split)


def join(pieces: Sequence[Piece], name: str, split: str = "") -> SignedSentence:
    """The pieces one after the other as a sentence, with the frames between."""
    layout = layout_named(pieces[0].clip.layout)
    parts: list[tuple[Single, Single]] = []
    spans: list[tuple[int, int]] = []
    frames = 0
    for before, piece in zip([None, *pieces], pieces, strict=False):
        if before is not None:
            parts.append(_between(before, piece, layout))
            frames += len(parts[-1][0])
        parts.append((piece.xyz, piece.confidence))
        spans.append((frames, frames + len(piece.xyz)))
        frames = spans[-1][1]
    xyz = SHOULDERS * np.concatenate([part for part, _ in parts])
    xyz[..., :2] += CENTRE
    clips = [piece.clip for piece in pieces]
    rates = {clip.fps for clip in clips}
    clip = Clip(
        clip_id=name,
        xyz=xyz,
        layout=layout.name,
        split=split,
        language=_same(clip.language for clip in clips),
        dataset=f"{_same(clip.dataset for clip in clips) or 'clips'}-composed",
        fps=rates.pop() if len(rates) == 1 else None,
        width=SIDE_PX,
        height=SIDE_PX,
        confidence=np.concatenate([part for _, part in parts]),
    )
    glosses = tuple("-".join(one.sign.split()) for one in clips)
    words = tuple(word for one in clips for word in tokenise(one.sign))
    return SignedSentence(
        clip,
        glosses,
        words,
        tuple(spans),
        pieces=tuple(one.clip_id for one in clips),
        signers=tuple(one.signer for one in clips),
    )


def _cut(clip: Clip) -> Piece | None:
    """None where no hand or no shoulders are ever seen."""
    layout = layout_named(clip.layout)
    xyz = clip.xyz.astype(np.float32)
    xyz[..., [0, 2]] *= clip.aspect  # square pixels
    batch = torch.from_numpy(xyz)[None]
    shoulders = [layout.joint(f"{side}_shoulder") for side in ("left", "right")]
    hands = [seen(batch[:, :, part]).any() for part in hand_parts(layout)]
    if not any(hands) or not seen(batch[:, :, shoulders]).all(-1).any():
        return None
    first, last = (int(at) for at in signing_span(batch, layout))
    origin, width = origin_and_scale(batch[:, first : last + 1], layout, unit="shoulders")
    placed = (batch[0, first : last + 1] - origin[0]) / width[0, :, None, None]
    confidence = confidence_of(clip)[first : last + 1].astype(np.float32)
    return Piece(clip, placed.numpy(), confidence)


def _between(before: Piece, after: Piece, layout: Layout) -> tuple[Single, Single]:
    here, there = before.xyz[-1], after.xyz[0]
    wrists = [layout.joint(f"{side}_wrist") for side in ("left", "right")]
    way = np.linalg.norm((there - here)[wrists, :2], axis=1)
    far = min(float(np.nan_to_num(way).max()) / FAR, 1.0)
    count = FEWEST_BETWEEN + round(far * (MOST_BETWEEN - FEWEST_BETWEEN))
    share = np.arange(1, count + 1, dtype=np.float32) / (count + 1)
    share = (share * share * (3 - 2 * share))[:, None]
    xyz = here + share[..., None] * (there - here)
    sure = before.confidence[-1] + share * (after.confidence[0] - before.confidence[-1])
    sure[np.isnan(xyz).any(axis=2)] = 0.0
    return xyz, sure


def _same(texts: Iterable[str]) -> str:
    found = set(texts)
    return found.pop() if len(found) == 1 else ""
