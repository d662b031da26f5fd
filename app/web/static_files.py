"""Style, script, fonts and icons at addresses that change with their content, so that browsers keep them."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from app.core.errors import NotFoundError, SetupError
from app.web.packing import PACKED, pack, takes_gzip

STATIC: Final = Path(__file__).parent / "static"
VENDOR: Final = STATIC / "vendor"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
MEDIA_TYPES: Final = {".mjs": "text/javascript", ".js": "text/javascript", ".woff2": "font/woff2"}
BEST: Final = 9  # packed once, kept in memory
WORTH_PACKING: Final = ("text/", "image/svg")

router = APIRouter()


def check_browser_libraries() -> None:
    """Raise SetupError when the build hook has not fetched the browser libraries."""
    if not (VENDOR / ".stamp").is_file():
        raise SetupError(
            "The browser libraries are missing in app/web/static/vendor: run `uv sync` or `pip install -e .`"
        )


@cache
def _files() -> dict[str, Path]:
    """Every file that may be served, by its address; anything else does not exist."""
    return {path.relative_to(STATIC).as_posix(): path for path in sorted(STATIC.rglob("*")) if path.is_file()}


@cache
def version() -> str:
    """A short hash of all static files."""
    digest = hashlib.sha256()
    for address, path in _files().items():
        digest.update(address.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def address(path: str) -> str:
    """Where a page finds a static file; a file that is not there is an error when the page is made."""
    if path not in _files():
        raise SetupError(f"There is no static file {path}: run `uv sync` or `pip install -e .`")
    return f"/static/{version()}/{path}"


@cache
def _packed(path: Path) -> bytes:
    return pack(path.read_bytes(), BEST)


@router.get("/static/{content_version}/{path:path}", include_in_schema=False)
def static_file(content_version: str, path: str, request: Request) -> Response:
    """Serve one file. An address of an older version gets today's file, but is not kept."""
    file = _files().get(path)
    if file is None:
        raise NotFoundError(f"There is no static file {path}")
    media_type = MEDIA_TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {
        "Cache-Control": FOR_GOOD if content_version == version() else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if media_type.startswith(WORTH_PACKING) and takes_gzip(request):
        return Response(_packed(file), media_type=media_type, headers=headers | PACKED)
    return Response(file.read_bytes(), media_type=media_type, headers=headers)
