from __future__ import annotations

import itertools
import pickle
import warnings
from pathlib import Path
from typing import Any

import optuna
import pytest

from raysign.config import SweepConfig, load_config, resolve
from raysign.errors import ConfigError, SpaceError
from raysign.sweep import space_of, without
from raysign.sweep.space import Space

TUNE_CONFIGS = Path(__file__).parents[2] / "tune_configs"


def space(dimensions: dict[str, Any], **train: Any) -> Space:
    return space_of(resolve(SweepConfig, {"space": dimensions, "train": train}))


def drawn(space: Space, trials: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    values = []
    for _ in range(trials):
        trial = study.ask()
        space(trial)
        values.append(dict(trial.params))
    return values


def test_a_dimension_is_drawn_only_where_it_applies() -> None:
    conditional = space(
        {
            # Before the key that it waits for: the order in the file does not matter.
            "loss.margin": {"uniform": [0.1, 0.5], "when": {"loss.kind": ["arcface"]}},
            "loss.kind": {"choice": ["supcon", "arcface"]},
            "optim.lr": {"log_uniform": [1e-4, 1e-2]},
        }
    )
    values = drawn(conditional)
    assert {v["loss.kind"] for v in values} == {"supcon", "arcface"}
    for v in values:
        assert ("loss.margin" in v) == (v["loss.kind"] == "arcface")
        assert 1e-4 <= v["optim.lr"] <= 1e-2
        config = conditional.config(v)
        assert config.loss.kind == v["loss.kind"]
        assert config.optim.lr == v["optim.lr"]


def test_conditions_chain_and_all_must_hold() -> None:
    chained = space(
        {
            "encoder.kind": {"choice": ["transformer", "conv_transformer"]},
            "encoder.depth": {"choice": [1, 2], "when": {"encoder.kind": "transformer"}},
            "encoder.feedforward": {
                "int_uniform": [64, 128],
                "when": {"encoder.kind": "transformer", "encoder.depth": 2},
            },
        }
    )
    for v in drawn(chained):
        assert ("encoder.feedforward" in v) == (v.get("encoder.depth") == 2)
        chained.config(v)


@pytest.mark.parametrize("wanted", [192, 256])
def test_a_condition_on_what_does_not_vary_knows_each_kinds_defaults(wanted: int) -> None:
    # The width of a conv_transformer is 192 where nobody says otherwise, a transformer's 256.
    dimensions = {"optim.lr": {"choice": [1e-3], "when": {"encoder.width": wanted}}}
    if wanted == 192:
        assert drawn(space(dimensions, encoder={"kind": "conv_transformer"}), 1) == [
            {"optim.lr": 1e-3}
        ]
    else:
        with pytest.raises(SpaceError, match=r"encoder.width=256, which never happens"):
            space(dimensions, encoder={"kind": "conv_transformer"})


def test_a_list_can_be_chosen() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lags = space({"prepare.motion_lags": {"choice": [[1], [1, 2]]}})
        assert {v["prepare.motion_lags"] for v in drawn(lags)} == {(1,), (1, 2)}
    assert lags.config({"prepare.motion_lags": (1, 2)}).prepare.motion_lags == (1, 2)


@pytest.mark.parametrize(
    ("dimensions", "says"),
    [
        ({"encoder.foo": {"choice": [1]}}, "encoder.foo: no such setting"),
        ({"encodr.depth": {"choice": [1]}}, "encodr: no such setting"),
        ({"seed.x": {"choice": [1]}}, "seed"),
        ({"optim.lr": {"log_uniform": [1e-3, 2.0]}}, "optim.lr: .*less than or equal to 1.*2.0"),
        ({"optim.lr": {"uniform": [0.0, 0.1]}}, "optim.lr: .*greater than 0.*0.0"),
        ({"encoder.depth": {"int_uniform": [0, 4]}}, "encoder.depth: .*got 0"),
        ({"encoder.kind": {"choice": ["transfomer"]}}, "encoder.*transfomer"),
        ({"data.val_fraction": {"uniform": [0.1, 0.2]}}, "'data.val_fraction'.*same clips"),
        ({"device": {"choice": ["cpu"]}}, "'device' says where a trial runs"),
        ({"workers": {"choice": [1, 2]}}, "'workers' says where a trial runs"),
        ({"start_from": {"choice": ["a", "b"]}}, "'start_from': all trials begin with the same"),
        (
            {"optim.lr": {"choice": [0.1], "when": {"encoder.knd": "transformer"}}},
            "'optim.lr': `when` names 'encoder.knd', which is neither",
        ),
        (
            {"optim.lr": {"choice": [0.1], "when": {"encoder.kind": "transfomer"}}},
            "'optim.lr'.*encoder.kind=transfomer, which never happens; .* is transformer$",
        ),
        (
            {
                "loss.kind": {"choice": ["supcon", "arcface"]},
                "loss.margin": {"uniform": [0.1, 0.5], "when": {"loss.kind": ["arc_face"]}},
            },
            "'loss.margin'.*loss.kind=arc_face, which never happens; .* is supcon or arcface",
        ),
        (
            {
                "encoder.depth": {"int_uniform": [1, 4]},
                "optim.lr": {"choice": [0.1], "when": {"encoder.depth": 2}},
            },
            "'optim.lr'.*'encoder.depth', which is no `choice`",
        ),
        (
            {
                "optim.lr": {"choice": [0.1], "when": {"optim.warmup": 0.1}},
                "optim.warmup": {"choice": [0.1], "when": {"optim.lr": 0.1}},
            },
            "optim.lr, optim.warmup wait for each other",
        ),
    ],
)
def test_what_does_not_fit_is_one_line_with_the_key(dimensions: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        space(dimensions)
    assert "\n" not in str(caught.value)


def test_a_key_of_one_kind_needs_a_when() -> None:
    kinds = {"encoder.kind": {"choice": ["transformer", "conv_transformer"]}}
    with pytest.raises(SpaceError, match=r"encoder.kind=conv_transformer: encoder.depth: no such"):
        space({**kinds, "encoder.depth": {"choice": [2, 4]}})
    space({**kinds, "encoder.depth": {"choice": [2], "when": {"encoder.kind": "transformer"}}})


def test_the_upper_bound_is_checked_in_every_combination() -> None:
    heads = {"choice": [8]}
    space({"encoder.width": {"choice": [64, 128]}, "encoder.heads": heads})
    with pytest.raises(SpaceError, match=r"heads=8 must divide width=100"):
        space({"encoder.width": {"choice": [64, 100]}, "encoder.heads": heads})


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ([64, 128], "where encoder.width=65: .*heads=8 must divide width=65"),
        ([8, 4096], "heads=8 must divide width="),
    ],
)
def test_whole_numbers_between_the_bounds_are_checked(bounds: list[int], says: str) -> None:
    width = {"encoder.width": {"int_uniform": bounds}}
    with pytest.raises(SpaceError, match=says):
        space(width, encoder={"heads": 8})
    with pytest.raises(SpaceError, match=says):
        # Too many combinations for all of them.
        space({**width, "optim.epochs": {"int_uniform": [1, 500]}}, encoder={"heads": 8})


def test_no_more_whole_numbers_are_checked_than_it_says() -> None:
    def checked(low: int, high: int) -> tuple[Any, ...]:
        tree = {"space": {"optim.epochs": {"int_uniform": [low, high]}}}
        return resolve(SweepConfig, tree).space["optim.epochs"].checked

    assert checked(3, 6) == (3, 4, 5, 6)
    many = checked(1, 10_000)
    assert (len(set(many)), many[0], many[-1]) == (512, 1, 10_000)
    assert max(b - a for a, b in itertools.pairwise(many)) <= 20
    whole = space({"optim.epochs": {"int_uniform": [1, 30]}, "seed": {"int_uniform": [0, 9999]}})
    assert {c.optim.epochs for c in whole.corner_configs()} == set(range(1, 31))


def test_what_every_trial_shares_is_checked_by_itself() -> None:
    with pytest.raises(ConfigError, match=r"under `train`.*optim.epoch: no such setting") as caught:
        space({"optim.lr": {"choice": [0.1]}}, optim={"epoch": 3})
    assert "search space" not in str(caught.value)


def test_it_can_be_pickled() -> None:
    whole = space_of(load_config(SweepConfig, TUNE_CONFIGS / "sweep.yaml"))
    again = pickle.loads(pickle.dumps(whole))
    assert drawn(again, 5) == drawn(whole, 5)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_default_space_gives_only_configs_that_fit(seed: int) -> None:
    whole = space_of(load_config(SweepConfig, TUNE_CONFIGS / "sweep.yaml", [f"seed={seed}"]))
    for values in drawn(whole, 40, seed):
        config = whole.config(values)
        assert config.seed == seed
        for path, value in values.items():
            found: Any = config
            for part in path.split("."):
                found = getattr(found, part)
            assert found == value


def test_the_ambiguity_sweep_fits_the_settings_and_the_synthetic_world() -> None:
    config = load_config(SweepConfig, TUNE_CONFIGS / "ambiguity.yaml")
    whole = space_of(config)
    assert set(config.space) == set(whole.dimensions)
    values = drawn(whole, 40)
    assert {path for v in values for path in v} == set(config.space)
    for v in values:
        made = whole.config(v)
        assert made.batches.signs <= made.data.synthetic.signs


def test_what_is_given_for_every_trial_is_not_searched() -> None:
    """With it go the dimensions that wait for another value, and those that wait for these."""
    dimensions = {
        "encoder.kind": {"choice": ["transformer", "st_gcn"]},
        "encoder.depth": {"choice": [1, 2], "when": {"encoder.kind": "transformer"}},
        "encoder.kernel": {"choice": [3, 5], "when": {"encoder.kind": "st_gcn"}},
        "encoder.dropout": {
            "uniform": [0.0, 0.4],
            "when": {"encoder.kind": ["transformer", "st_gcn"], "optim.lr": [1e-3]},
        },
        "encoder.fusion": {"choice": ["sum", "score"], "when": {"encoder.kernel": 5}},
        "optim.lr": {"choice": [1e-3, 2e-3]},
    }
    tree = {"space": dimensions, "train": {"encoder": {"kind": "transformer"}}}
    config, gone = without(resolve(SweepConfig, tree), {"encoder.kind", "seed"})
    assert gone == ["encoder.kind", "encoder.kernel", "encoder.fusion"]
    assert {*config.space} == {"encoder.depth", "encoder.dropout", "optim.lr"}
    assert config.space["encoder.depth"].when == {}
    assert config.space["encoder.dropout"].when == {"optim.lr": [1e-3]}
    drawn = space_of(config)
    assert "encoder.depth" in drawn.dimensions
    same, none = without(resolve(SweepConfig, tree), {"seed"})
    assert (none, same.space) == ([], resolve(SweepConfig, tree).space)
    alone = resolve(SweepConfig, {**tree, "space": {"optim.lr": {"choice": [1e-3, 2e-3]}}})
    with pytest.raises(SpaceError, match=r"nothing is left to search: optim\.lr are given"):
        without(alone, {"optim.lr"})


def test_a_condition_may_name_a_list() -> None:
    dimensions = {
        "prepare.motion_lags": {"choice": [[], [1], [1, 2]]},
        "prepare.pose": {"choice": [True, False], "when": {"prepare.motion_lags": [[1], [1, 2]]}},
    }
    drawn = space_of(resolve(SweepConfig, {"space": dimensions}))
    assert drawn._applies(drawn.dimensions["prepare.pose"], {"prepare.motion_lags": (1,)})
    assert not drawn._applies(drawn.dimensions["prepare.pose"], {"prepare.motion_lags": ()})
