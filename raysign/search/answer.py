"""What a search says: ranked signs, how sure it is, what ails the query, and what took how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from raysign.gallery import Exemplar

WORDS = (
    (0.9, "very likely"),
    (0.6, "likely"),
    (0.3, "maybe"),
    (0.1, "unlikely"),
    (0.0, "very unlikely"),
)
"""From which probability on an answer is called what."""


def in_words(probability: float) -> str:
    """A probability in 0–1 as people say it, such as ``likely``."""
    return next(words for least, words in WORDS if probability >= least)


PROBABLY = 0.5
"""From which probability on something is called probable."""


def not_here(none_of_these: float) -> str:
    """What an answer above the threshold says, such as ``probably not in this dictionary``.

    The threshold decides what is said to be missing, and may be low; how it is said goes by the
    probability.
    """
    maybe = "probably not" if none_of_these >= PROBABLY else "may not be"
    return f"{maybe} in this dictionary"


def percent(probability: float) -> str:
    """Whole per cent; neither 0 nor 100, which no search can know."""
    if probability < 0.01:
        return "under 1 %"
    if probability > 0.99:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


@dataclass(frozen=True)
class FoundSign:
    """One sign of an answer."""

    sign: str
    score: float
    """As the scoring defines it; higher is nearer."""
    confidence: float | None
    """Probability in 0–1 that it is the sign asked for; None where not calibrated."""
    clips: int
    """Clips of it in the gallery."""
    best: Exemplar
    """The nearest of them,"""
    row: int
    """its row in the gallery,"""
    cosine: float
    """and its cosine to the query, in -1–1."""


@dataclass(frozen=True)
class Remark:
    """Something about the query that a person can do better, or should know."""

    kind: str
    """Stable word for programs, such as ``few_hands``, ``far``, ``cut_off``."""
    text: str
    """One plain sentence for a person."""
    level: Literal["hint", "problem"]
    """A ``problem`` makes the answer doubtful; a ``hint`` may help."""
    take: int = 1
    """Which recording is meant, from 1."""


@dataclass(frozen=True)
class Take:
    """One recording that asked, as its landmarks show it."""

    name: str
    """The clip's id; of a file, its name without the ending."""
    frames: int
    seconds: float | None
    """None where the frame rate is not known."""
    signing_frames: int
    """From the first frame with a hand to the last,"""
    hands_seen: float
    """and the share of these, 0–1, in which a hand was found."""
    body_seen: float | None
    """Share of all frames, 0–1, in which the body was found; None in a layout without one."""


@dataclass(frozen=True)
class Answer:
    """The answer to one query of one or more takes."""

    signs: tuple[FoundSign, ...]
    """Best first. Where clips are ranked instead of signs (scoring ``clip``), one for each clip:
    a sign may come again, and is '' where a clip has none.
    """
    none_of_these: float | None
    """Probability in 0–1 that the gallery does not have the sign; None where not calibrated."""
    unknown: bool
    """Whether ``none_of_these`` is above the gallery's threshold: see ``not_here``."""
    remarks: tuple[Remark, ...]
    stages_ms: Mapping[str, float]
    """Milliseconds by stage, in the order in which they ran."""
    takes: int
    """Recordings that asked together."""
    asked: tuple[Take, ...] = ()
    """What each of them shows, in their order."""
    scoring: str = "sign_max"
    """What was ranked, and by what; see :mod:`raysign.ranking.scoring`."""
    rerank: str = "none"
    """The second stage that put them in order; see :mod:`raysign.search.reranking`."""
    notes: tuple[str, ...] = ()
    """What to bear in mind of this query's answer: above all, where it did not ask as those did by
    whom ``confidence`` was measured.
    """
    first: bool = False
    """Whether it is its searcher's first answer, whose times hold what later ones save."""

    @property
    def total_ms(self) -> float:
        """Of all stages."""
        return sum(self.stages_ms.values())

    def as_json(self) -> dict[str, Any]:
        """One object; ``best`` of each sign is flattened to ``clip_id``, ``signer``, ``source``."""
        signs = []
        for found in self.signs:
            flat = asdict(found)
            best = flat.pop("best")
            signs.append({**flat, **{name: best[name] for name in ("clip_id", "signer", "source")}})
        return {
            "signs": signs,
            "none_of_these": self.none_of_these,
            "unknown": self.unknown,
            "remarks": [asdict(remark) for remark in self.remarks],
            "stages_ms": {name: round(ms, 3) for name, ms in self.stages_ms.items()},
            "total_ms": round(self.total_ms, 3),
            "first": self.first,
            "takes": self.takes,
            "asked": [asdict(take) for take in self.asked],
            "scoring": self.scoring,
            "rerank": self.rerank,
            "notes": list(self.notes),
        }
