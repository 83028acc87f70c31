"""Correlation maps: facts of the literature, and what follows from the definitions."""

import json
import math

import numpy as np
import pytest

from priorvol.architecture import Architecture, Prior
from priorvol.infinite.correlation_map import (
    MAX_DEPTH,
    correlation_map,
    hermite_coefficients,
    unit_sigma_w,
)
from priorvol.infinite.expectations import GaussianExpectations
from priorvol.infinite.variance_map import VarianceMap, unit_weight

NAMES = ("relu", "leaky_relu", "tanh", "erf", "sigmoid", "gelu", "softplus", "sin", "sign", "cos")
ODD = ("tanh", "erf", "sin", "sign", "sigmoid")  # sigmoid less its mean


def rhos(found):
    return [point.rho for point in found.fixed_points]


def test_relu_at_he_is_critical():
    """Known: the arc-cosine map touches the diagonal at rho = 1 (1606.05340)."""
    found = correlation_map("relu", sigma_w=math.sqrt(2))
    assert rhos(found) == [1.0]
    assert found.chi == pytest.approx(1.0, abs=1e-15)
    assert found.phase == "critical"
    assert found.q_star == pytest.approx(2.0, rel=1e-14)
    rho = np.linspace(-1, 1, 41)
    arc_cosine = (np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho))) / np.pi
    np.testing.assert_allclose(found(rho), arc_cosine, atol=1e-15)
    assert found.depth is None


def test_shifted_relu_at_unit_variance():
    """2510.06527: sigma_w^2 = 2.93, and 0.05 at layer 10 from 0.5."""
    found = correlation_map("relu", shift="zero-mean")
    assert found.sigma_w**2 == pytest.approx(1 / (0.5 - 1 / (2 * np.pi)), rel=1e-14)
    assert round(found.sigma_w**2, 2) == 2.93
    assert rhos(found) == pytest.approx([0.0, 1.0], abs=1e-12)
    assert round(found.correlations[10], 2) == 0.05
    assert found.depth == 10
    assert np.allclose(found.variances, 1.0, atol=1e-14)
    slope = found.fixed_points[0].slope
    assert slope == pytest.approx(found.sigma_w**2 * 0.25, rel=1e-13)  # sigma_w^2 a_1^2
    assert found.fixed_points[0].attracts and not found.fixed_points[1].attracts


def test_shifted_relu_without_normalisation_goes_to_one():
    found = correlation_map("relu", shift="zero-mean", sigma_w=1.0)
    assert found.correlations[10] > 0.998
    assert rhos(found) == [1.0] and found.fixed_points[0].attracts
    assert found.phase == "ordered"
    assert 0.0 < found.q_star < 0.2
    assert found.depth is None


@pytest.mark.parametrize("name", NAMES)
def test_zero_mean_has_zero_as_a_fixed_point(name):
    found = correlation_map(name, shift="zero-mean")
    assert min(abs(rho) for rho in rhos(found)) < 1e-12
    assert abs(found.unit_mean) < 1e-14
    assert found(0.0) == pytest.approx(0.0, abs=1e-14)
    assert (-1.0 in rhos(found)) == (name in ODD)
    assert 1.0 in rhos(found)
    # The slope at 0 is the first coefficient's share, below 1 for any nonlinear activation.
    at_zero = next(point for point in found.fixed_points if abs(point.rho) < 1e-12)
    share = np.array(found.coefficients) ** 2 * found.sigma_w**2
    assert at_zero.slope == pytest.approx(share[1], rel=1e-10, abs=1e-12)
    assert at_zero.attracts
    assert found.depth is not None


def test_tanh_at_the_edge_of_chaos():
    """1606.05340, 1611.01232: without biases sigma_w = 1 divides order from chaos."""
    assert correlation_map("tanh", sigma_w=1.0).phase == "critical"
    chaotic = correlation_map("tanh", sigma_w=1.1)
    assert chaotic.phase == "chaotic"
    assert rhos(chaotic) == pytest.approx([-1.0, 0.0, 1.0], abs=1e-10)
    ordered = correlation_map("tanh", sigma_w=1.3, sigma_b=0.9)
    assert ordered.phase == "ordered" and rhos(ordered) == [1.0]


def test_chaotic_tanh_with_biases_has_a_fixed_point_inside():
    found = correlation_map("tanh", sigma_w=2.5, sigma_b=0.2)
    inside = found.fixed_points[0]
    assert 0.0 < inside.rho < 0.1 and inside.attracts
    assert found(inside.rho) == pytest.approx(inside.rho, abs=1e-12)
    assert found.correlations[-1] > inside.rho
    assert correlation_map("tanh", sigma_w=2.5, sigma_b=0.2, n_layers=200).correlations[
        -1
    ] == pytest.approx(inside.rho, abs=1e-9)


def test_erf_by_its_formula():
    found = correlation_map("erf", sigma_w=1.7, sigma_b=0.3)
    q = found.q_star
    square = 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q))
    assert q == pytest.approx(1.7**2 * square + 0.09, rel=1e-13)
    assert found.chi == pytest.approx(1.7**2 * 4 / np.pi / np.sqrt(1 + 4 * q), rel=1e-13)
    rho = np.linspace(-1, 1, 21)
    pair = 2 / np.pi * np.arcsin(2 * q * rho / (1 + 2 * q))
    np.testing.assert_allclose(found(rho), (1.7**2 * pair + 0.09) / q, atol=1e-13)


def test_linear_leaves_every_correlation():
    found = correlation_map("linear")
    assert found.fixed_points == ()
    assert found.correlations == (0.5,) * 11
    assert "every correlation" in str(found)


def test_unbounded_variances():
    found = correlation_map("relu", sigma_w=2.0)
    assert found.phase == "unbounded" and math.isinf(found.q_star)
    assert found.chi == pytest.approx(2.0)
    assert found.to_json()["q_star"] == "inf"


def test_sign_has_infinite_slopes():
    found = correlation_map("sign")
    assert math.isinf(found.chi) and found.phase == "chaotic"
    assert found.to_json()["chi"] == "inf"
    np.testing.assert_allclose(found([0.5]), 1 / 3, atol=1e-15)


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_slopes_by_finite_differences(name):
    found = correlation_map(name, shift=0.1, sigma_w=1.2, sigma_b=0.3)
    for point in found.fixed_points:
        if point.rho < 1.0:
            step = 1e-5
            numeric = (found(point.rho + step) - found(point.rho - step)) / (2 * step)
            assert point.slope == pytest.approx(numeric, rel=1e-7)
    assert found.fixed_points[-1].slope == pytest.approx(found.chi, rel=1e-9)


def test_layers_are_followed():
    found = correlation_map("gelu", sigma_w=1.2, sigma_b=0.4, rho=-0.3, n_layers=5)
    expectations = GaussianExpectations("gelu")
    q, rho = 1.2**2 + 0.4**2, -0.3
    for variance, correlation in zip(found.variances, found.correlations, strict=True):
        assert (variance, correlation) == pytest.approx((q, rho), rel=1e-12)
        square = 1.44 * float(expectations.value(q, q, 1.0)) + 0.16
        rho = (1.44 * float(expectations.value(q, q, rho)) + 0.16) / square
        q = square


def test_depth_is_the_first_from_which_the_tolerance_holds():
    found = correlation_map("tanh", rho=0.9, tolerance=0.3, n_layers=100)
    within = np.abs(found.correlations) <= 0.3
    assert found.depth == np.argmax(within) and within[found.depth :].all()
    assert correlation_map("tanh", rho=0.2, tolerance=0.3).depth == 0
    # From within the tolerance relu leaves it again.
    assert correlation_map("relu", rho=0.0, tolerance=0.3).depth is None
    assert MAX_DEPTH >= 1000


def test_a_callable_with_a_shift():
    named = correlation_map("relu", shift="zero-mean", rho=0.2)
    found = correlation_map(lambda z: np.maximum(z, 0.0), shift="zero-mean", rho=0.2)
    assert found.activation == "<lambda>"
    np.testing.assert_allclose(found.correlations, named.correlations, atol=1e-11)
    assert rhos(found) == pytest.approx(rhos(named), abs=1e-10)
    assert found.chi == pytest.approx(named.chi, rel=1e-10)


def test_variance_fixed_point_is_approached_or_searched_for():
    expectations = GaussianExpectations("tanh")
    for sigma_w, sigma_b in ((2.0, 0.5), (1.0001, 0.0), (1.05, 0.0)):
        layer = VarianceMap(expectations, sigma_w, sigma_b)
        q = layer.fixed_point(sigma_w**2 + sigma_b**2)
        assert q > 0.0 and layer(q) == pytest.approx(q, rel=1e-11)
    assert VarianceMap(expectations, 1.0, 0.0).fixed_point(1.0) == 0.0


def test_unit_sigma_w():
    architecture = Architecture(7, (40, 40), activation="relu", shift="zero-mean")
    first, *rest = unit_sigma_w(architecture)
    assert first == 1.0 and len(rest) == 2
    square = 0.5 - 1 / (2 * np.pi)
    np.testing.assert_allclose(np.square(rest), 1 / square, rtol=1e-14)
    assert unit_sigma_w(Architecture(7)) == (1.0,)
    assert unit_sigma_w(Architecture(3, (math.inf,), activation="linear")) == (1.0, 1.0)
    leaky = Architecture(3, (4,), activation="leaky_relu", slope=0.3)
    assert unit_sigma_w(leaky)[1] ** 2 == pytest.approx(2 / (1 + 0.09))
    Prior(sigma_w=unit_sigma_w(architecture), sigma_b=0.0).expand(3)


def test_hermite_coefficients():
    a = hermite_coefficients("relu", 4, shift="zero-mean")
    assert a[0] == pytest.approx(0.0, abs=1e-15) and a[1] == pytest.approx(0.5)
    np.testing.assert_allclose(hermite_coefficients("linear", 3, q=4.0), [0, 2, 0], atol=1e-14)


def test_it_prints_and_goes_to_json():
    found = correlation_map("relu", shift="zero-mean")
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["phase"] == "chaotic" and record["depth"] == 10
    assert record["fixed_points"][0]["attracts"]
    assert "expectations" not in record
    text = str(found)
    assert text.startswith("relu-0.398942: sigma_w = 1.71286 (sigma_w^2 = 2.934)")
    assert "outputs stay at |rho| <= 0.05 from 10 hidden layers on" in text
    assert str(correlation_map("relu")).endswith("within 1,000 layers")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"activation": "relo"}, "activation must be one of"),
        ({"sigma_w": 0.0}, "sigma_w must be above"),
        ({"sigma_w": "one"}, "sigma_w must be one of"),
        ({"sigma_b": 0.1}, "needs sigma_b=0"),
        ({"sigma_w": 1.0, "sigma_b": -1.0}, "sigma_b must be at least"),
        ({"rho": 1.5}, "rho must be"),
        ({"n_layers": 0}, "n_layers must be"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"n_coefficients": 0}, "n must be"),
        ({"activation": np.zeros_like}, "activation is 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        correlation_map(**arguments)


def test_unit_weight_needs_an_activation():
    with pytest.raises(ValueError, match="activation is 0"):
        unit_weight(GaussianExpectations(np.zeros_like))
