"""Weights on disk: a bundle is one folder with a trained encoder and what is needed to trust it."""

from raysign.bundle.card import model_card
from raysign.bundle.folder import Bundle, check_free, commit, load_bundle, save_bundle
from raysign.bundle.shipped import ship, shipped_bundle, shipped_layouts

__all__ = [
    "Bundle",
    "check_free",
    "commit",
    "load_bundle",
    "model_card",
    "save_bundle",
    "ship",
    "shipped_bundle",
    "shipped_layouts",
]
