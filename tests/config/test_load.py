from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from raysign.config import (
    DataConfig,
    ExtractConfig,
    GalleryConfig,
    KeywordConfig,
    RetrainConfig,
    SecondStageConfig,
    SweepConfig,
    TrainConfig,
    load_config,
    read_yaml,
    resolve,
)
from raysign.config.base import Config
from raysign.config.load import overridden, put, setting, with_values, write_yaml
from raysign.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "d😀",
    "my #1",
    "a: b",
    "08",
    "1e3",
    "0o17",
    "1:30",
    "2026-11-22",
    "yes",
    "null",
    'q"\\',
    "x" * 300,
]
"""Texts that YAML would take for something else, or cannot hold as they are."""


def test_the_defaults_are_a_config() -> None:
    config = load_config(TrainConfig)
    assert config == TrainConfig()
    assert (config.encoder.kind, config.loss.kind, config.data.store) == (
        "transformer",
        "supcon",
        "synthetic",
    )


def test_yaml_then_overrides(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("optim:\n  lr: 1e-3\n  epochs: 5\nprepare: {motion_lags: [1, 2]}\n")
    config = load_config(TrainConfig, file, ["optim.epochs=7", "data.store=a=b:val", "seed=3"])
    assert (config.optim.lr, config.optim.epochs, config.seed) == (1e-3, 7, 3)
    assert config.prepare.motion_lags == (1, 2)
    assert config.data.store == "a=b:val"


@pytest.mark.parametrize(
    ("text", "number"), [("1e-3", 1e-3), ("5E-1", 0.5), (".5e0", 0.5), ("1.5e-2", 0.015)]
)
def test_a_number_without_a_point_is_a_number(text: str, number: float) -> None:
    assert load_config(TrainConfig, None, [f"optim.lr={text}"]).optim.lr == number


def test_yaml_numbers_and_texts_that_look_alike(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1e-3\nb: -2E+4\nc: '1e-3'\nd: e3\ne: 1e\nf: 12\ng: 1.5\nh: 0x1e3\n")
    assert read_yaml(file) == {
        "a": 0.001,
        "b": -20000.0,
        "c": "1e-3",
        "d": "e3",
        "e": "1e",
        "f": 12,
        "g": 1.5,
        "h": 0x1E3,
    }


@pytest.mark.parametrize(
    ("text", "number"), [("010", 10), ("-08", -8), ("+7", 7), ("0o17", 15), ("007.50", 7.5)]
)
def test_a_number_with_zeros_before_it_is_decimal(tmp_path: Path, text: str, number: float) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"a: {text}\n")
    assert read_yaml(file) == {"a": number}


@pytest.mark.parametrize("text", ["2026-11-22", "2026-02-30", "2026-11-22 10:00:00", "1:30", "0b1"])
def test_what_other_yaml_reads_as_a_date_or_in_base_60_is_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        f"data: {{store: {text}}}\n" if ":" not in text else f"data:\n  store: {text}\n"
    )
    assert load_config(TrainConfig, file).data.store == text
    assert load_config(TrainConfig, None, [f"data.store={text}"]).data.store == text


@pytest.mark.parametrize("text", NAMES)
def test_text_is_written_so_that_it_is_read_as_it_was(tmp_path: Path, text: str) -> None:
    assert overridden({}, [setting("data.store", text)]) == {"data": {"store": text}}
    file = tmp_path / "a.yaml"
    file.write_text(write_yaml({"a": text, "b": [text]}), encoding="utf-8")
    assert read_yaml(file) == {"a": text, "b": [text]}


def test_all_mistakes_come_at_once_with_their_paths() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(
            TrainConfig,
            None,
            ["optim.epochs=0", "optm.lr=1", "encoder.heads=7", "data.store=[1]", "loss.marginn=1"],
        )
    message = str(caught.value)
    assert "\n" not in message
    assert message.split("; ") == [
        "data.store: must be text, got [1]",
        "encoder: heads=7 must divide width=256",
        "loss.marginn: no such setting",
        "`raysign config` lists them",
        "optim.epochs: must be greater than or equal to 1, got 0",
        "optm: no such setting",
        "did you mean 'optim'? `raysign config` lists them",
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optim.lr", "'optim.lr' is not of the form key=value"),
        ("=1", "'=1' is not of the form key=value"),
        ("optim.lr={", "override 'optim.lr={' is not YAML"),
        ("optim.lr=nan", "optim.lr: must be a finite number"),
        ("optim.lr=.inf", "optim.lr: must be a finite number"),
        ("seed=1:30", "seed: must be a whole number, got '1:30'"),
        ("data.memory_gib=1:30", "data.memory_gib: must be a number, got '1:30'"),
        ("seed=!!int many", "override 'seed=!!int many' is not YAML"),
        ("seed=!!timestamp now", "seed: must be a whole number, got 'now'"),
        ("encoder.kind=gru", "encoder.kind: must be one of"),
        ("encoder=3", "encoder: must be a section with keys and values"),
        ("encoder.kernel=5", "encoder.kernel: no such setting"),
        ("encoder={kind: conv_transformer, kernel: 4}", "encoder: kernel=4 must be odd"),
        ("workers=3", "workers=3 must divide batches.signs=32"),
        ("optim.lr=fast", "optim.lr: must be a number, got 'fast'"),
        ("optim.epochs=many", "optim.epochs: must be a whole number, got 'many'"),
        ("optim.epochs=1.5", "optim.epochs: must be a whole number, got 1.5"),
        ("prepare.pose=perhaps", "prepare.pose: must be true or false, got 'perhaps'"),
        ("prepare.motion_lags=5", "prepare.motion_lags: must be a list, got 5"),
        ("prepare={pose: false, motion_lags: []}", "leave the encoder no joint to read"),
        ("prepare.motion_lags=[1, 99]", "prepare.motion_lags.1: .* got 99"),
        ("data.splits=test", "data.splits: must be 'own', 'signer_disjoint' or 'sign_dis"),
        ("seed=-1", "seed: must be greater than or equal to 0"),
    ],
)
def test_a_bad_override_says_what_and_where(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(TrainConfig, None, [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "override", "said"),
    [
        (ExtractConfig, "fsp=25", "did you mean 'fps'? `raysign config --kind extract` lists them"),
        (ExtractConfig, "crop.lft=.1", "did you mean 'crop.left'? `raysign config --kind extract`"),
        (ExtractConfig, "xyzzy=1", "no such setting; `raysign config --kind extract` lists them"),
        (RetrainConfig, "seedz=1", "did you mean 'seed'? `raysign config --kind retrain` lists"),
        (RetrainConfig, "protocols.val.gat=x", "did you mean 'protocols.val.gate'? `raysign"),
        (GalleryConfig, "recalll=1", "did you mean 'recall'? `raysign config --kind gallery`"),
        (SecondStageConfig, "rerank.dtw.tpo=1", "did you mean 'rerank.dtw.top'? `raysign config"),
        (SweepConfig, "trails=3", "did you mean 'trials'? `raysign config --kind sweep` lists"),
        (TrainConfig, "lr=1e-3", "did you mean 'optim.lr'? `raysign config` lists them"),
        (TrainConfig, "encoder.widht=64", "did you mean 'encoder.width'? `raysign config` lists"),
        (TrainConfig, "data.synthetic.sings=64", "did you mean 'data.synthetic.signs'? `raysign"),
        (DataConfig, "split=own", "did you mean 'splits'? `raysign config` lists them"),
    ],
)
def test_a_misspelt_setting_is_guessed(kind: type[Config], override: str, said: str) -> None:
    start = ["space={optim.lr: {choice: [1]}}"] if kind is SweepConfig else []
    with pytest.raises(ConfigError) as caught:
        load_config(kind, None, [*start, override])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "setting", "most"),
    [
        (TrainConfig, "seed", 2**63 - 1),
        (TrainConfig, "data.split_seed", 2**63 - 1),
        (TrainConfig, "data.synthetic.seed", 2**63 - 1),
        (KeywordConfig, "seed", 2**63 - 1),
        (KeywordConfig, "data.split_seed", 2**63 - 1),
        (RetrainConfig, "seed", 2**63 - 1),
        (SweepConfig, "seed", 2**32 - 1),
        (GalleryConfig, "seed", 2**31 - 2),
    ],
)
def test_a_seed_is_no_larger_than_what_draws_from_it_takes(
    kind: type[Config], setting: str, most: int
) -> None:
    start = ["space={optim.lr: {choice: [1]}}"] if kind is SweepConfig else []
    load_config(kind, None, [*start, f"{setting}={most}"])
    with pytest.raises(ConfigError, match=f"{setting}: must be less than or equal to {most}, got"):
        load_config(kind, None, [*start, f"{setting}={most + 1}"])


def test_each_seed_of_a_retraining_is_one() -> None:
    with pytest.raises(ConfigError, match=r"seeds\.1: must be greater than or equal to 0"):
        load_config(RetrainConfig, None, ["seeds=[0, -1]"])


def test_a_setting_of_another_kind_is_not_offered() -> None:
    """``kernel`` is conv_transformer's, and the encoder is a transformer."""
    with pytest.raises(ConfigError, match=r"encoder\.kernel: no such setting; `raysign config`"):
        load_config(TrainConfig, None, ["encoder.kernel=5"])
    with pytest.raises(ConfigError, match=r"did you mean 'encoder\.kernel'"):
        load_config(TrainConfig, None, ["encoder.kind=conv_transformer", "encoder.kernl=5"])


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("[{encoder: {kind: st_gcn, kernl: 3}}, {}]", r"members\.0\.encoder\.kernl: .* mean 'enco"),
        (
            "[{encoder: {kind: st_gcn, width: 3}}, {}]",
            r"did you mean 'encoder\.members\.0\.encoder\.widths'",
        ),
        (
            "[{}, {joint: hands}]",
            r"members\.1\.joint: .*did you mean 'encoder\.members\.1\.joints'",
        ),
        (
            "[{}, {encoder: {kind: ensemble}}]",
            r"members\.1\.encoder\.kind: must be one of '.*', got",
        ),
        ("[{joints: feet}, {}]", r"members\.0\.joints: must be 'all', .* got 'feet'$"),
        ("[{}]", r"^encoder: members must be 2 to 8 encoders, got 1$"),
        ("[{weight: 0}, {}]", r"^encoder\.members\.0\.weight: must be greater than 0, got 0$"),
    ],
)
def test_a_mistake_in_a_member_is_found_by_its_number(members: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config(TrainConfig, None, [f"encoder={{kind: ensemble, members: {members}}}"])


def test_a_section_of_kinds_has_a_default_kind() -> None:
    config = load_config(TrainConfig, None, ["encoder.width=128", "loss.temperature=.1"])
    assert (config.encoder.kind, config.encoder.width) == ("transformer", 128)
    assert (config.loss.kind, config.loss.temperature) == ("supcon", 0.1)
    other = load_config(TrainConfig, None, ["encoder.kernel=5", "encoder.kind=conv_transformer"])
    assert other.encoder.kind == "conv_transformer"


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("optim:\n  lr: 0.1\n  epochs: 3\n  lr: 0.2\n")
    with pytest.raises(ConfigError, match=r"the key 'lr' stands twice"):
        load_config(TrainConfig, tmp_path / "twice.yaml")


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(TrainConfig, None, ["loss.kind=hinge"])
    assert str(caught.value) == (
        "loss.kind: must be one of 'supcon', 'arcface', 'proxy_nca', 'supcon_arcface', 'triplet', "
        "'cross_entropy', 'contrast', 'masked', got 'hinge'"
    )


def test_a_config_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n")
    (tmp_path / "broken.yaml").write_text("a: [1\nb: 2\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "evil.yaml").write_text("a: !!python/object/apply:os.getcwd []\n")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    for name, message in {
        "nowhere.yaml": "cannot read config .*No such file",
        ".": "cannot read config .*directory",
        "list.yaml": "must hold `key: value` lines, got",
        "broken.yaml": "broken.yaml' is not YAML",
        "binary.yaml": "cannot read config",
        "evil.yaml": "is not YAML",
    }.items():
        with pytest.raises(ConfigError, match=message) as caught:
            read_yaml(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert read_yaml(tmp_path / "empty.yaml") == {}


def test_put_makes_branches_and_refuses_to_grow_on_a_value() -> None:
    tree: dict[str, object] = {}
    put(tree, "a.b.c", 1)
    put(tree, "a.d", 2)
    assert tree == {"a": {"b": {"c": 1}, "d": 2}}
    with pytest.raises(ConfigError, match=r"'a.d.e': 'd' is a value, not a section; got 2"):
        put(tree, "a.d.e", 3)


def test_with_values_leaves_the_tree_alone() -> None:
    tree = {"a": {"b": 1}}
    before = copy.deepcopy(tree)
    assert with_values(tree, {"a.b": 2, "c.d": 3}) == {"a": {"b": 2}, "c": {"d": 3}}
    assert tree == before


def test_a_config_is_frozen_and_survives_its_own_dump() -> None:
    config = load_config(TrainConfig, None, ["encoder.kind=conv_transformer", "loss.kind=arcface"])
    assert resolve(TrainConfig, config.model_dump(mode="json")) == config
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("dimension", "message"),
    [
        ({}, "give exactly one of choice, uniform, log_uniform, int_uniform; got none"),
        ({"choice": [1], "uniform": [0, 1]}, r"exactly one of .*; got \['choice', 'uniform'\]"),
        ({"uniform": [1, 0]}, "the lower bound must be below the upper"),
        ({"log_uniform": [0, 1]}, "log_uniform: bounds must be positive"),
        ({"int_uniform": [0.5, 1]}, "space.x.int_uniform.0: must be a whole number"),
        ({"chioce": [1]}, "space.x.chioce: no distribution is called that; give one of choice"),
    ],
)
def test_a_bad_dimension(dimension: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(SweepConfig, {"space": {"x": dimension}})


def test_lists_among_the_choices_become_hashable() -> None:
    config = resolve(SweepConfig, {"space": {"prepare.motion_lags": {"choice": [[], [1, 2]]}}})
    assert config.space["prepare.motion_lags"].ends == ((), (1, 2))
    assert config.objective == ("val/map",)
    assert resolve(
        SweepConfig, {"space": {"seed": {"int_uniform": [0, 9]}}, "objective": "val/mrr"}
    ).objective == ("val/mrr",)


def test_a_keyword_file_given_to_the_other_door_is_told_its_own(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("search: {decision: match}\nencoder: {kind: st_gcn}\n")
    with pytest.raises(
        ConfigError, match=r"one of keyword search, it has `search`; type raysign k"
    ):
        load_config(TrainConfig, file)
    with pytest.raises(ConfigError, match="type raysign keywords train --config"):
        load_config(SweepConfig, file)
    assert load_config(KeywordConfig, file).search.decision == "match"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loss.redcue=sum", "loss.redcue: no such setting; did you mean 'loss.reduce'? "),
        ("loss.reduce=max", "loss.reduce: must be 'mean' or 'sum'"),
        ("encoder.width=3", "encoder.width: no such setting"),
        ("serach.decision=c", "`raysign config --kind keywords` lists them"),
    ],
)
def test_mistakes_in_a_keyword_config_have_their_paths(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(KeywordConfig, None, [override])
    assert message in str(caught.value)
