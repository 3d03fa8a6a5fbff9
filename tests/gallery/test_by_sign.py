"""Signs found through their clips, beside the scores of the whole gallery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from raysign.errors import ConfigError, DataError
from raysign.gallery import search_signs
from raysign.ranking import Scoring, sign_scores

Build = Any  # the fixture `build`


@pytest.mark.parametrize("kind", ["sign_max", "sign_mean", "support"])
def test_signs_are_those_of_the_whole_gallery(build: Build, kind: str) -> None:
    gallery, queries = build("flat", 90, vectors="float32"), build.clips(12, seed=4)
    scoring = Scoring(kind)
    cosine = torch.from_numpy(queries @ build.clips(90).T)
    wanted = sign_scores(scoring, cosine, torch.arange(90) % 40, 40, queries.shape[1]).numpy()
    for query, found in enumerate(search_signs(gallery, queries, 5, scoring)):
        order = np.argsort(-wanted[query])[:5]
        assert [hit.sign for hit in found] == [f"sign{number}" for number in order]
        np.testing.assert_allclose([hit.score for hit in found], wanted[query][order], rtol=1e-4)
        number = int(found[0].best.clip_id.removeprefix("clip"))
        assert found[0].cosine == pytest.approx(float(cosine[query, number]), abs=1e-5)
        assert found[0].clips == (3 if order[0] < 10 else 2)


def test_it_looks_further_until_there_are_signs_enough(build: Build) -> None:
    gallery = build("flat", 4000)  # a hundred clips of each sign: the first hundred are of few
    found = search_signs(gallery, build.clips(3, seed=4), 40)
    assert all(len({hit.sign for hit in hits}) == 40 for hits in found)


def test_removed_clips_belong_to_no_sign(build: Build) -> None:
    gallery = build("hnsw", 1200)
    less = gallery.remove(gallery.exemplars.named([f"clip{40 * i}" for i in range(29)]))
    (hits,) = search_signs(less, build.clips(1161)[[1160]], 1)
    assert (hits[0].sign, hits[0].clips, hits[0].best.clip_id) == ("sign0", 1, "clip1160")


def test_what_cannot_be_is_refused(build: Build) -> None:
    gallery = build("flat", 30)
    with pytest.raises(DataError, match="k must be 1–30, the gallery's signs, got 31"):
        search_signs(gallery, build.clips(1), 31)
    with pytest.raises(ConfigError, match="ranks clips; give sign_max"):
        search_signs(gallery, build.clips(1), 3, Scoring("smoothed"))
