"""The takes of everybody who asks, each under an id that nobody can guess."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.serve.problems import Refused

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.serve.words import Take

MOST_BYTES = 500_000_000
"""Of all takes together; half a minute of a camera has 1 MB."""
ID_BYTES = 16
"""Of an id; twice as many hexadecimal digits."""


def new_id() -> str:
    """128 random bits."""
    return secrets.token_hex(ID_BYTES)


@dataclass(eq=False)
class Kept:
    """A take, and its landmarks."""

    take: Take
    clip: Clip
    kept: bool = False
    """Whether its owner has it among the kept queries already."""
    asked: bool = False
    """Whether somebody has asked with it: only the first answer waited for its landmarks."""
    used_s: float = 0.0
    """When somebody last did; of the monotonic clock."""

    @property
    def nbytes(self) -> int:
        """Of its landmarks and its drawing."""
        confidence = self.clip.confidence
        confident = 0 if confidence is None else confidence.nbytes
        return self.clip.xyz.nbytes + confident + len(self.take.film.places)


class Takes:
    """A few takes, the longest unused first; to be used from the event loop's thread."""

    def __init__(self, ttl_s: float, most: int, most_bytes: int = MOST_BYTES) -> None:
        """Each is forgotten ``ttl_s`` after its last use; of more than ``most``, or than
        ``most_bytes`` together, the oldest are.
        """
        self._ttl_s, self._most, self._most_bytes = ttl_s, most, most_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, kept: Kept) -> None:
        """Until it is forgotten."""
        kept.used_s = time.monotonic()
        self._kept[kept.take.id] = kept
        total = sum(one.nbytes for one in self._kept.values())
        while len(self._kept) > self._most or (total > self._most_bytes and len(self._kept) > 1):
            total -= self._kept.popitem(last=False)[1].nbytes
        self._wake()

    def get(self, take_id: str) -> Kept:
        """The take, which counts as used.

        Raises:
            Refused: 410 ``gone``: it is forgotten, or there never was one.
        """
        self._forget_old()
        kept = self._kept.get(take_id)
        if kept is None:
            raise Refused(410, "gone", "That recording is gone; please record again.")
        kept.used_s = time.monotonic()
        self._kept.move_to_end(take_id)
        return kept

    def forget(self, take_id: str) -> None:
        """Now, if it is there."""
        self._kept.pop(take_id, None)

    def clear(self) -> None:
        """All of them."""
        self._kept.clear()

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if now - oldest.used_s < self._ttl_s:
                return
            self._kept.popitem(last=False)

    def _wake(self) -> None:
        """Landmarks go on time, also where nobody asks any more."""
        if self._timer is None and self._kept:
            oldest = next(iter(self._kept.values()))
            wait_s = max(0.0, oldest.used_s + self._ttl_s - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_s + 0.01, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._forget_old()
        self._wake()
