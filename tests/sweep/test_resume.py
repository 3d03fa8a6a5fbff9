"""A sweep that was killed anywhere goes on as if nothing had been."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raysign.config import SweepConfig, resolve
from raysign.errors import ConfigError, TrainingError
from raysign.sweep.journal import JOURNAL, Journal
from raysign.sweep.ready import space_of
from raysign.sweep.resume import (
    SETTINGS,
    begun,
    check_same,
    open_journal,
    startup_trials,
    what_is_left,
    where,
)
from raysign.sweep.sampling import sampling
from tests.sweep.tuning import Killed, tune

SPACE = {
    "optim.lr": {"log_uniform": [1e-5, 1e-1]},
    "encoder.pooling": {"choice": ["mean", "attention"]},
    "prepare.motion_lags": {"choice": [[1], [1, 2]]},
}
GIVEN: dict[str, Any] = {
    "space": SPACE,
    "trials": 9,
    "grace_epochs": 1,
    "train": {"optim": {"epochs": 9}},
    "seed": 3,
}


def config(**other: Any) -> SweepConfig:
    return resolve(SweepConfig, GIVEN | other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return tune(config(), tmp_path_factory.mktemp("whole") / "whole")


def test_the_uninterrupted_sweep_stops_some_and_learns_from_all(whole: list[Any]) -> None:
    ends = [line for line in whole if line["event"] == "ended"]
    stopped = [line for line in whole if line["event"] == "result" and line["stopped"]]
    assert len(ends) == 9
    assert 2 <= len(stopped) <= 8


def test_at_random_none_is_stopped_and_a_resumed_one_draws_on(
    whole: list[Any], tmp_path: Path
) -> None:
    def drawn(lines: list[dict[str, Any]]) -> list[Any]:
        return [line["values"] for line in lines if line["event"] == "drawn"]

    plain = {"sampler": "random", "grace_epochs": 1000}
    lines = tune(config(**plain), tmp_path / "whole")
    assert len([line for line in lines if line["event"] == "result"]) == 9 * 9, "to its last epoch"
    tune(config(**plain, trials=4), tmp_path / "longer")
    assert drawn(tune(config(**plain), tmp_path / "longer")) == drawn(lines)
    other = drawn(tune(config(**plain, reduction_factor=2), tmp_path / "other"))
    assert other == drawn(lines), "what the trials reached plays no part"
    assert drawn(whole) != drawn(lines)


@pytest.mark.parametrize("kill_after", range(0, 36, 3))
def test_killed_at_any_line_it_has_the_same_journal_in_the_end(
    kill_after: int, whole: list[Any], tmp_path: Path
) -> None:
    kills = 0
    while True:
        left = kill_after + kills  # each time elsewhere

        def kill_now() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        try:
            lines = tune(config(), tmp_path / "killed", before_write=kill_now)
        except Killed:
            kills += 1
            continue
        break
    assert kills
    assert lines == whole


def test_a_line_that_was_cut_off_is_written_again(whole: list[Any], tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    tune(config(), folder)
    text = (folder / JOURNAL).read_text()
    for size in range(len(text) // 2, len(text) // 2 + 200, 23):
        (folder / JOURNAL).write_text(text[:size])
        assert tune(config(), folder) == whole


def test_more_trials_go_on_where_it_ended(whole: list[Any], tmp_path: Path) -> None:
    longer = tune(config(trials=12), tmp_path / "longer")
    tune(config(), tmp_path / "extended")
    lines = tune(config(trials=12), tmp_path / "extended")
    assert [line for line in lines if line["event"] == "drawn"][:9] == [
        line for line in whole if line["event"] == "drawn"
    ]
    # 9 and 12 trials begin with as many random ones.
    assert startup_trials(9) == 3
    assert lines[: len(whole)] == whole
    assert len([line for line in lines if line["event"] == "ended"]) == 12
    assert startup_trials(12) != startup_trials(9) or lines == longer


def test_values_that_this_optuna_would_not_draw_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    tune(config(), folder)
    lines = (folder / JOURNAL).read_text().splitlines()
    drawn = json.loads(lines[1])
    drawn["values"]["optim.lr"] = 0.00123
    (folder / JOURNAL).write_text("\n".join([lines[0], json.dumps(drawn), *lines[2:]]) + "\n")
    said: list[str] = []
    journal = open_journal(folder, config(), data="clips", commit="commit")
    made = sampling(config(), space_of(config()), journal, said.append)
    assert len(said) == 1
    assert "another" in said[0] or "other values" in said[0]
    assert made._ot_trials["1"].params["optim.lr"] == 0.00123
    assert made.suggest("next") is not None
    journal.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "one", config(), data="clips", commit="commit")
    with pytest.raises(TrainingError, match="sweep 'one' is running: another process"):
        open_journal(tmp_path / "one", config(), data="clips", commit="commit")
    journal.close()
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()


def test_other_clips_are_refused(tmp_path: Path) -> None:
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    with pytest.raises(TrainingError, match="began with clips clips, these are others"):
        open_journal(tmp_path / "one", config(), data="others", commit="commit")


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    tune(config(), tmp_path / "one")
    lines = (tmp_path / "one" / JOURNAL).read_text().splitlines()
    lines[4] = lines[4][:-9]
    (tmp_path / "one" / JOURNAL).write_text("\n".join(lines) + "\n")
    with pytest.raises(TrainingError, match=r"line 5 of .* is damaged"):
        tune(config(), tmp_path / "one")


def test_the_settings_come_back_as_they_were(tmp_path: Path) -> None:
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    assert begun(tmp_path / "one") == config()
    assert list(begun(tmp_path / "one").space) == list(SPACE), "the order in which it is drawn"
    check_same(tmp_path / "one", config())
    check_same(tmp_path / "new", config())
    check_same(tmp_path / "one", config(trials=99, placement={"trials_at_once": 7}))


def test_another_sweep_of_that_name_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    with pytest.raises(ConfigError, match=r"'one' .* began with seed=3, now 4; give another"):
        check_same(tmp_path / "one", config(seed=4))


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"there is a run 'one' .* give another --name"):
        check_same(tmp_path / "one", config())
    with pytest.raises(ConfigError, match="there is no sweep to resume in"):
        begun(tmp_path / "one")
    assert not (tmp_path / "one" / SETTINGS).exists()


def test_what_changed_when_it_was_resumed_is_kept_for_the_next_time(tmp_path: Path) -> None:
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    open_journal(tmp_path / "one", config(trials=20), data="clips", commit="commit").close()
    assert begun(tmp_path / "one") == config(trials=20)


def test_a_store_that_is_called_like_a_number_keeps_its_name(tmp_path: Path) -> None:
    named = config(train={"data": {"store": "1e3"}})
    open_journal(tmp_path / "one", named, data="clips", commit="commit").close()
    assert begun(tmp_path / "one") == named


def test_another_sweep_that_began_meanwhile_is_refused(tmp_path: Path) -> None:
    check_same(tmp_path / "one", config(seed=4))
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    with pytest.raises(ConfigError, match="began with seed=3, now 4"):
        open_journal(tmp_path / "one", config(seed=4), data="clips", commit="commit")
    assert begun(tmp_path / "one") == config()


def test_what_is_left_of_it(tmp_path: Path) -> None:
    assert what_is_left(config(), tmp_path / "new") == config()
    tune(config(), tmp_path / "one")
    assert what_is_left(config(trials=12), tmp_path / "one").trials == 3


def test_a_resumed_sweep_says_what_it_keeps(tmp_path: Path) -> None:
    open_journal(tmp_path / "one", config(), data="clips", commit="commit").close()
    with pytest.raises(ConfigError, match="began with seed=3, now 4, and keeps what it began with"):
        check_same(tmp_path / "one", config(seed=4), resumed=True)


def test_people_are_told_how_far_it_is(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.begin(sweep="s")
    assert where(tmp_path, journal, 2).endswith("Ctrl-C ends it and keeps the best trial so far")
    for number in (1, 2):
        journal.drawn(number, {})
    journal.end("001")
    assert "1 of 2 trials that were begun have ended" in where(tmp_path, journal, 2)
    journal.end("002")
    assert "all of its trials have ended" in where(tmp_path, journal, 2)
    assert "2 of 2 trials that were begun have ended" in where(tmp_path, journal, 3)
    journal.drawn(1, {}, seed=7)
    assert "2 of 3 trials that were begun have ended" in where(tmp_path, journal, 2)
    journal.close()
