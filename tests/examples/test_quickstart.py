"""The notebook runs from top to bottom, and shows what it promises."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

from benchmark import RunComparison, RunResult

mpl.use("Agg")
NOTEBOOK = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"


def shown(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does: the value of its last line, if that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, Any] = {"__name__": "__main__"}
    values = [shown(source, names) for source in sources]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")  # kept free of results
    kinds = [type(value) for value in values if value is not None]
    assert kinds[0] is RunResult
    assert kinds[-1] is RunComparison
    assert kinds.count(pd.DataFrame) == 4
    assert "telea" in values[1]._repr_html_()
    assert set(names["mine"].table().query("role == 'method'").index) == {"telea", "one-grey"}
    assert (tmp_path / "reports" / "quickstart" / "compared" / "compare.html").is_file()
