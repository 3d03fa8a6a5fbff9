"""The contact sheet: a skeleton for each sign, and the clips that most was found in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raysign.doctor.case import Case
from raysign.doctor.finding import Finding
from raysign.draw import draw_frame, draw_strip, spread, view_of

MOST_SIGNS, MOST_WORST = 60, 12
CELL_PX = 132
STRIP_PX, STRIP_FRAMES = 132, 4
COLOURS = 48
"""In a picture's palette: a page of a hundred stays below a megabyte."""
WEIGHTS = {"error": 9.0, "warning": 3.0, "note": 1.0}


@dataclass(frozen=True)
class Picture:
    """A clip of the sheet."""

    clip_id: str
    sign: str
    signer: str
    uri: str
    """The PNG itself."""
    found: tuple[str, ...] = ()
    """Checks that found something in it."""


def signs_sheet(case: Case) -> tuple[Picture, ...]:
    """One clip a sign, the one that shows hands longest; of many signs, 60 at most.

    A sign whose clips have no frames is left out.
    """
    shown = (case.facts.sign != "") & (case.facts.num_frames > 0)
    signs = np.unique(case.facts.sign[shown])
    chosen = signs[:: max(1, -(-len(signs) // MOST_SIGNS))]
    seen = np.nan_to_num(case.measures.hand) * (1 - np.nan_to_num(case.measures.missing_inside))
    order = np.argsort(-seen, kind="stable")
    best = {str(case.facts.sign[i]): int(i) for i in order[::-1] if shown[i]}
    return tuple(_still(case, best[str(sign)]) for sign in chosen)


def worst_sheet(case: Case, findings: Iterable[Finding]) -> tuple[Picture, ...]:
    """The clips in whose landmarks most was found, as strips; the gravest first.

    The first clips of each finding come before the rest of any, so that every kind is there; clips
    without frames have nothing to show.
    """
    index = {str(case.facts.clip_id[i]): int(i) for i in np.flatnonzero(case.facts.num_frames)}
    rank: dict[str, float] = {}
    found: dict[str, list[str]] = {}
    for finding in findings:
        usual = finding.severity == "note" and len(finding.clip_ids) > 0.5 * len(case.facts)
        if usual or not finding.in_landmarks:
            continue
        for place, clip_id in enumerate(name for name in finding.clip_ids if name in index):
            worth = WEIGHTS[finding.severity] / (1 + place)
            rank[clip_id] = rank.get(clip_id, 0.0) + worth
            found.setdefault(clip_id, []).append(finding.check.replace("_", " "))
    worst = sorted(rank, key=lambda clip_id: (-rank[clip_id], clip_id))[:MOST_WORST]
    return tuple(_strip(case, index[name], tuple(found[name])) for name in worst)


def _still(case: Case, index: int) -> Picture:
    """The frame in the middle of the signing, with the way that led to it."""
    xyz, aspect = _seen(case, index), float(case.clips.aspect[index])
    view = view_of(xyz, case.layout, aspect=aspect, shape=1.0)
    (frame,) = spread(xyz, case.layout, 1)
    return _picture(
        case,
        index,
        draw_frame(
            xyz[frame], case.layout, CELL_PX, aspect=aspect, view=view, before=xyz[: frame + 1]
        ),
    )


def _strip(case: Case, index: int, found: tuple[str, ...]) -> Picture:
    xyz, aspect = _seen(case, index), float(case.clips.aspect[index])
    strip = draw_strip(xyz, case.layout, STRIP_FRAMES, STRIP_PX, aspect=aspect)
    return _picture(case, index, strip, found)


def _seen(case: Case, index: int) -> NDArray[np.float16]:
    """A clip's landmarks; what is infinite can be drawn nowhere."""
    xyz = case.clips.landmarks(index)
    return np.where(np.isinf(xyz), np.float16(np.nan), xyz)


def _picture(case: Case, index: int, rgb: np.ndarray, found: tuple[str, ...] = ()) -> Picture:
    file = BytesIO()
    Image.fromarray(rgb).quantize(COLOURS).save(file, format="PNG", optimize=True)
    return Picture(
        clip_id=str(case.facts.clip_id[index]),
        sign=str(case.facts.sign[index]),
        signer=str(case.facts.signer[index]),
        uri=f"data:image/png;base64,{b64encode(file.getvalue()).decode()}",
        found=found,
    )
