"""What is declared of a re-training and nobody would read, or no recipe could have."""

from __future__ import annotations

import pytest

from raysign.config import RetrainConfig, load_config
from raysign.errors import ConfigError


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["train.seed=77"], r"train\.seed=77 is not read, .*; type seeds=\[77\]$"),
        (["train.evaluate.every=2"], r"train\.evaluate\.every=2 is not read .*type epoch=best$"),
        (
            ["protocols.val.shots=5"],
            r"^protocols\.val: shots=5 is of .*, got protocol=clips; leave",
        ),
        (
            ["protocols.new.draws=5"],
            r"^protocols\.new: draws=5 is of .*, got protocol=clips; leave",
        ),
        (
            ["protocols.val.protocol=leave_one_out", "protocols.val.draws=5"],
            r"^protocols\.val: draws=5 is of .*, got protocol=leave_one_out; leave it out",
        ),
        (
            ["protocols.val.protocol=one_shot", "protocols.val.shots=3"],
            r"^protocols\.val: protocol=one_shot .*, got shots=3; give protocol=k_shot$",
        ),
    ],
)
def test_what_nobody_would_read_is_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(RetrainConfig, None, overrides)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.evaluate.every=2", "epoch=best"],
        ["train.evaluate.bootstrap=200"],
        ["protocols.val.protocol=one_shot", "protocols.val.shots=1", "protocols.val.draws=3"],
        ["protocols.val.protocol=k_shot", "protocols.val.shots=3"],
    ],
)
def test_what_is_read_may_be_declared(overrides: list[str]) -> None:
    load_config(RetrainConfig, None, overrides)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("train.foo=3", "train: foo: no such setting; `raysign config` lists them"),
        ("train.optim.lr=abc", "train: optim.lr: must be a number, got 'abc'"),
        ("train.encoder.widht=8", "encoder.widht: no such setting; did you mean 'encoder.width'?"),
        ("train.loss={kind: triplet, memry: 3}", "train: loss.memry: no such setting"),
    ],
)
def test_what_no_recipe_can_have_is_refused_before_there_is_one(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(RetrainConfig, None, [override])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "train",
    [
        {"encoder": {"kernel": 5}},
        {"loss": {"margin": 0.3}, "optim": {"epochs": 3}},
        {"workers": 3},
        {"loss": {"kind": "masked"}},
    ],
)
def test_what_depends_on_the_recipe_waits_for_it(train: dict[str, object]) -> None:
    """Of another kind of encoder or loss than the default, or fitting another batch."""
    assert RetrainConfig.model_validate({"train": train}).train == train
