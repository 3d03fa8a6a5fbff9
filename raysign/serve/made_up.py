"""The made-up dictionary: something to look at before there is a gallery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from raysign.bundle import load_bundle, shipped_bundle
from raysign.clip import Clip
from raysign.config import GalleryConfig, SyntheticConfig
from raysign.search.calibration import calibrate_gallery
from raysign.search.index import index_clips
from raysign.skeleton import HOLISTIC75
from raysign.store import write_store
from raysign.synthetic import iter_clips
from raysign.tracking.model import DEFAULT

NAME = "made-up"
NOTE = (
    "This dictionary is made up, for a first look: its 60 signs belong to no language, and no sign "
    "of yours is in it. `raysign index default --clips STORE --out GALLERY` makes one of clips."
)
"""Asked with val's clips, of other signers, the encoder that ships finds 67 % of its signs first,
and 97 % among the first six (untrained, 44 and 81; the one for hands alone, 57 and 93)."""
SPLITS = ("train", "val")


def make_up(folder: Path) -> Path:
    """Make it in a folder; it takes some ten seconds.

    Its clips are those of the synthetic world's train signers, and the encoder is the one that
    ships for their layout, which never saw them. Calibrated with the clips of val's.
    """

    def quiet(line: str) -> None:
        pass

    store, out = folder / "clips", folder / NAME
    model = load_bundle(shipped_bundle(HOLISTIC75.name))
    write_store(store, named_clips(model.config.data.synthetic))
    made = index_clips(model, DEFAULT, [f"{store}:train"], out, GalleryConfig(), say=quiet)
    calibrate_gallery(made.gallery, queries=[f"{store}:val"], say=quiet)
    return out


def named_clips(config: SyntheticConfig) -> Iterator[Clip]:
    """Of both splits, under names that a person can read: a world's own say how a sign is made."""
    clips = list(iter_clips(config, SPLITS))
    signs = sorted({clip.sign for clip in clips})
    names = {sign: f"sign {number:02}" for number, sign in enumerate(signs, 1)}
    for clip in clips:
        yield replace(clip, sign=names[clip.sign])
