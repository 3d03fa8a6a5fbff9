"""What a store that is there already spares an extraction that has grown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from raysign.errors import StoreError
from raysign.manifest import Outcome, is_uri
from raysign.store.opening import open_store
from raysign.store.read import stream_clips
from raysign.video.content import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from raysign.clip import Clip
    from raysign.manifest import VideoClip
    from raysign.pipeline.plan import Plan

Known = dict[int, Outcome]
"""By row number: what became of it last time."""

HASHING = 8
"""Videos that are read at a time to be compared."""
LABELS = ("sign", "signer", "split", "language", "dataset")


def check_whole(store: str, outcomes: Sequence[Outcome]) -> None:
    """``StoreError`` where clips that an extraction finished are not in its store any more."""
    ok = {outcome.clip_id for outcome in outcomes if outcome.outcome == "ok"}
    if lost := len(ok - _clip_ids(store)):
        raise StoreError(
            f"{lost} of the {len(ok)} clips that were extracted into {store!r} are not there any "
            "more; --update extracts them again"
        )


def check_nothing_goes(store: str, outcomes: Sequence[Outcome], plan: Plan, *, prune: bool) -> None:
    """``StoreError`` where clips, or all that is known of one kind, would go unasked.

    As after a manifest that says who signs, when the folder of the same videos is given again.
    """
    ids = {row.clip_id for row in plan.rows}
    clips = [o for o in outcomes if o.outcome == "ok"]
    gone = [o.clip_id for o in clips if o.clip_id not in ids]
    if gone and not prune:
        raise StoreError(
            f"{len(gone)} clips of {store!r} are not in the manifest ({gone[0]!r} is one), and an "
            "update gives the store that the manifest describes: add their rows, or give --prune "
            "to let the clips go"
        )
    for name in LABELS:
        known = [o.clip_id for o in clips if o.clip_id in ids and getattr(o, name)]
        if known and not prune and not any(getattr(row, name) for row in plan.rows):
            raise StoreError(
                f"{len(known)} clips of {store!r} have a {name} ({known[0]!r} is one), no row of "
                "the manifest has any; an update gives the store that the manifest describes: give "
                "the one that says it (a folder cannot), or --prune to let it go"
            )


def same_rows(
    store: str, outcomes: Sequence[Outcome], plan: Plan, say: Callable[[str], None]
) -> Known:
    """The rows that the store has an answer to, and no failure: the same clip_id, span and video.

    A local video is the same if its sha256 is, wherever it lies now. One that is not there any more
    cannot be looked at again: its clip stays. Of a URI the address alone is compared.
    """
    there = _clip_ids(store)
    before = {
        (o.clip_id, o.span): o
        for o in outcomes
        if o.outcome == "skipped" or (o.outcome == "ok" and o.clip_id in there)
    }
    candidates = [
        (number, row, before[row.clip_id, row.span])
        for number, row in enumerate(plan.rows)
        if (row.clip_id, row.span) in before and number not in plan.repeated
    ]
    if candidates:
        say(f"comparing {len(candidates):,} videos with those that the clips came from")
    with ThreadPoolExecutor(HASHING) as pool:
        same = list(pool.map(lambda c: _is_same(c[1], c[2]), candidates))
    gone = sum(verdict is None for verdict in same)
    if gone:
        say(f"note: {gone:,} videos are not there any more; their clips stay as they are")
    return {
        number: replace(outcome, path=row.path)
        for (number, row, outcome), verdict in zip(candidates, same, strict=True)
        if verdict is not False
    }


def _clip_ids(store: str) -> set[str]:
    return set(open_store(store).text("clip_id").tolist())


def _is_same(row: VideoClip, outcome: Outcome) -> bool | None:
    """None: it is not there any more."""
    if is_uri(row.path):
        return row.path == outcome.path
    if found := sha256(row.path):
        return found == outcome.sha256
    return None


class TakenOver:
    """The clips of :func:`same_rows`, labelled as the manifest has it now."""

    def __init__(self, store: str, plan: Plan, known: Known) -> None:
        self.plan, self.known = plan, known
        self._store = open_store(store) if known else None
        ids = self._store.text("clip_id").tolist() if self._store else []
        self._place = {clip_id: place for place, clip_id in enumerate(ids)}

    def clips(self, rows: Iterable[int]) -> Iterator[tuple[int, Clip]]:
        """Those of some rows, by number, in the order of the store."""
        numbers = {self.known[row].clip_id: row for row in rows}
        if self._store is None or not numbers:
            return
        keep = np.zeros(len(self._place), dtype=np.bool_)
        keep[[self._place[clip_id] for clip_id in numbers]] = True
        # Nothing is learned from clips that pass through here, so the sealed ones may.
        for clip in stream_clips(self._store, keep):
            number = numbers[clip.clip_id]
            labels = {name: getattr(self.plan.rows[number], name) for name in LABELS}
            yield number, replace(clip, **labels)
