from __future__ import annotations

import numpy as np
import pytest

from benchmark.masking.raster import rasterise
from benchmark.masking.surface import bend, thin_plate


def test_a_thin_plate_passes_through_its_control_points_and_keeps_planes_flat():
    rng = np.random.default_rng(1)
    controls, places = rng.random((12, 2)), rng.random((40, 2))
    values, slope = rng.random((12, 3)), rng.random((2, 3))
    np.testing.assert_allclose(thin_plate(controls, controls) @ values, values, atol=1e-8)
    np.testing.assert_allclose(thin_plate(controls, places) @ (controls @ slope + 1), places @ slope + 1, atol=1e-8)
    assert not np.allclose(thin_plate(controls, places).max(axis=1), 1), "it bends between the points"


def test_a_bent_sheet_passes_through_its_control_points():
    controls = {
        (u, v): np.array([u, v, (1 - u**2) * np.sin(np.pi * v)])
        for u in (-1.0, -0.5, 0.0, 0.5, 1.0)
        for v in (0.0, 0.5, 1.0)
    }
    mesh = bend(controls)
    for key, point in controls.items():
        nearest = np.abs(mesh.pattern - key).sum(axis=1).argmin()
        np.testing.assert_allclose(mesh.pattern[nearest], key, atol=1e-9)
        np.testing.assert_allclose(mesh.points[nearest], point, atol=1e-6)


def test_normals_of_a_flat_sheet_point_out_of_the_face():
    mesh = bend({(u, v): np.array([u, v, 0.0]) for u in (-1.0, 1.0) for v in (0.0, 1.0)})
    np.testing.assert_allclose(mesh.normals(), np.tile([0, 0, 1.0], (len(mesh.points), 1)), atol=1e-9)


def test_a_round_outline_stays_inside_its_ellipse():
    controls = {(u, v): np.array([u, v, 0.0]) for u in (-1.0, 0.0, 1.0) for v in (0.0, 0.5, 1.0)}
    radius = np.hypot(*((bend(controls, round_outline=True).pattern * [1, 2] - [0, 1]).T))
    assert radius.max() == pytest.approx(1)
    assert bend(controls).pattern[0].tolist() == [-1, 0]


def test_rasterised_values_are_linear_and_leave_no_gaps():
    grid = np.stack(np.meshgrid([0.0, 7, 16], [0.0, 5, 12]), axis=-1).reshape(-1, 2)
    places = np.column_stack([grid, np.zeros(9)])
    cells = [(0, 1, 3), (1, 4, 3), (1, 2, 4), (2, 5, 4), (3, 4, 6), (4, 7, 6), (4, 5, 7), (5, 8, 7)]
    picture, inside = rasterise(places, grid @ [[2.0], [3.0]], np.array(cells), 12, 16)
    assert inside.all()
    rows, columns = np.mgrid[:12, :16]
    np.testing.assert_allclose(picture[0], 2 * (columns + 0.5) + 3 * (rows + 0.5), atol=1e-4)


def test_the_nearer_triangle_hides_the_farther_whatever_their_order():
    square = np.array([[0.0, 0], [8, 0], [0, 8], [8, 8]])
    places = np.vstack([np.column_stack([square, np.full(4, depth)]) for depth in (1.0, 5.0)])
    values = np.repeat([[10.0], [20.0]], 4, axis=0)
    near, far = [(4, 5, 6), (5, 7, 6)], [(0, 1, 2), (1, 3, 2)]
    for order in (near + far, far + near):
        picture, inside = rasterise(places, values, np.array(order), 8, 8)
        assert inside.all()
        assert (picture == 20).all()


def test_every_pixel_shows_the_nearest_triangle_that_its_centre_is_in():
    rng = np.random.default_rng(0)
    height, width, count = 40, 50, 60
    middles = rng.uniform((-5, -5, 0), (width + 5, height + 5, 1), (count, 1, 3))
    places = (middles + rng.uniform(-9, 9, (count, 3, 3)) * [1, 1, 0.01]).reshape(-1, 3)
    places[:3, 1] = 12.5  # a triangle without area
    places[3:6] = [(10.5, 5.5, 1), (20.5, 5.5, 1), (10.5, 15.5, 1)]  # corners and edges on pixel centres
    values = rng.random((3 * count, 2))
    triangles = np.arange(3 * count).reshape(count, 3)
    picture, inside = rasterise(places, values, triangles, height, width)

    expected = np.zeros((2, height, width))
    covered = np.zeros((height, width), dtype=bool)
    rows, columns = np.mgrid[:height, :width] + 0.5
    for corners in triangles[np.argsort(places[triangles, 2].mean(axis=1))]:
        x, y = places[corners, 0], places[corners, 1]
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        if area == 0:
            continue
        second = ((columns - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (rows - y[0])) / area
        third = ((x[1] - x[0]) * (rows - y[0]) - (columns - x[0]) * (y[1] - y[0])) / area
        shares = np.stack([1 - second - third, second, third])
        hit = (shares > -1e-6).all(axis=0)
        covered |= hit
        expected[:, hit] = np.tensordot(values[corners].T, shares, 1)[:, hit]
    assert 0 < covered.mean() < 1
    np.testing.assert_array_equal(inside, covered)
    np.testing.assert_allclose(picture, expected, atol=1e-5)


def test_what_lies_outside_the_picture_is_cut_off():
    places = np.array([[-50.0, -50, 0], [100, -50, 0], [-50, 100, 0]])
    picture, inside = rasterise(places, np.ones((3, 2)), np.array([[0, 1, 2]]), 5, 6)
    assert picture.shape == (2, 5, 6)
    assert inside.all()
    _, nothing = rasterise(places + np.array([500.0, 0, 0]), np.ones((3, 2)), np.array([[0, 1, 2]]), 5, 6)
    assert not nothing.any()
