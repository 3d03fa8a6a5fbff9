"""Reading a store part by part, of which only one or two are in memory."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysign.clip import LABELS, Clips
from raysign.errors import StoreError
from raysign.store.opening import Store, first_line, open_store, readable
from raysign.store.read import pixels_of, rate_of, wrong_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from raysign.store.opening import Group

PART_VALUES = 1 << 23
"""Numbers of a part, about: 16 MiB."""
BUFFER_BYTES = 8 << 20
"""Read from a file at a time, so that a row group may be larger than memory."""


@dataclass(frozen=True)
class Reading:
    """The clips of some splits of a store, in its order; their landmarks come part by part."""

    store: Store
    keep: NDArray[np.bool_]
    """Which of the store's rows they are."""

    def __len__(self) -> int:
        return int(self.keep.sum())

    @property
    def layout(self) -> str:
        return self.store.layout.name

    @cached_property
    def labels(self) -> Mapping[str, NDArray[np.str_]]:
        """The text of each clip, by the names of ``LABELS``."""
        return {name: self.store.text(name)[self.keep] for name in LABELS}

    @property
    def num_frames(self) -> NDArray[np.int64]:
        """Frames of each clip."""
        return self.store.num_frames[self.keep]

    def version(self) -> str | None:
        """Sixteen hex digits: the same while the files' names, sizes and times are.

        None where a filesystem does not tell its files' times.
        """
        names = sorted({group.file for group in self.store.groups})
        try:
            found = self.store.filesystem.get_file_info(names)
        except (pa.ArrowException, OSError) as error:
            raise StoreError(
                f"cannot open store {self.store.name!r}: {first_line(error)}"
            ) from None
        files = [(file.base_name, file.size, file.mtime_ns) for file in found]
        if any(not mtime for _, _, mtime in files):
            return None
        kept = hashlib.sha256(np.packbits(self.keep).tobytes()).hexdigest()
        text = json.dumps([self.layout, kept, files])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def parts(self, most: int) -> Iterator[tuple[NDArray[np.int64], Clips]]:
        """All clips once, at most so many at a time: their numbers, and themselves.

        The next part is read meanwhile. ``StoreError`` where one cannot be used.
        """
        read = self._parts(most)
        with ThreadPoolExecutor(max_workers=1) as pool:
            coming = pool.submit(next, read, None)
            while (part := coming.result()) is not None:
                coming = pool.submit(next, read, None)
                yield part

    def _parts(self, most: int) -> Iterator[tuple[NDArray[np.int64], Clips]]:
        fps, width, height = self._video
        number: NDArray[np.int64] = np.cumsum(self.keep) - 1
        groups = (self._rows(group, most) for group in self.store.groups)
        for rows, xyz in chain.from_iterable(groups):
            clips = number[rows]
            lengths = self.store.num_frames[rows]
            labels: dict[str, Any] = {name: text[clips] for name, text in self.labels.items()}
            yield (
                clips,
                Clips(
                    layout=self.layout,
                    xyz=xyz.reshape(-1, self.store.layout.num_joints, 3),
                    offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
                    fps=fps[rows],
                    width=width[rows],
                    height=height[rows],
                    **labels,
                ),
            )

    @cached_property
    def _video(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        store = self.store
        return rate_of(store), pixels_of(store, "width"), pixels_of(store, "height")

    def _rows(
        self, group: Group, most: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Rows of a row group that are kept, some at a time, and their landmarks end to end."""
        if not self.keep[group.rows].any():
            return
        expected = self.store.num_values[group.rows]
        at_once = max(1, min(most, PART_VALUES // max(1, int(expected.mean()))))
        row = group.rows.start
        with (
            readable(group.file),
            pq.ParquetFile(
                group.file,
                metadata=group.metadata,
                filesystem=self.store.filesystem,
                buffer_size=BUFFER_BYTES,
            ) as file,
        ):
            for batch in file.iter_batches(at_once, [group.index], ["xyz"]):
                rows = np.arange(row, row + len(batch))
                row += len(batch)
                kept = self.keep[rows]
                if kept.any():
                    # Rows of other splits go before anything looks at their landmarks.
                    lists: Any = batch.column("xyz").filter(pa.array(kept))
                    yield rows[kept], self._landmarks(lists, rows[kept], group.file)

    def _landmarks(self, lists: Any, rows: NDArray[np.int64], file: str) -> NDArray[np.float16]:
        sizes = lists.value_lengths().fill_null(0).to_numpy()
        wrong = np.flatnonzero(sizes != self.store.num_values[rows])
        if len(wrong):
            raise wrong_length(self.store, int(rows[wrong[0]]), int(sizes[wrong[0]]))
        values: Any = lists.flatten()
        if values.null_count:
            raise StoreError(f"{file!r}: xyz holds nulls; a joint that was not detected is NaN")
        return np.asarray(values.to_numpy(), dtype=np.float16)


def read_parts(
    path: str | Path, splits: Sequence[str] | None = None, *, open_test: bool = False
) -> Reading:
    """Open a store whose clips are to be read part by part; errors as :func:`load_clips`."""
    store = open_store(path)
    return Reading(store, store.chosen(splits, open_test))
