"""What must not import PyTorch or other slow packages: each case runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import PLUGINS_OF_OTHERS

LISTS = pytest.mark.skipif(
    bool(PLUGINS_OF_OTHERS), reason="plugins of other packages are installed, and are imported to be listed"
)
LIGHT = [
    "import benchmark",
    "from benchmark import compare_runs; import benchmark.reporting.compare",
    "from benchmark.cli.main import main; main(['--help'])",
    pytest.param("from benchmark.cli.main import main; assert main(['list', '--json']) == 0", marks=LISTS),
    "from benchmark.cli.main import main; assert main(['--methods', 'teleea']) == 2",
    "from benchmark.cli.main import main; assert main(['--recognisers', 'face_recogniton']) == 2",
    "from benchmark.cli.main import main; assert main(['train', '--method', 'glcicc']) == 2",
]


@pytest.mark.parametrize("statement", LIGHT)
def test_it_imports_no_pytorch(statement: str) -> None:
    code = f"import sys\n{statement}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("package", ["matplotlib", "scipy.stats", "torch", "cv2", "pyarrow.dataset"])
def test_comparing_runs_imports_nothing_that_draws_or_reads_scores(package: str) -> None:
    modules = "benchmark.api.comparison, benchmark.reporting.compare"
    code = f"import sys\nimport {modules}\nprint({package!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@LISTS
@pytest.mark.parametrize("package", ["numpy", "cv2", "dlib", "yaml", "pydantic"])
def test_listing_needs_only_the_sources(package: str) -> None:
    code = (
        "import sys\nfrom benchmark.cli.main import main\nassert main(['list']) == 0\n"
        f"print({package!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
