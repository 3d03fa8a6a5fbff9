"""The training of keyword search: prepared sentences, batches by length, and the loop over them."""

from raysign.engine.keywords.scoring import logits_of, probabilities
from raysign.engine.keywords.sentences import Part, PreparedSentences, TrainingSentences
from raysign.engine.keywords.training import KeywordTraining

__all__ = [
    "KeywordTraining",
    "Part",
    "PreparedSentences",
    "TrainingSentences",
    "logits_of",
    "probabilities",
]
