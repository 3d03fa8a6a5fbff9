"""A sweep over keyword search: the same machinery, another config."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from raysign.bundle import load_keyword_bundle
from raysign.cli.keywords.sweep import sweep as keywords_door
from raysign.clip import Clip
from raysign.config import KeywordConfig, SweepConfig, load_config, resolve
from raysign.errors import ConfigError, SpaceError
from raysign.sentences import SignedSentence
from raysign.skeleton import OPENPOSE55
from raysign.store import write_sentences
from raysign.sweep import leaderboard, ready, space_of
from raysign.sweep.results import Outcome
from raysign.train.material import read_material

ROOT = Path(__file__).parents[2]
LR: dict[str, Any] = {"optim.lr": {"log_uniform": [1e-3, 1e-2]}}


def signed(count: int, split: str, seed: int) -> Iterator[SignedSentence]:
    """Two of four words each; a word is where the right hand is."""
    random = np.random.default_rng(seed)
    hand = [OPENPOSE55.joint("right_wrist"), *range(*OPENPOSE55.parts["right_hand"].indices(55))]
    body = np.random.default_rng(0).uniform(0.3, 0.7, (OPENPOSE55.num_joints, 3))
    for number in range(count):
        said = random.choice(4, size=2, replace=False)
        xyz = np.tile(body, (12, 1, 1))
        xyz[:, hand, 0] += 0.1 * np.repeat(said, 6)[:, None]
        words = tuple(f"WORT{word}" for word in said)
        yield SignedSentence(Clip(f"{split}-{number}", xyz, "openpose55", split=split), words)


def config(space: dict[str, Any] = LR, **more: Any) -> SweepConfig:
    return resolve(SweepConfig, {"task": "keywords", "space": space, **more})


def test_a_trial_is_a_run_of_keyword_search() -> None:
    space = space_of(config(train={"search": {"decision": "c"}}, seed=3))
    made = space.config({"optim.lr": 0.005})
    assert isinstance(made, KeywordConfig)
    assert (made.optim.lr, made.search.decision, made.seed) == (0.005, "c", 3)


def test_a_key_that_only_the_other_task_has_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"loss\.temperature: no such setting"):
        space_of(config({"loss.temperature": {"uniform": [0.1, 0.2]}}))
    with pytest.raises(ConfigError, match=r"under `train`.*search: no such setting"):
        space_of(resolve(SweepConfig, {"space": LR, "train": {"search": {"decision": "c"}}}))
    with pytest.raises(SpaceError, match=r"encoder\.depth.*never happens"):
        space_of(config({"encoder.depth": {"choice": [2], "when": {"encoder.kind": "poseformer"}}}))


@pytest.mark.parametrize(
    ("task", "objective"), [("keywords", "val/recall_at_1"), ("signs", "val/max_f1")]
)
def test_an_objective_of_the_other_task_is_refused(task: str, objective: str) -> None:
    with pytest.raises(ConfigError, match=f"objective={objective} is none of task={task}"):
        resolve(SweepConfig, {"task": task, "objective": objective, "space": LR})


def test_the_packaged_space_fits() -> None:
    file = ROOT / "tune_configs" / "keywords_sweep.yaml"
    found = load_config(SweepConfig, file)
    assert found.task == "keywords"
    assert space_of(found).kind is KeywordConfig


@pytest.mark.parametrize("name", ["keywords", "keywords_cpu"])
def test_the_packaged_runs_fit(name: str) -> None:
    load_config(KeywordConfig, ROOT / "tune_configs" / f"{name}.yaml")


def test_the_leaderboard_has_its_own_columns() -> None:
    figures = {
        f"val/{name}{end}": 0.25 for name in ("map", "max_f1") for end in ("", "_low", "_high")
    }
    good = Outcome(1, {"optim.lr": 0.002}, figures | {"latency_ms": 4.0, "parameters": 9e3}, 3, 7.0)
    bad = Outcome(2, {"optim.lr": 0.1}, {}, 1, 2.0, error="the loss is nan")
    lines = leaderboard([good, bad], ("val/max_f1",), figures, "keywords").splitlines()
    assert lines[0].startswith("| trial | val mAP | maxF1 | latency ms |")
    assert lines[2].startswith("| chance, frequency | .250")
    assert {line.count("|") for line in lines} == {9}


def test_the_door_refuses_a_space_of_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "signs.yaml").write_text(yaml.safe_dump({"space": LR}))
    with pytest.raises(SystemExit) as end:
        keywords_door.main(["--config", str(tmp_path / "signs.yaml"), "--out", str(tmp_path)])
    assert end.value.code == 2
    assert "task=signs; type raysign sweep --config" in capsys.readouterr().err


def test_trials_of_more_workers_than_sentences_are_refused(tmp_path: Path) -> None:
    write_sentences(tmp_path / "store", [*signed(12, "train", 1), *signed(12, "val", 2)])
    given = {"data": {"store": str(tmp_path / "store")}, "evaluate": {"bootstrap": 100}}
    for workers in (4, 16):
        asked = config(train=given, placement={"workers": workers})
        space = space_of(asked)
        material = read_material(space.config({}), lambda line: None)
        if workers == 4:
            ready._check_trials(space, material)
            continue
        with pytest.raises(SpaceError, match="does not fit the sentences: workers=16, but there"):
            ready._check_trials(space, material)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_the_best_trial_gets_its_contexts_and_is_registered(tmp_path: Path) -> None:
    write_sentences(tmp_path / "store", [*signed(40, "train", 1), *signed(16, "val", 2)])
    space = {
        "task": "keywords",
        "train": {
            "data": {"store": "store"},
            "prepare": {"joints": "dominant"},
            "encoder": {"kind": "transformer", "width": 16, "heads": 2, "depth": 1},
            "search": {"decision": "match"},
            "optim": {"epochs": 3},
            "evaluate": {"bootstrap": 100},
            "context": {"mlp_epochs": 2},
        },
        "space": {**LR, "prepare.motion_lags": {"choice": [[], [1]]}},
        "grace_epochs": 1,
    }
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(space))
    command = [sys.executable, str(ROOT / "jobs" / "sweep.py"), "--config", "space.yaml"]
    done = subprocess.run(
        [*command, "--trials", "3", "--json", "--name", "one"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=450,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["model"] == "models:/raysign-keywords@champion"
    assert {"val/map", "val/max_f1"} < set(answer["floor"])
    bundle = load_keyword_bundle(tmp_path / "runs" / "one" / "bundle")
    assert set(bundle.contexts) == {"tfidf", "mlp"}
    assert bundle.metrics["val/map"] == answer["best"]["val/map"]
    assert bundle.card["trial"] == answer["best"]["trial"]
