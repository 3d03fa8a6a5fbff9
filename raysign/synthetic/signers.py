"""Who signs: a body, a camera, a tempo, habits, and a detector's weaknesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raysign.synthetic.phonetics import FLEXION

LEFT_HANDED_EVERY = 10
"""One signer in each ten is left-handed."""

MAX_YAW_RAD = np.deg2rad(35)
_GOLDEN = 0.6180339887498949
"""Steps of the golden ratio spread the yaws of any few signers evenly."""


@dataclass(frozen=True)
class Signer:
    """One signer. Lengths in metres, angles in radians, times in seconds; picture lengths in units
    of the frame. ``palm`` is wrist to middle knuckle; ``bend`` and ``bias`` are the habitual gain
    and offset of each number of ``FLEXION``.
    """

    index: int
    left_handed: bool
    # body
    shoulder_width: float
    trunk: float
    upper_arm: float
    forearm: float
    palm: float
    fingers: float
    neck: float
    head: float
    # camera
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    distance: float
    shoulders_in_frame: float
    centre: tuple[float, float]
    # style
    tempo: float
    reach: float
    ease: float
    lag_s: float
    raise_s: float
    lower_s: float
    lift: float
    place: tuple[float, float, float]
    turn_rad: tuple[float, float, float]
    swivel_rad: float
    bend: float
    bias: tuple[float, ...]
    rest: tuple[float, float, float]
    rest_s: float
    extra_repeat: float
    # detector
    noise: float
    depth_gain: float
    misses_a_second: float
    miss_s: float
    sees_rest: float
    guesses_legs: bool

    @property
    def name(self) -> str:
        return f"s{self.index:02d}"

    @classmethod
    def draw(cls, index: int, rng: np.random.Generator, left_handed: bool) -> Signer:
        """Signer number ``index`` with all that is theirs drawn from ``rng``."""

        def between(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        def about(mean: float, sigma: float) -> float:
            return float(mean + sigma * np.clip(rng.normal(), -2, 2))

        trunk = about(0.50, 0.03)
        in_lap = rng.random() < 0.4
        rest = (-0.05, 0.86 * trunk, -0.16) if in_lap else (-0.06, 1.12 * trunk, -0.06)
        return cls(
            index=index,
            left_handed=left_handed,
            shoulder_width=about(0.36, 0.025),
            trunk=trunk,
            upper_arm=about(0.29, 0.015),
            forearm=about(0.26, 0.014),
            palm=about(0.092, 0.006),
            fingers=about(1.0, 0.06),
            neck=about(0.21, 0.012),
            head=about(1.0, 0.06),
            yaw_rad=MAX_YAW_RAD * (2 * ((index * _GOLDEN + rng.uniform(0, 0.2)) % 1) - 1),
            pitch_rad=np.deg2rad(about(2, 5)),
            roll_rad=np.deg2rad(about(0, 2)),
            distance=between(1.2, 2.6),
            shoulders_in_frame=between(0.22, 0.34),
            centre=(about(0.5, 0.03), about(0.43, 0.03)),
            tempo=float(np.exp(about(0, 0.27))),
            reach=float(np.exp(about(0, 0.25))),
            ease=between(0.0, 0.9),
            lag_s=between(0.0, 0.12),
            raise_s=between(0.2, 0.45),
            lower_s=between(0.2, 0.5),
            lift=about(0.0, 0.05),
            place=(about(-0.01, 0.035), about(0.01, 0.045), about(-0.02, 0.035)),
            turn_rad=(about(0, 0.28), about(0, 0.28), about(0, 0.28)),
            swivel_rad=about(0.0, 0.25),
            bend=about(0.95, 0.07),
            bias=tuple(about(0.03, 0.15) for _ in FLEXION),
            rest=rest,
            rest_s=between(0.05, 0.8),
            extra_repeat=between(0.0, 0.5),
            noise=between(0.0012, 0.0035),
            depth_gain=between(1.4, 2.2),
            misses_a_second=between(0.1, 0.8),
            miss_s=between(0.08, 0.25),
            sees_rest=between(0.0, 0.9),
            guesses_legs=bool(rng.random() < 0.6),
        )
