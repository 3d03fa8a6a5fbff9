"""Measuring keyword search: every word of a vocabulary ranks all sentences.

``evaluate`` measures one model, with and without its context models, beside what chance and the
words' frequencies give; ``raysign.evaluate.keywords.table`` sets several beside what was published.
"""

from __future__ import annotations

from raysign.evaluate.keywords.result import KeywordEvaluation
from raysign.evaluate.keywords.run import evaluate

__all__ = ["KeywordEvaluation", "evaluate"]
