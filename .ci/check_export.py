"""Checks that a run's export keeps to the published JSON Schema: python .ci/check_export.py RUN."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Export the run given as the only argument in every format; an exception says what is wrong."""
    run = sys.argv[1]
    schema = json.loads((ROOT / "docs" / "export.schema.json").read_text("utf-8"))
    texts = {
        name: subprocess.run(
            [sys.executable, ROOT / "run_benchmark.py", "export", run, "--format", name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("json", "markdown", "latex", "csv")
    }
    jsonschema.Draft202012Validator(schema).validate(json.loads(texts["json"]))
    print(f"{run}: exported as {', '.join(f'{name} ({len(text):,} characters)' for name, text in texts.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
