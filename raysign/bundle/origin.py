"""Which code made a bundle."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(folder: str | Path = Path(__file__).parent) -> str:
    """The git commit of a folder, with ``-dirty`` where tracked files differ; '' outside of git.

    By default that of raysign's own code, wherever it is run from.
    """
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], cwd=folder, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
