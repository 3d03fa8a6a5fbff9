"""What stands behind a trial's figure: what every val query got in its best epoch.

It lies beside the weights in the trial's state, as ``best_evidence``. Two trials that were asked
the same are compared query by query from it (see ``comparison``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float

from raysign.errors import DataError
from raysign.ranking import PerQuery
from raysign.ranking.bootstrap import resampled_means
from raysign.sweep.states import last_state

if TYPE_CHECKING:
    from raysign.sweep.results import Outcome


@dataclass(frozen=True)
class Drawn:
    """One metric, and its mean in every resample, about that value."""

    value: float
    means: Float[np.ndarray, "resample"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one training's best epoch got on val.

    ``arrays`` are those of :class:`raysign.engine.measuring.Measured` or of
    :class:`raysign.engine.keywords.training.MeasuredWords`: of signs every query's average
    precision, of words every resample's figures.
    """

    arrays: Mapping[str, np.ndarray]

    @property
    def asked(self) -> str:
        """The same for trainings that were asked the same, which alone can be compared."""
        of = ("sign", "positives", "gallery") if self._of_signs else ()
        parts = [np.ascontiguousarray(self.arrays[name]).tobytes() for name in of]
        parts += [str(len(self.arrays[n])).encode() for n in self.arrays if n.startswith("drawn_")]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]

    @property
    def metrics(self) -> tuple[str, ...]:
        """What ``drawn`` can be asked for; of signs every other R@K too."""
        if self._of_signs:
            return ("map", "mrr", "recall_at_1")
        return tuple(n.removeprefix("drawn_") for n in self.arrays if n.startswith("drawn_"))

    def drawn(self, metric: str, *, resamples: int, seed: int = 0) -> Drawn:
        """A metric with its resamples, which go in pairs with another's that was asked the same.

        Args:
            metric: ``map``, ``mrr``, ``recall_at_K``; ``map`` or ``max_f1`` of words.
            resamples: draws of the signs; of words as many draws of the sentences as the training
                made (``evaluate.bootstrap``).
            seed: of the draws of the signs.

        Raises:
            DataError: no such metric.
        """
        if self._of_signs:
            return self._of_queries(metric, resamples, seed)
        if f"drawn_{metric}" not in self.arrays:
            raise DataError(f"unknown metric {metric!r}; known: {', '.join(self.metrics)}")
        value, drawn = float(self.arrays[metric]), self.arrays[f"drawn_{metric}"]
        known = drawn[~np.isnan(drawn)]
        # A draw of sentences is easier than the sentences: see raysign.keywords.resampled.
        return Drawn(value, np.nan_to_num(drawn - known.mean(), nan=0.0) + value)

    def _of_queries(self, metric: str, resamples: int, seed: int) -> Drawn:
        first_rank, average_precision, positives, sign = (
            torch.from_numpy(self.arrays[name])
            for name in ("first_rank", "average_precision", "positives", "sign")
        )
        found = PerQuery(first_rank, average_precision, positives, int(self.arrays["gallery"]))
        values, answered = found.values(metric).numpy(), found.answered.numpy()
        means = resampled_means(values[:, None], answered, sign, resamples=resamples, seed=seed)
        return Drawn(float(values[answered].mean()), means[:, 0])

    @property
    def _of_signs(self) -> bool:
        return "average_precision" in self.arrays


def mean_of(runs: Sequence[Drawn]) -> Drawn:
    """Of trainings that differ in their seed."""
    return Drawn(
        float(np.mean([run.value for run in runs])), np.mean([run.means for run in runs], axis=0)
    )


def evidence_of(outcome: Outcome) -> Evidence | None:
    """What a training of a sweep left in its state; None where it left none."""
    state = last_state(Path(outcome.state)) if outcome.state else None
    return None if state is None else evidence_of_state(state)


def evidence_of_state(state: Mapping[str, Any]) -> Evidence | None:
    """The same from a training's state; None where nothing was measured yet."""
    found = state.get("best_evidence", {})
    return Evidence({name: tensor.numpy() for name, tensor in found.items()}) if found else None
