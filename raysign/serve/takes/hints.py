"""What somebody before a camera can mend at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from raysign.clip import USUAL_FPS, Clip
from raysign.search.feedback import cut_off, far
from raysign.search.look import Look
from raysign.serve.words import Remark
from raysign.skeleton import HOLISTIC75

if TYPE_CHECKING:
    from raysign.extract import Seen
    from raysign.search.answer import Remark as Said

RECENT = 12
"""Pictures that are looked back on: about half a second."""
DARK = 0.1
"""Brightness of a picture (see ``Seen``) below which hands are lost. Six of WLASL100's videos, .50
on average, were darkened and given a sensor's noise: at .10 a seventh of their hands was lost, at
.075 a third, at .05 two thirds. One of 58 is darker as it is.
"""
WORDS = {
    "no_person": "Nobody is seen: sit before the camera, with head and shoulders in the picture.",
    "no_hands": "No hand is seen: keep both hands in the picture.",
    "cut_off": "A hand leaves the picture: step back a little.",
    "far": "You are small in the picture: come nearer.",
    "dark": "It is dark: turn a light on, or turn towards the window.",
}


def hints_on(seen: Sequence[Seen]) -> tuple[Remark, ...]:
    """Of a recording's latest pictures; what hinders most comes first."""
    recent = seen[-RECENT:]
    if not recent:
        return ()
    clip = Clip(
        clip_id="live",
        xyz=np.stack([one.xyz for one in recent]),
        layout=HOLISTIC75.name,
        fps=USUAL_FPS,
        width=recent[-1].width,
        height=recent[-1].height,
    )
    look = Look.at(clip)
    found: list[str] = []
    if not look.body_seen:
        found.append("no_person")
    elif not look.hand.any():
        found.append("no_hands")
    if np.mean([one.brightness for one in recent]) < DARK:
        found.append("dark")
    said: list[Said | None] = [cut_off(look), far(look)]
    found += [remark.kind for remark in said if remark is not None]
    return tuple(Remark(kind=kind, text=WORDS[kind], level="hint") for kind in found)
