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

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from raysign.clip import Clip
from raysign.config.mistakes import plain
from raysign.datasets.found import Found, files_in, found
from raysign.datasets.table import DATASETS
from raysign.errors import DataError, LayoutError
from raysign.manifest import VIDEOS, VideoClip
from raysign.skeleton import HANDS42, HOLISTIC75

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WLASL = DATASETS["wlasl"]
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


def find(
    json_path: str | Path,
    folder: str | Path,
    subset: int | None = None,
    *,
    suffixes: Sequence[str] = VIDEOS,
) -> Found:
    """Which clips have their file ``<video_id><suffix>`` in the folder, and which have not.

    Many of WLASL's links are dead, so something missing is usual. No frames are named: the videos
    are already cut. ``DataError`` where nothing is there.
    """
    instances = read_metadata(json_path, subset)
    files = files_in(folder, suffixes)
    dataset = WLASL.name if subset is None else f"{WLASL.name}{subset}"
    rows = [
        VideoClip(
            clip_id=one.video_id,
            path=str(files[one.video_id]),
            sign=one.sign,
            signer=one.signer,
            split=one.split,
            language=WLASL.language,
            dataset=dataset,
        )
        for one in instances
        if one.video_id in files
    ]
    listed = {one.video_id for one in instances}
    return found(
        rows,
        (one.video_id for one in instances if one.video_id not in files),
        (path.name for stem, path in files.items() if stem not in listed),
        title=repr(str(json_path)),
        folder=folder,
        expected=f"files such as {instances[0].video_id + suffixes[0] if instances else '—'}",
    )


def clips_from_landmarks(
    json_path: str | Path, landmarks_dir: str | Path, subset: int | None = None
) -> Iterator[Clip]:
    """The clips whose landmarks are in the folder as ``<video_id>.npy`` or ``.npz``, one by one.

    A file holds one array, [frame joint axis] or [frame joint·axis], with 75 (``holistic75``) or
    42 (``hands42``) joints × xyz, x and y in units of frame width and height. A joint that is NaN
    in any axis, or 0 in all, is missing: it comes as NaN. :func:`find` with
    ``suffixes=LANDMARKS`` tells which clips have no file; they are left out here.

    Raises ``DataError`` (``LayoutError`` for a wrong number of joints) that names the file.
    """
    fps = {one.video_id: one.fps for one in read_metadata(json_path, subset)}
    for row in find(json_path, landmarks_dir, subset, suffixes=LANDMARKS).rows:
        xyz, layout = _landmarks(Path(row.path))
        yield Clip(
            clip_id=row.clip_id,
            xyz=xyz,
            layout=layout,
            sign=row.sign,
            signer=row.signer,
            split=row.split,
            language=row.language,
            dataset=row.dataset,
            fps=fps[row.clip_id],
        )


def _landmarks(path: Path) -> tuple[NDArray[np.float32], str]:
    array = _array(path)
    joints = {layout.num_joints: layout.name for layout in (HOLISTIC75, HANDS42)}
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
    if first["type"] == "json_invalid":
        return f"it is not JSON ({first['ctx']['error']}); give the path of WLASL_v0.3.json"
    if not where:
        return f"{plain(first)} of signs; give the path of WLASL_v0.3.json"
    if first["type"] == "missing":
        return f"{where}: {plain(first)}{more}"
    return f"{where}: {plain(first)}, got {first['input']!r:.60}{more}"
