"""A word on stderr while something takes long."""

from __future__ import annotations

import sys
import threading
import time
from typing import Self

import click

SILENT_S = 2.0
"""Nobody waits longer without a word at a terminal,"""
PIPED_S = 10.0
"""and a file of messages gets no more than one in so many seconds."""


class Patience:
    """Says on stderr what goes on, and for how long the command has been at work."""

    def __init__(self, doing: str) -> None:
        self._began_s = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self.now(doing)

    def now(self, doing: str) -> None:
        """Something else goes on from here."""
        self._doing = doing

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _wait(self) -> None:
        while not self._done.wait(SILENT_S if sys.stderr.isatty() else PIPED_S):
            click.echo(f"{self._doing} ({time.monotonic() - self._began_s:.0f} s)", err=True)
