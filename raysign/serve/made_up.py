"""The synthetic dictionary: something to look at before there is a gallery."""

from __future__ import annotations

from pathlib import Path

from raysign.bundle import load_bundle, shipped_bundle
from raysign.config import GalleryConfig
from raysign.search.calibration import calibrate_gallery
from raysign.search.index import index_clips
from raysign.skeleton import HOLISTIC75
from raysign.sources import SYNTHETIC
from raysign.tracking.model import DEFAULT

NAME = "synthetic"
NOTE = (
    "This dictionary is made up, for a first look: its 60 signs belong to no language, and no sign "
    "of yours is in it. `raysign index default --clips STORE --out GALLERY` makes one of clips."
)
"""Asked with val's clips, of other signers, the encoder that ships finds 67 % of its signs first,
and 97 % among the first six (untrained, 44 and 81; the one for hands alone, 57 and 93)."""


def make_up(folder: Path) -> Path:
    """Make it in a folder; it takes some ten seconds.

    Its clips are those of the synthetic world's train signers, and the encoder is the one that
    ships for their layout, which never saw them. Calibrated with the clips of val's.
    """

    def quiet(line: str) -> None:
        pass

    out = folder / NAME
    model = load_bundle(shipped_bundle(HOLISTIC75.name))
    made = index_clips(model, DEFAULT, [f"{SYNTHETIC}:train"], out, GalleryConfig(), say=quiet)
    calibrate_gallery(made.gallery, queries=[f"{SYNTHETIC}:val"], say=quiet)
    return out
