from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from raysign.bundle import Bundle, check_free, commit, load_bundle, save_bundle
from raysign.config import PrepareConfig, TrainConfig, TransformerConfig
from raysign.errors import BundleError


@pytest.fixture
def bundle() -> Bundle:
    tied = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    return Bundle(
        layout="hands42",
        config=TrainConfig(
            prepare=PrepareConfig(frames=48, motion_lags=(1, 2)),
            encoder=TransformerConfig(embedding=64),
        ),
        prepare_fingerprint="0123456789abcdef",
        weights={"a.weight": tied.t(), "a.tied": tied, "steps": torch.tensor(7)},
        metrics={"val/map": 0.25, "val/map_low": 0.2, "val/map_high": 0.3, "val/mrr": math.nan},
        card={"protocol": {"queries": 12, "gallery": 30}, "data": {"store": "synthetic"}},
    )


def test_what_is_saved_is_loaded(bundle: Bundle, tmp_path: Path) -> None:
    folder = save_bundle(bundle, tmp_path / "deep" / "model")
    loaded = load_bundle(folder)
    assert loaded.layout == "hands42"
    assert loaded.config == bundle.config
    assert loaded.prepare_fingerprint == bundle.prepare_fingerprint
    assert loaded.weights.keys() == bundle.weights.keys()
    for name, tensor in bundle.weights.items():
        assert torch.equal(loaded.weights[name], tensor)
    assert loaded.metrics["val/map"] == 0.25
    assert math.isnan(loaded.metrics["val/mrr"])
    assert loaded.card["protocol"] == {"queries": 12, "gallery": 30}
    assert {"commit", "created", "raysign"} <= loaded.card.keys()
    assert sorted(os.listdir(folder)) == ["README.md", "bundle.json", "weights.safetensors"]
    assert os.listdir(folder.parent) == ["model"]


def test_the_signs_it_was_trained_on_travel_where_they_are_known(
    bundle: Bundle, tmp_path: Path
) -> None:
    unknown = save_bundle(bundle, tmp_path / "unknown")
    assert load_bundle(unknown).signs is None
    manifest = json.loads((unknown / "bundle.json").read_text())
    del manifest["signs"]
    (unknown / "bundle.json").write_text(json.dumps(manifest))
    assert load_bundle(unknown).signs is None
    known = save_bundle(replace(bundle, signs=("book", "mère")), tmp_path / "known")
    assert load_bundle(known).signs == ("book", "mère")


def test_others_may_read_it_if_the_umask_lets_them(bundle: Bundle, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        folder = save_bundle(bundle, tmp_path / "model")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0o040}
    assert folder.stat().st_mode & 0o777 == 0o750


def test_float16_halves_floats_and_leaves_integers(bundle: Bundle, tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(bundle, tmp_path / "model", dtype="float16"))
    assert loaded.weights["a.weight"].dtype == torch.float16
    assert torch.allclose(loaded.weights["a.weight"].float(), bundle.weights["a.weight"], atol=1e-3)
    assert loaded.weights["steps"].item() == 7


def test_a_loaded_bundle_keeps_its_origin_when_saved_again(bundle: Bundle, tmp_path: Path) -> None:
    first = load_bundle(save_bundle(replace(bundle, card={"commit": "c0ffee"}), tmp_path / "a"))
    again = load_bundle(save_bundle(first, tmp_path / "b"))
    assert again.card == first.card
    assert again.card["commit"] == "c0ffee"


def test_nothing_is_overwritten_unasked(bundle: Bundle, tmp_path: Path) -> None:
    folder = save_bundle(bundle, tmp_path / "model")
    other = replace(bundle, metrics={"val/map": 0.9})
    with pytest.raises(BundleError, match="already holds a bundle"):
        save_bundle(other, folder)
    assert load_bundle(folder).metrics["val/map"] == 0.25
    save_bundle(other, folder, replace=True)
    assert load_bundle(folder).metrics["val/map"] == 0.9
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_that_is_no_bundle_is_never_replaced(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "draft.tex").write_text("x")
    with pytest.raises(BundleError, match="is no bundle"):
        save_bundle(bundle, tmp_path / "thesis", replace=True)
    assert (tmp_path / "thesis" / "draft.tex").read_text() == "x"
    with pytest.raises(BundleError, match="cannot write"):
        save_bundle(bundle, tmp_path / "thesis" / "draft.tex" / "model")


def test_a_failed_save_leaves_nothing(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("raysign.bundle.folder.model_card", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(bundle, tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_a_replace_that_fails_keeps_the_old_one(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bundle(bundle, tmp_path / "model")
    better = replace(bundle, metrics={"val/map": 0.5})
    move = os.replace

    def only_away(source: Any, target: Any) -> None:
        if Path(target) == folder and ".before" not in str(source):
            raise OSError(errno.EIO, "Input/output error")
        move(source, target)

    monkeypatch.setattr(os, "replace", only_away)
    with pytest.raises(BundleError, match=r"cannot write a bundle at .*: Input/output error"):
        save_bundle(better, folder, replace=True)
    monkeypatch.undo()
    assert load_bundle(folder).metrics["val/map"] == 0.25
    assert os.listdir(tmp_path) == ["model"]
    save_bundle(better, folder, replace=True)
    assert load_bundle(folder).metrics["val/map"] == 0.5
    assert os.listdir(tmp_path) == ["model"]


def test_a_replace_that_is_killed_keeps_the_old_one(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bundle(bundle, tmp_path / "model")
    better = replace(bundle, metrics={"val/map": 0.5})
    for there in (False, True):
        folder.rename(tmp_path / ".model.before")  # where a kill between two renames leaves it
        if there:
            folder.mkdir()  # by somebody else, since
        else:
            with pytest.raises(BundleError, match=r"its writer stopped; the old one is .*\.before"):
                load_bundle(folder)
        assert (tmp_path / ".model.before").is_dir(), "a reader moves nothing"
        check_free(folder, replace=True)
        assert load_bundle(folder).metrics["val/map"] == 0.25
        assert os.listdir(tmp_path) == ["model"]
    shutil.copytree(folder, tmp_path / ".model.before")  # killed right after the second rename
    save_bundle(better, folder, replace=True)
    assert load_bundle(folder).metrics["val/map"] == 0.5
    assert os.listdir(tmp_path) == ["model"]


def test_what_a_link_leads_to_is_replaced(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real = save_bundle(bundle, tmp_path / "disk" / "real")
    link = tmp_path / "link"
    link.symlink_to(real)
    for value in (0.5, 0.75):
        save_bundle(replace(bundle, metrics={"val/map": value}), link, replace=True)
        assert link.is_symlink()
        assert load_bundle(real).metrics["val/map"] == value
    assert os.listdir(tmp_path / "disk") == ["real"]


@pytest.mark.parametrize("folder", [".", "/"])
def test_a_folder_without_a_name_is_no_bundle(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="exists and is no bundle"):
        check_free(folder, replace=True)


def test_a_full_disk_is_one_line(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: File too large")

    monkeypatch.setattr("raysign.bundle.form.save_file", full)
    with pytest.raises(BundleError, match=r"cannot write a bundle at .*File too large"):
        save_bundle(bundle, tmp_path / "model")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e30])
def test_weights_that_are_not_finite_are_refused(
    bundle: Bundle, tmp_path: Path, bad: float
) -> None:
    diverged = replace(bundle, weights={"a.weight": torch.tensor([0.0, bad])})
    with pytest.raises(BundleError, match=r"a\.weight.*not finite as float16"):
        save_bundle(diverged, tmp_path / "model", dtype="float16")
    assert os.listdir(tmp_path) == []


def edit(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**manifest, **changes}))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: (f / "bundle.json").unlink(), "has no bundle.json"),
        (lambda f: (f / "bundle.json").write_text('{"format": '), "cannot read bundle.json"),
        (lambda f: (f / "bundle.json").write_bytes(b"\xff\xfe"), "cannot read bundle.json"),
        (lambda f: (f / "bundle.json").write_text("[1]"), "not written by raysign"),
        (lambda f: edit(f, format="other"), "not written by raysign"),
        (lambda f: edit(f, version=2), "format version 2"),
        (lambda f: edit(f, metrics=None), "no valid field 'metrics'"),
        (lambda f: edit(f, signs="book"), "no valid field 'signs'"),
        (lambda f: edit(f, signs=["book", 3]), "no valid field 'signs'"),
        (lambda f: edit(f, layout="openpose"), "unknown layout 'openpose'"),
        (lambda f: edit(f, config={"workers": 0, "nope": 1}), "workers.*nope"),
        (lambda f: edit(f, metrics={"val/map": "high"}), "no valid field 'metrics'"),
        (lambda f: (f / "weights.safetensors").unlink(), r"no readable weights\.safetensors"),
        (lambda f: (f / "weights.safetensors").write_bytes(b"\x80\x04."), "sha256 differs"),
    ],
)
def test_a_bundle_that_cannot_be_trusted_is_refused(
    bundle: Bundle, tmp_path: Path, harm: object, message: str
) -> None:
    folder = save_bundle(bundle, tmp_path / "model")
    harm(folder)  # type: ignore[operator]
    with pytest.raises(BundleError, match=message) as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)


def test_one_flipped_bit_is_noticed(bundle: Bundle, tmp_path: Path) -> None:
    folder = save_bundle(bundle, tmp_path / "model")
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(BundleError, match="sha256 differs"):
        load_bundle(folder)


def test_a_missing_bundle_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"does not exist; give .*@champion"):
        load_bundle(tmp_path / "nothing")


def test_commit_is_that_of_the_folder(tmp_path: Path) -> None:
    assert commit(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit(tmp_path) == ""
    (tmp_path / "a").write_text("1")
    subprocess.run([*git, "add", "a"], check=True)
    subprocess.run([*git, "-c", "commit.gpgsign=false", "commit", "-qm", "m"], check=True)
    subprocess.run([*git, "tag", "v1"], check=True)
    clean = commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "a").write_text("2")
    assert commit(tmp_path) == f"{clean}-dirty"


def test_commit_where_there_is_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submitted job's copy of the folder has none."""
    monkeypatch.setenv("RAYSIGN_COMMIT", "c0ffee")
    assert commit(tmp_path) == "c0ffee"
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    assert commit(tmp_path) == "c0ffee", "nothing was committed yet"
    assert commit() != "c0ffee", "git itself is asked first"
