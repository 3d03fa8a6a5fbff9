"""What was measured at every size, and what is concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.evaluate.growth.published import ONE_SHOT, ONE_SHOT_SIGNS
from raysign.ranking import Figure

if TYPE_CHECKING:
    from raysign.evaluate.growth.fit import Curve
    from raysign.ranking import Ranking

DEPTH = {"recall_at_1": 1, "recall_at_5": 5, "recall_at_10": 10, "mrr": 1}
"""How many signs of an answer a metric looks at; MRR: the first counts most."""
METRICS = tuple(DEPTH)


def said_at(curves: Mapping[str, Curve], x: float) -> dict[str, Figure]:
    """What curves by metric say at x; empty where one of them says nothing.

    They are fitted one by one; R@K is at least that of a smaller K, and its ends likewise.
    """
    said: dict[str, Figure] = {}
    least = Figure(0.0, 0.0, 0.0)
    for metric in METRICS:
        figure = curves[metric].at(x) if metric in curves else None
        if figure is None:
            return {}
        if metric.startswith("recall"):
            ends = ((figure.value, least.value), (figure.low, least.low), (figure.high, least.high))
            figure = least = Figure(*map(max, ends))
        said[metric] = figure
    return said


def doubled(curves: Mapping[str, Curve]) -> dict[str, Figure]:
    """The same at twice the largest x that was measured."""
    return said_at(curves, 2 * min(max(curve.x) for curve in curves.values())) if curves else {}


def _as_json(curves: Mapping[str, Curve]) -> list[dict[str, Any]]:
    twice = doubled(curves)
    return [
        {"metric": metric, **curve.as_json(twice.get(metric))} for metric, curve in curves.items()
    ]


@dataclass(frozen=True)
class Measured:
    """One model: its figures, and its curves over the gallery's size and over the shots."""

    name: str
    vocabulary: int | None
    """Signs that it learned; None where its bundle does not say."""
    points: Mapping[tuple[int, int], Ranking]
    """By shots and size, at every size that was measured."""
    by_size: Mapping[tuple[int, str], Curve]
    """By shots and metric; none where too few sizes were measured."""
    by_shots: Mapping[str, Curve]
    """By metric, at the largest size; none where too few shots were."""

    def curves(self, shots: int) -> dict[str, Curve]:
        """Over the gallery's size, by metric."""
        return {metric: curve for (k, metric), curve in self.by_size.items() if k == shots}

    def fitted(self, shots: int, size: float) -> dict[str, Figure]:
        """What the curves say of a gallery of that size; empty where they do not."""
        return said_at(self.curves(shots), size)

    def as_json(self, shown: tuple[int, ...]) -> dict[str, Any]:
        """``points``, one object a figure; ``beyond``, what the curves say of larger galleries."""
        most = max(size for _, size in self.points)
        beyond = [
            {
                "shots": shots,
                "gallery": size,
                "metric": metric,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
            }
            for shots in sorted({shots for shots, _ in self.points})
            for size in shown
            if size > most
            for metric, figure in self.fitted(shots, float(size)).items()
        ]
        return {
            "model": self.name,
            "signs_trained_on": self.vocabulary,
            "points": [
                {"shots": shots, **ranking.as_json()} for (shots, _), ranking in self.points.items()
            ],
            "beyond": beyond,
            "over_size": [
                {"shots": shots, **curve}
                for shots in sorted({shots for shots, _ in self.by_size})
                for curve in _as_json(self.curves(shots))
            ],
            "over_shots": _as_json(self.by_shots),
        }


@dataclass(frozen=True)
class Growth:
    """All models, asked the same of the same galleries."""

    models: tuple[Measured, ...]
    shown: tuple[int, ...]
    """Sizes that were asked for, that of the gallery, and the largest measured; ascending."""
    shots: tuple[int, ...]
    largest: int
    """Of the galleries that were measured, in signs."""
    by_vocabulary: Mapping[tuple[int, str], Curve]
    """Over the signs that the models learned, by shots and metric, at the largest size; none where
    too few models differ in them."""
    notes: tuple[str, ...]
    card: dict[str, Any]

    def row(self, model: Measured, shots: int, size: int) -> dict[str, Figure]:
        """Each metric in a gallery of that size: measured, or what the curve says beyond.

        Empty where it was not measured, and no curve says anything of it.
        """
        measured = model.points.get((shots, size))
        if measured is not None:
            return {metric: measured.figures[metric] for metric in METRICS}
        return model.fitted(shots, float(size)) if size > self.largest else {}

    @property
    def like_the_published(self) -> bool:
        """Whether this is one shot by other signers, of signs that no model here learned."""
        one_shot = 1 in self.shots and self.card["signers"] == "other"
        return one_shot and all(model["asked_learned"] == 0 for model in self.card["models"])

    def curves(self) -> dict[str, dict[str, Curve]]:
        """All curves by what they are over, in words, and by metric."""
        found: dict[str, dict[str, Curve]] = {}
        for model in self.models:
            of = f" ({model.name})" if len(self.models) > 1 else ""
            for (shots, metric), curve in model.by_size.items():
                at = f", {shots} a sign" if len(self.shots) > 1 else ""
                found.setdefault(f"over the gallery's size{at}{of}", {})[metric] = curve
            if model.by_shots:
                found[f"over the clips a sign, {self.largest:,} signs{of}"] = dict(model.by_shots)
        for (shots, metric), curve in self.by_vocabulary.items():
            at = f", {shots} a sign" if len(self.shots) > 1 else ""
            found.setdefault(f"over the signs learned{at}", {})[metric] = curve
        return found

    def as_json(self) -> dict[str, Any]:
        """One object; ``card`` is the protocol card."""
        return {
            "models": [model.as_json(self.shown) for model in self.models],
            "over_vocabulary": [
                {"shots": shots, **curve}
                for shots in sorted({shots for shots, _ in self.by_vocabulary})
                for curve in _as_json(
                    {m: c for (k, m), c in self.by_vocabulary.items() if k == shots}
                )
            ],
            "published": {"signs": ONE_SHOT_SIGNS, "shots": 1, **ONE_SHOT}
            if self.like_the_published
            else None,
            "notes": list(self.notes),
            "card": self.card,
        }
