"""From what ``--recognisers`` says to recognisers: a registered name, ``onnx:FILE``, ``MODULE:ATTR`` or ``all``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from benchmark.cards import Availability
from benchmark.downloads.model_download import fetched
from benchmark.errors import PluginError, PluginNotMade, RequestError
from benchmark.model_files import located
from benchmark.plugin_code.guard import plugin_code
from benchmark.plugins import RECOGNISERS
from benchmark.progress import Progress
from benchmark.recognisers.base import Recogniser

_ONNX = "onnx:"
_PYTHON_FILE = ".py:"
_FROM_FILE = "benchmark.recognisers.onnx_file:OnnxRecogniser"
_FROM_MODULE = "benchmark.recognisers.torch_module:ModuleRecogniser"


@dataclass(frozen=True)
class ResolvedRecognisers:
    """The recognisers of a run.

    Attributes:
        ready: by label, in the order asked for, each once.
        texts: how ``--recognisers`` names each of them, without ``all``.
        left_out: those that ``all`` leaves out, with the reason.
        not_made: those whose constructor raised, by label, with the reason.
    """

    ready: Mapping[str, Recogniser]
    texts: tuple[str, ...]
    left_out: Mapping[str, str]
    not_made: Mapping[str, str] = field(default_factory=dict)


def resolve_recognisers(
    asked: Sequence[str],
    *,
    weights: Mapping[str, Path],
    device: str = "cpu",
    precision: str = "float32",
    progress: Progress | None = None,
) -> ResolvedRecognisers:
    """Every recogniser of a run.

    Args:
        asked: as `resolve_recogniser` takes them, or ``all``: every registered one that works here without a download.
        weights: files that the user named, by recogniser.
        device: a torch device name.
        precision: the precision of the networks.
        progress: of downloads.

    Raises:
        RequestError: an unknown name, one that does not work here, two files of one label, none at all, or weights for
            a recogniser that is not asked for.
        PluginError: a download failed, weights are damaged, or every recogniser's constructor raises.
    """
    left_out: dict[str, str] = {}
    texts: dict[str, str] = {}
    for text in asked:
        names: Sequence[str] = (text,)
        if text == "all":
            names, absent = selectable_recognisers(weights)
            left_out |= absent
        for name in names:
            label = recogniser_label(name)
            if texts.setdefault(label, name) != name:
                raise RequestError(f"'{texts[label]}' and '{name}' would both be called '{label}'; rename one file")
    if not texts:
        raise RequestError("no recogniser works here; `doctor` says what is missing")
    unused = [name for name in weights if name not in texts.values()]
    if unused:
        raise RequestError(f"--weights {unused[0]}: --recognisers {','.join(asked)} does not ask for it")
    build = partial(resolve_recogniser, weights=weights, device=device, precision=precision, progress=progress)
    ready: dict[str, Recogniser] = {}
    not_made: dict[str, PluginNotMade] = {}
    for label, text in texts.items():
        try:
            ready[label] = build(text)
        except PluginNotMade as error:  # the others can be measured without it
            not_made[label] = error
    if not ready:
        raise next(iter(not_made.values()))
    return ResolvedRecognisers(
        ready=ready,
        texts=tuple(texts[label] for label in ready),
        left_out={name: reason for name, reason in left_out.items() if name not in texts},
        not_made={label: str(error) for label, error in not_made.items()},
    )


def resolve_recogniser(
    text: str,
    *,
    weights: Mapping[str, Path] | None = None,
    device: str = "cpu",
    precision: str = "float32",
    progress: Progress | None = None,
) -> Recogniser:
    """The recogniser that `text` asks for, ready to use; its weights are downloaded if they can be and are not here.

    Args:
        text: a registered name, ``onnx:FILE``, or ``MODULE:ATTR`` of a torch module of the user's.
        weights: files that the user named, by `text`.
        device: a torch device name.
        precision: ``"float32"`` or ``"bfloat16"``.
        progress: the progress bar of a download.

    Raises:
        RequestError: an unknown name (the nearest is suggested), a missing file, or a recogniser that does not work
            here.
        PluginNotMade: its constructor raises.
        PluginError: its weights cannot be downloaded or are damaged.
    """
    given = (weights or {}).get(text)
    if text.startswith(_ONNX):
        file = Path(text.removeprefix(_ONNX)).expanduser()
        if not file.is_file():
            raise RequestError(
                f"--recognisers {text}: no such file; write onnx:FILE with the path of an exported network"
            )
        recogniser: Recogniser = _imported(_FROM_FILE)(file, device=device, precision=precision, weights=given)
        return recogniser
    if text not in RECOGNISERS and ":" in text and not _looks_like_a_path(text):
        module: Recogniser = _imported(_FROM_MODULE)(text, device=device, precision=precision, weights=given)
        return module
    if text not in RECOGNISERS and _looks_like_a_path(text):
        raise RequestError(f"--recognisers {text}: a file is named as onnx:FILE, a torch module as MODULE:ATTR")
    cls = RECOGNISERS.load(text)
    found = _fetch(cls, given, progress or Progress(quiet=True))
    if not found.available:
        raise RequestError(f"recogniser '{text}' does not work here: {found.reason}")
    with plugin_code(f"recogniser '{text}' cannot be made", error=PluginNotMade):
        return cls(device=device, precision=precision, weights=given)


def selectable_recognisers(weights: Mapping[str, Path]) -> tuple[tuple[str, ...], dict[str, str]]:
    """What ``--recognisers all`` means: nothing is downloaded for it.

    Args:
        weights: files that the user named, by recogniser.

    Returns:
        The names of every registered recogniser that works here; and of the others, with the reason.

    Raises:
        RequestError: a recogniser does not work although the user named a file for it.
    """
    names: list[str] = []
    left_out: dict[str, str] = {}
    for name in RECOGNISERS.names():
        try:
            cls = RECOGNISERS.load(name)
            with plugin_code(f"recogniser '{name}' fails in availability()"):
                found = cls.availability(weights.get(name))
        except PluginError as error:  # one broken package must not stop the rest
            found = Availability(False, str(error))
        if found.available:
            names.append(name)
        elif name in weights:
            raise RequestError(f"recogniser '{name}' does not work here: {found.reason}")
        else:
            left_out[name] = found.reason
    return tuple(names), left_out


def recogniser_label(text: str) -> str:
    """What tables call the recogniser that `text` names: of a file its name alone.

    >>> recogniser_label("onnx:../models/mine.onnx"), recogniser_label("nets/mine.py:build")
    ('onnx:mine.onnx', 'mine.py:build')
    """
    prefix = _ONNX if text.startswith(_ONNX) else ""
    if not (prefix or _PYTHON_FILE in text):
        return text
    return prefix + PurePath(text.removeprefix(prefix).replace("\\", "/")).name


def _fetch(cls: type[Recogniser], given: Path | None, progress: Progress) -> Availability:
    """Whether the recogniser works, once its weights are downloaded if need be."""
    file = cls.model_file
    if given is None and file is not None and file.url and located(file) is None:
        missing = cls.missing_package()
        if missing:  # the weights alone would be of no use
            return Availability(False, missing)
        fetched(file, progress=progress, accept=cls.accept)
    return cls.availability(given)


def _looks_like_a_path(text: str) -> bool:
    """``C:\\faces\\net.onnx``, ``./net.onnx``, ``net.onnx``: a file named without saying what it is."""
    if _PYTHON_FILE in text:
        return False
    windows_drive = text[1:3] in (":\\", ":/") and text[0].isalpha()
    return windows_drive or text.startswith((".", "/", "~")) or text.endswith((".onnx", ".pt", ".pth", ".ckpt"))


def _imported(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise PluginError(f"{target} cannot be imported ({error})") from error
