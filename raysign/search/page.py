"""An answer as one HTML page that asks nothing of anybody.

The query and what was found move as skeletons, in step along their alignment. The page holds all
that it shows, and its policy (``Content-Security-Policy``) lets no browser fetch or run anything
else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from markupsafe import Markup

from raysign import __version__
from raysign.clip import USUAL_FPS, Clip
from raysign.draw import player
from raysign.draw.page import policy_hash, rendered
from raysign.errors import DataError
from raysign.gallery import Gallery
from raysign.search.alignment import Beside
from raysign.search.answer import Answer, FoundSign, in_words, not_here, percent
from raysign.search.staging import Staged, film_of, staged
from raysign.skeleton import layout_named
from raysign.whole import whole_file

TIES = 13
"""Lines that tie moments of the query to moments of a match."""
START = 'raysign.stage(document, JSON.parse(document.getElementById("clips").textContent));\n'


@dataclass(frozen=True, eq=False)
class Shown:
    """A sign on the page."""

    rank: int
    found: FoundSign
    beside: Beside | None
    """None where the gallery keeps no landmarks."""
    film: int
    """Its place among the page's films."""
    ties: tuple[tuple[float, float], ...]
    """Moments of the query and of the match that belong together, in hundredths of each."""


def write_page(
    path: str | Path,
    answer: Answer,
    query_clips: Sequence[Clip],
    gallery: Gallery,
    *,
    licence: str = "",
) -> None:
    """Write the page of an answer; it appears whole or not at all.

    Args:
        path: the file.
        answer: of one search in the gallery.
        query_clips: its recordings, in their order.
        gallery: that was searched; where it keeps no landmarks, its signs stand as words alone.
        licence: of the model, for the page's foot.

    Raises:
        DataError: the file cannot be written, or a recording holds no frame.
        LayoutError: a recording without the joints of the gallery's model.
    """
    text = render(answer, query_clips, gallery, licence=licence)
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def render(
    answer: Answer, query_clips: Sequence[Clip], gallery: Gallery, *, licence: str = ""
) -> str:
    """The page's text. Labels come from outside: everything is escaped, in the JSON too."""
    if not query_clips or not all(len(clip.xyz) for clip in query_clips):
        raise DataError("a page needs the recordings that asked, each of a frame or more")
    stage = staged(query_clips, answer.signs, gallery)
    takes = stage.takes
    shown, films, warps = _shown(answer, stage)
    data = {
        "drawing": player.drawing(layout_named(takes[0].layout)),
        "films": [film_of(clip).as_json() for clip in films],
        "warps": [None if warp is None else np.round(warp, 2).tolist() for warp in warps],
    }
    looks, script = style(), player.script() + START
    return rendered(
        "raysign.search",
        "page.html.j2",
        {"percent": percent, "in_words": in_words, "named": named, "name_of": name_of},
        html=True,
        answer=answer,
        verdict=verdict(answer),
        takes=list(zip(query_clips, map(_seconds, takes), map(_seconds, query_clips), strict=True)),
        shown=shown,
        slowest_ms=max(answer.stages_ms.values(), default=0.0),
        folder=gallery.folder.resolve().name,
        card=gallery.card,
        licence=licence,
        data=data,
        style=Markup(looks),
        style_hash=policy_hash(looks),
        script=Markup(script),
        script_hash=policy_hash(script),
        version=__version__,
    )


def style() -> str:
    """The page's style sheet, with the colours that hands are drawn in."""
    colours = player.hand_colours()
    light, dark = (
        " ".join(f"--{side}: {pair[place]};" for side, pair in colours.items()) for place in (0, 1)
    )
    inks = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return inks + files("raysign.search").joinpath("page.css").read_text(encoding="utf-8")


def verdict(answer: Answer) -> str:
    """The answer in a few words."""
    if not answer.signs:
        return "No sign was found"
    if answer.unknown and answer.none_of_these is not None:
        return not_here(answer.none_of_these).capitalize()
    first = answer.signs[0]
    if first.confidence is None:
        return f"Nearest: {named(first)}"
    return f"{in_words(first.confidence).capitalize()}: {named(first)}"


def named(found: FoundSign) -> str:
    """A sign for people; some clips have none."""
    return found.sign or "(no sign)"


def name_of(path: str) -> str:
    """The name at the end of a path, with its split; a page goes to people whom folders tell about
    their owner. What MLflow names (``models:/…``, ``runs:/…``) stands as it is.
    """
    if path.startswith(("models:/", "runs:/")):
        return path
    return re.sub(r"/+(?=:|$)", "", path).rpartition("/")[2] or path


def _seconds(clip: Clip) -> str:
    return f"{len(clip.xyz) / (clip.fps or USUAL_FPS):.1f} s"


def _shown(
    answer: Answer, stage: Staged
) -> tuple[list[Shown], list[Clip], list[np.ndarray | None]]:
    """The signs; the clips that move, the recordings first; and how each goes with the first."""
    shown: list[Shown] = []
    films, warps = list(stage.takes), [None, *(other.frame for other in stage.others)]
    for rank, (found, own) in enumerate(zip(answer.signs, stage.signs, strict=True), 1):
        shown.append(Shown(rank, found, own, len(films), _ties(stage.takes[0], own)))
        if own:
            films.append(own.clip)
            warps.append(own.frame)
    return shown, films, warps


def _ties(query: Clip, beside: Beside | None) -> tuple[tuple[float, float], ...]:
    if beside is None:
        return ()
    frames = np.linspace(0, len(query.xyz) - 1, TIES).round().astype(np.int64)
    ends = [max(len(clip.xyz) - 1, 1) for clip in (query, beside.clip)]
    return tuple(
        (round(100 * frame / ends[0], 1), round(100 * float(beside.frame[frame]) / ends[1], 1))
        for frame in frames.tolist()
    )
