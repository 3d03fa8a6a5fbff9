"""Self-attention over frames, as several encoders have it."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.encoders.rotary import turned


def attended(
    query: Float[Tensor, "clip head frame size"],
    key: Float[Tensor, "clip head frame size"],
    value: Float[Tensor, "clip head frame size"],
    shown: Bool[Tensor, "clip frame"] | None,
) -> Float[Tensor, "clip head frame size"]:
    """Each frame's mean of the shown frames' values, weighted by softmax(query · key / √size).

    Every clip has a shown frame. On a CPU the weights are written out: torch's fused attention is
    made for long sequences, and takes nine times as long for 48 frames in bfloat16.
    """
    mask = None if shown is None else shown[:, None, None]
    if query.device.type != "cpu":
        return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    score = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if mask is not None:
        score = score.masked_fill(~mask, -math.inf)
    return score.softmax(dim=-1).to(value.dtype) @ value


class SelfAttention(nn.Module):
    """Norm → self-attention over frames → linear.

    No dropout on the weights: it would keep torch from its fused attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, 3 * width)
        self.leave = nn.Linear(width, width)

    def forward(
        self,
        frames: Float[Tensor, "clip frame width"],
        shown: Bool[Tensor, "clip frame"] | None,
        turn: Float[Tensor, "frame pair 2"] | None = None,
    ) -> Float[Tensor, "clip frame width"]:
        """``turn``, where given, makes positions rotary (``rotary.turns``)."""
        if shown is not None:
            # A clip of which nothing is shown attends to all: to nothing would be NaN.
            shown = shown | ~shown.any(dim=1, keepdim=True)
        entered = self.enter(self.norm(frames))
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in entered.chunk(3, dim=-1)
        )
        if turn is not None:
            query, key = turned(query, turn), turned(key, turn)
        gathered = attended(query, key, value, shown)
        return self.leave(gathered.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]
