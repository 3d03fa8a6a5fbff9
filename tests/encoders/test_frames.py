from __future__ import annotations

from typing import Any, get_args

import pytest
import torch

from raysign.config import EncoderConfig, PrepareConfig, TrainConfig, resolve
from raysign.encoders import Frames, build_encoder
from raysign.errors import ConfigError
from raysign.pose import Prepare
from raysign.skeleton import HANDS42

KINDS = [kind.model_fields["kind"].default for kind in get_args(get_args(EncoderConfig)[0])]
KEPT = ["transformer", "conv_transformer", "conformer"]


def config(kind: str, **values: Any) -> TrainConfig:
    return resolve(TrainConfig, {"encoder": {"kind": kind}, **values})


@pytest.mark.parametrize("kind", KEPT)
def test_there_is_one_for_each_frame_and_the_head_pools_them(kind: str) -> None:
    channels = Prepare(PrepareConfig(), HANDS42).channel_map
    given = config(kind).encoder
    encoder = build_encoder(given, channels).eval()
    x = torch.randn(3, 7, channels.num_channels)
    shown = torch.arange(7) < torch.tensor([[7], [3], [1]])
    frames = Frames(encoder)
    for mask in (None, shown):
        got = frames(x, mask)
        assert got.shape == (3, 7, given.width)  # type: ignore[union-attr]
        assert torch.equal(encoder.head(got, mask), encoder(x, mask))


@pytest.mark.parametrize("kind", sorted({*KINDS} - {*KEPT}))
def test_masked_refuses_an_encoder_that_does_not_keep_them(kind: str) -> None:
    assert config(kind, loss={"kind": "contrast"}).loss.kind == "contrast"
    with pytest.raises(ConfigError, match=f"which {kind} does not keep .* type encoder.kind=") as e:
        config(kind, loss={"kind": "masked"})
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("kind", KEPT)
def test_and_takes_the_others(kind: str) -> None:
    assert not config(kind, loss={"kind": "masked"}).by_sign


@pytest.mark.parametrize("stages", ["", "csls", "dtw", "znorm+dtw"])
@pytest.mark.parametrize("kind", KINDS)
def test_they_are_aligned_where_an_encoder_tells_them(kind: str, stages: str) -> None:
    rerank = {"stages": stages, "dtw": {"on": "frames"}}
    built = build_encoder(config(kind).encoder, Prepare(PrepareConfig(), HANDS42).channel_map)
    if hasattr(built, "frames") or "dtw" not in stages:
        assert config(kind, evaluate={"rerank": rerank}).evaluate.rerank.dtw.on == "frames"
        return
    with pytest.raises(ConfigError, match=f"which {kind} does not tell; type evaluate.rerank.dtw"):
        config(kind, evaluate={"rerank": rerank})
    on_landmarks = {**rerank, "dtw": {"on": "landmarks"}}
    assert config(kind, evaluate={"rerank": on_landmarks}).evaluate.rerank.stages == stages
