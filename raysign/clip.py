"""A clip is one signer signing one sign, as landmarks; ``Clips`` is many in one piece of memory.

``Clips`` is what travels: a handful of flat NumPy arrays, so that Ray's object store hands every
trial and worker on a node the same copy without moving a byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np

from raysign.errors import DataError, LayoutError
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip.

    ``xyz`` is [frame joint axis]: x and y in units of the frame's width and height, origin top
    left, z as MediaPipe gives it; NaN where the joint was not detected. ``confidence`` is
    [frame joint] in 0–1. An empty string or None means that it is not known.
    """

    clip_id: str
    xyz: NDArray[np.floating[Any]]
    layout: str
    sign: str = ""
    signer: str = ""
    split: str = ""
    language: str = ""
    dataset: str = ""
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    confidence: NDArray[np.floating[Any]] | None = None

    def __post_init__(self) -> None:
        expected = (layout_named(self.layout).num_joints, 3)
        if self.xyz.ndim != 3 or self.xyz.shape[1:] != expected:
            raise LayoutError(
                f"clip {self.clip_id!r}: layout {self.layout!r} needs landmarks of shape "
                f"(frames, {expected[0]}, 3), got {self.xyz.shape}"
            )
        if self.confidence is not None and self.confidence.shape != self.xyz.shape[:2]:
            raise DataError(
                f"clip {self.clip_id!r}: confidence must have shape {self.xyz.shape[:2]}, "
                f"got {self.confidence.shape}"
            )

    @property
    def aspect(self) -> float:
        """Width / height of the picture, 1 where unknown."""
        return self.width / self.height if self.width and self.height else 1.0


SPLITS = ("train", "val", "test")
"""What a clip's ``split`` may be, beside '' where it is in none; ``test`` is sealed."""
LABELS = ("clip_id", "sign", "signer", "split", "language", "dataset")
"""The text columns that every clip has; in ``Clips`` each is an array of that name."""
USUAL_FPS = 25.0
"""What is taken for a clip's frames a second where they are not known."""
VIDEO = ("fps", "width", "height")
"""What is known of a clip's video; arrays of ``Clips`` too."""


@runtime_checkable
class Known(Protocol):
    """What is known of many clips of one layout, wherever their landmarks are; see ``Clips``."""

    @property
    def layout(self) -> str: ...
    @property
    def clip_id(self) -> NDArray[np.str_]: ...
    @property
    def sign(self) -> NDArray[np.str_]: ...
    @property
    def signer(self) -> NDArray[np.str_]: ...
    @property
    def split(self) -> NDArray[np.str_]: ...
    @property
    def num_frames(self) -> NDArray[np.int64]: ...
    def __len__(self) -> int: ...
    def content(self) -> NDArray[np.uint64]: ...
    def empty(self) -> NDArray[np.bool_]: ...
    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self: ...


@dataclass(frozen=True, eq=False)
class Labelled:
    """What is written of many clips of one layout: NumPy text (not object) arrays, one entry a
    clip, '' where unknown.
    """

    layout: str
    clip_id: NDArray[np.str_]
    sign: NDArray[np.str_]
    signer: NDArray[np.str_]
    split: NDArray[np.str_]
    language: NDArray[np.str_]
    dataset: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Unread(Labelled):
    """Clips whose landmarks are somewhere else: all that is known of them, one entry a clip.

    ``row`` is where each one's landmarks are, there.
    """

    num_frames: NDArray[np.int64]
    row: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    blank: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def content(self) -> NDArray[np.uint64]:
        """As :meth:`Clips.content`."""
        return self.hashes

    def empty(self) -> NDArray[np.bool_]:
        """As :meth:`Clips.empty`."""
        return self.blank

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """As :meth:`Clips.select`."""
        names = [f.name for f in fields(self) if f.name != "layout"]
        return replace(self, **{name: getattr(self, name)[which] for name in names})


@dataclass(frozen=True, eq=False)
class Clips(Labelled):
    """Many clips of one layout, contiguous.

    ``xyz`` is [frame joint axis] float16 with all clips end to end; clip i owns the frames
    ``offsets[i]:offsets[i + 1]``. ``fps``, ``width`` and ``height`` are those of the videos, one
    entry a clip, NaN or 0 where unknown.
    """

    xyz: NDArray[np.float16]
    offsets: NDArray[np.int64]
    fps: NDArray[np.float32]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    _content: list[NDArray[np.uint64]] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_frames(self) -> NDArray[np.int64]:
        """Frames of each clip, [clip]."""
        return np.diff(self.offsets)

    @cached_property
    def aspect(self) -> NDArray[np.float32]:
        """Width / height of each clip's picture, 1 where unknown, [clip]."""
        known = (self.width > 0) & (self.height > 0)
        ones = np.ones(len(self), dtype=np.float64)
        return np.divide(self.width, self.height, out=ones, where=known).astype(np.float32)

    def landmarks(self, index: int) -> NDArray[np.float16]:
        """The landmarks of one clip, [frame joint axis], a view."""
        return self.xyz[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[NDArray[np.float16]]:
        return (self.landmarks(i) for i in range(len(self)))

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The clips that a mask or an index array names, in that order; a contiguous copy."""
        index = np.flatnonzero(which) if which.dtype == np.bool_ else which
        lengths = self.num_frames[index]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = np.repeat(self.offsets[index] - offsets[:-1], lengths)
        known = {name: getattr(self, name)[index] for name in (*LABELS, *VIDEO)}
        return replace(
            self,
            xyz=self.xyz[starts + np.arange(offsets[-1])],
            offsets=offsets,
            _content=[part[index] for part in self._content],
            **known,
        )

    def content(self) -> NDArray[np.uint64]:
        """A hash of each clip's landmarks, [clip]: equal where two clips are byte-identical."""
        if not self._content:
            digests = (hashlib.blake2b(x.tobytes(), digest_size=8).digest() for x in self)
            self._content.append(np.frombuffer(b"".join(digests), dtype=np.uint64))
        return self._content[0]

    def empty(self) -> NDArray[np.bool_]:
        """True for each clip in which no joint was ever detected, [clip]."""
        seen = ~np.isnan(self.xyz).all(axis=(1, 2))
        total: NDArray[np.int64] = np.concatenate([[0], np.cumsum(seen)])
        return np.asarray(total[self.offsets[1:]] == total[self.offsets[:-1]])

    def fingerprint(self) -> str:
        """Sixteen hex digits over every clip's landmarks and labels, in whatever order they are."""
        return self.fingerprint_of(self)

    @staticmethod
    def fingerprint_of(*parts: Known) -> str:
        """The fingerprint that several ``Clips`` would have as one, without joining them."""
        rows: list[tuple[str | int, ...]] = []
        for part in parts:
            labels = (getattr(part, name).tolist() for name in LABELS)
            rows.extend(zip(*labels, part.content().tolist(), strict=True))
        text = "\n".join("\t".join(map(str, row)) for row in sorted(rows))
        layouts = " ".join(sorted({part.layout for part in parts}))
        return hashlib.sha256(f"{layouts}\n{text}".encode()).hexdigest()[:16]

    @classmethod
    def pack(cls, clips: Iterable[Clip]) -> Self:
        """Put clips end to end. ``DataError`` where there are none or their layouts differ."""
        rows = list(clips)
        if not rows:
            raise DataError("no clips to pack: the selection is empty")
        layouts = sorted({row.layout for row in rows})
        if len(layouts) > 1:
            raise LayoutError(f"clips of several layouts ({', '.join(layouts)}) cannot be mixed")
        lengths = [len(row.xyz) for row in rows]
        labels: dict[str, Any] = {
            name: np.asarray([getattr(row, name) for row in rows], dtype=np.str_) for name in LABELS
        }
        return cls(
            layout=layouts[0],
            xyz=np.concatenate([row.xyz.astype(np.float16) for row in rows]),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            fps=np.asarray([row.fps or np.nan for row in rows], dtype=np.float32),
            width=np.asarray([row.width or 0 for row in rows], dtype=np.int32),
            height=np.asarray([row.height or 0 for row in rows], dtype=np.int32),
            **labels,
        )

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """Several ``Clips`` as one. ``DataError`` where there are none or their layouts differ."""
        parts = list(parts)
        if not parts:
            raise DataError("no clips to join")
        layouts = sorted({part.layout for part in parts})
        if len(layouts) > 1:
            raise LayoutError(f"clips of several layouts ({', '.join(layouts)}) cannot be mixed")
        lengths = np.concatenate([part.num_frames for part in parts])
        joined = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(cls)
            if f.name not in ("layout", "offsets", "_content")
        }
        return cls(
            layout=layouts[0],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            **joined,
        )
