"""What is looked through: a store of sentences or of clips, one clip of it, or a video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

import numpy as np

from raysign.clip import Clip
from raysign.errors import DataError, SealedSplitError, SplitError, VideoError
from raysign.manifest import is_uri
from raysign.search.query import Reader
from raysign.sentences import Sentences, SignedSentence
from raysign.sources import SYNTHETIC, is_pose_file, parse_selection
from raysign.store import has_sentences, load_clips, load_sentences, read_facts


def is_store(source: str) -> bool:
    """Whether it is a store by its name, and not a video or a ``.pose`` file; of a store that is
    not there True where a split is named.
    """
    if is_pose_file(source):
        return False
    try:
        store, split = parse_selection(source)
    except SplitError:
        return not Path(source).exists()
    return split is not None or store == SYNTHETIC or is_uri(store) or Path(store).is_dir()


def check_source(source: str, clip_ids: Sequence[str] = ()) -> None:
    """Refuse at once what ``read_sentences`` would refuse without a look at a landmark.

    Raises:
        SealedSplitError: the test split, or a clip of it.
        SplitError, StoreError: the store has no such split, or there is none.
        VideoError: there is neither such a store nor such a file.
        DataError: the store has no clip of such an id.
    """
    if not is_store(source):
        if clip_ids:
            raise DataError(f"{source!r} is one recording: leave {clip_ids[0]!r} out")
        if not Path(source).exists():
            raise VideoError(
                f"there is no store and no video {source!r}; give STORE, STORE:split or a video"
            )
        return
    store, split = parse_selection(source)
    if store == SYNTHETIC:
        raise DataError(
            f"{source!r} has signs one at a time; make sentences of it with `raysign keywords make`"
        )
    if is_uri(store):
        return  # every look at it takes long
    facts = read_facts(store)
    if split is not None and split not in facts.split:
        there = ", ".join(sorted({name or "(no split)" for name in facts.split.tolist()}))
        raise SplitError(f"store {store!r} has no split {split!r}; it has {there}")
    if split == "test" or (facts.split == "test").all():
        raise SealedSplitError.of(store)
    of = dict(zip(facts.clip_id.tolist(), facts.split.tolist(), strict=True))
    for name in clip_ids:
        if of.get(name) == "test" and split is None:
            raise SealedSplitError.of(store)
        if name not in of or split not in (None, of[name]):
            raise _missing(name, source)


def read_sentences(
    source: str,
    clip_ids: Sequence[str] = (),
    *,
    reader: Reader,
    note: Callable[[str], object] = str,
) -> Sentences:
    """The sentences of ``STORE[:split]``, or the one of a video; what is written, where it is.

    Args:
        source: a store of sentences; one of clips, each of which is then a sentence of unknown
            words; a video or ``.pose`` file of ten minutes at most. Without a split all but the
            sealed test split.
        clip_ids: only these of a store; none = all.
        reader: looks at videos.
        note: is told what is left out, having no frame.

    Raises:
        SealedSplitError: the test split, or a clip of it.
        DataError: the store's clips have no frames or it lacks one of these ids; else as
            ``Reader.read``, ``load_clips`` and ``load_sentences``.
    """
    check_source(source, clip_ids)
    if not is_store(source):
        return Sentences.pack([SignedSentence(_unsigned(reader.read(source, called="video")))])
    store, split = parse_selection(source)
    splits = None if split is None else (split,)
    if has_sentences(store):
        found = load_sentences(store, splits)
    else:
        clips = load_clips(store, splits)
        many = len(clips)
        detected = (~np.isnan(clips.xyz).any(axis=2)).astype(np.float16)
        found = Sentences(clips, detected, ((),) * many, ((),) * many, (None,) * many)
    if clip_ids:
        found = _chosen(found, source, clip_ids)
    found, left_out = found.with_frames()
    if not len(found):
        raise DataError(f"no sentence of {source!r} has a frame; give another store")
    for line in left_out:
        note(line)
    return found


def _unsigned(clip: Clip) -> Clip:
    if not len(clip.xyz):
        raise DataError(f"{clip.clip_id!r} has no frame; give another recording")
    return clip


def _chosen(sentences: Sentences, source: str, clip_ids: Sequence[str]) -> Sentences:
    place = {name: row for row, name in enumerate(sentences.clips.clip_id.tolist())}
    missing = [name for name in clip_ids if name not in place]
    if missing:
        raise _missing(missing[0], source)
    return sentences.select(np.asarray([place[name] for name in clip_ids], dtype=np.int64))


def _missing(name: str, source: str) -> DataError:
    return DataError(
        f"{source!r} has no sentence or clip {name!r}; `raysign data ids {quote(source)}` lists "
        "them"
    )
