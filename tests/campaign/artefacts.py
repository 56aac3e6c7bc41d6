"""Part 3: stored results and run folders are damaged; the next run gives equal numbers, the next reader refuses.

Every other trial damages an artefact of a store. Some of these share one run, which must say one line for each of them
that it reads, give the numbers of before, and leave them as they were. The other trials damage a file of a finished
run's folder, which `load_run` must refuse with a reason.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Generator
from pathlib import Path

from benchmark import load_run
from benchmark.errors import BenchmarkError
from tests.campaign.damage import damage_one_file
from tests.campaign.findings import Part
from tests.campaign.killed_commands import Ground, copy_of_store, numbers_of_run, run_arguments
from tests.campaign.program import import_everything, run_program

TOGETHER = 4
"""Artefacts that are damaged before one run."""
_WITH_TIMES = ("about.json", "records.jsonl")
"""Files of an artefact that also hold when it was made and what it cost; that the numbers are equal proves the rest."""
_SAID = "is damaged and will be recomputed"


def damage_results(count: int, folder: Path, *, seed: int) -> Generator[Part, None, None]:
    """Damage stored results `count` times; the part as it stands after each trial.

    Args:
        count: trials.
        folder: that is empty, for everything that the trials write.
        seed: of every choice.
    """
    part = Part("artefacts", count)
    import_everything()
    with Ground(folder / "ground") as ground:
        finished = ground.run("run-a")
        for trial in range(count - count // 2):
            told, outcome, problems = _damaged_run_folder(
                finished, folder / "run", random.Random(f"{seed} run {trial}")
            )
            part.ended(f"run folder {trial}: {told}", outcome, problems)
            yield part
        for first in range(0, count // 2, TOGETHER):
            number = min(TOGETHER, count // 2 - first)
            here = folder / f"store-{first}"
            ended = _damaged_store(ground, finished, here, number, random.Random(f"{seed} store {first}"))
            for told, outcome, problems in ended:
                part.ended(f"store {first}: {told}", outcome, problems)
                yield part
            shutil.rmtree(here)


def _damaged_run_folder(finished: Path, here: Path, choice: random.Random) -> tuple[str, str, list[str]]:
    """What was damaged, how the reader took it, and what was wrong with that."""
    shutil.copytree(finished, here)
    try:
        told = damage_one_file(here, choice)
        try:
            load_run(here)
        except BenchmarkError as refusal:
            problems = [] if str(refusal) and "\n" not in str(refusal) else [f"no line of text: {refusal}"]
            return told, "run folder refused with a reason", problems
        except Exception as error:
            return told, "raised", [f"{type(error).__name__}: {error}"]
        if _digests(here) == _digests(finished):
            return told, "nothing was changed", []
        return told, "believed", ["a damaged run folder is believed"]
    finally:
        shutil.rmtree(here)


def _damaged_store(
    ground: Ground, finished: Path, here: Path, number: int, choice: random.Random
) -> list[tuple[str, str, list[str]]]:
    """Of each artefact that was damaged: how, what the run said, and what was wrong with that."""
    store, out = here / "cache", here / "out"
    copy_of_store(ground.cache, store)
    artefacts = sorted(folder for folder in store.glob("*/*") if folder.is_dir())
    damaged = {artefact: damage_one_file(artefact, choice) for artefact in choice.sample(artefacts, number)}
    ended = run_program(run_arguments(ground, out, store))
    common = []
    if ended.status != 0 or "Traceback" in ended.errors:
        common.append(f"status {ended.status}: {ended.errors[-500:]}")
    elif numbers_of_run(out) != numbers_of_run(finished):
        common.append("other numbers than before the damage")
    answers = []
    for artefact, told in damaged.items():
        problems = list(common)
        lines = [line for line in ended.errors.splitlines() if str(artefact) in line]
        if len(lines) > 1 or not all(_SAID in line for line in lines):
            problems.append(f"{len(lines)} lines: {lines}")
        original = ground.cache / artefact.relative_to(store)
        intact = _digests(artefact, *_WITH_TIMES) == _digests(original, *_WITH_TIMES)
        if not common and lines and not intact:
            problems.append("what was recomputed is not what was there before")
        outcome = "artefact recomputed, said in one line" if lines else "artefact that the run did not read"
        answers.append((f"{artefact.relative_to(store)}: {told}", outcome, problems))
    return answers


def _digests(folder: Path, *besides: str) -> dict[str, str]:
    """SHA-256 of every file but those of some names."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if name not in besides}
