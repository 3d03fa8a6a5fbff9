"""The paper-gap report: rows, differences, and the files that are left."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from raysign.cli.table import table as door
from raysign.clip import Clip
from raysign.config import TrainConfig, resolve
from raysign.errors import ConfigError, DataError
from raysign.evaluate import evaluate
from raysign.evaluate.table import (
    PUBLISHED,
    Choice,
    Explained,
    Level,
    Table,
    build,
    parse_rows,
    write_report,
)
from raysign.evaluate.table.published import caveat
from raysign.ranking import Figure
from raysign.skeleton import layout_named
from raysign.tracking import connect

EXPLAINED = Explained(
    "ambiguity <1>",
    "val/map",
    40,
    100,
    0.05,
    0.18,
    0.24,
    0.21,
    ("loss.kind",),
    "stores/wl|asl",
    (
        Choice(
            "encoder.pooling",
            Figure(0.5, 0.3, 0.7),
            0.97,
            True,
            (Level("attention", 20, 0.22), Level("mean", 20, 0.18)),
        ),
        Choice("optim.lr", Figure(0.1, 0.02, 0.3), 0.03, False, (Level("≤ 0.001", 40, 0.2),)),
    ),
)


@pytest.fixture(scope="module")
def rows(models: Any) -> dict[str, tuple[str, ...]]:
    return {
        "M1": tuple(str(models(f"m1-{seed}", seed=seed)) for seed in (1, 2, 3)),
        "M5": tuple(str(models(f"m5-{seed}", seed=seed)) for seed in (4, 5)),
        "mine | <b>": (str(models("mine", seed=6)),),
    }


@pytest.fixture(scope="module")
def made(rows: dict[str, tuple[str, ...]], store: Path) -> Table:
    return replace(build(rows, f"{store}:val", f"{store}:train"), explained=EXPLAINED)


def test_a_row_is_the_mean_of_its_models(made: Table, store: Path) -> None:
    first = made.rows[0]
    alone = [evaluate(m, f"{store}:val", f"{store}:train").ranking for m in first.models]
    values = torch.tensor([one.figures["map"].value for one in alone])
    assert first.ours.ranking.figures["map"].value == pytest.approx(values.mean().item())
    assert first.ours.spread is not None
    assert first.ours.spread["map"] == pytest.approx(values.std().item())
    assert first.facts.seeds == (1, 2, 3)
    assert first.published is PUBLISHED["M1"]
    assert first.gap is not None
    assert first.gap["map"] == pytest.approx(values.mean().item() - 0.212)
    assert made.rows[2].published is None
    assert made.rows[2].ours.spread is None


def test_differences_go_against_the_row_above_and_the_best(made: Table) -> None:
    maps = [row.ours.ranking.figures["map"].value for row in made.rows]
    best = max(range(3), key=maps.__getitem__)
    assert made.best == made.rows[best].label
    for i, row in enumerate(made.rows):
        assert (row.above is None) == (i == 0)
        assert (row.best is None) == (i == best)
        if row.above:
            assert row.above["map"].value == pytest.approx(maps[i] - maps[i - 1])
        if row.best:
            assert row.best["map"].value == pytest.approx(maps[i] - maps[best])
    second, third = made.rows[1].above, made.rows[2].above
    assert second is not None
    assert third is not None
    assert second["map"].seed_error is not None
    assert third["map"].seed_error is not None, "a single run is taken to spread as the others"


def test_floors_stand_under_the_rows(made: Table) -> None:
    assert made.untrained.queries == 20
    assert made.chance["recall_at_50"] == 1.0
    assert made.chance["recall_at_1"] == pytest.approx(2 / 40)
    assert made.rows[0].without_duplicates is not None
    assert made.card["queries_identical_to_a_gallery_clip"] == 1


def test_what_makes_rows_unfair_is_said(models: Any, store: Path) -> None:
    longer = models("longer", seed=1)
    manifest = json.loads((longer / "bundle.json").read_text())
    manifest["config"]["optim"]["epochs"] = 99
    manifest["config"]["data"]["splits"] = "signer_disjoint"
    (longer / "bundle.json").write_text(json.dumps(manifest))
    same = str(models("same", seed=1))
    made = build({"a": (same, str(longer)), "b": (str(longer),)}, f"{store}:val", f"{store}:train")
    notes = "\n".join(made.notes)
    assert "the runs of a differ in data.splits, optim.epochs too" in notes
    assert "runs of a share a seed (1, 1)" in notes
    assert "b was trained with data.splits=signer_disjoint: it may have learned" in notes
    assert "one run only: b" in notes
    assert "do not have the same epochs: a 30, b 99" in notes


def test_the_clips_count_and_not_where_they_lie(models: Any, store: Path) -> None:
    runs = []
    for name, place, clips in (("here", "a", "1"), ("there", "b", "1"), ("others", "b", "2")):
        folder = models(name, card={"data": {"fingerprint": clips}})
        manifest = json.loads((folder / "bundle.json").read_text())
        manifest["config"]["data"]["store"] = place
        (folder / "bundle.json").write_text(json.dumps(manifest))
        runs.append(str(folder))
    rows = {"same": tuple(runs[:2]), "others": (runs[0], runs[2])}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "the runs of others differ in training clips too" in notes
    assert "the runs of same differ" not in notes


def test_rows_that_look_in_the_mirror_are_not_like_the_others(
    models: Any, config: TrainConfig, store: Path
) -> None:
    both = config.model_dump() | {"evaluate": {"mirror": "both", "bootstrap": 200}}
    mirrored = str(models("table-mirrored", seed=1, settings=resolve(TrainConfig, both)))
    plain = str(models("table-plain", seed=0))
    rows = {"a": (plain, mirrored), "b": (plain,)}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "the runs of a differ in evaluate.mirror too" in notes, "and not in the bootstrap"
    rows = {"a": (plain,), "b": (mirrored,)}
    notes = "\n".join(build(rows, f"{store}:val", f"{store}:train").notes)
    assert "not have the same mirror images (evaluate.mirror): a none, b both" in notes


def wlasl(dataset: str = "wlasl2000", layout: str = "holistic75") -> Any:
    """Two clips of noise, of one sign."""
    rng = np.random.default_rng(0)
    joints = layout_named(layout).num_joints
    return [
        Clip(name, rng.random((5, joints, 3), np.float32), layout, "a", split=name, dataset=dataset)
        for name in ("train", "val")
    ]


def test_hands_alone_are_told(sides_of: Any) -> None:
    """The published encoders read the body too, and two streams of a graph are one here."""
    sides = sides_of(wlasl(layout="hands42"), "val", "train")
    told = caveat(sides.asking, sides.searched)
    assert "2,000 signs, body and hands; here: hands alone (hands42), of which a two-s" in told


@pytest.mark.parametrize("dataset", ["wlasl", "wlasl2000"])
def test_wlasls_own_val_clips_need_no_caveat(sides_of: Any, dataset: str) -> None:
    sides = sides_of(wlasl(dataset), "val", "train")
    assert caveat(sides.asking, sides.searched) == ""


@pytest.mark.parametrize(
    ("dataset", "queries", "gallery", "says"),
    [
        ("wlasl100", "val", "train", "queries wlasl100 val (1 signs), gallery wlasl100 train (1"),
        ("wlasl2000", "train", "train", "here: queries wlasl2000 train (1 signs). A gap"),
        ("wlasl2000", "val", "", "here: gallery wlasl2000 train/val (1 signs). A gap"),
        ("", "val", "train", "here: queries of no named dataset val (1 signs), gallery of no"),
    ],
)
def test_other_queries_or_another_gallery_are_told(
    sides_of: Any, dataset: str, queries: str, gallery: str, says: str
) -> None:
    sides = sides_of(wlasl(dataset), queries, gallery)
    told = caveat(sides.asking, sides.searched)
    assert told.startswith("The published rows are of WLASL's val clips, searched in its train")
    assert says in told


def test_the_caveat_stands_under_the_table_where_a_row_is_published(
    rows: dict[str, tuple[str, ...]], made: Table, store: Path, tmp_path: Path
) -> None:
    assert "here: queries synthetic val (20 signs)" in made.caveat
    folder = write_report(made, tmp_path)
    for name, after in (("report.md", "Does a row beat another?"), ("report.html", "<h2>Does a")):
        text = (folder / name).read_text().replace("&#39;", "'")
        assert text.index("Published: ") < text.index(made.caveat) < text.index(after)
    own = build({"mine": rows["M1"][:1]}, f"{store}:val", f"{store}:train")
    assert own.caveat == own.as_json()["caveat"] == ""


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["runs/m1"], "'runs/m1' is not of the form LABEL=MODEL"),
        (["M1="], "not of the form"),
        (["M1=a,,b"], "not of the form"),
        (["M1=a", "M1=b"], "'M1' comes twice"),
        (["chance=a"], "'chance' stands in the table anyway"),
        (["M1=a,a"], "the same model twice"),
        ([], "a table needs a row; type M1="),
    ],
)
def test_rows_that_are_none_are_one_line(texts: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)):
        parse_rows(texts)


def test_the_published_table_is_the_posters() -> None:
    assert list(PUBLISHED) == ["M1", "M2", "M3", "M4", "M5"]
    assert list(PUBLISHED["M4"].values.values()) == [0.177, 0.446, 0.559, 0.769, 0.192]
    at_1, mean = (PUBLISHED["M5"].figures[name] for name in ("recall_at_1", "map"))
    assert mean is None
    assert at_1 is not None
    assert at_1.high - at_1.low == pytest.approx(2 * 0.016, abs=0.001)


class _Page(HTMLParser):
    """Addresses that a page asks for, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.asks: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asks += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_is_whole(made: Table, tmp_path: Path) -> None:
    folder = write_report(made, tmp_path / "deep" / "report")
    pictures = {"figures.svg", "differences.svg", "importance.svg"}
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "report.md", "table.json"),
        *pictures,
    }
    assert json.loads((folder / "table.json").read_text()) == json.loads(
        json.dumps(made.as_json(), allow_nan=False)
    )
    page = _Page()
    html = (folder / "report.html").read_text()
    page.feed(html)
    assert len(page.asks) == 3
    for address in page.asks:
        assert base64.b64decode(address.removeprefix("data:image/svg+xml;base64,"))[:5] == b"<?xml"
    assert "script" not in page.tags
    assert "mine | &lt;b&gt;" in html
    assert "ambiguity &lt;1&gt;" in html
    assert "<code>encoder.pooling</code> (50 % [30–70]) has the largest" in html
    text = (folder / "report.md").read_text()
    assert set(re.findall(r"\]\((\S+\.svg)\)", text)) == pictures
    assert "**mine \\| <b>**" in text
    ours = made.rows[0].ours.ranking.figures["map"]
    assert f"{ours} ±" in text
    assert f"<small>{str(ours)[6:-1]}</small>" in html


def test_every_line_of_a_markdown_table_has_as_many_cells(made: Table, tmp_path: Path) -> None:
    text = (write_report(made, tmp_path) / "report.md").read_text()
    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    for part in tables:
        rows = [line.replace("\\|", "").count("|") for line in part.strip().splitlines()]
        assert len(rows) > 2
        assert len(set(rows)) == 1, part


def test_the_same_table_gives_the_same_bytes(made: Table, tmp_path: Path) -> None:
    first, again = (write_report(made, tmp_path / name) for name in "ab")
    for file in first.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes(), file.name


def test_one_row_without_a_sweep_is_a_report_too(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path
) -> None:
    made = build({"M1": rows["M1"][:1]}, f"{store}:val", f"{store}:train")
    folder = write_report(made, tmp_path / "small")
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "report.md", "table.json", "figures.svg"),
    }
    assert made.as_json()["importance"] is None
    with pytest.raises(DataError, match=r"cannot be kept in .*--out a folder"):
        write_report(made, folder / "report.md" / "below")


def test_the_door_writes_and_prints(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path
) -> None:
    arguments = [f"M1={','.join(rows['M1'][:2])}", f"M5={rows['M5'][0]}"]
    arguments += ["--queries", f"{store}:val", "--gallery", f"{store}:train"]
    arguments += ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "out" / "table.json").read_text())
    assert [row["label"] for row in printed["rows"]] == ["M1", "M5"]
    assert printed["rows"][1]["against_above"]["map_seed_error"] > 0
    told = CliRunner().invoke(door, [*arguments, "data.empty_clips=drop"]).stdout
    assert "M1 published: R@1 .178  R@5 .455" in told
    assert f"note: {printed['caveat']}" in told.splitlines()
    assert told.splitlines()[-1] == f"the page: {tmp_path / 'out' / 'report.html'}"


def test_the_door_explains_a_recorded_sweep(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    tracker = connect()
    sweep = tracker.start_run("ambiguity", tags={"kind": "sweep"})
    tracker.log_text(sweep, "space: {encoder.depth: {choice: [2, 4]}}", "space.yaml")
    for number in range(10):
        tags = {"kind": "trial", "searched": "encoder.depth"}
        depth = 2 + 2 * (number % 2)
        trial = tracker.start_run(f"trial-{number:03d}", parent=sweep, tags=tags)
        tracker.log_params(trial, {"encoder.depth": depth})
        tracker.log_metrics(trial, {"best/val/map": depth / 10}, 1)
        tracker.finish(trial)
    arguments = [f"M1={rows['M1'][0]}", "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    arguments += ["--out", str(tmp_path / "out"), "--sweep", sweep, "--json"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["importance"]
    assert (found["sweep"], found["trials"], found["best"]) == ("ambiguity", 10, 0.4)
    (choice,) = found["choices"]
    assert choice["share"]["value"] == pytest.approx(1)
    assert [level["value"] for level in choice["levels"]] == ["4", "2"]
    assert "ambiguity" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["M1"], "is not of the form LABEL=MODEL"),
        (["M1=nowhere"], "bundle 'nowhere' does not exist"),
        (["M1=nowhere", "--sweep", "abc"], "no MLflow file at"),
    ],
)
def test_what_the_door_refuses_leaves_nothing(
    rows: list[str], says: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    selections = ["--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*rows, *selections])
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
