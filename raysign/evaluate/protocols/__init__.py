"""Protocols: which queries ask which gallery, round by round, whatever the model."""

from __future__ import annotations

from raysign.evaluate.protocols.named import PROTOCOLS, rounds_of
from raysign.evaluate.protocols.rounds import Rounds

__all__ = ["PROTOCOLS", "Rounds", "rounds_of"]
