"""A store whose prepared clips are several times what a process may hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.store import write_store

SIGNS, TAKES, FRAMES = 50, 24, 1000
PREPARED_MIB = SIGNS * TAKES * FRAMES * 42 * 3 * 2 / 2**20
"""288 MiB."""

PROCESS = """
import json, sys, threading
import numpy as np
import torch
from raysign.batches import epoch_batches
from raysign.config import TrainConfig
from raysign.train import Material

torch.set_num_threads(1)

def own_mib():
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["RssAnon"].split()[0]) / 1024

def show(store, memory, cache):
    config = TrainConfig.model_validate({
        "data": {"store": store, "memory": memory, "cache": cache},
        "prepare": {"frames": 1000},
        "batches": {"signs": 4, "clips_per_sign": 3},
        "evaluate": {"bootstrap": 100},
    })
    material = Material.read(config, lambda line: None)
    batches = epoch_batches(config.batches, material.clips.train.sign, np.random.default_rng(0))
    seen = [float(np.nansum(material.clips.any_sequences(b.ravel()), dtype=np.float64))
            for b in batches]
    return {"seen": seen, "baseline": material.baseline.as_json()}

few, many, memory, cache = sys.argv[1:]
show(few, memory, cache)
before = peak = own_mib()
done = threading.Event()

def watch():
    global peak
    while not done.wait(0.005):
        peak = max(peak, own_mib())

watching = threading.Thread(target=watch)
watching.start()
shown = show(many, memory, cache)
done.set()
watching.join()
print(json.dumps({"grew_mib": peak - before, **shown}))
"""


def clips(takes: int) -> Iterator[Clip]:
    random = np.random.default_rng(0)
    for sign in range(SIGNS):
        place = random.random((6, 42, 3))
        for take in range(takes):
            xyz = place + 0.1 * random.random(place.shape)
            split = "val" if take == 0 else "train"
            name = f"{sign}-{take}"
            yield Clip(name, xyz.astype(np.float16), "hands42", sign=f"s{sign}", split=split)


def run(folder: Path, memory: str) -> dict[str, Any]:
    arguments = [str(folder / "few"), str(folder / "many"), memory, str(folder / "cache")]
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.timeout(400)
def test_a_process_holds_little_of_a_store_that_is_mapped(tmp_path: Path) -> None:
    """What a process has of its own, so not the pages of files, which it can do without."""
    write_store(tmp_path / "few", clips(4))
    write_store(tmp_path / "many", clips(TAKES))
    always, mapped = run(tmp_path, "always"), run(tmp_path, "mapped")
    assert mapped["seen"] == always["seen"]
    assert mapped["baseline"] == always["baseline"]
    assert always["grew_mib"] > PREPARED_MIB * 0.8, "this is what the other one avoids"
    assert mapped["grew_mib"] < PREPARED_MIB / 2  # 98 of 288 MiB was seen
