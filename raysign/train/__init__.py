"""A training run: clips → prepared once → the engine on Ray Train's workers → a bundle."""

from raysign.train.bundling import bundle_of
from raysign.train.figures import figure, protocol
from raysign.train.material import Material
from raysign.train.run import Trained, train

__all__ = ["Material", "Trained", "bundle_of", "figure", "protocol", "train"]
