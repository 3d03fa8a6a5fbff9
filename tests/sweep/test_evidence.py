from __future__ import annotations

import numpy as np
import pytest
import torch

from raysign.errors import DataError
from raysign.ranking import PerQuery, summarise
from raysign.ranking.bootstrap import ends
from raysign.sweep.evidence import Drawn, Evidence, evidence_of, evidence_of_state, mean_of
from raysign.sweep.results import Outcome
from raysign.train.checkpoint import save_state

SIGN = torch.arange(12).repeat_interleave(3)


def found(seed: int = 0, unanswered: int = 0) -> PerQuery:
    random = np.random.default_rng(seed)
    first = torch.from_numpy(random.integers(1, 20, len(SIGN)))
    first[:unanswered] = 0
    precision = torch.where(first > 0, 1 / first.double(), torch.nan)
    return PerQuery(first, precision, (first > 0).long(), 50)


def of_signs(per_query: PerQuery, sign: torch.Tensor = SIGN) -> Evidence:
    """As a training keeps it in its state."""
    made = evidence_of_state(
        {
            "best_evidence": {
                "first_rank": per_query.first_rank,
                "average_precision": per_query.average_precision,
                "positives": per_query.positives,
                "sign": sign,
                "gallery": torch.tensor(per_query.gallery),
            }
        }
    )
    assert made is not None
    return made


@pytest.mark.parametrize("metric", ["map", "mrr", "recall_at_1", "recall_at_5"])
def test_its_draws_are_those_behind_the_figures_interval(metric: str) -> None:
    own = summarise(found(unanswered=4), SIGN, resamples=300).figures[metric]
    drawn = of_signs(found(unanswered=4)).drawn(metric, resamples=300)
    low, high = ends(drawn.means[:, None])
    assert (drawn.value, low[0], high[0]) == pytest.approx((own.value, own.low, own.high))


def test_draws_of_words_are_taken_about_their_value() -> None:
    draws = torch.tensor([0.5, 0.7, torch.nan, 0.6], dtype=torch.float64)
    kept = {"map": torch.tensor(0.4), "drawn_map": draws}
    words = evidence_of_state({"best_evidence": kept})
    assert words is not None
    assert words.metrics == ("map",)
    drawn = words.drawn("map", resamples=99)
    assert drawn.value == pytest.approx(0.4)
    assert drawn.means.tolist() == pytest.approx([0.3, 0.5, 0.4, 0.4])
    with pytest.raises(DataError, match="unknown metric 'max_f1'; known: map"):
        words.drawn("max_f1", resamples=99)


def test_only_who_was_asked_the_same_can_be_compared() -> None:
    assert of_signs(found(0)).asked == of_signs(found(1)).asked
    assert of_signs(found(0)).asked != of_signs(found(0, unanswered=1)).asked
    assert of_signs(found(0)).asked != of_signs(found(0), SIGN.flip(0)).asked
    words = [Evidence({"drawn_map": np.zeros(count)}).asked for count in (5, 6)]
    assert len({*words, of_signs(found(0)).asked}) == 3


def test_it_is_read_from_a_trials_state(tmp_path) -> None:
    outcome = Outcome(1, {}, {}, 1, 1.0, state=str(tmp_path))
    assert evidence_of(outcome) is None
    assert evidence_of(Outcome(1, {}, {}, 1, 1.0)) is None
    save_state({"epoch": 1, "best_evidence": {}}, tmp_path)
    assert evidence_of(outcome) is None
    kept = {name: torch.from_numpy(a) for name, a in of_signs(found()).arrays.items()}
    save_state({"epoch": 1, "best_evidence": kept}, tmp_path)
    read = evidence_of(outcome)
    assert read is not None
    assert read.drawn("map", resamples=9).value == float(found().average_precision.mean())


def test_the_mean_of_seeds() -> None:
    mean = mean_of([Drawn(0.2, np.array([0.1, 0.3])), Drawn(0.4, np.array([0.5, 0.3]))])
    assert mean.value == pytest.approx(0.3)
    assert mean.means.tolist() == pytest.approx([0.3, 0.3])
