"""A folder of ``.pose`` files with the manifest that knows their labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from raysign.datasets.pose_files import SUFFIX, write_pose
from raysign.errors import StoreError
from raysign.manifest import VideoClip
from raysign.whole import whole_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from raysign.clip import Clip

MANIFEST = "manifest.csv"


def write_folder(
    out: str | Path,
    clips: Iterable[Clip],
    write_manifest: Callable[[Path, list[VideoClip]], object],
) -> int:
    """Write clips as a new folder of ``.pose`` files with a manifest; return how many.

    A file is named by its clip's id, percent-encoded; ``manifest.csv`` has the labels, written by
    ``write_manifest``. The folder appears whole or not at all.

    Raises ``StoreError`` where the folder is there already, ``DataError`` where it cannot be
    written, and as :func:`write_pose` does.
    """
    out = Path(out).absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"cannot write {str(out)!r}: it is there already; give a new folder")
    rows: list[VideoClip] = []
    with whole_folder(out) as draft:
        for clip in clips:
            name = quote(clip.clip_id, safe=" ") + SUFFIX
            write_pose(clip, draft / name)
            labels = (clip.sign, clip.signer, clip.split, clip.language, clip.dataset)
            rows.append(VideoClip(clip.clip_id, name, *labels))
        write_manifest(draft / MANIFEST, rows)
    return len(rows)
