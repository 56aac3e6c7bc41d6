"""Keeps a run's figures in the store of artefacts, so that a run with the same results draws none again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.artifacts import ArtifactStore
from benchmark.errors import StorageError
from benchmark.machine.library_versions import libraries_in_key
from benchmark.plugin_code.source_digest import source_digest
from benchmark.reporting.rendered_figure import RenderedFigure
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.stored_run import stored_cards
from benchmark.verification.measurement import Note
from benchmark.verification.metric_description import stored_descriptions

_VERSION = 1
_FILE = "figures.json"


def rendered_figures(
    results: RunResults, index: ResultsIndex, store: ArtifactStore | None
) -> dict[str, list[RenderedFigure]]:
    """Every figure by section of the report; drawn now unless `store` has those of the same results.

    Their key holds all that is shown, the source code of `benchmark.reporting`, the versions of the libraries that draw
    and the user's settings of matplotlib. Which fonts are installed is not in it.

    Raises:
        StorageError: what is stored cannot be read or written.
    """
    if store is None:
        return _drawn(results, index)
    about = {
        "version": _VERSION,
        "draws": source_digest(Path(__file__).parent),
        "shown": _digest(results),
        "settings": _settings_of_matplotlib(),
        "matplotlib": importlib.metadata.version("matplotlib"),
        **libraries_in_key("numpy", "pillow"),
    }
    folder = store.folder(
        "figures", about, lambda folder: _write(_drawn(results, index), folder), part_of_step=True
    ).folder
    return _read(folder)


def _drawn(results: RunResults, index: ResultsIndex) -> dict[str, list[RenderedFigure]]:
    from benchmark.reporting.figures import draw_figures  # noqa: PLC0415  # imports matplotlib: only to draw

    return draw_figures(results, index)


def _digest(results: RunResults) -> str:
    """Of everything that a figure may show."""
    content = hashlib.blake2b(digest_size=16)
    for part in _shown(results):
        content.update(part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass"))
        content.update(b"\0")
    return content.hexdigest()


def _shown(results: RunResults) -> Iterator[str | bytes]:
    yield from (repr(tuple(vars(row).values())) for row in results.metrics)
    yield from (repr(note) for note in results.notes if isinstance(note, Note))
    yield json.dumps(stored_cards(results.cards), sort_keys=True, default=repr)
    yield repr(sorted(stored_descriptions(results.manifest).items()))
    for curves in results.curves:
        for field in fields(curves):
            yield from _content(getattr(curves, field.name))
    for method, losses in results.losses.items():
        if method not in results.trained_before:
            yield from (method, repr(losses.to_dict("list")))
    for strip in results.examples:
        yield repr((strip.subject_id, strip.image_id, list(strip.columns), sorted(strip.reasons.items())))
        for picture in strip.columns.values():
            yield from _content(picture)


def _content(value: object) -> Iterator[str | bytes]:
    if isinstance(value, np.ndarray):
        yield f"{value.dtype.str} {value.shape}"
        yield np.ascontiguousarray(value).tobytes()
    else:
        yield repr(value)


def _settings_of_matplotlib() -> list[str]:
    """Digests of the files with a user's own settings, where matplotlib looks for them; importing it takes longer."""
    environment = os.environ.get
    places = [Path.cwd(), environment("MATPLOTLIBRC"), environment("MPLCONFIGDIR"), Path.home() / ".matplotlib"]
    places.append(Path(environment("XDG_CONFIG_HOME") or Path.home() / ".config") / "matplotlib")
    files = [Path(place) for place in places if place]
    files = [file / "matplotlibrc" if file.is_dir() else file for file in files]
    return [hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest() for file in files if file.is_file()]


def _write(figures: dict[str, list[RenderedFigure]], folder: Path) -> None:
    listed: dict[str, list[dict[str, Any]]] = {}
    for section, of_section in figures.items():
        listed[section] = [{"name": one.name, "caption": one.caption, "inline": one.inline} for one in of_section]
        for one in of_section:
            one.save(folder)
    (folder / _FILE).write_bytes(json.dumps(listed, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _read(folder: Path) -> dict[str, list[RenderedFigure]]:
    try:
        listed = json.loads((folder / _FILE).read_bytes().decode("utf-8", "surrogatepass"))
        return {
            section: [
                RenderedFigure(
                    svg=(folder / f"{one['name']}.svg").read_bytes(),
                    png=(folder / f"{one['name']}.png").read_bytes(),
                    **one,
                )
                for one in of_section
            ]
            for section, of_section in listed.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{folder} was damaged during the run ({error}); start again and it will be recomputed"
        ) from error
