"""Every page, in one place, with the static files."""

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.console.pages import match_pages, session_pages, stream_pages
from services.console.pages.rendering import STATIC


class KeptFiles(StaticFiles):
    """Static files whose address changes with their content: a browser keeps them for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept when its address names its version."""
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI) -> None:
    """Give the application its pages."""
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    for pages in (session_pages, stream_pages, match_pages):
        app.include_router(pages.router, include_in_schema=False)
