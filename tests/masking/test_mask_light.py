from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmark.masking.light import LUMA, estimate_light, quantile


def test_even_light_on_a_plain_face(posed_face):
    face = posed_face(face_width=120, skin=(205, 160, 132))
    light = estimate_light(face.photo, face.landmarks, 120)
    np.testing.assert_allclose(light.skin, (205, 160, 132), atol=3)
    inside = light.shade[int(face.landmarks[33, 1]), int(face.landmarks[3, 0]) : int(face.landmarks[13, 0])]
    np.testing.assert_allclose(inside, 1, atol=0.1)
    assert light.white @ LUMA > np.array([205, 160, 132]) @ LUMA
    assert light.saturation == 1
    assert light.grain < 0.5
    assert np.linalg.norm(light.direction) == pytest.approx(1)


def test_a_lamp_from_the_left_is_seen(posed_face):
    face = posed_face(face_width=120)
    ramp = np.linspace(1.0, 0.4, 250)[None, :, None]
    light = estimate_light((face.photo * ramp).astype(np.uint8), face.landmarks, 120)
    assert light.direction[0] < -0.1
    assert light.shade[130, 90] > light.shade[130, 160] + 0.15


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.5])
def test_blur_is_measured(posed_face, sigma):
    face = posed_face(face_width=200, side=400)
    photo = face.photo.copy()
    for eye in (face.landmarks[36:42], face.landmarks[42:48]):
        cv2.fillPoly(photo, [np.round(eye).astype(np.int32)], (20, 20, 20))
    blurred = cv2.GaussianBlur(photo, (0, 0), sigma)
    measured = estimate_light(blurred, face.landmarks, 200).blur
    assert measured == pytest.approx(sigma, rel=0.35)


@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_grain_is_measured(posed_face, sigma):
    face = posed_face(face_width=160, side=300)
    noise = np.random.default_rng(0).normal(0, sigma, face.photo.shape[:2])[..., None]
    noisy = np.clip(face.photo + noise, 0, 255).astype(np.uint8)
    assert estimate_light(noisy, face.landmarks, 160).grain == pytest.approx(sigma, rel=0.2)


def test_red_light_colours_a_white_cloth(posed_face):
    usual = estimate_light(posed_face().photo, posed_face().landmarks, 100).white
    red_face = posed_face(skin=(210, 70, 80), background=(60, 20, 25))
    red = estimate_light(red_face.photo, red_face.landmarks, 100).white
    assert red[0] / red[1] > 1.3 * usual[0] / usual[1]


@pytest.mark.parametrize("count", [1, 2, 3, 3136])
def test_quantiles_are_numpys_to_the_bit(count):
    rng = np.random.default_rng(count)
    for share in (0, 1, *rng.random(50).tolist()):
        values = (255 * rng.random(count)).astype(np.float32)
        assert quantile(values, share) == np.quantile(values, share)
        assert quantile(values, np.float64(share)) == np.quantile(values, [share])[0]
