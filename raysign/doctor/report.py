"""What the doctor found out about a store, as one object."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raysign.doctor.case import Case
from raysign.doctor.checks import check
from raysign.doctor.finding import SEVERITIES, Finding
from raysign.doctor.groups import KINDS, GroupRow, by_group
from raysign.doctor.segments import mean_known

BINS = 20


@dataclass(frozen=True)
class SplitRow:
    """A split, by labels."""

    clips: int
    signs: int
    signers: int
    read: bool
    """Whether its landmarks were looked at; those of test are not."""


@dataclass(frozen=True)
class Detection:
    """Means over clips, each a share of its frames; NaN where nothing is known."""

    hand: float
    """With a hand."""
    missing_at_ends: float
    """Without one, before the first hand or after the last."""
    missing_between: float
    """Without one, between the first hand and the last; the three make 1."""
    missing_inside: float
    """``missing_between`` as a share of the signing span, from the first hand to the last."""
    body: float
    """With a body; NaN for a layout without one."""


@dataclass(frozen=True)
class Histogram:
    """How many clips lie between two neighbouring edges."""

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """The doctor's page, less the pictures. ``findings`` are ranked, the gravest first."""

    store: str
    layout: str
    clips: int
    """Read; all but the test split."""
    frames: int
    signs: int
    signers: int
    splits: Mapping[str, SplitRow]
    """By name; clips in no split are under ``none``."""
    detection: Detection
    findings: tuple[Finding, ...]
    groups: Mapping[str, tuple[GroupRow, ...]]
    """Every dataset, signer and sign, the fewest hands first."""
    histograms: tuple[Histogram, ...]
    outcomes: Mapping[str, int] | None
    """Videos by outcome; None where no extraction left them."""
    reasons: Mapping[str, int]
    """Why videos gave no clip."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Findings by severity, the gravest first."""
        return {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}

    @property
    def verdict(self) -> str:
        """One sentence."""
        counts = self.counts
        if counts["error"]:
            return "Mend the errors first: training would fail, or its figures be wrong."
        if counts["warning"]:
            return "Fit to train on; read the warnings before you trust a figure."
        return "Fit to train on."

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``: NaN is null."""
        plain: dict[str, Any] = _known(
            asdict(self) | {"counts": dict(self.counts), "verdict": self.verdict}
        )
        return plain


def examine(case: Case) -> Report:
    """Check a store and sum it up."""
    measures, labels = case.measures, case.labels
    frames = case.facts.num_frames
    ends = np.where(frames > 0, 1 - measures.span_frames / np.maximum(frames, 1), np.nan)
    rows = case.outcomes
    return Report(
        store=case.selection,
        layout=case.layout.name,
        clips=len(case.facts),
        frames=int(frames.sum()),
        signs=len(set(labels.sign.tolist()) - {""}),
        signers=len(set(labels.signer.tolist()) - {""}),
        splits={str(name) or "none": _split(case, str(name)) for name in np.unique(labels.split)},
        detection=Detection(
            hand=mean_known(measures.hand),
            missing_at_ends=mean_known(ends),
            missing_between=mean_known(1 - ends - measures.hand),
            missing_inside=mean_known(measures.missing_inside),
            body=mean_known(measures.body),
        ),
        findings=check(case),
        groups={kind: by_group(case, kind) for kind in KINDS},
        histograms=(
            _histogram("frames a clip", frames.astype(np.float64)),
            _histogram("share of frames with a hand", measures.hand, 0, 1),
            _histogram("share of the signing span without one", measures.missing_inside, 0, 1),
        ),
        outcomes=None if rows is None else dict(Counter(row.outcome for row in rows)),
        reasons=dict(Counter(row.reason for row in rows or () if row.reason).most_common()),
    )


def _split(case: Case, name: str) -> SplitRow:
    ours = case.labels.select(case.labels.split == name)
    return SplitRow(
        clips=len(ours),
        signs=len(set(ours.sign.tolist()) - {""}),
        signers=len(set(ours.signer.tolist()) - {""}),
        read=name != "test",
    )


def _histogram(
    name: str, values: NDArray[np.float64], low: float = 0.0, high: float | None = None
) -> Histogram:
    known = values[~np.isnan(values)]
    top = max(float(known.max(initial=1.0)), 1.0) if high is None else high
    counts, edges = np.histogram(known, BINS, (low, top))
    return Histogram(name, tuple(edges.tolist()), tuple(counts.tolist()))


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_known(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
