"""What a person is shown: is the sign above the fold, and do the signs beside it look like it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from raysign.errors import DataError, SplitError
from raysign.ranking import (
    FOLD_METRICS,
    FOLDS,
    hits_above_fold,
    mean_differences,
    mean_figures,
    neighbour_metrics,
    neighbour_values,
    short,
    sign_ranks,
)

if TYPE_CHECKING:
    from raysign.datasets.asl_lex import Phonology
    from raysign.evaluate.embedded import Embedded
    from raysign.evaluate.protocols import Rounds
    from raysign.ranking import Difference, Figure, Resampling, Scoring


@dataclass(frozen=True, eq=False)
class AboveFold:
    """How often the sign is among the first signs that are shown."""

    rank: Int64[Tensor, "query"]
    """Of each query's sign among the signs shown; 0 where unanswered."""
    sign: Int64[Tensor, "query"]
    """Of each query."""
    figures: Mapping[str, Figure]
    """``hit_above_fold_K`` for each of ``FOLDS``, over the answered queries."""
    signs: int
    """Different signs in a gallery."""
    of_signs: bool
    """Whether the scoring ranks signs, instead of clips."""

    @classmethod
    def of(cls, embedded: Embedded, rounds: Rounds, scoring: Scoring, how: Resampling) -> AboveFold:
        """Every round's queries. ``SplitError`` where none of them is answered."""
        rank = torch.cat([sign_ranks(scoring, **world) for world in embedded.worlds(rounds)])
        sign = torch.from_numpy(embedded.sides.query_sign[rounds.asked])
        signs = len(np.unique(embedded.sides.gallery_sign[rounds.galleries[0]]))
        certain = [m for m, k in zip(FOLD_METRICS, FOLDS, strict=True) if k >= signs]
        hit, answered = hits_above_fold(rank), (rank > 0).numpy()
        figures = mean_figures(hit, FOLD_METRICS, answered, sign, certain=certain, **how)
        return cls(rank, sign, figures, signs, scoring.of_signs)

    def less(self, other: AboveFold, how: Resampling) -> dict[str, Difference]:
        """This − the other on the same queries; ``SplitError`` where none is answered."""
        by_query = hits_above_fold(self.rank) - hits_above_fold(other.rank)
        return mean_differences(by_query, FOLD_METRICS, (self.rank > 0).numpy(), self.sign, **how)

    @property
    def chance(self) -> dict[int, float]:
        """What each fold would give if the signs came in random order.

        Of clips in random order, signs with many come earlier.
        """
        return {places: min(1.0, places / self.signs) for places in FOLDS}

    def card(self) -> dict[str, Any]:
        """What the figures mean."""
        by = "by score" if self.of_signs else "in the order in which the first clip of each comes"
        return {
            "rule": f"the query's sign is among the first K different signs, {by}; "
            "ties count against",
            "signs": self.signs,
            "in_random_order": {str(places): share for places, share in self.chance.items()},
        }

    def as_json(self) -> dict[str, float]:
        """Flat: ``hit_above_fold_6`` with its ``_low`` and ``_high``, and so on."""
        return flat(self.figures)

    def line(self) -> str:
        """``the sign is among the first 6 signs .867 [.830–.903] (of signs in random order …)``."""
        pairs = zip(self.chance.items(), self.figures.values(), strict=True)
        return "the sign is among the first " + ", the first ".join(
            f"{places} signs {figure} (of signs in random order {short(share)})"
            for (places, share), figure in pairs
        )


@dataclass(frozen=True, eq=False)
class Neighbours:
    """How much the other signs that are shown look like the sign, by ASL-LEX."""

    figures: Mapping[str, Figure]
    """See :mod:`raysign.ranking.graded`."""
    card: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        embedded: Embedded,
        rounds: Rounds,
        scoring: Scoring,
        phonology: Phonology,
        answered: Bool[np.ndarray, "query"],
        how: Resampling,
    ) -> Neighbours:
        """Of the queries that are answered and whose sign is known.

        ``SplitError`` where no query's sign is known, or no other sign beside it.
        """
        from raysign.datasets.asl_lex import ASL_LEX, FEATURES

        sides = embedded.sides
        known, likeness = phonology.likeness(sides.signs.tolist())
        table: dict[str, Any] = {
            "known": torch.from_numpy(known),
            "likeness": torch.from_numpy(likeness),
        }
        worlds = embedded.worlds(rounds)
        values = np.concatenate([neighbour_values(scoring, **world, **table) for world in worlds])
        counts = answered & ~np.isnan(values[:, 0])
        if not counts.any():
            raise SplitError(
                f"none of the {len(counts):,} queries has a sign that {ASL_LEX.title} knows beside "
                "another that it knows; give signs by their English glosses, or leave --phonology "
                "out"
            )
        sign = torch.from_numpy(sides.query_sign[rounds.asked])
        figures = mean_figures(values, neighbour_metrics(), counts, sign, **how)
        searched = np.unique(np.concatenate([sides.gallery_sign[g] for g in rounds.galleries]))
        return cls(
            figures,
            {
                "source": ASL_LEX.cite,
                "likeness": "share of equal features, of variants the mean",
                "features": dict(FEATURES),
                "entries": len(phonology.entries),
                "gallery_signs": len(searched),
                "gallery_signs_known": int(np.isin(searched, known).sum()),
                "queries": int(counts.sum()),
                "queries_left_out": int((~counts).sum()),
                "rule": "the first K other signs that are known; gains are their likenesses",
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Flat figures with their ends, and ``card``."""
        return {**flat(self.figures), "card": dict(self.card)}

    def lines(self) -> tuple[str, ...]:
        """The figures, and what they were measured on."""
        of, by = self.card, self.figures
        parts = (
            f"first {k} other signs share {by[f'neighbour_precision_{k}']} of the sign's features "
            f"(at best {short(by[f'neighbour_ideal_{k}'].value)}), nDCG@{k} "
            f"{by[f'neighbour_ndcg_{k}']} (of signs in random order "
            f"{short(by[f'neighbour_ndcg_chance_{k}'].value)})"
            for k in FOLDS
        )
        return (
            f"the {'; the '.join(parts)}; in random order they share "
            f"{short(by['neighbour_chance'].value)}",
            f"features: {len(of['features'])} of ASL-LEX 2.0, in which are "
            f"{of['gallery_signs_known']:,} of {of['gallery_signs']:,} signs searched; "
            f"{of['queries']:,} queries ask, {of['queries_left_out']:,} are left out",
        )


def check_language(*sides: np.ndarray) -> None:
    """``DataError`` where a side is of another language than ASL-LEX; not known is let pass."""
    from raysign.datasets.asl_lex import ASL_LEX

    others = {str(of) for side in sides for of in side} - {"", ASL_LEX.language}
    if others:
        raise DataError(
            f"ASL-LEX is of American Sign Language ({ASL_LEX.language}), and clips are of "
            f"{', '.join(sorted(others))}; leave --phonology out"
        )


def flat(figures: Mapping[str, Figure]) -> dict[str, float]:
    """Each figure with its ends: ``name``, ``name_low``, ``name_high``."""
    return {
        f"{name}{end}": value
        for name, by in figures.items()
        for end, value in (("", by.value), ("_low", by.low), ("_high", by.high))
    }
