"""Where the doors of train and sweep keep a run, and where it can be looked at."""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from raysign.tracking import Tracker

F = TypeVar("F", bound="Callable[..., Any]")


def run_options(
    *,
    config: str,
    name: str,
    data: str = "Store to learn from (default: the synthetic world).",
) -> Callable[[F], F]:
    """What every run is told: ``file``, ``data``, ``name`` and ``out``.

    ``config``, ``name`` and ``data`` say in the help what those are here.
    """
    options = [
        click.option("--config", "file", metavar="FILE", help=config),
        click.option("--data", metavar="STORE", help=data),
        click.option("--name", help=name),
        click.option(
            "--out",
            default="runs",
            show_default=True,
            metavar="FOLDER",
            help="Where runs are kept; on a cluster, storage that every node reaches.",
        ),
    ]

    def dress(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return dress


def run_folder(out: str, name: str | None, kind: str) -> Path:
    """The absolute folder of a run.

    ``ConfigError`` where ``out`` is an address instead of a folder, or cannot be written.
    """
    if "://" in out:
        raise ConfigError(f"--out takes a folder that every node reaches, got {out!r}")
    _check_writable(Path(out).absolute())
    return Path(out).absolute() / (name or time.strftime(f"{kind}-%Y%m%d-%H%M%S"))


def _check_writable(folder: Path) -> None:
    """Before hours of work: can the folder be made, or be written where it is?"""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryDirectory(dir=there, prefix=".raysign-"):
            pass
    except OSError as error:
        raise ConfigError(
            f"runs cannot be kept in {str(folder)!r}: {error.strerror}; "
            "give --out a folder that can be written"
        ) from None


def look(tracker: Tracker, run_id: str) -> str:
    """How a person sees a run: its page, or a command that can be pasted here."""
    parts = urlsplit(tracker.uri)
    if parts.scheme in ("http", "https"):
        page = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        return f"{page}/#/experiments/{tracker.experiment_id}/runs/{run_id}"
    mlflow = Path(sys.executable).with_name("mlflow")
    if mlflow.is_relative_to(Path.cwd()):
        mlflow = mlflow.relative_to(Path.cwd())
    # A password is not printed.
    where = '"$MLFLOW_TRACKING_URI"' if parts.password else shlex.quote(tracker.uri)
    return f"{shlex.quote(str(mlflow))} ui --backend-store-uri {where}"
