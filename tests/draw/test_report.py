"""Reports: one text for a repository, one page that needs nothing, files that appear whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from raysign.draw.report import (
    HTML,
    MARKDOWN,
    Report,
    check_folder,
    inlined,
    make_folder,
    write_files,
)
from raysign.errors import DataError

SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report of a package with its two templates."""
    folder = tmp_path / "house_of_reports"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "report.md.j2").write_text(
        "{{ say | begun }} | {{ sign | cell }} | {{ part | percent }} | {{ note | marked }}\n"
        "![{{ captions['a.svg'] }}]({{ plots['a.svg'] }})\n"
    )
    (folder / "report.html.j2").write_text(
        "<p>{{ say | loud }} {{ sign | cell }} {{ note | marked }}</p>"
        "<img src='{{ plots['a.svg'] }}' alt='{{ captions['a.svg'] }}'>\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, folder.name, raising=False)  # another test's
    return Report(
        folder.name,
        plots={"a.svg": SVG},
        captions={"a.svg": "a < b"},
        filters={"loud": str.upper},
        values={"say": "so it is", "sign": "a|b\nc <i>", "part": 0.5, "note": "type `a<b`"},
    )


def test_markdown_names_the_plots_beside_it(report: Report) -> None:
    assert report.markdown() == ("So it is | a\\|b c <i> | 50 % | type `a<b`\n![a < b](a.svg)\n")


def test_the_page_carries_its_plots_and_escapes_what_is_not_ours(report: Report) -> None:
    assert report.page() == (
        "<p>SO IT IS a|b\nc &lt;i&gt; type <code>a&lt;b</code></p>"
        f"<img src='{inlined(SVG)}' alt='a &lt; b'>\n"
    )


def test_files_are_written_in_their_order_and_whole(report: Report, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    assert report.write(folder, numbers='{"a": 1}') == folder
    pages = {MARKDOWN: report.markdown(), HTML: report.page()}
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        **report.plots,
        **pages,
        "numbers.json": '{"a": 1}\n',
    }


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_folder(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()
    for folder in (tmp_path / "file", tmp_path / "file" / "in"):
        with pytest.raises(DataError, match="cannot be kept in"):
            check_folder(folder)
        with pytest.raises(DataError, match=r"cannot be kept in .*give --out a folder"):
            make_folder(folder)
        with pytest.raises(DataError, match="cannot be kept in"):
            write_files(folder, {"a": "b"})
