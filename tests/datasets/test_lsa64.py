from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from raysign.datasets import lsa64
from raysign.errors import DataError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_lsa64(write: Callable[..., Path]) -> None:
    names = ["064_010_005.mp4", "001_004_002.mp4", "065_001_001.mp4", "001_001_006.mp4", "x.mp4"]
    root = write(dict.fromkeys(names))
    got = lsa64.find(root)
    assert got.rows == (
        VideoClip(
            clip_id="001_004_002",
            path=str(root / "001_004_002.mp4"),
            sign="Opaque",
            signer="004",
            language="aed",
            dataset="lsa64",
        ),
        VideoClip("064_010_005", str(root / names[0]), "Find", "010", "", "aed", "lsa64"),
    )
    assert len(got.missing) == 3200 - 2
    assert got.foreign == ("001_001_006.mp4", "065_001_001.mp4", "x.mp4")


def test_lsa64_has_64_signs_and_a_folder_above_it_is_not_it(write: Callable[..., Path]) -> None:
    assert len(set(lsa64.SIGNS)) == 64
    root = write({"all/001_004_002.mp4": None})
    with pytest.raises(
        DataError, match=r"none of the 3200 clips .* give the folder all or all_cut"
    ):
        lsa64.find(root)
