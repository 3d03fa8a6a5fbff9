"""What a keyword model has seen of the world: kept, so that no figure is measured on it unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, UInt64
from torch import Tensor

from raysign.errors import BundleError

TRAINED, TUNED = "learned.trained", "learned.tuned"
"""The names of tensors; eight bytes a sentence."""


@dataclass(frozen=True, eq=False)
class Learned:
    """The sentences behind a keyword model, by :meth:`raysign.clip.Clips.content`, and its signers.

    The same sentence with other landmarks, such as of another detector, is another.
    """

    trained: UInt64[np.ndarray, "sentence"]
    tuned: UInt64[np.ndarray, "asked"]
    """Those of val: they chose the epoch, γ and when the MLP stopped."""
    signers: tuple[str, ...]
    """Everyone who is known to sign in a training sentence."""

    def trained_on(self, content: UInt64[np.ndarray, "_"]) -> Bool[np.ndarray, "_"]:
        """Which sentences of these hashes the weights were fitted to."""
        return np.isin(content, self.trained)

    def tuned_on(self, content: UInt64[np.ndarray, "_"]) -> Bool[np.ndarray, "_"]:
        """Which of them chose something."""
        return np.isin(content, self.tuned)

    def state(self) -> dict[str, Tensor]:
        """The hashes as tensors: int64, which safetensors has everywhere."""
        hashes = {TRAINED: self.trained, TUNED: self.tuned}
        return {name: torch.from_numpy(each.view(np.int64).copy()) for name, each in hashes.items()}

    @classmethod
    def of_state(cls, tensors: Mapping[str, Tensor], signers: Any) -> Learned | None:
        """What a bundle says; None where it says nothing. ``BundleError`` where it is damaged."""
        found = [tensors.get(name) for name in (TRAINED, TUNED)]
        if signers is None and found == [None, None]:
            return None
        hashes = [
            each.numpy().view(np.uint64)
            for each in found
            if each is not None and each.dtype == torch.int64 and each.ndim == 1
        ]
        if len(hashes) != 2 or not isinstance(signers, list):
            raise BundleError("what it says of its training sentences is damaged; train anew")
        return cls(hashes[0], hashes[1], tuple(map(str, signers)))
