"""Signs before one's own → figures with intervals, and the curves through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from raysign.evaluate.growth.better import Counts, Scale
from raysign.evaluate.growth.fit import Curve
from raysign.evaluate.growth.result import DEPTH, METRICS
from raysign.evaluate.protocols import Rounds
from raysign.ranking import Figure, Ranking
from raysign.ranking.bootstrap import ends, resampled_by_sign
from raysign.ranking.interval import agreed


@dataclass(frozen=True, eq=False)
class Figures:
    """Means over all queries of all draws, and the same of resampled signs, for ``METRICS``."""

    scale: Scale
    value: Float[np.ndarray, "shots size metric"]
    resampled: Float[np.ndarray, "resample shots size metric"]
    points: Mapping[tuple[int, int], Ranking]
    """By shots and size."""

    def over_size(self, sizes: Int64[np.ndarray, "_"]) -> dict[tuple[int, str], Curve]:
        """By shots and metric, through those of these sizes in which the metric is a question.

        R@K of 2K signs or fewer says little of larger galleries: guessing finds half.
        """
        curves = {}
        for at, metric in enumerate(METRICS):
            which = np.isin(self.scale.sizes, sizes) & (self.scale.sizes > 2 * DEPTH[metric])
            x = self.scale.sizes[which].astype(float)
            for nth, shots in enumerate(self.scale.shots):
                curves[shots, metric] = Curve.through(
                    x, self.value[nth, which, at], self.resampled[:, nth, which, at]
                )
        return {key: curve for key, curve in curves.items() if curve is not None}

    def over_shots(self) -> dict[str, Curve]:
        """By metric, in the largest gallery."""
        x = np.array(self.scale.shots, dtype=float)
        curves = {
            metric: Curve.through(x, self.value[:, -1, at], self.resampled[:, :, -1, at])
            for at, metric in enumerate(METRICS)
        }
        return {metric: curve for metric, curve in curves.items() if curve is not None}


def figures_of(
    counts: Counts,
    scale: Scale,
    query_sign: Int64[np.ndarray, "query"],
    rounds: Rounds,
    *,
    resamples: int,
    seed: int,
) -> Figures:
    """Every query of every draw counts alike; signs are resampled with all their queries.

    The resamples depend on the seed and on which signs are asked for: those of several models are
    pairs.
    """
    signs, sign = np.unique(query_sign[rounds.asked], return_inverse=True)
    queries = np.bincount(sign)
    shape = len(scale.shots), len(scale.sizes), len(METRICS)
    total = np.empty((len(signs), *shape))
    for nth in range(shape[0]):
        for size in range(shape[1]):
            rank = 1 + np.concatenate([count[:, nth, size] for count in counts])
            values = *(rank <= k for k in (1, 5, 10)), 1 / rank
            for at, column in enumerate(values):
                total[:, nth, size, at] = np.bincount(sign, weights=column)
    flat = total.reshape(len(signs), -1)
    resampled = resampled_by_sign(flat, queries, resamples=resamples, seed=seed)
    low, high = (end.reshape(shape) for end in ends(resampled))
    value = (flat.sum(axis=0) / queries.sum()).reshape(shape)

    def figure(nth: int, where: int, at: int) -> Figure:
        found = Figure(*(float(part[nth, where, at]) for part in (value, low, high)))
        # R@10 of 10 signs is 1 whatever is measured
        certain = scale.sizes[where] <= DEPTH[METRICS[at]]
        return found if certain else agreed(found, len(signs))

    points = {
        (shots, int(size)): Ranking(
            figures={metric: figure(nth, where, at) for at, metric in enumerate(METRICS)},
            queries=int(queries.sum()),
            unanswered=0,
            signs=len(signs),
            gallery=int(size),
            positives_per_query=1.0,
            unit="signs",
        )
        for nth, shots in enumerate(scale.shots)
        for where, size in enumerate(scale.sizes)
    }
    return Figures(scale, value, resampled.reshape(-1, *shape), points)


def over_vocabulary(
    learned: Mapping[int, Sequence[Figures]],
) -> dict[tuple[int, str], Curve]:
    """By shots and metric, in the largest gallery; the mean where several learned as many signs."""
    order = sorted(learned)
    if not order:
        return {}
    every = [learned[signs] for signs in order]
    x = np.array(order, dtype=float)
    value = np.stack([np.mean([one.value[:, -1] for one in alike], axis=0) for alike in every])
    resampled = np.stack(
        [np.mean([one.resampled[:, :, -1] for one in alike], axis=0) for alike in every], axis=1
    )
    curves = {
        (shots, metric): Curve.through(x, value[:, nth, at], resampled[:, :, nth, at])
        for nth, shots in enumerate(every[0][0].scale.shots)
        for at, metric in enumerate(METRICS)
    }
    return {key: curve for key, curve in curves.items() if curve is not None}
