"""Ray's nodes: each with an address, ports, resources and a folder of its own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

from local_cluster.folder import HEAD, Folder
from local_cluster.processes import marked, start

if TYPE_CHECKING:
    import subprocess

STOP_S = "120"
"""How long `ray job stop` waits before it kills a job: a sweep keeps and registers its best."""


def start_node(folder: Folder, part: str) -> subprocess.Popen[bytes]:
    """Begin to start it; what is returned ends when the node runs.

    Addresses are loopback's, 127.0.0.2 and so on: nodes differ by them as machines do, and no other
    machine has a way to them.
    """
    size, ports = folder.size, folder.ports
    number = 0 if part == "head" else int(part.removeprefix("worker-"))
    host, _, last = HEAD.rpartition(".")
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--node-name", part]
    command += ["--node-ip-address", f"{host}.{int(last) + number}", "--disable-usage-stats"]
    # Of their own accord the nodes of one machine would take each other's.
    command += ["--min-worker-port", "0", "--max-worker-port", "0"]
    command += ["--dashboard-agent-listen-port", "0", "--temp-dir", str(folder.path / part)]
    command += ["--object-store-memory", str(size.memory_mb * 1_000_000)]
    if part == "head":
        command += ["--head", "--port", str(ports["gcs"]), "--num-cpus", "0", "--num-gpus", "0"]
        command += ["--dashboard-host", "127.0.0.1", "--dashboard-port", str(ports["dashboard"])]
        command += ["--ray-client-server-port", str(ports["client"]), "--include-dashboard", "true"]
    else:
        command += ["--address", folder.exports()["RAY_ADDRESS"]]
        command += ["--num-cpus", str(size.cpus), "--num-gpus", str(size.gpus)]
    environment = folder.environment() | marked(folder.path, part)
    environment["RAY_JOB_STOP_WAIT_TIME_S"] = STOP_S
    return start(command, environment, folder.log(part))


def nodes_alive(folder: Folder) -> set[str]:
    """Ray's nodes by name, as the head sees them; none where it does not answer."""
    exports = folder.exports()
    token = {"Authorization": f"Bearer {(folder.path / 'token').read_text()}"}
    page = f"{exports['RAY_API_SERVER_ADDRESS']}/nodes?view=summary"
    try:
        with urlopen(Request(page, headers=token), timeout=10) as reply:
            nodes = [node["raylet"] for node in json.load(reply)["data"]["summary"]]
    except (URLError, OSError, ValueError, KeyError):
        return set()
    return {node["nodeName"] for node in nodes if node.get("state") == "ALIVE"}
