"""Weights that were trained before this run: those shipped with the program, and those a user names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StorageError
from benchmark.methods.shipped_weights import CARD, shipped_folder
from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.csv_files import read_table
from benchmark.storage.utf8 import as_utf8
from benchmark.structured_text import Unreadable, read_unicode

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = "people.txt"


class WeightsCard(BaseModel):
    """How weights were trained; stored as ``card.json`` beside them.

    Attributes:
        method: the trained part's name, a method or a detector.
        preset: its preset.
        side: the side of the faces it was trained on, pixels.
        trained_on: data sets by name, with the licence of each.
        pairs: masked faces trained on.
        masks: mask types drawn on them.
        steps: of training, all stages; None where nothing is counted in steps.
        seconds: that training took, all stages, on `device`; None where it was not recorded.
        device: what it was trained on.
        seed: the seed of the training.
        command: that trains it anew.
        parameters: of each stored network.
        version: of this program.
        recogniser: that an adapter was fitted to, as ``--recogniser`` named it; empty for everything else.
        recogniser_sha256: of that recogniser's own weights.
        teachers: recognisers in the loss, of all stages; empty where the method has none, or they were not recorded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    preset: str
    side: int
    trained_on: Mapping[str, str]
    pairs: int
    masks: tuple[str, ...]
    steps: int | None
    seconds: float | None
    device: str
    seed: int
    command: str
    parameters: Mapping[str, int]
    version: str
    recogniser: str = ""
    recogniser_sha256: str = ""
    teachers: tuple[str, ...] = ()

    @property
    def train_data(self) -> str:
        """The data sets' names, joined by ``+``, as in ``metrics.csv``."""
        return "+".join(self.trained_on)

    def continuing(self, first: WeightsCard) -> WeightsCard:
        """This card, for weights that began with those of `first`: the data, the cost and the commands of all stages.

        In the command each stage starts from the folder that the stage before it wrote.
        """
        earlier = f"{first.command} --out DIR && " if first.command else ""
        return self.model_copy(
            update={
                "trained_on": {**first.trained_on, **self.trained_on},
                "steps": None if first.steps is None or self.steps is None else first.steps + self.steps,
                "seconds": None if first.seconds is None or self.seconds is None else first.seconds + self.seconds,
                "command": earlier + self.command,
                "teachers": tuple(dict.fromkeys((*first.teachers, *self.teachers))),
            }
        )


@dataclass(frozen=True)
class TrainedWeights:
    """A folder of weights with its card."""

    folder: Path

    @cached_property
    def card(self) -> WeightsCard:
        """How they came to be.

        Raises:
            StorageError: the card is missing or damaged.
        """
        file = self.folder / CARD
        try:
            return WeightsCard.model_validate_json(read_unicode(file))
        except (Unreadable, ValidationError) as error:
            reason = " ".join(str(error).removeprefix("cannot be read: ").split())
            raise StorageError(f"{file} cannot be read ({reason}); use a folder that `train` wrote") from error

    @cached_property
    def sha256(self) -> str:
        """Digest of the weights' files, names included."""
        content = hashlib.sha256()
        for file in sorted(path for path in self.folder.rglob("*") if path.name.startswith("weights.")):
            content.update(file.relative_to(self.folder).as_posix().encode("utf-8", "surrogatepass"))
            content.update(file.read_bytes())
        return content.hexdigest()

    @cached_property
    def losses(self) -> pd.DataFrame | None:
        """The loss curve of their training, if it is there."""
        table = self.folder / "losses.csv"
        return read_table(table) if table.exists() else None

    def people(self) -> dict[str, set[str]]:
        """Everyone in the training and validation photos, by data set.

        Raises:
            StorageError: the list is missing or damaged.
        """
        file = self.folder / PEOPLE
        found: dict[str, set[str]] = {name: set() for name in self.card.trained_on}
        try:
            for line in file.read_bytes().decode("utf-8-sig").removesuffix("\n").split("\n"):
                dataset, _, subject = line.partition("\t")
                found[dataset].add(_original_name(subject))
        except (OSError, KeyError, UnicodeDecodeError) as error:
            raise StorageError(
                f"{file} cannot be read ({type(error).__name__}: {error}); use a folder that `train` wrote"
            ) from error
        return found


def write_card(folder: Path, card: WeightsCard, people: Mapping[str, set[str]]) -> None:
    """Write ``card.json`` and ``people.txt`` beside weights."""
    lines = [f"{dataset}\t{_in_one_line(subject)}" for dataset, all_of in people.items() for subject in sorted(all_of)]
    write_atomically(folder / PEOPLE, as_utf8("\n".join(lines) + "\n"))
    write_atomically(folder / CARD, as_utf8(card.model_dump_json(indent=1) + "\n"))


def _in_one_line(subject: str) -> str:
    r"""A name that may hold ends of lines, as it stands in the list of people.

    >>> _in_one_line("a\nb"), _in_one_line("a\\nb")
    ('a\\nb', 'a\\\\nb')
    """
    return subject.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _original_name(line: str) -> str:
    r"""What `_in_one_line` was given.

    >>> _original_name(_in_one_line("a\r\\n\n")) == "a\r\\n\n"
    True
    """
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), line)


def shipped_weights(method: str, preset: str, size: int, *, root: Path | None = None) -> TrainedWeights | None:
    """The weights in `shipped_folder`, if there are any for this method, preset and side of the crops."""
    folder = shipped_folder(method, preset, size, root=root)
    return None if folder is None else TrainedWeights(folder)
