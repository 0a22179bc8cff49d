"""Every page, in one place, with the static files."""

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.console.pages import (
    alert_pages,
    change_pages,
    deposit_pages,
    follow_up_pages,
    home_pages,
    match_pages,
    offer_pages,
    project_pages,
    search_pages,
    session_pages,
    stream_pages,
    territory_pages,
    v1,
)
from services.console.pages.rendering import STATIC
from shared.http import refuse_nul

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy of every page: nothing from elsewhere, nothing written inside the page."""

PAGES = (
    home_pages,
    search_pages,
    session_pages,
    alert_pages,
    stream_pages,
    territory_pages,
    follow_up_pages,
    match_pages,
    deposit_pages,
    change_pages,
    project_pages,
    offer_pages,
    v1,
)


class KeptFiles(StaticFiles):
    """Static files whose address changes with their content: a browser keeps them for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept when its address names its version."""
        refuse_nul(Request(scope))
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI) -> None:
    """Give the application its pages."""
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    for pages in PAGES:
        checks = [] if pages is search_pages else [Depends(refuse_nul)]  # a search reads anything as words
        app.include_router(pages.router, include_in_schema=False, dependencies=checks)
