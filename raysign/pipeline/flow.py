"""An extraction, from manifest to published store."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.errors import ExtractionError
from raysign.extract import fingerprint, made_with
from raysign.pipeline.known import (
    Known,
    TakenOver,
    check_nothing_goes,
    check_whole,
    same_rows,
)
from raysign.pipeline.parts import Parts
from raysign.pipeline.plan import Plan, counted
from raysign.pipeline.progress import Progress
from raysign.store import Draft, check_same, finished_extraction
from raysign.store.outcomes import read_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from raysign.config import ExtractConfig
    from raysign.extract import Extracted
    from raysign.manifest import Outcome, VideoClip

    Stream = Callable[
        [Iterable[tuple[int, VideoClip]], ExtractConfig], Iterator[tuple[int, Extracted]]
    ]

ROWS_PER_PART = 32
"""What a run that is killed does again at most, for each part in flight."""
SHOWN_REASONS = 3
UPDATE = "give another --out, or --update, which takes over what is the same"


@dataclass(frozen=True)
class Extraction:
    """What an extraction gave."""

    store: str
    ok: int
    skipped: int
    failed: int
    reasons: tuple[tuple[str, int], ...]
    """Why clips are not ok, the most frequent first."""
    extracted: int
    """Clips that this run looked at; the others were finished before."""
    frames: int
    """Frames of those."""
    landmark_seconds: float
    """Time inside MediaPipe, summed over the workers."""
    memory_bytes: int
    """The most that the process of one extractor ever had resident."""
    seconds: float

    @property
    def clips(self) -> int:
        """Rows of the manifest."""
        return self.ok + self.skipped + self.failed


def extract_videos(
    rows: Sequence[VideoClip],
    store: str,
    config: ExtractConfig,
    *,
    stream: Stream,
    say: Callable[[str], None],
    rows_per_part: int = ROWS_PER_PART,
    update: bool = False,
    prune: bool = False,
) -> Extraction:
    """Extract every row of a manifest into ``store``; go on where an earlier run stopped.

    What is finished stands in ``STORE.extracting``, part by part, until the store is whole. Its
    bytes depend on the manifest, the videos and the settings alone: not on how many workers there
    were, nor on how often they were interrupted.

    Args:
        rows: the manifest.
        store: a new folder or URI; or one that this extraction made already.
        config: the extractor's settings.
        stream: extracts rows, in any order: :class:`raysign.pipeline.on_ray.OnRay`, or
            :func:`raysign.pipeline.in_process`.
        say: prints a line of progress.
        rows_per_part: rows that are committed together.
        update: where ``store`` is there already, take over the clips whose row and video are the
            same, extract the others, those that failed too, and put the result in its place. A clip
            whose video is gone stays.
        prune: with ``update``: clips that the manifest does not have any more go.

    Raises:
        ExtractionError: MediaPipe or its model is missing; a row got no answer; or no clip came out
            of any video.
        StoreError: the store, or what is begun of it, is of other settings or another manifest; an
            update would lose clips; or it cannot be written.
    """
    started = time.perf_counter()
    extractor = {"fingerprint": fingerprint(config), **made_with(config)}
    draft = Draft(store)
    draft.recover()
    begun, run = draft.begun() or (None, {})
    plan = Plan(tuple(rows), run.get("rows_per_part", rows_per_part))
    about = plan.about(extractor)
    there = finished_extraction(store)
    known: Known = {}
    if there is not None:
        # An update may change the manifest, never the extractor.
        ours = about if not update else {**about, "manifest": there.get("manifest")}
        same_extractor = there.get("extractor", {}).get("fingerprint") == extractor["fingerprint"]
        check_same(store, there, ours, UPDATE if same_extractor else "")
        outcomes = read_outcomes(store) or []
        if update:
            check_nothing_goes(store, outcomes, plan, prune=prune)
            known = same_rows(store, outcomes, plan, say)
        else:
            check_whole(store, outcomes)
        missing = len(plan.rows) - len(known) - len(plan.repeated)
        if there.get("manifest") == about["manifest"] and not (update and missing):
            if begun == about and (update or not run["update"]):
                draft.remove()  # a run that was killed before it could
            elif begun is not None:
                say(f"note: {draft.name} holds what an --update had finished when it was stopped")
            say(f"{store} is whole already: nothing to extract")
            return _extraction(store, outcomes, Work(), started)
    run = run or {"rows_per_part": plan.rows_per_part, "update": there is not None}
    with Draft.open(store, about, run) as draft:
        work = _fill(draft, plan, known, config, stream, say)
        outcomes = [row for part in draft.outcomes().values() for row in part]
        done = _extraction(store, outcomes, work, started)
        if not done.ok:
            raise ExtractionError(
                f"no clip came out of any of the {done.clips} videos: {reasons_in_words(done)}; "
                f"what became of each stands in {draft.name}, delete it to try them again"
            )
        draft.publish(about, replace=there is not None)
    return done


@dataclass
class Work:
    """What this run did."""

    extracted: int = 0
    frames: int = 0
    landmark_seconds: float = 0.0
    memory_bytes: int = 0

    def add(self, found: Extracted) -> None:
        """Count a clip."""
        self.extracted += 1
        self.frames += found.outcome.decoded_frames or 0
        self.landmark_seconds += found.landmark_seconds
        self.memory_bytes = max(self.memory_bytes, found.memory_bytes)


def reasons_in_words(done: Extraction) -> str:
    """``8 × an HTML page, not a video; 2 × no such file``."""
    shown = [f"{count} × {reason}" for reason, count in done.reasons[:SHOWN_REASONS]]
    more = len(done.reasons) - SHOWN_REASONS
    return "; ".join(shown) + (f"; and {more} other reasons" if more > 0 else "")


def _fill(
    draft: Draft,
    plan: Plan,
    known: Known,
    config: ExtractConfig,
    stream: Stream,
    say: Callable[[str], None],
) -> Work:
    """Commit every part that is not finished."""
    finished = draft.outcomes().keys()
    if finished:
        say(f"goes on: {len(finished):,} of {len(plan.parts):,} parts are finished")
    parts = Parts(draft, plan, TakenOver(draft.store, plan, known))
    parts.begin(part for part in plan.parts if part not in finished)
    todo = [(number, row) for number, row in plan.todo(finished) if number not in known]
    done = len(plan.rows) - len(todo)
    say(f"{len(todo):,} clips to extract" + (f", {done:,} are done" if done else ""))
    progress, work = Progress(len(plan.rows), done, say), Work()
    for number, found in stream(todo, config):
        parts.add(number, found.clip, found.outcome)
        work.add(found)
        progress(found)
    if parts.open:
        rows = sum(len(plan.rows_of(part)) - len(found) for part, found in parts.open.items())
        raise ExtractionError(f"{rows:,} clips got no answer; the same command goes on with them")
    return work


def _extraction(store: str, outcomes: Sequence[Outcome], work: Work, started: float) -> Extraction:
    reasons = Counter(row.reason for row in outcomes if row.outcome != "ok")
    counts: dict[str, Any] = counted(outcomes)
    return Extraction(
        store=store,
        **counts,
        reasons=tuple(reasons.most_common()),
        **vars(work),
        seconds=time.perf_counter() - started,
    )
