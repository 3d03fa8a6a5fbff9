"""Kill a sweep's parts at random while it runs, and look whether anything was lost.

Trials, nodes, the driver, MLflow and its database are killed by SIGKILL on the local cluster, begun
again, and the sweep goes on. At its end every promised trial is there, each epoch once, with the
metrics that the same training gives undisturbed; no run is left open, and one whole bundle is
registered.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
from local_cluster import parts
from local_cluster.folder import Folder
from local_cluster.processes import running
from local_cluster.undisturbed import check

from raysign.cli.door import door
from raysign.errors import TrainingError

JOBS = Path(__file__).parents[1] / "jobs"
VICTIMS = ("trial", "node", "driver", "mlflow", "postgres")
SIZE = (
    "train.data.synthetic.signs=40",
    "train.batches.signs=20",
    "train.batches.clips_per_sign=3",
    "train.evaluate.bootstrap=100",
)
"""Of a trial: half a second an epoch on one core."""


@dataclass
class Sweep:
    """A sweep that goes on whenever its driver is begun again."""

    folder: Folder
    name: str
    trials: int
    epochs: int
    """Of each trial."""
    seed: int
    process: subprocess.Popen[bytes] | None = None
    begun: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def place(self) -> Path:
        return self.folder.shared / "runs" / self.name

    @property
    def written(self) -> int:
        """Lines of its journal."""
        journal = self.place / "journal.jsonl"
        return len(journal.read_bytes().splitlines()) if journal.exists() else 0

    def start(self) -> None:
        """Begin, or go on."""
        out = ("--out", str(self.folder.shared / "runs"))
        command = [sys.executable, str(JOBS / "sweep.py"), *out]
        if (self.place / "sweep.yaml").exists():
            command += ["--resume", self.name]
        else:
            command += ["--name", self.name, "--trials", str(self.trials)]
            command += ["--seed", str(self.seed), *SIZE, f"train.optim.epochs={self.epochs}"]
            command += [f"train.optim.patience={self.epochs}"]
        self.begun += 1
        with self.folder.log("sweep").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.folder.environment() | self.folder.exports(),
                cwd=self.folder.path,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """As the kernel kills who takes too much memory."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def disturb(
    sweep: Sweep, kills: int, draw: random.Random, say: Callable[[str], None]
) -> Counter[str]:
    """Run a sweep to its end and kill so many times on the way; returns who was killed.

    Each round kills every kind of victim once, in a random order, a random moment after the sweep
    has made some headway.
    """
    done: Counter[str] = Counter()
    order: list[str] = []
    started = time.monotonic()
    sweep.start()
    while done.total() < kills:
        _headway(sweep, draw)
        if not sweep.is_running():
            raise TrainingError(
                f"the sweep ended after {done.total()} of {kills} kills, see "
                f"{str(sweep.folder.log('sweep'))!r}; give more --trials"
            )
        if not order:
            order = draw.sample(VICTIMS, len(VICTIMS))
        victim = order.pop()
        which = _kill(victim, sweep, draw)
        if which is None:  # after the others of this round
            order.insert(0, victim)
            continue
        done[victim] += 1
        say(
            f"[{time.monotonic() - started:5.0f} s] kill {done.total():>2}/{kills}: {which}; "
            f"{sweep.written} lines in the journal"
        )
        time.sleep(draw.uniform(0, 4))
        parts.up(sweep.folder, lambda line: None)
        if not sweep.is_running():
            sweep.start()
    assert sweep.process is not None
    code = sweep.process.wait(1800)
    if code != 0:
        raise TrainingError(f"the sweep ended with {code}; see {str(sweep.folder.log('sweep'))!r}")
    say(f"[{time.monotonic() - started:5.0f} s] the sweep has ended; {sweep.begun} drivers")
    return done


def _headway(sweep: Sweep, draw: random.Random) -> None:
    """Wait until the journal is some lines longer, and a moment."""
    enough = sweep.written + draw.randint(1, 6)
    while sweep.is_running() and sweep.written < enough:
        time.sleep(0.05)
    time.sleep(draw.uniform(0, 1))


def _kill(victim: str, sweep: Sweep, draw: random.Random) -> str | None:
    """Its name; None where there is none of that kind just now."""
    there = running(sweep.folder.path)
    if victim == "driver":
        sweep.kill()
        return victim
    if victim in ("mlflow", "postgres"):
        return victim if _all(there.get(victim, [])) else None
    nodes = [part for part in there if part.startswith("worker-")]
    if victim == "node":
        node = draw.choice(sorted(nodes))
        return node if _all(there[node]) else None
    trials = [pid for node in nodes for pid in there[node] if _is_trial(pid)]
    return f"a trial's process, {pid}" if trials and _all([pid := draw.choice(trials)]) else None


def _all(pids: list[int]) -> bool:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def _is_trial(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::ImplicitFunc")
    return False


@door(example="python clusters/kills.py --kills 25")
@click.option(
    "--kills", type=click.IntRange(0), default=25, show_default=True, help="How many; 15 s each."
)
@click.option(
    "--trials", type=click.IntRange(1), default=40, show_default=True, help="Of the sweep."
)
@click.option(
    "--epochs", type=click.IntRange(1), default=10, show_default=True, help="Of each trial."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Who is killed, and when."
)
@click.option(
    "--folder",
    default="/tmp/raysign-kills",
    show_default=True,
    metavar="FOLDER",
    help="Of the cluster that is started for it.",
)
def kill(kills: int, trials: int, epochs: int, seed: int, folder: str) -> None:
    """Kill parts of a sweep at random, and say whether anything was lost.

    It starts a local cluster of its own (Linux, PostgreSQL) and ends it.
    """
    place = Folder.make(Path(folder).absolute(), {"workers": 2, "cpus": 1, "memory_mb": 300})
    parts.up(place, lambda line: click.echo(line, err=True))
    try:
        sweep = Sweep(place, f"killed-{seed}", trials, epochs, seed)
        killed = disturb(sweep, kills, random.Random(seed), click.echo)
        click.echo(f"killed: {', '.join(f'{n} × {what}' for what, n in sorted(killed.items()))}")
        for line in check(place, sweep.place, trials):
            click.echo(line)
    finally:
        for part in reversed(parts.names(place)):
            parts.down(place, part)


if __name__ == "__main__":
    kill()
