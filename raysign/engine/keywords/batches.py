"""Batches of sentences of about one length, so that little of a batch is padding."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

from raysign.config import KeywordConfig
from raysign.errors import ConfigError
from raysign.keywords.augment import longest

Index = Int64[np.ndarray, "_"]
"""Some sentences by their numbers."""


def check_batches(config: KeywordConfig, sentences: int) -> None:
    """``ConfigError`` where so few sentences cannot be shared among the workers."""
    if sentences < config.workers:
        raise ConfigError(
            f"workers={config.workers}, but there are {sentences} training sentences to share; "
            f"type workers={sentences} or less"
        )


def epoch_batches(
    config: KeywordConfig, num_frames: Int64[np.ndarray, "sentence"], random: np.random.Generator
) -> list[Index]:
    """The numbers of an epoch's sentences, batch by batch, of all workers; each comes once.

    Sentences are shuffled and dealt into buckets of ``batches.bucket`` batches; a bucket is sorted
    by length and cut into equal batches, and these are shuffled over the whole epoch. What
    ``batches.frames`` does not hold is halved. No batch has fewer sentences than there are workers:
    where equal batches would have, there is one fewer, and each is a little larger than
    ``batches.sentences``.
    """
    size, workers = config.batches.sentences, config.workers
    most, varied = config.batches.frames, longest(num_frames, config.augment)
    order = random.permutation(len(num_frames))
    batches: list[Index] = []
    for bucket in _dealt(order, size * config.batches.bucket, workers):
        alike = bucket[np.argsort(num_frames[bucket], kind="stable")]
        for batch in _dealt(alike, size, workers):
            batches.extend(_halved(batch, varied, most, workers))
    return [batches[i] for i in random.permutation(len(batches))]


def steps_of(config: KeywordConfig, num_frames: Int64[np.ndarray, "sentence"], epochs: int) -> int:
    """How many batches the first so many epochs of a run have."""

    def counted(epoch: int) -> int:
        return len(epoch_batches(config, num_frames, np.random.default_rng((config.seed, epoch))))

    if not config.batches.frames:  # without that bound every epoch has as many
        return counted(0) * epochs
    return sum(map(counted, range(epochs)))


def _dealt(order: Index, size: int, workers: int) -> list[Index]:
    """Parts of at most that size, as equal as can be; larger ones where they could not be shared
    among the workers.
    """
    return np.array_split(order, min(math.ceil(len(order) / size), len(order) // workers))


def _halved(
    batch: Index, num_frames: Int64[np.ndarray, "sentence"], most: int, workers: int
) -> Iterator[Index]:
    """The batch, or its halves where a worker's share has more frames than ``most``; 0 = any."""
    share = math.ceil(len(batch) / workers)
    if not most or share * num_frames[batch].max() <= most or len(batch) < 2 * workers:
        yield batch
        return
    for half in np.array_split(batch, 2):
        yield from _halved(half, num_frames, most, workers)
