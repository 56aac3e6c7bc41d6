"""What a run would make and cost, without carrying it out."""

from __future__ import annotations

from benchmark.config import RunConfig
from benchmark.pipeline.planning.names import check_names


def forecast(config: RunConfig) -> str:
    """The plan of a run, what of it is stored already, and an estimate of time and disk: what ``--dry-run`` prints.

    Nothing is computed and nothing is written. Weights of a recogniser that is asked for by name and is not here are
    downloaded, as for the run: the keys depend on them.

    Raises:
        RequestError: the run would be refused.
    """
    check_names(config)
    from benchmark.pipeline.forecast.foresee import costs_of, foresee  # noqa: PLC0415  # PyTorch
    from benchmark.pipeline.forecast.text import forecast_text  # noqa: PLC0415
    from benchmark.pipeline.planning.plan import make_plan  # noqa: PLC0415

    foreseen = foresee(make_plan(config, writes=False))
    return forecast_text(foreseen, costs_of(foreseen.plan))
