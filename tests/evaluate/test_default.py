"""MODEL ``default``: the encoder that ships for the layout of the queries."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.evaluate import evaluate as door
from raysign.config import SyntheticConfig
from raysign.errors import BundleError, LayoutError, StoreError
from raysign.evaluate import evaluate, load_model
from raysign.evaluate.run import model_card
from raysign.evaluate.table import build
from raysign.store import write_store
from raysign.synthetic import iter_clips


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in which no encoder ships yet."""
    monkeypatch.setattr("raysign.bundle.shipped.SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def hands(tmp_path: Path) -> Path:
    world = SyntheticConfig(signs=20, train_signers=1, val_signers=1)
    clips = [
        replace(c, layout="hands42", xyz=c.xyz[:, 33:], confidence=None) for c in iter_clips(world)
    ]
    write_store(str(tmp_path / "hands"), clips)
    return tmp_path / "hands"


def test_default_is_what_ships_for_the_stores_layout(
    shipped: Path, model: Path, store: Path, hands: Path
) -> None:
    shutil.copytree(model, shipped / "holistic75")
    selections = f"{store}:val", f"{store}:train"
    by_name = evaluate("default", *selections, against=["default", str(model)])
    assert by_name.ranking == evaluate(str(model), *selections).ranking
    assert by_name.card["model"]["name"] == "default"
    assert [other.difference["map"].value for other in by_name.against] == [0, 0]
    table = build({"shipped": ("default",), "other": (str(model),)}, *selections)
    assert table.rows[0].ours.ranking == table.rows[1].ours.ranking
    assert load_model("default", "synthetic:val").layout == "holistic75"
    with pytest.raises(BundleError, match=r"layout 'hands42' \(for holistic75\)"):
        evaluate("default", f"{hands}:val", f"{hands}:train")
    with pytest.raises(BundleError, match=r"layout 'hands42' \(for holistic75\)"):
        build({"shipped": ("default",)}, f"{hands}:val", f"{store}:train")
    with pytest.raises(LayoutError, match="'hands42'"):  # of the queries, not of the gallery
        evaluate("default", f"{store}:val", f"{hands}:train")
    with pytest.raises(StoreError, match="nowhere"):
        evaluate("default", "nowhere:val", f"{store}:train")


def test_a_folder_of_that_name_is_given_with_its_path(
    shipped: Path, model: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(model, tmp_path / "default")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="no encoder ships"):
        load_model("default", str(store))
    found = load_model("./default", str(store))
    assert found.prepare_fingerprint == load_bundle(model).prepare_fingerprint


def test_the_door_takes_default(shipped: Path, model: Path, store: Path) -> None:
    arguments = ["default", "--queries", f"{store}:val", "--gallery", f"{store}:train", "--json"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: no encoder ships for layout 'holistic75' (for none yet)")
    assert done.stderr.count("\n") == 1
    shutil.copytree(model, shipped / "holistic75")
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["card"]["model"]
    assert told["layout"] == "holistic75"
    assert os.listdir(shipped) == ["holistic75"]
    made = json.loads((shipped / "holistic75" / "bundle.json").read_text())["card"]
    assert made["commit"]
    assert {fact: told[fact] for fact in ("commit", "raysign", "created")} == made
    said = CliRunner().invoke(door, arguments[:-1]).stdout
    assert f"; commit {made['commit']}, raysign {made['raysign']}, created " in said
    assert said.splitlines()[-1].startswith("model default: transformer, holistic75, trained on")


def test_what_a_bundle_does_not_know_is_not_told(model: Path) -> None:
    loaded = replace(load_bundle(model), card={"rounding": "to float16", "commit": ""})
    told = model_card("default", loaded)
    assert told["rounding"] == "to float16"
    assert not {"commit", "raysign", "created"} & told.keys()
