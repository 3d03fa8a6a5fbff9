"""Who asks in draws of supports: how many, how many are copies, and who meets their own signer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from raysign.evaluate.protocols.rounds import Rounds
from raysign.evaluate.protocols.tally import pairs
from raysign.evaluate.sides import Sides


def persons(sides: Sides) -> tuple[Int64[np.ndarray, "query"], Int64[np.ndarray, "clip"]]:
    """A number for each signer of one sign, of queries and of gallery clips."""
    signers = np.unique(np.concatenate([sides.asking.signer, sides.searched.signer]))
    return pairs(
        sides.query_sign,
        np.searchsorted(signers, sides.asking.signer),
        sides.gallery_sign,
        np.searchsorted(signers, sides.searched.signer),
    )


def asked_card(sides: Sides, queries: Sequence[Int64[np.ndarray, "_"]]) -> dict[str, Any]:
    """How many clips, and of how many signs, ask in any draw, and in one on average."""
    everyone = np.concatenate(queries)
    return {
        "query_clips": len(np.unique(everyone)),
        "queries_a_draw": len(everyone) / len(queries),
        "signs_asked": len(np.unique(sides.query_sign[everyone])),
    }


def copies_card(
    sides: Sides, before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> dict[str, Any]:
    """How many queries were left out as copies: in any draw, and in one on average."""
    gone = [np.setdiff1d(were, are) for were, are in zip(before, after, strict=True)]
    return {
        "copies_left_out": len(np.unique(np.concatenate(gone))),
        "copies_a_draw": sum(map(len, gone)) / len(gone),
    }


def copies_line(card: dict[str, Any]) -> str:
    """The same for people; empty where no query was one."""
    if not card.get("copies_left_out"):
        return ""
    return (
        f"{card['copies_left_out']:,} queries are byte-identical to a clip that is searched, and "
        f"are left out of the draws where it is: {card['copies_a_draw']:,.1f} a draw"
    )


def own_signer(sides: Sides, rounds: Rounds, shots: int) -> str:
    """How many queries find a support by their own signer among the first ``shots`` of their sign.

    Args:
        sides: what the rounds are of.
        rounds: galleries sign by sign, ``rounds.card["shots"]`` clips each.
        shots: 1 to that number.
    """
    query_person, clip_person = persons(sides)
    known = sides.asking.signer != ""
    meets = of = 0
    for asks, supports in zip(rounds.queries, rounds.galleries, strict=True):
        first = supports.reshape(-1, rounds.card["shots"])[:, :shots].ravel()
        named = asks[known[asks]]
        of += len(named)
        meets += int(np.isin(query_person[named], clip_person[first]).sum())
    if not of:
        return "no query's signer is known"
    share = of / len(rounds.asked)
    who = "queries" if share == 1 else f"queries whose signer is known ({100 * share:.0f} %)"
    return f"{100 * meets / of:.0f} % of the {who} find a support by their own signer"
