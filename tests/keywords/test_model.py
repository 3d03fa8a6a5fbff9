"""What a keyword model must do, whatever its encoder and its decision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from raysign.config import KeywordConfig, KeywordEncoderConfig, KeywordPrepareConfig
from raysign.keywords.loss import word_losses
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.skeleton import OPENPOSE55, ChannelMap

KINDS: tuple[type[Any], ...] = get_args(get_args(KeywordEncoderConfig)[0])
DECISIONS = ("c", "cq", "per_word", "match")
SMALL: dict[str, Any] = {
    "width": 16,
    "widths": (8, 12, 16),
    "heads": 2,
    "depth": 1,
    "groups": 1,
    "convolutions": 1,
    "feedforward": 16,
    "kernel": 3,
    "hand_width": 8,
}
FRAMES, WORDS = 11, 7
LENGTHS = (FRAMES, 1, 4, 8)
SHOWN = torch.arange(FRAMES) < torch.tensor(LENGTHS)[:, None]


def channels_of(**prepare: Any) -> ChannelMap:
    return PrepareSentences(KeywordPrepareConfig(**prepare), OPENPOSE55).channel_map


BOTH = channels_of()
MAPS = {
    "both": BOTH,
    "dominant": channels_of(joints="dominant"),
    "body, with motion": channels_of(joints="body", motion_lags=(1, 2)),
    "without confidence": channels_of(confidence=False),
}


def config_of(kind: type[Any] = KINDS[0], **search: Any) -> KeywordConfig:
    small = {name: value for name, value in SMALL.items() if name in kind.model_fields}
    chance = {n: 0.0 for n in ("dropout", "head_dropout", "drop_path") if n in kind.model_fields}
    return KeywordConfig(encoder=kind(**small, **chance), search=search)


def model_of(
    config: KeywordConfig | None = None,
    channels: ChannelMap = BOTH,
    *,
    words: int = WORDS,
    seed: int = 0,
) -> KeywordModel:
    torch.manual_seed(seed)
    model = KeywordModel(config or config_of(), channels, words).eval()
    with torch.no_grad():
        model.decision.bias.normal_()
    return model


def sentences(channels: ChannelMap = BOTH, number: int = 4, frames: int = FRAMES) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.randn(number, frames, channels.num_channels, generator=random)


def cases() -> Iterator[Any]:
    for kind in KINDS:
        name = kind.model_fields["kind"].default
        for joints, channels in MAPS.items():
            yield pytest.param(config_of(kind), channels, id=f"{name}, {joints}")
    for decision in DECISIONS:
        for similarity in ("cos2", "cos"):
            for bias in ("word", "shared"):
                config = config_of(decision=decision, similarity=similarity, bias=bias)
                yield pytest.param(config, BOTH, id=f"{decision}, {similarity}, {bias} bias")


every_case = pytest.mark.parametrize(("config", "channels"), list(cases()))
every_decision = pytest.mark.parametrize("decision", DECISIONS)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.model_fields["kind"].default)


@every_case
def test_frames_that_are_not_shown_change_nothing(
    config: KeywordConfig, channels: ChannelMap
) -> None:
    model, x = model_of(config, channels), sentences(channels)
    got = model(x, SHOWN)
    assert got.shape == (4, WORDS)
    garbage = torch.where(SHOWN[..., None], x, torch.nan)
    torch.testing.assert_close(model(garbage, SHOWN), got, rtol=0, atol=1e-5)
    for row, sentence, length in zip(got, x, LENGTHS, strict=True):
        torch.testing.assert_close(row, model(sentence[None, :length])[0], rtol=0, atol=1e-5)
    longer = nn.functional.pad(garbage, (0, 0, 0, 6), value=3)
    shown = nn.functional.pad(SHOWN, (0, 6))
    torch.testing.assert_close(model(longer, shown), got, rtol=0, atol=1e-5)


@every_case
def test_sentences_do_not_see_each_other(config: KeywordConfig, channels: ChannelMap) -> None:
    model, x = model_of(config, channels), sentences(channels)
    got = model(x)
    torch.testing.assert_close(model(x.flip(0)), got.flip(0), rtol=0, atol=1e-5)
    torch.testing.assert_close(model(x[2:3]), got[2:3], rtol=0, atol=1e-5)
    assert torch.pdist(got).min() > 1e-6
    assert (model(x.flip(1)) - got).abs().max() > 1e-6


@every_case
def test_every_parameter_gets_a_finite_gradient(
    config: KeywordConfig, channels: ChannelMap
) -> None:
    model = model_of(config, channels).train()
    labels = torch.rand(4, WORDS) < 0.3
    word_losses(model(sentences(channels), SHOWN), labels, config.loss).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert model.queries.grad is not None
    assert (model.queries.grad.norm(dim=1) > 0).all()


@every_case
def test_saved_and_loaded_it_is_the_same_model(config: KeywordConfig, channels: ChannelMap) -> None:
    model, x = model_of(config, channels), sentences(channels)
    other = model_of(config, channels, seed=1)
    assert not torch.equal(other(x), model(x))
    other.load_state_dict(load(save(model.state_dict())))
    assert torch.equal(other(x), model(x))


@every_kind
@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_any_length(kind: type[Any], frames: int) -> None:
    model = model_of(config_of(kind))
    found = model.search(sentences(frames=frames), None, torch.arange(WORDS))
    assert found.attention.shape == (4, WORDS, -(-frames // model.stride))
    assert found.logits.isfinite().all()


@pytest.mark.parametrize("kind", ["st_gcn", "conv_transformer"])
def test_five_thousand_frames(kind: str) -> None:
    config = config_of(next(k for k in KINDS if k.model_fields["kind"].default == kind))
    model = model_of(config, channels_of(joints="body")).train()
    x = sentences(channels_of(joints="body"), 1, 5000)
    model(x).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@every_kind
@every_decision
def test_a_sentence_of_which_nothing_is_shown_harms_neither_itself_nor_others(
    kind: type[Any], decision: str
) -> None:
    model, x = model_of(config_of(kind, decision=decision)).train(), sentences()
    shown = torch.ones(4, FRAMES, dtype=torch.bool)
    shown[2] = False
    got = model(x, shown)
    got.sum().backward()
    assert got.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    model.eval()
    rest = [0, 1, 3]
    torch.testing.assert_close(model(x, shown)[rest], model(x)[rest], rtol=0, atol=1e-5)


def test_nobody_in_the_picture() -> None:
    model = model_of().train()
    logits = model(torch.zeros_like(sentences()), SHOWN)
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def by_equations(model: KeywordModel, config: KeywordConfig, x: Tensor) -> Tensor:
    """One sentence: equations 1 and 2 and the decision, word by word, frame by frame."""
    (frames,), _ = model.encode(x)
    beta, theta = model.attention.beta, model.attention.theta
    logits = []
    for number, query in enumerate(model.queries):
        cosines = [cosine_similarity(query, frame, dim=0) for frame in frames]
        power = 2 if config.search.similarity == "cos2" else 1
        scores = torch.stack([beta * cosine**power + theta for cosine in cosines])
        weight = scores.exp() / scores.exp().sum()
        context = sum(w * frame for w, frame in zip(weight, frames, strict=True))
        assert isinstance(context, Tensor)
        bias = model.decision.bias[number if config.search.bias == "word" else 0]
        layer = model.decision.weight
        match config.search.decision:
            case "c":
                logit = nn.functional.linear(context, layer)[0]
            case "cq":
                logit = nn.functional.linear(torch.cat([context, query]), layer.view(1, -1))[0]
            case "per_word":
                logit = context @ layer[number]
            case _:
                logit = (weight * scores).sum()
        logits.append(logit + bias)
    return torch.stack(logits)


@every_decision
@pytest.mark.parametrize("similarity", ["cos2", "cos"])
@pytest.mark.parametrize("bias", ["word", "shared"])
def test_it_is_what_the_equations_say(decision: str, similarity: str, bias: str) -> None:
    config = config_of(decision=decision, similarity=similarity, bias=bias, theta_start=0.7)
    model, x = model_of(config), sentences()
    got = model(x, SHOWN)
    for row, sentence, length in zip(got, x, LENGTHS, strict=True):
        expected = by_equations(model, config, sentence[None, :length])
        torch.testing.assert_close(row, expected, rtol=1e-4, atol=1e-5)


@every_decision
@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
def test_piece_by_piece_it_gives_the_same(decision: str, chunk: int) -> None:
    x, labels = sentences(), torch.rand(4, WORDS) < 0.3
    found = []
    for size in (0, chunk):
        config = config_of(decision=decision, chunk_words=size)
        model = model_of(config).train()
        logits = model(x, SHOWN)
        word_losses(logits, labels, config.loss).sum().backward()
        found.append([logits.detach(), *(p.grad for p in model.parameters())])
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, rtol=1e-4, atol=1e-5)


def test_pieces_bound_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "raysign.keywords.model.PIECE_BYTES", 4 * 4 * 3 * 2
    )  # [4 sentences 3 frames]
    model = model_of()
    assert model.stride == 4
    sizes: list[int] = []
    found = model._found
    model._found = lambda *x: (sizes.append(len(range(WORDS)[x[2]])), found(*x))[1]  # type: ignore
    model.train()(sentences()).sum().backward()
    assert sizes == [2, 2, 2, 1, 1, 2, 2, 2]  # and again for the gradient, from the last


@every_decision
def test_some_words_are_found_as_all_are(decision: str) -> None:
    model, x = model_of(config_of(decision=decision)), sentences()
    some = torch.tensor([5, 0, 5])
    found = model.search(x, SHOWN, some)
    torch.testing.assert_close(found.logits, model(x, SHOWN)[:, some], rtol=0, atol=1e-5)
    torch.testing.assert_close(found.attention.sum(-1), torch.ones(4, 3))
    end = (SHOWN.sum(1) + model.stride - 1) // model.stride
    for attention, score, last in zip(found.attention, found.score, end, strict=True):
        assert (attention[:, last:] == 0).all()
        assert (score[:, last:] == -math.inf).all()
        torch.testing.assert_close(attention[:, :last], score[:, :last].softmax(-1))


def test_theta_cancels_unless_the_score_decides() -> None:
    x = sentences()
    for decision in DECISIONS:
        one, other = (
            model_of(config_of(decision=decision, theta_start=theta)) for theta in (0.0, 5.0)
        )
        apart = (one(x) - other(x)).abs().max()
        assert (apart > 4) == (decision == "match")
        assert ("attention.theta" in dict(one.named_parameters())) == (decision == "match")


def test_cq_is_c_with_a_bias_a_word() -> None:
    model, x = model_of(config_of(decision="cq", bias="shared")), sentences()
    c = model_of(config_of(decision="c", bias="word"))
    c.load_state_dict(
        model.state_dict()
        | {
            "decision.weight": model.decision.weight[:1],
            "decision.bias": model.queries @ model.decision.weight[1] + model.decision.bias,
        }
    )
    torch.testing.assert_close(c(x), model(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bias", ["word", "shared"])
def test_it_begins_at_how_often_words_are_there(bias: str) -> None:
    share = np.asarray([0.5, 0.25, 0.1, 0.01, 0.0, 1.0, 0.2])
    model = model_of(config_of(bias=bias))
    model.start_at(share)
    got = model.decision.bias.sigmoid().detach().numpy()
    expected = share.clip(1e-4, 1 - 1e-4) if bias == "word" else [share.mean()]
    np.testing.assert_allclose(got, expected, rtol=1e-3)
    zero = KeywordModel(config_of(bias=bias, bias_start="zero"), BOTH, WORDS)
    zero.start_at(share)
    assert (zero.decision.bias == 0).all()


@every_kind
def test_bfloat16_does_not_reach_the_attention(kind: type[Any]) -> None:
    model, x = model_of(config_of(kind)).train(), sentences()
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(x, SHOWN)
        found = model.search(x, SHOWN, torch.arange(WORDS))
    assert logits.dtype == found.attention.dtype == torch.float32
    torch.testing.assert_close(found.attention.sum(-1), torch.ones(4, WORDS))
    logits.sum().backward()


def test_a_vocabulary_of_one_word() -> None:
    model = model_of(words=1)
    assert model(sentences(), SHOWN).shape == (4, 1)
