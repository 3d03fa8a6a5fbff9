from __future__ import annotations

import numpy as np

from raysign.sweep.comparison import Sample
from raysign.sweep.evidence import Drawn
from raysign.sweep.front import front_of
from raysign.sweep.results import Outcome

BOTH = ("val/map", "latency_ms")


def outcome(number: int, value: float, latency: float, parameters: float = 1.0) -> Outcome:
    figures = {"val/map": value, "latency_ms": latency, "parameters": parameters}
    return Outcome(number, {}, figures, 1, 1.0)


def samples(*outcomes: Outcome, error: float = 0.02) -> dict[int, Sample]:
    """Means that lie apart by chance, each on its own."""
    random = np.random.default_rng(0)
    return {
        o.number: Sample(
            o.number,
            (Drawn(o.figures["val/map"], o.figures["val/map"] + random.normal(0, error, 1000)),),
        )
        for o in outcomes
    }


def test_what_buys_nothing_beyond_noise_is_tied_with_the_cheaper_one() -> None:
    trials = [outcome(1, 0.5, 1), outcome(2, 0.51, 2), outcome(3, 0.8, 3), outcome(4, 0.4, 4)]
    found = front_of(trials, BOTH, samples(*trials), 0.95)
    assert (found.trials, found.tied, found.worth) == ((1, 2, 3), {2: 1}, (1, 3))


def test_a_chain_of_small_steps_does_not_lose_its_end() -> None:
    """4 is tied with 3 and 3 with 2, but 4 is better than 1 by more than noise."""
    trials = [outcome(n, 0.45 + 0.05 * n, n) for n in range(1, 5)]
    found = front_of(trials, BOTH, samples(*trials), 0.95)
    assert found.worth[0] == 1
    assert set(found.tied.values()) <= set(found.worth)
    assert len(found.worth) == 2


def test_the_other_costs_must_not_be_higher() -> None:
    trials = [outcome(1, 0.5, 1, parameters=9), outcome(2, 0.51, 2, parameters=3)]
    three = (*BOTH, "parameters")
    assert front_of(trials, three, samples(*trials), 0.95).tied == {}
    assert front_of(trials, BOTH, samples(*trials), 0.95).tied == {2: 1}


def test_without_evidence_it_is_the_plain_front() -> None:
    trials = [outcome(1, 0.5, 1), outcome(2, 0.51, 2)]
    assert front_of(trials, BOTH, {}, 0.95).worth == (1, 2)
    assert front_of(trials, BOTH, samples(trials[0]), 0.95).worth == (1, 2)
    assert front_of([], BOTH, {}, 0.95).trials == ()
