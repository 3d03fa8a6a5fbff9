"""Videos become clips in a process of its own, which may crash without harm."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import IO, TYPE_CHECKING, Any, Self

from raysign.errors import ExtractionError
from raysign.extract.child import ALIVE, HASH, READY
from raysign.extract.outcome import Extracted
from raysign.manifest import Outcome

if TYPE_CHECKING:
    from raysign.config.extract import ExtractConfig
    from raysign.manifest import VideoClip

START_S = 120.0
"""Importing MediaPipe takes a second; from a network's disk, on a busy node, far longer."""
ATTEMPTS = 2
END_S = 10.0
"""A killed process that has not ended by then waits for a disk that does not answer."""
GONE = (EOFError, OSError)
"""What a broken connection raises. ``TimeoutError`` is an ``OSError``: catch it first."""


class Extractor:
    """Looks at one video at a time, in a child process with a landmarker of its own.

    A clip at which the child crashes or is killed gets a second child: a video that crashes the
    decoder crashes it again and is failed, one whose child was killed from outside is not. A child
    that does not get on for ``config.timeout_s`` is ended, and costs its clip. ``cpu`` pins the
    child to a core: two pinned ones are faster than two that the system moves about, since
    MediaPipe sizes its threads by the cores it sees. Without ``wait`` the child starts while the
    caller does something else; the first video waits for it. To be used from one thread.

    Raises:
        ExtractionError: MediaPipe, or something that it needs, is not there; without ``wait``, the
            first video says so.
    """

    def __init__(
        self,
        config: ExtractConfig,
        *,
        cpu: int | None = None,
        child: str = "raysign.extract.child",
        wait: bool = True,
    ) -> None:
        self.config, self.cpu = config, cpu
        self._module = child
        self._child: _Child | None = self._start(wait=wait)

    def extract(self, video: VideoClip) -> Extracted:
        """The clip and its outcome; see :func:`~raysign.extract.clip.extract_clip`.

        Raises:
            ExtractionError: no child can be started any more.
        """
        started = time.perf_counter()
        reason = digest = ""
        for _ in range(ATTEMPTS):
            child = self._ready_child()
            try:
                extracted: Extracted = child.ask(video, self.config.timeout_s)
            except TimeoutError:
                reason = f"made no progress for timeout_s={self.config.timeout_s:g}"
                digest = child.digest or digest
                self.close()
                break
            except GONE:
                reason = child.how_it_ended()
                digest = child.digest or digest
                self.close()
            else:
                return replace(extracted, seconds=time.perf_counter() - started)
        outcome = Outcome(video.clip_id, video.path, "failed", reason, sha256=digest)
        return Extracted(None, outcome, seconds=time.perf_counter() - started)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _ready_child(self) -> _Child:
        """The child, or a new one where it has ended since its last answer."""
        if self._child is not None:
            try:
                self._child.wait_until_ready()
                return self._child
            except (*GONE, TimeoutError):
                self.close()
        self._child = self._start()
        return self._child

    def _start(self, *, wait: bool = True) -> _Child:
        try:
            child = _Child(self._module, self.cpu)
        except OSError as error:
            raise ExtractionError(
                f"the extraction process could not start: {error.strerror or error}"
            ) from None
        try:
            child.tell(self.config)
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


class _Child:
    """A running child and the way to it."""

    def __init__(self, module: str, cpu: int | None) -> None:
        here, there = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the child)
        # Not multiprocessing's spawn: that would import the parent's main module again, be it
        # Ray's worker or a script without a guard.
        with there:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", module),
                    *(str(there.fileno()), str(os.getpid()), str(-1 if cpu is None else cpu)),
                ],
                pass_fds=[there.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
            )
        self._connection: Connection[Any, Any] = Connection(here.detach())
        self._ready = False
        self.digest = ""
        """Of the video that was asked for last, as soon as it is known."""

    def wait_until_ready(self) -> None:
        """Until it can take a video. ``ExtractionError`` where it says that it never will."""
        if not self._ready and (answer := self._answer(START_S)) != READY:
            raise ExtractionError(answer)
        self._ready = True
        if self._process.poll() is not None:  # after it had said so
            raise EOFError

    def tell(self, message: Any) -> None:
        self._ready = False
        self._connection.send(message)

    def ask(self, question: Any, timeout_s: float) -> Any:
        """The answer; :data:`GONE` if it has ended.

        ``TimeoutError`` where neither the answer comes for ``timeout_s`` nor a sign of progress.
        """
        self.digest = ""
        self.tell(question)
        while isinstance(answer := self._answer(timeout_s), str):
            if answer != ALIVE:
                self.digest = answer.removeprefix(HASH)
        return answer

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

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._said.close()
