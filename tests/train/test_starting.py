"""``start_from``: a run that begins with the encoder of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.config import TrainConfig, load_config
from raysign.engine import Start, Training
from raysign.errors import BundleError, ConfigError, TrainingError
from raysign.train import Material, train
from raysign.train.bundling import bundle_of
from raysign.train.starting import check_start, start_of, starting_bundle

TINY = (
    *("data.synthetic.signs=20", "data.synthetic.train_signers=2", "data.synthetic.val_signers=1"),
    *("prepare.frames=12", "batches.signs=10", "batches.clips_per_sign=2", "encoder.width=16"),
    *("encoder.heads=2", "encoder.depth=1", "encoder.embedding=8", "evaluate.bootstrap=100"),
    *("optim.epochs=1", "device=cpu"),
)


def config(*overrides: str) -> TrainConfig:
    return load_config(TrainConfig, None, (*TINY, *overrides))


class Tracker:
    """Takes what MLflow would."""

    uri = "nowhere"
    experiment_id = "1"
    client = SimpleNamespace(search_runs=lambda *_, **__: [])

    def start_run(self, *_: Any, **__: Any) -> str:
        return "run"

    def log_metrics(self, *_: Any) -> None: ...

    def finish(self, *_: Any) -> None: ...


def run(folder: Path, said: list[str], *overrides: str) -> Bundle:
    connect: Any = Tracker
    settings = config(*overrides)
    done = train(
        settings, connect=connect, folder=folder, say=said.append, register=False, on_ray=False
    )
    return load_bundle(done.bundle)


@pytest.fixture(scope="module")
def began(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a run without signs."""
    folder = tmp_path_factory.mktemp("began") / "contrast"
    run(folder, [], "loss.kind=contrast")
    return folder / "bundle"


def test_it_begins_with_the_weights_and_goes_on_without_them(began: Path, tmp_path: Path) -> None:
    said: list[str] = []
    still = ("optim.lr=1e-12", "encoder.dropout=0.4", f"start_from={began}")
    tuned = run(tmp_path / "tuned", said, *still)
    weights = load_bundle(began).weights
    for name, tensor in tuned.weights.items():
        torch.testing.assert_close(tensor, weights[name], rtol=0, atol=1e-6)
    assert f"begins with {began}: transformer after loss.kind=contrast, epoch 1" in said
    assert tuned.config.start_from == str(began)
    facts = tuned.card["began with"]
    assert facts["loss"] == "contrast"
    assert facts["data"] == load_bundle(began).card["data"]["fingerprint"]
    assert "trained before" in (tmp_path / "tuned" / "bundle" / "README.md").read_text()

    # It goes on, though what it began with is gone.
    began.rename(began.with_name("elsewhere"))
    try:
        again = run(tmp_path / "tuned", said, *still)
        assert again.card["began with"] == facts
        assert again.signs == tuned.signs
        with pytest.raises(BundleError, match="does not exist"):
            run(tmp_path / "other", said, *still)
        assert not (tmp_path / "other").exists()
    finally:
        began.with_name("elsewhere").rename(began)
    with pytest.raises(TrainingError, match="'tuned' began with start_from="):
        run(tmp_path / "tuned", said, *still[:2])


@pytest.fixture(scope="module")
def material() -> Material:
    return Material.read(config(), lambda line: None)


def test_a_run_without_the_weights_that_it_names_does_not_begin(material: Material) -> None:
    training = Training(config("start_from=somewhere"), material.clips)
    with pytest.raises(TrainingError, match="start_from='somewhere', but no weights"):
        training.run()


def test_the_average_begins_with_the_weights_too(began: Path, material: Material) -> None:
    start = start_of(load_bundle(began))
    training = Training(config(f"start_from={began}", "optim.ema=0.9"), material.clips, start)
    for name, tensor in training.kept.state_dict().items():
        assert torch.equal(tensor, start.weights[name])


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["encoder.width=32"], "encoder.width is 16 there, 32 here"),
        (
            ["encoder.depth=2", "encoder.pooling=mean"],
            "encoder.depth is 1 there, 2 here, encoder.p",
        ),
        (
            ["encoder={kind: conv_transformer, embedding: 8, width: 16}"],
            "encoder.kind is transformer there, conv_transformer here",
        ),
        (["prepare.frames=16"], "prepare.frames is 12 there, 16 here"),
        (["prepare.motion_lags=[1, 2]"], r"prepare.motion_lags is \[1\] there, \[1, 2\] here"),
    ],
)
def test_what_differs_is_named(overrides: list[str], said: str, began: Path) -> None:
    with pytest.raises(ConfigError, match=f"start_from=.*{said}.*; give this run") as caught:
        check_start(load_bundle(began), config(f"start_from={began}", *overrides), "holistic75")
    assert "\n" not in str(caught.value)


def test_another_layout_or_version_is_refused_and_other_chances_are_not(began: Path) -> None:
    bundle = load_bundle(began)
    with pytest.raises(ConfigError, match="layout is holistic75 there, hands42 here"):
        check_start(bundle, config(f"start_from={began}"), "hands42")
    old = replace(bundle, prepare_fingerprint="0123456789abcdef")
    with pytest.raises(ConfigError, match=r"\(0123456789abcdef there, .*another version of"):
        check_start(old, config(f"start_from={began}"), "holistic75")
    chances = ("encoder.dropout=0.5", "encoder.drop_path=0.3", "loss.kind=arcface", "seed=3")
    check_start(bundle, config(*chances), "holistic75")


def test_what_it_may_have_seen_of_what_is_held_out_is_said(began: Path) -> None:
    def notes(*overrides: str) -> list[str]:
        said: list[str] = []
        assert starting_bundle(config(f"start_from={began}", *overrides), "holistic75", said.append)
        return said[1:]

    assert notes() == []
    (note,) = notes("data.splits=sign_disjoint")
    assert note.startswith(f"note: {began} was trained with data.store=synthetic, data.splits=own")
    (note,) = notes("data.duplicates=drop")
    assert "data.duplicates=keep" in note
    assert starting_bundle(config(), "holistic75", print) is None


def test_the_signs_of_both_are_those_trained_on(began: Path, material: Material) -> None:
    def signs(start: Start) -> tuple[str, ...] | None:
        training = Training(config(f"start_from={began}"), material.clips, start)
        training.best_weights = training.encoder.state_dict()
        training.best_metrics = material.untrained("val/")
        state = training.state()
        again = Training(config(f"start_from={began}"), material.clips)
        again.restore(state)
        assert bundle_of(again, "").signs == bundle_of(training, "").signs
        return bundle_of(training, "").signs

    start = start_of(load_bundle(began))
    own = signs(start)
    assert own == load_bundle(began).signs
    assert own is not None
    assert signs(replace(start, signs=("another sign",))) == tuple(sorted((*own, "another sign")))
    assert signs(replace(start, signs=None)) is None


def test_a_bundle_in_half_precision_will_do(
    began: Path, tmp_path: Path, material: Material
) -> None:
    half = save_bundle(load_bundle(began), tmp_path / "half", dtype="float16")
    training = Training(config(f"start_from={half}"), material.clips, start_of(load_bundle(half)))
    assert {p.dtype for p in training.encoder.parameters()} == {torch.float32}
