from __future__ import annotations

import csv
from pathlib import Path

import pytest

from raysign.datasets.phoenix14t import Sentence, find, read_sentences
from raysign.errors import DataError
from raysign.manifest import VideoClip

OFFICIAL = "name|video|start|end|speaker|orth|translation\n"
REDUCED = "name|speaker|num_frames|orth|translation\n"
NAME = "11August_2010_Wednesday_tagesschau-2"


def official(root: Path) -> Path:
    """As released: three sentences, one of them without frames."""
    tables = root / "annotations" / "manual"
    tables.mkdir(parents=True)
    for split, rows in {
        "train": [
            ("01April_2010-1", "Signer04", "__ON__ REGEN loc-NORD", '"regen" heißt es im norden'),
            ("01April_2010-2", "Signer04", "SONNE", "sonne"),
        ],
        "dev": [(NAME, "Signer08", "DRUCK TIEF KOMMEN", "tiefer luftdruck")],
    }.items():
        lines = (f"{n}|{n}/1/*.png|-1|-1|{s}|{o}|{t}\n" for n, s, o, t in rows)
        (tables / f"PHOENIX-2014-T.{split}.corpus.csv").write_text(OFFICIAL + "".join(lines))
    for split, name in (("train", "01April_2010-1"), ("dev", NAME), ("dev", "foreign")):
        frames = root / "features" / "fullFrame-210x260px" / split / name
        frames.mkdir(parents=True)
        for number in (1, 2, 3):
            (frames / f"images{number:04}.png").touch()
    return root


def test_sentences_of_the_release(tmp_path: Path) -> None:
    first, second, third = read_sentences(official(tmp_path))
    frames = tmp_path / "features" / "fullFrame-210x260px"
    assert first == Sentence(
        name="01April_2010-1",
        split="train",
        signer="Signer04",
        glosses=("__ON__", "REGEN", "loc-NORD"),
        translation='"regen" heißt es im norden',
        frames=str(frames / "train" / "01April_2010-1" / "images%04d.png"),
    )
    assert (second.frames, second.num_frames) == (None, None)
    assert (third.name, third.split) == (NAME, "val")


def test_the_manifest_names_image_sequences(tmp_path: Path) -> None:
    got = find(official(tmp_path / "100%"))
    assert got.missing == ("01April_2010-2",)
    path = tmp_path / "100%%" / "features" / "fullFrame-210x260px" / "dev" / NAME
    assert got.rows[1] == VideoClip(
        clip_id=NAME,
        path=f"{path}/images%04d.png",
        signer="Signer08",
        split="val",
        language="gsg",
        dataset="phoenix14t",
    )


def test_videos_that_somebody_made_of_the_frames(tmp_path: Path) -> None:
    root = official(tmp_path / "release")
    (tmp_path / "mp4").mkdir()
    with pytest.raises(DataError, match=r"none of the 3 clips .*mp4'; expected <name>.mp4"):
        find(root, tmp_path / "mp4")
    for name in (NAME, "foreign"):
        (tmp_path / "mp4" / f"{name}.mp4").touch()
    got = find(root, tmp_path / "mp4")
    assert [(row.clip_id, row.path) for row in got.rows] == [
        (NAME, str(tmp_path / "mp4" / f"{NAME}.mp4"))
    ]
    assert (len(got.missing), got.foreign) == (2, ("foreign.mp4",))


def test_an_image_sequence_is_what_pyav_opens(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    image = pytest.importorskip("PIL.Image")
    root = official(tmp_path / "100%")
    for path in root.rglob("*.png"):
        image.new("RGB", (210, 260)).save(path)
    with av.open(find(root).rows[0].path) as video:
        stream = video.streams.video[0]
        assert (stream.average_rate, stream.width, stream.height) == (25, 210, 260)
        assert len(list(video.decode(stream))) == 3


def test_sentences_without_frames(tmp_path: Path) -> None:
    (tmp_path / "dev.csv").write_text(REDUCED + f"{NAME}|Signer08|42|DRUCK TIEF|tiefer\n")
    (only,) = read_sentences(tmp_path)
    assert (only.split, only.num_frames, only.frames) == ("val", 42, None)
    with pytest.raises(DataError, match=r"none of the 1 clips .* expected features/fullFrame-210x"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name,speaker\na,b\n",
            "lacks the columns name, speaker, orth, translation; it has name,sp",
        ),
        (REDUCED + "a|b|c|d\n", "line 2: must have 5 fields, has 4"),
        (REDUCED + "a|b|many|d|e\n", "row 1: num_frames must be a number, got 'many'"),
        ("", "lacks the columns"),
    ],
)
def test_other_tables(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_sentences(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no sentences of RWTH-PHOENIX-Weather 2014T in"):
        read_sentences(tmp_path)


@pytest.mark.real
def test_the_real_sentences(real_data: Path) -> None:
    sentences = read_sentences(real_data / "phoenix14t")
    assert [sum(one.split == s for one in sentences) for s in ("train", "val")] == [7096, 519]
    # 1,085 glosses in train (LREC 2020, section 4.1); the table also has their marks.
    assert len({g for one in sentences if one.split == "train" for g in one.glosses}) > 1000
    with (real_data / "phoenix14t" / "dev.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))
    assert [row["translation"] for row in rows] == [s.translation for s in sentences[7096:]]
