"""Where dlib's recogniser wants the face in its chip."""

CHIP_PADDING = 0.25
"""Margin round dlib's mean-shape square, as a share of its side: what the network was trained with."""
MEAN_FIVE_POINTS = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Where the five points are in the mean-shape square: dlib's ``get_face_chip_details`` (image_transforms)."""
