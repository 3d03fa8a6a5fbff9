"""Models that cannot become one, each refused in one line before anything is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.bundle import load_bundle, save_bundle
from raysign.errors import BundleError, ConfigError, RaysignError
from raysign.store import write_store
from raysign.synthetic import iter_clips
from raysign.train import Member, fuse

Make = Callable[..., Member]


def error(members: list[Member], folder: Path, store: str = "synthetic", **how: Any) -> str:
    """The one line of a refusal, which leaves nothing behind."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(RaysignError) as caught:
        fuse(members, store, folder / "out", say=print, **how)
    assert isinstance(caught.value, BundleError | ConfigError)
    assert "\n" not in str(caught.value)
    assert sorted(folder.rglob("*")) == before
    return str(caught.value)


REFUSED: dict[str, tuple[dict[str, Any], bool, str]] = {
    "frames": ({"prepare__frames": 16}, False, r"agree in prepare\.frames: 'a' has 12, 'b' has 16"),
    "mirror": ({"evaluate__mirror": "both"}, False, r"agree in evaluate\.mirror: 'a' has none"),
    "splits": ({"data__splits": "sign_disjoint"}, False, r"agree in data\.\w+: 'a' has"),
    "duplicates": ({"data__duplicates": "drop"}, False, r"agree in data\.duplicates: 'a' has keep"),
    "layout": ({"layout": "hands42"}, False, "agree in layout: 'a' has holistic75, 'b' has hands"),
    "joints": ({"prepare__joints": "hands"}, True, r"agree in prepare\.joints: 'a' has signing"),
    "width": ({"encoder__width": 32}, True, r"agree in encoder\.width: 'a' has 16, 'b' has 32"),
    "clips": (
        {"more": {"card": {"data": {"fingerprint": "f00"}}}},
        False,
        "'b' learned from other",
    ),
    "unknown clips": ({"more": {"card": {}}}, False, "'b' does not tell which clips it learned"),
    "prepare": (
        {"more": {"prepare_fingerprint": "0"}},
        False,
        "model 'b': .* on prepare 0",
    ),
    "masked": ({"loss": {"kind": "masked"}}, False, "'b' tells hidden joints"),
    "nested": ({"encoder": {"kind": "ensemble"}}, False, "'b' is an ensemble already"),
}


@pytest.mark.parametrize(("values", "soup", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_models_that_do_not_fit_together_are_refused(
    values: dict[str, Any], soup: bool, said: str, make: Make, tmp_path: Path
) -> None:
    members = [make("a"), make("b", seed=1, **values)]
    assert re.search(said, error(members, tmp_path, soup=soup))


def test_settings_that_nothing_reads_may_differ(make: Make, tmp_path: Path) -> None:
    """Which val clips are drawn is decided by nobody where the split is the dataset's own."""
    members = [make("a"), make("b", seed=1, data__split_seed=9, optim__epochs=2, workers=2)]
    fuse(members, "synthetic", tmp_path / "one", say=print)
    drawn = [
        make(n, seed=s, data__splits="signer_disjoint", data__split_seed=s)
        for s, n in enumerate("ab")
    ]
    assert "agree in data.split_seed: 'a' has 0, 'b' has 1" in error(drawn, tmp_path)


def test_it_takes_two_different_models_and_no_more_than_an_ensemble_holds(
    make: Make, tmp_path: Path
) -> None:
    one = make("a")
    assert "made of two or more, got 1" in error([one], tmp_path)
    folder = save_bundle(one.bundle, tmp_path / "saved")
    twice = [Member(name, load_bundle(folder)) for name in ("a", "copy")]
    assert "'a' and 'copy' are the same model" in error(twice, tmp_path)
    nine = [make(f"{number}", seed=number) for number in range(9)]
    assert "members must be 2 to 8 encoders, got 9" in error(nine, tmp_path)
    fuse(nine, "synthetic", tmp_path / "soup", say=print, soup=True)


def test_frames_that_an_ensemble_does_not_tell_are_not_aligned(make: Make, tmp_path: Path) -> None:
    """A soup has those of its one encoder."""
    stage = {"stages": "dtw", "dtw": {"on": "frames"}}
    members = [make(name, seed=seed, evaluate__rerank=stage) for seed, name in enumerate("ab")]
    said = error(members, tmp_path)
    assert said.startswith("model 'a' was trained with evaluate.rerank.dtw.on=frames")
    fuse(members, "synthetic", tmp_path / "soup", say=print, soup=True)


def test_other_clips_than_they_learned_from_are_refused(make: Make, tmp_path: Path) -> None:
    members = [make("a"), make("b", seed=1)]
    clips = list(iter_clips(members[0].bundle.config.data.synthetic))
    write_store(str(tmp_path / "store"), clips)
    fuse(members, str(tmp_path / "store"), tmp_path / "fine", say=print)
    write_store(str(tmp_path / "fewer"), clips[1:])
    said = error(members, tmp_path, str(tmp_path / "fewer"))
    assert "fewer' holds other clips (data " in said
    assert said.endswith("give --data the store that they were trained on")


def test_a_folder_that_is_taken_is_refused_before_anything_is_read(
    make: Make, tmp_path: Path
) -> None:
    fuse([make("a"), make("b", seed=1)], "synthetic", tmp_path / "out", say=print)
    assert "already holds a bundle" in error([], tmp_path, "nowhere")


def test_a_soup_of_batch_norms_is_refused(make: Make, tmp_path: Path) -> None:
    graph = {"kind": "st_gcn", "widths": (8,), "kernel": 3, "embedding": 8}
    members = [make(name, seed=seed, encoder=graph) for seed, name in enumerate("ab")]
    assert "'a' has batch norm" in error(members, tmp_path, soup=True)
