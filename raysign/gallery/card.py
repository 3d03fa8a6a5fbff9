"""``gallery.json``: what a gallery says of itself, and how it can be trusted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from pydantic import Field

from raysign.bundle import Bundle
from raysign.config import GalleryConfig, LookConfig, resolve
from raysign.config.base import Config
from raysign.errors import BundleError, ConfigError, GalleryError
from raysign.gallery.confidence import GalleryConfidence
from raysign.gallery.integrity import FileMark
from raysign.gallery.tune import Tuned

CARD = "gallery.json"
FORMAT, VERSION = "raysign-gallery", 1
SHORT = 12


class MadeBy(Config):
    """The model whose embeddings these are; another's cannot be compared with them."""

    name: str
    """As it was given: a folder, an MLflow URI, or ``default``."""
    layout: str
    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    prepare_fingerprint: str
    mirrored: bool
    """Whether clips stand with their mirror images (``evaluate.mirror=both``)."""
    dim: int = Field(ge=1)

    @classmethod
    def of(cls, bundle: Bundle, name: str, dim: int) -> MadeBy:
        """``BundleError`` where the bundle was never saved, so that it cannot be known again."""
        if not bundle.weights_sha256:
            raise BundleError(
                "a gallery needs a model that can be found again; save the bundle, and load it"
            )
        return cls(
            name=name,
            layout=bundle.layout,
            weights_sha256=bundle.weights_sha256,
            prepare_fingerprint=bundle.prepare_fingerprint,
            mirrored=bundle.config.evaluate.mirror == "both",
            dim=dim,
        )


class Counts(Config):
    """What is in it."""

    clips: int = Field(ge=1)
    rows: int = Field(ge=1)
    """Clips, and the places of such as were removed."""
    signs: int = Field(ge=0)
    signers: int = Field(ge=0)
    unlabelled: int = Field(ge=0)
    """Clips without a sign."""


class Files(Config):
    """The other files of the folder."""

    vectors: FileMark
    exemplars: FileMark
    index: FileMark | None = None
    """None where it is flat: the vectors are the index."""
    landmarks: FileMark | None = None
    """None where no clip's landmarks are kept."""

    def marks(self) -> list[FileMark]:
        every = (self.vectors, self.exemplars, self.index, self.landmarks)
        return [mark for mark in every if mark]


class GalleryCard(Config):
    """All of ``gallery.json`` but its own hash."""

    format: Literal["raysign-gallery"] = "raysign-gallery"
    version: Literal[1] = 1
    model: MadeBy
    counts: Counts
    index: Tuned
    config: GalleryConfig
    sources: tuple[str, ...]
    """The selections that were indexed, as they were given."""
    looked_at: tuple[LookConfig, ...] = ()
    """In which ways the clips' videos were looked at, as far as their stores tell."""
    files: Files
    confidence: GalleryConfidence | None = None
    """None where nobody calibrated it."""
    created: str
    raysign: str
    """The version that wrote it."""

    @property
    def outgrown(self) -> str | None:
        """What to tell a person where it is not any more what was calibrated."""
        if self.confidence is None:
            return None
        return self.confidence.outgrown(self.counts.clips, self.counts.signs, self.searched_by)

    @property
    def look(self) -> LookConfig | None:
        """How a query is to be looked at, so that it is as the clips are; None = as usual: nobody
        knows, or they were not all looked at alike.
        """
        return self.looked_at[0] if len(self.looked_at) == 1 else None

    @property
    def searched_by(self) -> str:
        """Kind of index and precision, in words."""
        return f"{self.index.kind} with {self.config.vectors}"

    def text(self) -> str:
        """The file; its last entry is the sha256 of the others."""
        tree = self.model_dump(mode="json")
        return json.dumps({**tree, "sha256": _digest(tree)}, indent=2, ensure_ascii=False) + "\n"

    def refuse_other(self, bundle: Bundle, name: str, folder: Path) -> None:
        """``GalleryError`` where the gallery is another model's, or was prepared otherwise."""
        model = self.model
        mine = MadeBy.of(bundle, name, model.dim)
        pairs = (
            ("layout", model.layout, mine.layout),
            ("weights", model.weights_sha256[:SHORT], mine.weights_sha256[:SHORT]),
            ("prepare", model.prepare_fingerprint, mine.prepare_fingerprint),
            ("mirror images", _yes(model.mirrored), _yes(mine.mirrored)),
        )
        for what, theirs, ours in pairs:
            if theirs != ours:
                clips = " ".join(f"--clips {quote(source)}" for source in self.sources)
                raise GalleryError(
                    f"gallery {str(folder)!r} was made by {model.name!r} ({what} {theirs}), got "
                    f"{name!r} ({what} {ours}); give that model, or type `raysign index "
                    f"{quote(name)} {clips} --out NEW`"
                )


def read_card(folder: Path) -> GalleryCard:
    """``GalleryError`` where there is none, or it is not as it was written."""
    what = f"gallery {str(folder)!r}"
    if not folder.is_dir():
        raise GalleryError(
            f"{what} does not exist; `raysign index MODEL --clips STORE --out {folder}` makes it"
        )
    try:
        tree = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GalleryError(f"{what} has no {CARD}: not a gallery, or only half copied") from None
    except (OSError, ValueError, RecursionError) as error:
        raise GalleryError(f"{what}: cannot read {CARD}: {error}") from None
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise GalleryError(f"{what}: {CARD} was not written by raysign")
    if tree.get("version") != VERSION:
        raise GalleryError(
            f"{what} has format version {tree.get('version')!r}, this raysign reads {VERSION}; "
            "use the raysign that wrote it, or index anew"
        )
    digest = tree.pop("sha256", None)
    if digest != _digest(tree):
        raise GalleryError(
            f"{what}: {CARD} was changed after it was written (sha256 differs); copy the whole "
            "folder again, or index anew"
        )
    try:
        return resolve(GalleryCard, tree)
    except ConfigError as error:
        raise GalleryError(
            f"{what} was written by another raysign, and does not fit this one; index and "
            f"calibrate it anew ({error})"
        ) from None


def _digest(tree: dict[str, Any]) -> str:
    text = json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
