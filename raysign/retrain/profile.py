"""What a model learned from, in numbers that outlive the store: who signs what, how, how long."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt64

from raysign.clip import USUAL_FPS
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from raysign.clip import Clips
    from raysign.splits import Split

QUANTILES = tuple(range(0, 101, 5))
"""Percentiles that stand for a distribution."""


@dataclass(frozen=True)
class Profile:
    """Of the clips that train; distributions are over clips, at ``QUANTILES``."""

    store: str
    fingerprint: str
    """Of those that train and those that ask."""
    clips: int
    queries: int
    signs: Mapping[str, int]
    """Clips of each sign."""
    signers: Mapping[str, int]
    """Clips by each signer; those of unknown signers under ''."""
    length_s: tuple[float, ...]
    hands: tuple[float, ...]
    """Share of a clip's frames in which a hand was found."""
    content: str
    """The hashes of ``trained``, eight bytes a clip, in base64."""

    @classmethod
    def of(cls, split: Split[Clips], store: str) -> Profile:
        """What a split's training clips are like."""
        train = split.train
        parts = (train,) if split.unlabelled is None else (train, split.unlabelled)
        content = np.unique(np.concatenate([part.content() for part in parts]))
        fps = np.where(np.isfinite(train.fps) & (train.fps > 0), train.fps, USUAL_FPS)
        return cls(
            store,
            fingerprint_of(split),
            len(train),
            len(split.queries),
            _counts(train.sign),
            _counts(train.signer),
            _quantiles(train.num_frames / fps),
            _quantiles(share_with_hands(train)),
            b64encode(content.astype("<u8").tobytes()).decode(),
        )

    @classmethod
    def read(cls, tree: Mapping[str, Any]) -> Profile:
        """As ``as_json`` gave it; ``TypeError`` or ``KeyError`` where it did not."""
        lists = {name: tuple(tree[name]) for name in ("length_s", "hands")}
        return cls(**{**tree, **lists})

    @property
    def trained(self) -> UInt64[np.ndarray, "clip"]:
        """Of every clip that trains, with a sign or without: :meth:`raysign.clip.Clips.content`."""
        return np.frombuffer(b64decode(self.content), dtype="<u8").astype(np.uint64)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fingerprint_of(split: Split[Clips]) -> str:
    """The fingerprint of a split's clips, as training notes it."""
    parts = [split.train, split.queries]
    if split.gallery is not split.train:
        parts.append(split.gallery)
    if split.unlabelled is not None:
        parts.append(split.unlabelled)
    return type(split.train).fingerprint_of(*parts)


def share_with_hands(clips: Clips) -> np.ndarray:
    """Share of each clip's frames in which a joint of a hand was found, [clip]; NaN without hands
    in the layout.
    """
    parts = layout_named(clips.layout).parts
    joints = [j for name, at in parts.items() if name.endswith("_hand") for j in range(at.stop)[at]]
    if not joints:
        return np.full(len(clips), np.nan)
    return np.array([(~np.isnan(xyz[:, joints, 0])).any(axis=1).mean() for xyz in clips])


def _counts(names: np.ndarray) -> dict[str, int]:
    each, count = np.unique(names, return_counts=True)
    return dict(zip(each.tolist(), count.tolist(), strict=True))


def _quantiles(values: np.ndarray) -> tuple[float, ...]:
    if not np.isfinite(values).all():
        return ()
    return tuple(round(float(value), 4) for value in np.percentile(values, QUANTILES))
