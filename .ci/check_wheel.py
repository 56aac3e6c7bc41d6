"""Checks a wheel: python .ci/check_wheel.py FILE.whl."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

USE = """
from benchmark.plugins import DATASETS
dataset = DATASETS.load("synthetic")(seed=0)
protocol = dataset.protocol("probes", limit=5)
print(dataset.read(protocol.photos[0]).shape)
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_weights import shipped_weights
for part in resolve_method("identity-completer").parts():
    part.load(shipped_weights(part.name, part.preset, 128).folder)
    print(part.name, shipped_weights(part.name, part.preset, 128).card.train_data)
"""


def main(file: Path) -> int:
    """Exit status 1, with the reason, if the wheel is not fit to publish."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as wheel:
        top = {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name}
        if top != {"benchmark"}:
            print(f"the wheel installs {sorted(top)}; only 'benchmark' is ours")
            return 1
        wheel.extractall(folder)
        done = subprocess.run(
            [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {folder!r})\n{USE}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    print(done.stdout or done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
