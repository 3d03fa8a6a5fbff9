from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import PrepareConfig, STGCNConfig
from raysign.encoders import build_encoder, count_parameters
from raysign.encoders.graph import GraphConv, spatial_edges
from raysign.encoders.st_gcn import STGCN, Block, any_shown, thinned
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, ChannelMap, Layout, hops_from_centre

HANDS = Prepare(PrepareConfig(), HANDS42).channel_map
WHOLE = Prepare(PrepareConfig(angles=True), HOLISTIC75).channel_map
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


def st_gcn(channels: ChannelMap = WHOLE, **config: Any) -> STGCN:
    torch.manual_seed(0)
    small = {"widths": (8, 12), "kernel": 3, "embedding": 6, "dropout": 0}
    encoder = build_encoder(STGCNConfig(**{**small, **config}), channels).eval()
    assert isinstance(encoder, STGCN)
    return encoder


def sequences(channels: ChannelMap = WHOLE, frames: int = 9) -> Tensor:
    random = torch.Generator().manual_seed(1)
    return torch.randn(3, frames, channels.num_channels, generator=random)


@every_layout
def test_a_joint_takes_the_mean_of_itself_and_its_neighbours(layout: Layout) -> None:
    joints = list(range(layout.num_joints))
    edges = spatial_edges(layout, joints)
    for joint in joints:
        given = [edge for edge in edges if edge.to == joint]
        assert sum(edge.weight for edge in given) == pytest.approx(1)
        assert len({edge.weight for edge in given}) == 1
    both_ways = {(a, b) for bone in layout.bones for a, b in (bone, bone[::-1])}
    assert {(e.to, e.source) for e in edges} == both_ways | {(j, j) for j in joints}


@every_layout
def test_subsets_are_root_nearer_and_farther(layout: Layout) -> None:
    hops = hops_from_centre(layout)
    for edge in spatial_edges(layout, list(range(layout.num_joints))):
        step = hops[edge.source] - hops[edge.to]
        assert step == {0: 0, 1: -1, 2: 1}[edge.subset]
        assert edge.subset == 0 or edge.source != edge.to


def test_a_streams_joints_are_counted_from_0() -> None:
    part = HOLISTIC75.parts["right_hand"]
    apart = spatial_edges(HOLISTIC75, list(range(part.start, part.stop)))
    assert apart == spatial_edges(HANDS42, list(range(21)))


def test_a_graph_convolution_is_a_sum_over_edges() -> None:
    torch.manual_seed(0)
    edges = spatial_edges(HANDS42, list(range(42)))
    convolve = GraphConv(edges, 5, 7)
    convolve.importance.data.uniform_(0.5, 2)
    x = torch.randn(2, 3, 42, 5)
    weight = convolve.linear.weight.detach().view(7, 3, 5)
    expected = convolve.linear.bias.detach().expand(2, 3, 42, 7).clone()
    for number, edge in enumerate(edges):
        through = weight[:, edge.subset] * edge.weight * convolve.importance[number].detach()
        expected[:, :, edge.to] += x[:, :, edge.source] @ through.T
    torch.testing.assert_close(convolve(x), expected, rtol=0, atol=1e-5)


def test_a_block_sees_one_bone_and_its_kernel() -> None:
    torch.manual_seed(0)
    config = STGCNConfig(kernel=5, dropout=0)
    edges = spatial_edges(HANDS42, list(range(42)))
    block = Block(config, edges, 8, 8, stride=1, first=False).eval()
    x = torch.randn(1, 11, 42, 8)
    changed = x.clone()
    index_pip, mcp, dip = (
        HANDS42.joint(f"left_hand_index_finger_{n}") for n in ("pip", "mcp", "dip")
    )
    changed[0, 5, index_pip] += torch.randn(8)
    differs = (block(x, None) - block(changed, None)).abs().amax(-1)[0] > 1e-6
    assert differs.any(1).nonzero().flatten().tolist() == [3, 4, 5, 6, 7]
    assert differs.any(0).nonzero().flatten().tolist() == sorted([mcp, index_pip, dip])


def test_streams_read_their_own_joints_and_extras() -> None:
    encoder, x = st_gcn(), sequences()
    body = list(WHOLE.of_joints(range(25))) + list(WHOLE.of_extras(["body"]))
    hands = [channel for channel in range(WHOLE.num_channels) if channel not in body]
    before = [stream(x, None)[0] for stream in encoder.streams]
    for own, channels in enumerate((body, hands)):
        for channel in (channels[0], channels[-1]):
            changed = x.clone()
            changed[..., channel] += 1
            after = [stream(changed, None)[0] for stream in encoder.streams]
            assert not torch.allclose(after[own], before[own], atol=1e-4)
            assert torch.equal(after[1 - own], before[1 - own])


@pytest.mark.parametrize(
    ("channels", "streams"),
    [
        (HANDS, 1),
        (WHOLE, 2),
        (Prepare(PrepareConfig(joints="body"), HOLISTIC75).channel_map, 1),
        (Prepare(PrepareConfig(joints="hands"), HOLISTIC75).channel_map, 1),
    ],
)
def test_a_stream_for_each_kind_of_part_that_there_is(channels: ChannelMap, streams: int) -> None:
    assert len(st_gcn(channels).streams) == streams


def test_the_score_of_two_clips_is_the_mean_of_their_streams_cosines() -> None:
    encoder, x = st_gcn(fusion="score", embedding=7), sequences()
    got = encoder(x)
    shares = [project.out_features for project in encoder.project]
    assert shares == [4, 3]
    cosines = []
    for stream, pool, project in zip(encoder.streams, encoder.pool, encoder.project, strict=True):
        own = torch.nn.functional.normalize(project(pool(*stream(x, None))), dim=-1)
        cosines.append(own @ own.T)
    torch.testing.assert_close(got @ got.T, torch.stack(cosines).mean(0), rtol=0, atol=1e-5)


def test_what_the_fusions_cost() -> None:
    concat, added, score = (
        count_parameters(st_gcn(fusion=fusion)) for fusion in ("concat", "sum", "score")
    )
    assert concat - added == 12 * 6, "a row for each of the other stream's channels"
    assert score - added == 0
    one_stream = {count_parameters(st_gcn(HANDS, fusion=f)) for f in ("concat", "sum", "score")}
    assert len(one_stream) == 1


def test_the_default_is_yans_ten_blocks() -> None:
    widths = [6, *[64] * 4, *[128] * 3, *[256] * 3]
    edges = 42 + 2 * 2 * 21
    expected = 2 * 42 * 6  # the scale and shift of each joint's channels
    for number in range(10):
        width, out = widths[number], widths[number + 1]
        expected += 3 * width * out + out + edges  # the graph, and its edges' importance
        expected += 9 * out * out + out + 4 * out  # time, and two norms
        expected += (width * out + out) * (number > 0 and width != out)  # residual
    expected += 2 * 256 + 256 + 2 * 256 + 256 * 256 + 256  # presence, norm, embedding
    assert count_parameters(build_encoder(STGCNConfig(), HANDS)) == expected
    strides = build_encoder(STGCNConfig(), HANDS).streams[0].strides  # type: ignore[union-attr,index]
    assert strides == [1, 1, 1, 1, 2, 1, 1, 2, 1, 1]


def test_what_is_left_shown_after_a_stride() -> None:
    def left(*shown: int, stride: int = 2) -> list[int]:
        return any_shown(torch.tensor([shown]) > 0, stride)[0].int().tolist()

    assert left(1, 1, 1, 0, 0, 0) == [1, 1, 0]
    assert left(1, 1, 1) == [1, 1]
    assert left(0, 1, 0, 0, 1) == [1, 0, 1]
    assert left(0, 0, 0, 1, stride=3) == [0, 1]
    assert left(1, 0, 1, stride=1) == [1, 0, 1]


def test_extras_are_the_mean_of_the_frames_that_a_stride_stands_for() -> None:
    extras = torch.tensor([[[1.0], [3.0], [0.0], [7.0], [5.0]]])
    assert thinned(extras, None, 2).flatten().tolist() == [2, 3.5, 5]
    shown = torch.tensor([[True, True, False, True, False]])
    assert thinned(extras * shown[..., None], shown, 2).flatten().tolist() == [2, 7, 0]


@pytest.mark.parametrize("frame", range(9))
def test_the_only_frame_shown_is_seen_wherever_it_stands(frame: int) -> None:
    encoder, x = st_gcn(widths=(8, 12, 16)), sequences()
    shown = torch.zeros(3, 9, dtype=torch.bool)
    shown[:, frame] = True
    changed = x.clone()
    changed[:, frame] += 1
    assert ((encoder(changed, shown) - encoder(x, shown)).norm(dim=1) > 1e-3).all()


@pytest.mark.parametrize("frame", range(9))
def test_extras_are_heard_in_every_frame(frame: int) -> None:
    encoder, x = st_gcn(widths=(8, 12, 16)), sequences()
    changed = x.clone()
    changed[:, frame, list(WHOLE.of_extras(["left_hand"]))] += 1
    assert ((encoder(changed) - encoder(x)).norm(dim=1) > 1e-3).all()


def test_what_is_not_shown_may_be_nan() -> None:
    encoder, x = st_gcn().train(), sequences()
    shown = torch.arange(9) < torch.tensor([[9], [5], [1]])
    encoder(x.masked_fill(~shown[..., None], torch.nan), shown)[:, 0].sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())
