"""The clips of a training run: in memory, or on disk where they are larger than it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from raysign.batches import TrainingClips
from raysign.clip import Clips, Unread
from raysign.config import DataConfig, PrepareConfig, TrainConfig
from raysign.errors import ConfigError
from raysign.mapped import MappedSequences, Shards, facts_of
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.sources import SYNTHETIC, load_split, parse_selection, split_of
from raysign.splits import Split
from raysign.store import absolute, read_parts
from raysign.train.on_disk import ClipsOnDisk, unread

Say = Callable[[str], None]

LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
"""What a container may take of its machine, where it may not have all of it."""


@dataclass(frozen=True, eq=False)
class MappedSplit:
    """Who trains, who asks, what is searched, of clips that are prepared on disk."""

    split: Split[Unread]
    clips: ClipsOnDisk
    """As the run's own config prepares them."""

    @property
    def train(self) -> Unread:
        return self.split.train

    def prepared(self, config: PrepareConfig) -> TrainingClips:
        """The split, prepared as a config says, on each node that asks for a clip."""
        clips = replace(self.clips, config=config)
        shards = Shards(clips)
        return TrainingClips.of(
            self.split, lambda part: MappedSequences(shards, part.row, clips.each)
        )


AnySplit = Split[Clips] | MappedSplit


def read_split(config: TrainConfig, say: Say) -> AnySplit:
    """Read a config's clips, into memory or onto the disk of this machine.

    Raises as :func:`raysign.sources.load_split`, and ``ConfigError`` where ``data.memory=mapped``
    has no store to map.
    """
    unlabelled = not config.by_sign
    if not _on_disk(config.data, config.prepare):
        return load_split(config.data, unlabelled=unlabelled)
    found: list[ClipsOnDisk] = []

    def read(store: str, splits: Sequence[str] | None) -> Unread:
        reading = read_parts(store, splits)
        cache = config.data.cache and str(Path(config.data.cache).expanduser().absolute())
        kept = None if splits is None else tuple(splits)
        clips = ClipsOnDisk(absolute(store), kept, reading.layout, config.prepare, cache)
        known = unread(reading, facts_of(clips.made(reading, say)))
        found.append(replace(clips, data=Clips.fingerprint_of(known)))
        return known

    return MappedSplit(split_of(config.data, read, unlabelled=unlabelled), found[0])


def prepared(split: AnySplit, config: PrepareConfig) -> TrainingClips:
    """What a config's runs train on."""
    if isinstance(split, MappedSplit):
        return split.prepared(config)
    return TrainingClips.prepare(split, Prepare(config, layout_named(split.train.layout)))


def _on_disk(config: DataConfig, prepare: PrepareConfig) -> bool:
    """Whether clips are mapped; what is wrong with the store, reading it will say."""
    store, split = parse_selection(config.store)
    if store == SYNTHETIC:
        if config.memory == "mapped":
            raise ConfigError(
                "data.memory=mapped needs a store to map, got data.store=synthetic; type "
                "`raysign data make --out STORE` and data.store=STORE, or data.memory=auto"
            )
        return False
    if config.memory != "auto" or split is not None:
        return config.memory == "mapped"
    return _needed(store, prepare) > _allowed(config.memory_gib)


def _needed(store: str, prepare: PrepareConfig) -> int:
    """Bytes that reading and preparing a store's clips takes: all of it is there twice.

    Landmarks as they are read and as they are split; prepared clips here and in Ray's memory.
    """
    reading = read_parts(store)
    layout = layout_named(reading.layout)
    each = prepare.frames * layout.only(prepare.joints).num_joints * prepare.axes
    return 4 * (int(reading.num_frames.sum()) * layout.num_joints * 3 + len(reading) * each)


def _allowed(gib: float | None) -> float:
    """Bytes that clips may take in memory."""
    if gib is not None:
        return gib * 2**30
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # ValueError: "max"
            has = min(has, int(Path(limit).read_text("ascii")))
    return has / 2
