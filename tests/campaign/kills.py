"""Part 1: every subcommand that writes is stopped at a random moment, and started again.

A half of the stops is by the clock, the other half just before a random file operation of the process, where a file
is half written or half renamed. What must hold then: the second start ends with status 0 and exactly what an
undisturbed one gives; no temporary file is left, no worker process lives on, nothing printed a traceback, and a folder
that a stopped run left is either refused or whole.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.reporting.stored_run import read_run
from tests.campaign.findings import Part
from tests.campaign.killed_commands import COMMANDS, Command, Ground, numbers_of_run
from tests.campaign.material import REPLICATES
from tests.campaign.program import Ended, Stop, import_everything, run_program

SHARE_BY_FILE_OPERATION = 0.6
SHARE_OF_SIGTERM = 0.25
SHARE_STOPPED_TWICE = 0.25
_UNFINISHED = (".tmp", ".partial", ".part", ".unfinished")
_STOPPED = {signal.SIGKILL: (-signal.SIGKILL,), signal.SIGTERM: (143, -signal.SIGTERM)}


def kill_commands(count: int, folder: Path, *, seed: int, names: tuple[str, ...] = ()) -> Generator[Part, None, None]:
    """Stop commands `count` times; the part as it stands after each trial.

    Args:
        count: trials, shared evenly among the commands.
        folder: that is empty, for everything that the trials write.
        seed: of every choice. By the clock, the same moment may still find a process at another place.
        names: of the commands, of `COMMANDS`; none = all.
    """
    part = Part("kills", count)
    import_everything()
    chosen = [COMMANDS[name] for name in names or COMMANDS]
    with Ground(folder / "ground") as ground:
        undisturbed: dict[str, tuple[Ended, dict[str, str]]] = {}
        for trial in range(count):
            command = chosen[trial % len(chosen)]
            if command.name not in undisturbed:
                undisturbed[command.name] = _undisturbed(command, ground, folder / f"undisturbed-{command.name}")
            here = folder / f"trial-{trial}"
            outcome, told, problems = _trial(
                command, ground, here, undisturbed[command.name], random.Random(f"{seed} kill {trial}")
            )
            part.ended(f"{trial} {command.name} {told}", f"{command.name}: {outcome}", problems)
            if not problems:
                shutil.rmtree(here)
            yield part


def _undisturbed(command: Command, ground: Ground, here: Path) -> tuple[Ended, dict[str, str]]:
    here.mkdir()
    command.prepare(ground, here)
    ended = run_program(command.arguments(ground, here), watched=here, environment=ground.environment(here))
    if ended.status != 0:
        raise RuntimeError(f"the undisturbed '{command.name}' ended with {ended.status}: {ended.errors}")
    return ended, command.result(here)


def _trial(
    command: Command, ground: Ground, here: Path, undisturbed: tuple[Ended, dict[str, str]], choice: random.Random
) -> tuple[str, str, list[str]]:
    """How a trial ended, what was done, and what was wrong."""
    whole, expected = undisturbed
    here.mkdir()
    command.prepare(ground, here)
    problems: list[str] = []
    told: list[str] = []
    ended = whole
    for _ in range(2 if choice.random() < SHARE_STOPPED_TWICE else 1):
        stop = _chosen_stop(whole, choice)
        told.append(_told(stop))
        ended = run_program(
            command.arguments(ground, here), stop=stop, watched=here, environment=ground.environment(here)
        )
        problems += _problems_of(ended, (0, *_STOPPED[stop.signal]), "stopped")
        problems += _believed(here, expected) if command.makes_a_run else []
    again = run_program(command.arguments(ground, here), environment=ground.environment(here))
    problems += _problems_of(again, (0,), "started again")
    if again.status == 0:
        found = command.result(here)
        different = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        if different:
            problems.append(f"other results than undisturbed: {', '.join(different)}")
    left = [path for path in here.rglob("*") if path.name.endswith(_UNFINISHED)]
    if left:
        problems.append(f"left behind: {', '.join(str(path.relative_to(here)) for path in left)}")
    return "stopped" if ended.status else "ended before the stop", ", ".join(told), problems


def _chosen_stop(whole: Ended, choice: random.Random) -> Stop:
    by = signal.SIGTERM if choice.random() < SHARE_OF_SIGTERM else signal.SIGKILL
    if whole.events and choice.random() < SHARE_BY_FILE_OPERATION:
        return Stop(by, before_event=choice.randint(1, whole.events))
    return replace(Stop(by), after_seconds=round(choice.uniform(0.02, 1.0) * whole.seconds, 3))


def _told(stop: Stop) -> str:
    when = f"before file operation {stop.before_event}" if stop.before_event else f"after {stop.after_seconds:g} s"
    return f"{stop.signal.name} {when}"


def _problems_of(ended: Ended, statuses: tuple[int, ...], when: str) -> list[str]:
    problems = []
    if ended.status not in statuses:
        problems.append(f"{when}: status {ended.status}, {ended.last_line}")
    if "Traceback" in ended.errors:
        problems.append(f"{when}: a traceback: {ended.errors[-600:]}")
    if ended.left_alive:
        problems.append(f"{when}: processes {ended.left_alive} lived on")
    return problems


def _believed(here: Path, expected: dict[str, str]) -> list[str]:
    """What a stopped run left in its folder is refused, or is a whole run: the new one, or the one from before."""
    try:
        stored = read_run(here / "out")
    except RequestError:
        return []
    is_new = stored.manifest["config"]["replicates"] == REPLICATES
    if is_new and numbers_of_run(here / "out") != expected["metrics"]:
        return ["a stopped run left other numbers, which are believed"]
    return []
