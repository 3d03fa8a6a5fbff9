"""MLflow, while it is away: said once, and asked again after longer and longer waits."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_WAIT_S = 60.0


class Away:
    """Whether a server is away, and until when it is left alone.

    ``say`` is told when it goes and when it is back.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._failures = 0
        self._not_before = 0.0

    @property
    def wait_s(self) -> float:
        """How long it is left alone still; 0 where it is not."""
        return max(0.0, self._not_before - time.monotonic())

    def went(self, note: str) -> None:
        """It did not answer."""
        if not self._failures:
            self._say(f"note: {note}")
        self._failures += 1
        self._not_before = time.monotonic() + min(LONGEST_WAIT_S, 2.0**self._failures)

    def answered(self, note: str) -> None:
        """It did; ``note`` is said where it had been away."""
        if self._failures:
            self._say(f"note: {note}")
        self._failures, self._not_before = 0, 0.0
