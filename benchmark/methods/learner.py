"""What learns: the common base of methods and detectors that are fitted to examples before they are used."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from benchmark.errors import PluginError, RequestError
from benchmark.masked_faces import MaskedPairs
from benchmark.methods.learned_attributes import AttributeWatch, is_storable, load_attributes, save_attributes
from benchmark.methods.method import Method
from benchmark.training.task import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.methods.trained_weights import TrainedWeights
    from benchmark.recognisers.network_recogniser import NetworkRecogniser

Examples = TypeVar("Examples")
_NOT_LEARNED = frozenset({"losses", "workspace"})
"""Attributes of a learner that have a place of their own, whoever sets them."""


@dataclass(frozen=True)
class Workspace:
    """What a training is given besides its examples.

    Attributes:
        checkpoints: folder in which `fit` keeps what it needs to continue after a kill; None = it keeps nothing.
        samples: folder in which `fit` draws a sheet of faces per epoch, if there is something to show; None = nowhere.
        start_from: weights, perhaps of another side, from which `fit` starts; None = from random ones.
        teachers: recognisers by name whose embeddings are in the loss; empty = those that the learner has by itself.
    """

    checkpoints: Path | None = None
    samples: Path | None = None
    start_from: TrainedWeights | None = None
    teachers: Mapping[str, NetworkRecogniser] = field(default_factory=dict)


class Learner(Method, Generic[Examples]):
    """A method, or a part of one, that can learn. A class that writes `fit` does.

    What it learns from is the type parameter: `MaskedPairs` (see `PairLearner`) or what a recogniser made of them.

    `save` and `load` need not be written where `fit` sets nothing but tensors, arrays, numbers and strings, or trains
    networks that ``__init__`` made: these attributes are kept as safetensors and JSON. An attribute of another type is
    refused when `fit` sets it.

    Raises:
        PluginError: at the definition of a class that writes one of `save` and `load`, without the other.
    """

    starts_from_weights: ClassVar[bool] = False
    """Whether `fit` begins with the weights in ``workspace.start_from``."""
    learns_quickly: ClassVar[bool] = True
    """Whether a run may fit it without being asked to: ``--methods all`` leaves out what learns for long and has no
    weights here."""
    workspace: Workspace = Workspace()
    """Given before `fit`."""
    losses: pd.DataFrame | None = None
    """After `fit`: the loss curve, one row per validation; None if there is none."""
    _learned: frozenset[str] = frozenset()
    """Names of the attributes that `fit` set, where `save` and `load` are not written."""
    _watched: bool = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if (cls.save is Learner.save) != (cls.load is Learner.load):
            written, missing = ("load", "save") if cls.save is Learner.save else ("save", "load")
            raise PluginError(f"class {cls.__name__} defines {written}() without {missing}(); define both or neither")
        if "fit" in vars(cls):
            if "trains" not in vars(cls):
                cls.trains = True
            cls.fit = _watching(cls.fit)  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        if self._watched and name not in _NOT_LEARNED and not is_storable(value):
            raise _unstorable(self, name, value)
        super().__setattr__(name, value)

    def fit(self, examples: Examples, /, *, progress: Any) -> None:
        """Learn. `progress` is a `benchmark.progress.Progress`.

        Raises:
            RequestError: the examples are too few.
        """

    def save(self, folder: Path) -> None:
        """Write what `fit` learned into an empty folder (safetensors or `.npy`; never a pickle).

        By default every attribute that `fit` set.
        """
        save_attributes(folder, type(self).__name__, {name: getattr(self, name) for name in sorted(self._learned)})

    def load(self, folder: Path) -> None:
        """Read what `save` wrote; tensors come back on the learner's device.

        Raises:
            StorageError: the files are truncated, or of another architecture or size.
        """
        self._learned |= load_attributes(folder, type(self).__name__, self)

    def load_when_used(self, folder: Path) -> None:
        """Read what `save` wrote before its networks are next asked for: here, at once.

        Raises:
            StorageError: as `load`.
        """
        self.load(folder)

    @property
    def training_settings(self) -> TrainingSettings | None:
        """Length and portions of its training: the preset's ``training``, if it has that."""
        found = getattr(self.settings, "training", None)
        return found if isinstance(found, TrainingSettings) else None

    @property
    def teachers(self) -> tuple[str, ...]:
        """Recognisers in its loss, by name, unless the workspace gives others; empty = it has no place for any."""
        return ()

    def set_steps(self, steps: int) -> None:
        """Train for `steps` steps at most, instead of the preset's length.

        Raises:
            RequestError: it does not learn in steps.
        """
        training = self.training_settings
        if training is None:
            raise RequestError(f"--steps {steps}: '{self.name}' is not trained in steps; omit --steps")
        longer = max(training.epochs, steps)  # an epoch has a step or more
        self.settings = replace(self.settings, training=replace(training, max_steps=steps, epochs=longer))


class PairLearner(Learner[MaskedPairs]):
    """Learns, if it does, from masked faces and the same faces bare."""


def pair_learners(parts: Iterable[Method]) -> tuple[PairLearner, ...]:
    """Of `parts` those that learn from pairs once, before any recogniser is asked."""
    return tuple(
        part for part in parts if isinstance(part, PairLearner) and part.trains and not part.fitted_to_recogniser
    )


def _watching(fit: Callable[..., None]) -> Callable[..., None]:
    """`fit`, which also notes the attributes that it sets, where the class leaves `save` and `load` to the base."""

    @functools.wraps(fit)
    def watched(self: Learner[Any], *args: Any, **options: Any) -> None:
        if type(self).save is not Learner.save or self._watched:  # the latter: called by a subclass's own `fit`
            fit(self, *args, **options)
            return
        watch = AttributeWatch(vars(self))
        self._watched = True
        try:
            fit(self, *args, **options)
        finally:
            del self._watched
        changed = watch.changed(vars(self)) - _NOT_LEARNED
        for name in sorted(changed):
            if not watch.storable(name, getattr(self, name)):
                raise _unstorable(self, name, getattr(self, name))
        if not (changed or self._learned):
            raise PluginError(
                f"fit() of {_called(self)} set no attribute, so that nothing it learned would be kept; let it set "
                "self.NAME, or write save(folder) and load(folder)"
            )
        self._learned |= changed

    return watched


def _unstorable(learner: Learner[Any], name: str, value: object) -> PluginError:
    return PluginError(
        f"fit() of {_called(learner)} set self.{name} to a {type(value).__name__}, and only tensors, arrays, numbers "
        "and strings are stored by themselves: write save(folder) and load(folder), or use a local variable"
    )


def _called(learner: Learner[Any]) -> str:
    return f"'{learner.name}'" if learner.name else type(learner).__name__
