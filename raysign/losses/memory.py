"""A batch compared with itself, or with the batches before it as well."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, Int64
from pytorch_metric_learning.losses import CrossBatchMemory
from torch import Tensor, nn

from raysign.config import SupConArcFaceConfig, SupConConfig, TripletConfig


class Mined(nn.Module):
    """A loss over the triplets that a miner picks from the batch."""

    def __init__(self, loss: nn.Module, miner: nn.Module) -> None:
        super().__init__()
        self.loss, self.miner = loss, miner

    def forward(
        self, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
    ) -> Float[Tensor, ""]:
        value: Tensor = self.loss(embeddings, sign, self.miner(embeddings, sign))
        return value


class Memory(CrossBatchMemory):  # type: ignore[misc]  # it ships no types
    """Cross-batch memory (Wang et al., 2020, algorithm 1), from ``memory_start`` steps on.

    A ring of the last ``memory`` embeddings and their signs, without gradient. A step puts its
    batch in and compares the batch with the whole ring, each embedding with all but itself; so of
    two clips of a batch each is drawn as an anchor, none as the other's reference. Steps before
    that compare the batch with itself, and leave nothing in the ring.

    It is to see the batches of all workers together: then all have the same ring, and in the order
    that one worker alone would have.
    """

    def __init__(
        self,
        loss: nn.Module,
        embedding: int,
        config: SupConConfig | SupConArcFaceConfig | TripletConfig,
        miner: nn.Module | None = None,
    ) -> None:
        super().__init__(loss, embedding, memory_size=config.memory, miner=miner)
        self.start = config.memory_start
        self.steps = 0

    def forward(
        self, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
    ) -> Float[Tensor, ""]:
        self.steps += 1
        value: Tensor
        if self.steps <= self.start:
            picked = None if self.miner is None else self.miner(embeddings, sign)
            value = self.loss(embeddings, sign, picked)
        else:
            value = super().forward(embeddings, sign)
        return value

    def get_extra_state(self) -> Int64[Tensor, "3"]:
        """What stands in the checkpoint beside the ring: steps done, and how far it is filled."""
        return torch.tensor([self.steps, self.queue_idx, int(self.has_been_filled)])

    def set_extra_state(self, state: Int64[Tensor, "3"]) -> None:
        """Take up what ``get_extra_state`` gave."""
        self.steps, self.queue_idx, filled = state.tolist()
        self.has_been_filled = bool(filled)
