"""How long a search takes: against Ray's own ASHA, told every epoch in the order of time."""

from __future__ import annotations

import heapq
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from raysign.sweep.duration import REPORT_S, Course, Halving, Span, again_span, played, search_span

courses = st.builds(
    Course,
    epochs=st.integers(1, 12),
    build_s=st.floats(0, 3),
    epoch_s=st.floats(0.1, 5),
    measure_s=st.floats(0, 2),
    every=st.integers(1, 3),
    patience=st.integers(1, 20),
)
several = st.lists(courses, min_size=1, max_size=9)
halvings = st.builds(Halving, st.integers(1, 4), st.integers(2, 4), st.just(12))


def told_to_ray(
    courses: list[Course], worths: list[float], at_once: int, halving: Halving | None
) -> float:
    """When the last trial ends if Ray hears of every measured epoch."""
    asha = None
    if halving is not None:
        asha = ASHAScheduler(
            time_attr="epoch",
            metric="worth",
            mode="max",
            max_t=halving.longest,
            grace_period=halving.grace,
            reduction_factor=halving.factor,
            stop_last_trials=False,
        )
    nobody: Any = None
    trials: list[Any] = [SimpleNamespace(trial_id=str(n)) for n in range(len(courses))]
    reports: list[tuple[float, int, int]] = []
    ended = [0.0] * at_once
    waiting = list(range(len(courses)))
    begun: dict[int, float] = {}

    def begin(when: float) -> None:
        if waiting:
            number = waiting.pop(0)
            begun[number] = when
            if asha:
                asha.on_trial_add(nobody, trials[number])
            report(number, 0)

    def report(number: int, epoch: int) -> None:
        course = courses[number]
        epoch = min(course.epochs, epoch + course.every)
        heapq.heappush(reports, (begun[number] + course.seconds(epoch), number, epoch))

    for _ in range(at_once):
        begin(0.0)
    while reports:
        now, number, epoch = heapq.heappop(reports)
        decision = ""
        if asha:
            told = {"epoch": epoch, "worth": worths[number]}
            decision = asha.on_trial_result(nobody, trials[number], told)
        if decision == TrialScheduler.STOP or epoch == courses[number].epochs:
            ended.append(now)
            begin(now)
        else:
            report(number, epoch)
    return max(ended)


@given(several, st.data(), st.integers(1, 4), st.none() | halvings)
@settings(max_examples=200, deadline=None)
def test_trials_are_stopped_where_ray_stops_them(
    courses: list[Course], data: st.DataObject, at_once: int, halving: Halving | None
) -> None:
    # Of equal worths and times Ray may take either first.
    order = data.draw(st.permutations(range(len(courses))))
    worths = [float(place) for place in order]
    expected = told_to_ray(courses, worths, at_once, halving)
    assert played(courses, worths, at_once, halving) == pytest.approx(expected)


def test_a_trial_takes_what_its_epochs_and_measurements_do() -> None:
    course = Course(epochs=5, build_s=10, epoch_s=2, measure_s=1, every=2)
    assert course.seconds(5) == pytest.approx(10 + 10 + 3 * (1 + REPORT_S))
    assert course.measured_from(3) == 4
    assert course.measured_from(5) == 5, "the last one is measured"
    assert Course(30, 0, 1, 0, every=4, patience=5).shortest.epochs == 12
    assert Course(8, 0, 1, 0, patience=10).shortest.epochs == 8


@given(several, st.integers(1, 12), st.integers(1, 4), st.none() | halvings)
@settings(max_examples=60, deadline=None)
def test_the_range_holds_what_is_likely(
    courses: list[Course], trials: int, at_once: int, halving: Halving | None
) -> None:
    found = search_span(courses, trials, at_once, halving)
    assert 0 < found.least <= found.likely <= found.most
    fastest = min(course.seconds(1) for course in courses)
    assert found.least >= trials // at_once * fastest * 0.999 - 1e-9
    later = search_span(courses, trials, at_once, halving, start_s=7)
    assert later.least == pytest.approx(found.least + 7)
    assert found.at_most(0.05) == Span(0.05, 0.05, 0.05)
    assert search_span(courses, trials, at_once, halving) == found, "the seed is in it"


@given(several, st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_more_at_once_is_never_slower(courses: list[Course], trials: int) -> None:
    each = [courses[number % len(courses)] for number in range(trials)]
    order = np.arange(trials)
    slow, fast = (played(each, order, at_once, None) for at_once in (1, 2))
    assert slow == pytest.approx(sum(course.seconds(course.epochs) for course in each))
    assert slow / 2 - 1e-9 <= fast <= slow + 1e-9


def test_halving_saves_most_of_a_long_sweep() -> None:
    course = Course(epochs=27, build_s=0, epoch_s=1, measure_s=0)
    whole = search_span([course], 50, 1, None).most
    found = search_span([course], 50, 1, Halving(3, 3, 27))
    assert found.most == pytest.approx(whole)
    assert found.least == pytest.approx(27 + 49 * 3, rel=0.1)
    assert found.least < found.likely < 0.5 * whole
    assert Span(1, 2, 3) * 2 == Span(2, 4, 6)


def test_contenders_are_trained_again_to_the_end() -> None:
    course = Course(epochs=27, build_s=0, epoch_s=1 - REPORT_S, measure_s=0, patience=4)
    assert again_span([course], 4, 2, at_once=2) == Span(10, 108, 108)
    assert again_span([course], 4, 0, at_once=2) == Span(0, 0, 0)
