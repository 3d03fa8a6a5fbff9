"""What was published of one-shot search in a language that the encoder never learned.

*Representing Signs as Signs: One-Shot ISLR to Facilitate Functional Sign Language Technologies*,
arXiv 2502.20171: trained on ASL, one support clip each of 10,235 signs of Flemish Sign Language.
"""

from __future__ import annotations

from raysign.ranking import short, spoken

ONE_SHOT = {"recall_at_1": 0.374, "recall_at_5": 0.670, "mrr": 0.508}
ONE_SHOT_SIGNS = 10_235


def one_shot_line() -> str:
    """The figures for people, and what they are of."""
    figures = "  ".join(f"{spoken(name)} {short(value)}" for name, value in ONE_SHOT.items())
    return (
        f"published, one shot of {ONE_SHOT_SIGNS:,} Flemish signs, trained on ASL (arXiv "
        f"2502.20171): {figures}; other clips than these: a gap does not say which is better"
    )
