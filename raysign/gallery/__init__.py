"""Galleries: embeddings to search in, on disk and memory-mapped. The only room that knows Faiss.

gallery = Gallery.open("galleries/asl")
gallery.check_model(bundle, "runs/asl/bundle")
hits = gallery.search(embeddings, k=10)  # hits.scores, hits.of(0)
"""

from __future__ import annotations

from raysign.gallery.by_sign import SignHit, score_signs, search_signs
from raysign.gallery.card import GalleryCard, MadeBy, read_card
from raysign.gallery.confidence import FittedOn, GalleryConfidence, Measured, evidence
from raysign.gallery.exemplars import Exemplar, Exemplars
from raysign.gallery.gallery import Gallery
from raysign.gallery.hits import Hits
from raysign.gallery.saving import refuse_taken
from raysign.gallery.tune import Tuned

__all__ = [
    "Exemplar",
    "Exemplars",
    "FittedOn",
    "Gallery",
    "GalleryCard",
    "GalleryConfidence",
    "Hits",
    "MadeBy",
    "Measured",
    "SignHit",
    "Tuned",
    "evidence",
    "read_card",
    "refuse_taken",
    "score_signs",
    "search_signs",
]
