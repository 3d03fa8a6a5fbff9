"""Which code made a bundle."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

COMMIT = "RAYSIGN_COMMIT"
"""Environment variable that names it where there is no git."""


def commit(folder: str | Path = Path(__file__).parent) -> str:
    """The git commit of a folder, with ``-dirty`` where tracked files differ.

    By default that of raysign's own code, wherever it is run from. Outside of git what
    ``RAYSIGN_COMMIT`` says, else '': a submitted job has a copy of the files alone.
    """
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], cwd=folder, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return os.environ.get(COMMIT, "")
    return done.stdout.strip() if done.returncode == 0 else os.environ.get(COMMIT, "")
