"""What Prometheus is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from raysign.serve.metrics import Metrics

Server = Any


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_by_route_and_status(start: Any) -> None:
    server = start()
    server.ask("GET", "/api/v1/breaks/bug")
    server.ask("GET", "/api/v1/breaks/video")
    server.ask("GET", "/api/v1/breaks/gallery")
    server.ask("GET", "/somebody/made/this/up")
    server.ask("BREW", "/coffee")
    server.ask("GET", "/web/player.js")

    def count(method: str, route: str, status: int) -> float:
        labels = (("method", method), ("route", route), ("status", str(status)))
        return found.get(("raysign_requests_total", labels), 0)

    deadline_s = time.monotonic() + 30  # the last is counted just after its answer was sent
    while time.monotonic() < deadline_s:
        found = samples(server.ask("GET", "/metrics").body.decode())
        if count("GET", "/web", 200):
            break

    assert count("GET", "/api/v1/breaks/{how}", 500) == 2
    assert count("GET", "/api/v1/breaks/{how}", 422) == 1
    assert count("GET", "none", 404) == 1
    assert count("other", "none", 404) == 1
    assert count("GET", "/web", 200) == 1
    assert found["raysign_request_seconds_count", (("route", "/api/v1/breaks/{how}"),)] == 3
    assert found["raysign_live_cameras", ()] == 3
    assert found["raysign_resident_bytes", ()] > 10e6
    assert "made" not in str(found)


def test_searches_by_outcome_and_stage() -> None:
    metrics = Metrics(dict)
    metrics.searched("found", {"landmarks": 700, "embed": 3})
    metrics.searched("none_of_these", {"landmarks": 20})
    found = samples(metrics.text()[0].decode())
    assert found["raysign_searches_total", (("outcome", "found"),)] == 1
    assert found["raysign_search_stage_milliseconds_sum", (("stage", "landmarks"),)] == 720
    labels = (("le", "50.0"), ("stage", "landmarks"))
    assert found["raysign_search_stage_milliseconds_bucket", labels] == 1


def test_two_applications_in_a_process_do_not_clash() -> None:
    one, other = Metrics(dict), Metrics(dict)
    one.searched("found", {})
    assert b'raysign_searches_total{outcome="found"}' not in other.text()[0]


CHILD = """
import sys
import time
from raysign.serve.metrics import Metrics
metrics = Metrics(lambda: {"raysign_takes": 2})
metrics.searched("found", {"embed": 3})
metrics.answered("GET", "/", 200, 0.1)
print(metrics.text()[0].decode())
sys.stdout.flush()
sys.stdin.read()
"""


def test_replicas_tell_the_figures_of_all(tmp_path: Path) -> None:
    def child() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        )

    def told(process: subprocess.Popen[str]) -> dict[Any, float]:
        lines = []
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "\n":
            lines.append(line)
        return samples("".join(lines))

    def takes(found: dict[Any, float]) -> tuple[float, float]:
        return found["raysign_takes", ()], found["raysign_searches_total", (("outcome", "found"),)]

    with child() as first:
        assert takes(told(first)) == (2, 1)
        with child() as second:
            assert takes(told(second)) == (4, 2)
            second.communicate("")
        with child() as third:  # the second is gone with its takes; what it counted stays
            assert takes(told(third)) == (4, 3)
            third.communicate("")
        first.communicate("")


@pytest.mark.parametrize("figures", [{}, {"raysign_takes": 1}])
def test_figures_that_are_not_there(figures: dict[str, float]) -> None:
    found = samples(Metrics(lambda: figures).text()[0].decode())
    assert found["raysign_takes", ()] == figures.get("raysign_takes", 0)
