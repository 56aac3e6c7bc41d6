"""How ``--methods`` names files: ``onnx:FILE`` or ``FILE.py:ATTR`` of a completer, alone or behind a detector, and
``fusion:FILE`` and ``gate:FILE`` of a combination."""

from __future__ import annotations

from pathlib import PurePath

ONNX = "onnx:"
COMBINATIONS = ("fusion:", "gate:")
_PREFIXES = (ONNX, *COMBINATIONS)
_PYTHON_FILE = ".py:"


def names_file(text: str) -> bool:
    """Whether one part of a method's name is a file.

    >>> names_file("onnx:lama.onnx"), names_file("nets/mine.py:Net"), names_file("identity-completer:plain")
    (True, True, False)
    """
    return text.startswith(_PREFIXES) or _PYTHON_FILE in text


def halves(name: str) -> tuple[str, ...]:
    """A method's name, or its detector and the rest; a ``+`` in the path of a file is no sign of a detector.

    >>> halves("segmenter+onnx:a+b.onnx"), halves("onnx:a+b.onnx"), halves("segmenter+telea"), halves("./a+b.py:Net")
    (('segmenter', 'onnx:a+b.onnx'), ('onnx:a+b.onnx',), ('segmenter', 'telea'), ('./a+b.py:Net',))
    """
    first, plus, second = name.partition("+")
    path = first.startswith(_PREFIXES) or "/" in first or "\\" in first
    return (name,) if not plus or path else (first, second)


def file_label(text: str) -> str:
    """What tables call the method in a file: its name alone.

    >>> file_label("onnx:../models/lama.onnx"), file_label("nets/mine.py:build"), file_label("gate:mine/best.yaml")
    ('onnx:lama.onnx', 'mine.py:build', 'gate:best.yaml')
    """
    prefix = next((prefix for prefix in _PREFIXES if text.startswith(prefix)), "")
    return prefix + PurePath(text.removeprefix(prefix).replace("\\", "/")).name
