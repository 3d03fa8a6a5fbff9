"""From recipe to decision: who is trained, registered, promoted, and what stands on the pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.bundle import load_bundle
from raysign.errors import ConfigError, LayoutError, SealedSplitError, SplitError, TrainingError
from raysign.tracking import Tracker, moves_of, promote, rollback, versions_of

Again = Callable[..., Any]
Runs = Callable[[], list[Any]]
EASY = {"val": {"gate": "not_worse", "margin": 1.0}}
"""A gate that everyone passes."""
HARD = {"val": {"gate": "better", "metric": "recall_at_50"}}
"""One that nobody passes: every model finds the sign among 50 of 40 clips."""
NAME = "raysign-encoder"


def champion(tracker: Tracker) -> str:
    return str(tracker.client.get_registered_model(NAME).aliases["champion"])


def test_who_is_better_on_every_gate_becomes_champion(
    again: Again, registry: Tracker, runs: Runs
) -> None:
    said: list[str] = []
    done = again(protocols=EASY | {"top": {"metric": "recall_at_1", "gate": "none"}}, said=said)
    assert done.promoted
    assert done.outcome == "promoted: version 2 is the champion, after version 1"
    assert champion(registry) == "2"
    new, old = versions_of(registry, NAME)
    assert (new.aliases, new.run_id, old.aliases) == (("candidate", "champion"), done.run_id, ())
    move = moves_of(registry, NAME)[-1]
    assert (move.version, move.before, move.run) == ("2", "1", done.run_id)
    assert move.reason == done.decision["summary"]

    # Each seed is a run of its own under the parent, and nothing is chosen by the queries.
    parent, *seeds = runs()
    assert [run.info.run_name for run in seeds] == ["seed-0", "seed-1"]
    assert {run.data.tags["mlflow.parentRunId"] for run in seeds} == {parent.info.run_id}
    assert {run.info.status for run in (parent, *seeds)} == {"FINISHED"}
    assert parent.data.tags["kind"] == "retrain"
    assert parent.data.tags["candidate"] == "2"
    assert {"val/map", "champion/val/map", "difference/val/map_low"} <= set(parent.data.metrics)
    (step,) = {m.step for m in registry.client.get_metric_history(seeds[0].info.run_id, "val/map")}
    assert step == 2
    listed = {item.path for item in registry.client.list_artifacts(parent.info.run_id)}
    assert {"data.json", "report"} <= listed
    for page in (
        registry.client.get_registered_model(NAME).description or "",
        str(registry.client.get_model_version(NAME, "2").description),
        parent.data.tags["mlflow.note.content"],
    ):
        assert "**Passed every gate against the champion, version 1: val mAP" in page
        assert "| val | not worse by 1 | mAP |" in page
        assert "seed 0, the first, settled before any was measured" in page
        assert "paired bootstrap over signs" in page
    assert {each.name for each in done.report.iterdir()} == {
        *("report.md", "report.html", "decision.json", "gates.svg", "signs.svg"),
    }
    assert "compared with: version 1, the champion" in said

    # The same command again does nothing anew, and says the same.
    before = len(runs())
    same = again(protocols=EASY | {"top": {"metric": "recall_at_1", "gate": "none"}})
    assert (same.outcome, same.version, same.decision) == (done.outcome, "2", done.decision)
    assert len(runs()) == before

    # Nor does it undo what people did since, and it says so.
    rollback(registry, NAME, "not as good on phones")
    again(protocols=EASY, seeds=[5], move=False, name="later")
    same = again(protocols=EASY | {"top": {"metric": "recall_at_1", "gate": "none"}})
    assert champion(registry) == "1"
    assert (same.promoted, same.outcome) == (
        False,
        f"{done.outcome}; since then version 1 became the champion",
    )
    newest = versions_of(registry, NAME)[0]
    assert (newest.number, newest.aliases) == ("3", ("candidate",))


def test_who_is_not_stays_a_candidate(again: Again, registry: Tracker) -> None:
    done = again(protocols=EASY | {"hard": HARD["val"]})
    assert not done.promoted
    assert done.outcome == "not promoted: version 1 stays, version 2 is the candidate"
    assert champion(registry) == "1"
    assert done.decision["summary"].startswith(
        "did not pass against the champion, version 1: hard R@50 +.000"
    )
    (new, _) = versions_of(registry, NAME)
    assert new.aliases == ("candidate",)
    assert new.tags["decision"] == "not better than version 1"
    page = registry.client.get_registered_model(NAME).description or ""
    assert page.startswith("The champion is version 1;")
    assert "The last one, of version 2:" in page
    assert done.bundle.parent.name == "seed-0"


def test_no_promote_leaves_the_alias_and_the_same_command_moves_it_later(
    again: Again, registry: Tracker
) -> None:
    done = again(protocols=EASY, seeds=[0], move=False)
    assert (done.promoted, champion(registry)) == (False, "1")
    assert done.outcome == "not promoted, as asked: version 2 would take version 1's place"
    done = again(protocols=EASY, seeds=[0])
    assert (done.promoted, champion(registry)) == (True, "2")


def test_another_champion_meanwhile_is_compared_anew(again: Again, registry: Tracker) -> None:
    again(protocols=EASY, seeds=[0], move=False)
    again(protocols=EASY, seeds=[5], name="other")  # version 3
    done = again(protocols=EASY, seeds=[0])
    assert done.decision["champion"] == "3"
    assert done.outcome == "promoted: version 2 is the champion, after version 3"
    assert len(versions_of(registry, NAME)) == 3


def test_where_there_is_no_champion_the_floor_is_the_gate(again: Again, registry: Tracker) -> None:
    registry.client.delete_registered_model_alias(NAME, "champion")
    done = again("models:/raysign-encoder/1", protocols=HARD, seeds=[0])
    assert done.outcome == ("not promoted: there is still no champion, version 2 is the candidate")
    assert "against the untrained nearest neighbour" in done.decision["summary"]
    done = again("models:/raysign-encoder/1", protocols=EASY, seeds=[0], name="second")
    assert done.outcome == "promoted: version 3 is the champion, after nobody"
    assert done.decision["forgetting"] == []
    assert champion(registry) == "3"


def test_all_seeds_together_may_be_what_is_registered(again: Again, registry: Tracker) -> None:
    done = again(protocols=EASY, choose="ensemble")
    assert load_bundle(done.bundle).config.encoder.kind == "ensemble"
    said: list[str] = []
    once_more = again(name="next", protocols=EASY, choose="ensemble", said=said)
    assert once_more.outcome == "promoted: version 3 is the champion, after version 2"
    assert (
        "recipe: raysign-encoder version 2: transformer, loss supcon, 2 epochs; the last"
        in (said[0])
    )
    with pytest.raises(ConfigError, match="is an ensemble, which is not trained but put") as caught:
        again(str(done.bundle), name="folder", protocols=EASY)
    assert f"raysign retrain {done.bundle.parent / 'seed-0'} choose=ensemble" in str(caught.value)


def test_new_signs_and_signers_are_told(again: Again, registry: Tracker, tmp_path: Path) -> None:
    world = {"signs": 24, "train_signers": 3, "val_signers": 2}
    done = again(protocols=EASY, train={"data": {"synthetic": world}})
    drift = done.decision["drift"]
    assert not drift["same"]
    assert (len(drift["signs"]["new"]), drift["signs"]["gone"]) == (4, [])
    assert len(drift["signers"]["new"]) == 1
    assert drift["clips"] == {"now": 72, "then": 40}
    assert drift["clips_a_sign"][0]["then"] == 0
    (told,) = done.decision["forgetting"]
    assert sum(row["learned"] for row in told["signs"]) == 20
    assert told["new_map"] is not None
    assert (done.report / "drift.svg").exists()
    assert "signs new to it" in (done.report / "report.md").read_text()

    # The next one finds in its run what this one learned from, wherever the store is by then.
    done = again(protocols=EASY, seeds=[0], name="next")
    assert done.decision["drift"]["same"]
    assert done.decision["drift"]["clips"]["then"] == 72


def test_what_cannot_be_is_refused_before_anything_is_written(
    again: Again,
    registry: Tracker,
    runs: Runs,
    tmp_path: Path,
    untrained: Callable[..., Path],
) -> None:
    before = len(runs())
    with pytest.raises(SealedSplitError, match="sealed"):
        again(protocols={"cheat": {"queries": "synthetic:test", "gallery": "synthetic:train"}})
    with pytest.raises(
        SplitError, match=r"40 of its 40 queries are among the clips that the candidate"
    ):
        again(protocols={"own": {"queries": "synthetic:train", "gallery": "synthetic:train"}})
    with pytest.raises(ConfigError, match=r"optim\.epochs"):
        again(train={"optim": {"epochs": 0}})
    foreign = registry.register(untrained(1, layout="hands42"), registry.start_run("x"))
    promote(registry, NAME, foreign.version, "")
    with pytest.raises(
        LayoutError, match=r"the champion, models:/raysign-encoder/2, reads hands42"
    ):
        again(f"models:/{NAME}/1")
    assert not (tmp_path / "r").exists()
    assert len(runs()) == before + 1


def test_a_name_that_is_taken_is_refused(again: Again, tmp_path: Path) -> None:
    again(protocols=HARD, seeds=[0])
    with pytest.raises(TrainingError, match=r"began with seeds=\[0\], now \[1\]: give another"):
        again(protocols=HARD, seeds=[1])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(TrainingError, match="holds something else than a re-training"):
        again(protocols=HARD, name="other")


@pytest.fixture
def stopped(again: Again, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a re-training that was stopped before its first seed."""
    monkeypatch.setattr("raysign.retrain.run.train", _stop)
    with pytest.raises(KeyboardInterrupt):
        again(protocols=HARD)
    return tmp_path / "r"


@pytest.mark.parametrize("file", ["retrain.json", "decision.json"])
def test_a_file_that_is_damaged_is_refused(again: Again, stopped: Path, file: str) -> None:
    for content in (b"{}", b"[]", b"", b'{"key": 1', b'{"done": true}', b"\xff"):
        (stopped / file).write_bytes(content)
        with pytest.raises(TrainingError) as caught:
            again(protocols=HARD)
        assert str(caught.value) == (
            f"{str(stopped / file)!r} is damaged, or of another raysign; give another --name"
        )


def test_what_another_raysign_began_is_refused(again: Again, stopped: Path) -> None:
    file = stopped / "retrain.json"
    begun = json.loads(file.read_text())
    for other in ({"recipe": {"foo": 1}}, {"recipe": None}, {"config": [1]}, {"data": 3}, {"a": 1}):
        file.write_text(json.dumps(begun | other))
        with pytest.raises(
            TrainingError, match=r"retrain\.json' is damaged, or of another raysign"
        ):
            again(protocols=HARD)


def test_clips_that_changed_under_a_name_are_refused(again: Again, stopped: Path) -> None:
    file = stopped / "retrain.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"data": "0ld"}))
    with pytest.raises(TrainingError, match="began with data 0ld, now "):
        again(protocols=HARD)


def test_a_store_that_grows_between_seeds_is_refused(
    again: Again, registry: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raysign.retrain import compare, run
    from raysign.retrain.profile import fingerprint_of
    from raysign.train import train

    def grown(config: Any, **more: Any) -> None:
        if config.seed == 1:
            more_signs = config.data.synthetic.model_copy(update={"signs": 22})
            data = config.data.model_copy(update={"synthetic": more_signs})
            config = config.model_copy(update={"data": data})
        train(config, **more)

    monkeypatch.setattr(run, "train", grown)
    with pytest.raises(TrainingError, match=r"'r' began with data \w+, now seed-1 has \w+: give"):
        again(protocols=EASY)
    monkeypatch.setattr(compare, "fingerprint_of", lambda split: fingerprint_of(split)[::-1])
    with pytest.raises(TrainingError, match=r"began with data \w+, now its store has \w+: give"):
        again(protocols=EASY)
    assert champion(registry) == "1"
    assert len(versions_of(registry, NAME)) == 1


def _stop(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt
