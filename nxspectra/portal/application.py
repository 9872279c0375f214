"""The ASGI application: the routers of the rooms beside this one, and what holds for every request."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from nxspectra import __version__
from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.index import Index
from nxspectra.portal import interpretations, models, status
from nxspectra.portal.addresses import Addresses
from nxspectra.portal.errors import handle
from nxspectra.portal.limits import Guard, Limits
from nxspectra.portal.pan.routes import router as pan_router
from nxspectra.portal.sparql.routes import QueryLimits
from nxspectra.portal.sparql.routes import router as sparql_router

PATH_NAMES = ("api", "Datasets", "Documents", "Instruments", "count", "files", "techniques", "pan-ontology")
"""They are found in any case."""


def create(
    catalogue: str | os.PathLike[str], *, index: str | None = None, limits: Limits | None = None
) -> FastAPI:
    """A catalogue over HTTP. `index`: URL of the database for its index, as `Catalogue` takes it.

    Raises FileError if there is no catalogue in that folder, or it cannot be read.
    """
    folder, limits = Path(catalogue), limits or Limits()
    Catalogue(folder, index=index).get("")
    application = FastAPI(
        title="nxspectra",
        version=__version__,
        summary="Diffraction data that can be found: the PaN search API and what a facility needs beside it.",
        redirect_slashes=False,
    )
    handle(application)
    for each in _routers(folder, index, limits):
        application.include_router(each)
    # the last that is added is the first that sees a request
    application.add_middleware(Addresses, names=PATH_NAMES)
    application.add_middleware(Guard, limits=limits)
    application.add_middleware(GZipMiddleware, minimum_size=1000)
    application.add_middleware(
        CORSMiddleware,
        # public data for any web page, and never with credentials
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
        expose_headers=["ETag", "Link", "Location"],
    )
    return application


def _routers(folder: Path, index: str | None, limits: Limits) -> list[APIRouter]:
    """Each room of the portal gives a router; one that works in the background gives it a lifespan."""

    def opened() -> Index:
        """One for each that asks it, to be closed by that."""
        return Catalogue(folder, index=index).index

    installed = models.Models()
    return [
        status.router(),
        pan_router(opened(), limits),
        sparql_router(folder, QueryLimits(limits.query_seconds)),
        models.router(installed),
        interpretations.router(opened(), installed),
    ]
