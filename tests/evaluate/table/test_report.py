"""The files that a paper-gap report leaves."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from raysign.errors import DataError
from raysign.evaluate.table import (
    Table,
    build,
    write_report,
)


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
