"""Clips whose landmarks are byte-identical: across splits, under several signs, and otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted


def find(case: Case) -> Iterator[Finding]:
    """One finding each; a group of identical clips is in the gravest that applies to it."""
    there = np.flatnonzero(~case.nothing)
    content = case.clips.content()[there]
    _, group, size = np.unique(content, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    order = order[size[group[order]] > 1]
    if not len(order):
        return
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    groups = [there[part] for part in np.split(order, bounds)]
    splits = [set(case.facts.split[g].tolist()) for g in groups]
    signs = [len(set(case.facts.sign[g].tolist()) - {""}) for g in groups]
    across = [g for g, names in zip(groups, splits, strict=True) if len(names) > 1]
    differ = [g for g, number in zip(groups, signs, strict=True) if number > 1]
    same = [g for g, a, b in zip(groups, splits, signs, strict=True) if len(a) == 1 and b <= 1]
    both = sum(len(a) > 1 and b > 1 for a, b in zip(splits, signs, strict=True))
    if across:
        yield Finding(
            "duplicates_across",
            "warning",
            f"{counted(len(across), 'group')} of byte-identical clips in several splits, "
            f"{both:,} of them under several signs",
            "What is asked was trained on, so figures on val are too good; under another sign it "
            "can only be found wrongly.",
            "Leave them out of training. (Test is sealed: its clips are not compared here.)",
            f"raysign train data.store={case.store} data.duplicates=drop",
            _ids(case, across),
        )
    if differ:
        yield Finding(
            "duplicates_signs",
            "warning",
            f"{counted(len(differ), 'group')} of byte-identical clips under several signs "
            f"({_pairs(case, differ)})",
            "At most one of the signs is right; the loss pulls the clip to both.",
            "Keep the right one of each; where two glosses mean one sign, give them one name.",
            clip_ids=_ids(case, differ),
        )
    if same:
        yield Finding(
            "duplicates_within",
            "note",
            f"{counted(len(same), 'group')} of byte-identical clips of one sign in one split",
            "They weigh more than others, and count as found when they find each other.",
            "Keep one of each group.",
            clip_ids=_ids(case, same),
        )


def _ids(case: Case, groups: list[np.ndarray]) -> tuple[str, ...]:
    return tuple(case.facts.clip_id[np.concatenate(groups)].tolist())


def _pairs(case: Case, groups: list[np.ndarray]) -> str:
    shown = ["/".join(dict.fromkeys(case.facts.sign[g].tolist())) for g in groups[:4]]
    return ", ".join(shown) + (", …" if len(groups) > 4 else "")
