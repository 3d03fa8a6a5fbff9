"""What every route is given."""

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from raysign.serve.dictionary import Service


async def service(request: Request) -> Service:
    """The opened dictionary of the application."""
    return cast("Service", request.app.state.service)


Given = Annotated[Service, Depends(service)]
ClipId = Annotated[str, Query(max_length=1000)]
"""From outside: looked up, and never a path."""
