"""Colours of the page can be told apart by who sees little contrast."""

from __future__ import annotations

import re

import numpy as np
import pytest

from raysign.search.page import style


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    long = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    channels = np.array([int(long[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_colours_can_be_told_apart(dark: bool) -> None:
    """WCAG 2.2 AA: 4.5 : 1 for text (1.4.3), 3 : 1 for what is drawn (1.4.11)."""
    inks: dict[str, str] = {}
    for block in re.findall(
        r"(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{(.*?)\}", style(), re.S
    ):
        if dark or not block[0]:
            inks.update(re.findall(r"--([\w-]+): (#\w+);", block[1]))
    text = [("ink", "page"), ("ink", "card"), ("soft", "page"), ("soft", "card"), ("warn", "page")]
    text += [("on-accent", "accent"), ("warn", "warn-ground"), ("ink", "note-ground")]
    drawn = [("accent", "page"), ("accent", "card"), ("bar", "track"), ("left", "card")]
    drawn += [("right", "card")]
    for pairs, least in ((text, 4.5), (drawn, 3.0)):
        for pair in pairs:
            low, high = sorted(luminance(inks[name]) for name in pair)
            assert (high + 0.05) / (low + 0.05) >= least, pair
