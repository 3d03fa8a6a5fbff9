from __future__ import annotations

import json
from itertools import pairwise

import pytest

from raysign.bundle import save_keyword_bundle
from raysign.cli.keywords.table import table as door
from raysign.errors import ConfigError
from raysign.evaluate.keywords.table import build, write_report
from raysign.evaluate.keywords.table.published import PUBLISHED


@pytest.fixture(scope="module")
def table(bundle_of):
    models = [
        bundle_of(words, joints, seed)
        for words in ("translation", "gloss")
        for joints in ("both", "body")
        for seed in ((0, 1) if words == "gloss" else (0,))
    ]
    return build(models, resamples=30)


def test_rows_are_in_the_published_order_with_their_seeds(table):
    rows = [(row.kind, row.joints, row.seeds) for row in table.rows]
    assert rows == [
        ("gloss", "body", (0, 1)),
        ("gloss", "both", (0, 1)),
        ("translation", "body", (0,)),
        ("translation", "both", (0,)),
    ]
    row = table.rows[0]
    runs = [run.systems["none"].figures.map for run in row.runs]
    assert row.figures("none")["map"].value == pytest.approx(sum(runs) / 2)
    assert row.spread("none")["map"] == pytest.approx(abs(runs[0] - runs[1]) / 2**0.5)


def test_the_caveat_says_that_these_are_other_sentences(table):
    assert "20 sentences of synthetic val" in table.caveat


def test_it_says_what_the_sentences_chose(table):
    """Not decided by them: γ, of which each half is told by the other."""
    chose, *crossed = table.notes
    assert chose.startswith("20 of these sentences chose the model's epoch and when its MLP")
    assert crossed
    assert all("by the other half" in note for note in crossed)
    assert table.card["trained_on_left_out"] == 0


def test_the_report(table, tmp_path, browse):
    folder = write_report(table, tmp_path / "report")
    names = {path.name for path in folder.iterdir()}
    assert names == {"report.html", "report.md", "table.json", "curves.svg", "findings.svg"}
    told = json.loads((folder / "table.json").read_text())
    assert len(told["rows"]) == 4
    assert len(told["published"]) == len(PUBLISHED) == 12
    text, html = ((folder / name).read_text() for name in ("report.md", "report.html"))
    for page in (text, html):
        for words in (
            ".292",
            ".146",
            "TF-IDF context",
            "by frequency",
            "Tamer",
            "not decided",
            "these sentences chose",
        ):
            assert words in page, words
        assert "pointing accuracy" in page
    for line in text.splitlines():
        assert not line.startswith("|") or line.rstrip().endswith("|"), line
    shown = browse(folder / "report.html")
    assert "Keyword search: published, ours" in shown.stdout
    assert "Content Security Policy" not in shown.stderr
    again = write_report(table, tmp_path / "again")
    assert (again / "curves.svg").read_bytes() == (folder / "curves.svg").read_bytes()


def test_markdown_tables_are_whole(table, tmp_path):
    """Every row of a table has as many cells as its head."""
    lines = (write_report(table, tmp_path) / "report.md").read_text().splitlines()
    cells = [line.count("|") if line.startswith("|") else 0 for line in lines]
    for before, here in pairwise(cells):
        assert not (before and here) or before == here
    assert sum(bool(count) for count in cells) > 30


def test_the_door(bundle_of, tmp_path, capsys):
    folders = [
        str(save_keyword_bundle(bundle_of(joints=joints), tmp_path / joints))
        for joints in ("body", "both")
    ]
    door.main([*folders, "--out", str(tmp_path / "out")], standalone_mode=False)
    text = capsys.readouterr().out
    assert "both hands help: map" in text
    assert f"the page: {tmp_path / 'out' / 'report.html'}" in text


def test_refused(bundle_of, store, tmp_path):
    with pytest.raises(ConfigError, match="no model"):
        build([])
    with pytest.raises(ConfigError, match=r"more than the seed \(search.similarity=cos2 and cos\)"):
        build([bundle_of(), bundle_of(similarity="cos")])
    mine = bundle_of(contexts=False)
    data = mine.config.data.model_copy(update={"store": "elsewhere"})
    object.__setattr__(mine, "config", mine.config.model_copy(update={"data": data}))
    # Everything that is wrong, at once.
    with pytest.raises(ConfigError, match="learned from different sentences") as refused:
        build([bundle_of(contexts=False), mine])
    assert "'model 1' from elsewhere); say with --sentences STORE:val" in str(refused.value)
    assert "(data.store=" in str(refused.value)
