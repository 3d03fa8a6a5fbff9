"""Openings of the sealed test split are counted by their runs, and stand on the pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from raysign.tracking import Tracker, all_openings, decide, open_test, versions, versions_of
from raysign.tracking.openings import count, left_running, times

Enter = Callable[..., Any]


def sha(folder: Path) -> str:
    return str(json.loads((folder / "bundle.json").read_text())["weights_sha256"])


def test_a_folder_and_its_version_are_the_same_model(
    remembers: Tracker, enter: Enter, folder_of: Callable[[float], Path]
) -> None:
    enter("opened", 11.0)
    folder = folder_of(11.0)
    first = open_test(remembers, [(str(folder), sha(folder))], ["da7a"], "clips")
    again = open_test(remembers, [("models:/opened/1", sha(folder))], ["0ther"], "one_shot")
    assert [(c.model, c.data) for c in (*first.counts, *again.counts)] == [(1, 1), (2, 1)]
    assert str(again.counts[0]) == (
        "the test split was opened 2 times for this model, once for this data"
    )
    (version,) = versions_of(remembers, "opened")
    assert version.test_openings == 2
    for page in (
        remembers.client.get_registered_model("opened").description or "",
        str(remembers.client.get_model_version("opened", "1").description),
    ):
        assert "The test split was opened 2 times for this model" in page
        assert "| one_shot | 0ther |" in page


def test_it_counts_before_a_figure_is_there_and_after_the_run_is_deleted(
    remembers: Tracker, folder_of: Callable[[float], Path]
) -> None:
    weights = sha(folder_of(12.0))
    opened = open_test(remembers, [("m", weights)], ["da7a12"], "clips")
    run = remembers.client.get_run(opened.runs[0])
    assert run.info.status == "FINISHED"
    opened.record(0, {"map": 0.5}, {"protocol": "clips"})
    run = remembers.client.get_run(opened.runs[0])
    assert run.data.metrics == {"test/map": 0.5}
    assert run.data.params == {"protocol": "clips"}
    remembers.client.delete_run(opened.runs[0])
    assert open_test(remembers, [("m", weights)], ["da7a12"], "clips").counts[0].model == 2


def test_several_models_open_the_data_once(
    remembers: Tracker, folder_of: Callable[[float], Path]
) -> None:
    models = [(f"m{w}", sha(folder_of(w))) for w in (13.0, 14.0)]
    opened = open_test(remembers, models, ["da7a13"], "table")
    assert [(c.model, c.data) for c in opened.counts] == [(1, 1), (1, 1)]


def test_none_is_lost_when_many_open_at_once(
    remembers: Tracker, enter: Enter, folder_of: Callable[[float], Path]
) -> None:
    enter("crowd", 15.0)
    weights = sha(folder_of(15.0))

    def opens(number: int) -> None:
        open_test(remembers, [(f"by {number}", weights)], ["da7a15"], "clips")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opens, range(6)))
    assert count(all_openings(remembers), weights, frozenset({"da7a15"})).model == 6
    (version,) = versions_of(remembers, "crowd")
    assert version.test_openings == 6
    assert "6 times for this model" in str(
        remembers.client.get_model_version("crowd", "1").description
    )


def test_what_was_opened_before_it_was_registered_counts(
    remembers: Tracker, enter: Enter, folder_of: Callable[[float], Path]
) -> None:
    folder = folder_of(16.0)
    open_test(remembers, [(str(folder), sha(folder))], ["da7a16"], "clips")
    enter("later", 16.0)
    (version,) = versions_of(remembers, "later")
    assert version.test_openings == 1
    assert "opened once for this model" in (
        remembers.client.get_registered_model("later").description or ""
    )


def test_a_version_that_does_not_tell_its_weights_is_found_by_its_name(
    remembers: Tracker, enter: Enter, folder_of: Callable[[float], Path]
) -> None:
    enter("old", 17.0)
    remembers.client.delete_model_version_tag("old", "1", "weights_sha256")
    open_test(remembers, [("models:/old@champion", sha(folder_of(17.0)))], ["d"], "clips")
    (version,) = versions_of(remembers, "old")
    assert (version.test_openings, version.weights) == (1, sha(folder_of(17.0)))


def test_an_opening_that_was_killed_is_ended_by_the_next(
    remembers: Tracker, folder_of: Callable[[float], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = sha(folder_of(18.0))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            open_test(remembers, [("m", weights)], ["da7a18"], "clips")
    (left,) = left_running(remembers)
    theirs = remembers.start_run("open-test", tags={"opened_test": True})
    remembers.set_tags(theirs, {"mlflow.user": "somebody else"})
    opened = open_test(remembers, [("m", weights)], ["da7a18"], "clips")
    assert opened.counts[0].model == 2
    assert remembers.client.get_run(left).info.status == "FINISHED"
    assert remembers.client.get_run(theirs).info.status == "RUNNING"


def test_a_decision_is_written_again_where_another_wrote_an_older_page(
    remembers: Tracker, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter("pages", 21.0)
    client = remembers.client
    old = [client.get_model_version("pages", "1").description]
    refresh = versions.refresh

    def with_another(*args: Any, **more: Any) -> None:
        refresh(*args, **more)
        if old:  # who had read it before the decision was on it writes it back
            client.update_model_version("pages", "1", old.pop())

    monkeypatch.setattr(versions, "refresh", with_another)
    decide(remembers, "pages", "1", "better", "**Passed every gate.**")
    for found in (client.get_model_version("pages", "1"), client.get_registered_model("pages")):
        assert "**Passed every gate.**" in str(found.description)


def test_an_opening_stands_on_the_page_though_another_writes_it(
    remembers: Tracker, enter: Enter, folder_of: Callable[[float], Path]
) -> None:
    enter("written", 22.0)
    weights, client = sha(folder_of(22.0)), remembers.client
    open_test(remembers, [("m", weights)], ["da7a22"], "clips")
    once = client.get_model_version("written", "1").description
    open_test(remembers, [("m", weights)], ["da7a22"], "clips")

    class WithAnother:
        """MLflow's client, after whose first writing another writes what it had read before."""

        def __init__(self) -> None:
            self.left = [once]

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def update_model_version(self, name: str, number: str, text: str) -> None:
            client.update_model_version(name, number, text)
            if self.left:
                client.update_model_version(name, number, self.left.pop())

    other: Any = WithAnother()
    open_test(
        Tracker(other, remembers.uri, remembers.experiment_id), [("m", weights)], ["d"], "clips"
    )
    assert "opened 3 times for this model" in str(
        client.get_model_version("written", "1").description
    )


def test_times() -> None:
    assert [times(n) for n in (1, 2, 1234)] == ["once", "2 times", "1,234 times"]
