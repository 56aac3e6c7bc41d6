"""What a reader must know about a whole run, besides what the steps note about single cells."""

from __future__ import annotations

from collections.abc import Mapping

from benchmark.ledger import Ledger
from benchmark.methods.own_completers.file_completer import own_completers
from benchmark.pipeline.planning.combinations import changed_members
from benchmark.pipeline.planning.plan import Plan, names_by_reason
from benchmark.pipeline.planning.stated_training import UNKNOWN
from benchmark.reporting.formatting import number, plural


def notes_on_plan(plan: Plan) -> list[str]:
    """Weights from before the run, what was left out, and a protocol without comparisons."""
    notes = _notes_on_weights(plan) + _notes_on_files(plan) + changed_members(plan.methods, plan.weights)
    notes += [
        f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} left out: {reason}"
        for reason, names in names_by_reason(plan.left_out).items()
    ]
    if plan.attributes.unknown:
        notes.append(
            f"The attributes file says nothing about {plan.attributes.unknown} of {len(plan.protocol.photos)} photos; "
            "they are in no group."
        )
    if plan.thresholds is not None:
        given = plan.thresholds
        notes.append(
            f"Frozen thresholds come from the run {given.run}, which set them on the raw faces of {given.dataset} "
            f"({given.protocol}); the realised FMR shows how well they hold here."
        )
    if not len(plan.protocol.comparisons):
        notes.append(
            f"The protocol {plan.config.protocol} compares no photos, so nothing is verified; metrics.csv has the "
            "image quality of the restored faces, and what the detectors found."
        )
    return notes


def notes_on_faces(plan: Plan, ledger: Ledger) -> list[str]:
    """Which methods gave values that are no pixels, and which face detector found how many faces, where more than the
    first of the chain found some."""
    asked_after_a_miss = set(plan.face_search.face_detectors[1:])
    notes = [
        f"{method}: {number(clipped, 0)} of {plural(restored, 'restored face')} had values outside 0 to 1, which were "
        "clipped (images.csv names them)"
        for method, (clipped, restored) in ledger.values_clipped().items()
    ]
    return notes + [
        f"faces ({where}): {_listed(counts)}"
        for where, counts in ledger.faces_found_by().items()
        if asked_after_a_miss & set(counts)
    ]


def _notes_on_weights(plan: Plan) -> list[str]:
    """Which parts were trained before this run, on what: one sentence for all that share their data."""
    labels: dict[str, list[str]] = {}
    for label, trained in plan.weights.items():
        labels.setdefault(trained.card.train_data, []).append(label)
    return [
        f"{', '.join(of_data)}: trained before this run, on {data}; --retrain trains again"
        for data, of_data in labels.items()
    ]


def _notes_on_files(plan: Plan) -> list[str]:
    """Completers in files of the user's, and whether they may have seen the tested people."""
    notes = []
    for label, completer in own_completers(plan.methods.values()).items():
        text = f"{label}: {completer.card.weights_source} (SHA-256 {completer.card.sha256[:12]}…)"
        if plan.overlap.get(label) == UNKNOWN:
            trained_on = ", ".join(completer.card.trained_on)
            text += f"; whether it has seen the tested people is not known (trained on: {trained_on})"
        notes.append(text)
    return notes


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
