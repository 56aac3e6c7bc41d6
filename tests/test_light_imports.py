"""What must not import PyTorch, which takes seconds: each case runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = ["import benchmark", "import benchmark.reporting.compare", "import benchmark.cli.main"]


@pytest.mark.parametrize("statement", LIGHT)
def test_it_imports_no_pytorch(statement: str) -> None:
    code = f"import sys\n{statement}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
