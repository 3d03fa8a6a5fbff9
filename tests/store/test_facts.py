from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.errors import DataError, SealedSplitError
from raysign.store import read_clip, read_facts, write_store


def test_facts_are_of_every_clip_in_the_order_of_the_store(
    rows: list[Clip], tmp_path: Path
) -> None:
    write_store(tmp_path / "store", rows, clips_per_part=2)
    facts = read_facts(tmp_path / "store")
    assert facts.clip_id.tolist() == [row.clip_id for row in rows]
    assert facts.split.tolist() == ["train", "train", "val", "test", "train", ""]
    assert facts.num_frames.tolist() == [3, 4, 1, 6, 0, 2]
    np.testing.assert_array_equal(facts.fps, [25, 25, 25, 25, np.nan, np.nan])
    np.testing.assert_array_equal(facts.width / facts.height, [2, 2, 2, 2, np.nan, np.nan])
    some = facts.select(facts.split == "train")
    assert len(some) == 3
    assert some.signer.tolist() == ["1", "2", ""]


def test_one_clip_by_its_id(rows: list[Clip], tmp_path: Path) -> None:
    write_store(tmp_path / "store", rows, clips_per_part=2)
    clip = read_clip(tmp_path / "store", "b")
    np.testing.assert_array_equal(clip.xyz, rows[1].xyz)
    np.testing.assert_array_equal(clip.confidence, rows[1].confidence)
    assert (clip.sign, clip.width) == ("drink", 640)
    assert read_clip(tmp_path / "store", "f").fps is None


def test_a_clip_that_is_not_there_or_sealed(rows: list[Clip], tmp_path: Path) -> None:
    write_store(tmp_path / "store", rows)
    with pytest.raises(DataError, match="has no clip 'z'; it has"):
        read_clip(tmp_path / "store", "z")
    with pytest.raises(SealedSplitError):
        read_clip(tmp_path / "store", "d")
