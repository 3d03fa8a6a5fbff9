from __future__ import annotations

import json

import pytest
import yaml

from raysign.cli.config import annotated, config
from raysign.config import ExtractConfig, SweepConfig, TrainConfig, load_config

SPACE = (
    "space={optim.lr: {log_uniform: [1e-4, 1e-2]}, loss.kind: {choice: [supcon, arcface]}, "
    "loss.margin: {uniform: [0.1, 0.5], when: {loss.kind: arcface}}}"
)


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as end:
        config.main(list(args), prog_name="config")
    out, err = capsys.readouterr()
    assert end.value.code == 0, err
    return out


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("optim.lr=1e-5", "encoder.kind=conv_transformer", "prepare.motion_lags=[]"),
        ("loss.kind=supcon_arcface", "data.store='a: b # c'", "workers=2"),
        (
            "encoder={kind: ensemble, members: [{encoder: {kind: conformer}}, "
            "{joints: hands, weight: 2, encoder: {kind: st_gcn, widths: [8]}}]}",
        ),
    ],
)
def test_what_it_prints_can_be_read_back(capsys, tmp_path, overrides):
    path = tmp_path / "train.yaml"
    path.write_text(printed(capsys, *overrides), encoding="utf-8")
    assert load_config(TrainConfig, path) == load_config(TrainConfig, None, overrides)


def test_a_sweep_can_be_read_back_and_is_known_by_its_space(capsys, tmp_path):
    overrides = (SPACE, "objective=[val/map, latency_ms]", "time_budget_s=60", "train={seed: 3}")
    path = tmp_path / "sweep.yaml"
    path.write_text(printed(capsys, "--kind", "sweep", *overrides), encoding="utf-8")
    expected = load_config(SweepConfig, None, overrides)
    assert load_config(SweepConfig, path) == expected
    again = json.loads(printed(capsys, "--config", str(path), "--json"))
    assert SweepConfig.model_validate(again) == expected


@pytest.mark.parametrize(
    "text", ["fps: 25", "crop: {left: 0.25}", "{complexity: 1, keep_truncated: true}"]
)
def test_an_extraction_is_known_by_its_settings(capsys, tmp_path, text):
    path = tmp_path / "extract.yaml"
    path.write_text(text, encoding="utf-8")
    expected = load_config(ExtractConfig, path)
    path.write_text(printed(capsys, "--config", str(path)), encoding="utf-8")
    assert load_config(ExtractConfig, path) == expected


@pytest.mark.parametrize("text", ["", "seed: 3", "optim: {lr: 1e-4}"])
def test_all_else_is_a_training_run(capsys, tmp_path, text):
    path = tmp_path / "train.yaml"
    path.write_text(text, encoding="utf-8")
    tree = json.loads(printed(capsys, "--config", str(path), "--json"))
    assert TrainConfig.model_validate(tree) == load_config(TrainConfig, path)


def test_every_setting_stands_under_its_meaning():
    lines = list(annotated(TrainConfig()))
    for number, line in enumerate(lines):
        if line.strip() and not line.strip().startswith("#") and "kind:" not in line:
            assert lines[number - 1].strip().startswith("#"), line
    assert all(len(line) <= 100 for line in lines)


def test_ranges_choices_kinds_and_changed_defaults_are_said(capsys):
    text = " ".join(printed(capsys, "optim.lr=0.5").replace("#", " ").split())
    assert "(>0, ≤1; default 0.001) lr: 0.5" in text
    assert "one of auto, float32, bfloat16" in text
    kinds = "supcon, arcface, proxy_nca, supcon_arcface, triplet, cross_entropy, contrast, masked"
    assert f"Kinds: {kinds}." in text
    assert "default 32" not in text


def test_json_is_the_same_config(capsys):
    tree = json.loads(printed(capsys, "--json", "seed=4"))
    assert TrainConfig.model_validate(tree) == load_config(TrainConfig, None, ["seed=4"])
    assert tree["seed"] == 4


def test_a_mistake_is_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        config.main(["optim.learning_rate=1", "optim.lr=7"], prog_name="config")
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert "optim.learning_rate: no such setting" in error
    assert "optim.lr" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("sweep", "space: {optim.lrr: {uniform: [0, 1]}}", "optim.lrr: no such setting; did you"),
        ("sweep", "space: {optim.lr: {uniform: [0.5, 2]}}", "optim.lr: must be less than or equal"),
        (
            "sweep",
            "train: {optimm: {lr: 3}}",
            "under `train`, which every trial shares: optimm: no",
        ),
        ("sweep", "train: {optim: {lr: abc}}", "optim.lr: must be a number, got 'abc'"),
        ("retrain", "train: {foo: 3}", "train: foo: no such setting"),
    ],
)
def test_what_a_sweep_or_a_retraining_would_refuse_is_refused(capsys, tmp_path, kind, text, said):
    path = tmp_path / "my.yaml"
    space = "" if kind == "retrain" or "space" in text else "space: {seed: {choice: [1, 2]}}\n"
    path.write_text(f"{space}{text}", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        config.main(["--kind", kind, "--config", str(path)], prog_name="config")
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize("store", ["1e3", "08", "1:30", "2026-11-22", "d😀"])
def test_a_store_that_looks_like_a_number_can_be_read_back(capsys, tmp_path, store):
    path = tmp_path / "train.yaml"
    path.write_text(printed(capsys, f"data.store='{store}'"), encoding="utf-8")
    assert load_config(TrainConfig, path).data.store == store
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["store"] == store


def test_yaml_needs_no_raysign_to_read(capsys):
    assert yaml.safe_load(printed(capsys))["batches"]["clips_per_sign"] == 3
