"""The reverse dictionary's table, as it was published.

Orazumbekov, Bayanov, Kaltay, Sandygulova: *A Video-Based Reverse Dictionary for Sign Language Using
Gesture Similarity*, LREC 2026, 12th Workshop on the Representation and Processing of Sign
Languages, pp. 398–407; the rows are those of its poster, section 8, "WLASL Validation". To check:
the abstract repeats the best mAP, .237 (M5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.ranking import Figure, short, spoken, wilson
from raysign.skeleton import LAYOUTS

if TYPE_CHECKING:
    from raysign.clip import Clips

SOURCE = (
    "Orazumbekov et al., A Video-Based Reverse Dictionary for Sign Language Using Gesture "
    'Similarity, LREC 2026 sign-lang workshop, pp. 398–407; poster, "WLASL Validation"'
)
QUERIES = 2253
"""Val clips of the 11,980-clip mirror, which is the corpus that the paper names. That these are the
queries is our reading; the paper does not say."""
STATED = ("encoder.kind", "encoder.pooling", "loss.kind")
"""What tells the rows apart: it is published, and so explains no gap to them."""
CORPUS = ("wlasl", "wlasl2000")
"""What a store's column ``dataset`` calls all of WLASL, 2,000 signs."""


@dataclass(frozen=True)
class Published:
    """One row: ``recall_at_1``, ``_5``, ``_10``, ``_50`` and ``map``, in 0–1; no MRR is given."""

    label: str
    encoder: str
    loss: str
    values: Mapping[str, float]

    @property
    def figures(self) -> dict[str, Figure | None]:
        """With the sampling error of ``QUERIES`` independent queries; None for what has none."""
        return {
            name: wilson(value, QUERIES) if name.startswith("recall") else None
            for name, value in self.values.items()
        }

    def line(self) -> str:
        """The figures for people."""
        return "  ".join(f"{spoken(name)} {short(value)}" for name, value in self.values.items())


def _row(label: str, encoder: str, loss: str, *values: float) -> Published:
    names = ("recall_at_1", "recall_at_5", "recall_at_10", "recall_at_50", "map")
    return Published(label, encoder, loss, dict(zip(names, values, strict=True)))


PUBLISHED = {
    row.label: row
    for row in (
        _row("M1", "Transformer", "SupCon", 0.178, 0.455, 0.576, 0.771, 0.212),
        _row("M2", "two-stream ST-GCN", "ProxyNCA", 0.105, 0.311, 0.424, 0.704, 0.098),
        _row("M3", "two-stream ST-GCN", "ArcFace", 0.160, 0.396, 0.510, 0.756, 0.160),
        _row("M4", "two-stream ST-GCN", "ArcFace + SupCon", 0.177, 0.446, 0.559, 0.769, 0.192),
        _row("M5", "Transformer, attention", "SupCon", 0.183, 0.433, 0.554, 0.732, 0.237),
    )
}
"""By label."""


def caveat(asking: Clips, searched: Clips) -> str:
    """What makes other clips of these than the published rows', in a sentence; '' if they are not.

    It is told by the columns ``dataset`` and ``split``: WLASL's val clips ask, its train clips are
    searched, by the reading of ``QUERIES``; and by the layout: they have a body.
    """
    sides = {"queries": (asking, "val"), "gallery": (searched, "train")}
    others = [
        f"{side} {_named(clips)}"
        for side, (clips, split) in sides.items()
        if not ({*clips.dataset} <= {*CORPUS} and {*clips.split} == {split})
    ]
    parts = LAYOUTS[asking.layout].parts
    hands_alone = all(part.endswith("_hand") for part in parts)
    if not others and not hands_alone:
        return ""
    theirs = "The published rows are of WLASL's val clips, searched in its train clips, 2,000 signs"
    if hands_alone:
        theirs += ", body and hands"
        others.append(f"hands alone ({asking.layout}), of which a two-stream ST-GCN has one stream")
    return (
        f"{theirs}; here: {', '.join(others)}. A gap to them does not say which encoder is better."
    )


def _named(clips: Clips) -> str:
    """``wlasl100 val (100 signs)``."""
    datasets, splits = (
        "/".join(sorted({*map(str, column)} - {""})) for column in (clips.dataset, clips.split)
    )
    words = f"{datasets or 'of no named dataset'} {splits or 'in no split'}"
    return f"{words} ({len({*clips.sign}):,} signs)"
