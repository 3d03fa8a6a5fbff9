from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from raysign.batches import Prepared, TrainingClips
from raysign.config import EvaluateConfig
from raysign.train.figures import protocol

METRICS = {"val/queries": 7.0, "val/gallery": 40.0, "val/positives_per_query": 3.25}


def clips() -> TrainingClips:
    none = Prepared(np.zeros((0, 4, 42, 3), np.float16), np.zeros(0, int), np.zeros(0, int))
    return TrainingClips("hands42", none, none, None, np.asarray(["a"]), "x", "no signer twice", ())


def test_a_protocol_says_who_asks_whom_and_how_often_there_is_an_answer() -> None:
    assert protocol(clips(), METRICS) == (
        "val clips → train clips; cosine, clip level; a hit is a clip of the same sign; "
        "7 queries, gallery of 40, 3.2 positives a query; no signer twice"
    )


@pytest.mark.parametrize("mirror", get_args(EvaluateConfig.model_fields["mirror"].annotation))
def test_a_protocol_says_whose_mirror_images_took_part(mirror: str) -> None:
    said = protocol(clips(), METRICS, mirror)
    assert ("mirror" in said) == (mirror != "none")
    assert ("queries with their mirror" in said) == (mirror == "queries")
