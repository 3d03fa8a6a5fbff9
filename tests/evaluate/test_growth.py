"""Growth: galleries of many sizes against a slow reference, and the door."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.cli.growth import growth as door
from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.errors import ConfigError, DataError, LayoutError, SealedSplitError, SplitError
from raysign.evaluate import evaluate
from raysign.evaluate.growth import Growth, better, growth
from raysign.evaluate.growth.better import Scale, count_better
from raysign.evaluate.growth.distractors import Vectors
from raysign.evaluate.growth.figures import figures_of
from raysign.evaluate.growth.write import write_report
from raysign.evaluate.protocols import Rounds
from raysign.evaluate.protocols.supported import supported
from raysign.ranking import Figure, wilson
from raysign.store import write_store
from raysign.synthetic import World, iter_clips
from raysign.tracking import connect

NoiseOf = Callable[..., list[Clip]]
BY_MANY = ("data.synthetic.train_signers=3", "data.synthetic.val_signers=1")


@pytest.fixture(scope="module")
def made(models: Any) -> Growth:
    """Two models, 1 to 3 clips a sign, and distractors of the same language."""
    names = [str(models("twenty", seed=1, signs=tuple("abc"))), str(models("unknown", seed=2))]
    return growth(
        names,
        "synthetic:val",
        "synthetic:train",
        distractors=["synthetic"],
        sizes=[10, 40, 200],
        shots=[3, 1, 2],
        draws=4,
        overrides=[*BY_MANY, "data.synthetic.language=2"],
    )


@pytest.mark.parametrize("memory", [None, 1])
def test_a_slow_count_says_the_same(
    sides_of: Any, noise_of: NoiseOf, monkeypatch: pytest.MonkeyPatch, memory: int | None
) -> None:
    if memory:
        monkeypatch.setattr(better, "MEMORY_BYTES", memory)
    sides = sides_of(noise_of({f"s{i}": 4 + i % 3 for i in range(9)}))
    rng = torch.Generator().manual_seed(0)
    vectors = torch.randn(len(sides.asking), 5, generator=rng)
    others = torch.randn(13, 5, generator=rng)
    sign = np.array([0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 7])
    turn = np.array([0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1])
    extra = Vectors(others, sign, turn, frozenset())
    rounds = supported(sides, draws=3, shots=2, seed=0)
    scale = Scale(np.array([2, 4, 9, 11, 17]), (1, 2), 5)
    number = sides.query_sign, sides.gallery_sign
    found = count_better(vectors, vectors, *number, rounds, extra, scale)
    for draw, (asks, supports) in enumerate(zip(rounds.queries, rounds.galleries, strict=True)):
        first = np.argsort(scale.gallery_order(draw, 9))
        then = np.argsort(scale.distractor_order(draw, 8))
        for row, query in enumerate(asks):
            for nth, shots in enumerate(scale.shots):
                cosine = (vectors[supports] @ vectors[query]).reshape(9, 2)[:, :shots].amax(1)
                far = others @ vectors[query]
                best = [far[(sign == s) & (turn < shots)].max() for s in then]
                own = sides.query_sign[query]
                line = [cosine[s] for s in first if s != own] + best
                for at, size in enumerate(scale.sizes):
                    before = sum(bool(one >= cosine[own]) for one in line[: size - 1])
                    assert found[draw][row, nth, at] == before


def test_the_whole_gallery_gives_the_figures_of_one_shot(models: Any) -> None:
    model, world = str(models("plain")), (*BY_MANY, "data.synthetic.signs=30")
    selections = "synthetic", "synthetic"
    whole = evaluate(model, *selections, protocol="one_shot", draws=5, overrides=world).ranking
    grown = growth([model], *selections, sizes=[30], draws=5, overrides=world)
    point = grown.models[0].points[1, 30]
    assert point.queries == whole.queries
    for name, figure in point.figures.items():
        ours, theirs = ([of.value, of.low, of.high] for of in (figure, whole.figures[name]))
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_the_larger_gallery_is_never_easier(made: Growth) -> None:
    assert made.largest == 200
    assert made.shown == (10, 20, 40, 200)
    for model in made.models:
        sizes = sorted({size for _, size in model.points})
        assert {10, 20, 40, 200} <= set(sizes)
        for shots in made.shots:
            along = [model.points[shots, size].figures["recall_at_5"].value for size in sizes]
            assert along == sorted(along, reverse=True)
        assert all(ranking.queries == 4 * 20 for ranking in model.points.values())
    assert made.models[0].points[1, 10].figures["recall_at_10"] == Figure(1.0, 1.0, 1.0), (
        "of 10 signs"
    )


def test_an_easy_gallery_is_no_certainty() -> None:
    """Four signs, each found first among 9 in both draws."""
    asks = np.arange(4)
    rounds = Rounds((asks, asks), (asks, asks))
    counts = [np.zeros((4, 1, 2), np.int64)] * 2
    made = figures_of(counts, Scale(np.array([5, 9]), (1,), 0), asks, rounds, resamples=9, seed=0)
    assert made.points[1, 9].figures["recall_at_1"] == wilson(1.0, 4)
    assert made.points[1, 9].figures["recall_at_5"] == wilson(1.0, 4)
    assert made.points[1, 5].figures["recall_at_5"] == Figure(1.0, 1.0, 1.0)


def test_the_card_says_who_is_in_the_gallery(made: Growth) -> None:
    (source,) = made.card["distractors"]
    assert (source["of"], source["signs"], source["clips"]) == ("synthetic", 180, 540)
    assert (source["language"], len(source["data"])) == ("qab", 16)
    known = [(model["asked_learned"], model["asked_new"]) for model in made.card["models"]]
    assert known == [(0, 20), (None, None)]
    assert made.card["shots"] == [1, 2, 3]
    assert made.card["language"] == "qab"
    assert "no query finds a support by its own signer" in made.card["own_signer"]
    assert made.notes[0].startswith("signs and queries are those that are left beside 3 support")
    assert made.notes[1] == "how many signs these learned is not known: " + made.models[1].name
    assert len(made.models[0].by_size) == 12
    assert set(made.models[0].by_shots) == {"recall_at_1", "recall_at_5", "recall_at_10", "mrr"}


def test_the_page_needs_nothing_and_says_what_is_fitted(made: Growth, tmp_path: Path) -> None:
    folder = write_report(made, tmp_path / "report")
    assert {path.name for path in folder.iterdir()} == {
        *("growth.html", "growth.json", "size.svg", "shots.svg")
    }
    again = write_report(made, tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    sources = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            sources.extend(value for name, value in attrs if name in ("src", "href"))

    page = (folder / "growth.html").read_text()
    Page().feed(page)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert "180 signs of <code>synthetic</code>" in page
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(DataError, match="give --out a folder"):
        write_report(made, taken / "deeper")


def test_through_the_door(models: Any, tmp_path: Path) -> None:
    stranger = str(models("stranger", signs=("a", "b", "c")))
    arguments = [stranger, "--queries", "synthetic:val", "--gallery", "synthetic:train"]
    arguments += ["--draws", "3", "--sizes", "20,320,321"]
    arguments += ["data.synthetic.language=2", "data.synthetic.signs=160"]
    arguments += ["data.synthetic.train_signers=1", "data.synthetic.val_signers=1"]
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    (model,) = printed["models"]
    assert {"recall_at_1", "mrr_low", "gallery"} <= set(model["points"][0])
    assert {each["gallery"] for each in model["beyond"]} == {320}
    assert printed["published"]["mrr"] == 0.508
    assert "embedded" in done.stderr
    spoken = CliRunner().invoke(door, [*arguments, "--out", str(tmp_path / "out")]).stdout
    (row,) = [line for line in spoken.splitlines() if line.lstrip().startswith("320")]
    assert row.endswith("fitted, not measured")
    assert "nothing is fitted beyond 320 signs, twice the largest gallery" in spoken
    assert "measure larger ones with --distractors" in spoken
    assert "0 of the signs that are asked for, 160 are new to it" in spoken
    assert "published, one shot of 10,235 Flemish signs" in spoken
    assert spoken.splitlines()[-1].startswith("the page: "), "first the answer"
    assert (tmp_path / "out" / "growth.html").is_file()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--sizes", "1"], "--sizes are numbers from 2 on, got 1"),
        (["--sizes", "many"], "'many' is not of the form 100,1000,10000"),
        (["--largest", "1"], "invalid value for '--largest'"),
        (["--shots", "0,1"], "--shots are numbers from 1 on, got 0,1"),
        (["--shots", "5"], "5-shot needs 2 signs with 5 support clips"),
        (["--distractors", "synthetic:test"], "has the splits train and val, and no test"),
        (["data.store=x"], "growth reads data.synthetic"),
        (["data.synthetic.signz=30"], "data.synthetic.signz: no such setting; did you mean 'data."),
        (["data.synthetic.signs=3"], "error: data.synthetic.signs: must be greater than or"),
        (["--distractors", "synthetic", "--sizes", "9999999"], "type --largest 100000"),
    ],
)
def test_what_cannot_be_grown_is_one_line(models: Any, more: list[str], says: str) -> None:
    arguments = [str(models("plain")), "--queries", "synthetic:val", "--gallery", "synthetic:train"]
    done = CliRunner().invoke(door, [*arguments, *more])
    assert done.exit_code == 2
    assert says in done.stderr.splitlines()[-1]


def test_unknown_signers_and_other_layouts_are_refused(
    models: Any, tmp_path: Path, noise_of: NoiseOf
) -> None:
    model = str(models("plain"))
    clips = [*iter_clips(SyntheticConfig(signs=20, train_signers=1, val_signers=1))]
    write_store(str(tmp_path / "real"), [_nameless(clip) for clip in clips])
    sides = f"{tmp_path}/real:val", f"{tmp_path}/real:train"
    with pytest.raises(SplitError, match=r"no clip of .* has one; type --signers any"):
        growth([model], *sides, sizes=[20])
    assert growth([model], *sides, sizes=[20], signers="any", draws=2).largest == 20
    write_store(str(tmp_path / "hands"), noise_of({"a": 2}))
    with pytest.raises(LayoutError, match="hands42"):
        growth([model], *sides, sizes=[21], signers="any", distractors=[f"{tmp_path}/hands"])
    with pytest.raises(ConfigError, match="the same model twice"):
        growth([model, model], *sides)


def _nameless(clip: Clip) -> Clip:
    return Clip(clip.clip_id, clip.xyz, clip.layout, clip.sign, split=clip.split)


def test_the_opening_of_the_test_split_is_recorded(
    model: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    sides = f"{store}:test", f"{store}:train"
    with pytest.raises(SealedSplitError, match="sealed"):
        growth([str(model)], *sides, sizes=[20])
    opened = growth([str(model)], *sides, sizes=[20], draws=2, open_test=True)
    assert opened.card["opened_test"] is True
    tracker = connect()
    (run,) = tracker.client.search_runs([tracker.experiment_id], "tags.opened_test = 'True'")
    point = opened.models[0].points[1, opened.largest]
    assert run.data.metrics["test/mrr"] == point.figures["mrr"].value
    assert run.data.params["protocol"] == "growth"


def test_what_cannot_be_kept_or_read_is_refused_before_anything_is_embedded(
    models: Any, tmp_path: Path, noise_of: NoiseOf
) -> None:
    write_store(str(tmp_path / "hands"), noise_of({"a": 2}))
    (tmp_path / "file").write_text("")
    arguments = [str(models("plain")), "--queries", "synthetic:val", "--gallery", "synthetic:train"]
    for more, says in (
        (["--out", f"{tmp_path}/file"], "give --out a folder"),
        (["--distractors", f"{tmp_path}/hands"], "of one layout"),
    ):
        done = CliRunner().invoke(door, [*arguments, *more])
        assert done.exit_code == 2
        assert says in done.stderr
        assert "reading" not in done.stderr
        assert done.stderr.count("\n") == 1


def test_own_signers_are_told_for_each_number_of_shots(models: Any, tmp_path: Path) -> None:
    made = iter_clips(SyntheticConfig(signs=20, train_signers=4, val_signers=1))
    clips = [replace(clip, signer="" if clip.split == "val" else "one") for clip in made]
    write_store(str(tmp_path / "store"), clips)
    grown = growth(
        [str(models("plain"))], *[str(tmp_path / "store")] * 2, sizes=[20], shots=[1, 2],
        signers="any", draws=3,
    )  # fmt: skip
    for told in grown.card["own_signer"].split("; "):
        assert "% of the queries whose signer is known (" in told
    assert "2 a sign: " in grown.card["own_signer"]


def test_published_figures_stand_beside_signs_that_nobody_learned(models: Any) -> None:
    world = World(SyntheticConfig(signs=20))
    knows = str(models("knows", signs=tuple(sign.gloss for sign in world.signs[:7])))
    grown = growth([knows], "synthetic:val", "synthetic:train", sizes=[20], draws=2)
    assert not grown.like_the_published
    assert grown.as_json()["published"] is None
    (card,) = grown.card["models"]
    assert (card["asked_learned"], card["asked_new"]) == (7, 13)
