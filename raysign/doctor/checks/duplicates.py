"""Clips that are the same: by landmarks, and with the sealed test split by their videos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from shlex import quote

import numpy as np

from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted


def find(case: Case) -> Iterator[Finding]:
    """What training may have seen of test; then byte-identical clips of the other splits."""
    yield from _with_test(case)
    yield from _identical(case)


def _with_test(case: Case) -> Iterator[Finding]:
    """Extraction gives the same video and span the same landmarks, so none has to be read."""
    facts = zip(case.labels.clip_id.tolist(), case.labels.split.tolist(), strict=True)
    split_of = dict(facts)
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in case.outcomes or ():
        if row.sha256 and row.clip_id in split_of:
            alike[row.sha256, row.span].append(row.clip_id)
    splits = {video: {split_of[name] for name in names} for video, names in alike.items()}
    leaked = [video for video, names in splits.items() if "test" in names and len(names) > 1]
    if leaked:
        others = sorted(set().union(*(splits[video] for video in leaked)) - {"test"})
        asked = {n for video in leaked for n in alike[video] if split_of[n] == "test"}
        yield Finding(
            "duplicates_test",
            "warning",
            f"{counted(len(asked), 'clip', int((case.labels.split == 'test').sum()))} of test "
            f"made of a video that is also in {' and '.join(o or 'no split' for o in others)}, "
            "byte for byte",
            "What is asked was trained or chosen on, so figures on test are too good.",
            "Delete these clips from all splits but one in the manifest, then update the store.",
            case.update("--prune"),
            tuple(name for video in leaked for name in alike[video]),
        )


def _identical(case: Case) -> Iterator[Finding]:
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
            "Leave them out of training. (Test's landmarks are sealed, and not compared.)",
            f"raysign train data.store={quote(case.store)} data.duplicates=drop",
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
