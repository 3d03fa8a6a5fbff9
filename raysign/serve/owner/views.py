"""What the owner sees of a gallery; worked out once for each of its states, beside the searches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from jaxtyping import Float32, Int64

from raysign.gallery import Gallery
from raysign.serve.owner import quality, sign_map
from raysign.serve.takes.threads import finished
from raysign.serve.words import MapPoint, Quality, SignEntry, SignMap

if TYPE_CHECKING:
    from raysign.serve.desk import Desk
    from raysign.serve.opened import Opened

T = TypeVar("T")


class Views:
    """The map and the quality; to be used from the event loop's thread."""

    def __init__(self, desk: Desk) -> None:
        self._thread = ThreadPoolExecutor(1, "raysign-views")
        self._map = _View(desk, self._thread, _map)
        self._quality = _View(desk, self._thread, _quality)

    async def map(self) -> SignMap:
        """Where the signs stand."""
        return await self._map.now()

    async def quality(self) -> Quality:
        """How good the exemplars are."""
        return await self._quality.now()

    def close(self) -> None:
        """Once what was begun is done."""
        self._thread.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, eq=False)
class _State:
    """What can be looked at while others search."""

    gallery: Gallery
    entries: tuple[SignEntry, ...]
    fingerprint: str
    vectors: Float32[np.ndarray, "clip dim"]
    sign: Int64[np.ndarray, "clip"]
    signer: Int64[np.ndarray, "clip"]
    """-1 for one who is not known; so of ``sign``."""
    learned: int | None

    @classmethod
    def of(cls, opened: Opened) -> _State:
        exemplars = opened.gallery.exemplars
        rows = np.flatnonzero(exemplars.alive)
        names, number = np.unique(exemplars.of_column("signer")[rows], return_inverse=True)
        return cls(
            opened.gallery,
            opened.entries,
            opened.fingerprint,
            opened.gallery.vectors_at(rows),
            exemplars.sign_number[rows].astype(np.int64),
            np.where(names[number] == "", -1, number).astype(np.int64),
            learned_of(opened),
        )


def learned_of(opened: Opened) -> int | None:
    """How many signs of the dictionary its encoder learned; None where that is not known."""
    taught = opened.searcher.bundle.signs
    return None if taught is None else len(set(taught) & {entry.sign for entry in opened.entries})


class _View(Generic[T]):
    """One of them, kept until the gallery changes; who asks meanwhile waits for the same."""

    def __init__(self, desk: Desk, thread: ThreadPoolExecutor, work: Callable[[_State], T]) -> None:
        self._desk, self._thread, self._work = desk, thread, work
        self._turn = asyncio.Lock()
        self._known: tuple[str, T] | None = None

    async def now(self) -> T:
        async with self._turn:
            opened = await self._desk.ask(lambda opened: opened)
            if self._known is not None and self._known[0] == opened.fingerprint:
                return self._known[1]
            state = await self._desk.ask(_State.of)
            loop = asyncio.get_running_loop()
            found = await finished(loop.run_in_executor(self._thread, self._work, state))
            self._known = state.fingerprint, found
            return found


def _map(state: _State) -> SignMap:
    means = sign_map.sign_means(state.vectors, state.sign, len(state.entries))
    places, how = sign_map.places(means)
    return SignMap(
        points=tuple(
            MapPoint(sign=entry.sign, x=round(x, 4), y=round(y, 4), clips=entry.clips)
            for entry, (x, y) in zip(state.entries, places.tolist(), strict=True)
        ),
        how=how,
    )


def _quality(state: _State) -> Quality:
    asked = quality.ask_each(state.vectors, state.sign, state.signer)
    names = tuple(entry.sign for entry in state.entries)
    confidence = state.gallery.card.confidence
    clips = np.array([entry.clips for entry in state.entries], dtype=np.int64)
    return Quality(
        clips_a_sign=quality.clips_a_sign(clips),
        one_signer=sum(entry.signers == 1 for entry in state.entries),
        hands_seen=quality.hands_seen(state.gallery),
        found=float(asked.own.mean()) if len(asked.own) else None,
        learned=state.learned,
        measured=None if confidence is None else quality.measured(confidence),
        confusions=quality.confusions(asked, state.sign, names),
    )
