"""Reading a store: all at once into ``Clips``, or clip by clip."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from raysign.clip import LABELS, Clip, Clips
from raysign.errors import DataError, SealedSplitError, StoreError
from raysign.store.opening import Group, Store, open_store
from raysign.store.schema import HALVES, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BATCH_CLIPS = 64
"""Clips that :func:`iter_clips` holds at a time."""


def load_clips(
    path: str | Path, splits: Sequence[str] | None = None, *, open_test: bool = False
) -> Clips:
    """Read the clips of some splits straight into contiguous memory, in the order of the store.

    ``splits`` None is everything but the sealed test split. Of the landmarks only ``xyz`` is read,
    only from row groups that hold a wanted clip, and at most two of those are in memory beside the
    result. Clips without any detection are kept.

    Raises:
        SealedSplitError: the test split without ``open_test``.
        SplitError: a split that the store does not have; lists those it has.
        StoreError, LayoutError: a store that cannot be used; says which file or clip is wrong.
    """
    splits = [splits] if isinstance(splits, str) else splits
    store = open_store(path)
    return clips_of(store, store.chosen(splits, open_test))


def clips_of(store: Store, keep: NDArray[np.bool_]) -> Clips:
    """The clips of some rows of an opened store, whatever their split, in contiguous memory."""
    offsets = np.concatenate([[0], np.cumsum(store.num_frames[keep])]).astype(np.int64)
    xyz = np.empty((offsets[-1], store.layout.num_joints, 3), dtype=np.float16)
    starts: NDArray[np.int64] = np.cumsum(keep) - keep

    def fill(group: Group) -> None:
        values = _landmarks(store, group, keep[group.rows])
        start = offsets[starts[group.rows.start]]
        into = xyz[start : start + len(values) // (store.layout.num_joints * 3)]
        into.reshape(-1)[:] = values

    wanted = [group for group in store.groups if keep[group.rows].any()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in pool.map(fill, wanted):
            pass
    labels: dict[str, Any] = {name: store.text(name)[keep] for name in LABELS}
    return Clips(
        layout=store.layout.name,
        xyz=xyz,
        offsets=offsets,
        fps=rate_of(store)[keep],
        width=pixels_of(store, "width")[keep],
        height=pixels_of(store, "height")[keep],
        **labels,
    )


def iter_clips(
    path: str | Path, splits: Sequence[str] | None = None, *, open_test: bool = False
) -> Iterator[Clip]:
    """The same clips one by one, with all that the store knows about each; errors as there.

    Everything but the landmarks is checked before the first clip comes.
    """
    splits = [splits] if isinstance(splits, str) else splits
    store = open_store(path)
    return stream_clips(store, store.chosen(splits, open_test))


def read_clip(path: str | Path, clip_id: str) -> Clip:
    """One clip by its id, with all that the store knows about it.

    Raises:
        SealedSplitError: it is in the test split.
        DataError: no clip has that id; names those most like it.
        StoreError, LayoutError: see :func:`load_clips`.
    """
    store = open_store(path)
    ids = store.text("clip_id")
    keep = ids == clip_id
    if not keep.any():
        raise DataError(
            f"store {store.name!r} has no clip {clip_id!r}; "
            f"it has {', '.join(get_close_matches(clip_id, ids.tolist(), 3, 0) or ids[:3])}, …"
        )
    if "test" in store.text("split")[keep]:
        raise SealedSplitError.of(store.name)
    return next(stream_clips(store, keep))


def _landmarks(store: Store, group: Group, keep: NDArray[np.bool_]) -> NDArray[np.float16]:
    """The landmarks of a row group's wanted clips end to end, checked; no copy where all are."""
    sizes, values = _lists(store, group, "xyz")
    wrong = keep & (sizes != store.num_values[group.rows])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise wrong_length(store, group.rows.start + row, int(sizes[row]))
    if values.null_count:
        raise StoreError(f"{group.file!r}: xyz holds nulls; a joint that was not detected is NaN")
    numbers = np.asarray(values.to_numpy(), dtype=np.float16)
    return numbers if keep.all() else numbers[np.repeat(keep, sizes)]


def confidence_of(store: Store, keep: NDArray[np.bool_]) -> NDArray[np.float16]:
    """The confidence of some rows of an opened store, [frame joint]; NaN where it has none."""
    joints = store.layout.num_joints
    found: list[NDArray[np.float16]] = []
    for group in store.groups:
        if not keep[group.rows].any():
            continue
        sizes, values = _lists(store, group, "confidence")
        frames = store.num_frames[group.rows]
        wrong = keep[group.rows] & (sizes != 0) & (sizes != frames * joints)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise _wrong_confidence(store, group.rows.start + row, int(sizes[row]))
        whole = keep[group.rows] & (sizes == frames * joints)
        numbers = np.asarray(values.fill_null(float("nan")).to_numpy(), dtype=np.float16)
        filled = np.full((frames.sum(), joints), np.nan, dtype=np.float16)
        filled[np.repeat(whole, frames)] = numbers[np.repeat(whole, sizes)].reshape(-1, joints)
        found.append(filled[np.repeat(keep[group.rows], frames)])
    return np.concatenate(found)


def _lists(store: Store, group: Group, name: str) -> tuple[NDArray[np.int64], Any]:
    """How long each list of a row group is, 0 where null; and all values end to end."""
    with store.reading(group) as file:
        column: Any = file.read_row_group(group.index, columns=[name])[name]
        if pa.types.is_null(column.type):
            column = column.cast(HALVES)
        lists: Any = pa.concat_arrays(column.chunks) if column.num_chunks > 1 else column.chunk(0)
    return lists.value_lengths().fill_null(0).to_numpy(), lists.flatten()


def stream_clips(store: Store, keep: NDArray[np.bool_]) -> Iterator[Clip]:
    """The clips of some rows of an opened store, whatever their split.

    Only row groups that hold one are read, ``BATCH_CLIPS`` clips at a time.
    """
    for group in store.groups:
        if not keep[group.rows].any():
            continue
        row = group.rows.start
        with store.reading(group) as file:
            for batch in file.iter_batches(BATCH_CLIPS, [group.index], list(SCHEMA.names)):
                rows = np.arange(row, row + len(batch))
                row += len(batch)
                # Rows of other splits go before anything looks at their landmarks.
                wanted = batch.filter(pa.array(keep[rows]))
                yield from _clips(store, wanted, rows[keep[rows]])


def _clips(store: Store, batch: Any, rows: NDArray[np.int64]) -> Iterator[Clip]:
    expected = store.num_values[rows]
    for at, row in enumerate(rows.tolist()):
        facts = store.facts.slice(row, 1).to_pylist()[0]
        xyz = _half(batch.column("xyz")[at])
        if xyz is None or len(xyz) != expected[at]:
            raise wrong_length(store, row, 0 if xyz is None else len(xyz))
        confidence = _half(batch.column("confidence")[at])
        shape = (facts.pop("num_frames"), store.layout.num_joints)
        if confidence is not None and confidence.size != shape[0] * shape[1]:
            raise _wrong_confidence(store, row, confidence.size)
        yield Clip(
            xyz=xyz.reshape(*shape, 3),
            confidence=None if confidence is None else confidence.reshape(shape),
            **facts,
        )


def _half(scalar: Any) -> NDArray[np.float16] | None:
    if not scalar.is_valid or scalar.values is None:
        return None
    return np.asarray(scalar.values.to_numpy(zero_copy_only=False), dtype=np.float16)


def wrong_length(store: Store, row: int, got: int) -> StoreError:
    """The error of a clip whose landmarks do not fit its frames."""
    clip, joints = store.facts["clip_id"][row].as_py(), store.layout.num_joints
    frames = store.num_frames[row]
    return StoreError(
        f"store {store.name!r}, clip {clip!r}: xyz has {got} values; "
        f"{frames} frames × {joints} joints × 3 make {frames * joints * 3}"
    )


def _wrong_confidence(store: Store, row: int, got: int) -> StoreError:
    clip, joints = store.facts["clip_id"][row].as_py(), store.layout.num_joints
    frames = store.num_frames[row]
    return StoreError(
        f"store {store.name!r}, clip {clip!r}: confidence has {got} values; "
        f"{frames} frames × {joints} joints make {frames * joints}"
    )


def rate_of(store: Store) -> NDArray[np.float32]:
    """Frames a second of each video, NaN where unknown."""
    fps = store.number("fps")
    return np.where(fps > 0, fps, np.nan).astype(np.float32)


def pixels_of(store: Store, side: str) -> NDArray[np.int32]:
    """Width or height of each video, 0 where unknown."""
    return np.nan_to_num(store.number(side)).astype(np.int32)
