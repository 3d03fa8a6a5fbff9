"""Who was champion, by whose hand and why; and how another becomes it, or the one before again.

The alias ``champion`` says who it is. Every move of it is written down before it is made, as a tag
of its own on the registered model, so that no move overwrites another and a reason is never lost:
a note whose move did not follow is told by the note after it, or by the alias.

MLflow has no lock, and sets an alias whoever had it. So whoever would move it writes the note
first and reads all notes again: of two at the same time one at least sees the other's, and only who
sees no other's goes on.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from raysign.draw.markdown import table
from raysign.tracking.tracker import user

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE = "champion."
"""What the tags begin with; the time follows, in nanoseconds."""
ALIAS = "champion"
REASON_CHARS = 1000
PATIENCE_S = 10.0
"""How long the first of several waits for the others."""
SHOWN = 6
"""Moves on a page, the last ones."""
REGISTERED, PROMOTED, BACK, BY_HAND = "registered", "promoted", "rolled back", "by hand"


@dataclass(frozen=True)
class Move:
    """One move of the alias."""

    version: str
    """Who became champion,"""
    before: str
    """after whom; '' where there was none."""
    how: str
    """``registered`` (the first), ``promoted``, ``rolled back``; ``by hand``: not by raysign."""
    reason: str = ""
    by: str = ""
    at: str = ""
    """ISO 8601, UTC."""
    run: str = ""
    """The MLflow run that decided it; '' where a person did."""


def champion_of(client: MlflowClient, name: str) -> str:
    """The version that is the champion; '' where there is none, or no such model."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_registered_model(name).aliases.get(ALIAS, ""))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return ""


def moves_in(client: MlflowClient, name: str) -> tuple[Move, ...]:
    """Every move that was made, oldest first, those by hand among them as far as they show."""
    model = client.get_registered_model(name)
    notes = sorted((key, text) for key, text in model.tags.items() if key.startswith(NOTE))
    log = [note for _, text in notes if (note := _read(text)) is not None]
    return made(log, str(model.aliases.get(ALIAS, "")))


def made(log: Sequence[Move], champion: str) -> tuple[Move, ...]:
    """The moves behind a log of intentions, given who is the champion now.

    Each note says who was champion before it; so the next one, or the alias, tells whether its move
    followed, and whether somebody else moved in between.
    """
    moves = list[Move]()
    now = ""
    befores = [*(note.before for note in log), champion]
    for note, after in zip(log, befores[1:], strict=True):
        if note.before not in ("", now):
            moves.append(Move(note.before, now, BY_HAND))
            now = note.before
        if after != note.before:
            moves.append(note)
            now = note.version
    if champion not in ("", now):
        moves.append(Move(champion, now, BY_HAND))
    return tuple(moves)


def line_of(moves: Sequence[Move]) -> tuple[str, ...]:
    """The champion and those before it, as rolling back finds them; the champion last."""
    line = list[str]()
    for move in moves:
        if move.how == BACK:
            while line and line[-1] != move.version:
                line.pop()
        if not line or move.how != BACK:
            line.append(move.version)
    return tuple(line)


def move(client: MlflowClient, name: str, new: Move) -> bool:
    """Write the move down, then make it; whether it was made.

    It is not where the champion is not ``new.before`` any more, or another process moves it at the
    same time. Of several, who wrote first waits until the others have withdrawn or moved it.
    """
    before, known = _noted(client, name)
    if before != new.before:
        return False
    note = json.dumps(asdict(new), ensure_ascii=False)
    key = f"{NOTE}{time.time_ns():020d}.{uuid.uuid4().hex[:8]}"
    client.set_registered_model_tag(name, key, note)
    if not _alone(client, name, new.before, key, known):
        client.delete_registered_model_tag(name, key)
        return False
    client.set_registered_model_alias(name, ALIAS, new.version)
    return champion_of(client, name) == new.version


def _alone(client: MlflowClient, name: str, before: str, key: str, known: set[str]) -> bool:
    """Whether no other move was begun since ``known`` was read, or all that were have withdrawn."""
    until = time.monotonic() + PATIENCE_S
    while True:
        champion, notes = _noted(client, name)
        others = notes - known - {key}
        if champion != before:
            return False
        if not others:
            return True
        # Clocks differ, so being first does not show that the other saw it: it only may wait.
        if min(others) < key or time.monotonic() > until:
            return False
        time.sleep(0.1)


def _noted(client: MlflowClient, name: str) -> tuple[str, set[str]]:
    """The champion and the keys of all notes, as they are at one moment."""
    model = client.get_registered_model(name)
    notes = {key for key in model.tags if key.startswith(NOTE)}
    return str(model.aliases.get(ALIAS, "")), notes


def first(version: str) -> Move:
    """What is noted of the first version, which is the champion for want of another."""
    return new_move(version, "", REGISTERED, "the first version")


def champions_section(moves: Sequence[Move]) -> str:
    """The last moves for a page, the newest on top."""
    rows = [
        [m.version, m.before or "–", m.how, m.at.removesuffix("+00:00"), m.by, m.reason]
        for m in reversed(moves[-SHOWN:])
    ]
    head = ["champion", "after", "how", "when (UTC)", "by", "why"]
    earlier = len(moves) - SHOWN
    more = f"\n\n{earlier} earlier: `raysign registry --json`." if earlier > 0 else ""
    return f"{table(head, [[*row[:5], _short(row[5])] for row in rows])}{more}" if rows else ""


def new_move(version: str, before: str, how: str, reason: str, run: str = "") -> Move:
    """A move that is made now, by who runs this."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Move(version, before, how, " ".join(reason.split())[:REASON_CHARS], user(), at, run)


def _read(text: str) -> Move | None:
    """What a note says; None where somebody else wrote it."""
    try:
        return Move(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _short(text: Any) -> str:
    return str(text) if len(str(text)) <= 120 else f"{str(text)[:119]}…"
