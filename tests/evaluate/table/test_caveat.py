"""What keeps the published rows and these from being the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.evaluate.table import (
    Table,
    build,
    write_report,
)
from raysign.evaluate.table.published import caveat
from raysign.skeleton import layout_named


def wlasl(dataset: str = "wlasl2000", layout: str = "holistic75") -> Any:
    """Two clips of noise, of one sign."""
    rng = np.random.default_rng(0)
    joints = layout_named(layout).num_joints
    return [
        Clip(name, rng.random((5, joints, 3), np.float32), layout, "a", split=name, dataset=dataset)
        for name in ("train", "val")
    ]


def test_hands_alone_are_told(sides_of: Any) -> None:
    """The published encoders read the body too, and two streams of a graph are one here."""
    sides = sides_of(wlasl(layout="hands42"), "val", "train")
    told = caveat(sides.asking, sides.searched)
    assert "2,000 signs, body and hands; here: hands alone (hands42), of which a two-s" in told


@pytest.mark.parametrize("dataset", ["wlasl", "wlasl2000"])
def test_wlasls_own_val_clips_need_no_caveat(sides_of: Any, dataset: str) -> None:
    sides = sides_of(wlasl(dataset), "val", "train")
    assert caveat(sides.asking, sides.searched) == ""


@pytest.mark.parametrize(
    ("dataset", "queries", "gallery", "says"),
    [
        ("wlasl100", "val", "train", "queries wlasl100 val (1 signs), gallery wlasl100 train (1"),
        ("wlasl2000", "train", "train", "here: queries wlasl2000 train (1 signs). A gap"),
        ("wlasl2000", "val", "", "here: gallery wlasl2000 train/val (1 signs). A gap"),
        ("", "val", "train", "here: queries of no named dataset val (1 signs), gallery of no"),
    ],
)
def test_other_queries_or_another_gallery_are_told(
    sides_of: Any, dataset: str, queries: str, gallery: str, says: str
) -> None:
    sides = sides_of(wlasl(dataset), queries, gallery)
    told = caveat(sides.asking, sides.searched)
    assert told.startswith("The published rows are of WLASL's val clips, searched in its train")
    assert says in told


def test_the_caveat_stands_under_the_table_where_a_row_is_published(
    rows: dict[str, tuple[str, ...]], made: Table, store: Path, tmp_path: Path
) -> None:
    assert "here: queries synthetic val (20 signs)" in made.caveat
    folder = write_report(made, tmp_path)
    for name, after in (("report.md", "Does a row beat another?"), ("report.html", "<h2>Does a")):
        text = (folder / name).read_text().replace("&#39;", "'")
        assert text.index("Published: ") < text.index(made.caveat) < text.index(after)
    own = build({"mine": rows["M1"][:1]}, f"{store}:val", f"{store}:train")
    assert own.caveat == own.as_json()["caveat"] == ""
