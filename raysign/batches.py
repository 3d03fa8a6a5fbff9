"""What an epoch shows: prepared clips, and P-K batches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float16, Int64

from raysign.clip import Clips, Known
from raysign.config import BatchConfig
from raysign.embed import prepare_clips
from raysign.errors import ConfigError
from raysign.mapped import AnySequences, MappedSequences
from raysign.pose import Prepare
from raysign.splits import Split, signer_overlap

C = TypeVar("C", bound=Known)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Prepared clips: flat NumPy arrays only, so that Ray shares them without copying; or mapped.

    ``key`` is equal for two entries that are the same clip.
    """

    sequences: AnySequences
    sign: Int64[np.ndarray, "clip"]
    key: Int64[np.ndarray, "clip"]

    def __len__(self) -> int:
        return len(self.sign)

    def only(self, clips: Int64[np.ndarray, "some"]) -> AnySequences:
        """The sequences of some clips: a copy, or mapped as they are."""
        if isinstance(self.sequences, MappedSequences):
            return self.sequences.select(clips)
        found: np.ndarray = self.sequences[clips]
        return found


@dataclass(frozen=True, eq=False)
class TrainingClips:
    """Everything that a training run reads: who trains, who asks, who is searched.

    Signs are numbered over all three, those that train first; ``signs[number]`` is the gloss.
    ``layout`` is the store's; ``fingerprint`` is that of all these clips together; ``gallery`` is
    None where the train clips are the gallery; ``signer_overlap`` says in words whether the
    queries' signers also sign in train. ``unlabelled`` are more clips to train on for a loss that
    needs no signs; their number is −1.
    """

    layout: str
    train: Prepared
    queries: Prepared
    gallery: Prepared | None
    signs: np.ndarray
    fingerprint: str
    signer_overlap: str
    notes: tuple[str, ...]
    unlabelled: Prepared | None = None

    @property
    def num_trained(self) -> int:
        """Signs that train: the first so many of ``signs``."""
        return int(self.train.sign.max()) + 1

    @property
    def num_clips(self) -> int:
        """Train clips and unlabelled ones, of which ``any_sequences`` are."""
        return len(self.train) + (0 if self.unlabelled is None else len(self.unlabelled))

    def any_sequences(
        self, index: Int64[np.ndarray, "clip"]
    ) -> Float16[np.ndarray, "clip frame joint axis"]:
        """Sequences by number, the unlabelled clips' after the train clips'; a copy."""
        late = index >= len(self.train)
        found: np.ndarray = self.train.sequences[np.where(late, 0, index)]
        if self.unlabelled is not None:
            found[late] = self.unlabelled.sequences[index[late] - len(self.train)]
        return found

    @classmethod
    def prepare(cls, split: Split[Clips], prepare: Prepare, device: str = "cpu") -> TrainingClips:
        """Prepare a split once, for every trial and worker that shares it."""
        return cls.of(split, lambda part: prepare_clips(part, prepare, device))

    @classmethod
    def of(cls, split: Split[C], prepared_of: Callable[[C], AnySequences]) -> TrainingClips:
        """A split whose parts are prepared by a function."""
        parts = {"train": split.train, "queries": split.queries}
        if split.gallery is not split.train:
            parts["gallery"] = split.gallery
        labelled = list(parts.values())
        if split.unlabelled is not None:
            parts["unlabelled"] = split.unlabelled
        trained = np.unique(split.train.sign)
        every = np.unique(np.concatenate([part.sign for part in labelled]))
        # Those that train come first, so that a loss keeps proxies for them and for no other.
        signs = np.concatenate([trained, np.setdiff1d(every, trained)])
        place = np.append(np.argsort(signs), -1)  # the last for clips without a sign
        ids = np.unique(np.concatenate([part.clip_id for part in parts.values()]))
        prepared = {
            name: Prepared(
                prepared_of(part),
                place[np.where(part.sign == "", -1, np.searchsorted(every, part.sign))],
                np.searchsorted(ids, part.clip_id),
            )
            for name, part in parts.items()
        }
        return cls(
            layout=split.train.layout,
            train=prepared["train"],
            queries=prepared["queries"],
            gallery=prepared.get("gallery"),
            signs=signs,
            fingerprint=Clips.fingerprint_of(*parts.values()),
            signer_overlap=signer_overlap(split.queries, split.train),
            notes=split.notes,
            unlabelled=prepared.get("unlabelled"),
        )


def check_batches(config: BatchConfig, sign: Int64[np.ndarray, "clip"]) -> tuple[str, ...]:
    """Notes on what happens where these clips can barely fill P-K batches.

    ``ConfigError`` where they cannot: P larger than the number of signs, K than any sign's clips.
    """
    counts = np.unique(sign, return_counts=True)[1]
    if len(counts) < 2 or counts.max() < 2:
        raise ConfigError(
            "P-K batches need two training signs and two clips of one of them; got "
            f"{len(sign)} clips of {len(counts)} signs; give data.store another store, or "
            "data.splits another split"
        )
    if config.signs > len(counts):
        raise ConfigError(
            f"batches.signs={config.signs} (P) is larger than the number of training signs, "
            f"{len(counts)}; type batches.signs={len(counts)} or less"
        )
    if config.clips_per_sign > counts.max():
        raise ConfigError(
            f"batches.clips_per_sign={config.clips_per_sign} (K) is larger than any sign's clips, "
            f"at most {counts.max()}; type batches.clips_per_sign={counts.max()} or less"
        )
    few = int((counts < config.clips_per_sign).sum())
    if not few:
        return ()
    return (
        f"{few} of {len(counts)} signs have fewer than K = {config.clips_per_sign} clips: theirs "
        "are repeated in a batch, each time augmented anew",
    )


def epoch_batches(
    config: BatchConfig, sign: Int64[np.ndarray, "clip"], random: np.random.Generator
) -> Iterator[Int64[np.ndarray, "sign clip"]]:
    """``batches_per_epoch`` batches of P distinct signs × K clips; every clip comes about once.

    Each sign's clips are shuffled and cut into groups of K; the last group is filled up with other
    clips of the sign (or, where it has fewer than K, with the same ones again). A batch takes one
    group from each of P signs, drawn in proportion to the groups they have left, and first of all
    from signs that have one left for every batch to come: so the promised number is reached. Where
    a few signs have most of the clips, some of their groups are left out of the epoch.
    """
    groups = _groups(config.clips_per_sign, sign, random)
    planned = batches_per_epoch(config, sign)
    left = np.array([min(len(own), planned) for own in groups])
    for to_come in range(planned, 0, -1):
        # An exponential draw over its weight: the smallest P are a weighted draw without return.
        with np.errstate(divide="ignore"):
            turn = random.exponential(size=len(left)) / left
        turn[left >= to_come] = -random.random(int((left >= to_come).sum()))
        chosen = np.argpartition(turn, config.signs - 1)[: config.signs]
        left[chosen] -= 1
        yield np.stack([groups[i][left[i]] for i in random.permutation(chosen)])


def clip_batches(
    config: BatchConfig, clips: int, random: np.random.Generator
) -> Iterator[Int64[np.ndarray, "sign clip"]]:
    """Batches of P × K different clips, whatever their signs; every clip comes once.

    What does not fill a batch is left out of the epoch.
    """
    size = config.signs * config.clips_per_sign
    order = random.permutation(clips)[: clips // size * size]
    yield from order.reshape(-1, config.signs, config.clips_per_sign)


def batches_per_epoch(config: BatchConfig, sign: Int64[np.ndarray, "clip"]) -> int:
    """The most batches of P distinct signs that an epoch's groups of K can make.

    B batches need P × B groups, of which no sign can give more than B: the largest B with
    Σ min(groups of a sign, B) ≥ P × B.
    """
    counts = np.unique(sign, return_counts=True)[1]
    groups = np.ceil(counts / config.clips_per_sign).astype(np.int64)
    low, high = 1, max(1, int(groups.sum()) // config.signs)
    while low < high:
        middle = (low + high + 1) // 2
        if np.minimum(groups, middle).sum() >= config.signs * middle:
            low = middle
        else:
            high = middle - 1
    return low


def _groups(
    size: int, sign: Int64[np.ndarray, "clip"], random: np.random.Generator
) -> list[np.ndarray]:
    """For each sign, its groups: [group clip]."""
    order = random.permutation(len(sign))
    order = order[np.argsort(sign[order], kind="stable")]
    starts = np.flatnonzero(np.diff(sign[order], prepend=-1))
    groups = []
    for clips in np.split(order, starts[1:]):
        short = -len(clips) % size
        filled = np.concatenate([clips, np.resize(clips, short)]) if short else clips
        groups.append(filled.reshape(-1, size))
    return groups
