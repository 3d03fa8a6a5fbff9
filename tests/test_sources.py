from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import DataConfig, SyntheticConfig
from raysign.errors import DataError, SealedSplitError, SplitError, StoreError
from raysign.sources import layout_of, load_selection, load_split, parse_selection
from raysign.store import write_store

if TYPE_CHECKING:
    from pathlib import Path

SMALL = SyntheticConfig(signs=20, train_signers=2, val_signers=1)


def clip(clip_id: str, sign: str, split: str, *, empty: bool = False) -> Clip:
    seed = np.random.default_rng(list(clip_id.encode()))
    xyz = np.full((3, 42, 3), np.nan) if empty else seed.random((3, 42, 3))
    return Clip(clip_id, xyz.astype(np.float16), "hands42", sign=sign, split=split, signer=clip_id)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    splits = ["train", "train", "val", "test", ""]
    write_store(tmp_path / "store", [clip(f"c{i}", "x", s) for i, s in enumerate(splits)])
    return tmp_path / "store"


@pytest.fixture
def holed(tmp_path: Path) -> Path:
    rows = [clip(f"c{i}", "x", "train" if i < 6 else "val", empty=0 < i < 5) for i in range(8)]
    write_store(tmp_path / "holed", rows)
    return tmp_path / "holed"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("synthetic", ("synthetic", None)),
        ("synthetic:val", ("synthetic", "val")),
        ("data/wlasl100", ("data/wlasl100", None)),
        ("data/wlasl100:train", ("data/wlasl100", "train")),
        ("/data/a:b/store", ("/data/a:b/store", None)),
        ("/data/a:b/store:test", ("/data/a:b/store", "test")),
        ("s3://bucket/store", ("s3://bucket/store", None)),
        ("s3://bucket/store:val", ("s3://bucket/store", "val")),
        ("hdfs://host:8020/store:val", ("hdfs://host:8020/store", "val")),
        ("hdfs://host:8020", ("hdfs://host:8020", None)),
        ("s3://bucket/store?region=a:val", ("s3://bucket/store?region=a", "val")),
    ],
)
def test_selections(selection: str, expected: tuple[str, str | None]) -> None:
    assert parse_selection(selection) == expected


def test_a_layout_is_told_without_opening_anything(store: Path) -> None:
    for selection in (f"{store}", f"{store}:val", f"{store}:test"):
        assert layout_of(selection) == "hands42"
    assert layout_of("synthetic:val") == "holistic75"
    with pytest.raises(StoreError, match="nowhere"):
        layout_of("nowhere")


def test_a_folder_may_be_named_like_a_selection(tmp_path: Path) -> None:
    (tmp_path / "run:train").mkdir()
    assert parse_selection(f"{tmp_path}/run:train") == (f"{tmp_path}/run:train", None)


@pytest.mark.parametrize("split", ["dev", "Test", "trian", "t e s t"])
def test_a_word_that_is_no_split(split: str) -> None:
    with pytest.raises(SplitError, match=f"{split!r} is no split; type a/b:train, a/b:val or a/b"):
        parse_selection(f"a/b:{split}")


def test_a_store_is_split_as_the_config_says(store: Path) -> None:
    split = load_split(DataConfig(store=str(store)))
    assert split.train.clip_id.tolist() == ["c0", "c1"]
    assert split.queries.clip_id.tolist() == ["c2"]
    by_signer = load_split(DataConfig(store=str(store), splits="signer_disjoint"))
    everyone = {*by_signer.train.clip_id, *by_signer.queries.clip_id}
    assert everyone == {"c0", "c1", "c2", "c4"}


def test_clips_without_a_sign_are_read_where_asked_for(tmp_path: Path) -> None:
    splits = ["train", "val", "train", "test", "", "val"]
    rows = [clip(f"c{i}", "x" if i < 2 else "", split) for i, split in enumerate(splits)]
    write_store(tmp_path / "store", rows)
    config = DataConfig(store=str(tmp_path / "store"))
    split = load_split(config, unlabelled=True)
    assert split.unlabelled is not None
    assert split.unlabelled.clip_id.tolist() == ["c2", "c4"], "test stays sealed, val is val"
    assert (split.train.clip_id.tolist(), split.queries.clip_id.tolist()) == (["c0"], ["c1"])
    assert load_split(config).unlabelled is None


def test_training_cannot_ask_for_the_test_split(store: Path) -> None:
    for name in (str(store), "synthetic"):
        with pytest.raises(
            SealedSplitError, match="only --open-test of `raysign evaluate`, `table`"
        ):
            load_split(DataConfig(store=f"{name}:test"))
        with pytest.raises(SplitError, match=r"takes a whole store, got split 'val' of it; type"):
            load_split(DataConfig(store=f"{name}:val"))


def test_a_selection_of_a_store(store: Path) -> None:
    assert load_selection(f"{store}:val").clip_id.tolist() == ["c2"]
    assert load_selection(f"file://{store}:val").clip_id.tolist() == ["c2"]
    assert load_selection(str(store)).clip_id.tolist() == ["c0", "c1", "c2", "c4"]
    with pytest.raises(SealedSplitError):
        load_selection(f"{store}:test")
    assert load_selection(f"{store}:test", open_test=True).clip_id.tolist() == ["c3"]
    with pytest.raises(StoreError, match="no store at"):
        load_selection(f"{store}2:val")


def test_the_synthetic_world_is_a_store_too() -> None:
    split = load_split(DataConfig(synthetic=SMALL))
    assert (len(split.train), len(split.queries)) == (40, 20)
    assert set(split.queries.signer).isdisjoint(split.train.signer)
    val = load_selection("synthetic:val", synthetic=SMALL)
    assert val.fingerprint() == split.queries.fingerprint()
    assert len(load_selection("synthetic", synthetic=SMALL)) == 60
    with pytest.raises(SealedSplitError):
        load_selection("synthetic:test")
    with pytest.raises(SplitError, match="has the splits train and val, and no test"):
        load_selection("synthetic:test", open_test=True)


def test_clips_without_a_landmark_are_refused_by_name(holed: Path) -> None:
    message = (
        r"4 of 8 clips of .* have no landmark at all \(c1, c2, c3, …\); "
        r"empty_clips=drop leaves them out"
    )
    with pytest.raises(DataError, match=message):
        load_split(DataConfig(store=str(holed)))
    with pytest.raises(DataError, match=r"4 of 6 clips .* \(c1, c2, c3, …\)"):
        load_selection(f"{holed}:train")


def test_clips_without_a_landmark_are_dropped_if_asked(holed: Path) -> None:
    split = load_split(DataConfig(store=str(holed), empty_clips="drop"))
    assert split.train.clip_id.tolist() == ["c0", "c5"]
    assert split.notes[0] == "4 clips without any landmark are dropped (c1, c2, c3, …)"
    assert load_selection(f"{holed}:train", empty_clips="drop").clip_id.tolist() == ["c0", "c5"]


@pytest.mark.parametrize("policy", ["refuse", "drop"])
def test_nothing_but_empty_clips_is_always_refused(tmp_path: Path, policy: str) -> None:
    rows = [clip("a", "x", "train", empty=True), clip("b", "x", "val", empty=True)]
    write_store(tmp_path / "empty", rows)
    with pytest.raises(DataError, match=r"none of the 2 clips .* a single landmark \(a, b\)"):
        load_split(DataConfig(store=str(tmp_path / "empty"), empty_clips=policy))


@pytest.mark.real
def test_real_stores_are_split(real_data: Path) -> None:
    split = load_split(DataConfig(store=str(real_data / "wlasl100")))
    assert (len(split.train), len(split.queries)) == (1442, 338)
