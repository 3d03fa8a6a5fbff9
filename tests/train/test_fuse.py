"""Several bundles made one: what comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from raysign.batches import TrainingClips
from raysign.bundle import Bundle, load_bundle, ship
from raysign.engine import Training
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.splits import Split
from raysign.train import Member, fuse

Make = Callable[..., Member]


def fused(members: Sequence[Member], out: Path, *, soup: bool = False) -> tuple[Bundle, list[str]]:
    said: list[str] = []
    done = fuse(members, "synthetic", out, say=said.append, soup=soup)
    bundle = load_bundle(done.bundle)
    assert bundle.metrics == pytest.approx(done.metrics, nan_ok=True)
    assert done.parameters == sum(tensor.numel() for tensor in bundle.weights.values())
    return bundle, said


def test_members_of_different_joints_keep_their_embeddings(
    make: Make, world: Split, tmp_path: Path
) -> None:
    joints = {"whole": "signing", "hands": "hands", "body": "body"}
    members = [
        make(name, seed=seed, weight=1 + seed, prepare__joints=read)
        for seed, (name, read) in enumerate(joints.items())
    ]
    bundle, _ = fused(members, tmp_path / "one")
    assert bundle.config.prepare.joints == "signing"
    assert [m.joints for m in bundle.config.encoder.members] == ["all", "hands", "body"]
    clips = world.queries
    got = bundle.embedder().embed(clips).split(8, dim=1)
    for part, member in zip(got, members, strict=True):
        expected = member.bundle.embedder().embed(clips) * (member.weight / 6) ** 0.5
        torch.testing.assert_close(part, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("read", "given", "each"),
    [
        (("hands", "hands"), "hands", ["all", "all"]),
        (("hands", "body"), "signing", ["hands", "body"]),
        (("all", "signing", "body"), "all", ["all", "signing", "body"]),
    ],
)
def test_the_joints_of_all_members_are_prepared(
    read: tuple[str, ...], given: str, each: list[str], make: Make, tmp_path: Path
) -> None:
    members = [make(f"{n}", seed=n, prepare__joints=joints) for n, joints in enumerate(read)]
    bundle, _ = fused(members, tmp_path / "one")
    assert bundle.config.prepare.joints == given
    assert [member.joints for member in bundle.config.encoder.members] == each


def test_it_is_measured_as_a_training_is(make: Make, world: Split, tmp_path: Path) -> None:
    """Mirror images and all; the ensemble's config is one that can be trained, too."""
    members = [make("a", evaluate__mirror="both"), make("b", seed=1, evaluate__mirror="both")]
    bundle, said = fused(members, tmp_path / "one")
    prepare = Prepare(bundle.config.prepare, layout_named("holistic75"))
    training = Training(bundle.config, TrainingClips.prepare(world, prepare))
    training.encoder.load_state_dict(bundle.weights)
    expected = {
        f"val/{name}": value for name, value in training.measure().ranking.as_json().items()
    }
    assert bundle.metrics == pytest.approx(expected, abs=1e-6)
    assert "all clips with their mirror images" in bundle.card["protocol"]
    assert said[:2] == [f"{name}: val mAP .010 [.000–.100], R@1 .010 [.000–.100]" for name in "ab"]


def test_a_soup_has_the_mean_of_the_weights_and_the_size_of_one(make: Make, tmp_path: Path) -> None:
    members = [make("a"), make("b", seed=1), make("c", seed=2)]
    bundle, _ = fused(members, tmp_path / "soup", soup=True)
    assert bundle.config.encoder == members[0].bundle.config.encoder
    assert bundle.weights.keys() == members[0].bundle.weights.keys()
    for name, tensor in bundle.weights.items():
        every = [member.bundle.weights[name] for member in members]
        torch.testing.assert_close(tensor, sum(every) / 3)


def test_the_mean_of_one_model_rounded_to_float16_is_that_model(make: Make, tmp_path: Path) -> None:
    one = make("a")
    half = {name: tensor.half() for name, tensor in one.bundle.weights.items()}
    rounded = make("b", more={"weights": half})
    bundle, _ = fused([one, rounded], tmp_path / "soup", soup=True)
    for name, tensor in bundle.weights.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, one.bundle.weights[name], rtol=1e-3, atol=1e-6)


def test_the_card_tells_what_it_was_made_of(make: Make, tmp_path: Path) -> None:
    unanswered = make("a").bundle.metrics | {"val/mrr": math.nan}
    members = [
        make("a", more={"metrics": unanswered}, optim__lr=2e-3),
        make("b", seed=4, weight=0.5, prepare__joints="hands", loss__kind="arcface"),
    ]
    bundle, _ = fused(members, tmp_path / "one")
    made = bundle.card["made_of"]
    facts = ("name", "weight", "joints", "seed", "epoch", "val/map_high")
    assert [[told[fact] for fact in facts] for told in made["members"]] == [
        ["a", 1.0, "signing", 0, 3, 0.1],
        ["b", 0.5, "hands", 4, 3, 0.1],
    ]
    assert made["differ"]["optim.lr"] == [2e-3, 1e-3]
    assert made["differ"]["loss.kind"] == ["supcon", "arcface"]
    assert not {"seed", "prepare.joints", "data.store", "optim.epochs"} & set(made["differ"])
    page = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    assert "| b | 0.5 | hands | transformer | 4 | 3 | 0.01 (0 – 0.1) |" in page


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (("book", "tea"), ("book", "cup"), ("book", "cup", "tea")),
        (("book",), None, None),
    ],
)
def test_it_knows_the_signs_of_all_or_of_none(
    one: tuple[str, ...],
    other: tuple[str, ...] | None,
    both: tuple[str, ...] | None,
    make: Make,
    tmp_path: Path,
) -> None:
    members = [make("a", more={"signs": one}), make("b", seed=1, more={"signs": other})]
    assert fused(members, tmp_path / "one")[0].signs == both


def test_it_ships(
    make: Make, world: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.bundle.shipped.SHIPPED", tmp_path / "shipped")
    members = [make("a"), make("b", seed=1)]
    licensed = [
        replace(m, bundle=replace(m.bundle, card={**m.bundle.card, "licence": f"terms {n}"}))
        for n, m in enumerate(members)
    ]
    plain, _ = fused([members[0], licensed[1]], tmp_path / "one")
    assert "licence" not in plain.card, "whose terms are unknown for one are unknown for all"
    bundle, _ = fused(licensed, tmp_path / "both")
    assert bundle.card["licence"] == "terms 0; terms 1"
    shipped = load_bundle(ship(bundle))
    assert shipped.card["made_of"] == bundle.card["made_of"]
    clips = world.queries
    got, expected = (each.embedder().embed(clips) for each in (shipped, bundle))
    torch.testing.assert_close(got, expected, rtol=0, atol=2e-2)


def test_a_model_that_is_as_good_alone_is_named(make: Make, tmp_path: Path) -> None:
    perfect = make("a").bundle.metrics | {"val/map": 1.0}
    members = [make("a", more={"metrics": {}}), make("best", seed=1, more={"metrics": perfect})]
    _, said = fused(members, tmp_path / "one")
    assert said[0] == "a: not measured"
    assert said[-1].startswith("note: val mAP ")
    assert said[-1].endswith("is not above the 1.000 of best")
    _, said = fused(members, tmp_path / "soup", soup=True)
    assert said[-1].endswith("only be averaged that were trained on from the same ones")
