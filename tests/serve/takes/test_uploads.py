"""Uploaded files are private, and gone soon."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raysign.serve.problems import Refused
from raysign.serve.takes import Uploads
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


def test_what_a_killed_server_left_goes_and_what_others_have_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    left = tmp_path / f"raysign-uploads-{process.pid}-abc"
    others = [f"raysign-uploads-{os.getpid()}-abc", "raysign-uploads-abc", "raysign-uploads-x-y"]
    for name in (left.name, *others):
        (tmp_path / name).mkdir()
        (tmp_path / name / "video").touch()
    with ThreadPoolExecutor(1) as threads:
        uploads = Uploads(10, threads)
        assert uploads.folder.name.startswith(f"raysign-uploads-{os.getpid()}-")
        uploads.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


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
