"""Draws of one query and a few gallery clips a sign: the AUTSL protocol, whatever the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from raysign.errors import ConfigError, SplitError
from raysign.evaluate.protocols.rounds import Rounds
from raysign.evaluate.protocols.tally import first_of_each, how_often, pairs
from raysign.evaluate.sides import Sides

DRAWS, SHOTS = 100, 4
"""Of the AUTSL protocol: 4 gallery clips a sign as published, and enough draws to average."""


def drawn(
    sides: Sides, *, draws: int, shots: int, seed: int, signer_disjoint: bool = False
) -> Rounds:
    """``draws`` times, of each sign: one query, and ``shots`` other clips for the gallery.

    A query is drawn from those for which the gallery holds enough clips of its sign: other clips
    than itself, and with ``signer_disjoint`` of other signers. Signs without such a query are left
    out, and so are, with ``signer_disjoint``, clips without a signer. Draw i depends on the seed
    and on i alone, so more draws add to the same ones.

    Raises:
        ConfigError: ``draws`` or ``shots`` below 1.
        SplitError: fewer than two signs are left, or no signer is known.
    """
    if draws < 1 or shots < 1:
        raise ConfigError(f"--draws and --shots must be 1 or more, got {draws} and {shots}")
    fit = _Fit.of(sides, shots, signer_disjoint)
    query, clip = np.flatnonzero(fit.asks), np.flatnonzero(fit.searched)
    signs, sign_of_query = np.unique(sides.query_sign[query], return_inverse=True)
    clip = clip[np.isin(sides.gallery_sign[clip], signs)]
    sign_of_clip = np.searchsorted(signs, sides.gallery_sign[clip])
    queries, galleries = [], []
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        asks = query[first_of_each(sign_of_query, rng.random(len(query)), 1)]
        turn = rng.random(len(clip))
        turn[~fit.may_answer(asks[sign_of_clip], clip)] = np.inf
        queries.append(asks)
        galleries.append(clip[first_of_each(sign_of_clip, turn, shots)])
    other = " and another signer than the query's" if signer_disjoint else ""
    card = {
        "hit": f"a gallery clip of the query's sign{other}; cosine, clip level",
        "draws": draws,
        "shots": shots,
        "query_clips": len(query),
        "gallery_clips": len(signs) * shots,
        "signs": len(signs),
        "signs_left_out": len(np.unique(sides.query_sign)) - len(signs),
        "clips_left_out": fit.without_signer,
        "seed": seed,
    }
    return Rounds(tuple(queries), tuple(galleries), card)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Which clips may ask, and be searched; ``query`` and ``clip`` tell forbidden pairs apart."""

    asks: Bool[np.ndarray, "query"]
    searched: Bool[np.ndarray, "clip"]
    query: Int64[np.ndarray, "query"]
    clip: Int64[np.ndarray, "clip"]
    without_signer: int

    @classmethod
    def of(cls, sides: Sides, shots: int, signer_disjoint: bool) -> _Fit:
        knows = np.ones(len(sides.asking), bool), np.ones(len(sides.searched), bool)
        query, clip, missing = sides.query_key, sides.gallery_key, 0
        if signer_disjoint:
            knows = sides.asking.signer != "", sides.searched.signer != ""
            if not all(side.any() for side in knows):
                empty = sides.gallery if knows[0].any() else sides.queries
                raise SplitError(
                    f"signer_disjoint_draws needs signers, and no clip of {empty!r} has one; "
                    "type --protocol draws"
                )
            # a query's own clip has its signer too, so it is left out with them
            signers = np.unique(np.concatenate([sides.asking.signer, sides.searched.signer]))
            query = np.searchsorted(signers, sides.asking.signer)
            clip = np.searchsorted(signers, sides.searched.signer)
            missing = int((~knows[0]).sum())
            if sides.searched is not sides.asking:
                missing += int((~knows[1]).sum())
        there = knows[1]
        same_sign = how_often(sides.gallery_sign[there], sides.query_sign)
        numbered = pairs(sides.gallery_sign, clip, sides.query_sign, query)
        left = same_sign - how_often(numbered[0][there], numbered[1])
        asks = knows[0] & (left >= shots)
        if len(np.unique(sides.query_sign[asks])) < 2:
            most = int(left[knows[0]].max())
            of = " of other signers" if signer_disjoint else ""
            raise SplitError(
                f"fewer than 2 signs have a query and {shots} more clips{of} in "
                f"{sides.gallery!r}, where a query has {most} at most; lower --shots, or give a "
                "--gallery with more clips a sign"
            )
        return cls(asks, there, query, clip, missing)

    def may_answer(
        self, asks: Int64[np.ndarray, "pair"], clip: Int64[np.ndarray, "pair"]
    ) -> Bool[np.ndarray, "pair"]:
        apart: Bool[np.ndarray, "pair"] = self.query[asks] != self.clip[clip]
        return apart
