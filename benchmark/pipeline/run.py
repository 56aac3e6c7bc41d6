"""Carries out a plan: photos → acquire → mask → unmask → recognise → compare → measure → report."""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import pandas as pd

from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.engine.base import Engine
from benchmark.engine.choose import engine_of
from benchmark.errors import BenchmarkError
from benchmark.ledger import Ledger
from benchmark.pipeline.conditions.acquired import acquire_test_photos
from benchmark.pipeline.conditions.arm import mask_faces, unmask_faces
from benchmark.pipeline.examples import choose_examples
from benchmark.pipeline.fit_methods import FittedMethods, fit_methods
from benchmark.pipeline.forecast.foresee import costs_of, foresee, measuring, reporting
from benchmark.pipeline.gallery import gallery
from benchmark.pipeline.label_problems import find_label_problems
from benchmark.pipeline.manifest import run_manifest
from benchmark.pipeline.notes import notes_on_faces, notes_on_plan
from benchmark.pipeline.planning.copies import look_for_copies
from benchmark.pipeline.planning.plan import Plan, make_plan
from benchmark.pipeline.plugin_cards import plugin_cards
from benchmark.pipeline.rows.comparison import recognise_and_compare
from benchmark.pipeline.rows.measured import measure_run
from benchmark.pipeline.stopwatch import Stopwatch
from benchmark.plugin_failures import PluginFailures
from benchmark.progress import Progress
from benchmark.reporting.run_folder import RunFolder
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run
from benchmark.step_count import StepCount
from benchmark.work import Work

log = logging.getLogger(__name__)


def run(config: RunConfig) -> Path:
    """Carry out one run and write its folder.

    Returns:
        The path of ``report.html``.

    Raises:
        RequestError: the request was wrong, or the folder holds another run; nothing was computed.
        BenchmarkError: the run failed; what was computed is kept, and the same command continues.
    """
    started = datetime.now().astimezone()
    found = config.out is not None and config.out.exists()
    plan = make_plan(config)
    with closing(_engine(plan, made_folder=not found)) as engine, RunFolder(plan.out, plan.config) as folder:
        count = StepCount(costs_of(plan), _expected(plan))
        progress = Progress(quiet=plan.config.quiet, count=count)
        with closing(_store(plan.config, progress)) as store:
            results = _results(plan, folder.staging, started, _context(plan, store, progress, engine), count)
            with progress.step(reporting(len(results.curves)), folder.staging):
                report = write_run(results, folder.staging, store)
        folder.finish()
    return plan.out / report.name


def _engine(plan: Plan, *, made_folder: bool) -> Engine:
    """Ready to work; if there is none, the folder that the plan made for the run goes again."""
    try:
        return engine_of(plan.config)
    except BaseException:
        if made_folder:
            with suppress(OSError):
                plan.out.rmdir()
        raise


def _expected(plan: Plan) -> list[Work]:
    """The steps to come; none where they cannot be foreseen: the run itself will say what is wrong."""
    try:
        return foresee(plan).to_do()
    except BenchmarkError as error:
        log.info("the steps cannot be counted: %s", error)
        return []


def _results(plan: Plan, folder: Path, started: datetime, context: RunContext, count: StepCount) -> RunResults:
    """The eight steps; those that write while they compute write to `folder`."""
    watch = Stopwatch()
    with watch.step("look for copies"):
        plan = look_for_copies(plan, context)
    with watch.step("train"):
        fitted = fit_methods(plan, context)
    with watch.step("acquire"):
        acquired = acquire_test_photos(plan, context)
    with watch.step("mask"):
        faces = [mask_faces(plan, arm, acquired, context.in_arm(arm)) for arm in plan.config.acquisition]
    with watch.step("unmask"):
        arms = [unmask_faces(plan, of_arm, fitted.keys, context.in_arm(of_arm.arm)) for of_arm in faces]
    made_before = count.seconds
    with watch.step("recognise and compare"):
        compared = recognise_and_compare(plan, arms, fitted, context, folder=folder)
    comparisons = sum(len(cell.comparisons) for cell in compared.cells)
    scoring = watch.seconds["recognise and compare"] - (count.seconds - made_before)
    with watch.step("measure"), context.progress.step(measuring(plan, comparisons), spent=scoring):
        measured = measure_run(plan, arms, compared.cells, context.progress, context.store)
    return RunResults(
        metrics=measured.rows,
        notes=[
            *(note for arm in arms for note in arm.notes),
            *map(str, context.failures.entries),
            *notes_on_plan(plan),
            *compared.notes,
            *notes_on_faces(plan, context.ledger),
            *measured.notes,
        ],
        curves=measured.curves,
        differences=measured.differences,
        groups=measured.groups,
        images=context.ledger.table(),
        examples=[] if plan.config.no_photos else choose_examples(arms[0]),
        gallery=None if plan.config.no_photos else gallery(plan, arms, compared.cells, measured),
        manifest=run_manifest(
            plan,
            acquired,
            fitted.pairs,
            context.ledger,
            failures=context.failures,
            engine=context.engine,
            started=started,
            watch=watch,
        ),
        cards=plugin_cards(plan),
        losses=_loss_curves(plan, fitted),
        trained_before=frozenset(plan.weights),
        synthetic=plan.dataset.card.synthetic,
        label_problems=find_label_problems(plan, arms[0].faces, compared.cells),
    )


def _loss_curves(plan: Plan, fitted: FittedMethods) -> dict[str, pd.DataFrame]:
    """By label, of everything that learned, in this run or before it."""
    before = {label: weights.losses for label, weights in plan.weights.items()}
    here = {label: part.losses for label, part in fitted.learned.items()}
    return {label: losses for label, losses in {**before, **here}.items() if losses is not None}


def _store(config: RunConfig, progress: Progress) -> ArtifactStore:
    return ArtifactStore(config.cache, fresh=config.fresh, verify=config.verify, watch=progress.step)


def _context(plan: Plan, store: ArtifactStore, progress: Progress, engine: Engine) -> RunContext:
    config = plan.config
    failures = PluginFailures()
    for failure in plan.not_made:
        failures.add(failure)
    return RunContext(
        store=store,
        ledger=Ledger(),
        progress=progress,
        workers=engine.processes(config.workers),
        device=config.device,
        seed=config.seed,
        failures=failures,
        hole_margin=config.hole_margin,
        engine=engine,
    )
