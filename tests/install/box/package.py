"""The package under test, and others made from it."""

import re
import subprocess
import tempfile
from pathlib import Path


def version_of(package: Path) -> str:
    """The version of a `.deb`."""
    fields = ["dpkg-deb", "-f", package, "Version"]
    return subprocess.run(fields, check=True, capture_output=True, text=True).stdout.strip()


PROJECT = Path(__file__).resolve().parents[3]
FROM_THE_PROJECT = {
    "config/cuffd.toml": "etc/cuffd/cuffd.toml",
    "systemd/cuffd.service": "usr/lib/systemd/system/cuffd.service",
}


def repacked(package: Path, version: str, out: Path, program: Path | None = None) -> Path:
    """The same with another version; and if one is given with another program, and what belongs to that."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        if program:
            subprocess.run(["strip", "-o", tree / "usr" / "bin" / "cuffd", program], check=True)
            for source, target in FROM_THE_PROJECT.items():
                (tree / target).write_bytes((PROJECT / source).read_bytes())
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, out], check=True, capture_output=True)
    return out
