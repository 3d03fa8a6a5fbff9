"""The parts of a local cluster: which there are, and how all of them are started and ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from local_cluster.database import database_answers, database_uri, start_database
from local_cluster.nodes import nodes_alive, start_node
from local_cluster.processes import end, marked, running, start
from local_cluster.waiting import answers, ended_well, until

if TYPE_CHECKING:
    from local_cluster.folder import Folder


def names(folder: Folder) -> list[str]:
    """All parts, in the order in which they start."""
    return ["postgres", "mlflow", "head", *_workers(folder)]


def up(folder: Folder, say: Callable[[str], None]) -> None:
    """Start what does not run; every part can be used when this returns."""
    there, begun = running(folder.path), []
    if "head" not in there:
        for node in _workers(folder):
            down(folder, node)  # a node without its head serves nobody
        say("starting head")
        begun.append(("head", start_node(folder, "head")))
        there = running(folder.path)
    if "postgres" not in there:
        say("starting postgres")
        start_database(folder)
    if "mlflow" not in there:
        say("starting mlflow")
        _start_mlflow(folder)
    for part, process in begun:
        ended_well(folder, part, process)
    until(lambda: "head" in nodes_alive(folder), folder, "head")
    missing = [node for node in _workers(folder) if node not in there]
    begun = []
    for node in missing:
        say(f"starting {node}")
        begun.append((node, start_node(folder, node)))
    for node, process in begun:
        ended_well(folder, node, process)
        until(lambda name=node: name in nodes_alive(folder), folder, node)  # type: ignore[misc]
    until(lambda: _mlflow_answers(folder), folder, "mlflow")


def down(folder: Folder, part: str) -> None:
    """End a part, and wait until it has ended."""
    if part == "postgres":
        # SIGTERM would wait for its clients.
        end(folder.path, part, by=signal.SIGINT, patience_s=20)
    else:
        end(folder.path, part, patience_s=5)


def states(folder: Folder) -> Iterator[tuple[str, list[int], bool]]:
    """Each part, its processes, and whether it can be used."""
    there, alive = running(folder.path), nodes_alive(folder)
    for part in [*names(folder), *sorted(set(there) - set(names(folder)))]:
        if part not in there:
            usable = False
        elif part == "postgres":
            usable = database_answers(folder)
        elif part == "mlflow":
            usable = _mlflow_answers(folder)
        else:
            usable = part in alive
        yield part, there.get(part, []), usable


def _workers(folder: Folder) -> list[str]:
    return [f"worker-{number}" for number in range(1, folder.size.workers + 1)]


def _start_mlflow(folder: Folder) -> None:
    """Artifacts go through the server: who writes to it needs no other place."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(folder.ports["mlflow"])]
    command += ["--artifacts-destination", str(folder.path / "artifacts")]
    environment = folder.environment() | marked(folder.path, "mlflow")
    # By the environment: a command's arguments are everybody's to read.
    environment["MLFLOW_BACKEND_STORE_URI"] = database_uri(folder)
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    del environment["MLFLOW_TRACKING_URI"]
    start(command, environment, folder.log("mlflow"))


def _mlflow_answers(folder: Folder) -> bool:
    return answers(f"{folder.exports()['MLFLOW_TRACKING_URI']}/health")
