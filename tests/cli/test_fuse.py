"""``raysign fuse``: one model of several, in text and in JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.cli.fuse import fuse
from raysign.clip import Clips
from raysign.config import TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.evaluate import evaluate
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.sources import load_split

WORLD = {"signs": 20, "train_signers": 2, "val_signers": 1}
SMALL = {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8}
FIGURES = {
    f"val/{name}{end}": 0.01 for name in ("map", "recall_at_1") for end in ("", "_low", "_high")
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, ``whole`` and ``hands``, each with its bundle."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, (name, joints) in enumerate({"whole": "signing", "hands": "hands"}.items()):
        prepare = {"frames": 12, "joints": joints}
        settings = {"data": {"synthetic": WORLD}, "prepare": prepare, "encoder": SMALL}
        config = resolve(TrainConfig, settings | {"seed": seed, "evaluate": {"bootstrap": 100}})
        split = load_split(config.data)
        card = {"data": {"fingerprint": Clips.fingerprint_of(split.train, split.queries)}}
        prepared = Prepare(config.prepare, layout_named("holistic75"))
        torch.manual_seed(seed)
        weights = build_encoder(config.encoder, prepared.channel_map).state_dict()
        bundle = Bundle("holistic75", config, prepared.fingerprint, weights, FIGURES, card)
        save_bundle(bundle, folder / name / "bundle")
    return folder


def done(*args: str | Path) -> Result:
    return CliRunner().invoke(fuse, [str(arg) for arg in args])


def test_two_runs_become_one_model(runs: Path, tmp_path: Path) -> None:
    models, out = (runs / "whole" / "bundle", runs / "hands/bundle/"), tmp_path / "both"
    told = done(*models, "--weight", "3", "--weight", "1", "--data", "synthetic", "--out", out)
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[0] == "whole: val mAP .010 [.010–.010], R@1 .010 [.010–.010]"
    assert lines[2].startswith("ensemble of 2: val mAP .")
    assert lines[3].startswith("measured: val clips → train clips; cosine, clip level")
    assert lines[4].startswith(f"bundle: {out}, ")
    bundle = load_bundle(out)
    made = bundle.card["made_of"]["members"]
    assert [(model["name"], model["weight"]) for model in made] == [("whole", 3), ("hands", 1)]
    assert str(runs) not in (out / "README.md").read_text(encoding="utf-8")
    assert str(runs) not in (out / "bundle.json").read_text(encoding="utf-8")
    found = evaluate(str(out), "synthetic:val", "synthetic:train")
    assert found.ranking.figures["map"].value == pytest.approx(bundle.metrics["val/map"], abs=1e-6)


def test_json_is_one_object_and_progress_goes_elsewhere(runs: Path, tmp_path: Path) -> None:
    models = [runs / name / "bundle" for name in ("whole", "hands")]
    told = done(*models, "--data", "synthetic", "--out", tmp_path / "both", "--json")
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert answer["bundle"] == str(tmp_path / "both")
    assert answer["val/queries"] == 20
    assert {"val/map_low", "val/recall_at_10", "parameters", "card"} < answer.keys()
    assert told.stderr.startswith("whole: val mAP")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--weight", "1"], "--weight is given once for each MODEL, got 1 for 2"),
        (["--weight", "1", "--weight", "0"], "'--weight': 0.0 is not in the range 0<x<=1000"),
        (["--weight", "1", "--soup"], "--weight is of an ensemble, a soup is the plain mean"),
        (["--soup"], "agree in prepare.joints: 'whole' has signing, 'hands' has hands"),
        (["--data", "nowhere"], "no store at 'nowhere'"),
        (["--out", "s3://bucket/both"], "--out takes a folder, got 's3://bucket/both'"),
        (["gone"], "bundle 'gone' does not exist"),
    ],
)
def test_what_it_refuses_is_one_line_and_leaves_nothing(
    args: list[str], said: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    models = [str(runs / name / "bundle") for name in ("whole", "hands")]
    told = done(*models, "--data", "synthetic", "--out", "both", *args)
    assert told.exit_code == 2, told.output
    assert told.stderr.startswith("error: ")
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
