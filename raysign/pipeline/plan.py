"""What an extraction has to do: the rows of a manifest, in parts that are committed whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from raysign.errors import DataError
from raysign.manifest import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from raysign.manifest import VideoClip


@dataclass(frozen=True)
class Plan:
    """The rows in the manifest's order; part p has the rows from ``p * rows_per_part`` on.

    How they are cut depends on nothing but the manifest, so the store is the same however many work
    on it.
    """

    rows: tuple[VideoClip, ...]
    rows_per_part: int

    def __post_init__(self) -> None:
        if not self.rows:
            raise DataError("the manifest has no rows: there is nothing to extract")

    @property
    def parts(self) -> range:
        """The numbers of all parts."""
        return range(-(-len(self.rows) // self.rows_per_part))

    def rows_of(self, part: int) -> range:
        """The row numbers of a part."""
        first = part * self.rows_per_part
        return range(first, min(first + self.rows_per_part, len(self.rows)))

    def part_of(self, row: int) -> int:
        """The part that a row number is in."""
        return row // self.rows_per_part

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits over all rows."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(json.dumps(asdict(row), sort_keys=True).encode() + b"\n")
        return digest.hexdigest()[:16]

    @cached_property
    def repeated(self) -> dict[int, Outcome]:
        """The outcome of each row whose clip_id an earlier row has: a store has each id once."""
        first: dict[str, int] = {}
        found = {}
        for number, row in enumerate(self.rows):
            before = first.setdefault(row.clip_id, number)
            if before != number:
                reason = f"its clip_id came before, in row {before + 1}: {self.rows[before].path}"
                found[number] = Outcome(row.clip_id, row.path, "failed", reason)
        return found

    def todo(self, finished: Collection[int]) -> Iterator[tuple[int, VideoClip]]:
        """The rows that have to be looked at, by number, without those of the finished parts."""
        for part in self.parts:
            if part in finished:
                continue
            for number in self.rows_of(part):
                if number not in self.repeated:
                    yield number, self.rows[number]

    def about(self, extractor: dict[str, Any]) -> dict[str, Any]:
        """All that decides about the store's content, in JSON's types."""
        return {
            "extractor": extractor,
            "manifest": {"rows": len(self.rows), "fingerprint": self.fingerprint},
        }


def counted(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many are ok, skipped and failed."""
    counts = {"ok": 0, "skipped": 0, "failed": 0}
    for outcome in outcomes:
        counts[outcome.outcome] += 1
    return counts
