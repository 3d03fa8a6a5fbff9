"""Draw the pictures of the documentation: ``python docs/make_pictures.py`` (needs matplotlib)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Ellipse, Polygon

from raysign.config.data import SyntheticConfig
from raysign.skeleton import HAND_BONES, HOLISTIC75
from raysign.synthetic import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SIGN, SIGNER, FRAMES = 487, 4, 6
BODY, TRUNK, INK = "#8a97a6", "#eef1f5", "#3c4858"
COLOURS = {"left": "#2274a5", "right": "#d1495b"}
INDEX_TIP = 8
TRAIL = 12


def signing(path: Path) -> None:
    """A strip of frames of one synthetic sign, with the way that each index finger has gone."""
    plt.switch_backend("Agg")
    world = World(SyntheticConfig())
    clip = world.clip(world.sign(SIGN), world.signer(SIGNER))
    xyz = clip.xyz.astype(np.float64)
    seen = np.flatnonzero(~np.isnan(xyz[:, 33:, 0]).any(axis=1))
    chosen = np.linspace(seen[0], seen[-1], FRAMES + 2)[1:-1].round().astype(int)
    figure, axes = plt.subplots(1, FRAMES, figsize=(2.2 * FRAMES, 2.9))
    for axis, frame in zip(axes, chosen, strict=True):
        _draw(axis, xyz[: frame + 1, :, :2])
        axis.set_title(f"{frame / 25:.2f} s", fontsize=10, color=BODY, y=0, pad=-12)
    figure.subplots_adjust(left=0.0, right=1.0, top=0.91, bottom=0.08, wspace=0.0)
    figure.suptitle(clip.sign, y=0.985, fontsize=11, color=INK, family="monospace")
    figure.savefig(path, dpi=120, facecolor="white")
    plt.close(figure)


def _draw(axis: Axes, xy: NDArray[np.float64]) -> None:
    now = xy[-1]
    shoulders, face = now[[11, 12]], now[:11].mean(axis=0)
    width = abs(shoulders[0, 0] - shoulders[1, 0])
    axis.plot(*np.stack([face, shoulders.mean(axis=0)]).T, color=BODY, lw=3.4)
    head = Ellipse(tuple(face), 0.46 * width, 0.62 * width, fc=TRUNK, ec=BODY, lw=2.2, zorder=2)
    axis.add_patch(head)
    axis.scatter(*now[[2, 5]].T, s=9, color=BODY, zorder=3)
    axis.plot(*now[[9, 10]].T, color=BODY, lw=2.0, zorder=3)
    axis.add_patch(Polygon(now[[11, 12, 24, 23]], fc=TRUNK, ec=BODY, lw=2.2, joinstyle="round"))
    for side, colour in COLOURS.items():
        arm = [HOLISTIC75.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist")]
        _bones(axis, now, list(pairwise(arm)), BODY, 3.4)
        hand = now[HOLISTIC75.parts[f"{side}_hand"]]
        way = xy[-TRAIL:, HOLISTIC75.parts[f"{side}_hand"].start + INDEX_TIP]
        axis.plot(*way.T, color=colour, alpha=0.3, lw=3.0, solid_capstyle="round")
        axis.add_patch(Polygon(hand[[0, 1, 5, 9, 13, 17]], fc=colour, alpha=0.25, lw=0))
        _bones(axis, hand, HAND_BONES, colour, 1.7)
        axis.scatter(*hand.T, s=5, color=colour, zorder=3, linewidths=0)
    axis.set(xlim=(0.08, 0.92), ylim=(0.99, 0.06), aspect="equal")
    axis.axis("off")


def _bones(
    axis: Axes,
    xy: NDArray[np.float64],
    bones: Sequence[tuple[int, int]],
    colour: str,
    width: float,
) -> None:
    lines = list(xy[np.asarray(bones)])
    axis.add_collection(LineCollection(lines, colors=colour, linewidths=width, capstyle="round"))


if __name__ == "__main__":
    signing(Path(__file__).with_name("signing.png"))
