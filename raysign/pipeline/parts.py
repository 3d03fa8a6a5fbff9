"""The parts of an extraction that are not finished yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from raysign.clip import Clip
    from raysign.manifest import Outcome
    from raysign.pipeline.known import TakenOver
    from raysign.pipeline.plan import Plan
    from raysign.store import Draft


class Parts:
    """Collects what comes in any order, and commits each part as soon as it is whole."""

    def __init__(self, draft: Draft, plan: Plan, taken_over: TakenOver) -> None:
        self.draft, self.plan, self.taken_over = draft, plan, taken_over
        self.open: dict[int, dict[int, tuple[Clip | None, Outcome]]] = {}

    def begin(self, parts: Iterable[int]) -> None:
        """Open parts, with all that is known of them, and commit those of which that is all."""
        answered = {**self.plan.repeated, **self.taken_over.known}
        whole: list[int] = []
        for part in parts:
            rows = self.plan.rows_of(part)
            self.open[part] = {
                row: (None, self._as_listed(row, answered[row])) for row in rows if row in answered
            }
            if len(self.open[part]) == len(rows):
                whole.append(part)
        # In one stream; the clips of the others are read when their last row is there, so that
        # they do not wait in memory for it.
        lacks = Counter(self.plan.part_of(row) for row in self._with_clip(whole))
        for part in whole:
            if not lacks[part]:
                self._commit(part)
        for number, clip in self.taken_over.clips(self._with_clip(whole)):
            self._put(number, clip)
            part = self.plan.part_of(number)
            lacks[part] -= 1
            if not lacks[part]:
                self._commit(part)

    def add(self, number: int, clip: Clip | None, outcome: Outcome) -> None:
        """Take what came out of a row."""
        part = self.plan.part_of(number)
        self.open[part][number] = clip, self._as_listed(number, outcome)
        if len(self.open[part]) == len(self.plan.rows_of(part)):
            for row, known in self.taken_over.clips(self._with_clip([part])):
                self._put(row, known)
            self._commit(part)

    def _as_listed(self, number: int, outcome: Outcome) -> Outcome:
        """With the span and the labels that the manifest has now."""
        row = self.plan.rows[number]
        return replace(outcome, span=row.span, **row.labels)

    def _with_clip(self, parts: Iterable[int]) -> list[int]:
        """Rows whose clip is taken over."""
        known = self.taken_over.known
        rows = (row for part in parts for row in self.plan.rows_of(part) if row in known)
        return [row for row in rows if known[row].outcome == "ok"]

    def _put(self, number: int, clip: Clip) -> None:
        rows = self.open[self.plan.part_of(number)]
        rows[number] = clip, rows[number][1]

    def _commit(self, part: int) -> None:
        found = self.open[part]
        clips = [found[row][0] for row in sorted(found)]
        self.draft.commit(
            part, [c for c in clips if c is not None], [found[row][1] for row in sorted(found)]
        )
        del self.open[part]
