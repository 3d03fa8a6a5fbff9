"""Who was champion: moves that were made, interrupted, or made by others; and back again."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from raysign.errors import TrackingError
from raysign.tracking import Tracker, moves_of, promote, rollback, versions_of
from raysign.tracking.champions import BACK, PROMOTED, REGISTERED, Move, line_of, made

Enter = Callable[..., Any]
FIRST = Move("1", "", REGISTERED)


def to(version: str, before: str, how: str = PROMOTED) -> Move:
    return Move(version, before, how)


def steps(log: list[Move], champion: str) -> list[tuple[str, str, str]]:
    return [(move.before, move.version, move.how) for move in made(log, champion)]


def test_a_move_that_was_noted_and_not_made_is_none() -> None:
    log = [FIRST, to("2", "1")]
    assert steps(log, "2")[-1] == ("1", "2", PROMOTED)
    assert steps(log, "1") == [("", "1", REGISTERED)]
    # Somebody went on from there.
    assert steps([*log, to("3", "1")], "3") == [("", "1", REGISTERED), ("1", "3", PROMOTED)]


def test_a_move_by_hand_shows() -> None:
    assert steps([FIRST], "4") == [("", "1", REGISTERED), ("1", "4", "by hand")]
    assert steps([FIRST, to("5", "4")], "5") == [
        ("", "1", REGISTERED),
        ("1", "4", "by hand"),
        ("4", "5", PROMOTED),
    ]
    assert steps([], "7") == [("", "7", "by hand")]
    assert steps([], "") == []


def test_rolling_back_walks_back_along_the_champions() -> None:
    moves = [FIRST, to("2", "1"), to("3", "2")]
    assert line_of(moves) == ("1", "2", "3")
    moves += [to("2", "3", BACK), to("1", "2", BACK)]
    assert line_of(moves) == ("1",)
    assert line_of([*moves, to("3", "1")]) == ("1", "3")
    assert line_of([FIRST, to("2", "1"), to("1", "2"), to("2", "1", BACK)]) == ("1", "2")


def test_promoted_and_rolled_back_with_their_reasons(remembers: Tracker, enter: Enter) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("moved", weight)
    client = remembers.client
    assert promote(remembers, "moved", "2", "better on\nphones") is not None
    move = promote(remembers, "moved", "candidate", "new signers | all")
    assert move is not None
    assert (move.version, move.before, move.how) == ("3", "2", PROMOTED)
    assert promote(remembers, "moved", "3", "again") is None
    for version in ("2", "1"):
        assert rollback(remembers, "moved", f"back to {version}").version == version
        assert client.get_model_version_by_alias("moved", "champion").version == int(version)
    with pytest.raises(TrackingError, match=r"no champion to go back to: version 1 is its first"):
        rollback(remembers, "moved", "further")
    page = client.get_registered_model("moved").description or ""
    assert page.startswith("The champion is version 1;")
    for words in ("better on phones", "new signers \\| all", "back to 2", "the first version"):
        assert words in page
    assert "models:/moved@champion" in page
    told = [(m.version, m.reason) for m in moves_of(remembers, "moved")]
    assert told[1] == ("2", "better on phones")
    assert [v for v, _ in told] == ["1", "2", "3", "2", "1"]


def test_a_champion_that_was_deleted_is_passed_over(remembers: Tracker, enter: Enter) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("deleted", weight)
    promote(remembers, "deleted", "2", "")
    promote(remembers, "deleted", "3", "")
    remembers.client.delete_model_version("deleted", "2")
    assert rollback(remembers, "deleted", "").version == "1"


def test_who_was_compared_with_another_champion_is_not_promoted(
    remembers: Tracker, enter: Enter
) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("raced", weight)
    promote(remembers, "raced", "2", "")
    with pytest.raises(TrackingError, match="version 2 is the champion of raced now, and version"):
        promote(remembers, "raced", "3", "", instead_of="1")
    assert promote(remembers, "raced", "3", "", instead_of="2") is not None


def test_moves_at_the_same_time_do_not_overwrite_each_other(
    remembers: Tracker, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("same", 1.0)
    monkeypatch.setattr("raysign.tracking.champions.time.time_ns", lambda: 1)
    from raysign.tracking.champions import move

    assert move(remembers.client, "same", to("1", "1"))
    assert move(remembers.client, "same", to("1", "1"))
    assert not move(remembers.client, "same", to("1", "9"))  # nobody's turn
    notes = [k for k in remembers.client.get_registered_model("same").tags if "champion." in k]
    assert len(notes) == 3


class Meanwhile:
    """MLflow's client, where something happens right before or after a note is written."""

    def __init__(self, client: Any, happens: Callable[[], Any], *, before: bool = False) -> None:
        self.client, self.happens, self.before = client, happens, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def set_registered_model_tag(self, *args: Any) -> None:
        if self.before:
            self.happens()
        self.client.set_registered_model_tag(*args)
        if not self.before:
            self.happens()


def seen_by(tracker: Tracker, happens: Callable[[], Any], *, before: bool = False) -> Tracker:
    client: Any = Meanwhile(tracker.client, happens, before=before)
    return Tracker(client, tracker.uri, tracker.experiment_id)


def notes_of(tracker: Tracker, name: str) -> list[str]:
    return [key for key in tracker.client.get_registered_model(name).tags if "champion." in key]


def test_of_two_at_the_same_time_one_is_champion(remembers: Tracker, enter: Enter) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("two", weight)
    both = Barrier(2)
    tracker = seen_by(remembers, lambda: both.wait(60))

    def tries(version: str) -> str:
        try:
            promote(tracker, "two", version, "", instead_of="1")
        except TrackingError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        told = dict(zip("23", pool.map(tries, "23"), strict=True))
    (winner,) = (version for version, error in told.items() if not error)
    (lost,) = filter(None, told.values())
    assert "another process" in lost
    assert "at the same time" in lost
    assert [m.version for m in moves_of(remembers, "two")] == ["1", winner]
    assert len(notes_of(remembers, "two")) == 2


def test_who_was_overtaken_withdraws(remembers: Tracker, enter: Enter) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("late", weight)
    # The other reads, notes and moves after this one has read and before it has noted.
    tracker = seen_by(remembers, lambda: promote(remembers, "late", "3", ""), before=True)
    with pytest.raises(TrackingError, match="another process made version 3 the champion of late"):
        promote(tracker, "late", "2", "", instead_of="1")
    assert [m.version for m in moves_of(remembers, "late")] == ["1", "3"]
    assert len(notes_of(remembers, "late")) == 2


def test_the_first_of_two_waits_no_longer_than_it_must(
    remembers: Tracker, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for weight in (1.0, 2.0):
        enter("waits", weight)
    monkeypatch.setattr("raysign.tracking.champions.PATIENCE_S", 0.0)
    key = "champion.9" + "9" * 19  # another's, whose clock is ahead, and who saw nobody

    def other() -> None:
        remembers.client.set_registered_model_tag("waits", key, "soon")

    tracker = seen_by(remembers, other)
    with pytest.raises(TrackingError, match="another process was at the champion of waits"):
        promote(tracker, "waits", "2", "")
    assert [m.version for m in moves_of(remembers, "waits")] == ["1"]
    # What it left behind hinders nobody.
    assert promote(remembers, "waits", "2", "") is not None


def test_a_champion_that_another_became_at_once_is_told(remembers: Tracker, enter: Enter) -> None:
    for weight in (1.0, 2.0, 3.0):
        enter("alias", weight)

    class ByHand(Meanwhile):
        def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
            self.client.set_registered_model_alias(name, alias, version)
            self.client.set_registered_model_alias(name, alias, "3")

    client: Any = ByHand(remembers.client, lambda: None)
    with pytest.raises(TrackingError, match="made version 3 the champion of alias"):
        promote(Tracker(client, remembers.uri, remembers.experiment_id), "alias", "2", "")


def test_what_others_wrote_among_the_notes_is_left(remembers: Tracker, enter: Enter) -> None:
    enter("foreign", 1.0)
    remembers.client.set_registered_model_tag("foreign", "champion.soon", "who knows")
    assert [m.version for m in moves_of(remembers, "foreign")] == ["1"]


@pytest.mark.parametrize("which", ["9", "nobody", ""])
def test_an_unknown_version_is_one_line(remembers: Tracker, enter: Enter, which: str) -> None:
    if not versions_of(remembers, "known"):
        enter("known", 1.0)
    with pytest.raises(TrackingError, match=re.escape("it has 1 @champion")) as caught:
        promote(remembers, "known", which, "")
    assert "\n" not in str(caught.value)
    with pytest.raises(TrackingError, match="nothing is registered under that name"):
        promote(remembers, "unheard-of", which, "")
