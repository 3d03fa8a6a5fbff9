"""How long a search takes, from what its configs were seen to take: pure, nothing is run.

ASHA decides that, more than anything: it is played through, trial by trial, with the rule of Ray's
scheduler and a worth for each trial that holds at every rung.

========  ==========================================================================
least     each trial is worse than those before it, and stops at the first rung
likely    worths are drawn: the median of many plays
most      each trial is better than those before it, and none is stopped
========  ==========================================================================
"""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

PLAYS = 101
"""Behind what is likely."""
REPORT_S = 0.05
"""Seconds that a report costs: what is kept of an epoch, and MLflow (see benchmarks/README.md)."""


@dataclass(frozen=True)
class Span:
    """A range, and what is likely in it."""

    least: float
    likely: float
    most: float

    def __mul__(self, factor: float) -> Span:
        return Span(self.least * factor, self.likely * factor, self.most * factor)

    def __add__(self, other: Span) -> Span:
        return Span(self.least + other.least, self.likely + other.likely, self.most + other.most)

    def at_most(self, limit: float) -> Span:
        """No end of it above that."""
        return Span(min(self.least, limit), min(self.likely, limit), min(self.most, limit))


@dataclass(frozen=True)
class Course:
    """What one trial takes if nobody stops it."""

    epochs: int
    build_s: float
    """Before its first epoch."""
    epoch_s: float
    measure_s: float
    every: int = 1
    """Epochs between measurements; the last one is always measured."""
    patience: int = 10**6
    """Epochs without a better one after which it ends itself."""

    def seconds(self, epochs: int) -> float:
        """Until so many epochs are done and measured."""
        measured = math.ceil(epochs / self.every)
        return self.build_s + epochs * self.epoch_s + measured * (self.measure_s + REPORT_S)

    def measured_from(self, epoch: int) -> int:
        """The first measured epoch that is not before that one."""
        return min(self.epochs, math.ceil(epoch / self.every) * self.every)

    @property
    def shortest(self) -> Course:
        """The same, if no epoch is better than the first that is measured."""
        return replace(self, epochs=self.measured_from(self.every + self.patience))


@dataclass(frozen=True)
class Halving:
    """ASHA's rungs: at each, one in ``factor`` goes on."""

    grace: int
    """Epochs of the first."""
    factor: int
    longest: int

    @property
    def rungs(self) -> list[int]:
        """Epochs after which a trial is judged."""
        count = int(math.log(self.longest / self.grace) / math.log(self.factor) + 1)
        return [self.grace * self.factor**k for k in range(count)]


def search_span(
    courses: Sequence[Course],
    trials: int,
    at_once: int,
    halving: Halving | None,
    *,
    start_s: float = 0.0,
    seed: int = 0,
) -> Span:
    """Seconds from the first trial's start to the last one's end.

    Args:
        courses: of configs drawn from the space, at least one; trials are drawn from them.
        trials: to run.
        at_once: of them at a time.
        halving: what stops them; None = nothing does.
        start_s: until a process is there, once for each of those at a time.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    each = [courses[number % len(courses)] for number in range(trials)]
    order = np.arange(trials, dtype=float)
    shortest = [course.shortest for course in each]
    least = played(shortest, -order, at_once, halving)
    most = played(each, order, at_once, halving)
    plays = []
    for _ in range(PLAYS):
        drawn = [courses[number] for number in rng.integers(len(courses), size=trials)]
        plays.append(played(drawn, rng.random(trials), at_once, halving))
    likely = float(np.median(plays))
    return Span(min(least, likely), likely, max(most, likely)) + Span(start_s, start_s, start_s)


def again_span(courses: Sequence[Course], contenders: int, rounds: int, at_once: int) -> Span:
    """Seconds of training contenders again, to the end, each once a round.

    After the first round it is for those alone that are still within noise: at least one round, at
    most all for all of them, which is likely too.
    """
    if not rounds or not contenders:
        return Span(0.0, 0.0, 0.0)
    each = [courses[number % len(courses)] for number in range(contenders)]
    shortest = [course.shortest for course in each]
    worths = [0.0] * contenders
    least = played(shortest, worths, at_once, None)
    most = rounds * played(each, worths, at_once, None)
    return Span(least, most, most)


def played(
    courses: Sequence[Course],
    worths: Sequence[float] | np.ndarray,
    at_once: int,
    halving: Halving | None,
) -> float:
    """Seconds until the last of these trials has ended, begun in their order."""
    before: dict[int, list[float]] = {rung: [] for rung in (halving.rungs if halving else ())}
    judged = [_judged(course, halving) for course in courses]
    waiting = iter(range(len(courses)))
    running: list[tuple[float, int, int, float]] = []
    """When a trial is judged next or ends, which trial, at its how manieth rung, when it began."""

    def go_on(trial: int, turn: int, began: float) -> None:
        course, turns = courses[trial], judged[trial]
        epoch = turns[turn][0] if turn < len(turns) else course.epochs
        heapq.heappush(running, (began + course.seconds(epoch), trial, turn, began))

    for _, trial in zip(range(at_once), waiting, strict=False):
        go_on(trial, 0, 0.0)
    now = 0.0
    while running:
        now, trial, turn, began = heapq.heappop(running)
        turns = judged[trial]
        if turn < len(turns) and _passes(worths[trial], before[turns[turn][1]], halving):
            go_on(trial, turn + 1, began)
        elif (following := next(waiting, None)) is not None:
            go_on(following, 0, now)
    return now


@functools.cache
def _judged(course: Course, halving: Halving | None) -> list[tuple[int, int]]:
    """Epochs at which a trial is judged, and at which rung: the highest that it has reached."""
    rungs = [] if halving is None else halving.rungs
    turns: dict[int, int] = {}
    for rung in rungs:
        epoch = math.ceil(rung / course.every) * course.every
        if min(epoch, course.epochs) >= rung:
            turns[min(epoch, course.epochs)] = rung
    return list(turns.items())


def _passes(worth: float, before: list[float], halving: Halving | None) -> bool:
    """As Ray's ASHA: not below the percentile of those that were here before; it counts itself in
    afterwards.
    """
    assert halving is not None
    cutoff = float(np.percentile(before, 100 * (1 - 1 / halving.factor))) if before else -math.inf
    before.append(worth)
    return worth >= cutoff
