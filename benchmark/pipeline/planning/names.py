"""Checks the names of a request before anything heavy is imported, so that a wrong one is reported at once."""

from __future__ import annotations

from benchmark.acquisition.face_detectors.names import check_face_detector
from benchmark.config import RunConfig
from benchmark.datasets.named_file import registered_name
from benchmark.errors import RequestError
from benchmark.methods.method_groups import METHOD_GROUPS
from benchmark.methods.own_completers.names import halves, names_file
from benchmark.plugins import DATASETS, MASKS, METHODS, RECOGNISERS

_MASK_TEMPLATE = "template:"


def check_names(config: RunConfig) -> None:
    """Refuse a name that nothing is called by. No plugin is imported; whether each works here is asked later.

    Raises:
        RequestError: unknown; the message suggests the nearest.
    """
    DATASETS.check(registered_name(config.dataset))
    check_training_names(config)
    check_method_names(config.methods)
    for recogniser in config.recognisers:
        if recogniser != "all" and ":" not in recogniser and "/" not in recogniser and "." not in recogniser:
            RECOGNISERS.check(recogniser)
    for detector in config.face_detectors:
        check_face_detector(detector)


def check_training_names(config: RunConfig) -> None:
    """The data sets that are trained on, and the masks that are drawn."""
    for dataset in config.train_dataset:
        DATASETS.check(registered_name(dataset.partition("=")[0]))
    for mask in config.masks:
        if mask != "all" and not mask.startswith(_MASK_TEMPLATE):
            MASKS.check(mask)


def check_method_names(methods: tuple[str, ...]) -> None:
    """``NAME``, ``NAME:PRESET``, a file, or a detector before another method; presets are known only to the class."""
    for method in methods:
        if method not in METHOD_GROUPS:
            for part in halves(method):
                if part not in METHODS and part.endswith((".onnx", ".py")) and not names_file(part):
                    raise RequestError(
                        f"--methods {method}: a completer in a file is named as onnx:FILE or FILE.py:ATTR"
                    )
                if part in METHODS or not names_file(part):
                    METHODS.check(part.partition(":")[0])
