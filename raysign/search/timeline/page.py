"""Sentences as one HTML page that asks nothing of anybody: skeletons, and a timeline under each.

As the page of ``raysign search``: it holds all that it shows, and its policy lets no browser fetch
or run anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from raysign import __version__
from raysign.draw import player
from raysign.draw.page import policy_hash, rendered
from raysign.search import page as search_page
from raysign.search.staging import film_of
from raysign.search.timeline.scene import Curve, Mark, Scene
from raysign.search.timeline.windows import fps_of
from raysign.skeleton import layout_named
from raysign.whole import whole_file

CURVE_PX, MARK_PX, GAP_PX = 40, 18, 3
MOMENTS = 400
"""Points of a curve at most: no screen shows more."""
ROWS = (("both",), ("word",), ("example",), ("sign", "unknown"), ("true",))
"""Marks of these kinds stand in one row."""
SHADES = 4
"""Looks of words; the fifth of them looks as the first again."""
AROUND_S = 0.2
"""That is played before a mark and after it, for the eye to come along."""


@dataclass(frozen=True)
class Piece:
    """A mark as the page writes it; moments in seconds, places in per cent of the sentence."""

    kind: str
    look: str
    """Its classes: the kind, and which word it is."""
    label: str
    note: str
    when: str
    from_s: float
    to_s: float
    x: float
    width: float
    text: str


@dataclass(frozen=True)
class Lane:
    """A row of the timeline."""

    look: str
    name: str
    top: int
    height: int
    path: str = ""
    marks: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A scene as the page writes it."""

    title: str
    note: str
    facts: tuple[tuple[str, str], ...]
    lanes: tuple[Lane, ...]
    height: int
    marks: tuple[Piece, ...]
    known: tuple[Piece, ...]
    """Of these marks those that the store knows."""
    step_ms: int
    """One frame."""


def write_page(
    path: str | Path,
    title: str,
    lines: Sequence[str],
    scenes: Sequence[Scene],
    *,
    nothing: str = "Nothing was found.",
) -> None:
    """Write the page; it appears whole or not at all.

    Args:
        path: the file.
        title: what was looked for, for people.
        lines: what holds of the page as a whole, each a paragraph under the title.
        scenes: all of one layout, each of a frame or more.
        nothing: what stands there where there is no scene.

    Raises:
        DataError: the file cannot be written.
    """
    with whole_file(path) as draft:
        draft.write_text(render(title, lines, scenes, nothing=nothing), encoding="utf-8")


def render(
    title: str,
    lines: Sequence[str],
    scenes: Sequence[Scene],
    *,
    nothing: str = "Nothing was found.",
) -> str:
    """The page's text. Labels come from outside: everything is escaped, in the JSON too."""
    data: dict[str, Any] = {"films": [film_of(scene.clip).as_json() for scene in scenes]}
    data["at"] = [round(_at(scene), 3) for scene in scenes]
    if scenes:
        data["drawing"] = player.drawing(layout_named(scenes[0].clip.layout))
    own = files("raysign.search.timeline")
    looks = search_page.style() + own.joinpath("page.css").read_text(encoding="utf-8")
    script = player.script() + own.joinpath("timeline.js").read_text(encoding="utf-8")
    return rendered(
        "raysign.search.timeline",
        "page.html.j2",
        {},
        html=True,
        title=title,
        lines=lines,
        scenes=[_shown(scene) for scene in scenes],
        keys=_keys(scenes),
        nothing=nothing,
        data=data,
        style=Markup(looks),
        style_hash=policy_hash(looks),
        script=Markup(script if scenes else ""),
        script_hash=policy_hash(script if scenes else ""),
        version=__version__,
    )


def _keys(scenes: Sequence[Scene]) -> dict[tuple[str, str], None]:
    """What each look means, in the order of the rows: (its classes, its kind, or the word)."""
    marks = [mark for scene in scenes for mark in scene.marks]
    there = [mark for row in ROWS for kind in row for mark in marks if mark.kind == kind]
    named = ((_look(m), m.label if m.kind == "word" else m.kind) for m in there)
    return dict.fromkeys(named)


def _look(part: Mark | Curve) -> str:
    shade = part.shade % SHADES
    return f"{part.kind} w{shade}" if shade else part.kind


def _at(scene: Scene) -> float:
    """The middle of the first mark, in seconds, or of the sentence."""
    for mark in scene.marks:
        if mark.kind != "true":
            return scene.second((mark.first + mark.end) // 2)
    return scene.seconds / 2


def _shown(scene: Scene) -> Shown:
    lanes: list[Lane] = []
    top = 0
    for curve in scene.curves:
        path = _path(curve.share(MOMENTS))
        lanes.append(Lane(_look(curve), curve.name, top, CURVE_PX, path))
        top += CURVE_PX + GAP_PX
    pieces = [_piece(scene, mark) for mark in scene.marks]
    for row in ROWS:
        alike = [piece for piece in pieces if piece.kind in row]
        # Places of two words may overlap; a sign and one that is not known cannot.
        looks = dict.fromkeys(p.look for p in alike) if row == ("word",) else dict.fromkeys(row[:1])
        for look in looks:
            if marks := tuple(p for p in alike if row != ("word",) or p.look == look):
                lanes.append(Lane(look, "", top, MARK_PX, marks=marks))
                top += MARK_PX + GAP_PX
    return Shown(
        scene.title,
        scene.note,
        scene.facts,
        tuple(lanes),
        max(top - GAP_PX, MARK_PX),
        tuple(piece for piece in pieces if piece.kind != "true"),
        tuple(piece for piece in pieces if piece.kind == "true"),
        max(1, round(1000 / fps_of(scene.clip))),
    )


def _piece(scene: Scene, mark: Mark) -> Piece:
    frames = len(scene.clip.xyz)
    first, end = scene.second(mark.first), scene.second(mark.end)
    return Piece(
        mark.kind,
        _look(mark),
        mark.label,
        mark.note,
        f"{first:.1f}–{end:.1f} s",
        round(max(first - AROUND_S, 0.0), 3),
        round(min(end + AROUND_S, scene.seconds), 3),
        round(100 * mark.first / frames, 2),
        round(100 * (mark.end - mark.first) / frames, 2),
        mark.label if mark.kind in ("true", "sign", "unknown") else "",
    )


def _path(share: Float[np.ndarray, "moment"]) -> str:
    """The area under a curve, in a box of 100 by 100 whose y goes down."""
    x = 100 * (np.arange(len(share)) + 0.5) / len(share)
    points = " ".join(f"{a:.1f} {100 - 100 * b:.0f}" for a, b in zip(x, share, strict=True))
    return f"M0 100L0 {100 - 100 * share[0]:.0f}L{points}L100 {100 - 100 * share[-1]:.0f}L100 100Z"
