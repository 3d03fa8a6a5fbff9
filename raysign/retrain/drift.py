"""How the data drifted since the champion learned: signs, signers, lengths, hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from raysign.errors import RaysignError, TrackingError
from raysign.retrain.profile import QUANTILES, Profile, fingerprint_of
from raysign.sources import load_split
from raysign.tracking import recorded_text

if TYPE_CHECKING:
    from raysign.bundle import Bundle
    from raysign.config import DataConfig
    from raysign.tracking import Tracker, Version

PROFILE = "data.json"
"""Where a run keeps its profile among its artifacts."""
SHOWN = 10
"""Signs whose number of clips changed most."""


@dataclass(frozen=True)
class Change:
    """Names then and now."""

    then: int
    now: int
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @classmethod
    def of(cls, then: Mapping[str, int], now: Mapping[str, int]) -> Self:
        was, is_now = set(then) - {""}, set(now) - {""}
        new, gone = sorted(is_now - was), sorted(was - is_now)
        return cls(len(was), len(is_now), tuple(new), tuple(gone))

    def as_json(self) -> dict[str, Any]:
        return {
            "then": self.then,
            "now": self.now,
            "new": list(self.new),
            "gone": list(self.gone),
        }


@dataclass(frozen=True)
class Drift:
    """The data of candidate and champion."""

    now: Profile
    then: Profile | None
    """None where the champion's clips are not at hand; ``signs`` is by its glosses then."""
    then_fingerprint: str
    """'' where its card does not tell."""
    signs: Change | None
    """None where nobody knows what the champion learned."""
    signers: Change | None
    grown: tuple[tuple[str, int, int], ...]
    """Signs whose number of clips changed most: sign, then, now."""

    @classmethod
    def of(cls, now: Profile, then: Profile | None, champion: Bundle | None) -> Self:
        data = {} if champion is None else champion.card.get("data")
        known = str(data.get("fingerprint", "")) if isinstance(data, dict) else ""
        glosses = None if champion is None or champion.signs is None else champion.signs
        if then is None:
            was = None if glosses is None else dict.fromkeys(glosses, 0)
            signs = None if was is None else Change.of(was, now.signs)
            return cls(now, None, known, signs, None, ())
        changes = [
            (sign, then.signs.get(sign, 0), now.signs.get(sign, 0))
            for sign in {*then.signs, *now.signs}
        ]
        grown = sorted(
            (row for row in changes if row[1] != row[2]),
            key=lambda row: (-abs(row[2] - row[1]), row[0]),
        )
        return cls(
            now,
            then,
            then.fingerprint,
            Change.of(then.signs, now.signs),
            Change.of(then.signers, now.signers),
            tuple(grown[:SHOWN]),
        )

    @property
    def same(self) -> bool:
        """Whether the candidate learned from the very clips that the champion learned from."""
        return self.then_fingerprint == self.now.fingerprint

    def lines(self) -> list[str]:
        """The drift for people."""
        now, then = self.now, self.then
        if self.same:
            return [f"the data are those that the champion learned from ({now.fingerprint})"]
        told = [f"data {now.fingerprint}, the champion's {self.then_fingerprint or 'not known'}"]
        if then is None:
            told.append("the champion's clips are not at hand: only its glosses are compared")
        else:
            told.append(
                f"train clips: {then.clips:,} then, {now.clips:,} now; queries {then.queries:,} "
                f"then, {now.queries:,} now"
            )
        for name, change in (("signs", self.signs), ("signers", self.signers)):
            if change is not None:
                told.append(
                    f"{name}: {change.then:,} then, {change.now:,} now; "
                    f"{_named(change.new, 'new')}; {_named(change.gone, 'gone')}"
                )
        if then is not None:
            for title, was, is_now, unit in (
                ("length of a clip", then.length_s, now.length_s, " s"),
                ("frames with a hand", then.hands, now.hands, ""),
            ):
                if was and is_now:
                    told.append(f"{title}: {_spread(was, unit)} then, {_spread(is_now, unit)} now")
        return told

    def as_json(self) -> dict[str, Any]:
        return {
            "same": self.same,
            "data": self.now.fingerprint,
            "champion_data": self.then_fingerprint or None,
            "signs": self.signs.as_json() if self.signs else None,
            "signers": self.signers.as_json() if self.signers else None,
            "clips": {"now": self.now.clips, "then": self.then.clips if self.then else None},
            "percentiles": list(QUANTILES),
            "length_s": _pair(self, "length_s"),
            "hands": _pair(self, "hands"),
            "clips_a_sign": [
                {"sign": sign, "then": was, "now": is_now} for sign, was, is_now in self.grown
            ],
        }


def champions_profile(
    tracker: Tracker,
    version: Version,
    champion: Bundle,
    now: tuple[DataConfig, Profile] | None = None,
) -> Profile | None:
    """What the champion learned from; None where neither its run nor its store tells.

    A run of ``raysign retrain`` keeps it. Else the store is read again, and counts where it holds
    the very clips that the champion's card names; ``now`` is what was read already.
    """
    if version.run_id:
        try:
            return Profile.read(json.loads(recorded_text(tracker, version.run_id, PROFILE)))
        except (TrackingError, ValueError, TypeError, KeyError):
            pass  # another kind of run
    data = champion.card.get("data")
    wanted = data.get("fingerprint") if isinstance(data, dict) else None
    if now is not None and now[0] == champion.config.data and now[1].fingerprint == wanted:
        return now[1]
    try:
        split = load_split(champion.config.data, unlabelled=not champion.config.by_sign)
    except RaysignError:
        return None
    if wanted != fingerprint_of(split):
        return None
    return Profile.of(split, champion.config.data.store)


def _named(names: tuple[str, ...], how: str, shown: int = 8) -> str:
    if not names:
        return f"none {how}"
    more = ", …" if len(names) > shown else ""
    return f"{len(names):,} {how} ({', '.join(names[:shown])}{more})"


def _spread(percentiles: tuple[float, ...], unit: str) -> str:
    low, middle, high = np.interp([5, 50, 95], QUANTILES, percentiles)
    return f"median {middle:.2f}{unit} ({low:.2f}–{high:.2f} in 90 % of clips)"


def _pair(drift: Drift, name: str) -> dict[str, list[float] | None]:
    then = None if drift.then is None else list(getattr(drift.then, name))
    return {"now": list(getattr(drift.now, name)), "then": then}
