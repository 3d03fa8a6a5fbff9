"""Serve the made-up dictionary: python fake/server.py [PORT]. Prints its address once it answers.

Around it stands the real frame (``create_app``): its policy, its refusals, its files. So a page
cannot tell it from the real one, and its states need no real search.
"""

import asyncio
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from routes import api
from state import Fake, Mood

from raysign.serve.app import create_app
from raysign.serve.settings import ServeSettings


def fake_app(fake: Fake) -> FastAPI:
    """The application, and beside it what tests ask."""
    app = create_app(fake, [api])

    @app.post("/fake/mood")
    async def mood(new: dict[str, Any]) -> None:
        fake.reset(Mood(**new))

    @app.get("/fake/told")
    async def told() -> dict[str, Any]:
        return fake.told()

    return app


class Announced(uvicorn.Server):
    """Says where it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    # Tests ask faster than people do.
    settings = ServeSettings(
        port=port,
        requests_per_s=10_000,
        burst=10_000,
        longest_recording_s=6,
        upload_bytes=2_000_000,
    )
    config = uvicorn.Config(fake_app(Fake(settings)), "127.0.0.1", port, log_level="warning")
    asyncio.run(Announced(config).serve())
