"""The copy of a folder that a job runs in when it was submitted to a cluster.

``ray job submit --working-dir .`` packs the folder, without what ``.gitignore`` and ``.rayignore``
name, and unpacks it on the node that runs the job. What is written there goes away with it, and
what was left out is not there to be read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from raysign.errors import ConfigError

JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Environment variable that Ray sets for a job's process."""
COPIES = "working_dir_files"
"""Ray's name of the folder that all copies are in."""
SAID = "a submitted job"
"""What every message about the copy says."""


def copied_folder() -> Path | None:
    """The copy that this job runs in; None where this is no job, or one that runs in no copy."""
    if JOB not in os.environ:
        return None
    here = Path.cwd()
    return next((f for f in (here, *here.parents) if f.parent.name == COPIES), None)


def goes_away(path: str | Path) -> bool:
    """Would what is written there be lost when the job ends?

    An address (``s3://…``) is nothing of the copy's.
    """
    copy = copied_folder()
    return (
        copy is not None and "://" not in str(path) and Path(path).absolute().is_relative_to(copy)
    )


def check_lasts(option: str, path: str) -> None:
    """``ConfigError`` where an option says to write into the copy; the option's own name first."""
    if goes_away(path):
        name = Path(path).name
        raise ConfigError(
            f"{option} {path!r} would be lost: {SAID} runs in a copy of the folder, which "
            f"goes away with it; give the full path of one that every node reaches, such as "
            f"{option} /shared/{name}"
        )


def left_out(message: str, words: Sequence[str]) -> str:
    """What to add to a message that quotes a file which the copy lacks; '' where it does not.

    Args:
        message: quotes the file as it was given.
        words: what the command was given.
    """
    if copied_folder() is None or SAID in message:
        return ""
    for word in words:
        for path in word.rpartition("=")[2].split(","):
            for name in (path, path.rpartition(":")[0]):
                looks = "/" in name or Path(name).suffix
                if looks and repr(name) in message and goes_away(name) and not Path(name).exists():
                    return (
                        f"; {SAID} has a copy of the folder, without what .gitignore names: "
                        f"give the full path of {name!r}"
                    )
    return ""
