"""Measuring a model: who asks, who is searched, what counts as a hit, and how sure the figures are.

The one protocol here is ``clips``: every query clip ranks every gallery clip by cosine; a hit is a
clip of the same sign; a clip is never its own answer.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from raysign.bundle import Bundle, load_bundle
from raysign.clip import Clips
from raysign.config import DataConfig, resolve
from raysign.config.load import overridden
from raysign.errors import BundleError, ConfigError, SplitError
from raysign.ranking import Ranking, rank, summarise
from raysign.sources import load_selection, parse_selection
from raysign.splits import signer_overlap
from raysign.tracking import Tracker, connect, fetch_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    overrides: Sequence[str] = (),
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
        overrides: ``data.key=value``: which synthetic world (default: the one that the model
            learned from), and what becomes of clips without landmarks.
        open_test: allow the sealed test split, say so in the card, and record it in MLflow.
        resamples: bootstrap draws behind each interval.
        seed: of the bootstrap.

    Raises:
        BundleError, StoreError, LayoutError, SealedSplitError, SplitError: see their messages.
    """
    bundle = load_model(model)
    data = _data(bundle, overrides)
    asking, searched = (
        load_selection(
            selection, open_test=open_test, synthetic=data.synthetic, empty_clips=data.empty_clips
        )
        for selection in (queries, gallery)
    )
    asking, searched = _labelled(asking, queries), _labelled(searched, gallery)
    opened = open_test and _reads_test(asking, searched)
    # Reached before the work, so that no figure of the test split can be seen unrecorded.
    tracker = connect() if opened else None
    embedder = bundle.embedder()
    signs = np.unique(np.concatenate([asking.sign, searched.sign]))
    found = _Found(
        embedder.embed(asking),
        torch.from_numpy(np.searchsorted(signs, asking.sign)),
        embedder.embed(searched),
        torch.from_numpy(np.searchsorted(signs, searched.sign)),
    )
    own = found.ranked(*_clip_keys(asking, searched, queries, gallery), resamples, seed)
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
        "signer_overlap": signer_overlap(asking, searched, "in the gallery"),
        "queries_identical_to_a_gallery_clip": int(identical.sum()),
        "intervals": f"95 %, bootstrap over signs, {resamples} resamples, seed {seed}",
        "opened_test": opened,
        "data": {"queries": asking.fingerprint(), "gallery": searched.fingerprint()},
        "model": {
            "name": model,
            "encoder": bundle.config.encoder.kind,
            "layout": bundle.layout,
            "prepare": bundle.prepare_fingerprint,
        },
    }
    if tracker is not None:
        _record(tracker, own, card)
    return Evaluation(own, plain, card)


def load_model(model: str) -> Bundle:
    """The bundle that MODEL names."""
    if model == "default":
        raise BundleError(
            "no encoder ships with raysign yet, got MODEL default; train one with `raysign train` "
            "and give its bundle folder or models:/raysign-encoder@champion"
        )
    if model.startswith("models:/"):
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


def _data(bundle: Bundle, overrides: Sequence[str]) -> DataConfig:
    """The model's own data settings, changed by ``data.key=value``."""
    for override in overrides:
        if not override.startswith(("data.synthetic.", "data.empty_clips=")):
            raise ConfigError(
                f"evaluate reads data.synthetic.… and data.empty_clips alone, got {override!r}; "
                "the clips are chosen by --queries and --gallery, the rest is the model's"
            )
    tree = overridden({"data": bundle.config.data.model_dump()}, overrides)
    return resolve(DataConfig, tree["data"])


def _labelled(clips: Clips, selection: str) -> Clips:
    """The clips that have a sign: the others are nobody's hit, and not each other's."""
    named = clips.sign != ""
    if not named.any():
        raise SplitError(f"no clip of {selection!r} has a sign, so nothing can be a hit")
    return clips if named.all() else clips.select(named)


def _clip_keys(
    asking: Clips, searched: Clips, queries: str, gallery: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Equal where query and gallery clip are the same clip; ids are unique within a store only."""
    here, there = (parse_selection(selection)[0] for selection in (queries, gallery))
    if here != there:
        return -1 - torch.arange(len(asking)), torch.arange(len(searched))
    ids = np.unique(np.concatenate([asking.clip_id, searched.clip_id]))
    mine, theirs = (np.searchsorted(ids, clips.clip_id) for clips in (asking, searched))
    return torch.from_numpy(mine), torch.from_numpy(theirs)


def _record(tracker: Tracker, ranking: Ranking, card: dict[str, Any]) -> None:
    """A run in MLflow that says who opened the test split with what, and what came out."""
    tags = {"kind": "evaluate", "opened_test": True}
    run_id = tracker.start_run("open-test", tags=tags, params=card)
    figures = {f"test/{name}": float(value) for name, value in ranking.as_json().items()}
    tracker.log_metrics(run_id, figures, 0)
    tracker.finish(run_id)


def _reads_test(*sides: Clips) -> bool:
    return any(bool((clips.split == "test").any()) for clips in sides)
