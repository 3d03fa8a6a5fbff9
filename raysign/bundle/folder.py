"""A bundle is one folder that holds a trained encoder and everything needed to trust and use it.

    weights.safetensors   the encoder's state dict
    README.md             the model card, for people
    bundle.json           layout, config, prepare fingerprint, metrics, card, the signs trained on,
                          sha256 of the weights

See :mod:`raysign.bundle.form` for how it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from raysign.bundle.card import FROM_FOLDER, model_card
from raysign.bundle.form import (
    SIGNS,
    all_text,
    check_free,
    full_card,
    read_manifest,
    read_weights,
    refuse_field,
    write_folder,
)
from raysign.config import TrainConfig, resolve
from raysign.embed import Embedder
from raysign.errors import BundleError, ConfigError, LayoutError
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

MANIFEST = SIGNS.manifest


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained encoder.

    ``weights`` is the encoder's state dict, on the CPU once loaded. ``metrics`` is flat
    (``val/map``, …). ``card`` is what else one has to know, as JSON: ``protocol`` and ``data``
    (text or a mapping), ``licence`` (under which terms it may be used), ``epoch``; and ``commit``,
    ``created``, ``raysign`` (the version that wrote it), which are filled in on saving where they
    are not given. ``signs`` are the glosses that it was trained on, None where that is not known.
    ``weights_sha256`` is that of the weights' file, in hex; '' until the bundle is read from one.
    """

    layout: str
    config: TrainConfig
    prepare_fingerprint: str
    weights: Mapping[str, Tensor]
    metrics: Mapping[str, float] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    signs: tuple[str, ...] | None = None
    weights_sha256: str = ""

    def embedder(self) -> Embedder:
        """The encoder, ready to embed; ``BundleError`` if this raysign prepares clips otherwise."""
        embedder = Embedder.from_parts(self.layout, self.config, self.weights)
        if embedder.prepare.fingerprint != self.prepare_fingerprint:
            raise BundleError(
                f"this encoder was trained on prepare {self.prepare_fingerprint}, this raysign's "
                f"is {embedder.prepare.fingerprint}; pip install "
                f"raysign=={self.card.get('raysign')}, or train again"
            )
        return embedder


def save_bundle(
    bundle: Bundle,
    folder: str | Path,
    *,
    dtype: Literal["float32", "float16"] = "float32",
    replace: bool = False,
    limit_bytes: int | None = None,
    usage: str = FROM_FOLDER,
) -> Path:
    """Write the bundle; its folder appears whole or not at all.

    Args:
        bundle: what to write.
        folder: where; its parents are made.
        dtype: of floating-point weights in the file; float16 halves it.
        replace: put it in the place of a bundle that is already there.
        limit_bytes: the most that its files may hold together.
        usage: Markdown, what the card says of how to use it.

    Returns:
        The folder.

    Raises:
        BundleError: the folder is taken, the weights are not finite, or the bundle is too large.
    """
    folder = Path(folder)
    check_free(folder, replace=replace)
    card = full_card(bundle.card)
    manifest = {
        "layout": bundle.layout,
        "prepare_fingerprint": bundle.prepare_fingerprint,
        "parameters": sum(tensor.numel() for tensor in bundle.weights.values()),
        "metrics": bundle.metrics,
        "card": card,
        "config": bundle.config.model_dump(mode="json"),
        "signs": None if bundle.signs is None else list(bundle.signs),
    }
    page = model_card(bundle.layout, bundle.config, bundle.metrics, card, usage=usage)
    write_folder(
        folder, SIGNS, bundle.weights, page, manifest, dtype=dtype, limit_bytes=limit_bytes
    )
    return folder


def load_bundle(folder: str | Path) -> Bundle:
    """Read a bundle back; ``BundleError`` where it is missing, half-written, changed or foreign.

    Weights keep the type that they were stored in; ``load_state_dict`` widens them.
    """
    folder = Path(folder)
    manifest = read_manifest(folder, SIGNS, {})
    signs = manifest.get("signs")  # optional: who made the bundle may not know them
    if not (signs is None or all_text(signs)):
        refuse_field(folder, SIGNS, "signs")
    try:
        layout_named(manifest["layout"])
        config = resolve(TrainConfig, manifest["config"])
    except (LayoutError, ConfigError) as error:
        raise BundleError(f"bundle {str(folder)!r} does not fit this raysign: {error}") from None
    return Bundle(
        layout=manifest["layout"],
        config=config,
        prepare_fingerprint=manifest["prepare_fingerprint"],
        weights=read_weights(folder, SIGNS, manifest["weights_sha256"]),
        metrics=manifest["metrics"],
        card=manifest["card"],
        signs=None if signs is None else tuple(signs),
        weights_sha256=manifest["weights_sha256"],
    )
