"""Every benchmark, in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping

from perf.benchmark import Benchmark
from perf.benchmarks.bootstrap import Bootstrap
from perf.benchmarks.commands import DefaultRun, StartUp, View2
from perf.benchmarks.facenet import FaceNetPipeline
from perf.benchmarks.gan_prior import GanPriorSearch
from perf.benchmarks.gpu import Gpu
from perf.benchmarks.images import ImageQuality
from perf.benchmarks.mask import Mask
from perf.benchmarks.recogniser import RecogniserSpeed
from perf.benchmarks.scores import AllPairs, FromScores
from perf.benchmarks.training import Training

_ALL: tuple[type[Benchmark], ...] = (
    Mask,
    RecogniserSpeed,
    FaceNetPipeline,
    AllPairs,
    FromScores,
    Bootstrap,
    ImageQuality,
    View2,
    DefaultRun,
    StartUp,
    GanPriorSearch,
    Training,
    Gpu,
)
KNOWN: Mapping[str, type[Benchmark]] = {one.name: one for one in _ALL}
