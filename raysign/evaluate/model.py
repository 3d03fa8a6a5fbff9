"""What MODEL names, for clips that are in a store."""

from __future__ import annotations

from raysign import tracking
from raysign.bundle import Bundle
from raysign.sources import layout_of
from raysign.tracking import DEFAULT


def load_model(model: str, clips: str) -> Bundle:
    """The bundle that MODEL names.

    Args:
        model: as for :func:`raysign.tracking.load_model`; ``default`` is the encoder that ships for
            the layout of the clips.
        clips: ``STORE`` or ``STORE:split`` of what it shall embed.

    Raises:
        BundleError: there is none.
        StoreError, LayoutError, SplitError: the layout of the clips cannot be told.
    """
    return tracking.load_model(model, layout_of(clips) if model == DEFAULT else "")
