"""Makes ``reports/example``, the report of the default run that the repository shows, from the folder of such a run.

    python run_benchmark.py --methods all --out reports/main
    python docs/make_example_report.py reports/main            # writes reports/example
    python docs/make_example_report.py reports/main --check    # is the committed one of the same structure?

The example holds the page, the metrics, the figures and the manifest. Scores, the list of images and losses are left
out, pictures are made smaller, and ``metrics.csv`` holds the rows of all mask types together alone, so that all of it
stays below 3 MB. CI runs the check on every change: rows, columns, sections and files must be those of the committed
example; numbers and times may differ, as they do from machine to machine.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from benchmark.errors import RequestError
from benchmark.reporting.metrics_file import metric_rows, read_metrics, write_metrics
from benchmark.reporting.run_folder import MANIFEST, read_finished, write_manifest
from benchmark.verification.base import KEY_COLUMNS

EXAMPLE = Path(__file__).resolve().parents[1] / "reports" / "example"
PAGE_BYTES, ALL_BYTES = 2_000_000, 3_000_000
_WEBP_QUALITY = 60
_FACES_WIDTH = 1200
_PICTURE = re.compile(r"data:image/(?:jpeg|png|webp);base64,([A-Za-z0-9+/=]+)")
_SECTION = re.compile(r'<section[^>]*\bid="([^"]+)"')
_HEADING = re.compile(r"<h2[^>]*>(.*?)</h2>", re.DOTALL)
_CHANGING = ("started", "durations", "peak_memory_mib", "notes", "git_revision", "left_out")
"""Entries of a manifest that other machines and days fill with other keys."""


def main() -> int:
    """Make the example, or compare its structure with the committed one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run of --methods all")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if the structure differs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "example"
        try:
            make_example(options.run, made)
        except RequestError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        differences = [*_too_large(made)]
        if options.check:
            differences += _differences(structure(EXAMPLE), structure(made))
        for difference in differences:
            print(f"error: {difference}", file=sys.stderr)
        if differences:
            return 1
        if not options.check:
            shutil.rmtree(EXAMPLE, ignore_errors=True)
            shutil.copytree(made, EXAMPLE)
        sizes = {path.name: path.stat().st_size for path in made.rglob("*") if path.is_file()}
        print(f"{EXAMPLE}: {len(sizes)} files, {sum(sizes.values()):,} bytes, page {sizes['report.html']:,}")
    return 0


def make_example(run: Path, out: Path) -> None:
    """Write the example to `out`.

    Raises:
        RequestError: `run` is no finished run, or its files were changed.
    """
    manifest = read_finished(run)
    (out / "figures").mkdir(parents=True)
    page = (run / "report.html").read_text(encoding="utf-8")
    (out / "report.html").write_text(_PICTURE.sub(_smaller, page), encoding="utf-8")
    metrics = metric_rows(read_metrics(run / "metrics.csv"))
    write_metrics([row for row in metrics if row.mask_type == "all"], out / "metrics.csv")
    for figure in sorted((run / "figures").glob("*.svg")):
        if figure.stem == "faces":  # an SVG of photographs is larger than the photographs
            _save_faces(run / "figures" / "faces.png", out / "figures" / "faces.webp")
        else:
            shutil.copy(figure, out / "figures" / figure.name)
    write_manifest(out, manifest)


def structure(example: Path) -> dict[str, list[str]]:
    """What must be the same whenever and wherever the example is made."""
    page = (example / "report.html").read_text(encoding="utf-8")
    metrics = read_metrics(example / "metrics.csv")
    manifest = json.loads((example / MANIFEST).read_text(encoding="utf-8"))
    return {
        "files": sorted(path.relative_to(example).as_posix() for path in example.rglob("*") if path.is_file()),
        "sections of report.html": _SECTION.findall(page),
        "headings of report.html": [re.sub(r"<[^>]+>", "", heading).strip() for heading in _HEADING.findall(page)],
        "columns of metrics.csv": list(metrics.columns),
        "rows of metrics.csv": _keys(metrics),
        "entries of manifest.json": sorted(_entries(manifest)),
    }


def _keys(metrics: pd.DataFrame) -> list[str]:
    rows = metrics[list(KEY_COLUMNS)].itertuples(index=False, name=None)
    return [" ".join(str(part) for part in row if str(part) not in ("", "nan", "none")) for row in rows]


def _entries(manifest: dict[str, Any]) -> Iterator[str]:
    """Names of entries, two levels deep."""
    for name, value in manifest.items():
        yield name
        if isinstance(value, dict) and name not in _CHANGING:
            yield from (f"{name}.{inner}" for inner in value)


def _differences(committed: dict[str, list[str]], made: dict[str, list[str]]) -> Iterator[str]:
    for name, before in committed.items():
        now = made[name]
        gone = [one for one in dict.fromkeys(before) if one not in set(now)]
        new = [one for one in dict.fromkeys(now) if one not in set(before)]
        if gone or new:
            shown = "; ".join([f"no longer: {one}" for one in gone[:3]] + [f"new: {one}" for one in new[:3]])
            yield (
                f"{name}: {len(gone)} gone, {len(new)} new ({shown}); make the example again: "
                "python docs/make_example_report.py RUN"
            )
        elif before != now:
            yield f"{name} are in another order; make the example again: python docs/make_example_report.py RUN"


def _too_large(example: Path) -> Iterator[str]:
    page = (example / "report.html").stat().st_size
    whole = sum(path.stat().st_size for path in example.rglob("*") if path.is_file())
    for name, size, most in (("report.html", page, PAGE_BYTES), ("the example", whole, ALL_BYTES)):
        if size > most:
            yield f"{name} has {size:,} bytes, more than {most:,}"


def _smaller(picture: re.Match[str]) -> str:
    """The picture as WebP where that is smaller."""
    original = base64.b64decode(picture.group(1))
    packed = io.BytesIO()
    Image.open(io.BytesIO(original)).save(packed, "WEBP", quality=_WEBP_QUALITY, method=6)
    if packed.tell() >= len(original):
        return picture.group(0)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}"


def _save_faces(picture: Path, out: Path) -> None:
    image = Image.open(picture).convert("RGB")
    height = round(image.height * _FACES_WIDTH / image.width)
    image.resize((_FACES_WIDTH, height), Image.Resampling.LANCZOS).save(out, "WEBP", quality=_WEBP_QUALITY, method=6)


if __name__ == "__main__":
    sys.exit(main())
