"""The kinds of method that the pipeline knows. A new kind is one module beside this one, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.base import (
    CropTransform,
    Method,
    RecogniserAdapter,
    ReferenceMasker,
    TemplateMapper,
    Unmasker,
)
from benchmark.methods.combinations.combination import Combination
from benchmark.pipeline.conditions.method_kinds.combination import combination_conditions
from benchmark.pipeline.conditions.method_kinds.crop_transform import crop_transform_conditions
from benchmark.pipeline.conditions.method_kinds.fitting import Embedder, RecogniserInputs
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.method_kinds.recogniser_adapter import (
    fitted_recogniser_adapter,
    recogniser_adapter_conditions,
)
from benchmark.pipeline.conditions.method_kinds.reference_masker import reference_masker_conditions
from benchmark.pipeline.conditions.method_kinds.template_mapper import (
    fitted_template_mapper,
    template_mapper_conditions,
)
from benchmark.pipeline.conditions.method_kinds.unmasker import unmasker_conditions


@dataclass(frozen=True)
class MethodKind:
    """One kind of method.

    Attributes:
        base: the class that its methods inherit.
        conditions: ``(label, method, inputs)``: prepares the method's faces and says what is compared.
        fitted: ``(label, method, inputs)``: fits the method to one recogniser, and gives, by what a side says in
            `Side.embedded_by`, how it is embedded; None for a kind that leaves embeddings to the recogniser.
    """

    base: type[Method]
    conditions: Callable[[str, Any, MethodInputs], MethodConditions]
    fitted: Callable[[str, Any, RecogniserInputs], Mapping[str, Embedder]] | None = None


KINDS: tuple[MethodKind, ...] = (
    MethodKind(Unmasker, unmasker_conditions),
    MethodKind(ReferenceMasker, reference_masker_conditions),
    MethodKind(CropTransform, crop_transform_conditions),
    MethodKind(TemplateMapper, template_mapper_conditions, fitted_template_mapper),
    MethodKind(RecogniserAdapter, recogniser_adapter_conditions, fitted_recogniser_adapter),
    MethodKind(Combination, combination_conditions),
    MethodKind(DetectedProbes, recogniser_adapter_conditions, fitted_recogniser_adapter),
)


def kind_of(method: Method) -> MethodKind:
    """The kind that `method` is of.

    Raises:
        TypeError: of none of them.
    """
    for kind in KINDS:
        if isinstance(method, kind.base):
            return kind
    known = ", ".join(kind.base.__name__ for kind in KINDS)
    raise TypeError(f"method '{method.label}' inherits none of {known}; see benchmark.methods.base")
