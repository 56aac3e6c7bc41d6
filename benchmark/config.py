"""The settings of one run: one typed object, filled from a YAML file and from command-line flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from benchmark.acquisition.crop_size import DEFAULT_CROP_SIZE
from benchmark.acquisition.face_detectors.names import DEFAULT_FACE_DETECTORS
from benchmark.datasets.image_costs import MAX_MEGAPIXELS, MAX_SECONDS
from benchmark.errors import RequestError
from benchmark.storage.utf8 import writable
from benchmark.structured_text import Unreadable, read_yaml, shortened
from benchmark.suggestions import did_you_mean

Condition = Literal["raw-raw", "raw-masked", "masked-masked", "raw-restored", "restored-restored", "raw-passthrough"]
CONDITIONS: tuple[Condition, ...] = (
    "raw-raw",
    "raw-masked",
    "masked-masked",
    "raw-restored",
    "restored-restored",
    "raw-passthrough",
)
Arm = Literal["oracle", "redetect"]
ARMS: tuple[Arm, ...] = ("oracle", "redetect")

DEFAULT_MASKS = ("surgical", "kn95", "n95", "cloth", "nist-wide-high")

_LISTS = ("methods", "recognisers", "masks", "conditions", "acquisition", "face_detectors", "train_dataset", "targets")
_NUMBERS = (
    "size",
    "min_face",
    "max_megapixels",
    "max_decode_seconds",
    "seed",
    "limit",
    "passthrough",
    "hole_margin",
    "train_limit",
    "mask_draws",
    "replicates",
    "workers",
)
_PATHS = ("data_root", "train_root", "thresholds_from", "attributes", "out", "cache")

NO_EFFECT_ON_NUMBERS = frozenset(
    {"workers", "engine", "ray_address", "out", "cache", "fresh", "verify", "overwrite", "quiet", "no_photos"}
)
"""Settings that say where and how a run is made; two runs that differ in nothing else have the same numbers."""


class RunConfig(BaseModel):
    """Everything that decides a run's numbers, and where they are written. Saved whole in ``manifest.json``.

    Attributes:
        dataset: name of the data set that is tested on.
        data_root: its folder, where it needs one.
        protocol: one of the data set's; None = its default.
        methods: names as on the command line (``telea``, ``true-mask+telea``, ``residual-regressor:thesis-64``), or
            ``all``.
        recognisers: names, ``onnx:FILE``, ``MODULE:ATTR``, or ``all``.
        masks: mask styles to draw from, one seeded style an image.
        conditions: what is compared; ``raw-raw`` and ``raw-masked`` are always measured, but for ``raw-raw`` alone
            without any method, where no mask is drawn.
        size: side of the crops that methods work on, pixels.
        acquisition: one or both arms.
        face_detectors: each is tried only where those before it found no face.
        min_face: width in pixels of the photo below which a face does not count; None = each face detector's own.
        max_megapixels: a photo of more counts as a failure; where a channel has 32 bits, a quarter as many.
        max_decode_seconds: a photo whose decoding takes more processor time counts as a failure.
        ignore: patterns of files and folders that are passed over where a folder is searched for photos.
        allow_duplicates: compare photos that are labelled as two people as they are labelled.
        seed: the seed of every random choice.
        limit: fewer test subjects (or listed comparisons), for a quick look.
        passthrough: how many bare probes are sent through each method.
        hole_margin: share of the crop's side by which holes that a detector found are closed and widened.
        train_dataset: what methods that learn are trained on; each ``NAME`` or ``NAME=DIR``.
        train_root: the folder of the only one, where it needs one.
        train_limit: at most this many training photos, and no more to validate on.
        mask_draws: masks drawn on every training photo, one after the other.
        weights: ``NAME=PATH``: what a method learned, as ``train`` wrote it; or the file of a recogniser, face
            detector or metric.
        retrain: train what this run can train, instead of using the weights shipped with the program.
        allow_unknown_overlap: train and test on data sets for which it is unknown whether they share people.
        targets: false match rates at which thresholds are set.
        attributes: CSV file with groups of people (sex, age band, …) by ``subject_id`` or ``image_id``.
        thresholds_from: folder of a finished run whose thresholds, set on its raw faces, are the frozen ones here.
        replicates: the replicates of the subject bootstrap.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: of the recognisers; ``bfloat16`` and ``auto`` mean bfloat16 if the device supports it natively.
        workers: processes for work on single images; 0 = one per core.
        engine: where the work on images is done: ``local`` or ``ray``.
        ray_address: of a running Ray cluster; None = Ray is started on this machine and ends with the run.
        out: the run's folder; None = a new one below ``reports``.
        cache: where artefacts are kept.
        fresh: recompute everything.
        verify: read every byte of stored results before they are used, also of large files that look unchanged.
        overwrite: replace a finished run of other settings in `out`.
        no_photos: no picture of a face in anything that the run writes into its folder.
        quiet: no progress bars.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = "synthetic"
    data_root: Path | None = None
    protocol: str | None = None
    methods: tuple[str, ...] = ("all",)
    recognisers: tuple[str, ...] = ("all",)
    masks: tuple[str, ...] = DEFAULT_MASKS
    conditions: tuple[Condition, ...] = CONDITIONS
    size: int = Field(default=DEFAULT_CROP_SIZE, ge=64, le=1024)
    acquisition: tuple[Arm, ...] = ("oracle",)
    face_detectors: tuple[str, ...] = DEFAULT_FACE_DETECTORS
    min_face: int | None = Field(default=None, ge=20, le=2000)
    max_megapixels: float = Field(default=MAX_MEGAPIXELS, gt=0, le=100_000)
    max_decode_seconds: float = Field(default=MAX_SECONDS, gt=0, le=86_400)
    ignore: tuple[str, ...] = ()
    allow_duplicates: bool = False
    seed: int = Field(default=0, ge=0)
    limit: int | None = Field(default=None, ge=2)
    passthrough: int = Field(default=100, ge=0)
    hole_margin: float = Field(default=0.0, ge=0, le=0.25)
    train_dataset: tuple[str, ...] = ("synthetic",)
    train_root: Path | None = None
    train_limit: int = Field(default=1600, ge=1)
    mask_draws: int = Field(default=1, ge=1)
    weights: tuple[str, ...] = ()
    retrain: bool = False
    allow_unknown_overlap: bool = False
    targets: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
    thresholds_from: Path | None = None
    attributes: Path | None = None
    replicates: int = Field(default=200, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    workers: int = Field(default=0, ge=0)
    engine: Literal["local", "ray"] = "local"
    ray_address: str | None = None
    out: Path | None = None
    cache: Path = Path("reports/.artifacts")
    fresh: bool = False
    verify: bool = False
    overwrite: bool = False
    no_photos: bool = False
    quiet: bool = False

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Take ``a,b`` for ``(a, b)``, a single value for a list of one, and drop repetitions."""
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = [value]
        if isinstance(value, list | tuple):
            if not value:
                raise ValueError("name at least one")
            return tuple(dict.fromkeys(_hashable(one) for one in value))
        return value

    @field_validator(*_NUMBERS, mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any) -> Any:
        """YAML reads ``yes``, ``no``, ``on`` and ``off`` as truth values, which would silently count as 1 and 0."""
        if isinstance(value, bool):
            raise ValueError("it must be a number")
        return value

    @field_validator("ignore", "weights", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        """Take a single text for a list of one: a comma may be part of a path."""
        return (value,) if isinstance(value, str) else value

    @field_validator(*_PATHS)
    @classmethod
    def _home(cls, value: Path | None) -> Path | None:
        """Read ``~`` as a shell does, which sees neither a YAML file nor ``--out=~/runs``."""
        if value is None:
            return None
        try:
            return value.expanduser()
        except RuntimeError as error:
            raise ValueError(f"there is no user {value.parts[0]} on this machine; write the full path") from error

    @field_validator("dataset", "protocol", "methods", "recognisers", "masks")
    @classmethod
    def _names_are_text(cls, value: Any) -> Any:
        """A name stands in every file of a run, and no file holds what is not UTF-8."""
        for name in (value,) if isinstance(value, str) else value or ():
            if writable(name) != name:
                raise ValueError("a name or path of a file here must be UTF-8; rename the file")
        return value

    @field_validator("ray_address")
    @classmethod
    def _address_is_of_ray(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("engine") != "ray":
            raise ValueError("only the engine ray has an address; add --engine ray")
        return value

    @field_validator("targets")
    @classmethod
    def _targets_are_rates(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < target < 1 for target in value):
            raise ValueError("a false match rate must be between 0 and 1, e.g. 0.001")
        return tuple(sorted(value, reverse=True))


def load_config(file: Path | None, flags: dict[str, Any]) -> RunConfig:
    """Settings from a YAML file, overridden by the flags that were given.

    Raises:
        RequestError: the file is missing or not YAML, or a setting is unknown or has a wrong value.
    """
    settings = {} if file is None else _settings_in(file)
    try:
        return RunConfig.model_validate({**settings, **flags})
    except ValidationError as error:
        first = error.errors()[0]
        setting = str(first["loc"][0])
        where = f"--config {file}: {setting}" if setting not in flags else "--" + setting.replace("_", "-")
        message = first["msg"].removeprefix("Value error, ")
        raise RequestError(f"{where}: {message} (given: {shortened(first['input'])}); see --help") from error


def _settings_in(file: Path) -> dict[str, Any]:
    try:
        loaded = read_yaml(file.expanduser())
    except Unreadable as problem:
        raise RequestError(f"--config {file} {problem}") from problem
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise RequestError(f"--config {file} must hold one 'setting: value' per line")
    known = RunConfig.model_fields
    settings: dict[str, Any] = {}
    for key, value in loaded.items():
        name = str(key).replace("-", "_")  # as the flag is written
        if name not in known:
            raise RequestError(f"--config {file}: unknown setting '{shortened(key)}'; {did_you_mean(name, known)}")
        if name in settings:
            raise RequestError(f"--config {file}: '{name}' is given twice; remove one of them")
        settings[name] = value
    return settings


def _hashable(value: Any) -> Any:
    """The value, unless it is a list or mapping inside the list."""
    if isinstance(value, list | dict):
        raise ValueError("it must be a list of names or numbers, without nested lists")
    return value
