"""A virtual environment of the benchmarks' own, for the libraries that this project is compared with.

What is installed where the benchmarks were started is seen from there too, so that PyTorch is not downloaded twice.
"""

from __future__ import annotations

import site
import subprocess
import sys
import venv
from pathlib import Path

from perf.contest import PerfError

_WITHOUT_DEPENDENCIES = ("face_recognition==1.3.0", "setuptools<81")
"""`face_recognition` requires ``dlib``, which compiles for minutes; ``dlib-bin`` provides the same module. Its models'
package needs `pkg_resources`, which later setuptools no longer have."""
_OTHERS = ("scikit-learn>=1.5", "torchmetrics>=1.6", "pyeer>=0.5.6")


def references(cache: Path) -> Path:
    """The interpreter of that environment, below `cache`; made if it is not there.

    Raises:
        PerfError: something cannot be installed.
    """
    folder = cache / "references"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing the reference libraries in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        own = next((folder / "lib").glob("python*/site-packages"))
        (own / "outer.pth").write_text("\n".join(site.getsitepackages()) + "\n")
        _pip(python, *_OTHERS)
        _pip(python, "--no-deps", *_WITHOUT_DEPENDENCIES)
        (folder / "complete").touch()
    return python


def _pip(python: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise PerfError(f"the reference libraries cannot be installed: {lines[-1] if lines else 'pip failed'}")
