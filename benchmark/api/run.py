"""One run, from Python."""

from __future__ import annotations

from typing import Any

from benchmark.api.given_objects import named
from benchmark.api.local_folders import local_folders
from benchmark.api.run_result import RunResult
from benchmark.config import RunConfig, load_config
from benchmark.pipeline.planning.names import check_names


def run(config: RunConfig | None = None, *, metrics: Any = (), **settings: Any) -> RunResult:
    """Carry out one run, write its folder, and return its result.

    Every name on the command line may be given as a class or object instead: of a method, recogniser, mask, data set or
    metric. An object that decides a result is a part of the key under which the result is kept.

    Args:
        config: settings; None = the default run.
        metrics: metrics to measure besides the registered ones: classes or objects.
        settings: override those of `config`, by the names of `RunConfig`: ``methods=["telea", MyMethod]``.

    Raises:
        RequestError: the request was wrong; nothing was computed.
        BenchmarkError: the run failed; what was computed is kept, and the same call continues.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from benchmark import run
    >>> folder = Path(tempfile.mkdtemp())
    >>> result = run(methods="telea", recognisers="face_recognition", limit=6, size=64, replicates=5, targets="0.1",
    ...              conditions="raw-raw,raw-masked,raw-restored", quiet=True, out=folder / "run", cache=folder)
    >>> result.report.name
    'report.html'
    >>> sorted(set(result.metrics.condition))
    ['raw-masked', 'raw-raw', 'raw-restored']
    >>> list(result.table().index)
    ['Raw, native', 'Raw', 'Masked probe', 'telea']
    """
    given = {} if config is None else {name: getattr(config, name) for name in config.model_fields_set}
    with named({**given, **settings}, metrics) as resolved:
        whole = load_config(None, resolved)
        check_names(whole)
        from benchmark.pipeline.run import run as carry_out  # noqa: PLC0415  # PyTorch: a wrong name is told before

        with local_folders(whole) as here:
            return RunResult(carry_out(here).parent)
