"""A search ranks as ``raysign evaluate --rerank`` does, where it looks at every clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from raysign.clip import Clip
from raysign.evaluate.embedded import Embedded
from raysign.evaluate.reranked import material_of
from raysign.evaluate.sides import Sides
from raysign.search.searcher import Searcher
from raysign.second_stage import OCCURRENCE, Round

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("none", {}),
    ("csls", {}),
    ("csls", {"csls": {"neighbours": 3, "reference_clips": 25}}),
    ("znorm", {}),
    ("znorm", {"znorm": {"over": "both", "reference_clips": 40}}),
    ("dtw", {"dtw": {"weight": 0.5}}),
    ("dtw", {"dtw": {"weight": 0.9, "top": 5, "standardise": True}}),
    ("dtw", {"dtw": {"weight": 0.5, "on": "frames"}}),
    ("dtw", {"dtw": {"weight": 1, "mirror": True, "band": 1}}),
    ("dtw", {"dtw": {"weight": 0.5, "band": 1}, "mirror": "queries"}),
    ("csls+dtw", {"dtw": {"weight": 0.5, "top": 20}}),
    ("znorm+dtw", {"dtw": {"weight": 0.9}}),
]


def evaluated(searcher: Searcher, rerank: str) -> list[list[str]]:
    """The first clips of each query, by the flow behind ``raysign evaluate``."""
    bundle = searcher.bundle
    sides = Sides.read("store:val", "store:train", bundle.config.data, open_test=False)
    embedded = Embedded.by_bundle(sides, bundle)
    material = material_of(embedded, bundle, bundle.config.evaluate.rerank)
    hits = Round(material).run(() if rerank == "none" else tuple(rerank.split("+"))).hits
    return [sides.searched.clip_id[of].tolist() for of in hits.numpy()]


@pytest.mark.parametrize(("rerank", "settings"), SETTINGS)
def test_the_same_clips_in_the_same_order(
    chosen_by: Callable[..., Searcher], asking: list[Clip], rerank: str, settings: dict[str, Any]
) -> None:
    searcher = chosen_by(**settings)
    found = [
        [
            hit.best.clip_id
            for hit in searcher.answer([one], OCCURRENCE, "clip", rerank=rerank).signs
        ]
        for one in asking
    ]
    assert found == evaluated(searcher, rerank)


def test_signs_stand_in_the_order_of_their_best_clips(
    chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    searcher = chosen_by(dtw={"weight": 0.5, "top": 7})
    changed = 0
    for one in asking:
        clips = searcher.answer([one], 40, "clip", rerank="csls+dtw").signs
        answer = searcher.answer([one], 20, rerank="csls+dtw")
        assert (answer.scoring, answer.rerank) == ("sign_max", "csls+dtw")
        assert [hit.sign for hit in answer.signs] == list(dict.fromkeys(hit.sign for hit in clips))
        for hit in answer.signs:
            of_it = [clip for clip in clips if clip.sign == hit.sign]
            assert (hit.row, hit.score, hit.cosine) == (
                of_it[0].row,
                of_it[0].score,
                of_it[0].cosine,
            )
            assert hit.clips == len(of_it) == 2
        plain = searcher.answer([one], 20, rerank="none")
        changed += [hit.sign for hit in plain.signs] != [hit.sign for hit in answer.signs]
    assert changed > len(asking) / 2, "or this second stage does nothing"
