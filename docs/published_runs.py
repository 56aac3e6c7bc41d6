"""The runs whose tables are docs/results_lfw.md: `docs/make_results.py` carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Settings = Mapping[str, str | int | tuple[str, ...] | tuple[float, ...]]


@dataclass(frozen=True)
class PublishedRun:
    """A run whose tables are on the page.

    Attributes:
        name: of its folder.
        heading: above its tables.
        about: what the run is for, and who was tested.
        methods: as ``--methods`` names them.
        recognisers: the judges.
        others: further fields of `benchmark.config.RunConfig`, but for those that say where files lie.
    """

    name: str
    heading: str
    about: str
    methods: tuple[str, ...]
    recognisers: tuple[str, ...]
    others: Settings

    @property
    def settings(self) -> Settings:
        """All of them, by the names of `benchmark.config.RunConfig`."""
        return {"methods": self.methods, "recognisers": self.recognisers, **self.others}

    @property
    def judges_with_files(self) -> tuple[str, ...]:
        """Judges whose weights must be named."""
        return tuple(name for name in self.recognisers if name != "face_recognition")

    def takes(self, weights: str) -> bool:
        """Whether ``NAME`` or ``NAME=PATH`` belongs to one of its judges, or to one of its adapters of such a judge."""
        adapter, at, judge = weights.partition("=")[0].rpartition("@")
        return judge in self.recognisers and (not at or adapter in self.methods)

    def arguments(self) -> list[str]:
        """The settings as flags of ``run_benchmark.py``."""
        words = []
        for name, value in self.settings.items():
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
        return words


_MASKS = (
    *("cloth", "kn95", "n95", "nist-round-high", "nist-round-low", "nist-round-medium"),
    *("nist-wide-high", "nist-wide-low", "nist-wide-medium", "surgical"),
)
_COMPLETER = "identity-completer"
_SETTING: Settings = {
    "dataset": "lfw",
    "protocol": "people-split",
    "masks": _MASKS,
    "size": 128,
    "limit": 300,
    "passthrough": 300,
    "targets": (0.01, 0.001),
    "replicates": 200,
}

_ADAPTERS = (
    *("adapt", "adapt:both-sides", "adapt:two-looks", "adapt:three-looks"),
    *("segmenter+adapt", "segmenter+adapt:three-looks"),
)

PUBLISHED = (
    PublishedRun(
        name="people-split",
        heading="Methods before a strong and a weak judge",
        about="300 people of folds 8 to 10, whom no training and no choice of settings saw, drawn by seed from those "
        "with two photos or more; all ten types of masks; faces aligned as on the unmasked photo. The weights of "
        "`adapt` for `edgeface-xxs` do not travel with the program.",
        methods=(
            *(*_ADAPTERS, "periocular", "true-pixels", "telea", "residual-regressor", "paired-gan", "gan-prior"),
            *("glcic", "two-stage-gan", "co-mod-gan", _COMPLETER, f"{_COMPLETER}:identity-first"),
            f"{_COMPLETER}:strong-teacher",
        ),
        recognisers=("face_recognition", "edgeface-xxs"),
        others={**_SETTING, "conditions": ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")},
    ),
    PublishedRun(
        name="people-split-baselines",
        heading="Further baselines before the weak judge",
        about="The same people and masks. `template-ridge` learns in the run, on synthetic people.",
        methods=("mask-the-reference", "mean-face", "navier-stokes", "template-ridge"),
        recognisers=("face_recognition",),
        others={
            **_SETTING,
            "conditions": ("raw-raw", "raw-masked", "masked-masked", "raw-restored", "raw-passthrough"),
        },
    ),
    PublishedRun(
        name="people-split-independent",
        heading="Before a judge that no method which changes pixels has seen",
        about="The same people and masks. The weights of `adapt` for `mobilefacenet` do not travel with the program.",
        methods=(*_ADAPTERS, "periocular", "telea", _COMPLETER, f"{_COMPLETER}:strong-teacher"),
        recognisers=("mobilefacenet",),
        others={**_SETTING, "conditions": ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")},
    ),
    PublishedRun(
        name="people-split-redetect",
        heading="Where faces are detected again on the masked photo",
        about="The same people and masks, as in a deployed system: the face is detected on the masked photo.",
        methods=(*_ADAPTERS, "periocular", f"{_COMPLETER}:strong-teacher"),
        recognisers=("face_recognition", "edgeface-xxs"),
        others={
            **_SETTING,
            "acquisition": ("redetect",),
            "conditions": ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough"),
        },
    ),
)
