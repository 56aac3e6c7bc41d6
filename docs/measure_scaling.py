"""Measures how time and memory of each step grow with the number of faces; makes the table and figure of scaling.md.

    python docs/measure_scaling.py images --counts 60,120,240,480
    python docs/measure_scaling.py rows --counts 1000,10000,100000,1000000
    python docs/measure_scaling.py search --counts 1000,3162,10000,31623,100000
    python docs/measure_scaling.py gallery --counts 10000,100000,1000000
    python docs/measure_scaling.py ray --counts 1000 [--ray-address HOST:PORT]
    python docs/measure_scaling.py table

`images` runs the steps on synthetic people: the photos are drawn when they are read, which is a part of the times.
`rows` stores embeddings that are drawn, row by row, as the last step of a run does, and reads them back: what is left
of a step when its own work is taken away. `search` searches as many drawn probes in a gallery of as many
(`search_in_tiles`), half of whose people are in it; `gallery` 10,000 probes in a gallery of that many. `ray` sends
tasks that do nothing. Each count is measured in a process of its own with one thread; times are processor seconds,
memory is the process's peak so far. Lines are appended to images/scaling.csv; `table` prints them as Markdown with the
slopes of their logarithms and draws images/scaling.svg.
"""

from __future__ import annotations

# ruff: noqa: PLC0415  # each part imports what it needs, so that its memory is its own
import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = Path(__file__).parent / "images" / "scaling.csv"
COLUMNS = ("part", "step", "count", "seconds", "peak_mib", "bytes")
SIZE = 112
WIDTH = 128
PROBES = 10_000
NOT_DRAWN = ("rank 1, FNIR at FPIR 1 %",)
"""Steps that take no time worth showing."""
LINES = {"images": "-", "rows": "--", "search": ":", "gallery": "-.", "ray": "-"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Line = tuple[str, int, float, float, int]
"""Step, count, processor seconds, peak MiB, bytes stored."""


def main() -> None:
    """Read the options, measure each count in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("images", "rows", "search", "gallery", "ray", "table"))
    parser.add_argument("--counts", default="1000")
    parser.add_argument("--ray-address")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "table":
        print_table()
    elif options.here:
        lines = {"images": images, "rows": rows, "search": search, "gallery": gallery}.get(options.part)
        found = ray_tasks(int(options.counts), options.ray_address) if lines is None else lines(int(options.counts))
        with FILE.open("a", newline="") as stream:
            for step, count, seconds, peak, size in found:
                csv.writer(stream).writerow((options.part, step, count, f"{seconds:.4g}", f"{peak:.0f}", size))
                print(step, count, f"{seconds:.4g} s", f"{peak:.0f} MiB", flush=True)
    else:
        if not FILE.exists():
            FILE.write_text(",".join(COLUMNS) + "\n")
        for count in options.counts.split(","):
            address = ["--ray-address", options.ray_address] if options.ray_address else []
            command = [sys.executable, __file__, options.part, "--counts", count, "--here", *address]
            subprocess.run(command, env={**os.environ, **dict.fromkeys(THREADS, "1")}, check=True)


@contextmanager
def measured(found: list[Line], step: str, count: int, folder: Path | None = None) -> Iterator[None]:
    """Append a line for what happens in the block."""
    began, before = time.process_time(), _bytes(folder)
    yield
    seconds = time.process_time() - began
    found.append((step, count, seconds, _peak(), _bytes(folder) - before))


def images(count: int) -> list[Line]:
    """The steps of a run on `count` photos of synthetic people, three of each."""
    import cv2
    import torch

    from benchmark.acquisition.detection import FaceSearch
    from benchmark.acquisition.step import acquire, crop_raw
    from benchmark.config import DEFAULT_MASKS
    from benchmark.datasets.synthetic import SyntheticPeople
    from benchmark.masking.choice import choose_style
    from benchmark.masking.step import mask_photos
    from benchmark.methods.resolve import resolve_method
    from benchmark.methods.step import unmask
    from benchmark.recognisers.resolve import resolve_recognisers
    from benchmark.recognisers.step import recognise
    from benchmark.views import PhotoSet

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    found: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = _context(folder)
        dataset = SyntheticPeople(seed=0, people=count // 3, probes=2)
        photos = PhotoSet("synthetic", dataset, dataset.protocol("probes").photos, "test")
        with measured(found, "acquire", len(photos), folder):
            acquired = acquire(photos, FaceSearch(), context)
        with measured(found, "crop", len(photos), folder):
            crop_raw(acquired, SIZE, context)
        types = [choose_style(DEFAULT_MASKS, 0, photo.image_id) for photo in photos.photos]
        with measured(found, "mask", len(photos), folder):
            masked = mask_photos(acquired, types, size=SIZE, search=None, context=context)
        method = resolve_method("true-mask+telea", seed=0, device="cpu")
        with measured(found, "unmask: telea", len(photos), folder):
            unmask(method, masked, trained_on=(), name="telea", context=context)
        recogniser = resolve_recognisers(("face_recognition",), weights={}).ready["face_recognition"]
        with measured(found, "recognise: face_recognition", len(photos), folder):
            recognise("face_recognition", recogniser, masked, shown="masked", context=context)
    return found


def rows(count: int) -> list[Line]:
    """Store and read `count` rows of 128 numbers."""
    import numpy as np

    from benchmark.artifacts import RowArray
    from benchmark.faces import Photo

    found: list[Line] = []
    drawn = np.random.default_rng(0).normal(size=(1000, WIDTH)).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = _context(folder)
        with measured(found, "list the photos", count):
            photos = tuple(
                Photo(f"person-{row // 3:08d}/{row}", f"person-{row // 3:08d}", "drawn") for row in range(count)
            )

        def draw(group: list[int], commit) -> None:
            for row in group:
                commit(row, {"embeddings": drawn[row % 1000]}, {})

        make = context.make_batches(draw, count=count, doing="draw", unit="face")
        arrays = {"embeddings": RowArray((WIDTH,), "float32")}
        with measured(found, "store rows", count, folder):
            artifact = context.store.rows("recognise", {"count": count}, count=count, arrays=arrays, make=make)
        with measured(found, "read records", count):
            records = artifact.records()
        with measured(found, "enter the ledger", count):
            context.ledger.add(photos, records, role="test", step="recognise", variant="drawn")
        with measured(found, "images.csv as a table", count):
            context.ledger.table()
    return found


def search(count: int) -> list[Line]:
    """`count` probes in a gallery of `count`."""
    return _searched(count, count, "search in tiles")


def gallery(count: int) -> list[Line]:
    """`PROBES` probes in a gallery of `count`."""
    return _searched(PROBES, count, f"search of {PROBES:,} probes")


def _searched(probes: int, enrolled: int, step: str) -> list[Line]:
    """The people of half of the `probes` are among the `enrolled`."""
    import numpy as np

    from benchmark.verification.search_in_tiles import search_in_tiles

    found: list[Line] = []
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        shape = (enrolled, WIDTH)
        faces = np.lib.format.open_memmap(Path(name) / "drawn.npy", mode="w+", dtype=np.float32, shape=shape)
        for start in range(0, enrolled, 65_536):
            part = faces[start : start + 65_536]
            part[:] = generator.normal(size=part.shape)
        seen = generator.normal(size=(probes, WIDTH)).astype(np.float32)
        known = probes - probes // 2
        seen[:known] = 0.37 * faces[enrolled - known :] + 0.93 * seen[:known]
        with measured(found, step, enrolled):
            people = np.arange(probes) + enrolled - known
            searches = search_in_tiles(seen, people, faces, np.arange(enrolled), scratch=Path(name))
        with measured(found, "rank 1, FNIR at FPIR 1 %", enrolled):
            threshold = searches.threshold(0.01)
            rank1 = float(searches.found_within(1).mean())
            missed = float(searches.missed(threshold).mean()) if threshold is not None else float("nan")
    print(f"rank 1: {rank1:.4f}; FNIR at FPIR 1 %: {missed:.4f}")
    return found


def ray_tasks(count: int, address: str | None) -> list[Line]:
    """What it costs this process to send items that need no work, one by one, and to take their results."""
    from benchmark import RunConfig
    from benchmark.engine.choose import engine_of

    found: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        engine = engine_of(RunConfig(engine="ray", ray_address=address, workers=1, cache=Path(name), device="cpu"))
        row = bytes(100_000)
        list(engine.map(len, iter([row] * 64), workers=1, bar=None))  # the worker process has begun
        with measured(found, "ray: items of 100 kB, there and back", count):
            for _ in engine.map(bytes, iter([row] * count), workers=1, bar=None):
                pass
        engine.close()
    return found


def print_table() -> None:
    """The measured lines with slopes, as Markdown, and the figure."""
    from matplotlib.figure import Figure

    series: dict[tuple[str, str], dict[int, tuple[float, float, int]]] = defaultdict(dict)
    with FILE.open(newline="") as stream:
        for line in csv.DictReader(stream):
            series[line["part"], line["step"]][int(line["count"])] = (
                float(line["seconds"]),
                float(line["peak_mib"]),
                int(line["bytes"]),
            )
    print(
        "| part | step | faces | processor time | a face | slope | peak memory | stored a face |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|"
    )
    figure = Figure(figsize=(9, 4), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for (part, step), points in series.items():
        counts = sorted(points)
        for place, count in enumerate(counts):
            seconds, peak, size = points[count]
            slope = "" if place == 0 else f"{_slope(points, counts[place - 1], count):.2f}"
            stored = f"{size / count:,.0f} B" if size > 0 else ""
            print(
                f"| {part} | {step} | {count:,} | {_time(seconds)} | {_time(seconds / count)} | {slope} "
                f"| {peak:,.0f} MiB | {stored} |"
            )
        if step in NOT_DRAWN:
            continue
        for axes, column in ((times, 0), (memory, 1)):
            values = [points[count][column] for count in counts]
            axes.loglog(counts, values, LINES[part], marker="o", markersize=3, label=step)
    times.set(xlabel="faces", ylabel="processor seconds", title="Time")
    memory.set(xlabel="faces", ylabel="MiB", title="Peak memory of the process so far")
    for axes in (times, memory):
        axes.spines[["top", "right"]].set_visible(False)
    handles = times.get_legend_handles_labels()
    # handles long enough to tell dashes from dots
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=7, frameon=False, handlelength=4)
    figure.savefig(FILE.with_suffix(".svg"), metadata={"Date": None})


def _slope(points: dict[int, tuple[float, float, int]], before: int, count: int) -> float:
    from math import log

    return log(max(points[count][0], 1e-6) / max(points[before][0], 1e-6)) / log(count / before)


def _time(seconds: float) -> str:
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 1e-9:.3g} ns"


def _context(folder: Path):
    from benchmark.artifacts import ArtifactStore
    from benchmark.context import RunContext
    from benchmark.ledger import Ledger
    from benchmark.progress import Progress

    return RunContext(ArtifactStore(folder), Ledger(), Progress(quiet=True), workers=1, device="cpu", seed=0)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _bytes(folder: Path | None) -> int:
    return 0 if folder is None else sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
