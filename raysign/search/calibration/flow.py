"""A gallery and queries whose signs are known → a gallery that says how sure it is.

The signs that the gallery "does not have" are its own, taken out of it for one query. The model may
have learned from them all the same, and then tells them from others more easily than a sign that
nobody taught it; how many it had learned goes with the figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from raysign.bundle import Bundle
from raysign.embed import prepare_clips
from raysign.errors import BundleError, DataError, GalleryError
from raysign.gallery import FittedOn, Gallery, GalleryConfidence, Measured
from raysign.ranking import Figure, OpenSet, Scoring, fit_confidence, measure_confidence
from raysign.ranking.calibration import check_shares
from raysign.ranking.held_out import FEWEST_SIGNS, check_signs
from raysign.search.answer import PROBABLY
from raysign.search.calibration.asking import Queries, ask_twice, some
from raysign.search.notes import of_second_stage
from raysign.search.reranking import NONE, Reranks
from raysign.sources import load_selection, parse_selection
from raysign.splits import signers_shared
from raysign.tracking import load_model

WEAK = 0.75
"""AUROC below which a person has to be told; 5 % refused then noticed 9–38 % of unknown signs."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A gallery with a confidence, and what this is worth."""

    gallery: Gallery
    confidence: GalleryConfidence
    open_set: OpenSet
    notes: tuple[str, ...]
    """What a reader has to know of the figures."""
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """One object; ``confidence`` is as in ``gallery.json``."""
        return {
            "gallery": str(self.gallery.folder),
            "confidence": self.confidence.model_dump(mode="json"),
            **self.open_set.as_json(),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def calibrate_gallery(
    gallery: Gallery,
    *,
    queries: Sequence[str] = (),
    scoring: str = "sign_max",
    rerank: str | None = None,
    unknown_share: float = 0.5,
    refuse: float = 0.05,
    model: str | None = None,
    seed: int = 0,
    say: Say,
) -> Calibrated:
    """Fit a gallery's confidence, measure it on signs that it was not fitted on, and keep it.

    Args:
        gallery: as it was opened.
        queries: selections of clips that are not in it; none = its own clips, each of all others.
        scoring: by which signs are ranked.
        rerank: the second stage that puts them in order, see
            :data:`raysign.search.reranking.RERANKS`; None = what the model was chosen by, where
            this gallery can be searched so.
        unknown_share: see ``Confidence``.
        refuse: share of known signs that may be called unknown; sets the threshold.
        model: where the gallery's model is now; None = where it was.
        seed: of splits, of intervals, and of which queries are drawn where they are many.
        say: is told what takes long.

    Raises:
        ConfigError: the scoring ranks clips, or does not have the second stage; ``unknown_share``
            or ``refuse`` is out of range.
        DataError: too few signs in the gallery or among the queries; all queries are copies.
        BundleError: the model is not there any more.
        GalleryError: the model is another; somebody else changes the gallery; it does not keep the
            landmarks that a second stage aligns.
        StoreError, LayoutError, SealedSplitError, SplitError: of the queries.
    """
    start = time.monotonic()
    check_shares(unknown_share, refuse)
    by, signs = Scoring(scoring), len(gallery.exemplars.signs)
    if signs < FEWEST_SIGNS:
        raise DataError(
            f"gallery {str(gallery.folder)!r} has {signs} signs, calibrating needs {FEWEST_SIGNS} "
            "or more; `raysign index GALLERY --add STORE` puts more in"
        )
    bundle = _model(gallery, model, needed=bool(queries) or rerank not in (None, NONE))
    name, why_not, second = NONE, None, None
    if bundle is not None:
        reranks = Reranks(gallery, bundle, bundle.embedder())
        name, why_not = reranks.named(rerank, by) if rerank else reranks.of_model(by)
        second = reranks.stage(name)
    if bundle is not None and queries:
        asking = _embedded(gallery, bundle, queries, seed, say)
    else:
        asking = Queries.own(gallery, seed)
        aligns = second is not None and second.aligns
        if bundle is not None and (aligns or _mirrors_alone_ask(gallery, bundle)):
            say(f"preparing {len(asking):,} clips")
            asking = asking.prepared(gallery, bundle)
    say(f"asking {len(asking):,} queries, with and without their signs in the gallery")
    asks, copies = ask_twice(gallery, asking, by, say, second=second, seed=seed)
    check_signs(asks)
    fitted = fit_confidence(asks, unknown_share=unknown_share, refuse=refuse)
    open_set = measure_confidence(asks, fitted, refuse=refuse, seed=seed)
    learned = None
    if bundle is not None and bundle.signs is not None:
        asked = np.unique(asking.sign)[np.unique(asks.sign)]
        learned = int(np.isin(asked, bundle.signs).sum())
    at, figures = open_set.at(refuse), open_set.figures["confidence"]
    counts = gallery.card.counts
    confidence = GalleryConfidence(
        **fitted.model_dump(),
        scoring=by.kind,  # pydantic refuses what ranks clips
        rerank=name,
        fitted_on=FittedOn(
            queries=tuple(queries),
            known_asks=int(asks.known.sum()),
            unknown_asks=int((~asks.known).sum()),
            query_signs=len(np.unique(asks.sign)),
            learned=learned,
            copies=copies,
            clips=counts.clips,
            signs=counts.signs,
            index=gallery.card.searched_by,
            signer_overlap=signers_shared(
                asking.signer, np.array(gallery.exemplars.values("signer")), "in the gallery"
            ),
            refuse=refuse,
            refused=_measured(at.refused),
            noticed=_measured(at.noticed),
            auroc=_measured(figures["auroc"]),
            error=_measured(figures["error_first"]),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )
    done = gallery.with_confidence(confidence)
    of_order = () if bundle is None else of_second_stage(bundle, name, why_not)
    notes = (*_notes(confidence), *of_order, *_learned_from(bundle, queries))
    return Calibrated(done, confidence, open_set, notes, time.monotonic() - start)


def _mirrors_alone_ask(gallery: Gallery, bundle: Bundle) -> bool:
    """Do queries have mirror images beside them, and the gallery's clips have not?

    ``GalleryError`` where the gallery does not keep what those of its own clips are made of.
    """
    if bundle.config.evaluate.mirror != "queries":
        return False
    if lacking := gallery.exemplars.without_landmarks():
        raise GalleryError(
            f"this model's queries ask with their mirror images, and gallery "
            f"{str(gallery.folder)!r} keeps no landmarks of {lacking:,} of its {len(gallery):,} "
            "clips to make those of; give --queries STORE:split"
        )
    return True


def _model(gallery: Gallery, model: str | None, *, needed: bool) -> Bundle | None:
    """The gallery's model; None where it is gone and not needed."""
    made_by = gallery.card.model
    name = model or made_by.name
    try:
        bundle = load_model(name, made_by.layout)
    except BundleError as error:
        if not needed and model is None:
            return None
        hint = "" if model else " (the gallery's model; type --model MODEL if it moved)"
        raise BundleError(f"{error}{hint}") from None
    gallery.check_model(bundle, name)
    return bundle


def _embedded(
    gallery: Gallery, bundle: Bundle, selections: Sequence[str], seed: int, say: Say
) -> Queries:
    """Clips with a sign, drawn before they are embedded, as a search does it."""
    parts = []
    for selection in selections:
        clips = load_selection(
            selection,
            synthetic=bundle.config.data.synthetic,
            empty_clips=gallery.card.config.empty_clips,
        )
        if not (named := clips.sign != "").any():
            raise DataError(f"no clip of {selection!r} has a sign; give clips whose sign is known")
        parts.append(clips.select(named))
    drawn = some(np.arange(sum(map(len, parts))), seed)
    embedder, mirror = bundle.embedder(), bundle.config.evaluate.mirror
    vectors, kept, sequences, start = [], [], [], 0
    for number, clips in enumerate(parts):
        own = drawn[(drawn >= start) & (drawn < start + len(clips))] - start
        start += len(clips)
        parts[number] = clips = clips.select(own)
        say(f"embedding {len(clips):,} clips of {selections[number]}")
        if len(clips):
            sequences.append(prepare_clips(clips, embedder.prepare, embedder.device))
            asks = embedder.embed_prepared(sequences[-1], mirror != "none").cpu().numpy()
            vectors.append(asks)
            if mirror == "queries":
                kept.append(embedder.embed_prepared(sequences[-1]).cpu().numpy())
    sign, signer = (
        np.concatenate([getattr(clips, name) for clips in parts]) for name in ("sign", "signer")
    )
    nowhere = np.full(len(sign), -1, dtype=np.int64)
    return Queries(
        np.concatenate(vectors),
        sign,
        nowhere,
        signer,
        np.concatenate(sequences),
        mirrored=mirror != "none",
        as_kept=np.concatenate(kept) if kept else None,
    )


def _learned_from(bundle: Bundle | None, selections: Sequence[str]) -> tuple[str, ...]:
    """A note on each selection that the model may have been trained on, as far as names tell."""
    if bundle is None:
        return (
            "the model is not there any more: had it asked with mirror images, these asked without",
        )
    data = bundle.config.data
    notes = []
    for selection in selections:
        store, split = parse_selection(selection)
        same = os.path.basename(os.path.normpath(store)) == os.path.basename(
            os.path.normpath(data.store)
        )
        if same and not (data.splits == "own" and split == "val"):
            notes.append(
                f"the model was trained on clips of {data.store!r} (data.splits={data.splits}): if "
                f"{selection!r} has some of them, all of this is far too good; give clips that it "
                "never saw"
            )
    return tuple(notes)


def _notes(confidence: GalleryConfidence) -> tuple[str, ...]:
    on = confidence.fitted_on
    notes = []
    if on.auroc.value < WEAK:
        notes.append(
            f"known and unknown signs are hardly told apart (AUROC {on.auroc.value:.2f}; .5 is "
            'guessing): where "not in this dictionary" is not said, the sign need not be there'
        )
    if confidence.threshold < PROBABLY:
        notes.append(
            f"the threshold ({confidence.threshold:.3g}) is below {PROBABLY}: so many are called "
            'unknown that a sign is more often here than not where "may not be in this dictionary" '
            "is said; a smaller --refuse raises it"
        )
    if not on.queries:
        notes.append(
            "the gallery's own clips asked: a model that has learned from them knows them better "
            "than any stranger's, and then all of this is far too good; give --queries"
        )
    if on.learned is None:
        notes.append("which signs the model has learned is not known")
    elif on.learned:
        notes.append(
            f"the model has learned {on.learned:,} of the {on.query_signs:,} signs; one that it "
            "never learned may be noticed far less often (on WLASL100 10 of 100, where of learned "
            "ones 68 were; data.splits=sign_disjoint trains without some)"
        )
    return tuple(notes)


def _measured(figure: Figure) -> Measured:
    return Measured(value=figure.value, low=figure.low, high=figure.high)
