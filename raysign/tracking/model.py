"""What MODEL names: a bundle on disk, in the registry, or in the package."""

from __future__ import annotations

import tempfile
from pathlib import Path

from raysign.bundle import (
    Bundle,
    KeywordBundle,
    load_bundle,
    load_keyword_bundle,
    shipped_bundle,
)
from raysign.tracking.tracker import fetch_bundle

DEFAULT = "default"


def load_model(model: str, layout: str) -> Bundle:
    """The bundle that MODEL names.

    Args:
        model: a folder, ``models:/raysign-encoder@champion``, or ``default``: the encoder that
            ships with raysign for the layout. (A folder of that name: ``./default``.)
        layout: that of the clips that it shall embed; only ``default`` asks for it.

    Raises:
        BundleError: there is none.
        TrackingError: the server cannot be reached or refuses.
    """
    if model == DEFAULT:
        return load_bundle(shipped_bundle(layout))
    if model.startswith("models:/"):
        with tempfile.TemporaryDirectory() as folder:
            return load_bundle(fetch_bundle(model, Path(folder) / "bundle"))
    return load_bundle(Path(model))


def load_keywords(model: str) -> KeywordBundle:
    """The bundle of keyword search that MODEL names: a folder, or ``models:/raysign-keywords@…``.

    Raises:
        BundleError: there is none, or it is no keyword model.
        TrackingError: the server cannot be reached or refuses.
    """
    if model.startswith("models:/"):
        with tempfile.TemporaryDirectory() as folder:
            return load_keyword_bundle(fetch_bundle(model, Path(folder) / "bundle"))
    return load_keyword_bundle(Path(model))
