"""Check what pip cannot install; install it when we are root, otherwise say exactly what to run.

Usage: python tools/system_needs.py pdf [browser]
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys

LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(wanted: list[str]) -> list[str]:
    """Debian packages that are needed and not there."""
    packages = []
    if "pdf" in wanted:
        packages += [p for lib, p in LIBRARIES.items() if not ctypes.util.find_library(lib)]
    if "browser" in wanted and not any(shutil.which(b) for b in BROWSERS):
        packages.append("chromium")
    return packages


def main() -> int:
    packages = missing(sys.argv[1:])
    if not packages:
        return 0
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        print(f"Please install with your system's package manager: {' '.join(packages)} (Debian's names)")
        return 1
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            print(f"These system packages are missing. Run as root:\n  {' '.join(command)}")
            return 1
        print(f"These system packages are missing; root is needed for:\n  sudo {' '.join(command)}")
        return subprocess.call(["sudo", *command])
    print(f"Installing system packages: {' '.join(packages)} …", flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    if subprocess.call(command, **quiet) == 0:
        return 0
    subprocess.call(["apt-get", "update"], **quiet)
    return subprocess.call(command, **quiet)


if __name__ == "__main__":
    sys.exit(main())
