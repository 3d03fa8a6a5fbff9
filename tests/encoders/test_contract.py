"""What every encoder must do. A new member of the config union is held to it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
import torch
from annotated_types import Ge
from pydantic import TypeAdapter
from safetensors.torch import load, save
from torch import Tensor, nn

from raysign.config import EncoderConfig
from raysign.config.base import Config
from raysign.encoders import build_encoder, count_parameters

KINDS: tuple[type[Config], ...] = get_args(get_args(EncoderConfig)[0])
CHANNELS = 7
FRAMES = 9
SMALL = {
    "width": 16,
    "heads": 4,
    "depth": 2,
    "groups": 2,
    "convolutions": 2,
    "feedforward": 24,
    "kernel": 5,
    "embedding": 6,
}


def small(kind: type[Config], **values: Any) -> Config:
    given = {name: value for name, value in SMALL.items() if name in kind.model_fields}
    return kind(**given | {n: v for n, v in values.items() if n in kind.model_fields})


def lowest(kind: type[Config]) -> Config:
    """Every number at its lower bound."""
    bounds = {
        name: bound.ge
        for name, field in kind.model_fields.items()
        for bound in field.metadata
        if isinstance(bound, Ge)
    }
    return kind(**bounds)


def configs() -> Iterator[Any]:
    for kind in KINDS:
        name = kind.model_fields["kind"].default
        for pooling in ("mean", "attention"):
            yield pytest.param(small(kind, pooling=pooling), id=f"{name}, {pooling}")
        yield pytest.param(lowest(kind), id=f"{name}, lowest")
        odd = small(kind, width=15, heads=3, embedding=5)
        yield pytest.param(odd, id=f"{name}, odd width and heads")


every_config = pytest.mark.parametrize("config", list(configs()))


def encoder_of(config: Any, channels: int = CHANNELS, *, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return build_encoder(config, channels).eval()


def sequences(clips: int = 4, frames: int = FRAMES, channels: int = CHANNELS) -> Tensor:
    return torch.randn(clips, frames, channels, generator=torch.Generator().manual_seed(1))


def without_chance(config: Any) -> Any:
    off = {name: 0.0 for name in type(config).model_fields if name in ("dropout", "drop_path")}
    return config.model_copy(update=off)


def test_the_union_is_known_by_kind() -> None:
    assert len(KINDS) >= 2
    adapter: TypeAdapter[Any] = TypeAdapter(EncoderConfig)
    for kind in KINDS:
        config = adapter.validate_python({"kind": kind.model_fields["kind"].default})
        assert type(config) is kind
        assert count_parameters(build_encoder(config, 3)) > 0


@every_config
@pytest.mark.parametrize("frames", [1, 2, 5, 40])
@pytest.mark.parametrize("channels", [1, 30])
def test_embeddings_have_unit_length(config: Any, frames: int, channels: int) -> None:
    embeddings = encoder_of(config, channels)(sequences(4, frames, channels))
    assert embeddings.shape == (4, config.embedding)
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@every_config
@pytest.mark.parametrize("training", [False, True])
def test_frames_that_are_not_shown_change_nothing(config: Any, training: bool) -> None:
    encoder = encoder_of(without_chance(config)).train(training)
    x, lengths = sequences(), (FRAMES, 1, 4, 7)
    shown = torch.arange(FRAMES) < torch.tensor(lengths)[:, None]
    garbage = torch.where(shown[..., None], x, 1e4 * torch.randn_like(x))
    got = encoder(x, shown)
    torch.testing.assert_close(encoder(garbage, shown), got, rtol=0, atol=1e-5)
    for row, clip, length in zip(got, x, lengths, strict=True):
        alone = encoder(clip[None, :length])[0]
        torch.testing.assert_close(row, alone, rtol=0, atol=1e-5)
    longer = nn.functional.pad(garbage, (0, 0, 0, 5), value=3)
    torch.testing.assert_close(
        encoder(longer, nn.functional.pad(shown, (0, 5))), got, rtol=0, atol=1e-5
    )


@every_config
def test_a_hole_in_the_clip_is_not_read(config: Any) -> None:
    encoder, x = encoder_of(config), sequences()
    shown = torch.ones(4, FRAMES, dtype=torch.bool)
    shown[:, 3:5] = False
    garbage = torch.where(shown[..., None], x, -50.0)
    torch.testing.assert_close(encoder(garbage, shown), encoder(x, shown), rtol=0, atol=1e-5)
    assert not torch.allclose(encoder(x, shown), encoder(x), atol=1e-4)


@every_config
def test_all_shown_is_the_same_as_not_saying_so(config: Any) -> None:
    encoder, x = encoder_of(config), sequences()
    everything = torch.ones(4, FRAMES, dtype=torch.bool)
    torch.testing.assert_close(encoder(x, everything), encoder(x), rtol=0, atol=1e-5)


@every_config
@pytest.mark.parametrize("training", [False, True])
def test_clips_do_not_see_each_other(config: Any, training: bool) -> None:
    encoder, x = encoder_of(without_chance(config)).train(training), sequences()
    got = encoder(x)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(encoder(x[order]), got[order], rtol=0, atol=1e-5)
    torch.testing.assert_close(encoder(x[1:2]), got[1:2], rtol=0, atol=1e-5)
    others = x.clone()
    others[1:] = 100 * torch.randn_like(others[1:])
    torch.testing.assert_close(encoder(others)[0], got[0], rtol=0, atol=1e-5)


@every_config
def test_evaluation_draws_nothing_and_training_does(config: Any) -> None:
    encoder, x = encoder_of(config), sequences()
    assert torch.equal(encoder(x), encoder(x))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x), encoder(x.clone()), rtol=0, atol=0)
    encoder.train()
    chance = config.model_dump().get("dropout", 0) > 0
    assert torch.equal(encoder(x), encoder(x)) != chance


@every_config
def test_clips_and_the_order_of_frames_make_a_difference(config: Any) -> None:
    encoder, x = encoder_of(config.model_copy(update={"embedding": 6})), sequences()
    got = encoder(x)
    assert torch.pdist(got).min() > 1e-3
    assert (encoder(x.flip(1)) - got).norm(dim=1).min() > 1e-4


@every_config
@pytest.mark.parametrize("masked", [False, True])
def test_every_parameter_gets_a_finite_gradient(config: Any, masked: bool) -> None:
    encoder, x = encoder_of(config).train(), sequences()
    shown = torch.arange(FRAMES) < torch.tensor([[9], [4], [1], [7]])
    embeddings = encoder(x, shown if masked else None)
    (embeddings * torch.randn_like(embeddings)).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert sum(p.grad.abs().sum() for p in encoder.parameters() if p.grad is not None) > 0


@every_config
def test_saved_and_loaded_it_is_the_same_encoder(config: Any) -> None:
    encoder, x = encoder_of(config), sequences()
    weights = load(save(encoder.state_dict()))
    other = encoder_of(config, seed=1)
    assert not torch.equal(other(x), encoder(x))
    other.load_state_dict(weights)
    assert torch.equal(other(x), encoder(x))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def test_pooling_makes_a_difference(kind: type[Config]) -> None:
    mean, attention = (encoder_of(small(kind, pooling=p)) for p in ("mean", "attention"))
    assert count_parameters(attention) > count_parameters(mean)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model_fields["kind"].default)
def test_it_runs_under_bfloat16_autocast(kind: type[Config]) -> None:
    encoder, x = encoder_of(small(kind)).train(), sequences()
    shown = torch.arange(FRAMES) < torch.tensor([[9], [4], [1], [7]])
    with torch.autocast("cpu", torch.bfloat16):
        for mask in (None, shown):
            embeddings = encoder(x, mask)
            assert embeddings.dtype == torch.float32
            torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@every_config
def test_a_clip_of_which_nothing_is_shown_harms_neither_itself_nor_others(config: Any) -> None:
    encoder, x = encoder_of(config), sequences()
    shown = torch.ones(4, FRAMES, dtype=torch.bool)
    shown[2] = False
    got = encoder(x, shown)
    assert got.isfinite().all()
    torch.testing.assert_close(got[:2], encoder(x)[:2], rtol=0, atol=1e-5)
