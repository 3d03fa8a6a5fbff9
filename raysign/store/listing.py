"""Manifests that are there without having been given: in a folder of videos, or as a store."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

from raysign.errors import DataError, StoreError
from raysign.manifest import LABELS, Outcome, VideoClip, without_options
from raysign.store.manifest_files import READERS
from raysign.store.opening import first_line, locate, open_store
from raysign.store.outcomes import read_outcomes

NAMES = tuple(f"manifest{suffix}" for suffix in READERS)
_SPAN = re.compile(r"(?P<unit>frames|seconds) (?P<start>[^–]+)–(?P<end>.*)")


def manifest_in(path: str | Path) -> str | None:
    """The manifest that lies in a folder, ``manifest.csv``, ``.parquet`` or ``.jsonl``, or None.

    ``DataError`` where several do.
    """
    filesystem, inside = locate(path)
    try:
        files = filesystem.get_file_info([f"{inside.rstrip('/')}/{name}" for name in NAMES])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot look into {str(path)!r}: {first_line(error)}") from None
    there = [file.base_name for file in files if file.type == fs.FileType.File]
    if not there:
        return None
    whole, options = without_options(str(path))
    if len(there) > 1:
        raise DataError(f"{str(path)!r} holds {' and '.join(there)}: give the one that is meant")
    return f"{whole.rstrip('/')}/{there[0]}{options}"


def list_videos(store: str | Path) -> tuple[list[VideoClip], int]:
    """The manifest that an extraction's store is of, with its labels as they are in the store.

    A row that gave no clip has the labels of its outcome; also how many have none there, as in
    stores of before outcomes had them. Of such a row's labels only the sign is known, and only
    where its id is that of a folder, ``sign/clip``.

    Raises ``StoreError`` where nothing left outcomes there, and as ``load_clips`` does.
    """
    outcomes = read_outcomes(store)
    there = open_store(store)
    if outcomes is None:
        raise StoreError(f"{str(store)!r} has no outcomes.parquet: it does not know its videos")
    columns = (there.text(name).tolist() for name in ("clip_id", *LABELS))
    labels: dict[str, dict[str, Any]] = {
        clip_id: dict(zip(LABELS, values, strict=True))
        for clip_id, *values in zip(*columns, strict=True)
    }
    rows: dict[str, VideoClip] = {}
    told = {outcome.clip_id for outcome in outcomes if _labelled(outcome)}
    for outcome in outcomes:
        if outcome.outcome == "ok" and outcome.clip_id in labels:
            rows[outcome.clip_id] = replace(_row(outcome), **labels[outcome.clip_id])
        else:
            rows.setdefault(outcome.clip_id, _row(outcome))
    return list(rows.values()), len(rows.keys() - labels.keys() - told)


def _labelled(outcome: Outcome) -> bool:
    return any(getattr(outcome, name) for name in LABELS)


def _row(outcome: Outcome) -> VideoClip:
    span: dict[str, Any] = {}
    if match := _SPAN.fullmatch(outcome.span):
        unit, number = ("frame", int) if match["unit"] == "frames" else ("s", float)
        span[f"start_{unit}"] = number(match["start"])
        span[f"end_{unit}"] = number(match["end"]) if match["end"] else None
    labels = {name: getattr(outcome, name) for name in LABELS}
    sign, slash, _ = outcome.clip_id.partition("/")
    if not _labelled(outcome) and slash and Path(outcome.path).parts[-2:-1] == (sign,):
        labels["sign"] = sign
    return VideoClip(outcome.clip_id, outcome.path, **labels, **span)
