"""Films of a dictionary's clips, drawn once for many who look at them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from raysign.search.staging import film_of
from raysign.serve.words import Film

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.serve.opened import Opened

MOST_BYTES = 64_000_000
"""Of all films that are kept: 3,800 of WLASL's clips, of 17 kB each. One is drawn in 3 ms."""


class Films:
    """The latest used, of one state of the dictionary; to be used from any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._of = ""
        """Fingerprint of the dictionary whose films are kept."""
        self._films: OrderedDict[tuple[int, bool], Film] = OrderedDict()
        self._turn = threading.Lock()

    def __len__(self) -> int:
        return len(self._films)

    def film(self, opened: Opened, row: int, clip: Clip, *, mirrored: bool = False) -> Film:
        """The film of a clip.

        Args:
            opened: the dictionary; after a change to it all others' films are forgotten.
            row: where the clip stands in it,
            clip: and the clip, as it is to be shown.
            mirrored: whether that is as in a mirror.
        """
        key = row, mirrored
        with self._turn:
            if self._of != opened.fingerprint:
                self._films.clear()
                self._of, self._bytes = opened.fingerprint, 0
            if key in self._films:
                self._films.move_to_end(key)
                return self._films[key]
        film = Film(**film_of(clip).as_json())  # two who ask at once both draw it
        with self._turn:
            if self._of == opened.fingerprint and key not in self._films:
                self._films[key] = film
                self._bytes += len(film.places)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._films.popitem(last=False)[1].places)
        return film
