"""What the API's page tells people to type works."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from raysign.config import SyntheticConfig
from raysign.serve.docs import docs_page
from raysign.synthetic import iter_clips
from raysign.video import write_mp4

ADDRESS = "http://here:7/"
SIGNS = 150


@pytest.fixture(scope="module")
def examples(client: Any) -> list[str]:
    page = docs_page(client.app.openapi(), ADDRESS)
    return [html.unescape(one) for one in re.findall(r"<pre.*?><code>(.*?)</code>", page, re.S)]


def typed(client: Any, command: str) -> Any:
    """What curl would have been answered."""
    program, *words = shlex.split(command.replace("\\\n", ""))
    assert program == "curl"
    file, header, url = words[1], words[3], words[4]
    assert (words[0], words[2], file[0]) == ("--data-binary", "-H", "@")
    name, _, value = header.partition(": ")
    there = urlsplit(url)
    assert f"{there.scheme}://{there.netloc}/" == ADDRESS
    path = there.path.removeprefix("/api/v1")
    body = Path(file[1:]).read_bytes()
    return client("POST", path, body, {name: value}, **dict(parse_qsl(there.query)))


def test_with_a_video(
    client: Any, examples: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_mp4(Path("sign.mp4"), [np.full((48, 64, 3), SIGNS, np.uint8)] * 75, 25.0)
    reply = typed(client, examples[0])
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert len(answer["signs"]) == 3
    assert answer["asked"][0]["seconds"] == pytest.approx(2, abs=0.1)


def test_with_landmarks(
    client: Any, examples: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("landmarks.npy", next(iter_clips(SyntheticConfig(signs=20))).xyz)
    exec(compile(examples[1], "example", "exec"), {})
    reply = typed(client, examples[2])
    assert reply.status == 200, reply.body
    assert len(reply.json()["signs"]) == 3
