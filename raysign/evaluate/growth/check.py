"""What is refused before any clip is embedded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from raysign.errors import ConfigError, LayoutError
from raysign.sources import layout_of

if TYPE_CHECKING:
    from raysign.bundle import Bundle

SIGNERS = ("other", "any")


def check_options(
    models: Sequence[str],
    sizes: Sequence[int],
    shots: Sequence[int],
    signers: str,
    largest: int | None,
) -> None:
    """``ConfigError`` where one cannot be."""
    if signers not in SIGNERS:
        raise ConfigError(f"--signers is other or any, got {signers!r}")
    for option, numbers, least in (("sizes", sizes, 2), ("shots", shots, 1)):
        if not numbers or min(numbers) < least:
            listed = ",".join(map(str, numbers))
            raise ConfigError(f"--{option} are numbers from {least} on, got {listed or 'none'}")
    if largest is not None and largest < 2:
        raise ConfigError(f"--largest is a number from 2 on, got {largest}")
    if not models:
        raise ConfigError("growth needs a model; type raysign growth default --queries …")
    if len(set(models)) < len(models):
        raise ConfigError(f"the same model twice: {', '.join(models)}; give each once")


def check_layouts(
    models: Sequence[str], bundles: Sequence[Bundle], selections: Sequence[str]
) -> None:
    """``LayoutError`` where a model cannot read the clips of a selection; none is read."""
    for selection in dict.fromkeys(selections):
        layout = layout_of(selection)
        for name, bundle in zip(models, bundles, strict=True):
            if bundle.layout != layout:
                raise LayoutError(
                    f"model {name!r} reads layout {bundle.layout!r}, the clips of {selection!r} "
                    f"have {layout!r}; give models and clips of one layout"
                )
