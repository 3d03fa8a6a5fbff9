from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import torch
from click.testing import CliRunner

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.cli.ship import ship
from raysign.config import TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.skeleton import layout_named

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def trained(folder: Path) -> str:
    small = {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8}
    config = resolve(TrainConfig, {"prepare": {"frames": 16}, "encoder": small})
    prepare = Prepare(config.prepare, layout_named("hands42"))
    torch.manual_seed(0)
    weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
    names = [f"val/{name}" for name in ("recall_at_1", "recall_at_10", "map")]
    figures = {f"{name}{end}": 0.5 for name in names for end in ("", "_low", "_high")}
    card = {"protocol": "val clips → train clips", "data": "synthetic"}
    bundle = Bundle("hands42", config, prepare.fingerprint, weights, figures, card)
    return str(save_bundle(bundle, folder))


def test_a_bundle_becomes_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.bundle.shipped.SHIPPED", tmp_path / "shipped")
    bundle = trained(tmp_path / "bundle")
    refused = CliRunner().invoke(ship, [bundle])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: a bundle that ships must tell the licence")
    assert refused.stderr.count("\n") == 1
    done = CliRunner().invoke(ship, [bundle, "--licence", "none: made from a seed"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"shipped: {tmp_path / 'shipped' / 'hands42'}, 0.0")
    assert load_bundle(tmp_path / "shipped" / "hands42").card["licence"] == "none: made from a seed"


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "raysign.cli.ship", str(tmp_path / "nowhere")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: bundle ")
    assert done.stderr.count("\n") == 1
