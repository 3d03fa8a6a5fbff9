"""What MODEL names: a bundle on disk or in the registry."""

from __future__ import annotations

import tempfile
from pathlib import Path

from raysign.bundle import Bundle, load_bundle
from raysign.errors import BundleError
from raysign.tracking import fetch_bundle


def load_model(model: str) -> Bundle:
    """The bundle that MODEL names: a folder, or ``models:/raysign-encoder@champion``.

    ``BundleError`` where there is none.
    """
    if model == "default":
        raise BundleError(
            "no encoder ships with raysign yet, got MODEL default; train one with `raysign train` "
            "and give its bundle folder or models:/raysign-encoder@champion"
        )
    if model.startswith("models:/"):
        with tempfile.TemporaryDirectory() as folder:
            return load_bundle(fetch_bundle(model, Path(folder) / "bundle"))
    return load_bundle(Path(model))
