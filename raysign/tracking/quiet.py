"""mlflow as this house wants it: silent, without telemetry, its failures one line each."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from raysign.errors import RaysignError, TrackingError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # read when mlflow is imported, hence set before
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
SERVERS, FILES = ("http", "https"), ("sqlite", "file")
"""Schemes of what is no database's server."""
URI = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")
"""With its port."""
SECRET = re.compile(r"([?&][^=&]*(?:passw|pwd|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)
LOUD = ("mlflow", "alembic", "urllib3.connectionpool")
_importing = threading.Lock()


@contextmanager
def mlflow_calls(what: str) -> Iterator[None]:
    """Calls to mlflow belong in here: silenced, and a failure is a one-line ``TrackingError``."""
    _import_mlflow()
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    levels = {name: logging.getLogger(name).level for name in LOUD}
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RaysignError:
        raise
    except (
        *(MlflowException, RequestException, SQLAlchemyError),
        *(sqlite3.Error, ImportError, OSError),
    ) as error:
        raise TrackingError(f"{what}: {one_line(error)}") from error
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def one_line(error: BaseException) -> str:
    """What an exception says, without line breaks and passwords, the dull part of a long one cut
    out.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    text = URI.sub(lambda found: without_password(found[0]), text)
    if len(text) <= 300:
        return text
    return f"{text[:150].rpartition(' ')[0]} … {text[-140:].partition(' ')[2]}"


def without_password(uri: str) -> str:
    """The URI as it may be printed, with ``***`` for whatever may be a secret in it."""
    scheme, colon, rest = uri.partition("://")
    if colon and scheme.lower() not in FILES:
        # A database's password may hold any character as it is, so that the last @ ends it.
        end = re.search("[/?#]", rest) if scheme.lower() in SERVERS else None
        place = rest[: end.start()] if end else rest
        if "@" not in place and not HOST.fullmatch(place):
            place = rest  # a password that should not be in an address as it is
        login, at, host = place.rpartition("@")
        user, hidden, _ = login.partition(":")
        if at and hidden:
            rest = f"{user}:***@{host}{rest[len(place) :]}"
    shown = SECRET.sub(r"\1***", rest)
    return f"{scheme}{colon}{shown}"


def _import_mlflow() -> None:
    with _importing:
        os.environ.update(ENVIRONMENT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow.telemetry

        # Somebody else may have imported mlflow before, with telemetry on.
        if mlflow.telemetry.get_telemetry_client() is not None:
            mlflow.telemetry.set_telemetry_client()  # type: ignore[no-untyped-call]
