"""Carries out a plan: photos → acquire → mask → unmask → recognise → compare → measure → report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.face_detectors.known import face_detector_class
from benchmark.acquisition.step import Acquired, acquire
from benchmark.artifacts import ArtifactStore, digest
from benchmark.cards import Card
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.errors import BenchmarkError
from benchmark.ledger import Ledger
from benchmark.masking.resolve import mask_style
from benchmark.methods.base import Method
from benchmark.methods.step import Learned, fit
from benchmark.methods.trained_weights import TrainedWeights, with_weights
from benchmark.pipeline.conditions.arm import PreparedArm, prepare_arm
from benchmark.pipeline.examples import choose_examples
from benchmark.pipeline.manifest import machine_facts
from benchmark.pipeline.planning.plan import Plan, make_plan
from benchmark.pipeline.rows.comparison import compare_arm
from benchmark.pipeline.rows.detection import measure_detection
from benchmark.pipeline.rows.missing_truth import note_missing_truth
from benchmark.pipeline.rows.restoration import measure_restoration
from benchmark.pipeline.training_pairs import MadePairs, make_training_pairs
from benchmark.progress import Progress
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.scores_file import ScoresWriter
from benchmark.reporting.write_run import write_run
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Note, ScoredCell
from benchmark.views import PhotoSet


def run(config: RunConfig) -> Path:
    """Carry out one run and write its folder.

    Returns:
        The path of ``report.html``.

    Raises:
        RequestError: the request was wrong; nothing was computed.
        BenchmarkError: the run failed; what was computed is kept, and the same command continues.
    """
    started = datetime.now().astimezone()
    watch = _Stopwatch()
    plan = make_plan(config)
    context = RunContext(
        store=ArtifactStore(plan.config.cache, fresh=plan.config.fresh),
        ledger=Ledger(),
        progress=Progress(quiet=plan.config.quiet),
        workers=plan.config.workers,
        device=plan.config.device,
        seed=plan.config.seed,
        face_search=plan.face_search,
    )
    with watch.stage("train"):
        made = None
        if plan.training is not None:
            made = make_training_pairs(plan.training, plan.config.masks, plan.config.size, context)
        learned = _fit_methods(plan, made, context)
    with watch.stage("acquire"):
        acquired = _acquire_test_photos(plan, context)
    arms: list[PreparedArm] = []
    for arm in plan.config.acquisition:
        with watch.stage(f"mask and unmask ({arm})"):
            keys = {label: learned[label].key for label in learned}
            arms.append(prepare_arm(plan, arm, acquired, keys, context.in_arm(arm)))
    cells: list[ScoredCell] = []
    notes: list[Note | str] = [note for prepared in arms for note in prepared.notes]
    notes += _notes_on_weights(plan)
    notes += [f"{name} was left out: {reason}" for name, reason in plan.left_out.items()]
    if not len(plan.protocol.comparisons):
        notes.append(
            f"The protocol {plan.config.protocol} compares no photos, so nothing is verified; metrics.csv holds the "
            "image quality of the restored faces, and what the detectors found."
        )
    with watch.stage("recognise and compare"), ScoresWriter(plan.out / "scores.parquet") as writer:
        for prepared in arms:
            scored, left_out = compare_arm(plan, prepared, made, writer, context.in_arm(prepared.arm))
            cells += scored
            notes += left_out
    subjects = _subject_codes(plan)
    with watch.stage("measure"):
        measurement = measure(
            cells,
            subjects=subjects[arms[0].faces.templates.first],
            mask_types=arms[0].faces.mask_types,
            targets=plan.config.targets,
            replicates=plan.config.replicates,
            seed=plan.config.seed,
            progress=context.progress,
        )
        measured = [measurement]
        for prepared in arms:
            measured.append(measure_restoration(plan, prepared, subjects, context.progress))
            measured.append(measure_detection(plan, prepared, subjects))
            measured.append(note_missing_truth(plan, prepared))
    manifest = _manifest(plan, acquired, made, started, watch.seconds)
    found_by = context.ledger.faces_found_by()
    if len(plan.face_search.face_detectors) > 1:
        notes += [f"faces ({where}): {_listed(counts)}" for where, counts in found_by.items()]
    manifest["faces_found_by"] = found_by
    manifest["face_detector_files"] = {name: sha256 for name, _, sha256 in plan.face_search.files}
    results = RunResults(
        metrics=[row for part in measured for row in part.rows],
        notes=[*notes, *(note for part in measured for note in part.notes)],
        curves=measurement.curves,
        images=context.ledger.table(),
        examples=choose_examples(arms[0]),
        manifest=manifest,
        cards=_cards(plan),
        losses={label: part.losses for label, part in learned.items() if part.losses is not None},
        trained_before=frozenset(plan.weights),
        synthetic=plan.dataset.card.synthetic,
    )
    return write_run(results, plan.out)


def _acquire_test_photos(plan: Plan, context: RunContext) -> Acquired:
    photo_set = PhotoSet(plan.config.dataset, plan.dataset, plan.protocol.photos, "test")
    acquired = acquire(photo_set, context)
    if not any(acquired.geometry):
        raise BenchmarkError(
            f"no face was found in any of the {len(photo_set)} photos of '{plan.config.dataset}'; look at them, or at "
            "--data-root"
        )
    return acquired


def _fit_methods(plan: Plan, made: MadePairs | None, context: RunContext) -> dict[str, Learned]:
    """What every part that learns from pairs has learned, by the part's label."""
    learned: dict[str, Learned] = {}
    for method in plan.methods.values():
        learned |= fit(method, None if made is None else made.training, plan.weights, context)
    return learned


def _subject_codes(plan: Plan) -> NDArray[np.int32]:
    """``int32 (n_photos,)``: a code of each photo's subject, from 0 up."""
    subjects = [photo.subject_id for photo in plan.protocol.photos]
    codes = {subject: code for code, subject in enumerate(dict.fromkeys(subjects))}
    return np.array([codes[subject] for subject in subjects], dtype=np.int32)


def _cards(plan: Plan) -> dict[str, Card]:
    """The card of every plugin that took part, by name."""
    cards: dict[str, Card] = {plan.config.dataset: plan.dataset.card}
    if plan.training is not None:
        cards |= {source.dataset_name: source.dataset.card for source in plan.training.sources}
    cards |= {name: mask_style(name).card for name in plan.config.masks}
    cards |= {name: recogniser.card for name, recogniser in plan.recognisers.items()}
    cards |= {name: face_detector_class(name).card for name in plan.face_search.face_detectors}
    for method in plan.methods.values():
        cards |= {part.name: _card_of(part, plan) for part in method.parts()}
        if method.name not in cards:
            cards[method.name] = method.card
    return cards


def _card_of(part: Method, plan: Plan) -> Card:
    trained = plan.weights.get(part.label)
    return part.card if trained is None else with_weights(part.card, trained.card)


def _manifest(
    plan: Plan, acquired: Acquired, made: MadePairs | None, started: datetime, durations: Mapping[str, float]
) -> dict[str, Any]:
    comparisons = plan.protocol.comparisons
    protocol: dict[str, Any] = {"reference": comparisons.reference.tolist(), "probe": comparisons.probe.tolist()}
    if plan.protocol.templates is not None:
        protocol["templates"] = plan.protocol.templates
    masked = [row for row, photo in enumerate(plan.protocol.photos) if photo.masked]
    if masked:
        protocol["masked"] = masked
    return {
        "config": plan.config.model_dump(mode="json"),
        "dataset_variant": plan.dataset.variant,
        **machine_facts(plan.config.device),
        "digests": {
            "dataset": acquired.photo_set.digest(),
            "protocol": digest(protocol),
            "training pairs": "" if made is None else made.training.key,
        },
        "training": None if plan.training is None else plan.training.name,
        "weights": {label: _weights_facts(trained) for label, trained in plan.weights.items()},
        "recognisers": {name: {"sha256": one.card.sha256} for name, one in plan.recognisers.items()},
        "overlap": dict(plan.overlap),
        "left_out": dict(plan.left_out),
        "started": started.isoformat(timespec="seconds"),
        "durations": {stage: round(seconds, 1) for stage, seconds in durations.items()},
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _notes_on_weights(plan: Plan) -> list[str]:
    """Which parts were trained before this run, on what: one sentence for all that share their data."""
    labels: dict[str, list[str]] = {}
    for label, trained in plan.weights.items():
        labels.setdefault(trained.card.train_data, []).append(label)
    return [
        f"{', '.join(of_data)}: trained before this run, on {data}; --retrain trains anew"
        for data, of_data in labels.items()
    ]


def _weights_facts(trained: TrainedWeights) -> dict[str, Any]:
    card = trained.card
    return {"sha256": trained.sha256, "trained_on": card.train_data, "side": card.side, "command": card.command}


class _Stopwatch:
    """Seconds a stage, in the order of the stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
