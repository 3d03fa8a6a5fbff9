"""Templates: escaped or not, and strict about what they ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from raysign.draw.page import marked, rendered


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a template."""
    folder = tmp_path / "house_of_pages"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "page.j2").write_text("{% if more %}\n{{ text | twice }}\n{% endif %}\nend\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder.name


def test_a_template_is_filled_in_and_keeps_its_lines(package: str) -> None:
    twice = {"twice": lambda text: text * 2}
    plain = rendered(package, "page.j2", twice, html=False, more=True, text="<b>")
    assert plain == "<b><b>\nend\n"
    page = rendered(package, "page.j2", twice, html=True, more=True, text="<b>")
    assert page == "&lt;b&gt;&lt;b&gt;\nend\n"
    assert rendered(package, "page.j2", twice, html=True, more=False) == "end\n"


def test_a_name_that_nobody_gives_is_an_error(package: str) -> None:
    with pytest.raises(UndefinedError, match="'more' is undefined"):
        rendered(package, "page.j2", {"twice": str}, html=True)


def test_backticks_are_code_and_all_else_is_escaped() -> None:
    assert marked("`a<b` is <i>") == "<code>a&lt;b</code> is &lt;i&gt;"
    assert marked("a ` alone") == "a ` alone"
