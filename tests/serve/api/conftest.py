"""The application in this process, asked without a network."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.config import GalleryConfig, TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.search.index import index_clips
from raysign.serve.app import create_app
from raysign.serve.ask.phonology import HowMade
from raysign.serve.desk import Desk
from raysign.serve.dictionary import Service
from raysign.serve.settings import ServeSettings
from raysign.skeleton import layout_named
from raysign.store import write_store
from raysign.synthetic import iter_clips

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")
PATIENCE_S = 100


@dataclass
class Reply:
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> tuple[int, str]:
        """Its status and kind."""
        assert set(self.json()) == {"kind", "text"}, self.body
        return self.status, self.json()["kind"]


class Client:
    """Asks an application, whose event loop runs in a thread of its own."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = create_app(service)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """In the application's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        return self.run(self.ask(method, path, body, headers, **query))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        """One request; a body that is no bytes is sent as JSON, or piece by piece."""
        told = {"host": "localhost", **(headers or {})}
        pieces: list[bytes] = []
        if isinstance(body, list) and body and isinstance(body[0], bytes):
            pieces = body
        elif isinstance(body, bytes):
            pieces = [body]
        elif body is not None:
            pieces = [json.dumps(body).encode()]
            told["content-type"] = "application/json"
        told.setdefault("content-length", str(sum(map(len, pieces))))
        sent = iter(pieces or [b""])
        left = len(pieces or [b""])
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            nonlocal left
            if not left:
                await asyncio.sleep(3600)
            left -= 1
            return {"type": "http.request", "body": next(sent), "more_body": left > 0}

        async def send(message: Any) -> None:
            said.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": f"/api/v1{path}",
            "raw_path": f"/api/v1{path}".encode(),
            "root_path": "",
            "query_string": urlencode(query).encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in told.items()],
            "client": ("127.0.0.1", 5),
            "server": ("localhost", 80),
            "state": {},
        }
        await self.app(scope, receive, send)
        return Reply(
            said[0]["status"],
            {k.decode(): v.decode() for k, v in said[0]["headers"]},
            b"".join(message.get("body", b"") for message in said[1:]),
        )

    def close(self) -> None:
        """With the service."""
        self.service.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


Opening = Callable[..., Client]

# The real children, with landmarkers that need no MediaPipe: a person whose hands go by the
# picture's brightness, nobody in a black picture, and a crash in a white one.
STAND_INS = {
    "stand_in_child.py": """
import sys
from raysign.extract import child
from stand_in_seer import open_landmarker
child.open_landmarker = open_landmarker
if __name__ == "__main__":
    child.main(sys.argv[1:])
""",
    "stand_in_live_child.py": """
import sys
from raysign.extract import child, live_child
from stand_in_seer import open_landmarker
live_child.open_landmarker = open_landmarker
if __name__ == "__main__":
    child.main(sys.argv[1:], live_child.serve)
""",
    "stand_in_seer.py": """
import os, time
import numpy as np
from raysign.extract import Landmarks

SHOULDERS = {11: (0.35, 0.45), 12: (0.65, 0.45)}


class Seer:
    frames = 0

    def landmarks(self, rgb):
        shade, self.frames = rgb.mean(), self.frames + 1
        if shade > 250:
            os.abort()
        if 240 < shade <= 250:
            time.sleep(600)
        xyz = np.full((75, 3), np.nan, np.float32)
        confidence = np.zeros(75, np.float32)
        if shade >= 5:
            xyz[:33] = 0.5
            for joint, place in SHOULDERS.items():
                xyz[joint, :2] = place
            confidence[:33] = 0.9
        if shade >= 30:
            rng = np.random.default_rng(1)
            way = 0.1 * np.sin(self.frames / 4)
            for first in (33, 54):
                xyz[first : first + 21] = 0.5 + 0.05 * rng.random((21, 3))
                xyz[first : first + 21, 0] += way
            confidence[33:] = 1
        return Landmarks(xyz, confidence)

    def reset(self):
        self.frames = 0

    def close(self):
        pass


def open_landmarker(config):
    return Seer()
""",
}


SMALL = {
    "prepare": {"frames": 16},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "data": {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 1}},
}


def quiet(line: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model``, ``store`` and the gallery ``g`` of the store's train clips."""
    folder = tmp_path_factory.mktemp("desk")
    config = resolve(TrainConfig, SMALL)
    prepare = Prepare(config.prepare, layout_named("holistic75"))
    torch.manual_seed(0)
    weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
    model = str(folder / "model")
    save_bundle(Bundle("holistic75", config, prepare.fingerprint, weights), model)
    write_store(folder / "store", iter_clips(config.data.synthetic))
    clips = [f"{folder}/store:train"]
    index_clips(load_bundle(model), model, clips, folder / "g", GalleryConfig(), say=quiet)
    return folder


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Modules of children that need no MediaPipe."""
    folder = tmp_path_factory.mktemp("modules")
    for name, text in STAND_INS.items():
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield "stand_in_child", "stand_in_live_child"


def opener(desk: Path, stand_ins: tuple[str, str], gallery: Path, made: list[Client]) -> Opening:
    """Opens applications over a gallery of 40 clips of 20 synthetic signs by 2 signers."""
    shutil.copytree(desk / "g", gallery)

    def make(**settings: Any) -> Client:
        fast = {"requests_per_s": 1e4, "burst": 10_000, "extractors": 1, "cameras": 1}
        told = ServeSettings(gallery=gallery, **{**fast, **settings})
        known = None if told.phonology is None else HowMade.read(told.phonology)
        made.append(Client(Service(told, Desk(gallery, None, known), children=stand_ins)))
        return made[-1]

    return make


@pytest.fixture
def opening(desk: Path, stand_ins: tuple[str, str], tmp_path: Path) -> Iterator[Opening]:
    """Opens applications of this test's own."""
    made: list[Client] = []
    yield opener(desk, stand_ins, tmp_path / "g", made)
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def client(
    desk: Path, stand_ins: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """An application that the module's tests share, with small limits."""
    made: list[Client] = []
    make = opener(desk, stand_ins, tmp_path_factory.mktemp("shared") / "g", made)
    yield make(
        pixels=40_000,
        picture_bytes=10_000,
        pictures=4,
        longest_video_s=5,
        upload_bytes=1_000_000,
        look_timeout_s=30,
    )
    made[0].close()


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """This file: ``Client``."""
    return sys.modules[__name__]
