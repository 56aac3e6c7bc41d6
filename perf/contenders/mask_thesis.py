"""How the thesis's tool masks: detection and 68 landmarks on the full photo by `face_recognition`, then a picture of a
mask, drawn once, is stretched between nose and chin and pasted, and the whole photo is written as JPEG."""

from __future__ import annotations

import math
from pathlib import Path

import face_recognition
import numpy as np
from PIL import Image, ImageDraw

from perf.contender import Contender, Outputs

_QUALITY = 95


class Thesis(Contender):
    """Photos in, photos of the same size out."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        self._made = inputs / "thesis"
        self._made.mkdir(exist_ok=True)
        self._mask = Image.new("RGBA", (600, 400))
        outline = [(0, 40), (300, 0), (600, 40), (540, 300), (300, 400), (60, 300)]
        ImageDraw.Draw(self._mask).polygon(outline, fill=(160, 200, 230, 255))

    def work(self) -> Outputs:
        """Every photo."""
        masked = 0
        for path in sorted((self.inputs / "photos").iterdir()):
            pixels = face_recognition.load_image_file(path)
            photo = Image.fromarray(pixels)
            for face in face_recognition.face_landmarks(pixels):
                self._paste(photo, face)
                masked += 1
            photo.save(self._made / path.name, quality=_QUALITY)
        return {"exported": masked}

    def _paste(self, photo: Image.Image, face: dict[str, list[tuple[int, int]]]) -> None:
        """The two halves of the mask, each as wide as its cheek, turned with the face."""
        nose, chin = np.array(face["nose_bridge"][1]), np.array(face["chin"][8])
        left, right = np.array(face["chin"][2]), np.array(face["chin"][14])
        height = max(2, int(np.linalg.norm(nose - chin)))
        along = chin - nose
        parts = []
        for side, box in ((left, (0, 0, 300, 400)), (right, (300, 0, 600, 400))):
            away = side - nose
            width = max(2, int(abs(along[1] * away[0] - along[0] * away[1]) / max(np.linalg.norm(along), 1)))
            parts.append(self._mask.crop(box).resize((width, height)))
        joined = Image.new("RGBA", (parts[0].width + parts[1].width, height))
        joined.paste(parts[0], (0, 0), parts[0])
        joined.paste(parts[1], (parts[0].width, 0), parts[1])
        angle = math.degrees(math.atan2(along[0], along[1]))
        turned = joined.rotate(angle, expand=True)
        centre = (nose + chin) // 2
        photo.paste(turned, (int(centre[0] - turned.width // 2), int(centre[1] - turned.height // 2)), turned)
