from __future__ import annotations

import json
from functools import partial

import click
import numpy as np
import pytest

from raysign.cli.data import data
from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.store import load_clips, write_store

SMALL = ("signs=20", "train_signers=1", "val_signers=1")


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        data.main(list(args), prog_name="raysign data")
    out, err = capsys.readouterr()
    return end.value.code, out, err


@pytest.fixture
def store(tmp_path):
    """Two signs; the val clip of the first is its train clip again."""
    rng = np.random.default_rng(0)
    xyz = rng.random((4, 5, 75, 3), dtype=np.float32)
    rows = [("a", "one", "train", 0), ("b", "two", "train", 1), ("c", "one", "val", 0)]
    clips = [
        Clip(clip_id=name, xyz=xyz[i], layout="holistic75", sign=sign, signer="s", split=split)
        for name, sign, split, i in rows
    ]
    write_store(tmp_path / "store", clips)
    return str(tmp_path / "store")


def test_make_writes_the_world_that_is_asked_for(capsys, tmp_path):
    out = str(tmp_path / "toy")
    code, text, err = call(capsys, "make", "--out", out, *SMALL, "data.synthetic.seed=3", "--json")
    assert code == 0, err
    summary = json.loads(text)
    assert (summary["clips"], summary["signs"], summary["signers"]) == (40, 20, 2)
    assert summary["splits"]["val"]["clips"] == 20
    assert len(load_clips(out)) == 40
    code, _, err = call(capsys, "make", "--out", out, *SMALL)
    assert (code, err.count("error:")) == (2, 1)


def test_make_refuses_a_key_that_it_does_not_read(capsys, tmp_path):
    code, _, err = call(capsys, "make", "--out", str(tmp_path / "toy"), "optim.lr=1")
    assert code == 2
    assert "optim: no such setting" in err
    assert not (tmp_path / "toy").exists()


def test_a_store_alone_is_shown(capsys, store):
    shown = call(capsys, "show", store)
    assert shown[0] == 0
    assert shown == call(capsys, store)
    row = next(line.split() for line in shown[1].splitlines() if line.startswith("train"))
    assert row == ["train", "2", "2", "1", "10", "unknown"]
    assert json.loads(call(capsys, "--json", store)[1])["splits"]["val"]["clips"] == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("shwo", "stores/toy"), "no such command or store 'shwo'; did you mean 'show'? run"),
        (("shwo",), "no such command or store 'shwo'; did you mean 'show'? run"),
        (("xyzzy",), "no such command or store 'xyzzy'; run"),
        (("stores/xyzzy",), "no store at 'stores/xyzzy'"),
    ],
)
def test_a_word_that_names_nothing_is_named(capsys, args, said):
    code, _, err = call(capsys, *args)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: {said}")


def test_a_store_with_a_plain_name_is_shown(capsys, tmp_path, monkeypatch, store):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "store")[1].startswith("store store, layout")


def test_clips_in_no_split_are_called_the_same_everywhere(capsys, tmp_path):
    xyz = np.zeros((40, 42, 3), dtype=np.float16)
    write_store(tmp_path / "store", [Clip("a", xyz, "hands42", fps=25.0)])
    store = str(tmp_path / "store")
    row = call(capsys, store)[1].splitlines()[-1].split()
    assert row == ["none", "1", "0", "0", "40", "1.6", "s"]
    assert list(json.loads(call(capsys, store, "--json")[1])["splits"]) == ["none"]


@pytest.mark.parametrize(
    ("frames", "time"), [(1000, "40.0 s"), (2250, "1.5 min"), (135_000, "1.50 h")]
)
def test_how_long_it_takes_to_watch(capsys, tmp_path, frames, time):
    xyz = np.zeros((frames, 42, 3), dtype=np.float16)
    write_store(tmp_path / "store", [Clip("a", xyz, "hands42", fps=25.0)])
    assert call(capsys, str(tmp_path / "store"))[1].endswith(f"{time}\n")


def test_ids(capsys, store):
    assert call(capsys, "ids", store) == (0, "a\nb\nc\n", "")
    assert json.loads(call(capsys, "ids", f"{store}:val", "--json")[1]) == ["c"]
    code, _, err = call(capsys, "ids", f"{store}:test")
    assert (code, "has no split 'test'" in err) == (2, True)


def test_ids_of_the_synthetic_world(capsys, monkeypatch):
    small = partial(SyntheticConfig, signs=20, train_signers=2, val_signers=1)
    monkeypatch.setattr("raysign.sources.SyntheticConfig", small)
    names = call(capsys, "ids", "synthetic:val")[1].split()
    assert len(names) == 20
    assert names[0] == "syn1-000000-s02"


def test_split_counts_and_reports_duplicates(capsys, store):
    code, text, err = call(capsys, "split", store)
    assert code == 0, err
    assert text.split()[:5] == ["train", "2", "clips", "2", "signs"]
    assert "byte-identical" in text
    code, text, _ = call(capsys, "split", store, "splits=sign_disjoint", "--json")
    assert code == 2
    assert call(capsys, "split", store, "duplicates=sometimes")[0] == 2


def test_split_takes_keys_in_full_too(capsys, tmp_path):
    out = str(tmp_path / "toy")
    assert call(capsys, "make", "--out", out, *SMALL)[0] == 0
    args = ("split", out, "data.splits=sign_disjoint", "val_fraction=0.5", "--json")
    counts = json.loads(call(capsys, *args)[1])
    assert counts["train"] == {"clips": 10, "signs": 10}
    assert counts["queries"] == counts["gallery"] == {"clips": 10, "signs": 10}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("store=bar", "error: store=bar: the store that is split is '{}'; leave one of them out"),
        ("data.store=bar", "error: data.store=bar: the store that is split is '{}'; leave one"),
        ("synthetic.language=2", "data.synthetic.language=2 changes the synthetic world, and"),
        ("data.synthetic={signs: 30}", "data.synthetic={{signs: 30}} changes the synthetic world"),
    ],
)
def test_split_refuses_what_it_would_not_read(capsys, store, override, said):
    code, out, err = call(capsys, "split", store, override)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said.format(store) in err


def test_split_changes_the_synthetic_world(capsys):
    args = ("split", "synthetic", *(f"synthetic.{one}" for one in SMALL), "--json")
    assert json.loads(call(capsys, *args)[1])["train"] == {"clips": 20, "signs": 20}


def test_one_split_is_shown(capsys, store):
    code, text, err = call(capsys, f"{store}:val")
    assert code == 0, err
    header, _, *rows = text.splitlines()
    assert header == f"store {store}:val, layout holistic75"
    assert [row.split()[:2] for row in rows] == [["val", "1"]]
    summary = json.loads(call(capsys, "show", f"{store}:train", "--json")[1])
    assert (summary["clips"], summary["signs"], list(summary["splits"])) == (2, 2, ["train"])
    code, _, err = call(capsys, f"{store}:test")
    assert (code, err) == (
        2,
        f"error: store '{store}' has no split 'test'; it has train, val\n",
    )
    assert call(capsys, f"{store}:dev")[0] == 2


def test_counting_the_test_split_reads_no_landmark(capsys, tmp_path, monkeypatch):
    xyz = np.zeros((4, 42, 3), dtype=np.float16)
    write_store(tmp_path / "store", [Clip("a", xyz, "hands42", split="test")])

    def read(*_: object) -> None:
        raise AssertionError("landmarks are read")

    monkeypatch.setattr("raysign.store.read._landmarks", read)
    monkeypatch.setattr("raysign.store.read.stream_clips", read)
    code, text, err = call(capsys, f"{tmp_path / 'store'}:test", "--json")
    assert code == 0, err
    assert json.loads(text)["splits"]["test"]["frames"] == 4


def test_the_synthetic_world_is_shown(capsys, monkeypatch):
    small = partial(SyntheticConfig, signs=20, train_signers=2, val_signers=1)
    monkeypatch.setattr("raysign.sources.SyntheticConfig", small)
    code, text, err = call(capsys, "show", "synthetic", "--json")
    assert code == 0, err
    summary = json.loads(text)
    assert (summary["store"], summary["layout"]) == ("synthetic", "holistic75")
    assert (summary["signs"], summary["signers"], summary["clips"]) == (20, 3, 60)
    assert {name: part["clips"] for name, part in summary["splits"].items()} == {
        "train": 40,
        "val": 20,
    }
    assert summary["hours"] == pytest.approx(summary["frames"] / 25 / 3600)
    assert json.loads(call(capsys, "synthetic:val", "--json")[1])["signers"] == 1
    assert call(capsys, "synthetic:test")[0] == 2


def test_a_missing_store_is_one_line(capsys, tmp_path):
    code, out, err = call(capsys, str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert err.startswith("error: no store at")
    assert err.count("\n") == 1


def test_every_subcommand_has_an_example(capsys):
    for name, command in data.commands.items():
        assert isinstance(command, click.Command)
        assert command.example.startswith(f"raysign data {name} ")
