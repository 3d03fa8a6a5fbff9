from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.config import PrepareConfig, TrainConfig, TransformerConfig
from raysign.errors import BundleError
from raysign.tracking import RegisteredVersion, Tracker, connect, fetch_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

EMBEDDING = 4
CONFIG = TrainConfig(
    prepare=PrepareConfig(frames=8),
    encoder=TransformerConfig(depth=1, heads=2, width=8, feedforward=8, embedding=EMBEDDING),
)


@dataclass(frozen=True)
class FakeEmbedder:
    """One linear map of each clip's mean landmark: enough to see weights and landmarks meet."""

    weight: NDArray[np.float32]
    prepare: Any

    @classmethod
    def from_parts(
        cls, layout: str, config: TrainConfig, weights: Mapping[str, torch.Tensor]
    ) -> FakeEmbedder:
        assert (layout, config) == ("hands42", CONFIG)
        return cls(weights["map"].float().numpy(), SimpleNamespace(fingerprint="prepared"))

    def embed_padded(
        self, xyz: NDArray[np.float32], *, aspect: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        assert aspect is not None
        assert aspect.dtype == np.float32
        rows = np.nanmean(xyz, axis=(1, 2)) * aspect[:, None] @ self.weight
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    import raysign.bundle.folder

    monkeypatch.setattr(raysign.bundle.folder, "Embedder", FakeEmbedder)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    return connect(f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}")


@pytest.fixture
def bundle() -> Bundle:
    return Bundle(
        layout="hands42",
        config=CONFIG,
        prepare_fingerprint="prepared",
        weights={"map": torch.eye(3, EMBEDDING)},
        metrics={"val/map": 0.25, "val/map_low": 0.2, "val/map_high": 0.3},
        card={"epoch": 7, "protocol": {"queries": 12}, "data": {"fingerprint": "da7a"}},
    )


def registered(
    tracker: Tracker, bundle: Bundle, folder: Path, name: str
) -> tuple[RegisteredVersion, str]:
    run = tracker.start_run("best trial")
    return tracker.register(save_bundle(bundle, folder), run, name=name), run


def load(tracker: Tracker, uri: str) -> Any:
    import mlflow

    mlflow.set_tracking_uri(tracker.uri)
    try:
        return mlflow.pyfunc.load_model(uri, suppress_warnings=True)
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def test_a_registered_encoder_embeds_landmarks(
    tracker: Tracker, bundle: Bundle, tmp_path: Path
) -> None:
    version, run = registered(tracker, bundle, tmp_path / "model", "embeds")
    assert (version.version, version.alias) == ("1", "champion")
    assert version.uri == "models:/embeds@champion"
    model = load(tracker, version.uri)
    landmarks = np.random.default_rng(0).random((2, 5, 42, 3), dtype=np.float32)
    landmarks[1, 3:] = np.nan
    embeddings = model.predict(landmarks)
    assert embeddings.dtype == np.float32
    wanted = np.nanmean(landmarks, axis=(1, 2))
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(embeddings[:, :3], wanted, rtol=1e-5)
    assert model.predict(landmarks, params={"aspect": 2.0}).shape == (2, EMBEDDING)
    from mlflow.exceptions import MlflowException

    for wrong in (landmarks[:, :, :41], landmarks.astype(np.float64), landmarks[0]):
        with pytest.raises(MlflowException, match="schema"):
            model.predict(wrong)
    assert "MLFLOW_TRACKING_URI" not in os.environ
    outputs: Any = tracker.client.get_run(run).outputs
    assert [(o.model_id, o.step) for o in outputs.model_outputs] == [(model.metadata.model_id, 7)]
    assert model.metadata.signature.outputs.inputs[0].shape == (-1, EMBEDDING)


def test_no_pickle_is_registered(tracker: Tracker, bundle: Bundle, tmp_path: Path) -> None:
    version, _ = registered(tracker, bundle, tmp_path / "model", "unpickled")
    client = tracker.client
    found: Any = client.get_model_version(version.name, version.version)
    logged = client.get_logged_model(found.source.removeprefix("models:/"))
    files = [path for path in Path(logged.artifact_location).rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"MLmodel", "weights.safetensors", "bundle.json"}
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".pt", ".pth")]
    # PROTO, with which every pickle since protocol 2 begins, in front of its version.
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]
    requirements = next(path for path in files if path.name == "requirements.txt").read_text()
    assert "raysign==" in requirements


def test_the_first_is_champion_and_the_next_a_candidate(
    tracker: Tracker, bundle: Bundle, tmp_path: Path
) -> None:
    first, _ = registered(tracker, bundle, tmp_path / "a", "aliases")
    second, _ = registered(
        tracker, replace(bundle, metrics={"val/map": 0.5}), tmp_path / "b", "aliases"
    )
    third, _ = registered(tracker, bundle, tmp_path / "c", "aliases")
    assert [first.alias, second.alias, third.alias] == ["champion", "candidate", "candidate"]
    assert "(a candidate, since there is a champion, version 1, maybe of" in str(third)
    assert "champion is" not in str(first)
    aliases = tracker.client.get_registered_model("aliases").aliases
    assert {k: str(v) for k, v in aliases.items()} == {"champion": "1", "candidate": "3"}


def test_the_pages_tell_metrics_config_data_and_use(
    tracker: Tracker, bundle: Bundle, tmp_path: Path
) -> None:
    registered(tracker, bundle, tmp_path / "a", "pages")
    registered(tracker, replace(bundle, metrics={"val/map": 0.5}), tmp_path / "b", "pages")
    client = tracker.client
    page = client.get_registered_model("pages").description
    assert "The champion is version 1" in page
    assert "| `val/map` | 0.25 | 0.2 – 0.3 |" in page
    assert 'mlflow.pyfunc.load_model("models:/pages@champion").predict(landmarks)' in page
    assert "- queries: 12" in page
    assert "- fingerprint: da7a" in page
    assert "lr: 0.001" in page
    assert tracker.uri in page
    assert len(page) <= 5000
    version: Any = client.get_model_version("pages", "2")
    assert "| `val/map` | 0.5 |  |" in version.description
    assert "models:/pages/2" in version.description
    assert version.tags["layout"] == "hands42"
    assert version.tags["data_fingerprint"] == "da7a"
    assert version.tags["val/map"] == "0.5000"
    # Promoted by hand: the next registration shows it.
    client.set_registered_model_alias("pages", "champion", "2")
    registered(tracker, bundle, tmp_path / "c", "pages")
    page = client.get_registered_model("pages").description
    assert "The champion is version 2" in page
    assert "| `val/map` | 0.5 |  |" in page
    assert "models:/pages@champion" in page
    assert "models:/pages/2" not in page


def test_a_page_too_long_for_a_database_is_cut_at_its_config(
    tracker: Tracker, bundle: Bundle, tmp_path: Path
) -> None:
    long = replace(bundle, card={"data": {f"part{i}": "x" * 40 for i in range(120)}})
    registered(tracker, long, tmp_path / "model", "long")
    page = tracker.client.get_registered_model("long").description
    assert len(page) <= 5000
    assert page.count("```") % 2 == 0
    assert "README.md" in page[-60:]


def test_the_bundle_comes_back(tracker: Tracker, bundle: Bundle, tmp_path: Path) -> None:
    registered(tracker, bundle, tmp_path / "model", "back")
    folder = fetch_bundle("models:/back@champion", tmp_path / "new" / "copy", uri=tracker.uri)
    assert load_bundle(folder).metrics == bundle.metrics
    assert sorted(os.listdir(folder)) == ["README.md", "bundle.json", "weights.safetensors"]
    assert os.listdir(tmp_path / "new") == ["copy"]
    assert tracker.fetch_bundle("models:/back/1", tmp_path / "second").is_dir()
    with pytest.raises(BundleError, match="is not empty"):
        tracker.fetch_bundle("models:/back/1", tmp_path / "second")


@pytest.mark.parametrize(
    "uri",
    [
        "models:/nobody@champion",
        "models:/known@nothing",
        "models:/known/9",
        "models:/m-0123",
        "models:/",
        "known",
    ],
)
def test_an_unknown_model_is_one_line(
    tracker: Tracker, bundle: Bundle, tmp_path: Path, uri: str
) -> None:
    if not tracker.client.search_registered_models("name = 'known'"):
        registered(tracker, bundle, tmp_path / "model", "known")
    with pytest.raises(BundleError, match=uri) as caught:
        tracker.fetch_bundle(uri, tmp_path / "deep" / "copy")
    assert "\n" not in str(caught.value)
    assert ".;" not in str(caught.value)
    assert ("; known has @champion; " in str(caught.value)) == (uri == "models:/known@nothing")
    assert not (tmp_path / "deep" / "copy").exists()


def test_an_encoder_of_another_prepare_is_not_loaded(
    tracker: Tracker, bundle: Bundle, tmp_path: Path
) -> None:
    other = replace(bundle, prepare_fingerprint="0ther")
    version, _ = registered(tracker, other, tmp_path / "model", "prepare")
    with pytest.raises(BundleError, match=r"0ther.*prepared.*pip install raysign=="):
        load(tracker, version.uri)


FRESH = """
import sys, mlflow, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
landmarks = np.random.default_rng(0).random((2, 12, 42, 3), dtype=np.float32)
landmarks[1, 9:] = np.nan
np.save(sys.argv[2], model.predict(landmarks))
"""


def test_the_real_embedder_loads_in_a_fresh_process(tracker: Tracker, tmp_path: Path) -> None:
    from raysign import embed
    from raysign.encoders import build_encoder
    from raysign.pose import Prepare
    from raysign.skeleton import HANDS42

    torch.manual_seed(0)
    prepare = Prepare(CONFIG.prepare, HANDS42)
    encoder = build_encoder(CONFIG.encoder, prepare.channel_map).eval()
    real = Bundle("hands42", CONFIG, prepare.fingerprint, encoder.state_dict())
    version, _ = registered(tracker, real, tmp_path / "model", "real")
    env = {
        **os.environ,
        "MLFLOW_TRACKING_URI": tracker.uri,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-c", FRESH, version.uri, str(tmp_path / "embeddings.npy")]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr.decode()
    embeddings = np.load(tmp_path / "embeddings.npy")
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
    landmarks = np.random.default_rng(0).random((2, 12, 42, 3), dtype=np.float32)
    landmarks[1, 9:] = np.nan
    embedder = embed.Embedder.from_parts("hands42", CONFIG, real.weights)
    np.testing.assert_allclose(embeddings, embedder.embed_padded(landmarks), atol=1e-5)


class KilledError(BaseException):
    """The process dies."""


@pytest.mark.parametrize(
    "call",
    [
        *("create_logged_model", "finalize_logged_model", "log_outputs", "log_batch"),
        *(
            "create_model_version",
            "update_model_version",
            "set_registered_model_tag",
            "set_registered_model_alias",
        ),
        "update_registered_model",
    ],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_registration_that_is_killed_goes_on_as_one_version(
    tracker: Tracker,
    bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    after: bool,
) -> None:
    name, folder = f"killed-{call}-{after}", save_bundle(bundle, tmp_path / "model")
    run = tracker.start_run("trained")
    real = getattr(tracker.client, call)

    def die(*args: Any, **more: Any) -> Any:
        if after:
            real(*args, **more)
        raise KilledError

    monkeypatch.setattr(tracker.client, call, die)
    with pytest.raises(KilledError):
        tracker.register(folder, run, name=name)
    client = tracker.client
    for half in client.search_registered_models(f"name = '{name}'"):
        if half.aliases:
            assert client.get_model_version(name, str(half.aliases["champion"])).description
    monkeypatch.undo()
    again = tracker.register(folder, run, name=name)
    assert (again.version, again.alias, again.champion) == ("1", "champion", "1")
    assert len(client.search_model_versions(f"name = '{name}'")) == 1
    assert (client.get_registered_model(name).description or "").count("the first version") == 1
    assert tracker.register(folder, run, name=name).version == "1"
    (model,) = tracker.client.search_logged_models([tracker.experiment_id], f"name = '{name}'")
    outputs: Any = tracker.client.get_run(run).outputs
    assert [each.model_id for each in outputs.model_outputs] == [model.model_id]
    assert len(tracker.client.get_metric_history(run, "best/val/map")) == 1


def test_the_first_may_have_to_earn_it(tracker: Tracker, bundle: Bundle, tmp_path: Path) -> None:
    folder, run = save_bundle(bundle, tmp_path / "model"), tracker.start_run("trained")
    version = tracker.register(folder, run, name="earned", first_is_champion=False)
    assert (version.alias, version.champion) == ("candidate", "")
    assert str(version) == "models:/earned@candidate, version 1"
    page = tracker.client.get_registered_model("earned").description or ""
    assert page.startswith("There is no champion yet;")


def test_registered_again_it_is_no_candidate_where_a_newer_one_is(
    remembers: Tracker, enter: Callable[..., RegisteredVersion], folder_of: Callable[[float], Path]
) -> None:
    enter("again", 1.0)
    run = remembers.start_run("trained")
    remembers.finish(run)
    remembers.register(folder_of(2.0), run, name="again")
    enter("again", 3.0)
    same = remembers.register(folder_of(2.0), run, name="again")
    assert (same.version, same.alias, same.uri) == ("2", "", "models:/again/2")
    assert int(remembers.client.get_model_version_by_alias("again", "candidate").version) == 3
