"""What follows from a decision, once: the candidate becomes champion, or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raysign.tracking import champion_version, moves_of, promote, version_of_run

if TYPE_CHECKING:
    from raysign.tracking import Tracker


def current(
    kept: dict[str, Any] | None, tracker: Tracker, model: str, run_id: str
) -> dict[str, Any] | None:
    """A decision that still holds: carried out, or of the model that is the champion now."""
    if kept is None or _carried_out(tracker, model, run_id):
        return kept
    if kept.get("done") and not kept["better"]:
        return kept
    return kept if _champion(tracker, model) == (kept["champion"] or "") else None


def ended(kept: dict[str, Any]) -> bool:
    """Whether all that follows from a decision was done; without ``move`` more may follow."""
    return bool(kept.get("done") and (kept["promoted"] or not kept["better"]))


def as_it_is_now(kept: dict[str, Any], tracker: Tracker) -> tuple[bool, str]:
    """Whether the candidate is the champion, and what became of it: then, and since then."""
    now, outcome = _champion(tracker, kept["model"]), kept["outcome"]
    if now != (kept["version"] if kept["promoted"] else kept["champion"] or ""):
        became = f"version {now} became the champion" if now else "the champion was taken away"
        outcome = f"{outcome}; since then {became}"
    return now == kept["version"], outcome


def _champion(tracker: Tracker, model: str) -> str:
    champion = champion_version(tracker, model)
    return "" if champion is None else champion.number


def _carried_out(tracker: Tracker, model: str, run_id: str) -> bool:
    mine = version_of_run(tracker, run_id)
    return mine is not None and any(m.run == run_id for m in moves_of(tracker, model))


def carry_out(
    kept: dict[str, Any], version: str, tracker: Tracker, run_id: str, move: bool
) -> tuple[bool, str]:
    """Whether the candidate was made champion, and what became of it in words."""
    model, champion = kept["model"], kept["champion"]
    instead = f"version {champion}" if champion else "nobody"
    if not kept["better"]:
        stays = f"version {champion} stays" if champion else "there is still no champion"
        return False, f"not promoted: {stays}, version {version} is the candidate"
    if not _carried_out(tracker, model, run_id):
        if not move:
            return False, f"not promoted, as asked: version {version} would take {instead}'s place"
        promote(tracker, model, version, kept["summary"], instead_of=champion or "", run=run_id)
    return True, f"promoted: version {version} is the champion, after {instead}"
