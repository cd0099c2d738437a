"""The package under test, and others made from it."""

import re
import subprocess
import tempfile
from pathlib import Path


def version_of(package: Path) -> str:
    """The version of a `.deb`."""
    fields = ["dpkg-deb", "-f", package, "Version"]
    return subprocess.run(fields, check=True, capture_output=True, text=True).stdout.strip()


def repacked(package: Path, version: str, out: Path, program: Path | None = None) -> Path:
    """The same with another version, and another program if one is given."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        if program:
            subprocess.run(["strip", "-o", tree / "usr" / "bin" / "cuffd", program], check=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, out], check=True, capture_output=True)
    return out
