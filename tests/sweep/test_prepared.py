"""Clips that trials prepare differently are prepared once for each way, and shared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import ray

from raysign.config import DataConfig, PrepareConfig, TrainConfig
from raysign.errors import RaysignError
from raysign.store import write_store
from raysign.sweep.prepared import KEPT, PreparedClips
from raysign.synthetic import iter_clips
from raysign.train import Material

WORLD = {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 1}}
SMALL = {"batches": {"signs": 4, "clips_per_sign": 2}, "evaluate": {"bootstrap": 100}}


def config(frames: int) -> TrainConfig:
    return TrainConfig.model_validate({"data": WORLD, "prepare": {"frames": frames}} | SMALL)


@pytest.fixture(scope="module")
def material() -> Iterator[Material]:
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield Material.read(config(8), lambda line: None)
    ray.shutdown()


def test_each_way_once_in_shared_memory(material: Material) -> None:
    shared = ray.put(material.clips)
    prepared = PreparedClips(material.split, shared, config(8), threads=1)
    assert prepared.of(config(8)) == shared, "the clips of the base config are there already"
    twelve = prepared.of(config(12))
    assert prepared.of(config(12)) == twelve
    clips = ray.get(twelve)
    expected = Material.read(config(12), lambda line: None).clips
    assert clips.train.sequences.shape[1] == 12
    np.testing.assert_array_equal(clips.train.sequences, expected.train.sequences)
    assert not clips.train.sequences.flags.writeable, "not a copy of this process's own"


def test_only_the_latest_are_kept(material: Material) -> None:
    prepared = PreparedClips(material.split, ray.put(material.clips), config(8), threads=1)
    first = prepared.of(config(10))
    for frames in range(11, 11 + KEPT - 1):
        prepared.of(config(frames))
    assert prepared.of(config(10)) == first
    for frames in range(20, 20 + KEPT):
        prepared.of(config(frames))
    assert prepared.of(config(10)) != first


def test_an_error_comes_as_it_is(material: Material) -> None:
    broken = config(8).model_copy(update={"prepare": None})
    prepared = PreparedClips(material.split, ray.put(material.clips), config(8), threads=1)
    with pytest.raises((AttributeError, RaysignError)):
        prepared.of(broken)


def test_of_clips_on_a_disk_each_way_once(
    material: Material, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mapped")
    write_store(folder / "store", iter_clips(config(8).data.synthetic))
    kept = {"store": f"{folder}/store", "memory": "mapped", "cache": f"{folder}/cache"}
    mapped = config(8).model_copy(update={"data": DataConfig.model_validate(kept)})
    twelve = mapped.model_copy(update={"prepare": PrepareConfig(frames=12)})
    read = Material.read(mapped, lambda line: None)
    prepared = PreparedClips(read.split, ray.put(read.clips), mapped, threads=1)

    @ray.remote(num_cpus=0)
    def shown(clips: list[ray.ObjectRef]) -> np.ndarray:
        found: np.ndarray = ray.get(clips[0]).train.sequences[:]
        return found

    got = ray.get([shown.remote([prepared.of(twelve)]) for _ in range(2)])
    expected = Material.read(config(12), lambda line: None).clips.train.sequences
    for each in got:
        np.testing.assert_array_equal(each, expected)
    assert len([*(folder / "cache").glob("[!.]*-*")]) == 2
    assert prepared.of(mapped) != prepared.of(twelve) == prepared.of(twelve)
