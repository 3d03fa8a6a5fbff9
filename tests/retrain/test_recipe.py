from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.config import RetrainConfig, resolve
from raysign.errors import BundleError, ConfigError, TrackingError
from raysign.retrain.recipe import merged, read_recipe
from raysign.tracking import Tracker


def declared(**settings: Any) -> RetrainConfig:
    return resolve(RetrainConfig, settings)


def test_a_folder_a_run_and_the_registry_are_the_same_recipe(
    registry: Tracker, untrained: Callable[..., Path]
) -> None:
    folder = untrained(3)
    run = registry.client.search_runs([registry.experiment_id])[0].info.run_id
    sources = {
        str(folder): str(folder),
        str(folder.parent): str(folder.parent),
        run: f"raysign-encoder version 1, of run {run}",
        "models:/raysign-encoder@champion": "raysign-encoder version 1",
    }
    found = {source: read_recipe(source, declared(), registry) for source in sources}
    assert {source: recipe.of for source, recipe in found.items()} == sources
    (one,) = {recipe.config.model_dump_json() for recipe in found.values()}
    assert '"seed":0' in one


def test_the_last_epoch_is_measured_alone_and_the_best_by_all(
    untrained: Callable[..., Path],
) -> None:
    folder = str(untrained(3))
    changes = {"optim": {"epochs": 5}}
    last = read_recipe(folder, declared(train=changes, workers=2), None).config
    assert (last.evaluate.every, last.optim.epochs, last.workers) == (5, 5, 2)
    best = read_recipe(folder, declared(train=changes, epoch="best"), None).config
    assert best.evaluate.every == 1
    kept = declared(train={**changes, "evaluate": {"every": 5}}, epoch="best")
    assert read_recipe(folder, kept, None).config.evaluate.every == 1


def test_a_section_of_another_kind_is_replaced_as_a_whole() -> None:
    tree = {"loss": {"kind": "supcon", "temperature": 0.1}, "optim": {"lr": 1, "epochs": 2}}
    assert merged(tree, {"loss": {"kind": "triplet"}, "optim": {"lr": 3}}) == {
        "loss": {"kind": "triplet"},
        "optim": {"lr": 3, "epochs": 2},
    }
    assert merged(tree, {"loss": {"temperature": 0.2}})["loss"]["kind"] == "supcon"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "'nowhere' is no folder, no model in the registry and no run in MLflow"),
        ("models:/raysign-encoder@best", "no model 'models:/raysign-encoder@best'"),
        (".", "holds no bundle, nor has it a folder `bundle`"),
    ],
)
def test_what_names_no_model_is_one_line(
    registry: Tracker, source: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=words):
        read_recipe(source, declared(), registry)


def test_a_run_that_registered_nothing(registry: Tracker) -> None:
    run = registry.start_run("trial-001")
    registry.finish(run)
    with pytest.raises(TrackingError, match=r"\(trial-001\) has registered no model"):
        read_recipe(run, declared(), registry)


def test_without_mlflow(untrained: Callable[..., Path]) -> None:
    assert read_recipe(str(untrained(3)), declared(), None).config.seed == 0
    with pytest.raises(BundleError, match="there is no MLflow file here"):
        read_recipe("models:/raysign-encoder@champion", declared(), None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": [1], "choose": "ensemble"}, "two seeds or more"),
        ({"protocols": {"a": {"gate": "none"}}}, "one of protocols must be a gate"),
        ({"protocols": {"a": {"queries": "s:val"}}}, "give queries and gallery, or neither"),
        ({"protocols": {"a b": {}}}, "protocols"),
        ({"model": "my model"}, "model"),
    ],
)
def test_declarations_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        declared(**settings)
