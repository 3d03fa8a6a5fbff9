"""A sweep's own memory: every trial drawn, each of its results, its end, one line each, on disk.

What is not in here has not happened: a driver that was killed begins again with what it says, and
MLflow is brought up to it. Lines are only added, in the order in which the sampler and the stopping
saw them, and each is on the disk before anybody acts on it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from raysign.errors import TrainingError
from raysign.train.alone import lock

JOURNAL = "journal.jsonl"


@dataclass
class Entry:
    """One training of a sweep: a trial, or a trial once more with another seed."""

    number: int
    """Of the trial, in the order in which they were drawn, from 1."""
    values: Mapping[str, Any]
    seed: int | None = None
    """Where it is one once more; None = as its config says."""
    results: list[dict[str, float]] = field(default_factory=list)
    """What it reported, epoch by epoch; each epoch once."""
    times_ms: list[int] = field(default_factory=list)
    """When each of them came, in milliseconds since 1970: MLflow tells a metric by it."""
    stopped: bool = False
    """Its last result was the one at which it was stopped early."""
    error: str | None = None
    """None = it has not ended; '' = it has, and well."""

    @property
    def key(self) -> str:
        return key_of(self.number, self.seed)

    @property
    def epoch(self) -> int:
        """The last one that was reported; 0 before that."""
        return int(self.results[-1]["epoch"]) if self.results else 0

    @property
    def ended(self) -> bool:
        return self.error is not None


def key_of(number: int, seed: int | None) -> str:
    """What a training is called, in a sweep's folder and in MLflow."""
    return f"{number:03d}" if seed is None else f"{number:03d}-seed-{seed}"


def as_drawn(values: Mapping[str, Any]) -> dict[str, Any]:
    """A trial's values as the space has them: what is a list in JSON is a tuple there."""
    return {
        path: tuple(value) if isinstance(value, list) else value for path, value in values.items()
    }


class Journal:
    """The entries of a sweep, in memory as on disk. One process at a time has it open."""

    def __init__(self, file: IO[str], lines: list[dict[str, Any]]) -> None:
        self.about: dict[str, Any] = lines[0] if lines else {}
        """What the sweep began with; empty where it has not."""
        self.entries: dict[str, Entry] = {}
        """By key, in the order in which they were drawn."""
        self.past = lines[1:]
        """What others wrote, to be told to a sampler again."""
        self._file = file
        self._before = float(lines[-1]["t"]) if lines else 0.0
        self._opened = time.monotonic()
        for line in self.past:
            self._take(line)
        for entry in self.entries.values():
            if entry.stopped:  # whoever was to end it was killed in between
                self.end(entry.key)

    @classmethod
    def open(cls, folder: Path) -> Journal:
        """The journal in a sweep's folder, begun where there is none.

        Raises:
            TrainingError: another process has it open, or a line in its middle is damaged.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / JOURNAL, "a+", encoding="utf-8")  # noqa: SIM115
        try:
            lock(file, folder / JOURNAL, f"sweep {folder.name!r}")
            return cls(file, _lines(file, folder))
        except BaseException:
            file.close()
            raise

    @property
    def elapsed_s(self) -> float:
        """Seconds that the sweep has run, by all who had it open."""
        return self._before + time.monotonic() - self._opened

    def begin(self, **about: Any) -> None:
        """Note what the sweep began with."""
        self.about = self._write("began", **about)

    def drawn(self, number: int, values: Mapping[str, Any], seed: int | None = None) -> Entry:
        """Note a training that will be done."""
        self._write("drawn", number=number, values=dict(values), seed=seed)
        return self.entries[key_of(number, seed)]

    def result(self, key: str, metrics: Mapping[str, float], *, stopped: bool = False) -> bool:
        """Note what an epoch gave, and whether the training was stopped there.

        False where the epoch is known, from before a process was lost, or comes after the end.
        """
        entry = self.entries[key]
        if entry.ended or metrics["epoch"] <= entry.epoch:
            return False
        now = int(time.time() * 1000)
        self._write("result", key=key, metrics=dict(metrics), stopped=stopped, at_ms=now)
        return True

    def end(self, key: str, error: str = "") -> None:
        """Note that a training has ended, and why where it failed."""
        if not self.entries[key].ended:
            self._write("ended", key=key, error=error)

    def driver(self, commit: str) -> list[str]:
        """Note who goes on, by the commit of its code; returns those of all before."""
        before = [str(line["commit"]) for line in self.past if line["event"] == "driver"]
        self._write("driver", commit=commit)
        return before

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()

    def _write(self, event: str, **facts: Any) -> dict[str, Any]:
        line = {"event": event, "t": round(self.elapsed_s, 3), **facts}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        if event != "began":
            # As it will be read again: a tuple of the space is a list in JSON.
            line = json.loads(json.dumps(line))
            self.past.append(line)
            self._take(line)
        return line

    def _take(self, line: Mapping[str, Any]) -> None:
        if line["event"] == "drawn":
            entry = Entry(line["number"], as_drawn(line["values"]), line["seed"])
            self.entries[entry.key] = entry
        elif line["event"] == "result":
            self.entries[line["key"]].results.append(line["metrics"])
            self.entries[line["key"]].times_ms.append(line["at_ms"])
            self.entries[line["key"]].stopped = line["stopped"]
        elif line["event"] == "ended":
            self.entries[line["key"]].error = line["error"]


def _lines(file: IO[str], folder: Path) -> list[dict[str, Any]]:
    """What is whole; a last line that was cut off when a process was killed is taken away."""
    file.seek(0)
    lines: list[dict[str, Any]] = []
    whole = 0
    for number, (text, end) in enumerate(_with_ends(file), start=1):
        try:
            if not text.endswith("\n"):
                raise ValueError
            lines.append(json.loads(text))
        except ValueError:
            if end < os.fstat(file.fileno()).st_size:
                raise TrainingError(
                    f"line {number} of {str(folder / JOURNAL)!r} is damaged; give another --name"
                ) from None
            file.truncate(whole)
            break
        whole = end
    return lines


def _with_ends(file: IO[str]) -> Iterator[tuple[str, int]]:
    """Each line, with the place in the file where it ends."""
    end = 0
    for text in file:
        end += len(text.encode("utf-8"))
        yield text, end
