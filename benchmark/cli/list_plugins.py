"""List data sets, masks, methods, recognisers and metrics, and whether they work here."""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmark.acquisition.crop_size import DEFAULT_CROP_SIZE
from benchmark.cards import Card, MethodCard
from benchmark.cli.printed_json import print_json
from benchmark.cli.shared_flags import add_plugin_flag, load_plugins
from benchmark.declared import NotDeclared, declaration
from benchmark.errors import PluginError
from benchmark.methods.shipped_weights import data_licences, shipped_folders, with_data
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugins import KINDS
from benchmark.registry import Registry

_OF_FILES = {
    "methods": "onnx:FILE and FILE.py:ATTR are inpainting networks of your own (docs/methods.md)",
    "recognisers": "onnx:FILE and MODULE:ATTR are recognisers of your own (docs/recognisers.md)",
}
"""What takes the place of a name, by kind."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A kind, or all."""
    parser.add_argument("kind", nargs="?", choices=tuple(KINDS), help="one kind (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the list."""
    load_plugins(options.plugin)
    kinds = [options.kind] if options.kind else list(KINDS)
    with _without_garbage_collection():
        listed = {kind: list_kind(KINDS[kind]) for kind in kinds}
    if options.json:
        print_json(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(_as_text(kind, rows) for kind, rows in listed.items()))
    return 0


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """The syntax trees that are read are all kept: a fifth of the time would be spent searching them for garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def list_kind(registry: Registry[Any]) -> list[dict[str, Any]]:
    """One dictionary per plugin: name, summary, available, reason, parameters, trained_on, saw_recognisers, licence,
    source. A plugin that cannot be imported is listed as unavailable, with the reason."""
    rows = []
    for name in registry.names():
        try:
            rows.append(declared_row(name, registry) or described_row(name, registry.load(name)))
        except PluginError as error:
            rows.append(
                _row(name, Card(summary=f"broken: {registry.origin(name)}"), available=False, reason=str(error))
            )
    rows += [_row(name, Card(summary="broken"), available=False, reason=why) for name, why in registry.broken.items()]
    return rows


def declared_row(name: str, registry: Registry[Any]) -> dict[str, Any] | None:
    """What the source of a built-in plugin says, much faster than an import; None where it says nothing."""
    target = registry.origin(name)
    if not target.startswith("benchmark."):
        return None
    try:
        said = declaration(target)
    except NotDeclared:
        return None
    card = _with_weights(said.weights_of or name, said.card, said.preset)
    row = _row(name, card, available=said.availability.available, reason=said.availability.reason)
    return {**row, "summary": card.summary or said.summary}


def described_row(name: str, plugin: Any) -> dict[str, Any]:
    """What the imported class says."""
    with plugin_code(f"'{name}' cannot be described"):
        found = plugin.availability()
        weights_of = getattr(plugin, "weights_of", "") or name
        card = _with_weights(weights_of, plugin.card, next(iter(getattr(plugin, "presets", ())), ""))
        row = _row(name, card, available=found.available, reason=found.reason)
        row["summary"] = card.summary or (plugin.__doc__ or "").strip().partition("\n")[0] or "no description"
        if found.available and hasattr(plugin, "parameter_counts"):
            row["parameters"] = plugin.parameter_counts()
    return row


def _with_weights(name: str, card: Card, preset: str) -> Card:
    """The card of a method; if its preset comes with weights, with what these have seen. Other cards as they are.

    Args:
        name: of the method or part that the weights belong to.
        card: of the method.
        preset: its default one.
    """
    if not isinstance(card, MethodCard):
        return card
    licences = {
        dataset: licence
        for folder in shipped_folders(name, preset, DEFAULT_CROP_SIZE)
        for dataset, licence in data_licences(folder).items()
    }
    return with_data(card, licences) if licences else card


def _row(name: str, card: Card, *, available: bool, reason: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": card.summary,
        "available": available,
        "reason": reason,
        "parameters": dict(card.parameters),
        "trained_on": list(card.trained_on),
        "saw_recognisers": list(card.saw_recognisers),
        "licence": card.licence,
        "source": card.source,
    }


def _as_text(kind: str, rows: list[dict[str, Any]]) -> str:
    width = max(60, shutil.get_terminal_size((110, 24)).columns)
    name_width = max((len(row["name"]) for row in rows), default=0) + 2
    lines = [f"{kind} ({len(rows)})"]
    for row in rows:
        text = row["summary"]
        counts = ", ".join(f"{network} {count:,} parameters" for network, count in row["parameters"].items())
        if counts:
            text += f" [{counts}]"
        if not row["available"]:
            text += f" — not available: {row['reason']}"
        indent = " " * (name_width + 2)
        lines.append(
            textwrap.fill(
                text,
                width,
                initial_indent=f"  {row['name']:<{name_width}}",
                subsequent_indent=indent,
                break_on_hyphens=False,  # flags and file names are copied
            )
        )
    if kind in _OF_FILES:
        lines.append(textwrap.fill(f"also: {_OF_FILES[kind]}", width, initial_indent="  ", subsequent_indent="  "))
    return "\n".join(lines)
