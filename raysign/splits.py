"""Who learns from whom: clips → what trains, who asks, and what is searched.

Definitions, with ``clips`` whatever was read (never the sealed test split):

* ``own``: the dataset's train split trains and is the gallery; its val split asks.
* ``signer_disjoint``: a share of the signers is held out at random, whatever split their clips are
  in. Their clips ask; the clips of the others train and are the gallery.
* ``sign_disjoint``: a share of the signs that have train and val clips is held out at random. Their
  val clips ask, their train clips are the gallery; the train clips of all other signs train.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from raysign.clip import Known
from raysign.errors import SplitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from raysign.config import DataConfig, KeywordDataConfig


C = TypeVar("C", bound=Known)
"""``Clips``, or what is known of clips that are not read."""


@dataclass(frozen=True, eq=False)
class Split(Generic[C]):
    """What trains, who asks, what is searched; ``notes`` are lines for the user.

    ``gallery`` is the same object as ``train`` unless the split is sign-disjoint. A query may be
    without a positive (another clip of its sign) in the gallery; at least one has one.
    ``unlabelled`` are clips without a sign, for a loss that needs none; None where there are none.
    """

    train: C
    queries: C
    gallery: C
    notes: tuple[str, ...] = ()
    unlabelled: C | None = None


@dataclass(frozen=True)
class DuplicateReport:
    """Clips whose landmarks are byte-identical, counted.

    A pair is a query and an identical clip of train or gallery; a group is all clips of the split
    that are identical to one another, two or more.
    """

    pairs: int
    """Pairs across."""
    pairs_other_sign: int
    """Those of them whose two clips have different signs: at most one of the two can be right."""
    queries: int
    """Queries with a pair."""
    train_clips: int
    """Train and gallery clips with a pair: what `data.duplicates=drop` leaves out."""
    groups: int
    """Groups in the whole split."""
    grouped_clips: int
    """Clips in groups."""
    groups_other_sign: int
    """Groups that hold several signs."""
    groups_across: int
    """Groups that hold a query and a train or gallery clip."""

    def notes(self) -> tuple[str, ...]:
        """The report as lines for the user; none where there is no duplicate."""
        if not self.groups:
            return ()
        within = (
            f"{self.grouped_clips} clips are byte-identical to another ({self.groups} groups, "
            f"{self.groups_other_sign} of them under several signs)"
        )
        across = (
            f"{self.queries} queries are byte-identical to a train or gallery clip "
            f"({self.pairs} pairs, {self.pairs_other_sign} of them under different signs)"
        )
        return (within, across) if self.pairs else (within,)


def split_clips(clips: C, config: DataConfig, *, unlabelled: bool = False) -> Split[C]:
    """Split clips as ``config.splits`` says, with ``config.split_seed``; see the module.

    Clips without a sign are left out, and so are clips without a signer in ``signer_disjoint``; the
    notes count them, the queries without a positive, and the duplicates. With
    ``config.duplicates == "drop"`` the train and gallery clips that are identical to a query go.

    With ``unlabelled``, clips without a sign are kept apart: in ``own`` those that are not val's,
    in ``signer_disjoint`` those of a known signer who trains. In ``sign_disjoint`` they go all the
    same, as each may be of a sign that is held out.

    Raises:
        SplitError: a part would be empty, or no query has a positive in the gallery.
    """
    clips.content()  # once, on all: the parts inherit it
    labelled = clips.sign != ""
    nameless = np.zeros_like(labelled)
    notes: list[str] = []
    rng = np.random.default_rng(config.split_seed)
    if config.splits == "own":
        train, queries = (labelled & (clips.split == name) for name in ("train", "val"))
        gallery = train
        nameless = ~labelled & (clips.split != "val")
    elif config.splits == "signer_disjoint":
        known = clips.signer != ""
        if (labelled & ~known).any():
            notes.append(f"{(labelled & ~known).sum()} clips without a signer are left out")
        held = held_out(clips.signer[labelled & known], "signers", config, rng)
        queries = labelled & np.isin(clips.signer, held)
        train = gallery = labelled & known & ~queries
        nameless = ~labelled & known & ~np.isin(clips.signer, held)
        notes.append(f"signers held out: {len(held)}; none of them signs in train")
    else:
        ours, asked = (labelled & (clips.split == name) for name in ("train", "val"))
        both = np.intersect1d(clips.sign[ours], clips.sign[asked])
        held = held_out(both, "signs with train and val clips", config, rng)
        unseen = np.isin(clips.sign, held)
        train, queries, gallery = ours & ~unseen, asked & unseen, ours & unseen
        notes.append(f"{len(held)} signs are held out; none of them is trained on")
    nameless &= unlabelled
    notes[:0] = _without_a_sign(int((~labelled).sum()), int(nameless.sum()))
    masks = {"train": train, "val (queries)": queries, "gallery": gallery}
    for name, mask in masks.items():
        if not mask.any():
            raise SplitError(
                f"data.splits={config.splits} leaves {name} without labelled clips; "
                f"the {len(clips)} clips read are {_by_split(clips)}; {label_them(config.store)}"
            )
    split = _select(clips, train, queries, gallery)
    report = duplicates(split)
    copied = nameless & np.isin(clips.content(), split.queries.content())
    notes.extend(report.notes())
    if config.duplicates == "drop" and report.train_clips:
        foreign = ~np.isin(clips.content(), split.queries.content())
        for name, mask in {"train": train, "gallery": gallery}.items():
            if not (mask & foreign).any():
                raise SplitError(
                    f"data.duplicates=drop leaves {name} without clips: all {mask.sum()} are "
                    "byte-identical to a query; type data.duplicates=keep, or give other clips"
                )
        split = _select(clips, train & foreign, queries, gallery & foreign)
        notes.append(f"those {report.train_clips} train or gallery clips are dropped")
    elif report.pairs:
        notes.append("`data.duplicates=drop` leaves those train or gallery clips out")
    if config.duplicates == "drop" and copied.any():
        nameless &= ~copied
        notes.append(f"{copied.sum()} clips without a sign equal a query, and are dropped")
    elif copied.any():
        notes.append(
            f"{copied.sum()} clips without a sign equal a query, and train as well; "
            "type data.duplicates=drop to leave them out"
        )
    notes.extend(_positives(split))
    more = clips.select(nameless) if nameless.any() else None
    return Split(split.train, split.queries, split.gallery, tuple(notes), more)


def duplicates(split: Split[C]) -> DuplicateReport:
    """Count a split's byte-identical clips, across queries and train or gallery, and within.

    ``gallery`` must be ``train`` itself or have no clip in common with it, as in any
    split that `split_clips` makes.
    """
    parts = [split.train] if split.gallery is split.train else [split.train, split.gallery]
    content = np.concatenate([part.content() for part in (*parts, split.queries)])
    sign = np.concatenate([part.sign for part in (*parts, split.queries)])
    asks = np.arange(len(content)) >= len(content) - len(split.queries)
    _, group, size = np.unique(content, return_inverse=True, return_counts=True)
    queries = np.bincount(group[asks], minlength=len(size))
    others = size - queries
    # The same again with the sign as part of what must be equal.
    _, alike = np.unique(np.stack([group, _codes(sign)]), axis=1, return_inverse=True)
    alike = alike.reshape(-1)
    alike_queries, alike_others = np.bincount(alike[asks]), np.bincount(alike[~asks])
    shared = min(len(alike_queries), len(alike_others))
    pairs = int((queries * others).sum())
    pairs_same_sign = int((alike_queries[:shared] * alike_others[:shared]).sum())
    signs = np.bincount(np.unique(np.stack([group, alike]), axis=1)[0])
    return DuplicateReport(
        pairs=pairs,
        pairs_other_sign=pairs - pairs_same_sign,
        queries=int(queries[others > 0].sum()),
        train_clips=int(others[queries > 0].sum()),
        groups=int((size > 1).sum()),
        grouped_clips=int(size[size > 1].sum()),
        groups_other_sign=int((signs > 1).sum()),
        groups_across=int(((queries > 0) & (others > 0)).sum()),
    )


def _select(
    clips: C, train: NDArray[np.bool_], queries: NDArray[np.bool_], gallery: NDArray[np.bool_]
) -> Split[C]:
    trains = clips.select(train)
    return Split(
        train=trains,
        queries=clips.select(queries),
        gallery=trains if (gallery == train).all() else clips.select(gallery),
    )


def _without_a_sign(there: int, kept: int) -> list[str]:
    notes = [f"{kept} clips without a sign train as well"] if kept else []
    if there - kept:
        notes.append(f"{there - kept} clips without a sign are left out")
    return notes


def held_out(
    names: NDArray[np.str_],
    what: str,
    config: DataConfig | KeywordDataConfig,
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    """A share of the names, drawn at random: at least one, and never all.

    ``SplitError`` where there are fewer than two; ``what`` says in words what they are of.
    """
    unique = np.unique(names)
    if len(unique) < 2:
        instead = label_them(config.store) if what == "signers" else "take data.splits=own"
        raise SplitError(
            f"data.splits={config.splits} needs at least 2 {what}, got {len(unique)}; {instead}"
        )
    count = min(max(round(len(unique) * config.val_fraction), 1), len(unique) - 1)
    return np.sort(rng.permutation(unique)[:count])


def label_them(store: str) -> str:
    """What to type where a store's labels do not do."""
    return (
        "give the clips `sign`, and `split` (train, val) or `signer`: `raysign data manifest "
        f"{quote(store)} --out clips.csv` lists those of an extraction, to be filled in, and "
        "with the settings that it was extracted with after it, "
        f"`raysign extract clips.csv --out {quote(store)} --update` takes them in"
    )


def _positives(split: Split[C]) -> tuple[str, ...]:
    findable = np.isin(split.queries.sign, split.gallery.sign)
    if not findable.any():
        raise SplitError(
            f"a split with no positives: none of the {len(findable)} queries has a clip of its "
            f"sign among the {len(split.gallery)} of the gallery; see data.splits and the signs"
        )
    missing = int((~findable).sum())
    if not missing:
        return ()
    signs = len(np.unique(split.queries.sign[~findable]))
    return (f"{missing} of {len(findable)} queries ({signs} signs) have no positive",)


def _codes(names: NDArray[np.str_]) -> NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _by_split(clips: Known) -> str:
    names, counts = np.unique(clips.split, return_counts=True)
    return ", ".join(
        f"{count} {name or 'in no split'}" for name, count in zip(names, counts, strict=True)
    )


def signer_overlap(queries: Known, others: Known, where: str = "in train") -> str:
    """Whether who asks also signs in the other clips, which ``where`` names, in words."""
    return signers_shared(queries.signer, others.signer, where)


def signers_shared(signer: NDArray[np.str_], others: NDArray[np.str_], where: str) -> str:
    """The same of each clip's signer; '' = unknown."""
    asking = np.unique(signer[signer != ""])
    if not len(asking):
        return "signers unknown"
    shared = np.isin(asking, others).sum()
    unknown = int((signer == "").sum())
    rest = f", {unknown} queries of unknown signers" if unknown else ""
    return f"{shared} of {len(asking)} query signers also sign {where}{rest}"


def signed_by_shared(
    signed_by: Sequence[Sequence[str]], others: Iterable[str], where: str = "in train"
) -> str:
    """The same of sentences, in each of which several may sign."""
    named = [signer for each in signed_by for signer in each if signer]
    unknown = [""] * sum("" in each for each in signed_by)
    return signers_shared(
        np.array([*named, *unknown], np.str_), np.array([*others], np.str_), where
    )
