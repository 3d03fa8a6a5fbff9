"""A bundle of keyword search: a trained model, its words, and what rescores them.

    weights.safetensors   ``model.…``, ``context.<name>.…``, ``frequency``, ``learned.…``
    README.md             the model card, for people
    keywords.json         layout, config, prepare fingerprint, words, facts of the context models,
                          confidence, training signers, metrics, card, sha256 of the weights

See :mod:`raysign.bundle.form` for how it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float

from raysign.bundle.form import (
    WORDS,
    all_text,
    check_free,
    full_card,
    read_manifest,
    read_weights,
    refuse_field,
    write_folder,
)
from raysign.bundle.keyword_card import keyword_card
from raysign.bundle.learned import Learned
from raysign.config import KeywordConfig, resolve
from raysign.errors import BundleError, ConfigError, DataError, LayoutError
from raysign.keywords.confidence import WordConfidence
from raysign.keywords.context import KINDS, PLAIN, Context, load_context
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import NAMES, Vocabulary
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

MODEL, CONTEXT, FREQUENCY = "model.", "context.", "frequency"
"""What the names of tensors begin with, and the name of one."""


@dataclass(frozen=True, eq=False)
class KeywordBundle:
    """A trained keyword model.

    ``frequency`` is the share of the training sentences that have each word. ``weights`` is the
    model's state dict, on the CPU once loaded. ``contexts`` are the context models by name; none
    where they are not fitted yet; ``confidence`` makes probabilities of their scores, and by
    ``none`` of the model's own. ``metrics`` is flat: ``val/map``, and with a context model
    ``val/tfidf/map``. ``card`` is what :class:`raysign.bundle.Bundle` says.
    ``learned`` says which sentences it comes from; None where nobody wrote it down.
    """

    layout: str
    config: KeywordConfig
    prepare_fingerprint: str
    vocabulary: Vocabulary
    frequency: Float[np.ndarray, "word"]
    weights: Mapping[str, Tensor]
    contexts: Mapping[str, Context] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str = ""
    learned: Learned | None = None
    confidence: Mapping[str, WordConfidence] = field(default_factory=dict)

    def prepare(self) -> PrepareSentences:
        """From landmarks to what the model reads.

        ``BundleError`` if this raysign prepares sentences otherwise than those it was trained on.
        """
        prepare = PrepareSentences(self.config.prepare, layout_named(self.layout))
        if prepare.fingerprint != self.prepare_fingerprint:
            raise BundleError(
                f"this model was trained on prepare {self.prepare_fingerprint}, this raysign's is "
                f"{prepare.fingerprint}; pip install raysign=={self.card.get('raysign')}, or train "
                "again"
            )
        return prepare

    def model(self) -> KeywordModel:
        """The model, on the CPU and in evaluation; ``BundleError`` if the weights do not fit it."""
        model = KeywordModel(self.config, self.prepare().channel_map, len(self.vocabulary))
        try:
            model.load_state_dict({name: tensor.float() for name, tensor in self.weights.items()})
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise BundleError(
                f"the weights do not fit the bundle's config: {reason:.200}"
            ) from None
        return model.eval()


def save_keyword_bundle(
    bundle: KeywordBundle, folder: str | Path, *, replace: bool = False
) -> Path:
    """Write the bundle; its folder appears whole or not at all.

    Args:
        bundle: what to write.
        folder: where; its parents are made.
        replace: put it in the place of a bundle that is already there.

    Returns:
        The folder.

    Raises:
        BundleError: the folder is taken, or the weights are not finite.
    """
    folder = Path(folder)
    check_free(folder, replace=replace)
    card = full_card(bundle.card)
    tensors = {MODEL + name: tensor for name, tensor in bundle.weights.items()}
    tensors[FREQUENCY] = torch.from_numpy(bundle.frequency)
    if bundle.learned is not None:
        tensors |= bundle.learned.state()
    for kind, context in bundle.contexts.items():
        tensors |= {f"{CONTEXT}{kind}.{name}": t for name, t in context.state().items()}
    manifest = {
        "layout": bundle.layout,
        "prepare_fingerprint": bundle.prepare_fingerprint,
        "parameters": sum(tensor.numel() for tensor in bundle.weights.values()),
        "metrics": bundle.metrics,
        "card": card,
        "config": bundle.config.model_dump(mode="json"),
        "contexts": {kind: context.facts() for kind, context in bundle.contexts.items()},
        "confidence": {name: one.facts() for name, one in bundle.confidence.items()},
        "kind": bundle.vocabulary.kind,
        "words": list(bundle.vocabulary.words),
        "training_signers": None if bundle.learned is None else list(bundle.learned.signers),
    }
    page = keyword_card(bundle.layout, bundle.config, len(bundle.vocabulary), bundle.metrics, card)
    write_folder(folder, WORDS, tensors, page, manifest)
    return folder


def load_keyword_bundle(folder: str | Path) -> KeywordBundle:
    """Read a bundle back; ``BundleError`` where it is missing, half-written, changed or foreign."""
    folder = Path(folder)
    manifest = read_manifest(folder, WORDS, {"words": list, "kind": str, "contexts": dict})
    if not all_text(manifest["words"]):
        refuse_field(folder, WORDS, "words")
    if manifest["kind"] not in NAMES:
        refuse_field(folder, WORDS, "kind")
    if not all(isinstance(facts, dict) for facts in manifest["contexts"].values()):
        refuse_field(folder, WORDS, "contexts")
    confidence = manifest.get("confidence", {})  # raysign kept none at first
    if not isinstance(confidence, dict) or {*confidence} - {PLAIN, *KINDS}:
        refuse_field(folder, WORDS, "confidence")
    tensors = read_weights(folder, WORDS, manifest["weights_sha256"])
    try:
        config = resolve(KeywordConfig, manifest["config"])
        PrepareSentences(config.prepare, layout_named(manifest["layout"]))  # a layout with a body
        vocabulary = Vocabulary(manifest["kind"], tuple(manifest["words"]))
        bundle = KeywordBundle(
            layout=manifest["layout"],
            config=config,
            prepare_fingerprint=manifest["prepare_fingerprint"],
            vocabulary=vocabulary,
            frequency=_frequency(tensors, len(vocabulary)),
            weights=_named(tensors, MODEL),
            contexts={
                kind: load_context(kind, _named(tensors, f"{CONTEXT}{kind}."), facts)
                for kind, facts in manifest["contexts"].items()
            },
            confidence={n: WordConfidence.of_facts(facts) for n, facts in confidence.items()},
            metrics=manifest["metrics"],
            card=manifest["card"],
            weights_sha256=manifest["weights_sha256"],
            learned=Learned.of_state(tensors, manifest.get("training_signers")),
        )
    except (LayoutError, ConfigError, DataError, BundleError) as error:
        raise BundleError(f"bundle {str(folder)!r} does not fit this raysign: {error}") from None
    return bundle


def _named(tensors: Mapping[str, Tensor], begin: str) -> dict[str, Tensor]:
    """Those whose names begin so, without that."""
    return {k.removeprefix(begin): tensor for k, tensor in tensors.items() if k.startswith(begin)}


def _frequency(tensors: Mapping[str, Tensor], words: int) -> Float[np.ndarray, "word"]:
    found = tensors.get(FREQUENCY)
    if found is None or found.shape != (words,):
        raise BundleError(f"it has no {FREQUENCY} of its {words:,} words")
    return found.numpy()
