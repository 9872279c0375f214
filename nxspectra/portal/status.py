"""Is the service there, since when, and what does it offer?"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from nxspectra import __version__


class Status(BaseModel):
    """The service as it is now."""

    name: str
    version: str
    started: datetime
    uptime: float
    """Seconds."""
    documentation: str


def router() -> APIRouter:
    routes = APIRouter(tags=["service"])
    started, begun = datetime.now(UTC), time.monotonic()

    @routes.get("/", summary="The service as it is now")
    def status() -> Status:
        return Status(
            name="nxspectra",
            version=__version__,
            started=started,
            uptime=round(time.monotonic() - begun, 3),
            documentation="/docs",
        )

    return routes
