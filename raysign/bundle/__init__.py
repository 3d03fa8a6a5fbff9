"""Weights on disk: a bundle is one folder with a trained model and what is needed to trust it."""

from raysign.bundle.card import model_card
from raysign.bundle.folder import Bundle, load_bundle, save_bundle
from raysign.bundle.form import check_free
from raysign.bundle.keyword_card import keyword_card
from raysign.bundle.keywords import KeywordBundle, load_keyword_bundle, save_keyword_bundle
from raysign.bundle.kinds import AnyBundle, load_any, save_any
from raysign.bundle.learned import Learned
from raysign.bundle.origin import commit
from raysign.bundle.shipped import ship, shipped_bundle, shipped_layouts

__all__ = [
    "AnyBundle",
    "Bundle",
    "KeywordBundle",
    "Learned",
    "check_free",
    "commit",
    "keyword_card",
    "load_any",
    "load_bundle",
    "load_keyword_bundle",
    "model_card",
    "save_any",
    "save_bundle",
    "save_keyword_bundle",
    "ship",
    "shipped_bundle",
    "shipped_layouts",
]
