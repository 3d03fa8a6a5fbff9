"""Which MLflow: ``MLFLOW_TRACKING_URI`` if set, else a SQLite file; checked before work starts."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from raysign.errors import TrackingError
from raysign.submitted import goes_away
from raysign.tracking.quiet import mlflow_calls, one_line, without_password
from raysign.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

TIMEOUT_S = 5
"""How long a server may take to answer the first call."""
DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
SQLITE = "sqlite:///"


def default_uri() -> str:
    """``MLFLOW_TRACKING_URI`` if set, else ``mlflow.db`` in this folder, by its absolute path.

    A job may run elsewhere than where it was submitted: hand it this instead of letting it guess.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{Path.cwd() / 'mlflow.db'}"


def connect(uri: str | None = None, experiment: str = "raysign", *, create: bool = True) -> Tracker:
    """A tracker for that server, which has answered; the experiment is made where there is none.

    Args:
        uri: of the server; ``default_uri()`` if None. Artifacts of a SQLite file go into
            ``mlartifacts`` beside it.
        experiment: its name.
        create: make the SQLite file and the experiment if need be; False for one who only reads.

    Raises:
        TrackingError: the server cannot be reached or refuses; within about 10 s.
    """
    uri = _lasting(uri)
    shown = without_password(uri)
    artifacts = None
    if file := _sqlite_file(uri):
        artifacts = str(file.parent / "mlartifacts")
        _check_sqlite(file, create)
    else:
        _check_port(uri, shown)
    what = (
        f"MLflow at {shown} does not answer as it should; start it, correct "
        "MLFLOW_TRACKING_URI, or unset it to use a local file"
    )
    with mlflow_calls(what), _first_time(file), impatient():
        if _is_database(uri):
            _check_database(uri)
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        return Tracker(client, uri, _experiment(client, experiment, artifacts, create))


def check(uri: str | None = None) -> None:
    """Before long work: can ``connect`` be expected to succeed? Leaves nothing behind.

    A server has to answer; a SQLite file that is not there yet needs a folder that takes it.

    Raises:
        TrackingError: no, within about 10 s.
    """
    file = _sqlite_file(_lasting(uri))
    if file is None:
        connect(uri, create=False)
    elif file.exists():
        _check_sqlite(file, create=False)
    else:
        there = next(folder for folder in file.parents if folder.exists())
        if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            raise TrackingError(
                f"cannot use {str(file)!r} as MLflow's SQLite file: {str(there)!r} is no folder "
                "that can be written; set MLFLOW_TRACKING_URI to another"
            )


def _lasting(uri: str | None) -> str:
    """Absolute; ``TrackingError`` for a file that a submitted job would take with it."""
    uri = _absolute(uri or default_uri())
    if (file := _sqlite_file(uri)) and goes_away(file):
        raise TrackingError(
            "what MLflow is told would be lost: a submitted job runs in a copy of the folder, "
            f"which goes away with it, and so would {file.name}; name a server: ray job submit "
            '--runtime-env-json \'{"env_vars": {"MLFLOW_TRACKING_URI": "http://HOST:5000"}}\''
        )
    return uri


def exists(uri: str | None = None) -> bool:
    """Whether there is anything to read: False where MLflow's SQLite file has yet to be made."""
    file = _sqlite_file(_lasting(uri))
    return file is None or file.exists()


def _absolute(uri: str) -> str:
    file = _sqlite_file(uri)
    return f"{SQLITE}{file}" if file and "?" not in uri else uri


def _sqlite_file(uri: str) -> Path | None:
    if not uri.startswith(SQLITE):
        return None
    return Path(uri.removeprefix(SQLITE).partition("?")[0]).absolute()


def _check_sqlite(file: Path, create: bool) -> None:
    """On a file that it can never open, mlflow would retry for minutes."""
    if not file.exists() and not create:
        raise TrackingError(
            f"no MLflow file at {str(file)!r}; run this where it was trained, or set "
            "MLFLOW_TRACKING_URI"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file)) as database:
            database.execute("SELECT name FROM sqlite_master").fetchall()
    except (OSError, sqlite3.Error) as error:
        raise TrackingError(
            f"cannot use {str(file)!r} as MLflow's SQLite file: {one_line(error)}; "
            "set MLFLOW_TRACKING_URI to another"
        ) from None
    if not os.access(file, os.W_OK):
        raise TrackingError(f"MLflow's SQLite file {str(file)!r} cannot be written")


def _check_port(uri: str, shown: str) -> None:
    """A database must listen; web servers are left to mlflow, which knows about proxies."""
    host, port = _address(uri, shown)
    if not _is_database(uri) or not host or port is None:
        return
    try:
        socket.create_connection((host, port), TIMEOUT_S).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise TrackingError(
            f"MLflow at {shown} cannot be reached ({one_line(error)}); start it, or correct or "
            "unset MLFLOW_TRACKING_URI"
        ) from None


def _is_database(uri: str) -> bool:
    scheme = uri.partition(":")[0]
    return "+" in scheme or scheme in DATABASE_PORTS


def _address(uri: str, shown: str) -> tuple[str | None, int | None]:
    """Host and port, as who connects will read them; ``TrackingError`` where they cannot be."""
    import sqlalchemy

    try:
        if not _is_database(uri):
            parts = urlsplit(uri)
            return parts.hostname, parts.port
        url = sqlalchemy.make_url(uri)  # in a password it takes what a web address may not have
        return url.host, url.port or DATABASE_PORTS.get(url.drivername.partition("+")[0])
    except (sqlalchemy.exc.ArgumentError, ValueError):
        # Its words quote what they do not understand, which may be of the password.
        raise TrackingError(
            f"MLFLOW_TRACKING_URI is {shown}, which is no address; give SCHEME://HOST:PORT or "
            "SCHEME://USER:PASSWORD@HOST:PORT, in the password %2F for / and %40 for @"
        ) from None


def _check_database(uri: str) -> None:
    """One attempt; mlflow makes ten, over minutes."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    engine.connect().close()
    engine.dispose()


@contextmanager
def _first_time(file: Path | None) -> Iterator[None]:
    """One process at a time makes the tables; two at once leave a broken database.

    The lock is SQLite's own, on an empty file beside the database: it ends with its process.
    """
    if file is None:
        yield
        return
    lock = sqlite3.connect(f"{file}.lock", timeout=60, isolation_level=None)
    with closing(lock):
        lock.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def impatient() -> Iterator[None]:
    """A server that does not answer now is an error now; other calls may be retried for minutes.

    MLflow asks the environment, which threads share: who comes first sets it, and who goes last
    puts it back.
    """
    ours = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(TIMEOUT_S),
    }
    with _turn:
        if not _within:
            _before.update({name: os.environ.get(name) for name in ours})
            os.environ.update(ours)
        _within.append(None)
    try:
        yield
    finally:
        with _turn:
            _within.pop()
            if not _within:
                for name, value in _before.items():
                    if value is None:
                        os.environ.pop(name, None)
                    else:
                        os.environ[name] = value


_turn = threading.Lock()
_within: list[None] = []
"""One for each that is impatient now."""
_before: dict[str, str | None] = {}
"""What the environment said before the first of them."""


def _experiment(client: MlflowClient, name: str, artifacts: str | None, create: bool) -> str:
    """Its id; '' where there is none and none is to be made. The first call that a server gets."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None and not create:
        return ""
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found is None:
        raise TrackingError(f"MLflow neither has nor makes an experiment {name!r}; name another")
    if create and found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"experiment {name!r} was deleted; type `mlflow experiments restore -x "
            f"{found.experiment_id}`"
        )
    return str(found.experiment_id)
