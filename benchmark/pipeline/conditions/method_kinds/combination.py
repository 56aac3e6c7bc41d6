"""Methods that combine the scores of several others."""

from __future__ import annotations

from benchmark.config import Condition
from benchmark.errors import PluginError
from benchmark.methods.combinations.combination import Combination
from benchmark.methods.combinations.combination_spec import NONE
from benchmark.pipeline.conditions.method_kinds.inputs import MethodConditions, MethodInputs
from benchmark.pipeline.conditions.pairing import CombinedPairing, Pairing


def combination_conditions(label: str, method: Combination, inputs: MethodInputs) -> MethodConditions:
    """The members' own comparisons, with one score made of theirs.

    Frozen thresholds are set on bare probes that are sent through the same combination: the pairing ``raw-raw`` of this
    method, whose scores need not have the recogniser's scale.

    Raises:
        PluginError: a member failed, or no bare probe is sent through the methods.
    """
    masked = member_pairings(method, "raw-restored", inputs)
    bare = member_pairings(method, "raw-passthrough", inputs)
    conditions: tuple[tuple[Condition, tuple[Pairing, ...]], ...] = (
        ("raw-raw", bare),
        ("raw-restored", masked),
        ("raw-passthrough", bare),
    )
    return MethodConditions(
        [
            CombinedPairing(
                condition,
                label,
                parts[0].comparisons,
                parts[0].reference,
                parts[0].probe,
                parts=parts,
                combination=method,
            )
            for condition, parts in conditions
        ]
    )


def member_pairings(method: Combination, condition: Condition, inputs: MethodInputs) -> tuple[Pairing, ...]:
    """One pairing of each member, all of the same comparisons.

    Raises:
        PluginError: a member failed, or nothing is compared.
    """
    faces = inputs.faces
    compared = faces.comparisons[condition]
    if not len(compared):
        what = "bare probes are sent through the methods" if condition == "raw-passthrough" else "masked faces compared"
        raise PluginError(f"'{method.label}' needs {condition}, but no {what} here")
    parts = []
    for member in method.members:
        if member == NONE:
            probe = faces.shown_raw if condition == "raw-passthrough" else faces.shown_masked
            parts.append(faces.pairing(condition, NONE, faces.shown_raw, probe))
            continue
        made = inputs.before.get(method.label_of(member))
        if made is None:
            raise PluginError(f"its member '{member}' failed")
        part = next((one for one in made.pairings if one.condition == condition), None)
        if part is None or part.comparisons is not compared:
            raise PluginError(f"its member '{member}' has no {condition} of these comparisons")
        parts.append(part)
    return tuple(parts)
