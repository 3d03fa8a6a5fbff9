"""``raysign serve`` through its door: what it refuses in one line, and what it hands on."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from raysign.cli.serve import TOKENS, serve
from raysign.serve.settings import ServeSettings

TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def at_a_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of their own with the shell of a gallery; nobody's tokens."""
    monkeypatch.chdir(tmp_path)
    Path("g").mkdir()
    Path("g/gallery.json").write_text("{}")
    for name in TOKENS.values():
        monkeypatch.delenv(name, raising=False)


def refused(*arguments: str) -> str:
    ran = CliRunner().invoke(serve, list(arguments))
    assert ran.exit_code == 2, ran.output
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith("error: ")
    return ran.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "gallery 'nowhere' does not exist; `raysign index MODEL --clips STORE --out"),
        (["."], "'.' is not a gallery: it has no gallery.json"),
        (["g", "--port", "70000"], "--port must be less than or equal to 65535, got 70000"),
        (["g", "--port", "x"], "'x' is not a valid integer"),
        (["g", "--replicas", "-1"], "--replicas must be greater than or equal to 0, got -1"),
        (["g", "--host", "0.0.0.0"], "so it needs a token: type RAYSIGN_TOKEN=$(openssl rand"),
        (["g", "--host", "example.org"], "--host example.org is open to other machines"),
        (["g", "--name", "a.org"], "--name a.org lets people on other machines in, so it needs a"),
        (["g", "--proxy", "::1"], "--proxy ::1 lets people on other machines in, so it needs a"),
        (["g", "--videos", "nowhere"], "--videos 'nowhere' is no folder"),
        (["g", "--phonology", "g"], "--phonology 'g' is no file"),
        (["g", "--keep-queries", "g/gallery.json"], "is a file; give a folder"),
        (["g", "--key", "g/gallery.json"], "give --certificate FILE and --key FILE"),
        (["g", "--key", "g/gallery.json", "--certificate", "g/gallery.json"], "do not go together"),
        (["g", "--wrong"], "no such option"),
    ],
)
def test_bad_input(arguments: list[str], says: str) -> None:
    assert says.lower() in refused(*arguments).lower()


def test_tokens_by_the_names_that_people_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAYSIGN_TOKEN", "secret")
    said = refused("g", "--host", "0.0.0.0")
    assert said.startswith("error: RAYSIGN_TOKEN must have at least 16")
    assert "secret" not in said


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = CliRunner().invoke(serve, ["g", "--port", str(taken.getsockname()[1])])
    assert ran.exit_code == 2
    assert "another program serves there; give another --port" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_bad_input_is_refused_before_anything_slow() -> None:
    program = (
        "import sys\n"
        "from raysign.cli.serve import serve\n"
        "try: serve(['g', '--host', '0.0.0.0'])\n"
        "except SystemExit as end: assert end.code == 2\n"
        "print([name for name in ('torch', 'ray', 'faiss', 'fastapi') if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[]\n", ran.stderr


def test_what_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, to one process or to Ray's."""
    for name, token in zip(TOKENS.values(), (TOKEN, TOKEN[::-1]), strict=True):
        monkeypatch.setenv(name, token)
    got: list[tuple[str, ServeSettings]] = []

    def catch(how: str) -> Any:
        def run(settings: ServeSettings, ready: Any, *, bound: Any) -> None:
            bound()
            assert not set(TOKENS.values()) & set(os.environ)  # what it starts inherits that
            ready("http://here/#token=secret")
            got.append((how, settings))

        return run

    monkeypatch.setattr("raysign.serve.run.serve", catch("alone"))
    with_ray = SimpleNamespace(serve_replicas=catch("replicas"))
    monkeypatch.setitem(sys.modules, "raysign.serve.cluster", with_ray)
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    typed = (
        "g --host 0.0.0.0 --port 0 --model m --read-only --videos . --keep-queries kept "
        "--phonology g/gallery.json --name a.b --proxy ::1 --open"
    )
    ran = CliRunner().invoke(serve, shlex.split(typed))
    assert ran.exit_code == 0, ran.output
    assert "open http://here/#token=secret " in ran.stdout
    assert "paste the whole address" in ran.stdout
    assert "opening g" in ran.stderr
    assert opened == ["http://here/"]
    ran = CliRunner().invoke(serve, ["--replicas", "2"])
    assert "made-up dictionary" in ran.stderr
    (alone, settings), (replicas, other) = got
    assert (alone, replicas, other.gallery, other.replicas) == ("alone", "replicas", None, 2)
    told = json.loads(settings.model_dump_json(exclude_unset=True))
    assert told == {
        "gallery": "g",
        "host": "0.0.0.0",
        "port": 0,
        "model": "m",
        "read_only": True,
        "videos": ".",
        "keep_queries": "kept",
        "phonology": "g/gallery.json",
        "replicas": 0,
        "certificate": None,
        "key": None,
        "names": ["a.b"],
        "proxies": ["::1"],
        "token": "*" * 10,
        "owner_token": "*" * 10,
    }
    assert settings.token is not None
    assert settings.token.get_secret_value() == TOKEN


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--replicas", "1"]])
def test_gallery_that_cannot_be_opened(more: list[str]) -> None:
    program = "from raysign.cli.serve import serve; serve()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "g", "--port", "0", *more], capture_output=True, text=True
    )
    assert ran.returncode == 2, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[1:] == [
        "error: gallery 'g': gallery.json was not written by raysign"
        if not more
        else f"error: gallery '{Path('g').absolute()}': gallery.json was not written by raysign"
    ]
