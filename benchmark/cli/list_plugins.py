"""List data sets, masks, methods, recognisers and metrics, and whether they work here."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from typing import Any

from benchmark.cards import Card
from benchmark.cli.shared_flags import add_plugin_flag, load_plugins
from benchmark.config import RunConfig
from benchmark.errors import PluginError
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugins import KINDS
from benchmark.registry import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A kind, or all."""
    parser.add_argument("kind", nargs="?", choices=tuple(KINDS), help="one kind (default: all)")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the list."""
    load_plugins(options.plugin)
    kinds = [options.kind] if options.kind else list(KINDS)
    listed = {kind: list_kind(KINDS[kind]) for kind in kinds}
    if options.json:
        print(json.dumps(listed, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(_as_text(kind, rows) for kind, rows in listed.items()))
    return 0


def list_kind(registry: Registry[Any]) -> list[dict[str, Any]]:
    """One dictionary a plugin: name, summary, available, reason, parameters, trained_on, saw_recognisers, licence,
    source. A plugin that cannot be imported is listed as unavailable, with the reason."""
    rows = []
    for name in registry.names():
        try:
            rows.append(_describe(name, registry.load(name)))
        except PluginError as error:
            rows.append(
                _row(name, Card(summary=f"broken: {registry.origin(name)}"), available=False, reason=str(error))
            )
    rows += [_row(name, Card(summary="broken"), available=False, reason=why) for name, why in registry.broken.items()]
    return rows


def _describe(name: str, plugin: Any) -> dict[str, Any]:
    with plugin_code(f"'{name}' cannot be described"):
        found = plugin.availability()
        card = _card(name, plugin)
        row = _row(name, card, available=found.available, reason=found.reason)
        row["summary"] = card.summary or (plugin.__doc__ or "").strip().partition("\n")[0] or "no description"
        if found.available and hasattr(plugin, "parameter_counts"):
            row["parameters"] = plugin.parameter_counts()
    return row


def _card(name: str, plugin: Any) -> Card:
    """The plugin's card; of a method whose default preset comes with weights, with what these have seen."""
    from benchmark.cards import MethodCard  # noqa: PLC0415
    from benchmark.methods.trained_weights import shipped_weights, with_weights  # noqa: PLC0415

    card: Card = plugin.card
    if isinstance(card, MethodCard):
        trained = shipped_weights(name, next(iter(plugin.presets)), RunConfig().size)
        if trained is not None:
            return with_weights(card, trained.card)
    return card


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
            textwrap.fill(text, width, initial_indent=f"  {row['name']:<{name_width}}", subsequent_indent=indent)
        )
    return "\n".join(lines)
