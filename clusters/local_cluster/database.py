"""PostgreSQL, for MLflow alone: on this machine's loopback, with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from local_cluster.processes import marked, start
from local_cluster.waiting import ended_well, until
from raysign.errors import TrackingError, TrainingError

if TYPE_CHECKING:
    from local_cluster.folder import Folder

DATABASE = "mlflow"
USER = "raysign"
AGAIN_S = 30
"""For so long a server that was killed may be in the way of the next: its memory, its process."""


def start_database(folder: Folder) -> None:
    """Start it, and make MLflow's database if there is none.

    It runs as a user without rights where this process is root, whom PostgreSQL does not serve.
    """
    _check_driver()
    place = folder.path / "postgres"
    user = _unprivileged() if os.getuid() == 0 else None
    environment = folder.environment() | {"LC_ALL": "C"} | marked(folder.path, "postgres")
    log = folder.log("postgres")
    if not place.exists():
        draft = folder.path / "postgres.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = draft / "password"
        password.write_text(folder.password)
        if user is not None:
            shutil.chown(draft, user)
            shutil.chown(password, user)
        command = [_program("initdb"), "--pgdata", str(draft / "data"), "--username", USER]
        command += ["--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        ended_well(folder, "postgres", start(command, environment, log, user=user, cwd=draft))
        password.unlink()
        draft.rename(place)
    command = [_program("postgres"), "-D", str(place / "data"), "-p", str(folder.ports["postgres"])]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    again_until = time.monotonic() + AGAIN_S
    while True:
        process = start(command, environment, log, user=user, cwd=place)
        try:
            until(lambda: database_answers(folder), folder, "postgres", process)
        except TrainingError:
            if time.monotonic() > again_until:
                raise
            time.sleep(1)
        else:
            return


def database_uri(folder: Folder) -> str:
    """What MLflow's server is told."""
    login = f"{USER}:{folder.password}@127.0.0.1:{folder.ports['postgres']}"
    return f"postgresql+psycopg2://{login}/{DATABASE}"


def database_answers(folder: Folder) -> bool:
    """Does the server answer? MLflow's database is there then."""
    import psycopg2

    try:
        found = psycopg2.connect(
            host="127.0.0.1",
            port=folder.ports["postgres"],
            user=USER,
            password=folder.password,
            dbname="postgres",
            connect_timeout=5,
        )
    except psycopg2.OperationalError:
        return False
    with closing(found) as server:
        server.autocommit = True
        asked = server.cursor()
        asked.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if asked.fetchone() is None:
            asked.execute(f"CREATE DATABASE {DATABASE}")
    return True


def _check_driver() -> None:
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        raise TrackingError(
            "MLflow needs psycopg2 for PostgreSQL; type pip install psycopg2-binary"
        ) from None


def _unprivileged() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            pass
    raise TrackingError(
        "PostgreSQL does not run as root, and there is no user 'nobody' for it; type adduser nobody"
    )


def _program(name: str) -> str:
    """On PATH, or where Debian keeps it; the newest."""
    kept = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(kept, key=lambda path: float(path.parts[-3]), default=None)
    found = shutil.which(name) or newest
    if found is None:
        raise TrackingError(
            f"PostgreSQL's {name!r} is neither on PATH nor in /usr/lib/postgresql; install it: "
            "apt install postgresql"
        )
    return str(found)
