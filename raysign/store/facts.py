"""What a store says about its clips without a landmark: labels and lengths."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from raysign.store.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Facts:
    """One entry a clip, in the order of the store; '' or NaN where unknown."""

    clip_id: NDArray[np.str_]
    sign: NDArray[np.str_]
    signer: NDArray[np.str_]
    split: NDArray[np.str_]
    dataset: NDArray[np.str_]
    fps: NDArray[np.float64]
    width: NDArray[np.float64]
    height: NDArray[np.float64]
    num_frames: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.clip_id)

    def select(self, which: NDArray[np.bool_]) -> Self:
        """The clips that a mask names."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})


def read_facts(path: str | Path) -> Facts:
    """Labels and lengths of every clip, the sealed test split's too: no landmark is read.

    Raises ``StoreError`` and ``LayoutError`` as :func:`raysign.store.load_clips` does.
    """
    store = open_store(path)
    text: dict[str, Any] = {
        name: store.text(name) for name in ("clip_id", "sign", "signer", "split", "dataset")
    }
    number: dict[str, Any] = {name: store.number(name) for name in ("fps", "width", "height")}
    return Facts(**text, **number, num_frames=store.num_frames)
