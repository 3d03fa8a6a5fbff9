"""What a training keeps of its best epoch, beside its weights: what every val query got."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raysign.engine import Training
from raysign.engine.measuring import Measured
from raysign.ranking import Figure, PerQuery, Ranking, summarise
from raysign.train.checkpoint import load_state, save_state


def test_it_gives_the_figures_of_the_best_epoch(config, clips):
    training = Training(config(optim__epochs=3), clips)
    training.run()
    kept = training.best_evidence
    assert kept["sign"].tolist() == clips.queries.sign.tolist()
    found = PerQuery(
        kept["first_rank"], kept["average_precision"], kept["positives"], int(kept["gallery"])
    )
    again = summarise(found, kept["sign"], resamples=100).as_json()
    told = {name.removeprefix("val/"): v for name, v in training.best_metrics.items()}
    assert told == pytest.approx(again)


def test_it_survives_a_restart(config, clips, tmp_path: Path):
    first = Training(config(), clips)
    first.run()
    save_state(first.state(), tmp_path)
    second = Training(config(), clips)
    second.restore(load_state(tmp_path))
    assert second.best_evidence.keys() == first.best_evidence.keys()
    assert all(torch.equal(t, first.best_evidence[n]) for n, t in second.best_evidence.items())


def test_a_worse_epoch_does_not_replace_it(config, clips, monkeypatch: pytest.MonkeyPatch):
    training = Training(config(optim__epochs=3), clips)
    values = iter((0.2, 0.9, 0.1))

    def measured() -> Measured:
        value = next(values)
        ranking = Ranking({"map": Figure(value, value, value)}, 1, 0, 1, 1, 1.0)
        return Measured(ranking, None, {"average_precision": torch.tensor([value])})

    monkeypatch.setattr(training, "measure", measured)
    training.run()
    assert training.best_evidence["average_precision"].tolist() == pytest.approx([0.9])
