"""Where clips come from: the synthetic world or a store, checked and split; and one clip alone.

What a door calls STORE is a store's folder or URI, or ``synthetic``; ``STORE:split`` is one split
of it. One clip is ``STORE`` and an id, or a ``.pose`` file.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from raysign.clip import SPLITS, Clip, Clips, Known
from raysign.config import DataConfig, SyntheticConfig
from raysign.datasets.pose_files import SUFFIX, UNKNOWN, read_pose
from raysign.errors import DataError, SealedSplitError, SplitError
from raysign.manifest import VideoClip, is_uri
from raysign.splits import Split, label_them, split_clips
from raysign.store import (
    describe,
    describe_clips,
    has_sentences,
    load_clips,
    locate,
    read_clip,
    read_facts,
)
from raysign.synthetic import World, iter_clips

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from raysign.store import StoreSummary

SYNTHETIC = "synthetic"
SHOWN_IDS = 3

_SPLIT_AT_THE_END = re.compile(r"(?P<store>.+):(?P<split>[A-Za-z_][^/:]*)")
_SYNTHETIC_ID = re.compile(r"syn(?P<language>[12])-(?P<sign>\d{6})-s(?P<signer>\d{2})")


C = TypeVar("C", bound=Known)


def load_split(config: DataConfig, *, unlabelled: bool = False) -> Split[Clips]:
    """The clips of a training run: who trains, who asks, what is searched. Never the test split.

    ``unlabelled`` keeps clips without a sign, as :func:`raysign.splits.split_clips` says.

    Raises:
        SealedSplitError: ``config.store`` asks for the test split.
        SplitError: it names another split, or see :func:`raysign.splits.split_clips`.
        StoreError, LayoutError: see :func:`raysign.store.load_clips`.
        DataError: clips without any landmark, as ``config.empty_clips`` says.
    """

    def read(store: str, splits: Sequence[str] | None) -> Clips:
        return _read(store, splits, config.synthetic, open_test=False)

    return split_of(config, read, unlabelled=unlabelled)


def split_of(
    config: DataConfig,
    read: Callable[[str, Sequence[str] | None], C],
    *,
    unlabelled: bool = False,
) -> Split[C]:
    """The same of what ``read`` gives of a store and its splits; None = all that may be read."""
    store, split = parse_selection(config.store)
    if split == "test":
        raise SealedSplitError.of(store)
    if split is not None:
        raise SplitError(
            f"data.store takes a whole store, got split {split!r} of it; "
            f"type data.store={store}, and see data.splits for who trains and who is asked"
        )
    if (
        store != SYNTHETIC
        and not unlabelled
        and has_sentences(store)
        and not (read_facts(store).sign != "").any()
    ):
        raise SplitError(
            f"{store!r} is a store of sentences, not of single signs; use `raysign keywords train "
            f"--data {quote(store)}`"
        )
    # The dataset's own splits need nothing else; the disjoint ones may use clips in no split too,
    # and so may a loss that needs no sign.
    wanted = ("train", "val") if config.splits == "own" and not unlabelled else None
    try:
        clips = read(store, wanted)
    except SplitError as error:
        raise SplitError(
            f"{error}; take data.splits=signer_disjoint, or {label_them(store)}"
        ) from None
    clips, notes = _without_empty(clips, store, config.empty_clips)
    made = split_clips(clips, config, unlabelled=unlabelled)
    return replace(made, notes=(*notes, *made.notes))


def load_selection(
    selection: str,
    *,
    open_test: bool = False,
    synthetic: SyntheticConfig | None = None,
    empty_clips: Literal["refuse", "drop"] = "refuse",
) -> Clips:
    """The clips of ``STORE`` or ``STORE:split``; without a split, all but the sealed test split.

    ``synthetic`` says which world ``synthetic:val`` is (default: the default world).
    Raises as :func:`load_split` does.
    """
    store, split = parse_selection(selection)
    splits = None if split is None else (split,)
    clips = _read(store, splits, synthetic or SyntheticConfig(), open_test=open_test)
    return _without_empty(clips, store, empty_clips)[0]


def describe_selection(selection: str) -> StoreSummary:
    """What ``STORE`` or ``STORE:split`` holds, in numbers.

    Of a store only labels and lengths are read, so the test split stays sealed; the (default)
    synthetic world is made. Raises ``SplitError`` where there is no such split, else as
    :func:`raysign.store.describe`.
    """
    store, split = parse_selection(selection)
    if store == SYNTHETIC:
        summary = describe_clips(store, iter_clips(SyntheticConfig()))
    else:
        summary = describe(store)
    if split is None:
        return summary
    if split not in summary.splits:
        there = ", ".join(name or "(no split)" for name in summary.splits)
        raise SplitError(f"store {store!r} has no split {split!r}; it has {there}")
    part = summary.splits[split]
    return replace(summary, store=selection, splits={split: part}, **vars(part))


def layout_of(selection: str) -> str:
    """The layout of the clips of ``STORE`` or ``STORE:split``; no landmark is read.

    Raises ``SplitError`` where the word after the colon is no split, else as
    :func:`raysign.store.describe`.
    """
    store, _ = parse_selection(selection)
    if store == SYNTHETIC:
        return next(iter_clips(SyntheticConfig())).layout
    return describe(store).layout


def clip_ids(selection: str) -> list[str]:
    """The ids of ``STORE`` or ``STORE:split``, in its order; no landmark is read, so test's too.

    Raises as :func:`describe_selection` does.
    """
    store, split = parse_selection(selection)
    if store == SYNTHETIC:
        facts = [(clip.clip_id, clip.split) for clip in iter_clips(SyntheticConfig())]
    else:
        labels = read_facts(store)
        facts = list(zip(labels.clip_id.tolist(), labels.split.tolist(), strict=True))
    found = [clip_id for clip_id, of in facts if split in (None, of)]
    if not found:
        raise SplitError(
            f"store {store!r} has no split {split!r}; `raysign data {store}` lists them"
        )
    return found


def find_clip(
    source: str,
    clip_id: str | None = None,
    *,
    synthetic: SyntheticConfig | None = None,
    again: Callable[[str], str] = "give {}".format,
) -> Clip:
    """The clip of that id in a store or in the ``synthetic`` world; or a ``.pose`` file.

    Args:
        source: ``STORE``, ``STORE:split`` for a clip of that split, or a file.
        clip_id: in the store.
        synthetic: which world ``synthetic`` is (default: the default world); its language is the
            one that the id names.
        again: what to type where the clip is in another split, for the store alone.

    Raises:
        SealedSplitError: the clip is in the test split.
        SplitError: there is no such split.
        DataError: there is no such clip, it is in another split, or an id too many or too few.
        StoreError, LayoutError: a store that cannot be used.
    """
    if is_pose_file(source):
        if clip_id is not None:
            raise DataError(f"{source!r} is one clip: leave {clip_id!r} out")
        clip = read_pose(VideoClip(clip_id=Path(source).stem, path=source))
        known = (clip.width, clip.height) != (UNKNOWN, UNKNOWN)
        return clip if known else replace(clip, width=None, height=None)
    if clip_id is None:
        raise DataError(f"which clip of {source!r}? `raysign data ids {source}` lists them")
    store, split = parse_selection(source)
    if store == SYNTHETIC:
        clip = _synthetic(clip_id, synthetic or SyntheticConfig())
    else:
        clip = read_clip(store, clip_id)
    if split not in (None, clip.split):
        raise DataError(
            f"clip {clip_id!r} of {store!r} is in {clip.split or 'no split'}, not in {split}; "
            f"{again(store)}"
        )
    return clip


def is_pose_file(source: str) -> bool:
    """Is it a ``.pose`` file by its name, not a folder that is called so?"""
    return source.endswith(SUFFIX) and not Path(source).is_dir()


def parse_selection(selection: str) -> tuple[str, str | None]:
    """``STORE`` or ``STORE:split`` → the store, and the split or None.

    Only a last ``:word`` without a slash is a split, so ``s3://bucket/store`` and
    ``hdfs://host:8020/store`` are stores; and so is a folder whose own name ends that way.
    Raises ``SplitError`` where the word is no split.
    """
    match = _SPLIT_AT_THE_END.fullmatch(selection)
    if match is None or Path(selection).exists():
        return selection, None
    store, split = match["store"], match["split"]
    if split not in SPLITS:
        raise SplitError(
            f"{selection!r}: {split!r} is no split; type {store}:train, {store}:val or {store}"
        )
    return store, split


def same_store(one: str, other: str) -> bool:
    """Whether two names of stores are one's: spelled another way, or by a link."""
    return place_of(one) == place_of(other)


def place_of(store: str) -> str:
    """The one spelling of a store, wherever it is asked for: absolute, and no link on the way."""
    if store == SYNTHETIC or (is_uri(store) and not store.startswith("file:")):
        return store.rstrip("/")
    return os.path.realpath(locate(store)[1])


def _read(
    store: str, splits: Sequence[str] | None, synthetic: SyntheticConfig, *, open_test: bool
) -> Clips:
    if store != SYNTHETIC:
        return load_clips(store, splits, open_test=open_test)
    if splits is not None and "test" in splits:
        if not open_test:
            raise SealedSplitError.of(store)
        raise SplitError("the synthetic world has the splits train and val, and no test")
    return Clips.pack(iter_clips(synthetic, splits))


def _synthetic(clip_id: str, config: SyntheticConfig) -> Clip:
    if (name := _SYNTHETIC_ID.fullmatch(clip_id)) is None:
        raise DataError(
            f"the synthetic world has no clip {clip_id!r}; they are named as syn1-000007-s02 is"
        )
    language: Literal[1, 2] = 1 if name["language"] == "1" else 2
    world = World(config.model_copy(update={"language": language}))
    return world.clip(world.sign(int(name["sign"])), world.signer(int(name["signer"])))


def _without_empty(
    clips: C, store: str, policy: Literal["refuse", "drop"]
) -> tuple[C, tuple[str, ...]]:
    empty = clips.empty()
    count = int(empty.sum())
    if not count:
        return clips, ()
    shown = ", ".join(clips.clip_id[np.flatnonzero(empty)[:SHOWN_IDS]].tolist())
    which = f"{shown}, …" if count > SHOWN_IDS else shown
    if count == len(clips):
        raise DataError(
            f"none of the {count} clips of {store!r} has a single landmark ({which}); "
            "extract them again, or give another store"
        )
    if policy == "refuse":
        raise DataError(
            f"{count} of {len(clips)} clips of {store!r} have no landmark at all ({which}); "
            "empty_clips=drop leaves them out (of a training data.empty_clips=drop)"
        )
    return clips.select(~empty), (f"{count} clips without any landmark are dropped ({which})",)
