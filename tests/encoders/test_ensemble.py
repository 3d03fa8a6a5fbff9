"""Late fusion: members' cosines are averaged, and each reads what it would have read alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import (
    ConformerConfig,
    ConvTransformerConfig,
    EnsembleConfig,
    MemberConfig,
    PrepareConfig,
    STGCNConfig,
    TransformerConfig,
)
from raysign.encoders import Ensemble, build_encoder
from raysign.encoders.pick import Pick
from raysign.errors import LayoutError
from raysign.pose import Prepare
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, Layout

RICH: dict[str, Any] = {"frames": 8, "angles": True, "bones": True, "motion_lags": (1, 2)}
SMALL: dict[str, Any] = {"width": 16, "heads": 2, "depth": 1, "kernel": 3, "widths": (8, 12)}
KINDS = (TransformerConfig, ConvTransformerConfig, STGCNConfig, ConformerConfig)
WHOLE = Prepare(PrepareConfig(**RICH), HOLISTIC75)


def small(kind: Any, embedding: int = 6) -> Any:
    given = {name: value for name, value in SMALL.items() if name in kind.model_fields}
    return kind(**given, embedding=embedding)


def ensemble_of(*members: MemberConfig, prepare: Prepare = WHOLE) -> Ensemble:
    torch.manual_seed(0)
    encoder = build_encoder(EnsembleConfig(members=members), prepare.channel_map).eval()
    assert isinstance(encoder, Ensemble)
    return encoder


def clips(layout: Layout, count: int = 5) -> tuple[Tensor, Tensor]:
    """Landmarks with gaps and a hand that is never seen, and their pictures' shapes."""
    random = torch.Generator().manual_seed(1)
    xyz = torch.rand(count, 13, layout.num_joints, 3, generator=random)
    xyz[torch.rand(count, 13, layout.num_joints, generator=random) < 0.1] = torch.nan
    xyz[0, :, layout.parts["left_hand"]] = torch.nan
    return xyz, torch.rand(count, generator=random) + 0.5


def test_a_cosine_is_the_weighted_mean_of_the_members() -> None:
    members = [
        MemberConfig(encoder=small(TransformerConfig, 6), weight=0.5),
        MemberConfig(encoder=small(STGCNConfig, 9), weight=2, joints="hands"),
        MemberConfig(encoder=small(ConformerConfig, 4), joints="body"),
    ]
    encoder = ensemble_of(*members)
    x = torch.randn(5, 8, WHOLE.num_channels)
    embeddings = encoder(x)
    assert embeddings.shape == (5, EnsembleConfig(members=members).embedding) == (5, 19)
    alone = [member(pick(x)) for member, pick in zip(encoder.members, encoder.picks, strict=True)]
    cosines = torch.stack([unit @ unit.T for unit in alone])
    expected = (torch.tensor([0.5, 2, 1]) / 3.5)[:, None, None] * cosines
    torch.testing.assert_close(embeddings @ embeddings.T, expected.sum(0), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model_fields["kind"].default)
@pytest.mark.parametrize(
    ("layout", "joints"),
    [
        pytest.param(layout, joints, id=f"{layout.name}, {joints}")
        for layout in LAYOUTS.values()
        for joints in ("signing", "hands", "body")
        if layout.has_body or joints != "body"
    ],
)
@pytest.mark.parametrize("given", ["signing", "all"])
def test_a_member_is_the_encoder_that_learned_from_its_joints_alone(
    kind: Any, layout: Layout, joints: Any, given: Any
) -> None:
    own = Prepare(PrepareConfig(**RICH, joints=joints), layout)
    whole = Prepare(PrepareConfig(**RICH, joints=given), layout)
    torch.manual_seed(3)
    alone = build_encoder(small(kind), own.channel_map).eval()
    member, other = MemberConfig(encoder=small(kind), joints=joints), small(TransformerConfig)
    encoder = ensemble_of(member, MemberConfig(encoder=other), prepare=whole)
    assert encoder.members[0].state_dict().keys() == alone.state_dict().keys()
    encoder.members[0].load_state_dict(alone.state_dict())
    xyz, aspect = clips(layout)
    expected = alone(own.channels(own.geometry(xyz, aspect)))
    got = encoder(whole.channels(whole.geometry(xyz, aspect)))[:, :6] * 2**0.5
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-6)


def test_what_a_member_does_not_read_changes_nothing_for_it() -> None:
    encoder = ensemble_of(
        MemberConfig(encoder=small(TransformerConfig), joints="hands"),
        MemberConfig(encoder=small(TransformerConfig), joints="body"),
    )
    x = torch.randn(2, 8, WHOLE.num_channels)
    changed = x.clone()
    changed[..., list(WHOLE.channel_map.numbers(WHOLE.channel_map.only("body")))] += 1
    hands, body = (encoder(changed) - encoder(x)).split(6, dim=1)
    assert torch.equal(hands, torch.zeros_like(hands))
    assert (body.norm(dim=1) > 1e-2).all()


def test_the_state_is_the_members_alone() -> None:
    encoder = ensemble_of(MemberConfig(encoder=small(TransformerConfig)), MemberConfig())
    assert {name.split(".")[0] for name in encoder.state_dict()} == {"members"}
    assert not any(isinstance(pick, Pick) for pick in encoder.picks), "all joints need no picking"


@pytest.mark.parametrize(
    ("layout", "given", "joints", "said"),
    [
        (HANDS42, "signing", "body", "'hands42' .* left_hand and right_hand alone"),
        (HOLISTIC75, "hands", "body", "'holistic75' .* left_hand and right_hand alone"),
        (HOLISTIC75, "body", "hands", "is given body alone; type other joints in encoder.members"),
    ],
)
def test_a_member_without_a_joint_to_read_is_refused(
    layout: Layout, given: Any, joints: Any, said: str
) -> None:
    prepare = Prepare(PrepareConfig(joints=given), layout)
    with pytest.raises(LayoutError, match=said) as caught:
        ensemble_of(MemberConfig(), MemberConfig(joints=joints), prepare=prepare)
    assert f"joints={joints}" in str(caught.value)
    assert "\n" not in str(caught.value)
