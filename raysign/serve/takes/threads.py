"""Waiting for a thread that uses what only one thread may use."""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def finished(working: asyncio.Future[T]) -> T:
    """What a thread gives.

    Who is cancelled meanwhile (the client has gone, or waited too long) waits until the thread is
    done all the same: then what it used is the next one's.
    """
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()  # nobody else asks, and asyncio would complain
        raise
