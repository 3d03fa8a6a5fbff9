"""Where a command writes its page, looked at before there is anything to lose."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

_SPLIT = re.compile(":[A-Za-z_][^/:]*$")


def page_path(
    html: str, gallery: str, videos: tuple[str, ...] = (), *, what: str = "gallery"
) -> Path:
    """Where the page of ``--html`` goes; nothing that somebody still needs may stand there.

    Args:
        html: as it was given.
        gallery: its folder, in which a page would not be safe; of ``STORE:split`` it is STORE.
        videos: what asks, if anything.
        what: the folder's name for people, where it is not a gallery's.

    Raises:
        UsageError: it is no HTML file by its name, is or lies in one of these, or cannot be
            written.
    """
    path = Path(html)
    folder = path.parent
    if path.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--html must name a file that ends in .html, got {html!r}")
    if place(html) in map(place, videos):
        raise click.UsageError(f"--html {html!r} is the query itself; give another name")
    if any(place(html).is_relative_to(place(one)) for one in (gallery, _SPLIT.sub("", gallery))):
        raise click.UsageError(f"--html {html!r} lies inside the {what}; give another place")
    if os.path.isdir(path):
        raise click.UsageError(f"--html {html!r} is a folder; give a file in it")
    if not os.path.isdir(folder):
        raise click.UsageError(f"--html {html!r}: there is no folder {str(folder)!r}; make it")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"--html {html!r}: nothing can be written to {str(folder)!r}")
    return path


def place(name: str) -> Path:
    """A path without links and dots; unlike ``Path.resolve`` it raises for none."""
    return Path(os.path.realpath(name))
