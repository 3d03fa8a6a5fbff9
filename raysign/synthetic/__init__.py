"""The synthetic sign world: sign-language clips from a seed, with no download and no licence."""

from __future__ import annotations

from raysign.synthetic.inventory import Inventory
from raysign.synthetic.performance import perform
from raysign.synthetic.signers import Signer
from raysign.synthetic.signs import PARAMETERS, MinimalPair, Sign, minimal_pairs
from raysign.synthetic.world import World, iter_clips

__all__ = [
    "PARAMETERS",
    "Inventory",
    "MinimalPair",
    "Sign",
    "Signer",
    "World",
    "iter_clips",
    "minimal_pairs",
    "perform",
]
