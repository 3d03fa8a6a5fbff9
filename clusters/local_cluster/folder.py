"""What a local cluster keeps on disk: its ports, its secrets, its data, its logs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from local_cluster import ports
from raysign.errors import ConfigError
from raysign.whole import whole_file

LONGEST = 40
"""Characters of the folder's path: Ray's sockets lie in it, and a socket's path has 107 at most."""
HEAD = "127.0.0.2"
"""The head's address; the workers' come after it."""


@dataclass(frozen=True)
class Size:
    """How large the cluster is."""

    workers: int = 2
    cpus: int = 1
    """Of each worker; the head runs no trials."""
    gpus: int = 0
    memory_mb: int = 1000
    """Of each node's object store, in shared memory."""


@dataclass(frozen=True)
class Folder:
    """One cluster's folder, which is there."""

    path: Path
    size: Size
    ports: dict[str, int]

    @classmethod
    def open(cls, path: Path) -> Folder:
        """One that was made before; ``ConfigError`` where there is none."""
        try:
            kept = json.loads((path / "cluster.json").read_text())
        except FileNotFoundError:
            raise ConfigError(
                f"no cluster in {str(path)!r}; type python clusters/local.py up --folder {path}"
            ) from None
        return cls(path, Size(**kept["size"]), kept["ports"])

    @classmethod
    def make(cls, path: Path, asked: dict[str, int | None]) -> Folder:
        """The one that is there, with the size as asked, or a new one."""
        given = {name: value for name, value in asked.items() if value is not None}
        if (path / "cluster.json").exists():
            _check_owner(path)
            found = cls.open(path)
            made = replace(found, size=replace(found.size, **given))
        else:
            if len(str(path)) > LONGEST:
                raise ConfigError(
                    f"--folder {str(path)!r} is too long for Ray's sockets: give one of "
                    f"{LONGEST} characters at most, such as /tmp/cluster"
                )
            _claim(path)
            made = cls(path, Size(**given), ports.choose())
        # Before all else: what is killed from here on is found again, and can be removed.
        with whole_file(path / "cluster.json") as draft:
            draft.write_text(json.dumps({"size": asdict(made.size), "ports": made.ports}, indent=1))
        made._furnish()
        return made

    def forget(self) -> None:
        """Remove it, with all that is in it."""
        shutil.rmtree(self.path)

    @property
    def shared(self) -> Path:
        """What every node reaches, at the same path: runs and stores."""
        return self.path / "shared"

    @property
    def password(self) -> str:
        """Of the database's user."""
        return (self.path / "password").read_text()

    def exports(self) -> dict[str, str]:
        """What a person's shell needs to work with this cluster."""
        return {
            "RAY_ADDRESS": f"{HEAD}:{self.ports['gcs']}",
            "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{self.ports['dashboard']}",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.path / "token"),
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.ports['mlflow']}",
            "SHARED": str(self.shared),
        }

    def environment(self) -> dict[str, str]:
        """Of every process: this one's, without what it has to say of another cluster."""
        exports = self.exports()
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RAY_", "MLFLOW_"))
        }
        own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', os.defpath)}"
        kept = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "MLFLOW_TRACKING_URI")
        return own | {name: exports[name] for name in kept}

    def log(self, part: str) -> Path:
        """What a part had to say."""
        return self.path / "logs" / f"{part}.log"

    def _furnish(self) -> None:
        """Make what is missing."""
        for name in ("shared", "logs", "artifacts"):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)
        for name in ("token", "password"):
            if not (self.path / name).exists():
                with whole_file(self.path / name) as draft:
                    draft.touch(mode=0o600, exist_ok=False)
                    draft.write_text(secrets.token_hex(32))


def _claim(path: Path) -> None:
    """Make the folder, or take an empty one; ``ConfigError`` for any other."""
    _check_owner(path)
    # A draft is all that is there where the first `up` was killed at once.
    if path.exists() and {*path.iterdir()} - {*path.glob(".cluster.json.*.part")}:
        raise ConfigError(
            f"{str(path)!r} holds something else; give --folder a new or empty folder"
        )
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)  # the database's user may be another, and has to get through


def _check_owner(path: Path) -> None:
    """A folder in /tmp may be anybody's."""
    if path.exists() and path.stat().st_uid != os.getuid():
        raise ConfigError(f"{str(path)!r} is another user's; give --folder your own")
