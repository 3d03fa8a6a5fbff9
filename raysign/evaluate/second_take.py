"""What a second recording of the sign gains.

Who does not find a sign records it anew (Hassan, Bohacek, Kim, Crochet, "Towards an AI-Driven
Video-Based American Sign Language Dictionary", arXiv 2504.05857): do two recordings find it?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float64
from torch.nn.functional import normalize

from raysign.errors import SplitError
from raysign.evaluate.shown import flat
from raysign.evaluate.takes import BY, COPY, NONE, RULE, Takes
from raysign.ranking import (
    Figure,
    Resampling,
    Scoring,
    hits_above_fold,
    mean_differences,
    mean_figures,
    rank_by,
    short,
    sign_ranks,
    spoken,
)

if TYPE_CHECKING:
    from raysign.evaluate.embedded import Embedded
    from raysign.evaluate.protocols import Rounds
    from raysign.ranking import Difference

QUERIES = ("queries", "query_sign", "query_key")
METRICS = ("recall_at_1", "hit_above_fold_6", "mrr")


@dataclass(frozen=True, eq=False)
class SecondTake:
    """The same queries asked by one recording and by two."""

    alone: Mapping[str, Figure]
    """``METRICS`` of the query alone;"""
    together: Mapping[str, Figure]
    """together with the second take;"""
    difference: Mapping[str, Difference]
    """together − alone,"""
    parts: Mapping[str, Mapping[str, Difference]]
    """and by who made the take, of ``BY`` those that occur."""
    card: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """``alone``, ``together``, ``difference``, its ``parts`` and ``card``."""
        return {
            "alone": flat(self.alone),
            "together": flat(self.together),
            "difference": _flat(self.difference),
            **{name: _flat(self.parts[name]) if name in self.parts else None for name in BY},
            "card": dict(self.card),
        }

    def lines(self) -> tuple[str, ...]:
        """What it gains, and who recorded."""
        of = self.card
        who = {
            "same_signer": "the same signer",
            "other_signer": "another",
            "signer_not_known": "somebody not known",
        }
        counts = ", ".join(f"{of[f'takes_by_{name}']:,} by {words}" for name, words in who.items())
        return (
            f"a second recording of the sign, {of['queries']:,} queries: "
            + "; ".join(
                f"{spoken(name)} {short(self.alone[name].value)} → "
                f"{short(self.together[name].value)}, {by}"
                for name, by in self.difference.items()
            ),
            f"the second recordings: {counts}; {of['without_second_take']:,} queries have none, "
            f"{of['copies_left_out']:,} are copies of gallery clips",
        )


def second_take(
    embedded: Embedded, rounds: Rounds, scoring: Scoring, how: Resampling
) -> SecondTake:
    """Ask each query alone, and together with one other recording of its sign (``RULE``).

    Which of several possible takes it is depends on ``how``'s seed.

    Raises:
        SplitError: no query has a second take, or none of those that do has a positive.
    """
    alone, together, sign, by = [], [], [], []
    takes = Takes.of(embedded.sides)
    copies = lone = 0
    pairs = zip(embedded.worlds(rounds), rounds.asking, strict=True)
    for number, (world, (asks, searched)) in enumerate(pairs):
        take = takes.drawn(asks, searched, np.random.default_rng([how["seed"], number]))
        has = take >= 0
        copies += int((take == COPY).sum())
        lone += int((take == NONE).sum())
        if not has.any():
            continue
        world |= {name: world[name][torch.from_numpy(has)] for name in QUERIES}
        alone.append(_values(scoring, world))
        second = embedded.queries[torch.from_numpy(take[has])]
        fused = normalize(world["queries"] + second, dim=1)
        together.append(_values(scoring, world | {"queries": fused}))
        sign.append(world["query_sign"])
        by.append(takes.by(asks[has], take[has]))
    if not alone:
        raise SplitError(
            f"no query of {embedded.sides.queries!r} has a second recording of its sign that is "
            f"not in {embedded.sides.gallery!r}; give --queries with 2 clips a sign and a "
            "--gallery of others, or leave --takes out"
        )
    one, two, signs, who = (np.concatenate(each) for each in (alone, together, sign, by))
    answered = ~np.isnan(one[:, 0])

    def figures(of: Float64[np.ndarray, "query metric"]) -> dict[str, Figure]:
        return mean_figures(of, METRICS, answered, torch.from_numpy(signs), **how)

    def gain(which: Bool[np.ndarray, "query"]) -> dict[str, Difference]:
        return mean_differences(two - one, METRICS, which, torch.from_numpy(signs), **how)

    counts = {name: int((answered & (who == i)).sum()) for i, name in enumerate(BY)}
    return SecondTake(
        figures(one),
        figures(two),
        gain(answered),
        {name: gain(answered & (who == i)) for i, name in enumerate(BY) if counts[name]},
        {
            "rule": RULE,
            "queries": int(answered.sum()),
            **{f"takes_by_{name}": count for name, count in counts.items()},
            "without_second_take": lone,
            "copies_left_out": copies,
        },
    )


def _values(scoring: Scoring, world: dict[str, Any]) -> Float64[np.ndarray, "query metric"]:
    found = rank_by(scoring, **world, allow_unanswered=True)
    fold = hits_above_fold(sign_ranks(scoring, **world), (6,))[:, 0]
    return np.stack([found.values("recall_at_1"), fold, found.values("mrr")], axis=1)


def _flat(by_metric: Mapping[str, Difference]) -> dict[str, float]:
    below = {f"{name}_below_zero": by.below_zero for name, by in by_metric.items()}
    return flat(by_metric) | below
