"""A child process that looks at something, and the way to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

from raysign.errors import ExtractionError
from raysign.extract.child import ALIVE, READY

if TYPE_CHECKING:
    from raysign.config.extract import ExtractConfig

START_S = 120.0
"""Importing MediaPipe takes a second; from a network's disk, on a busy node, far longer."""
END_S = 10.0
"""A killed process that has not ended by then waits for a disk that does not answer."""
GONE = (EOFError, OSError)
"""What a broken connection raises. ``TimeoutError`` is an ``OSError``: catch it first."""


def started(
    module: str,
    config: ExtractConfig,
    *,
    cpu: int | None = None,
    memory_bytes: int | None = None,
    wait: bool = True,
) -> Child:
    """A child that runs a module and has been told the config.

    Args:
        module: one that serves as :mod:`raysign.extract.child` does.
        config: what it is told.
        cpu: the core that it is pinned to; None = none.
        memory_bytes: what it may have of its own; where it needs more, it dies. None = all.
        wait: until it is ready; else the first that asks waits.

    Raises:
        ExtractionError: it could not start, or says that it never can; without ``wait`` the latter
            is said to the first that asks.
    """
    try:
        child = Child(module, cpu, memory_bytes)
    except OSError as error:
        raise ExtractionError(
            f"the extraction process could not start: {error.strerror or error}"
        ) from None
    try:
        child.tell(config)
        if wait:
            child.wait_until_ready()
    except TimeoutError:
        reason = f"the extraction process did not start within {START_S:g} s"
    except GONE:
        reason = f"the extraction process could not start: {child.how_it_ended()}"
        reason += child.last_words()
    except ExtractionError as error:
        reason = str(error)
    else:
        return child
    child.end()
    raise ExtractionError(reason)


class Parent:
    """Has one child at most; to be used from one thread at a time, but for ``stop``."""

    stopped_says: ClassVar[str]
    """What who wants another child is told after ``stop``."""

    def __init__(
        self,
        config: ExtractConfig,
        module: str,
        *,
        cpu: int | None,
        memory_bytes: int | None,
        wait: bool,
    ) -> None:
        """As :func:`started`, which starts the first child."""
        self.config, self.cpu = config, cpu
        self._module, self._memory_bytes = module, memory_bytes
        self._stopped = False
        self._child: Child | None = self._start(wait=wait)

    @property
    def pid(self) -> int | None:
        """Of the child's process; None while there is none."""
        return None if self._child is None else self._child.pid

    def stop(self) -> None:
        """For good, from any thread: whoever waits for the child gets ``ExtractionError``."""
        self._stopped = True
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self, *, wait: bool = True) -> Child:
        """A new child.

        Raises:
            ExtractionError: none can be started, or ``stop`` was called.
        """
        if self._stopped:
            raise ExtractionError(self.stopped_says)
        return started(
            self._module, self.config, cpu=self.cpu, memory_bytes=self._memory_bytes, wait=wait
        )


class Child:
    """A running child and the way to it."""

    def __init__(self, module: str, *limits: int | None) -> None:
        """``limits``: its core, and its memory in bytes."""
        here, there = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
        # Not multiprocessing's spawn: that would import the parent's main module again, be it
        # Ray's worker or a script without a guard.
        with there:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", module),
                    *(str(there.fileno()), str(os.getpid())),
                    *(str(-1 if limit is None else limit) for limit in limits),
                ],
                pass_fds=[there.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
            )
        self._connection: Connection[Any, Any] = Connection(here.detach())
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Until it can be asked. ``ExtractionError`` where it says that it never will."""
        if not self._ready and (answer := self._answer(START_S)) != READY:
            raise ExtractionError(answer)
        self._ready = True
        if self._process.poll() is not None:  # after it had said so
            raise EOFError

    def tell(self, message: Any) -> None:
        self._ready = False
        self._connection.send(message)

    def ask(
        self,
        question: Any,
        timeout_s: float,
        *,
        within_s: float | None = None,
        told: Callable[[str], None] = lambda text: None,
    ) -> Any:
        """The answer; :data:`GONE` if it has ended.

        Args:
            question: anything but text.
            timeout_s: how long it may be without a sign of progress.
            within_s: how long it may take altogether; None = as long as it gets on.
            told: gets what it says before the answer, but for ``ALIVE``.

        Raises:
            TimeoutError: it took longer.
        """
        until = None if within_s is None else time.monotonic() + within_s
        self.tell(question)
        while True:
            left_s = timeout_s if until is None else min(timeout_s, until - time.monotonic())
            answer = self._answer(max(left_s, 0))
            if not isinstance(answer, str):
                return answer
            if answer != ALIVE:
                told(answer)

    def _answer(self, timeout_s: float) -> Any:
        if not self._connection.poll(timeout_s):
            raise TimeoutError
        return self._connection.recv()

    def how_it_ended(self) -> str:
        """In words, for a child that has gone."""
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return "the decoder or MediaPipe hung up and did not end"
        if code >= 0:
            return f"the decoder or MediaPipe ended the process (exit code {code})"
        name = signal.Signals(-code).name
        if -code == signal.SIGKILL:
            return f"the process was killed ({name}: out of memory?)"
        return f"the decoder or MediaPipe crashed the process ({name})"

    def last_words(self) -> str:
        """The last line that it printed."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return f": {said[-1]}" if said else ""

    def kill(self) -> None:
        """From any thread; who waits for an answer gets one of :data:`GONE`."""
        self._process.kill()

    def end(self) -> None:
        """Kill it, and close the way to it."""
        self._connection.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._said.close()
