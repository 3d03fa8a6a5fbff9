"""Trained models that become one: whether they fit together, and what comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from raysign.config import EnsembleConfig, TrainConfig, resolve
from raysign.config.data import KEPT_IN
from raysign.engine.loop import NOWHERE
from raysign.errors import BundleError
from raysign.trees import leaves

if TYPE_CHECKING:
    from torch import Tensor

    from raysign.bundle import Bundle


@dataclass(frozen=True, eq=False)
class Member:
    """A trained model among those that become one."""

    name: str
    """What people call it; the card names it so."""
    bundle: Bundle
    weight: float = 1.0
    """Of its cosines in the ensemble's."""

    @property
    def clips(self) -> str:
        """The fingerprint of the clips that it learned from and was chosen by.

        ``BundleError`` where its card does not tell.
        """
        data = self.bundle.card.get("data")
        known = data.get("fingerprint") if isinstance(data, Mapping) else None
        if not known:
            raise BundleError(
                f"model {self.name!r} does not tell which clips it learned from, so that val may "
                "be among them; give one that `raysign train` or `raysign sweep` wrote"
            )
        return str(known)


def check_members(members: Sequence[Member], *, soup: bool) -> None:
    """Refuse models that do not fit together, before anything is read.

    They agree in how clips are prepared (an ensemble's may differ in ``prepare.joints``), in who
    trained and who asked, in ``evaluate.mirror`` and ``evaluate.rerank``; those of a soup also in
    the encoder.

    Raises:
        BundleError: names the models, and the first setting in which they differ.
    """
    if len(members) < 2:
        raise BundleError(f"one model is made of two or more, got {len(members)}; give another one")
    first = members[0]
    for number, member in enumerate(members):
        _refuse_unusable(member)
        for other in members[:number]:
            _refuse_the_same(other, member)
        for path, (ours, theirs) in _differences(_shared(first, soup), _shared(member, soup)):
            raise BundleError(
                f"models that become one must agree in {path}: {first.name!r} has {ours}, "
                f"{member.name!r} has {theirs}; leave one out, or train it again with the other's"
            )
        if isinstance(member.bundle.config.encoder, EnsembleConfig) and not soup:
            raise BundleError(
                f"model {member.name!r} is an ensemble already, and cannot be a member of another; "
                "give the models that it was made of"
            )
        rerank = member.bundle.config.evaluate.rerank
        if not soup and "dtw" in rerank.stages.split("+") and rerank.dtw.on == "frames":
            raise BundleError(
                f"model {member.name!r} was trained with evaluate.rerank.dtw.on=frames, which an "
                "ensemble does not have; train its members with evaluate.rerank.dtw.on=landmarks"
            )
        if soup and any(name.endswith("running_mean") for name in member.bundle.weights):
            raise BundleError(
                f"model {member.name!r} has batch norm, whose statistics are those of its own "
                "weights, not of a mean of several; make an ensemble of them instead"
            )
        if member.bundle.config.loss.kind == "masked":
            raise BundleError(
                f"model {member.name!r} tells hidden joints (loss.kind=masked), which several "
                "together cannot; train it on with signs first (start_from)"
            )
        if member.clips != first.clips:
            raise BundleError(
                f"{member.name!r} learned from other clips (data {member.clips}) than "
                f"{first.name!r} (data {first.clips}), so that its val is not the other's; give "
                "models that were trained on the same store and splits"
            )


def ensemble_of(members: Sequence[Member]) -> tuple[TrainConfig, dict[str, Tensor]]:
    """The config and the weights of all members side by side, fused late.

    It prepares the joints of all members, of which each reads those that it was trained on.
    Where their settings of training differ, the config has the first member's. ``ConfigError``
    where there are more than an ensemble holds.
    """
    first = members[0].bundle.config
    read = [member.bundle.config.prepare.joints for member in members]
    given = read[0] if len(set(read)) == 1 else "all" if "all" in read else "signing"
    encoder = {
        "kind": "ensemble",
        "members": [
            {
                "joints": "all" if joints == given else joints,
                "weight": member.weight,
                "encoder": member.bundle.config.encoder.model_dump(),
            }
            for member, joints in zip(members, read, strict=True)
        ],
    }
    prepare = first.prepare.model_dump() | {"joints": given}
    config = resolve(TrainConfig, first.model_dump() | {"prepare": prepare, "encoder": encoder})
    weights = {
        f"members.{number}.{name}": tensor.float() if tensor.is_floating_point() else tensor
        for number, member in enumerate(members)
        for name, tensor in member.bundle.weights.items()
    }
    return config, weights


def soup_of(members: Sequence[Member]) -> tuple[TrainConfig, dict[str, Tensor]]:
    """The first member's config, and the plain mean of all members' weights.

    The uniform soup of Wortsman et al. (2022, "Model soups", section 2): for models that were
    trained on from the same weights. The mean of models that began apart finds nothing.
    """
    mean: dict[str, Tensor] = {}
    for name, tensor in members[0].bundle.weights.items():
        every = torch.stack([member.bundle.weights[name].double() for member in members])
        mean[name] = every.mean(dim=0).float() if tensor.is_floating_point() else tensor
    return members[0].bundle.config, mean


def made_of(members: Sequence[Member], *, soup: bool) -> dict[str, Any]:
    """What a card tells of the models behind one: names, figures, and in what they differ."""
    trees = [_own_settings(member.bundle.config) for member in members]
    each = {path: [tree.get(path) for tree in trees] for path in sorted(set().union(*trees))}
    return {
        "how": "soup" if soup else "ensemble",
        "members": [_told(member, soup) for member in members],
        "differ": {path: had for path, had in each.items() if any(v != had[0] for v in had)},
    }


def _told(member: Member, soup: bool) -> dict[str, Any]:
    bundle = member.bundle
    return {
        "name": member.name,
        **({} if soup else {"weight": member.weight}),
        "joints": bundle.config.prepare.joints,
        "encoder": bundle.config.encoder.kind,
        "seed": bundle.config.seed,
        **{name: bundle.card.get(name) for name in ("epoch", "began with")},
        "weights_sha256": bundle.weights_sha256,
        **{name: value for name, value in bundle.metrics.items() if math.isfinite(value)},
    }


def _shared(member: Member, soup: bool) -> dict[str, Any]:
    """The settings in which the members have to agree."""
    config = member.bundle.config
    data = {"store", "synthetic", *KEPT_IN}  # other clips are told by their fingerprint
    if config.data.splits == "own":
        data |= {"val_fraction", "split_seed"}  # not read
    tree = {
        "layout": member.bundle.layout,
        "prepare": config.prepare.model_dump(mode="json", exclude=None if soup else {"joints"}),
        "data": config.data.model_dump(mode="json", exclude=data),
        "evaluate": config.evaluate.model_dump(mode="json", include={"mirror", "rerank"}),
        "encoder": config.encoder.model_dump(mode="json") if soup else {},
    }
    return dict(leaves(tree))


def _own_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings of a training that may differ, and that no column of their own tells."""
    elsewhere = {*NOWHERE, "data", "encoder", "prepare", "seed"}
    return dict(leaves(config.model_dump(mode="json", exclude=elsewhere)))


def _differences(
    ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> list[tuple[str, tuple[Any, Any]]]:
    both = {path: (ours.get(path), theirs.get(path)) for path in {**ours, **theirs}}
    return [(path, pair) for path, pair in both.items() if pair[0] != pair[1]]


def _refuse_unusable(member: Member) -> None:
    try:
        member.bundle.embedder()
    except BundleError as error:
        raise BundleError(f"model {member.name!r}: {error}") from None


def _refuse_the_same(one: Member, other: Member) -> None:
    sums = one.bundle.weights_sha256, other.bundle.weights_sha256
    if sums[0] and sums[0] == sums[1]:
        raise BundleError(
            f"{one.name!r} and {other.name!r} are the same model (their weights' sha256 is equal); "
            "give each once"
        )
