"""Bundles of either kind, for what does not care which."""

from __future__ import annotations

from pathlib import Path

from raysign.bundle.folder import Bundle, load_bundle, save_bundle
from raysign.bundle.form import WORDS
from raysign.bundle.keywords import KeywordBundle, load_keyword_bundle, save_keyword_bundle

AnyBundle = Bundle | KeywordBundle


def load_any(folder: str | Path) -> AnyBundle:
    """The bundle in a folder, of the kind that it is; raises as either does."""
    if (Path(folder) / WORDS.manifest).is_file():
        return load_keyword_bundle(folder)
    return load_bundle(folder)


def save_any(bundle: AnyBundle, folder: str | Path, *, replace: bool = False) -> Path:
    """Write a bundle; see the functions of its kind."""
    if isinstance(bundle, KeywordBundle):
        return save_keyword_bundle(bundle, folder, replace=replace)
    return save_bundle(bundle, folder, replace=replace)
