"""Mapped clips on every node of a cluster, before anybody's time runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from raysign.mapped import MappedSequences
from raysign.train.reading import Say

if TYPE_CHECKING:
    from raysign.batches import TrainingClips
    from raysign.engine.keywords import TrainingSentences


def prepare_on_nodes(data: TrainingClips | TrainingSentences, say: Say) -> None:
    """Have mapped clips made on each other node that computes; nothing for what is in memory.

    A node that joins later makes them when its first worker reads a clip.

    Raises:
        StoreError, DataError: a node cannot read the store or write the files.
    """
    train = getattr(data, "train", None)
    sequences = getattr(train, "sequences", None)
    if not isinstance(sequences, MappedSequences):
        return
    own = ray.get_runtime_context().get_node_id()
    others = [
        node["NodeID"]
        for node in ray.nodes()
        if node["Alive"] and node["NodeID"] != own and node["Resources"].get("CPU", 0)
    ]
    if not others:
        return
    say(f"preparing the clips on {len(others)} more nodes, where they are not there yet")
    here: Any = ray.remote(num_cpus=0)(_here)
    made = [
        here.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True)).remote(
            sequences.shards
        )
        for node in others
    ]
    try:
        ray.get(made)
    except ray.exceptions.RayTaskError as error:
        raise error.cause or error from None


def _here(shards: Any) -> str:
    """Where they are on the node that runs this."""
    return str(shards.path)
