"""A folder of ``.pose`` files with the manifest that knows their labels."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from raysign.datasets.pose_files import SUFFIX, write_pose
from raysign.errors import StoreError
from raysign.manifest import VideoClip

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

    Raises ``StoreError`` where the folder is there already or cannot be written, and as
    :func:`write_pose` does.
    """
    out = Path(out).absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"cannot write {str(out)!r}: it is there already; give a new folder")
    draft = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    rows: list[VideoClip] = []
    try:
        draft.mkdir(parents=True)
        for clip in clips:
            name = quote(clip.clip_id, safe=" ") + SUFFIX
            write_pose(clip, draft / name)
            labels = (clip.sign, clip.signer, clip.split, clip.language, clip.dataset)
            rows.append(VideoClip(clip.clip_id, name, *labels))
        write_manifest(draft / MANIFEST, rows)
        draft.replace(out)
    except OSError as error:
        raise StoreError(f"cannot write {str(out)!r}: {error.strerror}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return len(rows)
