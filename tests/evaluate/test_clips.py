"""The flow by protocol clips, from MODEL and two selections to figures and their card."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.evaluate import evaluate as door
from raysign.errors import BundleError, ConfigError, LayoutError, SealedSplitError
from raysign.evaluate import evaluate
from raysign.store import write_store
from raysign.synthetic import iter_clips
from raysign.tracking import connect

if TYPE_CHECKING:
    from pathlib import Path


def test_a_query_is_never_its_own_answer(model: Path, store: Path) -> None:
    itself = evaluate(str(model), f"{store}:val", f"{store}:train").ranking
    assert itself.queries == 20
    # Every val sign has one val clip: searched in themselves, no query has anything to find.
    within = evaluate(str(model), f"{store}:train", f"{store}:train").ranking
    assert within.positives_per_query == 1.0
    assert within.gallery == 40
    assert within.figures["recall_at_1"].value < 1.0


def test_a_clip_that_searches_its_own_store_is_not_its_duplicate(model: Path, store: Path) -> None:
    within = evaluate(str(model), f"{store}:train", f"{store}:train")
    assert within.card["queries_identical_to_a_gallery_clip"] == 0
    assert within.without_duplicates is None
    whole = evaluate(str(model), str(store), str(store))
    assert whole.card["queries_identical_to_a_gallery_clip"] == 2
    assert whole.without_duplicates is not None


def test_the_querys_own_duplicate_is_left_out_of_the_second_figure(
    model: Path, store: Path
) -> None:
    found = evaluate(str(model), f"{store}:val", f"{store}:train")
    assert found.card["queries_identical_to_a_gallery_clip"] == 1
    assert found.without_duplicates is not None
    assert found.without_duplicates.positives_per_query == pytest.approx(2 - 1 / 20)
    assert found.ranking.positives_per_query == 2.0
    # The copy is a certain hit, so leaving it out cannot help.
    with_it, without = (r.figures["mrr"].value for r in (found.ranking, found.without_duplicates))
    assert without < with_it


def test_where_every_positive_is_a_copy_the_plain_figures_stay(
    model: Path, store: Path, tmp_path: Path
) -> None:
    clips = [clip for clip in iter_clips(load_bundle(model).config.data.synthetic)][::3]
    first = list({clip.sign: replace(clip, split="val") for clip in clips}.values())
    copies = [replace(clip, clip_id=f"copy-{clip.clip_id}", split="train") for clip in first]
    write_store(str(tmp_path / "twice"), [*first, *copies])
    queries, gallery = f"{tmp_path}/twice:val", f"{tmp_path}/twice:train"
    done = evaluate(str(model), queries, gallery)
    assert done.ranking.figures["recall_at_1"].value == 1
    assert done.without_duplicates is None
    arguments = [str(model), "--queries", queries, "--gallery", gallery]
    told = CliRunner().invoke(door, arguments)
    assert told.exit_code == 0, told.output
    assert done.card["only_copies"] in told.stdout.splitlines()
    drawn = evaluate(str(model), queries, gallery, protocol="draws", draws=3, shots=1)
    assert drawn.card["only_copies"] == done.card["only_copies"] != ""
    assert evaluate(str(model), f"{store}:val", f"{store}:train").card["only_copies"] == ""


def test_a_draw_without_a_positive_but_copies_is_one_among_others(
    model: Path, tmp_path: Path
) -> None:
    """Each sign has one clip, its copy, and another: some of the draws pair the first two."""
    clips = list(iter_clips(load_bundle(model).config.data.synthetic))
    signs = sorted({clip.sign for clip in clips})[:2]
    some = [[clip for clip in clips if clip.sign == sign][:2] for sign in signs]
    copies = [replace(one, clip_id=f"copy-{one.clip_id}") for one, _ in some]
    both = str(tmp_path / "some")
    write_store(both, [*some[0], *some[1], *copies])
    done = evaluate(str(model), both, both, protocol="draws", draws=30, shots=1)
    plain = done.without_duplicates
    assert plain is not None
    assert 0 < plain.unanswered < done.ranking.queries == plain.queries + plain.unanswered == 60
    assert done.ranking.unanswered == 0


def test_the_test_split_is_sealed_and_its_opening_is_recorded(
    model: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(SealedSplitError, match="test"):
        evaluate(str(model), f"{store}:test", f"{store}:train")
    opened = evaluate(str(model), f"{store}:test", f"{store}:train", open_test=True)
    assert opened.card["opened_test"] is True
    tracker = connect()
    (run,) = tracker.client.search_runs([tracker.experiment_id], "tags.opened_test = 'True'")
    assert run.data.params["queries"] == f"{store}:test"
    assert run.data.metrics["test/map"] == opened.ranking.figures["map"].value
    assert run.info.status == "FINISHED"
    shut = evaluate(str(model), f"{store}:val", f"{store}:train", open_test=True)
    assert shut.card["opened_test"] is False
    assert len(tracker.client.search_runs([tracker.experiment_id])) == 1


def test_clips_without_a_sign_are_nobodys_hit(model: Path, store: Path, tmp_path: Path) -> None:
    clips = [
        replace(clip, sign="") if number % 2 else clip
        for number, clip in enumerate(iter_clips(load_bundle(model).config.data.synthetic))
    ]
    write_store(str(tmp_path / "half"), clips)
    found = evaluate(str(model), f"{tmp_path}/half:val", f"{tmp_path}/half:train")
    assert found.card["query_clips"] == 10
    assert found.card["gallery_clips"] == 20
    assert found.ranking.signs == 10


def test_the_same_id_in_another_store_is_another_clip(
    model: Path, store: Path, tmp_path: Path
) -> None:
    other = load_bundle(model).config.data.synthetic.model_copy(update={"seed": 1})
    signs = sorted({clip.sign for clip in iter_clips(load_bundle(model).config.data.synthetic)})
    renamed = {
        c.sign: signs[i] for i, c in enumerate(w for w in iter_clips(other) if w.split == "val")
    }
    write_store(
        str(tmp_path / "other"), [replace(c, sign=renamed[c.sign]) for c in iter_clips(other)]
    )
    found = evaluate(str(model), f"{store}:train", f"{tmp_path}/other:train")
    assert found.ranking.positives_per_query == 2.0


def test_the_synthetic_world_is_the_models_own_unless_told(model: Path) -> None:
    own = evaluate(str(model), "synthetic:val", "synthetic:train")
    assert own.card["query_clips"] == 20
    told = ("data.synthetic.signs=24",)
    assert (
        evaluate(str(model), "synthetic:val", "synthetic:train", overrides=told).card["signs"] == 24
    )
    with pytest.raises(ConfigError, match=r"--queries and --gallery"):
        evaluate(str(model), "synthetic:val", "synthetic:train", overrides=("data.store=x",))


def test_one_json_object_on_stdout(model: Path, store: Path) -> None:
    arguments = [str(model), "--queries", f"{store}:val", "--gallery", f"{store}:train", "--json"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert {"recall_at_1", "recall_at_1_low", "recall_at_50_high", "map", "mrr"} <= set(printed)
    assert printed["card"]["signer_overlap"] == "1 of 2 query signers also sign in the gallery"
    assert np.isclose(printed["gallery"], 40)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere", "nowhere"),
        ("models:/raysign-encoder@champion", "mlflow.db"),
    ],
)
def test_a_model_that_is_not_there_is_one_line(
    name: str, says: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [name, "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_another_layout_is_refused(model: Path, tmp_path: Path, store: Path) -> None:
    clips = load_bundle(model)
    assert clips.layout == "holistic75"
    hands = [
        replace(c, layout="hands42", xyz=c.xyz[:, 33:], confidence=None)
        for c in iter_clips(clips.config.data.synthetic)
    ]
    write_store(str(tmp_path / "hands"), hands)
    selections = f"{tmp_path}/hands:val", f"{tmp_path}/hands:train"
    with pytest.raises(LayoutError, match="hands42"):
        evaluate(str(model), *selections)
    done = CliRunner().invoke(
        door, [str(model), "--queries", selections[0], "--gallery", selections[1]]
    )
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "'hands42'" in done.stderr
    assert "'holistic75'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_encoder_prepared_otherwise_is_refused(model: Path) -> None:
    other = replace(load_bundle(model), prepare_fingerprint="0" * 16)
    with pytest.raises(BundleError, match="train again"):
        other.embedder()
