"""One way to score words in sentences, with its figures and their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from raysign.keywords.baselines import by_frequency
from raysign.keywords.metrics import KEYWORD_METRICS, KeywordFigures, keyword_figures
from raysign.keywords.resampled import Resampled, resample
from raysign.ranking import Difference, Figure, Resampling

SPOKEN = {"map": "mAP", "max_f1": "maxF1"}
"""The metrics' names for people."""


@dataclass(frozen=True, eq=False)
class System:
    """A model's own predictions, those of a context model, or a baseline's."""

    figures: KeywordFigures
    drawn: Resampled

    @classmethod
    def of(
        cls,
        scores: Float[np.ndarray, "sentence word"],
        labels: Bool[np.ndarray, "sentence word"],
        how: Resampling,
    ) -> System:
        """Measure scores; intervals are over sentences."""
        figures = keyword_figures(scores, labels)
        return cls(figures, resample(scores, labels, figures=figures, **how))

    @classmethod
    def by_frequency(
        cls,
        frequency: Float[np.ndarray, "word"],
        labels: Bool[np.ndarray, "sentence word"],
        how: Resampling,
    ) -> System:
        """Measure the baseline that goes by the words' frequencies alone."""
        figures = by_frequency(frequency, labels)
        scores = np.broadcast_to(frequency, labels.shape)
        return cls(figures, resample(scores, labels, figures=figures, **how))

    def figure(self, metric: str) -> Figure:
        """With its 95 % interval over sentences."""
        return self.drawn.figure(metric)

    def less(self, other: System) -> dict[str, Difference]:
        """This − the other on the same sentences, in every metric."""
        return {name: self.drawn.less(other.drawn, name) for name in KEYWORD_METRICS}

    def as_json(self) -> dict[str, float | int]:
        """All numbers, flat, with ``_low`` and ``_high`` of both metrics."""
        return {**self.figures.as_json(), **figures_json(self.drawn)}

    def line(self) -> str:
        """The figures for people: ``mAP .292 [.271–.313]  maxF1 .328 [.305–.350]``."""
        return "  ".join(f"{SPOKEN[name]} {self.figure(name)}" for name in KEYWORD_METRICS)


def figures_json(drawn: Resampled) -> dict[str, float]:
    """A value and its ends for each metric."""
    flat: dict[str, float] = {}
    for name in KEYWORD_METRICS:
        figure = drawn.figure(name)
        flat |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return flat


def differences_json(by_metric: Mapping[str, Difference]) -> dict[str, float]:
    """A value, its ends and ``_below_zero`` for each metric."""
    flat: dict[str, float] = {}
    for name, by in by_metric.items():
        flat |= {name: by.value, f"{name}_low": by.low, f"{name}_high": by.high}
        flat |= {f"{name}_below_zero": by.below_zero}
    return flat


def differences_line(by_metric: Mapping[str, Difference]) -> str:
    """The same for people."""
    return "  ".join(
        f"{SPOKEN[name]} {by} ({100 * by.below_zero:.0f} % below 0)"
        for name, by in by_metric.items()
    )
