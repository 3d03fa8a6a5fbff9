"""What a store that is there already spares an extraction that has grown."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from raysign.errors import VideoError
from raysign.manifest import Outcome, is_uri
from raysign.store import iter_clips, written_s
from raysign.store.outcomes import read_outcomes
from raysign.video import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raysign.clip import Clip
    from raysign.pipeline.plan import Plan

Known = dict[int, Outcome]
"""By row number: what became of it last time."""

LABELS = ("sign", "signer", "split", "language", "dataset")


def same_rows(store: str, plan: Plan) -> Known:
    """The rows that the store has an answer to: the same clip_id, path and span, and not failed.

    A local video that was written after the store is looked at again.
    """
    before = {
        (o.clip_id, o.path, o.span): o for o in read_outcomes(store) or [] if o.outcome != "failed"
    }
    made_s = written_s(store)
    found = {}
    for number, row in enumerate(plan.rows):
        outcome = before.get((row.clip_id, row.path, row.span))
        if outcome and number not in plan.repeated and not _changed_since(row.path, made_s):
            found[number] = outcome
    return found


def taken_over(store: str, plan: Plan, known: Known) -> Iterator[tuple[int, Clip | None, Outcome]]:
    """The rows of :func:`same_rows` with their clips, labelled as the manifest has it now."""
    if not known:
        return
    numbers = {outcome.clip_id: number for number, outcome in known.items()}
    for number, outcome in known.items():
        if outcome.outcome != "ok":
            yield number, None, outcome
    for clip in iter_clips(store, open_test=True):
        if clip.clip_id in numbers:
            number = numbers[clip.clip_id]
            labels = {name: getattr(plan.rows[number], name) for name in LABELS}
            yield number, replace(clip, **labels), known[number]


def _changed_since(path: str, made_s: float) -> bool:
    if is_uri(path):
        return False
    try:
        return any(os.stat(file).st_mtime > made_s for file in files_of(path))
    except (OSError, VideoError):
        return True  # its outcome will say so
