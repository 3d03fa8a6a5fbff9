"""How long each stage of an answer took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Milliseconds by stage, in the order in which they first ran; what runs twice adds up."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """What runs inside is that stage, also where it ends in an error."""
        began_s = time.perf_counter()
        try:
            yield
        finally:
            self.since(name, began_s)

    def since(self, name: str, began_s: float) -> None:
        """A stage that began at a reading of ``time.perf_counter`` and ends now."""
        self.ms[name] = self.ms.get(name, 0.0) + 1000 * (time.perf_counter() - began_s)
