"""A training run: clips → prepared once → the engine on Ray Train's workers → a bundle."""

from raysign.train.bundling import bundle_of
from raysign.train.figures import figure, protocol
from raysign.train.fusing import Fused, fuse, in_words
from raysign.train.material import Material
from raysign.train.members import Member
from raysign.train.run import Trained, train

__all__ = [
    "Fused",
    "Material",
    "Member",
    "Trained",
    "bundle_of",
    "figure",
    "fuse",
    "in_words",
    "protocol",
    "train",
]
