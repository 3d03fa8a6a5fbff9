from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.store import read_manifest, write_manifest

EVERY = pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
ROWS = [
    VideoClip("01", "/videos/01, take 2.mp4", "book", "7", "train", "ase", "mine"),
    VideoClip("02", "s3://bucket/02.mp4", 'say "no"', "", "val", start_frame=0, end_frame=31),
    VideoClip("03", "/videos/03.mp4", "ş\u0131k", start_s=1.25),
    VideoClip("01", "/videos/again.mp4", "book"),
]


@EVERY
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    assert write_manifest(path, iter(ROWS)) == 4
    assert read_manifest(path) == ROWS
    assert os.listdir(tmp_path) == [path.name]
    assert read_manifest(path.as_uri()) == ROWS


@EVERY
def test_an_existing_manifest_is_replaced(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    write_manifest(path, ROWS)
    write_manifest(path, ROWS[:1])
    assert read_manifest(path) == ROWS[:1]


def test_only_columns_that_are_used_are_written(tmp_path: Path) -> None:
    write_manifest(tmp_path / "a.csv", [VideoClip("01", "a.mp4", split="val")])
    assert (tmp_path / "a.csv").read_bytes() == b"clip_id,path,split\r\n01,a.mp4,val\r\n"


@EVERY
def test_columns_to_be_filled_in_are_written_empty(tmp_path: Path, suffix: str) -> None:
    rows = [VideoClip("01", "/a.mp4")]
    write_manifest(tmp_path / f"a{suffix}", rows, ("split", "signer"))
    assert read_manifest(tmp_path / f"a{suffix}") == rows
    if suffix == ".csv":
        assert (tmp_path / "a.csv").read_text() == "clip_id,path,signer,split\n01,/a.mp4,,\n"


def test_relative_paths_are_relative_to_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    text = (
        "\ufeffclip_id,path,sign\n\n001,sub/a.mp4,book\n2,../b.mp4,\n3,/c.mp4,\n4,gs://d/e.mp4,\n"
    )
    (tmp_path / "in" / "m.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for path in ("in/m.csv", tmp_path / "in" / "m.csv"):
        rows = read_manifest(path)
        assert [row.path for row in rows] == [
            str(tmp_path / "in/sub/a.mp4"),
            str(tmp_path / "b.mp4"),
            "/c.mp4",
            "gs://d/e.mp4",
        ]
    assert [row.clip_id for row in rows] == ["001", "2", "3", "4"]
    by_uri = read_manifest((tmp_path / "in" / "m.csv").as_uri())
    assert by_uri[1].path == (tmp_path / "b.mp4").as_uri()


def test_what_pandas_writes_is_understood(tmp_path: Path) -> None:
    table = pa.table(
        {
            "clip_id": [1, 2],
            "path": ["/a.mp4", "/b.mp4"],
            "start_frame": [12.0, float("nan")],
            "signer": pa.array([None, "s"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "m.parquet")
    first, second = read_manifest(tmp_path / "m.parquet")
    assert (first.clip_id, first.start_frame, first.signer) == ("1", 12, "")
    assert (second.clip_id, second.start_frame, second.signer) == ("2", None, "s")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "m.csv",
            "clip_id,path,gloss\n",
            "has the unknown column 'gloss'; a manifest has",
        ),
        ("m.csv", "id,paths\na,b\n", r"column 'id' \(and 3 more mistakes\)"),
        ("m.csv", "clip_id,clip_id,path\n", "has the column 'clip_id' twice"),
        ("m.csv", "clip_id,path\n", "lists no clips"),
        ("m.csv", "", r"lacks the column 'clip_id' \(and 1 more mistake\)"),
        ("m.csv", "clip_id,path\na,\n", "row 1, column 'path': must not be empty$"),
        (
            "m.csv",
            "clip_id,path\na,b\n,c\n,\n",
            r"row 2, column 'clip_id': .* \(and 2 more",
        ),
        ("m.csv", "clip_id,path\na,b,c\n", "row 1, must have 2 fields, has 3"),
        ("m.csv", "clip_id,path\na\n", "row 1, must have 2 fields, has 1"),
        ("m.csv", 'clip_id,path\na,"b\n', "cannot read manifest .*: line 2: unexpected end"),
        ("m.csv", b"clip_id,path\n\xff,b\n", "cannot read manifest .*: 'utf-8' codec"),
        ("m.csv", "clip_id,path,split\na,b,dev\n", "column 'split': must be train, .* got 'dev'"),
        ("m.csv", "clip_id,path,end_frame\na,b,9.5\n", "must be a whole number of frames, got '9"),
        ("m.csv", "clip_id,path,end_frame\na,b,inf\n", "must be a whole number of frames"),
        (
            "m.csv",
            "clip_id,path,end_s\na,b,soon\n",
            "'end_s': must be a number of seconds, got",
        ),
        (
            "m.csv",
            "clip_id,path,end_frame\na,b,-2\n",
            "row 1, column 'end_frame': .* span must",
        ),
        (
            "m.csv",
            "clip_id,path,end_frame,start_s\na,b,3,1\n",
            "column 'end_frame', 'start_s': clip 'a': give its span in frames or in seconds",
        ),
        ("m.jsonl", '{"clip_id": "a", "path": "b"}\n{"clip_id"', "row 2, is not JSON"),
        ("m.jsonl", '{"clip_id": "a"}\n{"path": "b"}', r"row 1, column 'path': .*1 more mistake\)"),
        ("m.jsonl", "[1]\n", r"row 1, must be an object, got \[1\]"),
        ("m.jsonl", '{"clip_id": "a", "path": ["b"]}', r"must be text or a number, got \['b'\]"),
        ("m.jsonl", '{"clip_id": 1.5, "path": "b"}', "must be text, got the number 1.5"),
        ("m.jsonl", '{"clip_id": true, "path": "b"}', "must be text or a number, got True"),
        ("m.jsonl", '{"clip_id": "a", "path": "b", "x": 1}', "unknown column 'x'"),
        ("m.jsonl", "\n", "lists no clips"),
        ("m.parquet", "PAR1", "cannot read manifest"),
        ("m.txt", "clip_id,path\n", "must end in one of .csv, .parquet, .jsonl"),
    ],
)
def test_mistakes_are_named_and_counted(
    tmp_path: Path, name: str, text: str | bytes, message: str
) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_foreign_parquet_is_not_read_whole(tmp_path: Path) -> None:
    pq.write_table(pa.table({"price": [1.0]}), tmp_path / "m.parquet")
    with pytest.raises(DataError, match=r"unknown column 'price' \(and 2 more mistakes\)"):
        read_manifest(tmp_path / "m.parquet")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest at .*nowhere.csv': give a .csv, .parquet"):
        read_manifest(tmp_path / "nowhere.csv")


def test_a_folder_of_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["book/2.mp4", "book/10.MOV", "a sign/x.y.mp4", "alone.mp4", "etc./1.mkv"]
    others = ["book/notes.txt", "book/.hidden.mp4", ".trash/gone.mp4"]
    for name in (*names, *others):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    rows = read_manifest(tmp_path)
    assert [(row.clip_id, row.sign) for row in rows] == [
        ("a sign/x.y", "a sign"),
        ("alone", ""),
        ("book/10", "book"),
        ("book/2", "book"),
        ("etc./1", "etc."),
    ]
    assert rows[2].path == str(tmp_path / "book/10.MOV")
    monkeypatch.chdir(tmp_path)
    assert read_manifest(".") == rows == read_manifest(f"{tmp_path}/")
    (by_uri,) = (row for row in read_manifest(tmp_path.as_uri()) if row.clip_id == "book/2")
    assert by_uri.path == (tmp_path / "book/2.mp4").as_uri()
    (other,) = read_manifest(tmp_path, (".txt",))
    assert other.clip_id == "book/notes"


def test_files_that_a_folder_has_beside_its_videos_are_told_of(tmp_path: Path) -> None:
    names = ["book/1.mpg", "book/2.WMV", "a/3.ts", "b/4.swf", "b/5.SWF", "a/6.gif", "b/7"]
    sidecars = ["book/1.srt", "book/.8.swf", "README.md", "labels.csv", "a/3.jpg"]
    for name in (*names, *sidecars):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    said: list[str] = []
    rows = read_manifest(tmp_path, say=said.append)
    assert [row.clip_id for row in rows] == ["a/3", "book/1", "book/2"]
    assert len(said) == 1
    assert said[0].startswith("note: 4 files of other kinds are left out (.swf, ")
    assert set(said[0].rpartition("(")[2].strip(")").split(", ")) == {".swf", ".gif", "no suffix"}
    for name in names[3:]:
        (tmp_path / name).unlink()
    read_manifest(tmp_path, say=said.append)
    assert len(said) == 1
    (tmp_path / "b/9.swf").touch()
    read_manifest(tmp_path, say=said.append)
    assert said[1:] == ["note: 1 file of another kind is left out (.swf)"]


def test_a_folder_that_is_laid_out_otherwise(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no .mp4 or .m4v .*: lay the folder out as sign/clip.mp4"):
        read_manifest(tmp_path)
    (tmp_path / "train" / "book").mkdir(parents=True)
    (tmp_path / "train" / "book" / "1.mp4").touch()
    with pytest.raises(DataError, match=r"'train/book/1.mp4' lies too deep"):
        read_manifest(tmp_path)


def test_a_manifest_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot write manifest .*nowhere"):
        write_manifest(tmp_path / "nowhere" / "m.csv", ROWS)
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(DataError, match=r"cannot write manifest .*taken"):
        write_manifest(tmp_path / "taken.csv", ROWS)
    with pytest.raises(DataError, match="no clips to write"):
        write_manifest(tmp_path / "m.csv", [])
    with pytest.raises(DataError, match="must end in one of"):
        write_manifest(tmp_path / "m.xlsx", ROWS)
    assert os.listdir(tmp_path) == ["taken.csv"]


@pytest.mark.real
def test_the_real_one(real_data: Path) -> None:
    rows = read_manifest(real_data / "videos" / "manifest.csv")
    assert (len(rows), len({row.sign for row in rows})) == (58, 12)
    assert all(Path(row.path).is_file() for row in rows)
