"""What MODEL names: a bundle on disk, in the registry, or in the package."""

from __future__ import annotations

import tempfile
from pathlib import Path

from raysign.bundle import Bundle, load_bundle, shipped_bundle
from raysign.sources import layout_of
from raysign.tracking import fetch_bundle

DEFAULT = "default"


def load_model(model: str, clips: str) -> Bundle:
    """The bundle that MODEL names.

    Args:
        model: a folder, ``models:/raysign-encoder@champion``, or ``default``: the encoder that
            ships with raysign for the layout of the clips. (A folder of that name: ``./default``.)
        clips: ``STORE`` or ``STORE:split`` of what it shall embed.

    Raises:
        BundleError: there is none.
        StoreError, LayoutError, SplitError: the layout of the clips cannot be told.
    """
    if model == DEFAULT:
        return load_bundle(shipped_bundle(layout_of(clips)))
    if model.startswith("models:/"):
        with tempfile.TemporaryDirectory() as folder:
            return load_bundle(fetch_bundle(model, Path(folder) / "bundle"))
    return load_bundle(Path(model))
