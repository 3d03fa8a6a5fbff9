"""What the frame asks of the dictionary that it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from raysign.serve.settings import ServeSettings
    from raysign.serve.words import Health


class Served(Protocol):
    """An opened dictionary; :class:`raysign.serve.dictionary.Service` is one."""

    @property
    def settings(self) -> ServeSettings:
        """How it is served."""

    def health(self) -> Health:
        """Alive, and how large."""

    def figures(self) -> dict[str, float]:
        """Numbers of now, by the keys of :data:`raysign.serve.metrics.FIGURES`."""

    def close(self) -> None:
        """End its children; remove what it wrote for itself."""
