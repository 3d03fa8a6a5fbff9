"""Keyword search's two tables, as they were published.

Tamer and Saraçlar: *Improving Keyword Search Performance in Sign Language with Context Modeling*,
LREC 2020, 9th Workshop on the Representation and Processing of Sign Languages, tables 1 and 2; of
the 642 test sentences of RWTH-PHOENIX-Weather 2014T, over 398 glosses and 942 words. To check:
table 1 repeats table 2's MLP column for words, and section 5.2 the best mAP, 14.56 %.
"""

from __future__ import annotations

from collections.abc import Mapping

from raysign.keywords.context import PLAIN

SOURCE = (
    "Tamer and Saraçlar, Improving Keyword Search Performance in Sign Language with Context "
    "Modeling, LREC 2020 sign-lang workshop, tables 1 and 2: 642 test sentences of "
    "RWTH-PHOENIX-Weather 2014T, 398 glosses and 942 words"
)
JOINTS = {
    "body": "upper body (13 joints)",
    "dominant": "+ dominant hand (34)",
    "both": "+ both hands (55)",
}
"""The layouts in the tables' order, and what they are called."""
KINDS = {"gloss": "gloss search", "translation": "word search"}
PUBLISHED: Mapping[tuple[str, str, str], Mapping[str, float]] = {
    (kind, joints, system): {"map": ap / 100, "max_f1": f1 / 100}
    for kind, joints, system, ap, f1 in (
        ("gloss", "body", PLAIN, 24.29, 26.40),
        ("gloss", "dominant", PLAIN, 29.91, 33.53),
        ("gloss", "both", PLAIN, 29.22, 32.80),
        ("translation", "body", PLAIN, 11.62, 14.66),
        ("translation", "dominant", PLAIN, 13.66, 16.10),
        ("translation", "both", PLAIN, 13.01, 16.40),
        ("translation", "body", "tfidf", 11.94, 14.90),
        ("translation", "dominant", "tfidf", 13.78, 16.28),
        ("translation", "both", "tfidf", 13.80, 16.69),
        ("translation", "body", "mlp", 12.49, 15.18),
        ("translation", "dominant", "mlp", 13.18, 15.62),
        ("translation", "both", "mlp", 14.56, 16.15),
    )
}
"""By kind of word, joints and context model; 0–1."""
REPORTED = {"gloss": PLAIN, "translation": "mlp"}
"""What table 1 gives of each kind."""
