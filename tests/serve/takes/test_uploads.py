"""Uploaded files are private, and gone soon."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from raysign.serve.problems import Refused
from raysign.serve.takes import Uploads
from raysign.serve.takes import uploads as room
from raysign.serve.takes.uploads import LONGEST_NAME, shown_name


async def body(*pieces: bytes, fails: bool = False) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if fails:
        raise ConnectionError("gone")


def received(uploads: Uploads, pieces: AsyncIterator[bytes], fail: bool = False) -> Path:
    async def work() -> Path:
        async with uploads.received(pieces) as path:
            assert path.read_bytes() == b"onetwo"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            if fail:
                raise RuntimeError
            return path

    return asyncio.run(work())


def test_a_file_is_private_and_deleted_whatever_happens() -> None:
    with ThreadPoolExecutor(1) as threads:
        uploads = Uploads(10, threads)
        path = received(uploads, body(b"one", b"two"))
        assert path.parent == uploads.folder
        with pytest.raises(RuntimeError):
            received(uploads, body(b"one", b"two"), fail=True)
        for pieces, kind in ((body(), "empty"), (body(b"one", b"two", b"three"), "too_large")):
            with pytest.raises(Refused) as refused:
                received(uploads, pieces)
            assert refused.value.kind == kind
        with pytest.raises(ConnectionError):
            received(uploads, body(b"one", fails=True))
        assert not list(uploads.folder.iterdir())
        folder = uploads.folder
        uploads.close()
        assert not folder.exists()


def refused(uploads: Uploads, size: int | None = None) -> tuple[int, str]:
    async def work() -> None:
        async with uploads.received(body(b"one"), size):
            raise AssertionError("it was received")

    with pytest.raises(Refused) as error:
        asyncio.run(work())
    assert not list(uploads.folder.iterdir())
    return error.value.status, error.value.kind


def test_so_many_are_received_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_AT_ONCE", 2)
    with ThreadPoolExecutor(1) as threads:
        uploads = Uploads(10, threads)
        with uploads._room(3), uploads._room(3):
            assert refused(uploads) == (503, "busy")
        assert received(uploads, body(b"one", b"two"))
        uploads.close()


def test_a_full_disk_is_noticed_before_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    free = room.SPARE_BYTES + 10
    usage = SimpleNamespace(free=free)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with ThreadPoolExecutor(1) as threads:
        uploads = Uploads(20, threads)
        assert refused(uploads) == (507, "full"), "it might have 20 bytes"
        assert refused(uploads, 11) == (507, "full")
        with uploads._room(8):
            assert refused(uploads, 3) == (507, "full"), "8 of the 10 are another's"
        usage.free += 10
        assert received(uploads, body(b"one", b"two"))
        uploads.close()


LIVES = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from raysign.serve.takes.folders import TemporaryFolder
folder = TemporaryFolder("uploads")
(folder.path / "video").touch()
print(folder.path.name, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_server_left_goes_and_what_others_have_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (tmp_path / "raysign-uploads-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "raysign-uploads-file").touch()
    (tmp_path / "raysign-serve-abc").mkdir()
    others = {path.name for path in tmp_path.iterdir()}
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", LIVES, str(tmp_path)]
    with (
        subprocess.Popen(command, **pipe) as lives,  # type: ignore[call-overload]
        subprocess.Popen(command, **pipe) as dies,  # type: ignore[call-overload]
    ):
        names = [process.stdout.readline().strip() for process in (lives, dies)]
        assert all(name.startswith("raysign-uploads-") for name in names)
        dies.send_signal(signal.SIGKILL)
        dies.wait()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with ThreadPoolExecutor(1) as threads:
            uploads = Uploads(10, threads)
            now = {path.name for path in tmp_path.iterdir()}
            assert now == {*others, names[0], uploads.folder.name}
            uploads.close()
        assert (tmp_path / names[0] / "video").exists()
        lives.stdin.close()
    assert (tmp_path / "elsewhere" / "file").exists()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("sign.mp4", "sign.mp4"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C%3A%5CUsers%5Cme%5Cclip.mov", "clip.mov"),
        ("Geb%C3%A4rde.mp4", "Gebärde.mp4"),
        ("a%00b%0Ac%1B%5B31m.mp4", "abc[31m.mp4"),
        ("%FF.mp4", "\N{REPLACEMENT CHARACTER}.mp4"),
        ("", ""),
        ("..", ".."),
        ("x" * 500, "x" * LONGEST_NAME),
    ],
)
def test_a_name_is_shown_and_nothing_else(header: str, name: str) -> None:
    assert shown_name(header) == name
