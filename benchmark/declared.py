"""What the source code of a built-in plugin's class declares, read without importing it.

Importing the plugins takes seconds, since they import PyTorch, OpenCV and dlib; `list` needs only their cards, which
are written down as plain values. Anything that is computed, or is not a plain value, raises `NotDeclared`; then the
class must be imported.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmark.acquisition.dlib_models import recogniser_availability
from benchmark.cards import AVAILABLE, Availability, Card, available_with
from benchmark.datasets.layouts import needs_folder, needs_named_file
from benchmark.datasets.lfw_home import lfw_availability
from benchmark.model_files import available_with_file
from benchmark.plain_values import OWN, NotDeclared, Source, assigned, plain_value, source_of

__all__ = ["Declaration", "NotDeclared", "declaration"]


@dataclass(frozen=True)
class Declaration:
    """What a class says of itself.

    Attributes:
        summary: the first line of its docstring.
        card: as declared.
        availability: whether it works on this machine.
        preset: its default one; empty where its kind has none.
        weights_of: the part whose weights it uses; empty where it uses its own.
    """

    summary: str
    card: Card
    availability: Availability
    preset: str
    weights_of: str


def declaration(target: str) -> Declaration:
    """What the class ``"module:Class"`` of this program declares.

    Raises:
        NotDeclared: it decides by code of its own whether it is available, or its card is no plain value.

    >>> declaration("benchmark.methods.baselines.true_pixels:TruePixels").card.privileged
    True
    """
    module, _, name = target.partition(":")
    found = _class_at(module, name)
    card = found.value("card", Card())
    presets = found.value("presets", {})
    text = ast.get_docstring(found.node) or ""
    return Declaration(
        summary=text.partition("\n")[0],
        card=card,
        availability=_availability(found, card),
        preset=str(next(iter(presets), "")),
        weights_of=found.value("weights_of", ""),
    )


def _availability(found: _Class, card: Card) -> Availability:  # noqa: PLR0911  # one return per kind
    """What the class's `availability` would say; each of these asks the same function."""
    match found.defined_by("availability"):
        case (
            None
            | "benchmark.datasets.base:Dataset"
            | "benchmark.masking.base:MaskStyle"
            | "benchmark.verification.base:Metric"
        ):
            return AVAILABLE
        case "benchmark.methods.method:Method":
            return available_with(found.value("needs", {}))
        case "benchmark.datasets.files:PhotoFiles":
            return needs_folder(getattr(card, "layout", ""))
        case "benchmark.datasets.bin_sets:AnyBin":
            return needs_named_file(getattr(card, "layout", ""))
        case "benchmark.datasets.lfw:LabeledFacesInTheWild":
            return lfw_availability()
        case "benchmark.recognisers.base:Recogniser":
            return available_with_file(found.value("needs", {}), found.value("model_file", None))
        case "benchmark.verification.weighted_metric:WeightedMetric":
            return available_with_file(found.value("needs", {}), found.value("model_file", None))
        case "benchmark.recognisers.face_recognition:FaceRecognition":
            return recogniser_availability()
    raise NotDeclared(f"{found.node.name} decides for itself whether it is available")


class _Class:
    """A class's syntax, and that of its bases."""

    def __init__(self, source: Source, name: str) -> None:
        if name not in source.classes:
            raise NotDeclared(f"{source.module} defines no class '{name}'")
        self._source = source
        self.node = source.classes[name]
        self._values = assigned(self.node.body)

    def defined_by(self, method: str) -> str | None:
        """``module:Class`` of the class, or of the first of its bases, that defines `method`; None where none does."""
        if any(isinstance(node, ast.FunctionDef) and node.name == method for node in self.node.body):
            return f"{self._source.module}:{self.node.name}"
        return next((found for base in self._bases() if (found := base.defined_by(method)) is not None), None)

    def value(self, attribute: str, default: Any) -> Any:
        """What the class, or the first of its bases that does so, assigns to `attribute`."""
        if attribute in self._values:
            return plain_value(self._values[attribute], self._source.within(self._values))
        for base in self._bases():
            found = base.value(attribute, _ABSENT)
            if found is not _ABSENT:
                return found
        return default

    def _bases(self) -> list[_Class]:
        """The bases that this program defines."""
        bases = []
        for node in self.node.bases:
            plain = node.value if isinstance(node, ast.Subscript) else node  # Learner[MaskedPairs]
            if not isinstance(plain, ast.Name):
                continue
            if plain.id in self._source.classes:
                bases.append(_class_at(self._source.module, plain.id))
            module, name = self._source.imports.get(plain.id, ("", ""))
            if module.startswith(OWN):
                bases.append(_class_at(module, name))
        return bases


_ABSENT = object()


@cache
def _class_at(module: str, name: str) -> _Class:
    """A class by where it is imported from, which may hand it on from another module."""
    source = source_of(module)
    if name not in source.classes and name in source.imports:
        return _class_at(*source.imports[name])
    return _Class(source, name)
