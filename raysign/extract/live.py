"""A camera's pictures become a clip while it is being recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from raysign.clip import Clip
from raysign.errors import DataError, ExtractionError, VideoError
from raysign.extract.process import GONE, Child, Parent
from raysign.extract.seen import RESET, Seen, Unreadable
from raysign.skeleton import HOLISTIC75
from raysign.video import in_time

if TYPE_CHECKING:
    from raysign.config.extract import ExtractConfig


class LiveExtractor(Parent):
    """Looks at the pictures of one recording after another, in a child process.

    It follows the signer from picture to picture, as in a video: a recording's pictures have to
    come in order, and ``reset`` stands between two recordings. A picture at which the child
    crashes, or that it does not get done within ``config.timeout_s``, costs the recording, and the
    child is ended; the next recording gets another.

    Raises:
        ExtractionError: MediaPipe, or something that it needs, is not there; without ``wait``, the
            first picture says so.
    """

    stopped_says = "no picture is looked at any more"

    def __init__(
        self,
        config: ExtractConfig,
        *,
        memory_bytes: int | None = None,
        child: str = "raysign.extract.live_child",
        wait: bool = True,
    ) -> None:
        self._begun, self._lost = False, False
        self._looked = False
        """Whether the child has a recording to forget."""
        super().__init__(config, child, cpu=None, memory_bytes=memory_bytes, wait=wait)

    def look(self, jpeg: bytes) -> Seen:
        """The recording's next picture.

        Raises:
            VideoError: it is not a JPEG picture, or has more than ``config.max_pixels``; nothing is
                lost, and it counts as not taken.
            ExtractionError: the recording is lost, with the child, or no child can be started.
        """
        if self._lost:
            raise ExtractionError("this recording is lost")
        child = self.begin()
        self._looked = True
        try:
            answer: Seen | Unreadable = child.ask(jpeg or b"\0", self.config.timeout_s)
        except TimeoutError:
            reason = f"a picture took longer than timeout_s={self.config.timeout_s:g}"
        except GONE:
            reason = child.how_it_ended()
        else:
            if isinstance(answer, Unreadable):
                raise VideoError(f"a picture cannot be read: {answer.reason}")
            return answer
        self.close()
        self._lost = True
        raise ExtractionError(reason)

    def begin(self) -> Child:
        """Wait until the recording's first picture can be looked at.

        Raises:
            ExtractionError: no child can be started.
        """
        if not self._begun or self._child is None:
            self._child = self._ready_child()
            self._begun = True
        return self._child

    def reset(self) -> None:
        """The next picture is the first of another recording. Does not wait.

        Raises:
            ExtractionError: no child can be started any more, or ``stop`` was called.
        """
        self._begun = self._lost = False
        if self._child is not None:
            if not self._looked:  # or what nobody reads would fill the way to the child
                return
            try:
                self._child.tell(RESET)
                self._looked = False
                return
            except OSError:  # it has gone
                self.close()
        self._child, self._looked = self._start(wait=False), False

    def _ready_child(self) -> Child:
        if self._child is None:
            self._child = self._start(wait=False)
        try:
            self._child.wait_until_ready()
        except (*GONE, TimeoutError):  # killed while nobody asked
            self.close()
            self._child = self._start(wait=True)
        return self._child


def clip_of(
    clip_id: str,
    times_s: Sequence[float],
    seen: Sequence[Seen],
    *,
    most_frames: int | None = None,
) -> Clip:
    """A recording's pictures as a clip: what their video's would be.

    Args:
        clip_id: its name.
        times_s: when each picture was taken, rising, in seconds from anywhere.
        seen: what it showed.
        most_frames: that the clip may have; None = any number.

    Raises:
        DataError: there are none, or they stand for more than ``most_frames``.
        VideoError: they are of several sizes, or leave gaps too long to be filled.
    """
    if not seen:
        raise DataError("a recording without a picture is no clip")
    sizes = sorted({(one.width, one.height) for one in seen})
    if len(sizes) > 1:
        (width, height), (other_width, other_height) = sizes[:2]
        raise VideoError(
            f"the picture changes its size, {width}×{height} and {other_width}×{other_height}"
        )
    fps, shown = in_time(times_s)
    frames = sum(one.repeats for one in shown)
    if most_frames is not None and frames > most_frames:
        raise DataError(f"{len(seen)} pictures stand for {frames:,} frames, over {most_frames:,}")
    places = np.repeat([one.place for one in shown], [one.repeats for one in shown])
    return Clip(
        clip_id=clip_id,
        xyz=np.stack([one.xyz for one in seen])[places],
        layout=HOLISTIC75.name,
        fps=fps,
        width=sizes[0][0],
        height=sizes[0][1],
        confidence=np.stack([one.confidence for one in seen])[places],
    )
