"""Other tools' landmark files on their way into a store: a bad one costs its clip, never the rest.

Which files are meant is told by a manifest, local or at any URI that ``read_manifest`` knows, or by
how they lie in a folder; the files themselves are local.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from raysign.datasets import islr, openpose
from raysign.datasets.pose_files import SUFFIX, read_pose
from raysign.errors import DataError
from raysign.manifest import Outcome, VideoClip, is_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from raysign.clip import Clip

    ReadManifest = Callable[..., Sequence[VideoClip]]
    """:func:`raysign.store.read_manifest` is one."""


@dataclass(frozen=True, eq=False)
class Import:
    """What is to become of some rows. ``outcomes`` fills as :meth:`clips` is gone through."""

    rows: Sequence[VideoClip]
    read: Callable[[VideoClip], Clip]
    missing: int = 0
    """Clips that are listed and have no file."""
    outcomes: list[Outcome] = field(default_factory=list)

    def clips(self) -> Iterator[Clip]:
        """The clips of the rows that can be read, one by one.

        ``DataError`` at the end where there is none.
        """
        first: dict[str, int] = {}
        for number, row in enumerate(self.rows, start=1):
            before = first.setdefault(row.clip_id, number)
            try:
                if before != number:
                    same = self.rows[before - 1].path
                    raise DataError(f"its clip_id came before, in row {before}: {same}")
                clip = self.read(row)
                _check_finite(clip, row.path)
            except DataError as error:
                self.outcomes.append(
                    Outcome(row.clip_id, row.path, "failed", str(error), **row.labels)
                )
                continue
            self.outcomes.append(Outcome(row.clip_id, row.path, "ok", fps=clip.fps, **row.labels))
            yield clip
        if len(self.failed) == len(self.rows):
            first_of = f"none of the {len(self.rows)} clips can be read: "
            raise DataError((first_of if len(self.rows) > 1 else "") + self.failed[0].reason)

    @property
    def failed(self) -> list[Outcome]:
        """The rows that gave no clip, with their reasons."""
        return [outcome for outcome in self.outcomes if outcome.outcome == "failed"]


def from_pose(path: str, read_manifest: ReadManifest) -> Import:
    """A ``.pose`` file, a folder of ``sign/clip.pose``, or a manifest of such files."""
    if path.lower().endswith(SUFFIX) and not Path(path).is_dir():
        return Import(_local([VideoClip(Path(path).stem, path)]), read_pose)
    return Import(_local(read_manifest(path, (SUFFIX,))), read_pose)


def from_openpose(
    path: str, read_manifest: ReadManifest, width: int, height: int, fps: float | None
) -> Import:
    """A folder with a folder of ``*_keypoints.json`` a clip, or a manifest of those folders."""
    listed = PurePosixPath(path.partition("?")[0]).suffix if is_uri(path) else Path(path).is_file()
    rows = read_manifest(path) if listed else openpose.find(_here(path))
    read = partial(openpose.read_clip, width=width, height=height, fps=fps)
    return Import(_local(rows), read)


def from_islr(path: str, read_columns: islr.ReadColumns) -> Import:
    """The Kaggle folder with ``train.csv``."""
    found = islr.find(_here(path))
    read = partial(islr.read_clip, read_columns=read_columns)
    return Import(found.rows, read, missing=len(found.missing))


def _local(rows: Sequence[VideoClip]) -> Sequence[VideoClip]:
    for row in rows:
        _here(row.path)
    return rows


def _here(path: str) -> str:
    if is_uri(path):
        raise DataError(f"landmarks are imported from local files, got {path!r}; copy them here")
    return path


def _check_finite(clip: Clip, path: str) -> None:
    """As stores want it."""
    with np.errstate(over="ignore"):
        if np.isinf(clip.xyz.astype(np.float16)).any():
            raise DataError(f"{path!r}: landmarks are infinite, or too large for float16")
