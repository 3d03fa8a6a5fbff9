"""Manifests that lie in a folder, and the one that a store is of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from raysign.clip import Clip
from raysign.errors import DataError, StoreError
from raysign.manifest import LABELS, Outcome, VideoClip
from raysign.store import list_videos, manifest_in, read_manifest, write_manifest, write_store
from raysign.store.outcomes import read_outcomes

ROWS = [
    VideoClip("hello/a", "/videos/hello/a.mp4", "hello", "ann", "train", "ase", "mine"),
    VideoClip("b", "s3://bucket/b.mp4", start_frame=3, end_frame=31),
    VideoClip("c", "/videos/c.mp4", "hello", start_s=1.25),
]
LOST = [
    VideoClip("bye/d", "/videos/bye/d.mp4", "bye"),
    VideoClip("bye/e", "/elsewhere/e.mp4", end_s=2.0),
]


def clip(row: VideoClip) -> Clip:
    facts = {n: getattr(row, n) for n in ("sign", "signer", "split", "language", "dataset")}
    return Clip(row.clip_id, np.zeros((3, 42, 3), np.float32), "hands42", **facts)


def test_a_store_lists_its_videos_as_the_manifest_did(tmp_path: Path) -> None:
    outcomes = [Outcome(r.clip_id, r.path, "ok", span=r.span) for r in ROWS]
    outcomes[1:1] = [Outcome(r.clip_id, r.path, "failed", "broken", span=r.span) for r in LOST]
    outcomes.append(Outcome("c", "/videos/again.mp4", "failed", "its clip_id came before"))
    write_store(tmp_path / "store", map(clip, ROWS), outcomes=outcomes)
    listed, lost = list_videos(tmp_path / "store")
    zero = replace(LOST[1], start_s=0.0)  # an open start is written as 0
    assert listed == [ROWS[0], LOST[0], zero, *ROWS[1:]]
    assert lost == 2


def test_what_gave_no_clip_keeps_its_labels(tmp_path: Path) -> None:
    """Else a clip of test whose video is mended comes back in no split, unsealed."""
    lost = [
        VideoClip("bye/d", "/videos/bye/d.mp4", "see you", "ben", "test", "ase", "mine"),
        VideoClip("hello/e", "/videos/hello/e.mp4", split="val"),
    ]
    outcomes = [
        Outcome(ROWS[0].clip_id, ROWS[0].path, "ok", signer="as it was before an update"),
        Outcome(lost[0].clip_id, lost[0].path, "failed", "broken", **lost[0].labels),
        Outcome(lost[1].clip_id, lost[1].path, "skipped", "nobody", **lost[1].labels),
    ]
    write_store(tmp_path / "store", [clip(ROWS[0])], outcomes=outcomes)
    assert read_outcomes(tmp_path / "store") == outcomes
    assert list_videos(tmp_path / "store") == ([ROWS[0], *lost], 0)


def test_outcomes_of_before_they_had_labels_are_read(tmp_path: Path) -> None:
    outcomes = [Outcome(r.clip_id, r.path, "failed", "broken", **r.labels) for r in LOST]
    write_store(tmp_path / "store", map(clip, ROWS), outcomes=outcomes)
    file = tmp_path / "store" / "outcomes.parquet"
    pq.write_table(pq.read_table(file).drop_columns(list(LABELS)), file)
    unknown = dict.fromkeys(LABELS, "")
    assert read_outcomes(tmp_path / "store") == [replace(row, **unknown) for row in outcomes]
    listed, lost = list_videos(tmp_path / "store")
    assert (listed[0], lost) == (LOST[0], 2), "the sign is in its id"


def test_a_store_that_knows_no_videos(tmp_path: Path) -> None:
    write_store(tmp_path / "store", map(clip, ROWS))
    with pytest.raises(StoreError, match=r"has no outcomes\.parquet"):
        list_videos(tmp_path / "store")


@pytest.mark.parametrize("name", ["manifest.csv", "manifest.parquet", "manifest.jsonl"])
def test_a_manifest_is_found_in_its_folder(name: str, tmp_path: Path) -> None:
    assert manifest_in(tmp_path) is None
    assert manifest_in(tmp_path / "nowhere") is None
    (tmp_path / "clips.csv").touch()
    assert manifest_in(tmp_path) is None
    write_manifest(tmp_path / name, ROWS)
    assert manifest_in(f"{tmp_path}/") == str(tmp_path / name)
    assert read_manifest(manifest_in(tmp_path.as_uri()) or "") == ROWS


def test_two_manifests_in_a_folder_are_one_too_many(tmp_path: Path) -> None:
    for name in ("manifest.csv", "manifest.jsonl"):
        write_manifest(tmp_path / name, ROWS)
    with pytest.raises(DataError, match=r"holds manifest\.csv and manifest\.jsonl: give the one"):
        manifest_in(tmp_path)
