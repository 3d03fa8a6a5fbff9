"""Measuring a model: who asks, who is searched, what counts as a hit, and how sure the figures are.

Protocols:

* ``clips``: every query clip ranks every gallery clip.
* ``leave_one_out``: the same of a selection's clips among themselves: each is taken out of the
  gallery while it asks.
* ``draws``: of each sign, one query and a few gallery clips (``shots``), drawn at random, many
  times: how signs are looked up in a language that nobody trained on (the AUTSL protocol of the
  reverse dictionary, LREC 2026: 4 + 1 clips of 226 signs).
* ``signer_disjoint_draws``: the same; a query's signer is none of its sign's gallery signers.
* ``one_shot``: one support clip a sign is the gallery, all other clips of other signers ask; many
  draws of the supports (a dictionary with one recording a sign: arXiv 2502.20171).
* ``k_shot``: ``shots`` support clips a sign, and all other clips ask, whoever made them.

In all of them clips are ranked by cosine, a hit is a clip of the query's sign, and a clip is never
its own answer. ``raysign.evaluate.table`` sets several models beside what was published,
``raysign.evaluate.growth`` says how the figures fall as a dictionary grows.
"""

from __future__ import annotations

from raysign.evaluate.model import load_model
from raysign.evaluate.protocols import PROTOCOLS
from raysign.evaluate.run import Comparison, Evaluation, evaluate

__all__ = ["PROTOCOLS", "Comparison", "Evaluation", "evaluate", "load_model"]
