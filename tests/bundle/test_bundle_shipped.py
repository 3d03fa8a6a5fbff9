from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle, ship, shipped_bundle, shipped_layouts
from raysign.bundle.shipped import LIMIT_BYTES
from raysign.config import TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.errors import BundleError
from raysign.pose import Prepare
from raysign.skeleton import layout_named

LICENCE = "WLASL: C-UDA 1.0, academic use"
FIGURES = {
    f"val/{name}{end}": value
    for name in ("recall_at_1", "recall_at_10", "map")
    for end, value in (("", 0.25), ("_low", 0.2), ("_high", 0.3))
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in which no encoder ships yet."""
    monkeypatch.setattr("raysign.bundle.shipped.SHIPPED", tmp_path / "raysign" / "shipped")
    return tmp_path / "raysign" / "shipped"


@pytest.fixture
def trained() -> Bundle:
    config = resolve(
        TrainConfig,
        {
            "prepare": {"frames": 16},
            "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
            "data": {"store": "/home/me/stores/wlasl/"},
            "start_from": "/home/me/runs/pretrained/bundle",
        },
    )
    prepare = Prepare(config.prepare, layout_named("hands42"))
    torch.manual_seed(0)
    return Bundle(
        "hands42",
        config,
        prepare.fingerprint,
        build_encoder(config.encoder, prepare.channel_map).state_dict(),
        FIGURES,
        {
            "protocol": "val clips → train clips",
            "data": {"store": "/home/me/stores/wlasl/", "fingerprint": "5eed"},
            "commit": "c0ffee",
        },
        ("book", "mother"),
    )


def test_where_nothing_ships_yet_it_says_what_to_type(package: Path) -> None:
    assert shipped_layouts() == ()
    with pytest.raises(BundleError, match=r"'hands42' \(for none yet\); type `raysign train") as no:
        shipped_bundle("hands42")
    assert "\n" not in str(no.value)


def test_another_layout_is_told_which_ones_ship(package: Path, trained: Bundle) -> None:
    ship(trained, LICENCE)
    assert shipped_layouts() == ("hands42",)
    for layout in ("holistic75", "..", ""):
        with pytest.raises(BundleError, match=r"\(for hands42\)"):
            shipped_bundle(layout)


def test_what_ships_is_the_trained_encoder_rounded(package: Path, trained: Bundle) -> None:
    assert ship(trained, LICENCE) == package / "hands42" == shipped_bundle("hands42")
    assert os.listdir(package) == ["hands42"]
    shipped = load_bundle(shipped_bundle("hands42"))
    assert {t.dtype for t in shipped.weights.values()} == {torch.float16}
    assert (shipped.metrics, shipped.signs) == (trained.metrics, trained.signs)
    xyz = torch.rand(3, 20, 42, 3, generator=torch.Generator().manual_seed(1)).numpy()
    before, after = (b.embedder().embed_padded(xyz) for b in (trained, shipped))
    assert before == pytest.approx(after, abs=2e-3)
    assert (before != after).any()


def test_its_card_tells_all_and_no_path(package: Path, trained: Bundle) -> None:
    folder = ship(trained, LICENCE)
    page = (folder / "README.md").read_text()
    for text in (
        f"Licence: {LICENCE}",
        "Protocol: val clips → train clips",
        "- store: wlasl",
        "| `val/map` | 0.25 | 0.2 – 0.3 |",
        "## Limits",
        "- rounding: weights rounded to float16",
        "- commit: c0ffee",
        "raysign evaluate default",
        'shipped_bundle("hands42")',
    ):
        assert text in page
    assert "/home/me" not in page + (folder / "bundle.json").read_text()
    assert load_bundle(folder).config.data.store == "wlasl"
    assert trained.card["data"]["store"] == "/home/me/stores/wlasl/"


def test_the_next_one_takes_its_place_and_keeps_its_terms(package: Path, trained: Bundle) -> None:
    first = load_bundle(ship(trained, LICENCE))
    better = {name: value + 0.5 for name, value in FIGURES.items()}
    ship(replace(first, metrics=better))
    again = load_bundle(shipped_bundle("hands42"))
    assert again.metrics["val/map"] == 0.75
    assert again.card["licence"] == LICENCE


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"metrics": {}}, "val/recall_at_1, val/recall_at_10, val/map;"),
        ({"metrics": FIGURES | {"val/map": math.nan}}, "tell val/map;"),
        ({"metrics": {k: v for k, v in FIGURES.items() if k != "val/map_low"}}, "tell val/map;"),
        ({"card": {"data": "wlasl"}}, "tell the protocol of its card;"),
        ({"card": {"protocol": "val → train"}}, "tell the data of its card;"),
        ({"prepare_fingerprint": "0" * 16}, "trained on prepare 0000"),
    ],
)
def test_a_bundle_that_tells_too_little_does_not_ship(
    package: Path, trained: Bundle, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(BundleError, match=says):
        ship(replace(trained, **changes), LICENCE)
    assert not package.exists()


@pytest.mark.parametrize("licence", ["", " "])
def test_nothing_ships_without_its_terms(package: Path, trained: Bundle, licence: str) -> None:
    with pytest.raises(BundleError, match=r"the licence of its card; .* --licence TEXT"):
        ship(trained, licence)
    assert not package.exists()


def test_a_bundle_that_is_too_large_leaves_the_last_one(
    package: Path, trained: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ship(trained, LICENCE)
    size = sum(path.stat().st_size for path in folder.iterdir())
    monkeypatch.setattr("raysign.bundle.shipped.LIMIT_BYTES", size - 1)
    with pytest.raises(BundleError, match=r"holds 0\.\d\d MB, and the limit is 0\.\d+ MB; train a"):
        ship(replace(trained, metrics={k: v / 2 for k, v in FIGURES.items()}), LICENCE)
    assert load_bundle(folder).metrics == FIGURES
    assert os.listdir(package) == ["hands42"]


def test_the_limit_is_on_the_whole_folder(trained: Bundle, tmp_path: Path) -> None:
    folder = save_bundle(replace(trained, card={"created": "x"}), tmp_path / "a")
    size = sum(path.stat().st_size for path in folder.iterdir())
    same = replace(trained, card={"created": "x"})
    save_bundle(same, tmp_path / "b", limit_bytes=size)
    with pytest.raises(BundleError, match="the limit is"):
        save_bundle(same, tmp_path / "c", limit_bytes=size - 1)


@pytest.mark.parametrize("layout", shipped_layouts())
def test_what_this_raysign_ships_is_usable_and_tells_all(layout: str) -> None:
    folder = shipped_bundle(layout)
    bundle = load_bundle(folder)
    assert bundle.layout == layout
    bundle.embedder()
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LIMIT_BYTES
    assert bundle.card["licence"]
    assert "/" not in bundle.config.data.store
    assert json.loads((folder / "bundle.json").read_text())["metrics"]["val/map"] > 0
    assert sorted(os.listdir(folder)) == ["README.md", "bundle.json", "weights.safetensors"]
