"""What a page shows of one sentence: curves and pieces of time under its moving skeleton."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from raysign.clip import Clip
from raysign.search.timeline.spans import Span
from raysign.search.timeline.windows import fps_of

Kind = Literal["word", "example", "motion"]
"""A written word is looked for; an example of a sign is; the hands' own motion."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A value of every frame, to be drawn from its own ``low`` up to its ``high``."""

    name: str
    """What it is, for people."""
    kind: Kind
    values: Float[np.ndarray, "frame"]
    low: float = 0.0
    high: float = 1.0
    shade: int = 0
    """Which of several words, from 0: each looks its own."""

    def share(self, most: int) -> Float[np.ndarray, "moment"]:
        """How high it stands, 0–1, at no more than ``most`` moments: the highest of each."""
        span = self.high - self.low
        level = (np.nan_to_num(self.values, nan=self.low) - self.low) / (span if span > 0 else 1.0)
        starts: Int[np.ndarray, "moment"] = np.unique(
            np.linspace(0, len(level), min(most, len(level)), endpoint=False).astype(np.int64)
        )
        return np.asarray(np.clip(np.maximum.reduceat(level, starts), 0, 1))


@dataclass(frozen=True)
class Mark:
    """A piece of the sentence's time that has a name."""

    kind: Literal["word", "example", "both", "true", "sign", "unknown"]
    """Where the word is, or the example, or where both agree; what the store knows; a candidate
    sign, and one that the dictionary does not have."""
    label: str
    first: int
    end: int
    """Frames [first, end)."""
    note: str = ""
    """How sure it is, for people."""
    shade: int = 0
    """Which of several words, from 0: each looks its own, and has a row of its own."""

    @classmethod
    def of(
        cls,
        kind: Literal["word", "example", "both", "true", "sign", "unknown"],
        label: str,
        span: Span,
        note: str = "",
        shade: int = 0,
    ) -> Mark:
        """Where a span is."""
        return cls(kind, label, span.first, span.end, note, shade)


@dataclass(frozen=True, eq=False)
class Scene:
    """One sentence on the page."""

    clip: Clip
    title: str
    note: str = ""
    """One line under the title."""
    curves: tuple[Curve, ...] = ()
    marks: tuple[Mark, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())
    """What else is known: a word for it, and what it is."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.clip.xyz) / fps_of(self.clip)

    def second(self, frame: int) -> float:
        """When a frame begins."""
        return frame / fps_of(self.clip)
