"""The record of who opened the sealed test split, for which models, and how often that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from raysign.tracking import Opened, connect, open_test

if TYPE_CHECKING:
    from raysign.bundle import AnyBundle


def opening(models: Sequence[tuple[str, AnyBundle]], data: Sequence[str], protocol: str) -> Opened:
    """Note in MLflow that these models are measured on a test split, before any figure is seen.

    Args:
        models: each as MODEL was given, with its bundle.
        data: the fingerprints of the test clips.
        protocol: what is measured.

    Raises:
        TrackingError: MLflow does not answer, so that no figure can be seen unrecorded.
    """
    return open_test(
        connect(), [(name, each.weights_sha256) for name, each in models], data, protocol
    )


def opened_card(models: Sequence[str], opened: Opened | None) -> dict[str, Any]:
    """What a card says of it: ``opened_test``, and for each model how often that makes it."""
    if opened is None:
        return {"opened_test": False, "openings": []}
    rows = zip(models, opened.counts, strict=True)
    each = [{"model": name, "for_model": n.model, "for_data": n.data} for name, n in rows]
    return {"opened_test": True, "openings": each}


def opened_line(card: Mapping[str, Any]) -> str:
    """The same for people; '' where the split stayed closed."""
    if not card.get("opened_test"):
        return ""
    rows = [row for row in card["openings"] if row["for_model"]]
    whose = "this model" if len(rows) == 1 else "{model}"
    times = [f"{_nth(row['for_model'])} time for {whose.format(**row)}" for row in rows]
    times += [f"{_nth(row['for_data'])} for this data" for row in card["openings"][:1]]
    return (
        f"the sealed test split was opened for this, the {', the '.join(times)}; MLflow has a "
        "record of it"
    )


def _nth(number: int) -> str:
    if number == 1:
        return "first"
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number:,}{ending}"
