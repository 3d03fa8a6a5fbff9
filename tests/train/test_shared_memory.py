"""Clips travel to workers by reference: nothing is copied on a node."""

from __future__ import annotations

import numpy as np
import pytest
import ray

from raysign.batches import TrainingClips
from raysign.config import DataConfig, PrepareConfig, SyntheticConfig
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.sources import load_split


@pytest.fixture
def clips() -> TrainingClips:
    world = SyntheticConfig(signs=20, train_signers=1, val_signers=1)
    split = load_split(DataConfig(synthetic=world))
    prepare = Prepare(PrepareConfig(frames=16), layout_named(split.train.layout))
    return TrainingClips.prepare(split, prepare)


def test_what_comes_out_of_the_object_store_is_the_copy_that_is_in_it(
    clips: TrainingClips,
) -> None:
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        shared = ray.put(clips)
        first, second = ray.get(shared), ray.get(shared)
    finally:
        addresses = [part.train.sequences.__array_interface__["data"] for part in (first, second)]
        writeable = [part.train.sequences.flags.writeable for part in (first, second)]
        equal = np.array_equal(first.train.sequences, clips.train.sequences, equal_nan=True)
        del first, second
        ray.shutdown()
    assert equal
    assert writeable == [False, False]
    assert addresses[0] == addresses[1]
