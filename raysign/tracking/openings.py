"""How often the sealed test split was opened: for a model, and for the data.

Each opening is a run of its own in MLflow (see ``sealed``), and the runs are the count: two who
open at the same time write two runs, and neither is lost. A deleted run counts too. A model is told
by the sha256 of its weights, so that a folder and the version that was registered from it are the
same model; data by the fingerprint of its test clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from raysign.draw.markdown import table
from raysign.tracking.quiet import mlflow_calls
from raysign.tracking.tracker import user

if TYPE_CHECKING:
    from raysign.tracking.tracker import Tracker

NAME = "open-test"
"""Of the runs."""
WEIGHTS, DATA, OPENING = "weights_sha256", "test_data", "opening"
"""Tags: the model, the fingerprints of the test clips, and what one command opened together."""
SHOWN = 5
"""Openings on a page, the last ones."""


@dataclass(frozen=True)
class Opening:
    """One model that was measured on a test split once."""

    run_id: str
    opening: str
    weights: str
    """'' where it is not known."""
    model: str
    """MODEL as it was given."""
    data: frozenset[str]
    protocol: str
    by: str
    at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Count:
    """How often, with the last time."""

    model: int
    """For this model; 0 where its weights are not known."""
    data: int
    """For this data, whatever model it was."""

    def __str__(self) -> str:
        model = f"{times(self.model)} for this model, " if self.model else ""
        return f"the test split was opened {model}{times(self.data)} for this data"


def all_openings(tracker: Tracker) -> tuple[Opening, ...]:
    """All that MLflow remembers, oldest first."""
    found = _runs(tracker, "tags.opened_test = 'True'")
    return tuple(map(_opening, sorted(found, key=lambda run: run.info.start_time)))


def left_running(tracker: Tracker) -> tuple[str, ...]:
    """The runs of one's own openings whose process was killed before it ended them: they count."""
    found = _runs(tracker, "tags.opened_test = 'True' and attributes.status = 'RUNNING'")
    mine = (run for run in found if run.data.tags.get("mlflow.user") == user())
    return tuple(str(run.info.run_id) for run in mine if run.info.lifecycle_stage == "active")


def _runs(tracker: Tracker, which: str) -> list[Any]:
    """Deleted ones too."""
    from mlflow.entities import ViewType

    found = list[Any]()
    if tracker.experiment_id:
        with mlflow_calls(f"MLflow at {tracker.uri} does not list the openings of the test split"):
            token: str | None = None
            while token is None or token:
                part = tracker.client.search_runs(
                    [tracker.experiment_id],
                    which,
                    run_view_type=ViewType.ALL,
                    page_token=token,
                )
                found.extend(part)
                token = part.token or ""
    return found


def count(known: Sequence[Opening], weights: str, data: frozenset[str]) -> Count:
    """How often that model's test split was opened, and how often that data was."""
    mine = {each.opening for each in known if weights and each.weights == weights}
    same = {each.opening for each in known if each.data & data}
    return Count(len(mine), len(same))


def openings_section(known: Sequence[Opening], weights: str) -> str:
    """What a version's page says of its openings; '' where there was none."""
    mine = [each for each in known if weights and each.weights == weights]
    if not mine:
        return ""
    data = frozenset[str]().union(*(each.data for each in mine))
    counted = count(known, weights, data)
    rows = [
        [each.at.removesuffix("+00:00"), each.by, each.protocol, " ".join(sorted(each.data))]
        for each in mine[: -SHOWN - 1 : -1]
    ]
    shown = table(["when (UTC)", "by", "protocol", "data"], rows)
    return f"{str(counted)[:1].upper()}{str(counted)[1:]}, whatever model it was.\n\n{shown}"


def times(number: int) -> str:
    """``once``, ``3 times``."""
    return "once" if number == 1 else f"{number:,} times"


def _opening(run: Any) -> Opening:
    tags = run.data.tags
    return Opening(
        run_id=str(run.info.run_id),
        # Of runs that say less, each is an opening.
        opening=tags.get(OPENING) or str(run.info.run_id),
        weights=tags.get(WEIGHTS, ""),
        model=tags.get("model", ""),
        data=frozenset(tags.get(DATA, "").split()),
        protocol=tags.get("protocol", ""),
        by=tags.get("mlflow.user", ""),
        at=datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds"),
    )
