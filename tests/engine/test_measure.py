"""Who asks whom when a run is measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from raysign.batches import TrainingClips
from raysign.config import TrainConfig
from raysign.engine import Training
from raysign.ranking import rank, summarise

MakeConfig = Callable[..., TrainConfig]


def test_a_clip_is_never_its_own_answer(config: MakeConfig, clips: TrainingClips) -> None:
    itself = TrainingClips(**{**clips.__dict__, "queries": clips.train})
    found = Training(config(), itself).measure()
    assert found.positives_per_query == 5, "6 clips a sign, less the query"


def test_a_gallery_of_its_own_is_searched(config: MakeConfig, clips: TrainingClips) -> None:
    apart = TrainingClips(**{**clips.__dict__, "gallery": clips.queries})
    found = Training(config(), apart).measure()
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
    assert training.measure().figures["map"] == by_hand.figures["map"]
    assert (
        by_hand.figures["map"].value
        != Training(config(evaluate__mirror="both" if mirror == "none" else "none"), clips)
        .measure()
        .figures["map"]
        .value
    ), "mirroring changes nothing here: the test tests nothing"
