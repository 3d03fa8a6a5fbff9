"""Another version becomes champion, or the one before it again; each time with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.errors import TrackingError
from raysign.tracking.champions import (
    BACK,
    PROMOTED,
    Move,
    champion_of,
    line_of,
    move,
    new_move,
)
from raysign.tracking.quiet import mlflow_calls
from raysign.tracking.versions import moves_of, refresh, version_of, versions_of

if TYPE_CHECKING:
    from raysign.tracking.tracker import Tracker


def promote(
    tracker: Tracker,
    name: str,
    version: str,
    reason: str,
    *,
    instead_of: str | None = None,
    run: str = "",
) -> Move | None:
    """Make a version the champion; None where it is already.

    Args:
        tracker: of the registry's server.
        name: of the registered model.
        version: its number, or an alias such as ``candidate``.
        reason: why; it stands on the model's page.
        instead_of: the champion that it was compared with, '' for none; None = whoever it is.
        run: the MLflow run that decided it.

    Raises:
        TrackingError: there is no such version, the champion is not ``instead_of`` any more,
            another process moves it at the same time, or MLflow refuses.
    """
    found = version_of(tracker, name, version)
    with mlflow_calls(f"MLflow at {tracker.uri} did not make {name} {version} the champion"):
        before = champion_of(tracker.client, name)
        if instead_of not in (None, before):
            raise TrackingError(
                f"version {before or 'none'} is the champion of {name} now, and version {version} "
                f"was compared with {instead_of or 'none'}; the same command compares them anew"
            )
        done = None
        if found.number != before:
            done = new_move(found.number, before, PROMOTED, reason, run)
            if not move(tracker.client, name, done):
                raise _moved(tracker, name, found.number, before)
        refresh(tracker, name, found.number)
    return done


def rollback(tracker: Tracker, name: str, reason: str) -> Move:
    """Make the champion before this one champion again; twice goes two back.

    Raises:
        TrackingError: there was none before, another process moves it at the same time, or MLflow
            refuses.
    """
    with mlflow_calls(f"MLflow at {tracker.uri} did not roll {name} back"):
        there = {version.number for version in versions_of(tracker, name)}
        if not there:
            raise TrackingError(
                f"nothing is registered as {name!r} in MLflow at {tracker.uri}; `raysign registry` "
                "lists what is"
            )
        line = line_of(moves_of(tracker, name))
        champion = champion_of(tracker.client, name)
        earlier = [v for v in line[:-1] if v in there and v != champion]
        if not champion or not earlier:
            only = f"version {champion} is its first" if champion else "it has none"
            raise TrackingError(
                f"{name} has no champion to go back to: {only}; `raysign registry promote VERSION` "
                "makes another the champion, and `raysign registry` lists them"
            )
        done = new_move(earlier[-1], champion, BACK, reason)
        if not move(tracker.client, name, done):
            raise _moved(tracker, name, done.version, champion)
        refresh(tracker, name, done.version)
    return done


def _moved(tracker: Tracker, name: str, version: str, before: str) -> TrackingError:
    now = champion_of(tracker.client, name)
    who = f"made version {now or 'none'} the champion of {name}"
    if now == before:
        who = f"was at the champion of {name}, version {now or 'none'}, too"
    return TrackingError(
        f"version {version} did not become the champion: another process {who} at the same time; "
        "see `raysign registry`, and give the command again"
    )
