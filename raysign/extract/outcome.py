"""What comes out of one video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.manifest import Outcome


Why = Literal["", "unreadable", "too_long", "too_large", "too_short", "nobody", "slow", "crashed"]
"""What kept a video from becoming a clip, as one word: it cannot be decoded; lasts or counts more
than ``max_s`` or ``max_frames``, or has larger pictures than ``max_pixels``; has fewer than
``min_frames``; shows nobody; took too long; the process that looked at it ended."""


@dataclass(frozen=True, eq=False)
class Extracted:
    """A clip, if its outcome is ``ok``, and what it cost."""

    clip: Clip | None
    outcome: Outcome
    seconds: float = 0.0
    """From the request to the result."""
    landmark_seconds: float = 0.0
    """Of these, inside MediaPipe."""
    landmark_frames: int = 0
    """Frames that MediaPipe has looked at."""
    memory_bytes: int = 0
    """Resident memory of the process that did it, after it; 0 where it is not known."""
    why: Why = ""
    """Why there is no clip; '' where there is one."""
