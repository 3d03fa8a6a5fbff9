"""WLASL: its official metadata JSON next to videos or landmarks on disk. Downloads nothing.

WLASL (Li et al., "Word-level Deep Sign Language Recognition from Video", WACV 2020) is 2,000 signs
of American Sign Language. Metadata and download scripts: https://github.com/dxli94/WLASL; licence:
Computational Use of Data Agreement (C-UDA 1.0), computational and academic use only.

``WLASL_v0.3.json`` is a list of ``{gloss, instances: [{video_id, split, signer_id, fps,
frame_start, frame_end, bbox, …}]}``, glosses with the most clips first: WLASL100 is the first 100.
The official ``preprocess.py`` cuts the downloaded videos at ``frame_start`` and ``frame_end`` into
``videos/<video_id>.mp4``; what is read here is that: one file a clip, not to be cut again.
"""

from __future__ import annotations

import csv
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from raysign.clip import Clip
from raysign.errors import DataError, LayoutError
from raysign.skeleton import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LANGUAGE = "ase"
"""American Sign Language in ISO 639-3."""
VIDEOS = (".mp4", ".mkv", ".webm", ".mov", ".avi")
LANDMARKS = (".npy", ".npz")


@dataclass(frozen=True)
class WlaslInstance:
    """One clip of the metadata. Frames count from 1; ``frame_end`` is None for the video's end."""

    video_id: str
    sign: str
    split: str
    signer: str
    """'' where unknown."""
    fps: float | None
    frame_start: int
    frame_end: int | None
    bbox: tuple[int, int, int, int] | None
    """The signer in the picture: left, top, right, bottom, in pixels."""
    instance_id: int
    variation_id: int
    """Which variant (dialect) of the sign."""
    url: str
    """Where the video was; never opened."""


@dataclass(frozen=True)
class ManifestRow:
    """A clip of the metadata whose file is there."""

    instance: WlaslInstance
    path: Path


@dataclass(frozen=True)
class Manifest:
    """What is there of a dataset, in the metadata's order, and the ids of what is not."""

    rows: tuple[ManifestRow, ...]
    missing: tuple[str, ...]


class _Instance(BaseModel):
    video_id: Annotated[str, Field(min_length=1, pattern=r"^[^/\\]+$")]
    split: Literal["train", "val", "test"]
    signer_id: int = -1
    fps: float = 0
    frame_start: int = 1
    frame_end: int = -1
    bbox: tuple[int, int, int, int] | None = None
    instance_id: int = 0
    variation_id: int = 0
    url: str = ""


class _Gloss(BaseModel):
    gloss: Annotated[str, Field(min_length=1)]
    instances: list[_Instance]


def read_metadata(json_path: str | Path, subset: int | None = None) -> list[WlaslInstance]:
    """The clips of the first ``subset`` signs (None: all), in the file's order.

    Raises ``DataError`` where the file cannot be read or is not WLASL's, with the path of what is
    wrong in it, or where ``subset`` is not between 1 and its number of signs.
    """
    try:
        glosses = TypeAdapter(list[_Gloss]).validate_json(Path(json_path).read_bytes())
    except OSError as error:
        raise DataError(
            f"cannot read WLASL metadata {str(json_path)!r}: {error.strerror}; "
            "give the path of WLASL_v0.3.json"
        ) from None
    except ValidationError as error:
        raise DataError(f"{str(json_path)!r} is not WLASL metadata: {_mistake(error)}") from None
    if subset is not None and not 1 <= subset <= len(glosses):
        raise DataError(
            f"subset must be between 1 and the {len(glosses)} signs of {str(json_path)!r}, "
            f"got {subset}"
        )
    return [_instance(entry.gloss, one) for entry in glosses[:subset] for one in entry.instances]


def manifest(
    json_path: str | Path,
    videos_dir: str | Path,
    subset: int | None = None,
    *,
    suffixes: Sequence[str] = VIDEOS,
) -> Manifest:
    """Which clips have their file ``<video_id><suffix>`` in the folder, and which have not.

    Many of WLASL's links are dead, so something missing is usual. ``DataError`` where nothing is
    there.
    """
    instances = read_metadata(json_path, subset)
    try:
        files = {
            entry.stem: entry
            for entry in map(Path, sorted(os.scandir(videos_dir), key=os.fspath))
            if entry.suffix.lower() in suffixes
        }
    except OSError as error:
        raise DataError(f"cannot read folder {str(videos_dir)!r}: {error.strerror}") from None
    rows = tuple(ManifestRow(i, files[i.video_id]) for i in instances if i.video_id in files)
    if not rows:
        raise DataError(
            f"none of the {len(instances)} clips of {str(json_path)!r} is in {str(videos_dir)!r}; "
            f"expected files such as {instances[0].video_id + suffixes[0] if instances else '—'}"
        )
    return Manifest(rows, tuple(i.video_id for i in instances if i.video_id not in files))


MANIFEST_COLUMNS = ("clip_id", "path", "sign", "signer", "split")


def write_manifest(found: Manifest, out: str | Path) -> None:
    """Write the videos that are there as CSV, for extraction; the file appears whole or not at all.

    No frames are named: the videos are already cut.
    """
    partial = Path(f"{out}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(MANIFEST_COLUMNS)
            for row in found.rows:
                i = row.instance
                rows.writerow((i.video_id, row.path.absolute(), i.sign, i.signer, i.split))
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise DataError(f"cannot write manifest {str(out)!r}: {error.strerror}") from None


def clips_from_landmarks(
    json_path: str | Path, landmarks_dir: str | Path, subset: int | None = None
) -> Iterator[Clip]:
    """The clips whose landmarks are in the folder as ``<video_id>.npy`` or ``.npz``, one by one.

    A file holds one array, [frame joint axis] or [frame joint·axis], with 75 (``holistic75``) or
    42 (``hands42``) joints × xyz, x and y in units of frame width and height. A joint that is NaN
    in any axis, or 0 in all, is missing: it comes as NaN. :func:`manifest` with
    ``suffixes=LANDMARKS`` tells which clips have no file; they are left out here.

    Raises ``DataError`` (``LayoutError`` for a wrong number of joints) that names the file.
    """
    dataset = "wlasl" if subset is None else f"wlasl{subset}"
    for row in manifest(json_path, landmarks_dir, subset, suffixes=LANDMARKS).rows:
        xyz, layout = _landmarks(row.path)
        yield Clip(
            clip_id=row.instance.video_id,
            xyz=xyz,
            layout=layout,
            sign=row.instance.sign,
            signer=row.instance.signer,
            split=row.instance.split,
            language=LANGUAGE,
            dataset=dataset,
            fps=row.instance.fps,
        )


def _landmarks(path: Path) -> tuple[NDArray[np.float32], str]:
    array = _array(path)
    joints = {layout.num_joints: layout.name for layout in LAYOUTS.values()}
    if array.ndim == 2 and array.shape[1] % 3 == 0:
        array = array.reshape(len(array), -1, 3)
    if array.ndim != 3 or array.shape[2] != 3 or array.shape[1] not in joints:
        wanted = " or ".join(f"(frames, {count}, 3)" for count in joints)
        raise LayoutError(f"{str(path)!r}: landmarks must be {wanted}, got {array.shape}")
    xyz = array.astype(np.float32)
    missing = np.isnan(xyz).any(axis=2) | (xyz == 0).all(axis=2)
    xyz[missing] = np.nan
    return xyz, joints[array.shape[1]]


def _array(path: Path) -> NDArray[np.floating[Any]]:
    try:
        with path.open("rb") as file:
            loaded: Any = np.load(file, allow_pickle=False)
            if isinstance(loaded, Mapping):  # an .npz
                if len(loaded) != 1:
                    names = ", ".join(loaded) or "none"
                    raise DataError(f"{str(path)!r} must hold one array, got {names}")
                (loaded,) = loaded.values()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = next(iter(str(error).splitlines()), "it is empty")
        raise DataError(f"{str(path)!r} is not a NumPy array file: {reason}") from None
    if not np.issubdtype(loaded.dtype, np.floating):
        raise DataError(f"{str(path)!r}: landmarks must be floating-point, got {loaded.dtype}")
    return np.asarray(loaded)


def _instance(sign: str, entry: _Instance) -> WlaslInstance:
    return WlaslInstance(
        video_id=entry.video_id,
        sign=sign,
        split=entry.split,
        signer=str(entry.signer_id) if entry.signer_id >= 0 else "",
        fps=entry.fps if entry.fps > 0 else None,
        frame_start=entry.frame_start,
        frame_end=entry.frame_end if entry.frame_end > 0 else None,
        bbox=entry.bbox,
        instance_id=entry.instance_id,
        variation_id=entry.variation_id,
        url=entry.url,
    )


def _mistake(error: ValidationError) -> str:
    first, count = error.errors()[0], error.error_count()
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {count - 1} more like it)" if count > 1 else ""
    got = "" if first["type"] == "json_invalid" else f", got {first['input']!r:.60}"
    return f"{where + ': ' if where else ''}{first['msg']}{got}{more}"
