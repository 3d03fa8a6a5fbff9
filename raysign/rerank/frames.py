"""Sequences of landmarks as vectors a frame, in which a missing joint is charged what it costs.

Let both frames a, b show a joint: it adds ‖a − b‖². Let only a show it: its place in b is not
known, and it adds what it would on average, E‖a − B‖² = ‖a − μ‖² + σ², with the mean place μ and
the variance σ² of that joint in the gallery (Eirola et al., *Information Sciences* 240, 2013). Let
neither show it: it adds nothing, so that a hand which no frame needs costs no frame.

That is the squared distance of the vectors with ``[a − μ, σ]`` for a joint that is seen and
``[0, 0]`` for one that is not, which a compiled DTW can take: no value is made up for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64

from raysign.errors import DataError


@dataclass(frozen=True, eq=False)
class JointAverages:
    """Where each joint stands on average, and the root of its variance (summed over axes)."""

    mean: Float64[np.ndarray, "joint axis"]
    deviation: Float64[np.ndarray, "joint"]

    @classmethod
    def of(cls, xyz: Float[np.ndarray, "clip frame joint axis"]) -> JointAverages:
        """Over all frames of a gallery that show the joint; 0 for a joint that none shows."""
        flat = xyz.reshape(-1, *xyz.shape[2:])
        shown = ~np.isnan(flat[..., :1])
        count = np.maximum(shown.sum(axis=0), 1)
        mean = np.where(shown, flat, 0).sum(axis=0, dtype=np.float64) / count
        apart = np.where(shown, flat - mean, 0)
        variance = np.square(apart).sum(axis=(0, 2)) / count[:, 0]
        return cls(mean, np.sqrt(variance))

    def vectors(
        self, xyz: Float[np.ndarray, "clip frame joint axis"]
    ) -> Float32[np.ndarray, "clip frame value"]:
        """The vectors above, over √joints: their distance is the root mean square over joints.

        Its units are those of the landmarks: torso lengths for the body and the wrists, hand sizes
        for fingers about their wrist.
        """
        if xyz.shape[2:] != self.mean.shape:
            raise DataError(
                f"landmarks have {xyz.shape[2:]} joints and axes, the averages {self.mean.shape}"
            )
        shown = ~np.isnan(xyz[..., :1])
        placed = np.where(shown, xyz - self.mean, 0)
        seen = shown * self.deviation[:, None]
        both = np.concatenate([placed, seen], axis=-1) / np.sqrt(len(self.mean))
        return np.reshape(both, (*xyz.shape[:2], -1)).astype(np.float32)
