"""Goes through a plan with the pipeline's own steps and a store that makes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from benchmark.context import RunContext
from benchmark.errors import BenchmarkError
from benchmark.ledger import Ledger
from benchmark.pipeline.conditions.acquired import acquire_test_photos
from benchmark.pipeline.conditions.arm import PreparedArm, mask_faces, unmask_faces
from benchmark.pipeline.fit_methods import fit_methods
from benchmark.pipeline.forecast.blank_store import BlankStore, Foreseen
from benchmark.pipeline.planning.copies import look_for_copies
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.rows.judge import Judge
from benchmark.progress import Progress
from benchmark.storage.step_costs import COSTS, StepCosts
from benchmark.work import Work


@dataclass(frozen=True)
class Forecast:
    """What a run would make.

    Attributes:
        plan: that it would carry out.
        artefacts: in the order in which it makes them.
        last: what it does afterwards: scores and measures, then writes the report. Measurements are found again by the
            scores, so it cannot be told beforehand whether they are stored.
        copies_known: whether it was looked already for photos that are there twice; if not, none is assumed to be.
    """

    plan: Plan
    artefacts: Sequence[Foreseen]
    last: Sequence[Work]
    copies_known: bool

    def to_do(self) -> list[Work]:
        """The steps that the run will count."""
        return [replace(one.work, rows=one.missing) for one in self.artefacts if one.missing] + list(self.last)


def foresee(plan: Plan) -> Forecast:
    """What carrying out `plan` would make. Recognisers are asked for the width of an embedding, and no more.

    Raises:
        BenchmarkError: as the run would, of what can be known beforehand.
    """
    config = plan.config
    store = BlankStore(config.cache, fresh=config.fresh)
    context = RunContext(
        store,
        _NoLedger(),
        Progress(quiet=True),
        workers=config.workers,
        device=config.device,
        seed=config.seed,
        hole_margin=config.hole_margin,
    )
    with _silence():
        whole = look_for_copies(plan, context)
        fitted = fit_methods(whole, context)
        acquired = acquire_test_photos(whole, context)
        arms: list[PreparedArm] = []
        for arm in config.acquisition:
            in_arm = context.in_arm(arm)
            arms.append(unmask_faces(whole, mask_faces(whole, arm, acquired, in_arm), fitted.keys, in_arm))
        for prepared in arms:
            for name, recogniser in whole.recognisers.items():
                with context.failures.kept("recogniser", name):
                    judge = Judge(name, recogniser, prepared.pairings, context.in_arm(prepared.arm))
                    judge.fit(whole, fitted)
                    for pairing in filter(judge.can_score, prepared.pairings):
                        with suppress(BenchmarkError):  # a mapper that is not fitted yet; what it maps is noted by then
                            judge.embed(pairing)
    copies = [one for one in store.foreseen if one.work.step == "copies"]
    return Forecast(whole, store.foreseen, _last_works(whole, arms), not any(one.missing for one in copies))


def costs_of(plan: Plan) -> StepCosts:
    """What steps cost in earlier runs that used the same data set, device and processes."""
    config = plan.config
    where = f"{config.workers} processes" if config.engine == "local" else config.engine
    return StepCosts(config.cache / COSTS, f"{config.dataset}, {config.device}, {where}")


def measuring(plan: Plan, comparisons: int) -> Work:
    """The work of scoring and measuring so many comparisons, of all cells together."""
    name = f"{plan.config.replicates} replicates"
    return Work("measure", name, "score and measure", "measure", comparisons, comparisons, unit="comparison")


def reporting(cells: int) -> Work:
    """The work of drawing the figures and writing the report of so many cells."""
    return Work("report", "", "write the report", "report", cells, cells, unit="cell")


def _last_works(plan: Plan, arms: Sequence[PreparedArm]) -> list[Work]:
    pairings = [pairing for arm in arms for pairing in arm.pairings]
    judges = len(plan.recognisers)
    comparisons = judges * sum(len(pairing.comparisons) for pairing in pairings)
    return [measuring(plan, comparisons), reporting(judges * len(pairings))]


class _NoLedger(Ledger):
    """Takes entries and keeps none."""

    def of_arm(self, acquisition: str) -> Ledger:  # noqa: ARG002  # all arms alike
        return self

    def add(self, *_: Any, **__: Any) -> None:
        pass

    def pass_over(self, *_: Any, **__: Any) -> None:
        pass


@contextmanager
def _silence() -> Iterator[None]:
    """The run itself will say what is to be said, once."""
    logger = logging.getLogger("benchmark")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
