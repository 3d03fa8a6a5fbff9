"""`raysign keywords train` through its door, on tiny sentences; with and without Ray."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.bundle import load_keyword_bundle
from raysign.cli.keywords.train import train
from raysign.config import KeywordConfig, load_config
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import ConfigError, TrackingError
from raysign.keywords.confidence import fit_shown
from raysign.keywords.metrics import keyword_figures
from raysign.store import load_sentences
from raysign.tracking import connect, load_keywords
from raysign.tracking.quiet import mlflow_calls
from raysign.train import train as flow

ROOT = Path(__file__).parents[3]
TINY = (
    *("prepare.joints=dominant", "encoder.kind=conv_transformer", "encoder.width=16"),
    *("encoder.heads=2", "encoder.groups=1", "encoder.kernel=3", "encoder.dropout=0"),
    *("search.decision=match", "loss.reduce=sum", "batches.sentences=8", "optim.lr=0.02"),
    *("evaluate.bootstrap=100", "context.mlp_epochs=3", "augment.tempo=0"),
)

pytestmark = pytest.mark.timeout(500)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.out)


Door = Callable[..., Done]


@pytest.fixture
def door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Door:
    """The door in this process, without Ray."""
    monkeypatch.chdir(tmp_path)

    def run(store: Path | str, *more: str) -> Done:
        args = [*TINY, "--local", "--data", str(store), *more]
        with pytest.raises(SystemExit) as end:
            train.main(args, prog_name="raysign keywords train")
        return Done(end.value.code, *capsys.readouterr())

    return run


def test_without_ray_then_on_with_the_same_name(door: Door, store: Path, tmp_path: Path) -> None:
    args = (store, "--name", "mine", "optim.epochs=8", "evaluate.every=4", "--json")
    done = door(*args)
    assert done.code == 0, done.err
    answer = done.answer
    assert answer["val/map"] > answer["floor/map"] + 0.2
    assert answer["val/map_low"] <= answer["val/map"] <= answer["val/map_high"]
    assert {"val/tfidf/map", "val/mlp/max_f1", "val/tfidf/map_low", "floor/frequency_map"} < {
        *answer
    }
    assert "each ranks its 16 sentences" in answer["card"]
    assert answer["model"] == "models:/raysign-keywords@champion"
    folder = tmp_path / "runs" / "mine"
    kept = {"run.lock", "run.json", "epochs.jsonl", "checkpoints", "bundle"}
    assert {*os.listdir(folder)} == kept

    # What stands in the bundle is what was measured.
    bundle = load_keyword_bundle(folder / "bundle")
    val = load_sentences(store, ["val"])
    prepared = PreparedSentences.of(val, bundle.prepare())
    found = probabilities(logits_of(bundle.model(), bundle.prepare(), prepared, 5))
    labels = bundle.vocabulary.labels(val.glosses)
    assert keyword_figures(found, labels).map == pytest.approx(answer["val/map"], abs=1e-4)
    rescored = bundle.contexts["tfidf"].rescore(found)
    assert keyword_figures(rescored, labels).map == pytest.approx(answer["val/tfidf/map"], abs=1e-4)
    assert bundle.confidence.keys() == {"none", "tfidf", "mlp"}
    for name, scores in (("none", found), ("tfidf", rescored)):
        sure, expected = bundle.confidence[name], fit_shown(scores, labels)
        assert sure.slope == pytest.approx(expected.slope, rel=1e-2)
        assert sure.offset == pytest.approx(expected.offset, rel=1e-2, abs=1e-2)
    train_labels = bundle.vocabulary.labels(load_sentences(store, ["train"]).glosses)
    assert np.allclose(bundle.frequency, train_labels.mean(axis=0))

    # Who knows nothing has chance's mAP, not that of ties; the bundle says whom it learned from.
    assert answer["floor/map"] == answer["floor/chance_map"] > answer["floor/frequency_map"]
    assert answer["floor/max_f1"] == answer["floor/frequency_max_f1"]
    parts = [load_sentences(store, [split]).clips for split in ("train", "val")]
    for part, kept in zip(parts, (bundle.learned.trained, bundle.learned.tuned), strict=True):
        np.testing.assert_array_equal(kept, part.content())
    assert bundle.learned.signers == ("signer 0", "signer 1", "signer 2")

    # And what the registry gives.
    registered = load_keywords(answer["model"])
    assert registered.weights_sha256 == bundle.weights_sha256
    with mlflow_calls("test"):
        import mlflow

        version = connect().client.get_model_version_by_alias("raysign-keywords", "champion")
        assert version.tags["words"] == "gloss"
        mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
        model = mlflow.pyfunc.load_model(answer["model"])
        mlflow.set_tracking_uri(None)
    landmarks = np.full((2, 20, 55, 3), np.nan, np.float32)
    for row in range(2):
        landmarks[row, :12] = val.clips.landmarks(row)
    assert model.predict(landmarks) == pytest.approx(found[:2], abs=1e-3)

    # The same again has nothing left to train, to fit or to register, and changes no figure.
    version = f"models:/raysign-keywords/{version.version}"
    again = door(*args)
    assert again.code == 0, again.err
    assert f"run mine has finished already, registered as {version}; these" in again.err
    assert "context" not in again.err
    assert again.answer["model"] == version
    assert again.answer["floor/map"] == answer["floor/map"]
    with mlflow_calls("test"):
        assert len(connect().client.search_model_versions("name='raysign-keywords'")) == 1
        assert len(connect().client.search_runs([connect().experiment_id])) == 1
    figures = {key for key in answer if key.startswith("val/")}
    assert {key: again.answer[key] for key in figures} == {key: answer[key] for key in figures}

    other = door(*args, "optim.lr=0.002")
    assert other.code == 2
    assert other.err.splitlines()[-1].startswith(
        "error: run 'mine' began with optim.lr=0.02, now 0.002"
    )


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ({"train": ()}, (), "leaves train without sentences that have a gloss"),
        ({"train": ("REGEN",), "val": ("WIND",)}, (), "none of train's 1 glosses is in any"),
        ({}, ("data.min_count=99",), "stands in 99 sentences; the most frequent one in"),
        ({}, ("data.words=signs",), "data.words: must be 'gloss' or 'translation', got 'signs'"),
        ({}, ("loss.redcue=sum",), "loss.redcue: no such setting; did you mean 'loss.reduce'?"),
        ({}, ("encoder.depht=2",), "encoder.depht: no such setting"),
        ({}, ("workers=3",), "workers=3 must divide batches.sentences=8"),
        ({}, ("prepare.longest_frames=16", "prepare.fps=120"), None),
    ],
)
def test_bad_input_is_one_line(
    words: dict[str, tuple[str, ...]],
    more: tuple[str, ...],
    message: str | None,
    door: Door,
    other: Callable[..., Path],
    tmp_path: Path,
) -> None:
    done = door(other(**words), *more, "--name", "bad", "optim.epochs=1")
    if message is None:
        assert done.code == 0, done.err
        return
    assert (done.code, done.out) == (2, "") or done.out.startswith("run bad")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "mlflow.db").exists()


def test_fewer_sentences_than_workers_leave_nothing_behind(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = (*TINY, f"data.store={store}", "batches.sentences=64", "workers=64")

    def refuse() -> Any:
        raise TrackingError("the server went away")

    with pytest.raises(ConfigError, match="40 training sentences to share; type workers=40 or"):
        flow(
            load_config(KeywordConfig, None, given),
            connect=refuse,
            folder=tmp_path / "runs" / "one",
            say=lambda line: None,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("other:test", "the test split of 'other' is sealed"),
        ("other:val", "type data.store=other"),
        ("nowhere", "nowhere"),
    ],
)
def test_other_data_than_train_and_val_is_refused(
    store: str, message: str, door: Door, other: Callable[..., Path]
) -> None:
    other()
    done = door(store)
    assert done.code == 2
    assert message in done.err


def test_signers_can_be_held_out(door: Door, store: Path) -> None:
    done = door(store, "data.splits=signer_disjoint", "optim.epochs=1", "--no-register")
    assert done.code == 0, done.err
    assert "note: signers held out: 1; none of them signs in train" in done.out
    assert "0 of 1 query signers also sign in train" in done.out


def start(folder: Path, store: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "jobs" / "keywords.py"), *TINY, "--data", str(store), *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_from_the_last_checkpoint(
    tmp_path: Path, store: Path, below: Callable[[int, str], list[int]]
) -> None:
    args = ("workers=2", "optim.epochs=40", "optim.patience=40", "evaluate.every=5")
    seen = []
    with start(tmp_path, store, *args) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if line.startswith("epoch   3"):
                break
        workers = below(process.pid, "RayTrainWorker")
        assert len(workers) == 2, seen
        os.kill(workers[0], signal.SIGKILL)
        rest, err = process.communicate(timeout=450)
    assert process.returncode == 0, err
    after = rest.splitlines()
    assert any(line.startswith("goes on from the checkpoint of epoch") for line in after)
    assert any(line.startswith("epoch  40/40") for line in after)
    assert any(line.startswith("registered: models:/raysign-keywords@champion") for line in after)
