from __future__ import annotations

import re
from pathlib import Path

import pytest

from raysign.config import (
    KeywordConfig,
    KeywordSTGCNConfig,
    OptimConfig,
    TrainConfig,
    load_config,
)
from raysign.errors import ConfigError


def test_the_defaults_are_a_config() -> None:
    config = load_config(KeywordConfig)
    assert config == KeywordConfig()
    assert isinstance(config.encoder, KeywordSTGCNConfig)
    # LREC 2020: twelve layers, x, y and confidence of 55 joints, every word of the training set.
    assert len(config.encoder.widths) == 12
    assert (config.prepare.joints, config.prepare.confidence) == ("both", True)
    assert (config.data.words, config.data.min_count) == ("gloss", 1)
    assert config.search.similarity == "cos2"
    assert (config.context.mlp_hidden, config.context.mlp_dropout) == ((256, 256), 0.2)


def test_yaml_then_overrides(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("data: {words: translation}\nencoder: {widths: [8, 16]}\n")
    config = load_config(KeywordConfig, file, ["search.decision=cq", "prepare.joints=body"])
    assert config.data.words == "translation"
    assert isinstance(config.encoder, KeywordSTGCNConfig)
    assert (config.encoder.widths, config.encoder.total_stride) == ((8, 16), 2)
    assert (config.search.decision, config.prepare.joints) == ("cq", "body")


def test_one_of_the_houses_encoders() -> None:
    config = load_config(KeywordConfig, None, ["encoder.kind=conv_transformer", "encoder.width=96"])
    assert (config.encoder.kind, config.encoder.width) == ("conv_transformer", 96)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("encoder.stride=3", "leaves one frame of 9; keep at least one of 4"),
        ("encoder.kernel=8", "kernel=8 must be odd"),
        ("encoder.kind=poseformer", "encoder"),
        ("workers=3", "workers=3 must divide batches.sentences=32"),
        ("search.decision=sum", "search.decision"),
        ("search.beta_start=0", "search.beta_start"),
        ("data.min_count=0", "data.min_count"),
        ("prepare.joints=hands", "prepare.joints"),
        ("augment.tempo=1", "augment.tempo"),
        ("context.gamma=0.4", "context.gamma: no such setting"),
    ],
)
def test_mistakes_come_with_their_path(override: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_config(KeywordConfig, None, [override])


@pytest.mark.parametrize(
    ("widths", "stride", "total"),
    [((64,) * 12, 4, 1), ((64, 64, 128), 4, 4), ((32, 64, 128), 2, 4), ((64, 32, 64), 2, 2)],
)
def test_the_total_stride_counts_where_a_block_widens(
    widths: tuple[int, ...], stride: int, total: int
) -> None:
    assert KeywordSTGCNConfig(widths=widths, stride=stride).total_stride == total


def test_a_file_at_the_other_door_is_one_line(tmp_path: Path) -> None:
    """Also where every section of it has a namesake there."""
    signs, words = tmp_path / "signs.yaml", tmp_path / "words.yaml"
    signs.write_text("batches: {signs: 8}\noptim: {epochs: 3}\n")
    words.write_text("data: {words: gloss}\noptim: {epochs: 3}\n")
    with pytest.raises(ConfigError, match=r"is one of raysign train; type raysign train --config"):
        load_config(KeywordConfig, signs)
    with pytest.raises(ConfigError, match=r"is one of raysign keywords train; type raysign keyw"):
        load_config(TrainConfig, words)
    both = tmp_path / "both.yaml"
    both.write_text("optim: {epochs: 3}\n")
    assert load_config(KeywordConfig, both).optim.epochs == 3


def test_settings_are_told_in_words_of_sentences() -> None:
    told = KeywordConfig.model_fields["optim"].annotation
    assert told is not None
    texts = " ".join(str(field.description) for field in told.model_fields.values())
    assert not {"clip", "sign", "signs", "proxies"} & set(re.findall(r"[a-z]+", texts.lower()))
    shared = {name: field.default for name, field in OptimConfig.model_fields.items()}
    assert {name: field.default for name, field in told.model_fields.items()} == shared
