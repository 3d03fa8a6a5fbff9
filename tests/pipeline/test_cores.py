"""A core for each extractor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raysign.pipeline.cores import Core

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are Linux's")


def test_each_core_once_and_again_when_it_is_free(tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    taken = [Core(tmp_path) for _ in cores]
    assert [core.number for core in taken] == cores
    assert Core(tmp_path).number is None
    taken[0].free()
    assert taken[0].number is None
    assert Core(tmp_path).number == cores[0]


def test_a_core_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from raysign.pipeline.cores import Core\n"
        "core = Core(Path(sys.argv[1])); print(core.number, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        held = int(holder.stdout.readline())
        other = Core(tmp_path)
        assert other.number != held
        other.free()
        holder.kill()
        holder.wait()
    assert Core(tmp_path).number == held
