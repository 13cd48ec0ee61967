"""The few parts of the suite that come from the system: Chromium and libical.

Everything else is in the lock. Where one of them is missing, the tests that need it are skipped
with a reason that `make test` counts in its last line.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: libical's bindings are built for the system's own Python, not for the one in `.venv`.
SYSTEM_PYTHON = Path("/usr/bin/python3")
LIBICAL_PROBE = (
    "import gi; gi.require_version('ICalGLib', '3.0'); from gi.repository import ICalGLib"
)

#: What to install on Debian when the part is missing.
DEBIAN_PACKAGES = {
    "Chromium": ["chromium"],
    "libical": ["gir1.2-ical-3.0", "python3-gi"],
}


@functools.cache
def find_chromium() -> Path | None:
    """The browser that the browser tests drive; `CHROMIUM` names another one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if Path(named).exists() else None
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


@functools.cache
def find_libical() -> Path | None:
    """The Python that can load libical."""
    if not SYSTEM_PYTHON.exists():
        return None
    probe = subprocess.run(
        [SYSTEM_PYTHON, "-I", "-c", LIBICAL_PROBE], check=False, capture_output=True, timeout=30
    )
    return SYSTEM_PYTHON if probe.returncode == 0 else None


def missing_parts() -> list[str]:
    """The parts, by the names of `DEBIAN_PACKAGES`, that this machine lacks now."""
    find_chromium.cache_clear()
    find_libical.cache_clear()
    present = {"Chromium": find_chromium(), "libical": find_libical()}
    return [part for part, path in present.items() if path is None]


def install(parts: list[str]) -> str | None:
    """Install the Debian packages of these parts; a sentence when that can't be done."""
    packages = [package for part in parts for package in DEBIAN_PACKAGES[part]]
    command = f"apt-get install {' '.join(packages)}"
    if not shutil.which("apt-get"):
        return f"this is not Debian; its packages would be: {' '.join(packages)}"
    if os.geteuid() != 0:
        return f"only root may install them: sudo {command}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0 and arguments != ["update"]:
            return f"`{command}` failed:\n{done.stderr.strip()}"
    return None
