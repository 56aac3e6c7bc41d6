"""YuNet, a small network that OpenCV runs; its model file is a download of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from benchmark.acquisition.face_detectors.base import (
    NOTHING,
    FaceDetector,
    FoundFaces,
    shrunk_copy,
    smallest_face,
)
from benchmark.acquisition.landmarks import landmark_boxes
from benchmark.cards import AVAILABLE, Availability, FaceDetectorCard
from benchmark.errors import PluginError
from benchmark.faces import Image
from benchmark.model_files import ModelFile, located

YUNET = ModelFile(
    plugin="opencv-yunet",
    file_name="face_detection_yunet_2023mar.onnx",
    url="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    megabytes=0.23,
)
_SCORE, _OVERLAP, _MOST = 0.9, 0.3, 5000
"""What OpenCV's class and its model zoo take by default: lowest score, overlap that suppresses, candidates."""


class OpenCvYuNet(FaceDetector):
    """YuNet as `cv2.FaceDetectorYN` runs it: faces with eye centres, nose tip and mouth corners.

    It finds faces from about ten pixels up; those narrower than `smallest_face` are dropped, as the other face
    detectors do not look for them.
    """

    card = FaceDetectorCard(
        summary="YuNet (2023 March), run by OpenCV",
        source="Wu, Peng, Yu, YuNet: A Tiny Millisecond-level Face Detector, MIR 2023; opencv_zoo",
        licence="MIT (model), Apache-2.0 (OpenCV)",
        trained_on=("wider-face",),
        parameters={"YuNet": 75_856},
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        file = located(YUNET, self.file)
        if file is None:
            raise PluginError(f"face detector 'opencv-yunet': {YUNET.how_to_get}")
        try:
            self._network = cv2.FaceDetectorYN.create(str(file), "", (320, 320), _SCORE, _OVERLAP, _MOST)
        except cv2.error as error:
            raise PluginError(f"{file} is not a model that OpenCV can run ({str(error).splitlines()[0]})") from error

    @classmethod
    def availability(cls) -> Availability:
        """Whether its file was downloaded."""
        return AVAILABLE if located(YUNET) is not None else Availability(False, YUNET.how_to_get)

    def detect(self, photos: Sequence[Image]) -> list[FoundFaces]:
        """The faces of each photo; OpenCV takes them one by one."""
        return [self._search(photo) for photo in photos]

    def _search(self, photo: Image) -> FoundFaces:
        copy, scale = shrunk_copy(photo, self.min_face)
        self._network.setInputSize((copy.shape[1], copy.shape[0]))
        _, rows = self._network.detect(np.ascontiguousarray(copy[:, :, ::-1]))
        if rows is None:
            return NOTHING
        faces = np.asarray(rows, dtype=np.float64)
        points = (faces[:, 4:14].reshape(-1, 5, 2) / scale).astype(np.float32)
        corners = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], axis=1) / scale
        found = FoundFaces(corners, landmark_boxes(points), faces[:, 14], points)
        return found.at_least(smallest_face(photo, self.min_face))
