"""What a person can do better about the recording that asks, seen from its landmarks alone.

Thresholds lie where good recordings do not come: behind each stands its share of the 338 val clips
of WLASL100 (dictionary videos, signer from the hips up, 25 frames a second, square pictures). Any
remark at all is made on 2.7 % of them. Lengths in the picture are in units of its shorter side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from raysign.search.answer import Remark
from raysign.search.look import SIDES, Look
from raysign.skeleton import MIDDLE_FINGER_MCP, Layout

EDGES = ("left", "top", "right", "bottom")
"""As someone who looks at the picture sees them, in the order of ``_outside``."""

HANDS_SEEN = 0.5
"""Share of the signing's frames with a hand: 2.4 % of the clips are below."""
OUTSIDE_JOINTS = 0.3
"""A hand is cut off where more of its joints are guessed to lie outside the picture,"""
OUTSIDE_FRAMES = 0.1
"""in so many of the signing's frames: .3 % of the clips."""
BODY_SEEN = 0.5
"""Share of all frames with a body: none is below .56."""
FAR_PX = 35.0
"""Pixels from shoulder to shoulder; 82 are usual in WLASL100, none has fewer than 53. Of six of its
videos that were shrunk to 41 pixels five still found their sign in the first three, at 27 three."""
FAR_SHOULDERS = 0.07
"""The same as a share of the picture, however sharp it is: at .08 all of the six were found in nine
tenths of the frames or more, at .05 three were never found, and one in a third of them."""
FAR_PALM = 0.02
"""Wrist to middle knuckle, where there is no body: a quarter of what is usual; .6 % are below."""
NEAR_SHOULDERS = 0.55
"""Hands at arm's length no longer fit into the picture: none is above .44."""
SHORT_S = 0.4
"""Of signing: none is below, 1 % below .56."""
SHORT_FRAMES = 6
"""Of signing, where the rate is not known."""
LONG_S = 7.0
"""Of signing: none is above 6."""
SLOW_FPS = 12.0
"""Quick movements happen between the frames; the dictionary videos have 25."""
MOSTLY_REST = 0.1
"""Share of the recording that is signing: none is below .15."""


def remarks_on(look: Look, take: int = 1) -> tuple[Remark, ...]:
    """All that is to be said about a recording: problems first, then hints.

    Args:
        look: at its landmarks.
        take: which recording of several it is, from 1.
    """
    found = [remark for check in CHECKS if (remark := check(look))]
    found.sort(key=lambda remark: remark.level, reverse=True)  # stable
    return tuple(replace(remark, take=take) for remark in found)


def few_hands(look: Look) -> Remark | None:
    """Hands that were often not found while they signed, or never."""
    if look.hands_seen >= HANDS_SEEN:
        return None
    return Remark(
        "few_hands",
        f"The hands were found in only {100 * look.hands_seen:.0f} % of the frames: film in good "
        "light, with both hands in the picture.",
        "problem",
    )


def cut_off(look: Look) -> Remark | None:
    """A hand that is over the picture's edge: partly seen, or gone where its arm points outside."""
    beyond: dict[str, int] = dict.fromkeys(EDGES, 0)
    over_edge = np.zeros(len(look.xy), dtype=bool)
    # Only the hand that signs may not go: the other one rests outside of many good pictures.
    main = int(look.hand[:, 1].sum() >= look.hand[:, 0].sum())
    for number, side in enumerate(SIDES):
        outside = _outside(look.xy[:, look.layout.parts[f"{side}_hand"]])
        here = outside.any(axis=2).mean(axis=1) > OUTSIDE_JOINTS
        edges = outside.any(axis=1)
        if number == main and look.layout.has_body:
            wrist = _outside(look.joint(f"{side}_wrist"))
            gone = ~look.hand[:, number] & wrist.any(axis=1)
            here, edges = here | gone, edges | (wrist & gone[:, None])
        over_edge |= here
        for edge, there in zip(EDGES, (edges & here[:, None])[look.inside].T, strict=True):
            beyond[edge] += int(there.sum())
    share = float(over_edge[look.inside].mean()) if look.signing_frames else 0.0
    if share <= OUTSIDE_FRAMES:
        return None
    edge = max(beyond, key=beyond.__getitem__)
    return Remark(
        "cut_off",
        f"A hand is cut off at the picture's {edge} in {100 * share:.0f} % of the frames: step "
        "back, or turn the camera, so that both hands stay in the picture.",
        "problem",
    )


def no_body(look: Look) -> Remark | None:
    """Nobody behind the hands."""
    seen = look.body_seen
    if seen is None or seen >= BODY_SEEN:
        return None
    return Remark(
        "no_body",
        f"The body was found in only {100 * seen:.0f} % of the frames: film from the front, with "
        "head and shoulders in the picture.",
        "problem",
    )


def short(look: Look) -> Remark | None:
    """Too little signing to be a sign."""
    seconds = look.seconds(look.signing_frames)
    if (look.signing_frames >= SHORT_FRAMES) if seconds is None else (seconds >= SHORT_S):
        return None
    length = f"{look.signing_frames} frames" if seconds is None else f"{seconds:.1f} s"
    return Remark(
        "short",
        f"Hands are seen for {length} only, and a sign takes longer: begin before it, and stop "
        "after it.",
        "problem",
    )


def far(look: Look) -> Remark | None:
    """A signer who is small in the picture; hands that are, where no body is known."""
    if look.layout.has_body:
        size = look.length(*_shoulders(look.layout))
        is_far = size < FAR_SHOULDERS or size * (look.shorter_px or np.inf) < FAR_PX
    else:
        hands = [look.layout.parts[f"{side}_hand"].start for side in SIDES]
        sizes = [look.length(hand, hand + MIDDLE_FINGER_MCP) for hand in hands]
        is_far = any(size < FAR_PALM for size in sizes)
    if not is_far:  # NaN neither
        return None
    return Remark(
        "far",
        "The signer is small in the picture: come nearer, until head, hips and hands fill it, or "
        "film with more pixels.",
        "hint",
    )


def near(look: Look) -> Remark | None:
    """A signer for whom the picture is too small."""
    if not look.layout.has_body or not look.length(*_shoulders(look.layout)) > NEAR_SHOULDERS:
        return None
    return Remark(
        "near",
        "The signer is very near: step back, until head, hips and both hands fit into the picture.",
        "hint",
    )


def long(look: Look) -> Remark | None:
    """More signing than one sign."""
    seconds = look.seconds(look.signing_frames)
    if seconds is None or seconds <= LONG_S:
        return None
    return Remark(
        "long",
        f"Hands are seen for {seconds:.0f} s, and one sign takes 1 to 3: give the part that shows "
        "one sign.",
        "hint",
    )


def mostly_rest(look: Look) -> Remark | None:
    """A recording that is nearly all rest: is the sign in it at all?"""
    frames = len(look.xy)
    if look.signing_frames >= MOSTLY_REST * frames:
        return None
    return Remark(
        "mostly_rest",
        f"Hands are seen in {look.signing_frames} of {frames} frames only: if these do not show "
        "the sign, give a part that does.",
        "hint",
    )


def slow(look: Look) -> Remark | None:
    """Too few frames a second to see a quick movement."""
    if look.fps is None or look.fps >= SLOW_FPS:
        return None
    return Remark(
        "slow",
        f"The recording has only {look.fps:.3g} frames a second: 25 show quick movements.",
        "hint",
    )


CHECKS: tuple[Callable[[Look], Remark | None], ...] = (
    few_hands,
    cut_off,
    no_body,
    short,
    far,
    near,
    long,
    mostly_rest,
    slow,
)


def _outside(xy: Float[np.ndarray, "*place 2"]) -> Bool[np.ndarray, "*place 4"]:
    """Beyond which of ``EDGES`` a place lies; a joint that was not detected beyond none."""
    return np.concatenate([xy < 0, xy > 1], axis=-1)


def _shoulders(layout: Layout) -> tuple[int, int]:
    return layout.joint("left_shoulder"), layout.joint("right_shoulder")
