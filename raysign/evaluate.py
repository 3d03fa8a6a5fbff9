"""Measuring a model: who asks, who is searched, what counts as a hit, and how sure the figures are.

The one protocol here is ``clips``: every query clip ranks every gallery clip by cosine; a hit is a
clip of the same sign; a clip is never its own answer.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from raysign.bundle import Bundle, load_bundle
from raysign.clip import Clips
from raysign.errors import BundleError
from raysign.ranking import Ranking, rank, summarise
from raysign.sources import load_selection
from raysign.splits import signer_overlap
from raysign.tracking import fetch_bundle

PROTOCOLS = ("clips",)


@dataclass(frozen=True)
class Evaluation:
    """The figures of one protocol and everything that must travel with them."""

    ranking: Ranking
    without_duplicates: Ranking | None
    """The same, each query's byte-identical gallery clips left out; None where there are none."""
    card: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """One flat object: ``recall_at_1`` … with intervals, and the protocol card as ``card``."""
        plain = self.without_duplicates
        return {
            **self.ranking.as_json(),
            "without_duplicates": plain.as_json() if plain else None,
            "card": self.card,
        }


def evaluate(
    model: str,
    queries: str,
    gallery: str,
    *,
    protocol: str = "clips",
    open_test: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Rank the gallery for every query.

    Args:
        model: a bundle folder, or an MLflow URI (``models:/raysign-encoder@champion``).
        queries: ``STORE:split`` of the clips that ask.
        gallery: ``STORE:split`` of the clips that are searched.
        protocol: one of ``PROTOCOLS``.
        open_test: allow the sealed test split, and say so in the card.
        resamples: bootstrap draws behind each interval.
        seed: of the bootstrap.

    Raises:
        BundleError, StoreError, LayoutError, SealedSplitError, SplitError: see their messages.
    """
    bundle = load_model(model)
    asking, searched = (load_selection(s, open_test=open_test) for s in (queries, gallery))
    embedder = bundle.embedder()
    signs = np.unique(np.concatenate([asking.sign, searched.sign]))
    ids = np.unique(np.concatenate([asking.clip_id, searched.clip_id]))
    found = _Found(
        embedder.embed(asking),
        torch.from_numpy(np.searchsorted(signs, asking.sign)),
        embedder.embed(searched),
        torch.from_numpy(np.searchsorted(signs, searched.sign)),
    )
    own = found.ranked(
        torch.from_numpy(np.searchsorted(ids, asking.clip_id)),
        torch.from_numpy(np.searchsorted(ids, searched.clip_id)),
        resamples,
        seed,
    )
    identical = np.isin(asking.content(), searched.content())
    plain = None
    if identical.any():
        mine, theirs = (
            torch.from_numpy(c.content().view(np.int64).copy()) for c in (asking, searched)
        )
        plain = found.ranked(mine, theirs, resamples, seed)
    card = {
        "protocol": protocol,
        "queries": queries,
        "gallery": gallery,
        "hit": "a gallery clip of the query's sign; cosine, clip level; never the query itself",
        "query_clips": len(asking),
        "gallery_clips": len(searched),
        "signs": len(signs),
        "signer_overlap": signer_overlap(asking, searched),
        "queries_identical_to_a_gallery_clip": int(identical.sum()),
        "intervals": f"95 %, bootstrap over signs, {resamples} resamples, seed {seed}",
        "opened_test": open_test and _reads_test(asking, searched),
        "data": {"queries": asking.fingerprint(), "gallery": searched.fingerprint()},
        "model": {
            "name": model,
            "encoder": bundle.config.encoder.kind,
            "layout": bundle.layout,
            "prepare": bundle.prepare_fingerprint,
        },
    }
    return Evaluation(own, plain, card)


def load_model(model: str) -> Bundle:
    """The bundle that MODEL names."""
    if model == "default":
        raise BundleError(
            "no encoder ships with raysign yet, got MODEL default; train one with `raysign train` "
            "and give its bundle folder or models:/raysign-encoder@champion"
        )
    if model.startswith(("models:/", "runs:/")):
        with tempfile.TemporaryDirectory() as folder:
            return load_bundle(fetch_bundle(model, Path(folder) / "bundle"))
    return load_bundle(Path(model))


@dataclass(frozen=True)
class _Found:
    """Embeddings and signs of both sides, to be ranked by one rule or another."""

    queries: torch.Tensor
    query_sign: torch.Tensor
    gallery: torch.Tensor
    gallery_sign: torch.Tensor

    def ranked(
        self, query_key: torch.Tensor, gallery_key: torch.Tensor, resamples: int, seed: int
    ) -> Ranking:
        """Figures with every pair of equal keys left out."""
        found = rank(
            self.queries,
            self.query_sign,
            self.gallery,
            self.gallery_sign,
            query_key=query_key,
            gallery_key=gallery_key,
        )
        return summarise(found, self.query_sign, resamples=resamples, seed=seed)


def _reads_test(*sides: Clips) -> bool:
    return any(bool((clips.split == "test").any()) for clips in sides)
