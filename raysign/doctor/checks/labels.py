"""What labels alone tell; the sealed test split's are counted too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from shlex import quote
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raysign.clip import SPLITS
from raysign.config import DataConfig
from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded, percent, worst_first
from raysign.errors import SplitError
from raysign.splits import split_clips
from raysign.store import Facts


def find(case: Case) -> Iterator[Finding]:
    """Signs and signers: too few, too alone, in the wrong split, unknown."""
    labels = case.labels
    yield from _unknown(case)
    yield from _splits(case)
    yield from _few(case)
    yield from _one_signer(labels)
    yield from _never_trained(labels)
    yield from _shared(case)


def _unknown(case: Case) -> Iterator[Finding]:
    labels = case.labels
    for name, severity, why, todo in (
        ("sign", "warning", "Training and measuring leave them out.", "Label them, or drop them."),
        (
            "signer",
            "note",
            "Nobody can say whether a figure holds for people who were not trained on.",
            "Fill in `signer` in the manifest if you know who signs, then update the store."
            if case.settings is not None
            else "Write `signer` into the store if the dataset knows it.",
        ),
    ):
        unknown = np.asarray(getattr(labels, name) == "")
        if unknown.any():
            yield Finding(
                f"{name}_unknown",
                "warning" if severity == "warning" else "note",
                f"{counted(int(unknown.sum()), 'clip', len(unknown))} without a {name}",
                why,
                todo,
                case.update() if name == "signer" else "",
                _named(labels, unknown),
            )


def _splits(case: Case) -> Iterator[Finding]:
    """Whether training would take the store as it is, by its labels."""
    if case.split is not None or not (refused := _refused(case, "own")):
        return
    lacking = [name for name in ("train", "val") if not (case.labels.split == name).any()]
    check = "split_missing" if lacking else "untrainable"
    found = f"no clip is in {' or '.join(lacking)}" if lacking else refused
    if not _refused(case, "signer_disjoint"):
        yield Finding(
            check,
            "warning",
            found,
            "Training as the dataset splits itself has nobody to learn from, or to ask.",
            "Hold out signers instead.",
            f"raysign train data.store={quote(case.store)} data.splits=signer_disjoint",
        )
        return
    signers = len(set(case.facts.signer[case.facts.sign != ""].tolist()) - {""})
    known = "no signer is known" if not signers else f"{counted(signers, 'signer')} can be held out"
    yield Finding(
        check,
        "error",
        f"{found}, and {known}: nothing can be trained on this store",
        "Training learns from some clips and is asked about others: it needs labelled clips in "
        "train and in val, or several signers of whom it can hold some out.",
        "Fill in `signer` or `split` in the manifest, then update the store: no video is extracted "
        "again for that."
        if case.settings is not None
        else "Write `signer`, or `split` (train, val), into the store.",
        case.update(),
    )


def _refused(case: Case, splits: Literal["own", "signer_disjoint"]) -> str:
    """Why training with those splits would refuse the clips, by their labels; '' where not."""
    labels = replace(
        case.clips, xyz=case.clips.xyz[:0], offsets=case.clips.offsets * 0, _content=[]
    )
    try:
        split_clips(labels, DataConfig(splits=splits))
    except SplitError as error:
        return str(error).partition(";")[0]
    return ""


def _few(case: Case) -> Iterator[Finding]:
    labels = case.labels
    among, where = labels.split == "train", " in train"
    if case.split is None and not among.any():
        among, where = np.ones(len(labels), dtype=np.bool_), ""
    signs, counts = _counts(labels, among)
    few = (counts > 0) & (counts < at.FEW_CLIPS)
    if few.any():
        which = np.isin(labels.sign, signs[few]) & among
        yield Finding(
            "few_clips",
            graded(few.sum() / max((counts > 0).sum(), 1), warning=at.FEW_CLIPS_WARNING),
            f"{counted(int(few.sum()), 'sign', int((counts > 0).sum()))} with fewer than "
            f"{at.FEW_CLIPS} clips{where} ({_shown(signs[few])})",
            "A sign's clips teach by being compared with one another; one or two say nearly "
            "nothing.",
            "Add clips of them, or expect to find these signs by their look-alikes only.",
            clip_ids=_named(labels, which),
        )


def _one_signer(labels: Facts) -> Iterator[Finding]:
    known = (labels.signer != "") & (labels.sign != "")
    if not known.any() or len(np.unique(labels.signer[known])) < 2:
        if known.any():
            yield Finding(
                "one_signer",
                "warning",
                f"one signer signs everything ({labels.signer[known][0]})",
                "The encoder learns this person; nothing here can tell how it does on others.",
                "Add other signers before you trust a figure.",
                clip_ids=_named(labels, known),
            )
        return
    signs, counts = _counts(labels, known)
    pairs = np.unique(np.stack([labels.sign[known], labels.signer[known]]), axis=1)
    signers = np.bincount(np.searchsorted(signs, pairs[0]), minlength=len(signs))
    alone = (signers == 1) & (counts > 1)
    if alone.any():
        several = int((counts > 1).sum())
        yield Finding(
            "one_signer",
            graded(alone.sum() / several, warning=at.ONE_SIGNER_WARNING),
            f"{counted(int(alone.sum()), 'sign', several)} with several clips, all of one signer "
            f"({_shown(signs[alone])})",
            "The encoder may know such a sign by the person who makes it.",
            "Add clips of other signers.",
            clip_ids=_named(labels, known & np.isin(labels.sign, signs[alone])),
        )


def _never_trained(labels: Facts) -> Iterator[Finding]:
    train = np.unique(labels.sign[labels.split == "train"])
    if not len(train):
        return
    for name in ("val", "test"):
        foreign = (labels.split == name) & (labels.sign != "") & ~np.isin(labels.sign, train)
        if foreign.any():
            signs = np.unique(labels.sign[foreign])
            yield Finding(
                f"{name}_signs_untrained",
                "note",
                f"{counted(len(signs), 'sign')} of {name} without a clip in train "
                f"({_shown(signs)}; {counted(int(foreign.sum()), 'clip')})",
                "Queried against train, such a clip has nothing to find and counts as a miss "
                "or not at all.",
                "Move a clip of each into train, or leave them out of the measure.",
                clip_ids=_named(labels, foreign),
            )


def _shared(case: Case) -> Iterator[Finding]:
    labels = case.labels
    who = {
        name: np.unique(labels.signer[(labels.split == name) & (labels.signer != "")])
        for name in SPLITS
    }
    shared = {
        (a, b): both for a, b in combinations(who, 2) if len(both := np.intersect1d(who[a], who[b]))
    }
    if not shared:
        return
    told = "; ".join(
        f"{len(both):,} of {len(who[b]):,} signers of {b} also sign in {a}"
        for (a, b), both in shared.items()
    )
    everyone = np.unique(np.concatenate(list(shared.values())))
    share = len(everyone) / len(np.unique(labels.signer[labels.signer != ""]))
    yield Finding(
        "signers_shared",
        "note",
        f"splits share signers: {told} ({percent(share)} of all known signers)",
        "Figures on val then say how well known people are found, not new ones.",
        "Say so beside the figure, or hold out signers.",
        f"raysign train data.store={quote(case.store)} data.splits=signer_disjoint",
    )


def _counts(labels: Facts, which: NDArray[np.bool_]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Every known sign, and how many of those clips it has."""
    signs = np.unique(labels.sign[labels.sign != ""])
    of = np.searchsorted(signs, labels.sign[which & (labels.sign != "")])
    return signs, np.bincount(of, minlength=len(signs))


def _named(labels: Facts, which: NDArray[np.bool_]) -> tuple[str, ...]:
    return worst_first(labels.clip_id, which, np.zeros(len(which)))


def _shown(names: NDArray[np.str_], at_most: int = 5) -> str:
    return ", ".join(names[:at_most].tolist()) + (", …" if len(names) > at_most else "")
