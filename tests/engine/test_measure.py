"""Who asks whom when a run is measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from raysign.batches import TrainingClips
from raysign.config import RerankConfig, TrainConfig, resolve
from raysign.engine import Training
from raysign.ranking import rank, summarise
from raysign.second_stage import Material, Round, Side

MakeConfig = Callable[..., TrainConfig]


def test_a_clip_is_never_its_own_answer(config: MakeConfig, clips: TrainingClips) -> None:
    itself = TrainingClips(**{**clips.__dict__, "queries": clips.train})
    found = Training(config(), itself).measure().ranking
    assert found.positives_per_query == 5, "6 clips a sign, less the query"


def test_a_gallery_of_its_own_is_searched(config: MakeConfig, clips: TrainingClips) -> None:
    apart = TrainingClips(**{**clips.__dict__, "gallery": clips.queries})
    found = Training(config(), apart).measure().ranking
    assert found.gallery == len(clips.queries)


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [("none", [False, False]), ("queries", [True, False]), ("both", [True, True])],
)
def test_queries_or_all_are_measured_with_their_mirror_images(
    mirror: str, expected: list[bool], config: MakeConfig, clips: TrainingClips
) -> None:
    training = Training(config(evaluate__mirror=mirror), clips)
    sign, gallery_sign = torch.from_numpy(clips.queries.sign), torch.from_numpy(clips.train.sign)
    queries, gallery = (
        training.embedder.embed_prepared(part.sequences, mirrored)
        for part, mirrored in zip((clips.queries, clips.train), expected, strict=True)
    )
    by_hand = summarise(rank(queries, sign, gallery, gallery_sign), sign, resamples=100)
    assert training.measure().ranking.figures["map"] == by_hand.figures["map"]
    assert (
        by_hand.figures["map"].value
        != Training(config(evaluate__mirror="both" if mirror == "none" else "none"), clips)
        .measure()
        .ranking.figures["map"]
        .value
    ), "mirroring changes nothing here: the test tests nothing"


def test_without_a_second_stage_none_is_paid_for(config: MakeConfig, clips: TrainingClips) -> None:
    found = Training(config(), clips).measure()
    assert found.rerank_ms is None
    assert "val/rerank_ms" not in found.metrics()


@pytest.mark.parametrize("stages", ["csls", "znorm", "dtw", "csls+dtw"])
def test_a_run_measures_itself_with_its_second_stage(
    stages: str, config: MakeConfig, clips: TrainingClips
) -> None:
    settings = {"stages": stages, "dtw": {"weight": 1}, "csls": {"neighbours": 3}}
    plain, training = (
        Training(config(**given), clips) for given in ({}, {"evaluate__rerank": settings})
    )
    found = training.measure()
    assert found.ranking.figures != plain.measure().ranking.figures
    embedded = (training.embedder.embed_prepared(p.sequences) for p in (clips.queries, clips.train))
    sides = (
        Side(vectors, part.sign, part.key)
        for vectors, part in zip(embedded, (clips.queries, clips.train), strict=True)
    )
    sequences = clips.queries.sequences, clips.train.sequences
    rerank = resolve(RerankConfig, {k: v for k, v in settings.items() if k != "stages"})
    one = Round(Material(*sides, lambda: sequences, training.embedder, rerank))
    by_hand = summarise(one.run(tuple(stages.split("+"))).found, one.query_sign, resamples=100)
    assert found.ranking.figures["map"] == by_hand.figures["map"]
    assert found.rerank_ms is not None
    assert found.metrics()["val/rerank_ms"] == found.rerank_ms
    assert (found.rerank_ms > 0) == (stages != "csls"), "CSLS is paid for once a gallery"
