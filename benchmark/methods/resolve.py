"""From a name on the command line to a method: ``NAME``, ``NAME:PRESET``, a file, or a detector before one of these."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from benchmark.errors import PluginError, PluginNotMade, RequestError
from benchmark.methods.adapters.detected_probes import DetectedProbes
from benchmark.methods.base import Method, RecogniserAdapter, Unmasker
from benchmark.methods.combinations.resolve import resolve_combination
from benchmark.methods.detect_inpaint import DetectInpaint
from benchmark.methods.detectors.base import Detector
from benchmark.methods.own_completers.names import COMBINATIONS, ONNX, file_label, halves, names_file
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugins import METHODS

DEFAULT_DETECTOR = "segmenter"
"""The detector of a completer that is named alone."""
_FROM_ONNX = "benchmark.methods.own_completers.onnx_completer:OnnxCompleter"
_FROM_MODULE = "benchmark.methods.own_completers.module_completer:ModuleCompleter"


def resolve_method(name: str, *, seed: int = 0, device: str = "cpu") -> Method:
    """The method that `name` asks for, not yet fitted.

    Args:
        name: ``NAME``, ``NAME:PRESET``, ``onnx:FILE`` or ``FILE.py:ATTR`` of a completer, ``fusion:FILE`` or
            ``gate:FILE`` of a combination, ``DETECTOR+COMPLETER`` or ``DETECTOR+ADAPTER`` (each with its preset, if
            wanted). A completer named alone, ``telea``, means ``segmenter+telea``; both spellings give a method whose
            `name` is ``telea``.
        seed: the run's seed.
        device: a torch device name.

    Raises:
        RequestError: an unknown name or preset (the nearest is suggested), a method that does not work on this
            machine, or halves that do not fit together.
        PluginNotMade: its constructor raises.
    """
    first, *behind = halves(name)
    if not behind:
        method = _instance(first, seed=seed, device=device)
        if method.alone:
            raise RequestError(f"'{method.name}' {method.alone.format(name=method.name)}")
        if isinstance(method, Unmasker) and method.needs_holes:
            return _joined(DEFAULT_DETECTOR, method)
        return method
    (second,) = behind
    completer = _instance(second, seed=seed, device=device)
    if isinstance(completer, RecogniserAdapter):
        return _detected(first, completer)
    if not (isinstance(completer, Unmasker) and completer.needs_holes):
        raise RequestError(f"'{completer.name}' fills no holes, so it takes no detector; ask for '{second}' alone")
    return _joined(first, completer)


def resolve_parts(name: str, *, seed: int = 0, device: str = "cpu") -> tuple[Method, ...]:
    """Exactly the part called `name`, to be trained: a completer without a detector, or a detector alone.

    Raises:
        RequestError: an unknown name or preset, or a method that does not work on this machine.
    """
    both = [_instance(text, seed=seed, device=device) for text in halves(name)]
    return tuple(part for half in both for part in half.parts())


def selectable_methods() -> tuple[tuple[str, ...], dict[str, str]]:
    """What ``--methods all`` means.

    Returns:
        The names of every listed method but detectors and other parts; and those that are left out, with the reason:
        slow ones, and those that do not work here.
    """
    names: list[str] = []
    left_out: dict[str, str] = {}
    for name in METHODS.names():
        try:
            cls = METHODS.load(name)
            with plugin_code(f"method '{name}' fails in availability()"):
                available = cls.availability()
        except PluginError as error:  # one broken package must not stop the rest
            left_out[name] = str(error)
            continue
        if cls.alone:
            continue
        if not available.available:
            left_out[name] = available.reason
        elif cls.card.slow:
            left_out[name] = "too slow for --methods all; name it to run it"
        else:
            names.append(name)
    return tuple(names), left_out


def _instance(text: str, *, seed: int, device: str) -> Method:
    if text not in METHODS and names_file(text):
        return _from_file(text, seed=seed, device=device)
    name, _, preset = text.partition(":")
    cls = METHODS.load(name)
    with plugin_code(f"method '{name}' fails in availability()"):
        available = cls.availability()
    if not available.available:
        raise RequestError(f"method '{name}' does not work here: {available.reason}")
    with plugin_code(f"method '{name}' cannot be made", error=PluginNotMade):
        method = cls(preset=preset or None, seed=seed, device=device)
    method.name = name
    return method


def _from_file(text: str, *, seed: int, device: str) -> Method:
    label = file_label(text)
    if text.startswith(ONNX):
        file = Path(text.removeprefix(ONNX)).expanduser()
        if not file.is_file():
            raise RequestError(f"--methods {text}: no such file; write onnx:FILE with the path of an exported network")
        method: Method = _imported(_FROM_ONNX)(file, label=label, seed=seed, device=device)
    elif text.startswith(COMBINATIONS):
        method = resolve_combination(text, label=label, seed=seed, device=device)
    else:
        method = _imported(_FROM_MODULE)(text, label=label, seed=seed, device=device)
    method.name = label
    return method


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _joined(detector_text: str, completer: Unmasker) -> DetectInpaint:
    detector = _detector(detector_text, completer)
    default = detector.name == DEFAULT_DETECTOR and detector.preset == next(iter(detector.presets))
    return DetectInpaint(detector, completer, name=completer.name if default else f"{detector_text}+{completer.name}")


def _detected(detector_text: str, adapter: RecogniserAdapter) -> DetectedProbes:
    detector = _detector(detector_text, adapter)
    if detector.card.privileged:
        raise RequestError(
            f"'{detector_text}+{adapter.label}': an adapter needs no hole, only whether there is a mask; ask for "
            f"'{DEFAULT_DETECTOR}+{adapter.label}', or for '{adapter.label}' alone"
        )
    return DetectedProbes(detector, adapter, name=f"{detector_text}+{adapter.name}")


def _detector(text: str, behind: Method) -> Detector:
    """The detector called `text`, to put before another method."""
    detector = _instance(text, seed=behind.seed, device=behind.device)
    if not isinstance(detector, Detector):
        raise RequestError(
            f"'{detector.name}' is not a detector; known are: {', '.join(_detector_names())}, as in "
            f"'{DEFAULT_DETECTOR}+{behind.name}'"
        )
    return detector


def _detector_names() -> list[str]:
    names = []
    for name in METHODS.names():
        try:
            if issubclass(METHODS.load(name), Detector):
                names.append(name)
        except PluginError:
            continue
    return names
