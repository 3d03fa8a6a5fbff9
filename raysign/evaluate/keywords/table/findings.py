"""The paper's findings, and whether they hold here.

A finding is a set of comparisons, one for each layout or kind of word that there are models of, and
its verdict is that of their mean. It *holds* where the 95 % interval of the mean difference lies
above 0 and, where each side has several seeds, so does the difference less two standard errors from
seeds; *does not hold* where the same is true below 0; and is *not decided* otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from raysign.evaluate.keywords.system import differences_json
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, PUBLISHED, REPORTED
from raysign.evaluate.keywords.table.row import Row
from raysign.keywords.context import PLAIN
from raysign.keywords.metrics import KEYWORD_METRICS
from raysign.keywords.resampled import Over, Resampled, mean_of
from raysign.ranking import Difference, SeedError

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Comparison:
    """One row of systems less another."""

    name: str
    difference: dict[str, Difference]
    published: dict[str, float] | None
    """The published difference."""


@dataclass(frozen=True)
class Finding:
    """A claim, what speaks for or against it, and the verdict in each metric."""

    claim: str
    interval: str
    """What its intervals are over."""
    comparisons: tuple[Comparison, ...]
    mean: dict[str, Difference]

    @property
    def verdict(self) -> dict[str, str]:
        return {name: verdict_of(by) for name, by in self.mean.items()}

    def as_json(self) -> dict[str, Any]:
        return {
            "claim": self.claim,
            "interval": self.interval,
            "verdict": self.verdict,
            "mean": differences_json(self.mean),
            "comparisons": [
                {
                    "name": each.name,
                    **differences_json(each.difference),
                    "published": each.published,
                }
                for each in self.comparisons
            ],
        }


def verdict_of(by: Difference) -> str:
    """``holds``, ``does not hold`` or ``not decided``: see the module."""
    if not by.sure:
        return OPEN
    return HOLDS if by.value > 0 else FAILS


@dataclass(frozen=True)
class _Side:
    row: Row
    system: str

    @property
    def published(self) -> dict[str, float] | None:
        found = PUBLISHED.get((self.row.kind, self.row.joints, self.system))
        return dict(found) if found else None


def findings_of(rows: Sequence[Row]) -> tuple[Finding, ...]:
    """Every finding that there are models for."""
    by = {(row.kind, row.joints): row for row in rows}
    pairs = [
        (
            JOINTS[joints],
            _Side(by["gloss", joints], REPORTED["gloss"]),
            _Side(by["translation", joints], _reported(by["translation", joints])),
        )
        for joints in JOINTS
        if {("gloss", joints), ("translation", joints)} <= set(by)
    ]
    found = [_finding("glosses are found better than written words", "both", pairs)]
    for joints, less, claim in (
        ("dominant", "body", "the dominant hand helps"),
        ("both", "body", "both hands help"),
        ("both", "dominant", "the other hand helps beside the dominant one"),
    ):
        pairs = [
            (KINDS[kind], _Side(by[kind, joints], PLAIN), _Side(by[kind, less], PLAIN))
            for kind in KINDS
            if {(kind, joints), (kind, less)} <= set(by)
        ]
        found.append(_finding(claim, "sentences", pairs))
    for system, name in (("tfidf", "TF-IDF"), ("mlp", "MLP")):
        for kind in ("translation", "gloss"):
            pairs = [
                (JOINTS[joints], _Side(by[kind, joints], system), _Side(by[kind, joints], PLAIN))
                for joints in JOINTS
                if (kind, joints) in by and system in by[kind, joints].systems
            ]
            found.append(_finding(f"{name} context helps {KINDS[kind]}", "sentences", pairs))
    return tuple(finding for finding in found if finding)


def _reported(row: Row) -> str:
    """Written words are published with MLP context; a model without it has none."""
    system = REPORTED["translation"]
    return system if system in row.systems else PLAIN


def _finding(claim: str, over: Over, pairs: Sequence[tuple[str, _Side, _Side]]) -> Finding | None:
    if not pairs:
        return None
    comparisons, sides, errors = [], [], []
    for name, one, other in pairs:
        ours, theirs = ([*side.row.drawn(side.system, over)] for side in (one, other))
        error = _seed_errors(ours, theirs, paired=one.row is other.row)
        comparisons.append(Comparison(name, _less(ours, theirs, error), _published(one, other)))
        sides.append((mean_of(ours), mean_of(theirs)))
        errors.append(error)
    ours, theirs = (list(side) for side in zip(*sides, strict=True))
    error = {metric: _mean_error([each[metric] for each in errors]) for metric in KEYWORD_METRICS}
    words = {"both": "sentences and words", "sentences": "sentences"}
    return Finding(claim, words[over], tuple(comparisons), _less(ours, theirs, error))


def _less(
    ours: Sequence[Resampled], theirs: Sequence[Resampled], error: dict[str, SeedError | None]
) -> dict[str, Difference]:
    one, other = mean_of(ours), mean_of(theirs)
    return {name: replace(one.less(other, name), seeds=error[name]) for name in KEYWORD_METRICS}


def _mean_error(errors: Sequence[SeedError | None]) -> SeedError | None:
    """Of the mean of several differences, of other rows each; None where one is not known."""
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    total = sum(error.value**2 for error in known) ** 0.5 / len(known)
    return SeedError(total, min(error.freedom for error in known))


def _seed_errors(
    ours: Sequence[Resampled], theirs: Sequence[Resampled], *, paired: bool
) -> dict[str, SeedError | None]:
    """The difference's error from seeds, for each metric.

    A model and its own context model share their seed: then it is that of the runs' differences.
    """
    errors: dict[str, SeedError | None] = {}
    for metric in KEYWORD_METRICS:
        one, other = (np.array([run.value[metric] for run in side]) for side in (ours, theirs))
        errors[metric] = SeedError.of(one - other) if paired else SeedError.of(one, other)
    return errors


def _published(one: _Side, other: _Side) -> dict[str, float] | None:
    ours, theirs = one.published, other.published
    if ours is None or theirs is None:
        return None
    return {name: ours[name] - theirs[name] for name in KEYWORD_METRICS}
