"""Reports on disk: Markdown with its plots beside it, one HTML page that needs nothing, numbers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from raysign import __version__
from raysign.draw.markdown import cell
from raysign.draw.page import marked, rendered
from raysign.errors import DataError
from raysign.whole import whole_file

HTML, MARKDOWN = "report.html", "report.md"


@dataclass(frozen=True)
class Report:
    """What a report says, as Markdown and as a page.

    The templates ``report.html.j2`` and ``report.md.j2`` lie beside the package's code. Besides
    ``values`` they have ``plots``, where each of them is by its name, ``captions`` and ``version``,
    and besides ``filters`` these: ``cell`` (text of others in a table), ``marked`` (what stands in
    backticks is code), ``begun`` (with a capital) and ``percent``.
    """

    package: str
    """Dotted name of the package whose report it is, such as ``raysign.retrain``."""
    plots: Mapping[str, str]
    """SVG by its file's name."""
    captions: Mapping[str, str]
    """What each plot shows, by its file's name."""
    filters: Mapping[str, Callable[..., Any]]
    values: Mapping[str, Any]

    def markdown(self) -> str:
        """The report for a repository; its plots are files beside it."""
        return self._rendered(MARKDOWN, {name: name for name in self.plots}, html=False)

    def page(self) -> str:
        """The report as one HTML file that asks nothing of anybody."""
        return self._rendered(HTML, {n: inlined(svg) for n, svg in self.plots.items()}, html=True)

    def write(self, folder: str | Path, **numbers: str) -> Path:
        """Write ``report.md``, the plots and the numbers, JSON by its file's name without ending,
        and ``report.html`` last; as :func:`write_files`.
        """
        told = {f"{name}.json": f"{text}\n" for name, text in numbers.items()}
        pages = {MARKDOWN: self.markdown(), HTML: self.page()}
        return write_files(folder, {**self.plots, **told, **pages})

    def _rendered(self, name: str, plots: Mapping[str, str], *, html: bool) -> str:
        house: dict[str, Callable[..., Any]] = {
            "cell": str if html else cell,
            "marked": marked if html else str,
            "begun": lambda text: text[:1].upper() + text[1:],
            "percent": lambda part: f"{100 * part:.0f} %",
        }
        return rendered(
            self.package,
            f"{name}.j2",
            house | dict(self.filters),
            html=html,
            plots=plots,
            captions=self.captions,
            version=__version__,
            **self.values,
        )


def inlined(svg: str) -> str:
    """A plot as a page has it within itself."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def make_folder(folder: str | Path) -> Path:
    """The folder of a report, made where there is none.

    ``DataError`` where it is a file, or cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(
            f"the report cannot be kept in {str(folder)!r}: {error.strerror}; "
            "give --out a folder that can be written"
        ) from None
    return folder


def check_folder(folder: str | Path) -> None:
    """As ``make_folder``, before long work that nobody could keep; leaves nothing."""
    new = [path for path in (Path(folder), *Path(folder).parents) if not path.exists()]
    make_folder(folder)
    with suppress(OSError):  # somebody else keeps something there by now
        for path in new:
            path.rmdir()


def write_files(folder: str | Path, files: Mapping[str, str]) -> Path:
    """Write a report's files in their order, the page last; each appears whole.

    ``DataError`` where the folder cannot be written.
    """
    folder = make_folder(folder)
    for name, content in files.items():
        with whole_file(folder / name) as draft:
            draft.write_text(content, encoding="utf-8")
    return folder
