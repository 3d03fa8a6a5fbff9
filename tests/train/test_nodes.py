"""Every node prepares a store once, on its own disk, whoever asks and however often."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raysign.config import SyntheticConfig, TrainConfig
from raysign.errors import StoreError
from raysign.store import write_store
from raysign.synthetic import iter_clips
from raysign.train import Material
from raysign.train.nodes import prepare_on_nodes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Three nodes; each one's user has a cache of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", f"{tmp_path}/disk0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it looks for ports, and leaves them open
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        for number in (1, 2):
            cluster.add_node(num_cpus=1, env_vars={"XDG_CACHE_HOME": f"{tmp_path}/disk{number}"})
        gc.collect()
    ray.init(address=cluster.address, log_to_driver=False)
    yield [node["NodeID"] for node in ray.nodes()]
    ray.shutdown()
    cluster.shutdown()


def made(tmp_path: Path) -> dict[str, int]:
    """The inode of each disk's shard: another one where it was made again."""
    return {
        shard.relative_to(tmp_path).parts[0]: shard.stat().st_ino
        for shard in tmp_path.glob("disk*/raysign/prepared/*/shard-*.npy")
    }


def read(store: Path) -> Any:
    write_store(store, iter_clips(SyntheticConfig(signs=20, train_signers=2, val_signers=1)))
    config = TrainConfig.model_validate(
        {
            "data": {"store": str(store), "memory": "mapped"},
            "prepare": {"frames": 8},
            "batches": {"signs": 4, "clips_per_sign": 2},
            "evaluate": {"bootstrap": 100},
        }
    )
    return Material.read(config, lambda line: None).clips


def on(node: str) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node, soft=False)


def test_once_a_node(nodes: list[str], tmp_path: Path) -> None:
    clips, said = read(tmp_path / "store"), list[str]()
    assert [*made(tmp_path)] == ["disk0"]
    prepare_on_nodes(clips, said.append)
    assert said == ["preparing the clips on 2 more nodes, where they are not there yet"]
    before = made(tmp_path)
    assert sorted(before) == ["disk0", "disk1", "disk2"]
    shared = ray.put(clips)

    @ray.remote(num_cpus=0)
    def total(shared: list[ray.ObjectRef]) -> float:
        return float(np.nansum(ray.get(shared[0]).train.sequences[:].astype("f8")))

    tasks = [
        total.options(scheduling_strategy=on(node)).remote([shared])
        for node in nodes
        for _ in range(3)
    ]
    assert len(set(ray.get(tasks))) == 1
    assert made(tmp_path) == before
    prepare_on_nodes(clips, lambda line: None)
    assert made(tmp_path) == before


def test_a_node_without_the_store_is_told_before_anything_runs(
    nodes: list[str], tmp_path: Path
) -> None:
    clips = read(tmp_path / "store")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="no store at"):
        prepare_on_nodes(clips, lambda line: None)
