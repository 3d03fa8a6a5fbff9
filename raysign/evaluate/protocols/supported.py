"""A few support clips a sign are the dictionary, and all other clips ask: one-shot and k-shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from raysign.errors import ConfigError, SplitError
from raysign.evaluate.protocols.asked import asked_card, copies_card, own_signer, persons
from raysign.evaluate.protocols.rounds import Rounds
from raysign.evaluate.protocols.tally import first_of_each, how_often, such_as
from raysign.evaluate.sides import Sides

SUPPORT_DRAWS = 20
"""Every other clip asks in every draw, so that few draws say much."""
PURPOSE = 1
"""Of its random numbers: those of other purposes under the same seed have other keys."""


def supported(
    sides: Sides,
    *,
    draws: int,
    shots: int,
    seed: int,
    other_signers: bool = False,
    any_signer: str = "--protocol k_shot --shots {}",
) -> Rounds:
    """``draws`` times: of each sign ``shots`` support clips are the gallery, and other clips ask.

    All signs with so many gallery clips are searched, also those that nobody asks for; the others
    are left out. With ``other_signers`` a clip asks only where its signer made no support of its
    sign, and clips without a signer are left out. A clip to which a support of the draw, of
    whatever sign, is byte-identical does not ask in it. A support is drawn from the clips beside
    which somebody can ask, and only where these are too few from the sign's others; where supports
    could be all of a sign's queries, one of these, drawn too, is none. Draw i depends on the seed
    and on i alone. ``any_signer`` is what to type for any clip to ask, after the shots.

    Returns:
        Rounds whose galleries stand sign by sign, ``shots`` clips each in the order in which they
        were drawn, so that the first few of each sign are a draw of fewer shots.

    Raises:
        ConfigError: ``draws`` or ``shots`` below 1.
        SplitError: fewer than two signs can be asked for, or no signer is known.
    """
    if draws < 1 or shots < 1:
        raise ConfigError(f"--draws and --shots must be 1 or more, got {draws} and {shots}")
    fit = _Fit.of(sides, shots, other_signers)
    fit.check(sides, shots, other_signers, any_signer)
    clip = np.flatnonzero(fit.may_support & fit.searched[sides.gallery_sign])
    query = np.flatnonzero(fit.may_ask & fit.asked[sides.query_sign])
    spared = np.flatnonzero(fit.spares_a_query[clip])
    mine, theirs = sides.content_keys()
    queries, galleries, apart = [], [], []
    for number in range(draws):
        rng = np.random.default_rng([seed, number, PURPOSE])
        turn = rng.random(len(clip)) + ~fit.leaves_a_query[clip]
        free = first_of_each(sides.gallery_sign[clip[spared]], rng.random(len(spared)), 1)
        turn[spared[free]] = np.inf
        supports = clip[first_of_each(sides.gallery_sign[clip], turn, shots)]
        own = np.isin(fit.query_person, fit.clip_person[supports])
        taken = own if other_signers else np.isin(sides.query_key, sides.gallery_key[supports])
        apart.append(query[~taken[query]])
        queries.append(apart[-1][~np.isin(mine[apart[-1]], theirs[supports])])
        galleries.append(supports)
    check_asked(sides, queries, shots)
    lone = np.flatnonzero(~fit.searched)
    other = ", by another signer than the query's" if other_signers else ""
    card = {
        "hit": f"a support clip of the query's sign{other}; cosine, clip level",
        "draws": draws,
        "shots": shots,
        **asked_card(sides, queries),
        **copies_card(sides, apart, queries),
        "gallery_clips": int(fit.searched.sum()) * shots,
        "signs": int(fit.searched.sum()),
        "signs_left_out": len(lone),
        "signs_left_out_such_as": such_as(sides.signs[lone]),
        "clips_left_out": fit.without_signer,
        "own_signer": "no query finds a support by its own signer",
        "seed": seed,
    }
    rounds = Rounds(tuple(queries), tuple(galleries), card)
    if other_signers:
        return rounds
    return replace(rounds, card={**card, "own_signer": own_signer(sides, rounds, shots)})


def check_asked(sides: Sides, queries: Sequence[Int64[np.ndarray, "_"]], shots: int) -> None:
    """``SplitError`` where the draws left queries of fewer than two signs."""
    asked = len(np.unique(sides.query_sign[np.concatenate(queries)]))
    if asked < 2:
        mend = f"type --shots {shots - 1}" if shots > 1 else "give --queries of more clips a sign"
        raise SplitError(
            f"beside {shots} support clips a sign, {asked} of 2 signs that are needed have a query "
            f"left in {len(queries)} draws of {sides.queries!r}: their signers are among the "
            f"supports, or they are copies of a clip that is searched; {mend}"
        )


@dataclass(frozen=True, eq=False)
class _Fit:
    """Which clips and signs have a part in it; a *person* is a signer of one sign, numbered."""

    may_support: Bool[np.ndarray, "clip"]
    may_ask: Bool[np.ndarray, "query"]
    leaves_a_query: Bool[np.ndarray, "clip"]
    spares_a_query: Bool[np.ndarray, "clip"]
    """The queries of signs whose supports could be all of them: one is to be none."""
    clip_person: Int64[np.ndarray, "clip"]
    query_person: Int64[np.ndarray, "query"]
    searched: Bool[np.ndarray, "sign"]
    asked: Bool[np.ndarray, "sign"]
    shots_at_most: Int64[np.ndarray, "sign"]
    """With how many supports a sign can still be asked for; 0 = with none."""
    without_signer: int

    @classmethod
    def of(cls, sides: Sides, shots: int, other_signers: bool) -> _Fit:
        signs = len(sides.signs)
        may_ask, may_support = np.ones(len(sides.asking), bool), np.ones(len(sides.searched), bool)
        missing = 0
        if other_signers:
            may_ask, may_support = sides.asking.signer != "", sides.searched.signer != ""
            missing = int((~may_ask).sum())
            missing += 0 if sides.searched is sides.asking else int((~may_support).sum())
        query_person, clip_person = persons(sides)
        clips = np.bincount(sides.gallery_sign[may_support], minlength=signs)
        asking = np.bincount(sides.query_sign[may_ask], minlength=signs)
        if other_signers:
            beside = asking[sides.gallery_sign] - how_often(query_person[may_ask], clip_person)
            leaves, spares = may_support & (beside > 0), np.zeros_like(may_support)
            own = how_often(clip_person[may_support], query_person)
            most = np.zeros(signs, np.int64)
            np.maximum.at(most, sides.query_sign, may_ask * (clips[sides.query_sign] - own))
        else:
            leaves, asks = may_support, np.isin(sides.gallery_key, sides.query_key)
            both = np.bincount(sides.gallery_sign[asks], minlength=signs)
            # where every query is a gallery clip too, one has to stay out of the supports
            most = np.where(asking > both, clips, np.where(asking > 0, clips - 1, 0))
            within = (asking == both) & (asking <= shots) & (most >= shots)
            spares = asks & within[sides.gallery_sign]
        return cls(
            may_support,
            may_ask,
            leaves,
            spares,
            clip_person,
            query_person,
            clips >= shots,
            most >= shots,
            np.maximum(most, 0),
            missing,
        )

    def check(self, sides: Sides, shots: int, other_signers: bool, any_signer: str) -> None:
        """``SplitError`` where fewer than two signs can be asked for."""
        if not (self.may_ask.any() and self.may_support.any()):
            empty = sides.gallery if self.may_ask.any() else sides.queries
            raise SplitError(
                f"queries by other signers need signers, and no clip of {empty!r} has one; type "
                f"{any_signer.format(shots)}, where any clip asks"
            )
        if self.asked.sum() >= 2:
            return
        enough = int(np.sort(self.shots_at_most)[-2]) if len(self.shots_at_most) > 1 else 0
        mend = f"type --shots {enough}" if enough else "give a --gallery with more clips a sign"
        by = " of another signer" if other_signers else ""
        poor = np.flatnonzero(~self.asked)
        raise SplitError(
            f"{shots}-shot needs 2 signs with {shots} support clips in {sides.gallery!r} and a "
            f"query{by} beside them; {len(poor):,} of {len(self.asked):,} signs have not "
            f"({such_as(sides.signs[poor])}); {mend}"
        )
