"""Several trained models → one bundle, measured on val as a training run is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from raysign.batches import TrainingClips
from raysign.bundle import Bundle, check_free, commit, save_bundle
from raysign.engine import choose_device, measure
from raysign.errors import BundleError
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.train.bundling import protocol_card
from raysign.train.figures import figure
from raysign.train.material import Say
from raysign.train.members import Member, check_members, ensemble_of, made_of, soup_of
from raysign.train.reading import prepared, read_split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from raysign.batches import Prepared


@dataclass(frozen=True)
class Fused:
    """What was made of several models."""

    bundle: Path
    metrics: dict[str, float]
    """``val/…``, with intervals and counts."""
    protocol: str
    """What they were measured on."""
    parameters: int
    """Numbers in its weights."""


def fuse(
    members: Sequence[Member], store: str, out: str | Path, *, say: Say, soup: bool = False
) -> Fused:
    """Make one bundle of several trained models; nothing is trained.

    Args:
        members: the models, in the order of their embeddings.
        store: where the clips lie that they learned from; it is measured on their val.
        out: the bundle's folder, which must be new.
        say: prints a line of progress.
        soup: one encoder with the mean of their weights, instead of all of them side by side.

    Raises:
        BundleError: the models do not fit together, the store holds other clips than those that
            they learned from, or the folder is taken.
        ConfigError: there are more models than an ensemble holds.
        StoreError, SplitError, DataError: the clips cannot be read.
    """
    check_free(out)
    check_members(members, soup=soup)
    config, weights = soup_of(members) if soup else ensemble_of(members)
    config = config.model_copy(update={"data": config.data.at(store)})
    prepare = Prepare(config.prepare, layout_named(members[0].bundle.layout))
    bundle = Bundle(prepare.layout.name, config, prepare.fingerprint, weights)

    split = read_split(config, say)
    if split.train.layout != bundle.layout:
        raise BundleError(
            f"the models read layout {bundle.layout!r}, {store!r} has {split.train.layout!r}; "
            "give --data the store that they were trained on"
        )
    clips = prepared(split, config.prepare)
    if clips.fingerprint != members[0].clips:
        raise BundleError(
            f"{store!r} holds other clips (data {clips.fingerprint}) than those that the models "
            f"learned from (data {members[0].clips}); give --data the store that they were "
            "trained on"
        )
    for member in members:
        say(f"{member.name}: {in_words(member.bundle.metrics)}")
    metrics = _measured(bundle, clips)
    _warn_below_best(members, metrics, soup, say)
    card = protocol_card(config, clips, metrics)
    card |= {"commit": commit(), "made_of": made_of(members, soup=soup)}
    licences = dict.fromkeys(str(member.bundle.card.get("licence") or "") for member in members)
    if "" not in licences:
        card["licence"] = "; ".join(licences)
    made = replace(bundle, metrics=metrics, card=card, signs=_signs(members))
    folder = save_bundle(made, out)
    parameters = sum(tensor.numel() for tensor in weights.values())
    return Fused(folder, metrics, str(card["protocol"]), parameters)


def _signs(members: Sequence[Member]) -> tuple[str, ...] | None:
    """The glosses that any member was trained on; None where it is not known of all."""
    each = [member.bundle.signs for member in members]
    known = [set(signs) for signs in each if signs is not None]
    return tuple(sorted(set().union(*known))) if len(known) == len(each) else None


def in_words(metrics: Mapping[str, float]) -> str:
    """A model's val mAP and R@1 with their intervals, for people."""
    told = {f"val/{name}{end}" for name in ("map", "recall_at_1") for end in ("", "_low", "_high")}
    if not told <= metrics.keys():
        return "not measured"
    return f"val mAP {figure(metrics, 'val/map')}, R@1 {figure(metrics, 'val/recall_at_1')}"


def _measured(bundle: Bundle, clips: TrainingClips) -> dict[str, float]:
    """Its figures on val, by the names of a run's."""
    embedder = bundle.embedder()
    embedder.encoder.to(choose_device("auto"))

    def embed(part: Prepared, mirrored: bool) -> Tensor:
        return embedder.embed_prepared(part.sequences, mirrored)

    return measure(clips, embed, embedder, bundle.config.evaluate).metrics()


def _warn_below_best(
    members: Sequence[Member], metrics: Mapping[str, float], soup: bool, say: Say
) -> None:
    """Say so where one of the models alone is as good."""
    best = max(members, key=lambda member: member.bundle.metrics.get("val/map", -1.0))
    floor = best.bundle.metrics.get("val/map", -1.0)
    if metrics["val/map"] > floor:
        return
    why = "; weights can only be averaged that were trained on from the same ones" if soup else ""
    say(f"note: val mAP {metrics['val/map']:.3f} is not above the {floor:.3f} of {best.name}{why}")
