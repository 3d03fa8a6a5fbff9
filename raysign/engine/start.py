"""What a run begins with in place of random weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Start:
    """An encoder that was trained before, and what has to travel on with what becomes of it."""

    weights: Mapping[str, Tensor]
    """Its state dict; empty in a run that goes on from a checkpoint, which needs it no more."""
    signs: tuple[str, ...] | None
    """The glosses that it was trained on; None where that is not known."""
    facts: Mapping[str, str]
    """What the model card of the run says of it."""

    def as_state(self) -> dict[str, Any]:
        """All but the weights, in plain types for a checkpoint."""
        signs = None if self.signs is None else list(self.signs)
        return {"signs": signs, "facts": dict(self.facts)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Start:
        """Take up what ``as_state`` gave."""
        signs = None if state["signs"] is None else tuple(state["signs"])
        return cls({}, signs, state["facts"])
