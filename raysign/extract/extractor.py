"""Videos become clips in a process of its own, which may crash without harm."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from raysign.extract.child import HASH
from raysign.extract.outcome import Extracted
from raysign.extract.process import GONE, Child, Parent
from raysign.manifest import Outcome

if TYPE_CHECKING:
    from raysign.config.extract import ExtractConfig
    from raysign.extract.outcome import Why
    from raysign.manifest import VideoClip

ATTEMPTS = 2


class Extractor(Parent):
    """Looks at one video at a time, in a child process with a landmarker of its own.

    A clip at which the child crashes or is killed gets a second child: a video that crashes the
    decoder crashes it again and is failed, one whose child was killed from outside is not. A child
    that does not get on for ``config.timeout_s`` is ended, and costs its clip. ``cpu`` pins the
    child to a core: two pinned ones are faster than two that the system moves about, since
    MediaPipe sizes its threads by the cores it sees. A child that would need more than
    ``memory_bytes`` dies of it. Without ``wait`` the child starts while the caller does something
    else; the first video waits for it.

    Raises:
        ExtractionError: MediaPipe, or something that it needs, is not there; without ``wait``, the
            first video says so.
    """

    stopped_says = "no video is looked at any more"

    def __init__(
        self,
        config: ExtractConfig,
        *,
        cpu: int | None = None,
        memory_bytes: int | None = None,
        child: str = "raysign.extract.child",
        wait: bool = True,
    ) -> None:
        super().__init__(config, child, cpu=cpu, memory_bytes=memory_bytes, wait=wait)

    def extract(self, video: VideoClip, *, within_s: float | None = None) -> Extracted:
        """The clip and its outcome; see :func:`~raysign.extract.clip.extract_clip`.

        A child that takes longer than ``within_s`` altogether is ended, and costs the clip.

        Raises:
            ExtractionError: no child can be started any more, or ``stop`` was called.
        """
        began_s = time.perf_counter()
        reason = digest = ""
        why: Why = "crashed"

        def told(text: str) -> None:
            nonlocal digest
            digest = text.removeprefix(HASH)

        for _ in range(ATTEMPTS):
            child = self._ready_child()
            left_s = None if within_s is None else within_s - (time.perf_counter() - began_s)
            try:
                extracted: Extracted = child.ask(
                    video, self.config.timeout_s, within_s=left_s, told=told
                )
            except TimeoutError:
                reason, why = f"made no progress for timeout_s={self.config.timeout_s:g}", "slow"
                if within_s is not None and time.perf_counter() - began_s >= within_s:
                    reason = f"was not looked at to its end within {within_s:g} s"
                self.close()
                break
            except GONE:
                reason = child.how_it_ended()
                self.close()
            else:
                return replace(extracted, seconds=time.perf_counter() - began_s)
        outcome = Outcome(
            video.clip_id, video.path, "failed", reason, sha256=digest, **video.labels
        )
        return Extracted(None, outcome, seconds=time.perf_counter() - began_s, why=why)

    def start(self) -> None:
        """Let a child start meanwhile, if there is none, so that the next video need not wait."""
        if self._child is None:
            self._child = self._start(wait=False)

    def _ready_child(self) -> Child:
        """The child, or a new one where it has ended since its last answer."""
        if self._child is not None and not self._stopped:
            try:
                self._child.wait_until_ready()
                return self._child
            except (*GONE, TimeoutError):
                self.close()
        self._child = self._start()
        return self._child
