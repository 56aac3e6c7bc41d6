"""Trains one method and hands out what it learned."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.errors import RequestError
from benchmark.ledger import Ledger
from benchmark.methods.base import TemplateMapper
from benchmark.methods.resolve import resolve_method
from benchmark.methods.step import fit
from benchmark.parallel import available_cores
from benchmark.pipeline.plan import choose_training_photos, mask_names, torch_device, writable
from benchmark.pipeline.training_pairs import make_training_pairs
from benchmark.progress import Progress


def train_method(config: RunConfig, out: Path | None) -> Path:
    """Train ``config.methods[0]`` on ``config.train_dataset``.

    What it learns is kept in the artefact store, where a run with the same settings finds it, and copied to `out`: a
    folder for each part that learns, with its weights and ``losses.csv``.

    Raises:
        RequestError: the method learns nothing, or learns from a recogniser's embeddings and so only within a run.
    """
    device = torch_device(config.device)
    method = resolve_method(config.methods[0], seed=config.seed, device=device)
    if isinstance(method, TemplateMapper):
        raise RequestError(f"method '{method.name}' is fitted anew to each recogniser, in seconds, when a run needs it")
    if not any(part.trains for part in method.parts()):
        raise RequestError(f"method '{method.name}' has nothing to learn; run it at once")
    folder = writable(out or Path("reports") / "trained" / method.label.replace(":", "_"))
    context = RunContext(
        store=ArtifactStore(config.cache, fresh=config.fresh),
        ledger=Ledger(),
        progress=Progress(quiet=config.quiet),
        workers=config.workers or available_cores(),
        device=device,
        seed=config.seed,
    )
    made = make_training_pairs(choose_training_photos(config), mask_names(config), config.size, context)
    for part, learned in fit(method, made.training, context).items():
        target = folder / part.replace(":", "_")
        shutil.copytree(learned.weights, target, dirs_exist_ok=True)
        if learned.losses is not None:
            learned.losses.to_csv(target / "losses.csv", index=False)
    return folder
