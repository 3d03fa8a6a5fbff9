"""`raysign data wlasl` and its neighbours, import and export: through the real door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.cli.data import data
from raysign.clip import Clip
from raysign.datasets.table import DATASETS
from raysign.store import iter_clips, load_clips, read_manifest, write_store
from raysign.store.outcomes import read_outcomes


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            data.main(list(args), prog_name="raysign data")
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


@pytest.fixture
def wlasl(tmp_path):
    """Two clips of one sign: one has landmarks, one has a video."""
    instances = [{"video_id": name, "split": "train", "signer_id": 4} for name in ("01", "02")]
    (tmp_path / "W.json").write_text(json.dumps([{"gloss": "book", "instances": instances}]))
    (tmp_path / "landmarks").mkdir()
    (tmp_path / "videos").mkdir()
    np.save(tmp_path / "landmarks" / "01.npy", np.full((3, 42, 3), 0.5, dtype=np.float32))
    (tmp_path / "videos" / "02.mp4").touch()
    (tmp_path / "videos" / "99.mp4").touch()


def test_every_dataset_is_listed_with_its_terms(call):
    code, text, _ = call("datasets")
    assert code == 0
    assert len(text.splitlines()) == len(DATASETS)
    assert all(one.where in text and one.licence in text for one in DATASETS.values())
    assert [one["name"] for one in json.loads(call("datasets", "--json")[1])] == list(DATASETS)


def test_wlasl_becomes_a_store(call, wlasl):
    code, text, err = call("wlasl", "W.json", "--landmarks", "landmarks", "--out", "store")
    assert code == 0, err
    assert "hands42" in text
    notice, missing = err.splitlines()
    assert notice == DATASETS["wlasl"].notice()
    assert missing == "1 listed clips have no file, and are left out"
    assert load_clips("store").sign.tolist() == ["book"]


def test_wlasl_becomes_a_manifest(call, wlasl):
    args = ("wlasl", "W.json", "--videos", "videos", "--out", "w.csv")
    code, text, err = call(*args)
    assert code == 0, err
    assert text == "w.csv: 1 clips\n"
    assert err.splitlines()[1:] == [
        "1 listed clips have no file, and are left out",
        "1 files are in no list, and are left out",
    ]
    (row,) = read_manifest("w.csv")
    assert (row.clip_id, row.path, row.dataset) == (
        "02",
        str(Path("videos/02.mp4").resolve()),
        "wlasl",
    )
    assert json.loads(call(*args, "--json")[1]) == {
        "manifest": "w.csv",
        "clips": 1,
        "signs": 1,
        "signers": 1,
        "splits": {"train": 1},
        "missing": 1,
        "foreign": 1,
        "unlabelled": [],
    }
    for wrong in ((), ("--videos", "videos", "--landmarks", "landmarks")):
        code, _, err = call("wlasl", "W.json", *wrong, "--out", "x.csv")
        assert (code, err.count("\n")) == (2, 1)
        assert "give either --landmarks DIR or --videos DIR" in err


def test_lsa64_autsl_and_asl_citizen_become_manifests(call):
    for name, text in {
        "lsa64/001_004_002.mp4": "",
        "autsl/SignList_ClassId_TR_EN.csv": "ClassId,TR,EN\n0,abla,sister\n",
        "autsl/train_labels.csv": "signer0_sample1,0\n",
        "autsl/train/signer0_sample1_color.mp4": "",
        "asl_citizen/splits/val.csv": "Participant ID,Video file,Gloss,ASL-LEX Code\n"
        "P1,a.mp4,DOG,D_01\n",
        "asl_citizen/videos/a.mp4": "",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    for name, sign in {"lsa64": "Opaque", "autsl": "abla", "asl_citizen": "DOG"}.items():
        out = f"{name}.parquet"
        code, _, err = call(name.replace("_", "-"), name, "--out", out)
        assert code == 0, err
        assert DATASETS[name].where in err
        (row,) = read_manifest(out)
        assert (row.sign, row.language, row.dataset) == (sign, DATASETS[name].language, name)


def test_a_split_without_labels_is_left_out_and_named(call):
    for name, text in {
        "SignList_ClassId_TR_EN.csv": "ClassId,TR,EN\n0,abla,sister\n",
        "train_labels.csv": "signer0_sample1,0\n",
        "train/signer0_sample1_color.mp4": "",
        "test/signer3_sample1_color.mp4": "",
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    code, text, err = call("autsl", ".", "--out", "a.csv", "--json")
    assert code == 0, err
    assert err.splitlines()[1:] == ["the videos of test have no labels, and are left out"]
    assert json.loads(text)["unlabelled"] == ["test"]


def test_phoenix14t_is_counted_or_listed(call):
    Path("train.csv").write_text("name|speaker|num_frames|orth|translation\na|S1|3|A B A|text\n")
    code, text, err = call("phoenix14t", ".", "--json")
    assert code == 0, err
    assert json.loads(text) == {
        "sentences": 1,
        "splits": {"train": 1},
        "signers": 1,
        "glosses": 2,
        "with_frames": 0,
    }
    assert call("phoenix14t", ".")[1].splitlines()[1].split() == ["splits", "train", "1"]
    code, _, err = call("phoenix14t", ".", "--out", "p.csv")
    assert code == 2
    assert "none of the 1 clips" in err
    assert not Path("p.csv").exists()
    Path("mp4").mkdir()
    Path("mp4/a.mp4").touch()
    assert call("phoenix14t", ".", "--videos", "mp4", "--out", "p.csv")[0] == 0
    assert [row.path for row in read_manifest("p.csv")] == [str(Path("mp4/a.mp4").resolve())]


def test_what_is_not_there_says_where_to_get_it(call):
    for name in ("autsl", "asl-citizen", "lsa64", "phoenix14t"):
        Path("empty").mkdir(exist_ok=True)
        code, out, err = call(name, "empty", "--out", "x.csv")
        notice, error = err.splitlines()
        assert (code, out) == (2, "")
        assert notice == DATASETS[name.replace("-", "_")].notice()
        assert error.startswith("error: ")
        assert "empty" in error
    assert [path.name for path in Path().iterdir()] == ["empty"]


@pytest.fixture
def store(tmp_path):
    xyz = np.random.default_rng(0).random((3, 4, 75, 3)).astype(np.float16)
    facts = {"layout": "holistic75", "fps": 25.0, "width": 64, "height": 48}
    clips = [
        Clip(clip_id=f"book/{split}", xyz=x, sign="book", split=split, **facts)
        for x, split in zip(xyz, ("train", "val", "test"), strict=True)
    ]
    write_store(tmp_path / "store", clips)
    return xyz


def test_export_and_import_give_the_same_store(call, store):
    code, text, err = call("export", "store", "--out", "poses")
    assert code == 0, err
    assert text == "poses: 2 clips\n"
    assert sorted(path.name for path in Path("poses").iterdir()) == [
        "book%2Ftrain.pose",
        "book%2Fval.pose",
        "manifest.csv",
    ]
    code, text, err = call("import", "poses/manifest.csv", "--format", "pose", "--out", "again")
    assert code == 0, err
    for left, right in zip(iter_clips("store"), iter_clips("again"), strict=True):
        np.testing.assert_array_equal(left.xyz, right.xyz)
        names = ("clip_id", "sign", "split", "layout", "fps", "width", "height")
        assert [getattr(left, n) for n in names] == [getattr(right, n) for n in names]


def test_export_keeps_the_test_split_sealed(call, store):
    assert json.loads(call("export", "store:val", "--out", "val", "--json")[1])["clips"] == 1
    code, _, err = call("export", "store:test", "--out", "poses")
    assert code == 2
    assert "sealed" in err
    assert not Path("poses").exists()


def test_pose_files_by_folder_and_alone(call, store):
    call("export", "store", "--out", "poses")
    Path("signs/book").mkdir(parents=True)
    Path("poses/book%2Ftrain.pose").rename("signs/book/1.pose")
    assert call("import", "signs", "--format", "pose", "--out", "a")[0] == 0
    assert call("import", "signs/book/1.pose", "--format", "pose", "--out", "b")[0] == 0
    assert [clip.clip_id for clip in iter_clips("a")] == ["book/1"]
    (alone,) = iter_clips("b")
    assert (alone.clip_id, alone.sign) == ("1", "")
    np.testing.assert_array_equal(alone.xyz, store[0])


def test_openpose_becomes_a_store(call):
    Path("frames/book").mkdir(parents=True)
    person = {"pose_keypoints_2d": [21.0, 13.0, 0.5] * 25}
    Path("frames/book/c_000000000000_keypoints.json").write_text(json.dumps({"people": [person]}))
    args = ("import", "frames", "--format", "openpose", "--out", "store")
    code, _, err = call(*args)
    assert code == 2
    assert "openpose needs --width and --height" in err
    code, text, err = call(*args, "--width", "210", "--height", "260", "--fps", "25", "--json")
    assert code == 0, err
    assert json.loads(text)["layout"] == "openpose55"
    (clip,) = iter_clips("store")
    assert (clip.clip_id, clip.fps, clip.width) == ("book", 25.0, 210)
    np.testing.assert_allclose(clip.xyz[0, 0], [0.1, 0.05, 0], rtol=1e-3)
    Path("m.csv").write_text("clip_id,path,sign,split\nx,frames/book,book,val\n")
    size = ("--width", "210", "--height", "260")
    assert call("import", "m.csv", *args[2:4], "--out", "labelled", *size)[0] == 0
    assert load_clips("labelled").split.tolist() == ["val"]


def test_islr_becomes_a_store(call):
    Path("train.csv").write_text(
        "path,participant_id,sequence_id,sign\na.parquet,7,1,blow\nb.parquet,7,2,wait\n"
    )
    row = {"frame": [3], "row_id": ["x"], "type": ["pose"], "landmark_index": [0]}
    pq.write_table(pa.table(row | {axis: [0.5] for axis in "xyz"}), "a.parquet")
    code, text, err = call("import", ".", "--format", "islr", "--out", "store", "--json")
    assert code == 0, err
    assert DATASETS["islr"].notice() in err
    assert "1 listed clips have no file" in err
    assert json.loads(text)["clips"] == 1
    code, _, err = call("import", ".", "--format", "islr", "--width", "3", "--out", "x")
    assert code == 2
    assert "are for openpose, not for islr" in err


def test_a_bad_file_costs_its_clip_alone(call, store):
    call("export", "store", "--out", "poses")
    Path("poses/book%2Fval.pose").write_bytes(b"<html>")
    args = ("import", "poses/manifest.csv", "--format", "pose", "--out")
    code, out, err = call(*args, "again")
    assert code == 2
    assert "- book/val: " in out
    (line,) = err.splitlines()
    assert line.startswith("error: 1 of 2 clips failed, more than --max-failed 0.1: ")
    assert "book%2Fval.pose' is not a .pose file" in line
    assert load_clips("again").clip_id.tolist() == ["book/train"]
    ok, bad = read_outcomes("again")
    assert (ok.clip_id, ok.outcome, ok.reason) == ("book/train", "ok", "")
    assert (bad.clip_id, bad.outcome) == ("book/val", "failed")
    assert "is not a .pose file" in bad.reason
    code, out, err = call(*args, "enough", "--max-failed", "0.5", "--json")
    assert (code, err) == (0, "")
    assert (json.loads(out)["clips"], json.loads(out)["failed"]) == (1, 1)
    assert "is not a .pose file" in json.loads(out)["reasons"][bad.path]


def test_an_import_names_its_splits_and_what_it_leaves_out(call, store):
    """As `raysign data` does."""
    call("export", "store", "--out", "poses")
    Path("poses/manifest.csv").unlink()
    Path("poses/video.mp4").touch()
    code, out, err = call("import", "poses", "--format", "pose", "--out", "again", "--json")
    assert (code, err) == (0, "note: 1 file of another kind is left out (.mp4)\n")
    shown = json.loads(call("again", "--json")[1])
    imported = json.loads(out)
    assert set(imported["splits"]) == {"none"}
    assert imported == {**shown, "failed": 0, "reasons": {}}


def test_bad_files_alone_leave_no_store(call):
    Path("poses").mkdir()
    for name in "ab":
        Path(f"poses/{name}.pose").write_bytes(b"<html>")
    code, out, err = call("import", "poses", "--format", "pose", "--out", "new")
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert "none of the 2 clips can be read: '" in line
    assert "a.pose' is not a .pose file" in line
    assert [path.name for path in Path().iterdir()] == ["poses"]
