"""Hidden joints told from the encoder's frames."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn


class Reconstruction(nn.Module):
    """A linear decoder from frames to joints, and how far it is from where they are.

    Smooth L1 (Huber) with β = 1: half the squared distance below one unit of the prepared clip (a
    torso or hand length), the distance beyond, so that a failed detection does not lead.
    """

    def __init__(self, width: int, joints: int, axes: int) -> None:
        super().__init__()
        self.joints, self.axes = joints, axes
        self.decoder = nn.Linear(width, joints * axes)

    def forward(
        self,
        frames: Float[Tensor, "clip frame width"],
        xyz: Float[Tensor, "clip frame joint axis"],
        hidden: Bool[Tensor, "clip frame joint"],
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """The sum over all hidden values that are known, and how many these are.

        Args:
            frames: what the encoder made of the clips without the hidden joints.
            xyz: where the joints are; NaN = not seen, which nothing is asked of.
            hidden: the joints to be told.
        """
        asked = hidden[..., None] & ~xyz.isnan()
        told = self.decoder(frames).unflatten(-1, (self.joints, self.axes))
        error = nn.functional.smooth_l1_loss(told, xyz.nan_to_num(0), reduction="none")
        return (error * asked).sum(), asked.sum().to(error.dtype)
