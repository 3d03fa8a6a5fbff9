"""``raysign evaluate --scoring``: what is ranked, and that the card says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.evaluate import evaluate as door
from raysign.errors import ConfigError
from raysign.evaluate import evaluate
from raysign.ranking import Scoring, rank_by
from raysign.store import load_clips


@pytest.mark.parametrize("kind", ["smoothed", "sign_max", "sign_mean", "support"])
def test_figures_are_those_of_the_scoring(model: Path, store: Path, kind: str) -> None:
    done = evaluate(str(model), f"{store}:val", f"{store}:train", scoring=kind)
    embedder = load_bundle(model).embedder()
    asks, searched = (load_clips(str(store), [split]) for split in ("val", "train"))
    number = {sign: i for i, sign in enumerate(sorted({*asks.sign, *searched.sign}))}
    sign = [torch.tensor([number[s] for s in clips.sign]) for clips in (asks, searched)]
    found = rank_by(Scoring(kind), embedder.embed(asks), sign[0], embedder.embed(searched), sign[1])
    for metric in ("recall_at_1", "recall_at_5", "map", "mrr"):
        wanted = float(found.values(metric).nanmean())
        assert done.ranking.figures[metric].value == pytest.approx(wanted)
    assert done.card["scoring"] == kind
    assert done.without_duplicates is not None
    if kind == "smoothed":
        assert done.ranking.gallery == 40
        assert "λ = 0.5, clip level; never the query itself" in done.card["hit"]
    else:
        assert done.ranking.gallery == 20
        assert done.ranking.positives_per_query == 1.0
        assert "signs are ranked: R@K counts signs, mAP = MRR" in done.card["hit"]


def test_clip_is_the_default(model: Path, store: Path) -> None:
    done = evaluate(str(model), f"{store}:val", f"{store}:train")
    assert done.card["scoring"] == "clip"
    assert "cosine, clip level" in done.card["hit"]


def test_through_the_door(model: Path, store: Path) -> None:
    told = [str(model), "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*told, "--scoring", "sign_mean"])
    assert done.exit_code == 0, done.output
    assert "gallery of 20 signs" in done.stdout
    assert "R@K counts signs, mAP = MRR" in done.stdout
    printed = json.loads(CliRunner().invoke(door, [*told, "--scoring", "support", "--json"]).stdout)
    assert printed["map"] == pytest.approx(printed["mrr"])


def test_a_second_stage_and_a_scoring_do_not_go_together(model: Path, store: Path) -> None:
    with pytest.raises(ConfigError, match="leave --rerank or --scoring out"):
        evaluate(str(model), f"{store}:val", f"{store}:train", scoring="support", rerank=("csls",))
