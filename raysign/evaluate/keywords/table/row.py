"""The models of one kind of word and one layout: one for each seed that they were trained from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from raysign.evaluate.keywords.result import KeywordEvaluation
from raysign.evaluate.keywords.system import System
from raysign.keywords.metrics import KEYWORD_METRICS
from raysign.keywords.resampled import Over, Resampled, mean_of, resample
from raysign.ranking import Figure, Resampling

Scores = Mapping[str, Float[np.ndarray, "sentence word"]]


@dataclass(frozen=True, eq=False)
class Row:
    """All that the tables say of gloss search, or of word search, on one layout."""

    kind: str
    """``gloss`` or ``translation``."""
    joints: str
    """``body``, ``dominant`` or ``both``."""
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[KeywordEvaluation, ...]
    scores: tuple[Scores, ...]
    """Of each run, by system."""
    labels: Bool[np.ndarray, "sentence word"]
    how: Resampling
    _over_both: dict[str, tuple[Resampled, ...]] = field(default_factory=dict)

    @property
    def systems(self) -> tuple[str, ...]:
        """Those that every run has."""
        first, *others = (run.systems for run in self.runs)
        return tuple(name for name in first if all(name in other for other in others))

    def drawn(self, system: str, over: Over = "sentences") -> Iterator[Resampled]:
        """The figures of each run, and in every resample."""
        if over == "sentences":
            yield from (run.systems[system].drawn for run in self.runs)
            return
        if system not in self._over_both:
            self._over_both[system] = tuple(
                resample(
                    scores[system],
                    self.labels,
                    over=over,
                    figures=run.systems[system].figures,
                    **self.how,
                )
                for scores, run in zip(self.scores, self.runs, strict=True)
            )
        yield from self._over_both[system]

    def figures(self, system: str) -> dict[str, Figure]:
        """The means over runs, with their intervals over sentences."""
        mean = mean_of([*self.drawn(system)])
        return {name: mean.figure(name) for name in KEYWORD_METRICS}

    def spread(self, system: str) -> dict[str, float] | None:
        """The standard deviation over runs; None where there is one only."""
        if len(self.runs) < 2:
            return None
        runs = [run.value for run in self.drawn(system)]
        return {
            name: float(np.std([run[name] for run in runs], ddof=1)) for name in KEYWORD_METRICS
        }

    @property
    def frequency(self) -> System:
        """The baseline; the same for all runs, which learned from the same sentences."""
        return self.runs[0].frequency

    def as_json(self) -> dict[str, Any]:
        return {
            "words": self.kind,
            "joints": self.joints,
            "models": list(self.models),
            "seeds": list(self.seeds),
            "spread": {name: self.spread(name) for name in self.systems},
            "runs": [run.as_json() for run in self.runs],
        }
