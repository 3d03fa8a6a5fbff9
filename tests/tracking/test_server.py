from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from raysign.errors import TrackingError
from raysign.tracking import connect, default_uri, fetch_bundle
from raysign.tracking.quiet import one_line, without_password
from raysign.tracking.server import impatient


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:{port}",
        "http://me:secret@127.0.0.1:{port}",
        "postgresql://me:secret@127.0.0.1:{port}/mlflow",
        "mysql+pymysql://me:secret@127.0.0.1:{port}/mlflow",
    ],
)
def test_a_server_that_does_not_listen_fails_at_once(uri: str) -> None:
    import mlflow  # noqa: F401 - not part of the time

    started = time.monotonic()
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1.*MLFLOW_TRACKING_URI") as caught:
        connect(uri.format(port=free_port()))
    assert time.monotonic() - started < 10
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_who_is_impatient_last_puts_the_environment_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As two threads do, of which the first to come is the first to go."""
    retries, timeout = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"
    monkeypatch.setenv(timeout, "77")
    first, second = impatient(), impatient()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ[retries] == "0"
    second.__exit__(None, None, None)
    assert retries not in os.environ
    assert os.environ[timeout] == "77"


def test_a_server_that_is_silent_fails_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.tracking.server.TIMEOUT_S", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        with pytest.raises(TrackingError, match="does not answer"):
            connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - started < 10


def test_a_web_server_that_is_not_mlflow_is_refused() -> None:
    class NotFound(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), NotFound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(TrackingError, match="404"):
            connect(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_run_whose_start_a_proxy_does_not_answer_is_begun_once() -> None:
    """Asked again by itself, mlflow would begin two."""
    begun: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            experiment = {"experiment_id": "1", "name": "raysign", "lifecycle_stage": "active"}
            body = json.dumps({"experiment": experiment}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            begun.append(self.path)
            self.send_error(504)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tracker = connect(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(TrackingError, match="504"):
            tracker.start_run("one")
        server.shutdown()
    assert [path.rpartition("/mlflow/")[2] for path in begun] == ["runs/create"]


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_text("my thesis, not a database, and long enough to be looked at. " * 20)
    with pytest.raises(TrackingError, match="cannot use"):
        connect(f"sqlite:///{file}")
    assert file.read_text().startswith("my thesis")
    with pytest.raises(TrackingError, match="cannot use"):
        connect(f"sqlite:///{file}/below/mlflow.db")


def test_reading_makes_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match="no MLflow file"):
        fetch_bundle("models:/raysign-encoder@champion", tmp_path / "bundle")
    assert os.listdir(tmp_path) == []


def test_the_default_is_absolute_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert default_uri() == "http://mlflow:5000"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://a:b@c:1/d", "postgresql://a:***@c:1/d"),
        *((f"postgresql+psycopg2://u:{word}@h/db", "postgresql+psycopg2://u:***@h/db")
          for word in ("pa/ss", "pa#ss", "pa?ss", "pa@ss", "pa:ss", "12/3", "p%40")),
        ("mysql://h/db?user=u&password=se/c@ret&ssl=1", "mysql://h/db?user=u&password=***&ssl=1"),
        ("postgresql://u:p@h/db?sslpassword=s", "postgresql://u:***@h/db?sslpassword=***"),
        ("https://u:p@h:5000/mlflow", "https://u:***@h:5000/mlflow"),
        ("http://h:5000/at@home", "http://h:5000/at@home"),
        ("http://[::1]:5000/at@home", "http://[::1]:5000/at@home"),
        ("http://u:pa/ss@h:5000", "http://u:***@h:5000"),
        ("http://u@h:5000", "http://u@h:5000"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("sqlite:////tmp/a:b@c.db", "sqlite:////tmp/a:b@c.db"),
        ("databricks", "databricks"),
    ],
)  # fmt: skip
def test_a_password_is_not_shown(uri: str, shown: str) -> None:
    assert without_password(uri) == shown


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://me:se/cret@127.0.0.1:5/mlflow",
        "postgresql+psycopg2://me:secret@127.0.0.1:se/mlflow",
        "postgresql://me:secret@127.0.0.1:99999/mlflow",
        "mysql+pymysql://me:secret@[127.0.0.1/mlflow",
        "postgresql+nosuchdriver://me:secret@127.0.0.1/mlflow",
        "http://me:secret@127.0.0.1:se",
        "http://me:se/cret@127.0.0.1:5",
    ],
)
def test_a_server_that_cannot_be_what_it_is_called_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI") as caught:
        connect(uri)
    assert "\n" not in str(caught.value)
    for part in ("secret", "cret@", "'se"):
        assert part not in str(caught.value)


def test_a_password_in_the_words_of_others_is_not_shown() -> None:
    told = "GET 'http://u:pass@h:5000/api' failed, as did postgresql://u:pa/s@s@h/db;\nsee http://h"
    assert one_line(OSError(told)) == (
        "GET 'http://u:***@h:5000/api' failed, as did postgresql://u:***@h/db; see http://h"
    )


FIRST_USE = """
import sys
def network(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print(event, args)
sys.addaudithook(network)
import raysign.tracking
assert "mlflow" not in sys.modules, "importing the room imports mlflow"
tracker = raysign.tracking.connect()
run = tracker.start_run("first", params={"a": 1})
tracker.log_metrics(run, {"val/map": 0.5}, 0)
tracker.finish(run)
print("done")
"""


def test_two_processes_may_start_at_once_silently_and_nothing_phones_home(tmp_path: Path) -> None:
    # mlflow keeps quiet by itself under CI and pytest: look as if this were a desk.
    hidden = ("MLFLOW", "CI", "PYTEST", "GITHUB", "DO_NOT_TRACK")
    env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", FIRST_USE]
    started = [
        subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(2)
    ]
    for process in started:
        output = process.communicate(timeout=100)[0].decode()
        assert process.returncode == 0, output
        assert output == "done\n"
    assert sorted(os.listdir(tmp_path)) == ["mlflow.db", "mlflow.db.lock"]
