"""The faces of the photos that a run tests on."""

from __future__ import annotations

from benchmark.acquisition.step import Acquired, acquire
from benchmark.context import RunContext
from benchmark.counted import counted
from benchmark.errors import BenchmarkError
from benchmark.pipeline.planning.plan import Plan
from benchmark.views import PhotoSet


def acquire_test_photos(plan: Plan, context: RunContext) -> Acquired:
    """The step `acquire`: where the face is in each of the protocol's photos.

    Raises:
        BenchmarkError: no photo has one.
    """
    photo_set = PhotoSet(plan.config.dataset, plan.dataset, plan.protocol.photos, "test")
    acquired = acquire(photo_set, plan.face_search, context)
    if not any(acquired.geometry):
        raise BenchmarkError(
            f"no face was found in any of {counted(len(photo_set), 'photo')} of '{plan.config.dataset}'; check the "
            "photos and --data-root"
        )
    return acquired
