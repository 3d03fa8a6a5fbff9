"""A real cluster on this machine: Ray nodes, MLflow on PostgreSQL, shared storage.

One head and some workers, each a node of its own to Ray, with its own resources, ports and folder.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click
from local_cluster import parts
from local_cluster.folder import Folder
from local_cluster.processes import running

from raysign.cli.door import FramedGroup, door, json_option
from raysign.errors import ConfigError

folder_option = click.option(
    "--folder",
    "place",
    default=f"/tmp/raysign-{os.getuid()}",
    show_default=True,
    metavar="FOLDER",
    help="Where the cluster keeps its data, logs and secrets.",
)


@click.group(
    cls=FramedGroup,
    example='python clusters/local.py up\neval "$(python clusters/local.py env)"\n'
    "python clusters/local.py down",
)
def local() -> None:
    """Run a cluster of several Ray nodes on this machine, with MLflow on PostgreSQL."""


@door(
    example="python clusters/local.py up\npython clusters/local.py up --workers 3 --cpus 2",
    within=local,
)
@folder_option
@click.option("--workers", type=click.IntRange(0, 200), help="Nodes beside the head (default: 2).")
@click.option("--cpus", type=click.IntRange(0), help="Of each worker (default: 1).")
@click.option("--gpus", type=click.IntRange(0), help="Of each worker (default: 0).")
@click.option(
    "--memory", "memory_mb", type=click.IntRange(100), help="MB in each node's object store (1000)."
)
def up(place: str, **size: int | None) -> None:
    """Start what does not run yet, and print what a shell needs to use it.

    A part that was killed comes back, with its data. A size that is given holds for nodes that are
    started from now on.
    """
    folder = Folder.make(Path(place).absolute(), size)
    parts.up(folder, lambda line: click.echo(line, err=True))
    _print_exports(folder)


@door(example="python clusters/local.py down\npython clusters/local.py down worker-2", within=local)
@folder_option
@click.option("--forget", is_flag=True, help="Remove the folder too: runs, models, database.")
@click.argument("only", nargs=-1, metavar="[PART]...")
def down(place: str, forget: bool, only: tuple[str, ...]) -> None:
    """End the cluster, or only some parts of it: the data stays for the next `up`."""
    folder = Folder.open(Path(place).absolute())
    known = {*parts.names(folder), *running(folder.path)}
    if unknown := sorted(set(only) - known):
        raise ConfigError(f"no part {unknown[0]!r}; there are {', '.join(sorted(known))}")
    if only and forget:
        raise click.UsageError("--forget is for the whole cluster: leave the parts out")
    if only:
        for part in only:
            parts.down(folder, part)
        return
    # First who writes, then what is written to.
    for part in reversed(["postgres", "mlflow", *sorted(known - {"postgres", "mlflow"})]):
        parts.down(folder, part)
    if forget:
        folder.forget()


@door(example="python clusters/local.py status --json", within=local)
@folder_option
@json_option
def status(place: str, as_json: bool) -> None:
    """Say which parts run, and end with 1 where one does not."""
    folder = Folder.open(Path(place).absolute())
    found = {part: (pids, usable) for part, pids, usable in parts.states(folder)}
    if as_json:
        rows = {part: {"up": usable, "pids": pids} for part, (pids, usable) in found.items()}
        click.echo(json.dumps({"parts": rows, "env": folder.exports()}))
    else:
        for part, (pids, usable) in found.items():
            click.echo(f"{part:10} {'up' if usable else 'down':5} {' '.join(map(str, pids[:6]))}")
    if not all(usable for _, usable in found.values()):
        click.get_current_context().exit(1)


@door(example='eval "$(python clusters/local.py env)"', within=local)
@folder_option
def env(place: str) -> None:
    """Print the lines that a shell needs to use the cluster."""
    _print_exports(Folder.open(Path(place).absolute()))


def _print_exports(folder: Folder) -> None:
    for name, value in folder.exports().items():
        click.echo(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    local()
