"""What a training run of keyword search reads and leaves behind; :func:`raysign.train.train` runs
it.
"""

from raysign.train.keywords.material import KeywordMaterial, prepare_sentences
from raysign.train.keywords.reading import SentenceSplit, read_sentences

__all__ = ["KeywordMaterial", "SentenceSplit", "prepare_sentences", "read_sentences"]
