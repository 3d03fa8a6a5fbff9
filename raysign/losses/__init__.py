"""The losses, each pytorch-metric-learning's own, behind one signature.

Embeddings and signs → a number. Each comes from its config (``raysign.config.loss``), where its
formula's source stands. ``Reconstruction`` alone asks for more: it reads frames, and what was
hidden of them.
"""

from raysign.losses.arcface import ArcFace
from raysign.losses.build import WeightedSum, build_loss
from raysign.losses.classifier import LinearClassifier
from raysign.losses.memory import Memory
from raysign.losses.reconstruction import Reconstruction

__all__ = [
    "ArcFace",
    "LinearClassifier",
    "Memory",
    "Reconstruction",
    "WeightedSum",
    "build_loss",
]
