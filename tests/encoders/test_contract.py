"""What every encoder must do. A new member of the config union is held to it as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from annotated_types import Ge
from pydantic import TypeAdapter
from safetensors.torch import load, save
from torch import Tensor, nn

from raysign.config import (
    EncoderConfig,
    EnsembleConfig,
    MemberConfig,
    PoseFormerConfig,
    PrepareConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.config.base import Config
from raysign.encoders import build_encoder, count_parameters
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, OPENPOSE55, ChannelMap, Layout

KINDS: tuple[type[Config], ...] = get_args(get_args(EncoderConfig)[0])
FRAMES = 9
SMALL: dict[str, Any] = {
    "width": 16,
    "widths": (12, 16),
    "heads": 4,
    "depth": 2,
    "groups": 2,
    "convolutions": 2,
    "feedforward": 24,
    "kernel": 5,
    "hand_width": 12,
    "embedding": 8,
}


def small(kind: type[Config], **values: Any) -> Any:
    if kind is EnsembleConfig:
        embedding = values.get("embedding", SMALL["embedding"])
        shares = embedding // 2, embedding - embedding // 2
        kinds = TransformerConfig, STGCNConfig
        return ensemble_of(
            small(k, **values | {"embedding": n}) for k, n in zip(kinds, shares, strict=True)
        )
    given = {name: value for name, value in SMALL.items() if name in kind.model_fields}
    return kind(**given | {n: v for n, v in values.items() if n in kind.model_fields})


def ensemble_of(encoders: Iterable[Any], joints: str = "all") -> EnsembleConfig:
    members = [MemberConfig(encoder=e, joints=joints, weight=1 + n) for n, e in enumerate(encoders)]
    return EnsembleConfig(members=tuple(members))


def learns_from_its_batch(config: Any) -> bool:
    """Has it batch norm? While it trains, its clips then see each other, and should."""
    if isinstance(config, EnsembleConfig):
        return any(learns_from_its_batch(member.encoder) for member in config.members)
    return isinstance(config, STGCNConfig)


def lowest(kind: type[Config]) -> Any:
    """Every number at its lower bound."""
    if kind is EnsembleConfig:
        return ensemble_of([lowest(TransformerConfig), lowest(STGCNConfig)])
    bounds: dict[str, Any] = {
        name: bound.ge
        for name, field in kind.model_fields.items()
        for bound in field.metadata
        if isinstance(bound, Ge)
    }
    return kind(**bounds | ({"widths": (8,)} if "widths" in kind.model_fields else {}))


def channels_of(layout: Layout, **prepare: Any) -> ChannelMap:
    return Prepare(PrepareConfig(**prepare), layout).channel_map


HANDS = channels_of(HANDS42)
RICH = channels_of(HOLISTIC75, bones=True, angles=True, motion_lags=(1, 2))
FLAT = channels_of(OPENPOSE55, axes=2, presence=False, motion_lags=())
MAPS = {
    **{name: channels_of(layout) for name, layout in LAYOUTS.items()},
    "holistic75, all there is": RICH,
    "openpose55, x and y alone": FLAT,
    "holistic75's hands": channels_of(HOLISTIC75, joints="hands", angles=True),
    "holistic75's body": channels_of(HOLISTIC75, joints="body"),
    "hands42, flat shapes": channels_of(HANDS42, axes=2, angles=True, pose=False),
}


def cases() -> Iterator[Any]:
    """Each kind in several sizes, on each layout."""
    for kind in KINDS:
        name = kind.model_fields["kind"].default
        yield pytest.param(small(kind, pooling="mean"), HANDS, id=f"{name}, mean, hands42")
        yield pytest.param(small(kind, pooling="attention"), RICH, id=f"{name}, attention, rich")
        yield pytest.param(lowest(kind), FLAT, id=f"{name}, lowest, flat")
        odd = small(kind, width=15, widths=(9, 15, 15), heads=3, stride=3, embedding=9)
        yield pytest.param(odd, HANDS, id=f"{name}, odd numbers, hands42")
    for fusion in ("sum", "score"):
        for where in ("holistic75", "hands42"):
            config = small(STGCNConfig, fusion=fusion)
            yield pytest.param(config, MAPS[where], id=f"st_gcn, {fusion}, {where}")
    for part in ("frame_embedding", "intermediate_convolutions"):
        config = small(PoseFormerConfig).model_copy(update={part: False})
        yield pytest.param(config, FLAT, id=f"poseformer without {part}")
    hands = ensemble_of([small(TransformerConfig), small(STGCNConfig)], joints="hands")
    yield pytest.param(hands, RICH, id="ensemble, hands of all")


COMPILED = """
import sys
import torch
from pydantic import TypeAdapter
from raysign.config import EncoderConfig, PrepareConfig
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.skeleton import HOLISTIC75

config = TypeAdapter(EncoderConfig).validate_json(sys.argv[1])
channels = Prepare(PrepareConfig(angles=True), HOLISTIC75).channel_map
torch.manual_seed(0)
eager = build_encoder(config, channels)
compiled = torch.compile(eager, fullgraph=True)
x, seed = torch.randn(3, 9, channels.num_channels), torch.randn(3, config.embedding)
for shown in (None, torch.arange(9) < torch.tensor([[9], [5], [1]])):
    found = []
    for encoder in (eager, compiled):
        eager.zero_grad()
        embeddings = encoder(x, shown)
        (embeddings * seed).sum().backward()
        found.append([embeddings.detach(), *(p.grad.clone() for p in eager.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-4)
"""

every_case = pytest.mark.parametrize(("config", "channels"), list(cases()))
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.model_fields["kind"].default)


def encoder_of(config: Any, channels: ChannelMap = HANDS, *, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return build_encoder(config, channels).eval()


def sequences(channels: ChannelMap = HANDS, clips: int = 4, frames: int = FRAMES) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.randn(clips, frames, channels.num_channels, generator=random)


def encoders_in(config: Any) -> list[Any]:
    """The members' encoders of an ensemble; of any other kind itself alone."""
    members = getattr(config, "members", None)
    return [config] if members is None else [member.encoder for member in members]


def changed(config: Any, **values: Any) -> Any:
    """With what it has of these settings changed, in every member of an ensemble."""
    encoders = [
        each.model_copy(update={n: v for n, v in values.items() if n in type(each).model_fields})
        for each in encoders_in(config)
    ]
    if encoders_in(config) == [config]:
        return encoders[0]
    members = [
        member.model_copy(update={"encoder": encoder})
        for member, encoder in zip(config.members, encoders, strict=True)
    ]
    return config.model_copy(update={"members": tuple(members)})


def without_chance(config: Any) -> Any:
    return changed(config, dropout=0.0, head_dropout=0.0, drop_path=0.0)


def test_the_union_is_known_by_kind() -> None:
    assert len(KINDS) >= 2
    adapter: TypeAdapter[Any] = TypeAdapter(EncoderConfig)
    for kind in KINDS:
        config = adapter.validate_python({"kind": kind.model_fields["kind"].default})
        assert type(config) is kind
        assert count_parameters(build_encoder(config, HANDS)) > 0


@every_kind
@pytest.mark.parametrize("frames", [1, 2, 5, 40])
@pytest.mark.parametrize("channels", MAPS.values(), ids=MAPS.keys())
def test_embeddings_have_unit_length(kind: type[Config], frames: int, channels: ChannelMap) -> None:
    embeddings = encoder_of(small(kind), channels)(sequences(channels, 4, frames))
    assert embeddings.shape == (4, SMALL["embedding"])
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@every_case
def test_so_have_they_in_every_size(config: Any, channels: ChannelMap) -> None:
    embeddings = encoder_of(config, channels)(sequences(channels))
    assert embeddings.shape == (4, config.embedding)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_frames_that_are_not_shown_change_nothing(
    config: Any, channels: ChannelMap, training: bool
) -> None:
    encoder = encoder_of(without_chance(config), channels).train(training)
    x, lengths = sequences(channels), (FRAMES, 1, 4, 7)
    shown = torch.arange(FRAMES) < torch.tensor(lengths)[:, None]
    garbage = torch.where(shown[..., None], x, 1e4 * torch.randn_like(x))
    got = encoder(x, shown)
    torch.testing.assert_close(encoder(garbage, shown), got, rtol=0, atol=1e-5)
    for row, clip, length in zip(got, x, lengths, strict=True):
        if training and learns_from_its_batch(config):
            break
        alone = encoder(clip[None, :length])[0]
        torch.testing.assert_close(row, alone, rtol=0, atol=1e-5)
    longer = nn.functional.pad(garbage, (0, 0, 0, 5), value=3)
    torch.testing.assert_close(
        encoder(longer, nn.functional.pad(shown, (0, 5))), got, rtol=0, atol=1e-5
    )


@every_case
def test_a_hole_in_the_clip_is_not_read(config: Any, channels: ChannelMap) -> None:
    encoder, x = encoder_of(config, channels), sequences(channels)
    shown = torch.ones(4, FRAMES, dtype=torch.bool)
    shown[:, 3:5] = False
    garbage = torch.where(shown[..., None], x, -50.0)
    torch.testing.assert_close(encoder(garbage, shown), encoder(x, shown), rtol=0, atol=1e-5)
    assert not torch.allclose(encoder(x, shown), encoder(x), atol=1e-4)


@every_case
def test_all_shown_is_the_same_as_not_saying_so(config: Any, channels: ChannelMap) -> None:
    encoder, x = encoder_of(config, channels), sequences(channels)
    everything = torch.ones(4, FRAMES, dtype=torch.bool)
    torch.testing.assert_close(encoder(x, everything), encoder(x), rtol=0, atol=1e-5)


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_clips_do_not_see_each_other(config: Any, channels: ChannelMap, training: bool) -> None:
    encoder, x = encoder_of(without_chance(config), channels).train(training), sequences(channels)
    got = encoder(x)
    order = torch.tensor([2, 0, 3, 1])
    # In another order, a batch's mean is rounded otherwise.
    torch.testing.assert_close(encoder(x[order]), got[order], rtol=0, atol=1e-4)
    if training and learns_from_its_batch(config):
        assert not torch.allclose(encoder(x[1:2]), got[1:2], atol=1e-4)
        return
    torch.testing.assert_close(encoder(x[1:2]), got[1:2], rtol=0, atol=1e-5)
    others = x.clone()
    others[1:] = 100 * torch.randn_like(others[1:])
    torch.testing.assert_close(encoder(others)[0], got[0], rtol=0, atol=1e-5)


@every_case
def test_evaluation_draws_nothing_and_training_does(config: Any, channels: ChannelMap) -> None:
    encoder, x = encoder_of(config, channels), sequences(channels)
    assert torch.equal(encoder(x), encoder(x))
    with torch.inference_mode():
        torch.testing.assert_close(encoder(x), encoder(x.clone()), rtol=0, atol=0)
    encoder.train()
    chance = any(each.model_dump().get("dropout", 0) > 0 for each in encoders_in(config))
    assert torch.equal(encoder(x), encoder(x)) != chance


@every_case
def test_clips_and_the_order_of_frames_make_a_difference(config: Any, channels: ChannelMap) -> None:
    encoder, x = encoder_of(changed(config, embedding=12), channels), sequences(channels)
    got = encoder(x)
    assert torch.pdist(got).min() > 1e-3
    assert (encoder(x.flip(1)) - got).norm(dim=1).min() > 1e-4


@every_case
@pytest.mark.parametrize("masked", [False, True])
def test_every_parameter_gets_a_finite_gradient(
    config: Any, channels: ChannelMap, masked: bool
) -> None:
    encoder, x = encoder_of(config, channels).train(), sequences(channels)
    shown = torch.arange(FRAMES) < torch.tensor([[9], [4], [1], [7]])
    embeddings = encoder(x, shown if masked else None)
    (embeddings * torch.randn_like(embeddings)).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert sum(p.grad.abs().sum() for p in encoder.parameters() if p.grad is not None) > 0


@every_case
def test_saved_and_loaded_it_is_the_same_encoder(config: Any, channels: ChannelMap) -> None:
    encoder, x = encoder_of(config, channels), sequences(channels)
    weights = load(save(encoder.state_dict()))
    other = encoder_of(config, channels, seed=1)
    assert not torch.equal(other(x), encoder(x))
    other.load_state_dict(weights)
    assert torch.equal(other(x), encoder(x))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not PoseFormerConfig])
def test_pooling_makes_a_difference(kind: type[Config]) -> None:
    mean, attention = (encoder_of(small(kind, pooling=p)) for p in ("mean", "attention"))
    assert count_parameters(attention) > count_parameters(mean)


@every_kind
def test_it_runs_under_bfloat16_autocast(kind: type[Config]) -> None:
    encoder, x = encoder_of(small(kind)).train(), sequences()
    shown = torch.arange(FRAMES) < torch.tensor([[9], [4], [1], [7]])
    with torch.autocast("cpu", torch.bfloat16):
        for mask in (None, shown):
            embeddings = encoder(x, mask)
            assert embeddings.dtype == torch.float32
            torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@every_case
def test_a_clip_of_which_nothing_is_shown_harms_neither_itself_nor_others(
    config: Any, channels: ChannelMap
) -> None:
    encoder, x = encoder_of(config, channels), sequences(channels)
    shown = torch.ones(4, FRAMES, dtype=torch.bool)
    shown[2] = False
    got = encoder(x, shown)
    assert got.isfinite().all()
    torch.testing.assert_close(got[:2], encoder(x)[:2], rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(600)
@every_kind
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_it_gives_the_same(kind: type[Config], tmp_path: Path) -> None:
    # Elsewhere, as the shapes checked here are not torch.compile's to trace.
    program, config = tmp_path / "compiled.py", without_chance(small(kind))
    program.write_text(COMPILED)
    done = subprocess.run(
        [sys.executable, program, config.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
