"""How the fake feels, and what it was asked."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from made_up import WORDS

from raysign import __version__
from raysign.serve.words import Health, SearchTakes, Take

if TYPE_CHECKING:
    from raysign.serve.settings import ServeSettings


@dataclass(frozen=True)
class Mood:
    """What the fake does otherwise than on a good day. Kinds are those of ``made_up.REMARKS``."""

    unknown: bool = False
    calibrated: bool = True
    films: bool = True
    keeps_queries: bool = False
    phonology: bool = True
    owner: bool = True
    videos: bool = False
    codec: str = ""
    """FFmpeg's encoder of the videos; '' = they are gone."""
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    """Of every answer."""
    busy: bool = False
    gone: bool = False
    lost: bool = False
    """The first clip is added, and nobody hears of it."""
    refused: str = ""
    """A sentence with which every video is refused."""
    hints: tuple[str, ...] = ()
    """Kinds, of every picture of a camera."""
    remarks: tuple[str, ...] = ()
    """Kinds, of every take."""
    picture_s: float = 0.0
    """How long it looks at a picture,"""
    video_s: float = 0.0
    """at a video,"""
    search_s: float = 0.0
    """and for an answer."""
    seconds: float = 0.0
    """How long a video is; 0 = as long as its sign."""
    signs: int = len(WORDS)


@dataclass
class Fake:
    """Stands where the service stands."""

    settings: ServeSettings
    mood: Mood = field(default_factory=Mood)
    takes: dict[str, Take] = field(default_factory=dict)
    clips: dict[str, str] = field(default_factory=dict)
    """The sign of each."""
    searches: list[SearchTakes] = field(default_factory=list)
    pictures: dict[str, list[float]] = field(default_factory=dict)
    """Times of each recording's pictures, in ms, in the order in which they came."""
    requests: list[int] = field(default_factory=list)
    """Numbers of those with pictures."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """Of the pictures."""
    sessions: set[str] = field(default_factory=set)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.reset(Mood())

    def reset(self, mood: Mood) -> None:
        """As new, in that mood."""
        self.mood = mood
        self.takes, self.searches, self.pictures, self.sizes = {}, [], {}, []
        self.requests, self.sessions = [], set()
        words = WORDS[: mood.signs]
        self.clips = {f"{word}-{n}": word for word in words for n in range(1 + len(word) % 3)}

    def told(self) -> dict[str, Any]:
        """What it was asked, for tests."""
        return {
            "mood": asdict(self.mood),
            "takes": list(self.takes),
            "clips": self.clips,
            "searches": [search.model_dump() for search in self.searches],
            "pictures": self.pictures,
            "requests": self.requests,
            "sizes": self.sizes,
            "sessions": sorted(self.sessions),
            "process": os.getpid(),
        }

    def signs(self) -> list[str]:
        return sorted(set(self.clips.values()))

    def clips_of(self, word: str) -> int:
        return list(self.clips.values()).count(word)

    def name(self) -> str:
        self.numbers += 1
        return f"t{self.numbers}"

    def health(self) -> Health:
        return Health(version=__version__, signs=len(self.signs()), clips=len(self.clips))

    def figures(self) -> dict[str, float]:
        return {}

    def close(self) -> None:
        """There is nothing to end."""
