"""Gaussian expectations: closed forms, quadrature and independent integration agree."""

from functools import cache

import numpy as np
import pytest
from scipy import integrate, special

from priorvol.activation import apply
from priorvol.infinite.expectations import GaussianExpectations
from priorvol.infinite.quadrature import AccuracyWarning

CLOSED = ("relu", "leaky_relu", "linear", "erf", "sign", "sin", "cos", "gelu")
QUADRATURE = ("tanh", "sigmoid", "softplus")
VARIANCES = (0.01, 1.0, 100.0)
CORRELATIONS = (-1.0, -0.9999, -0.9, 0.0, 0.3, 0.97, 1.0 - 1e-8, 1.0)
INNER = (-0.95, -0.4, 0.0, 0.2, 0.9)

TARGET = 1e-10


def function(name):
    """Return phi as a callable that the package knows nothing of."""
    return np.cos if name == "cos" else lambda z: apply(z, name, slope=0.2)


@cache
def by_quadrature(name):
    return GaussianExpectations(function(name))


def expectations(name, **options):
    return GaussianExpectations(name, slope=0.2, **options)


def grid(correlations=CORRELATIONS, variances=VARIANCES):
    return [a.ravel() for a in np.meshgrid(variances, variances, correlations, indexing="ij")]


def scale(found, q_x, q_y, what="value"):
    expectation = getattr(found, what)
    return np.sqrt(expectation(q_x, q_x, 1.0) * expectation(q_y, q_y, 1.0))


# Independent integration: scipy's adaptive rules over finely cut pieces, no code of the package.


def fine_mean(f, q, cuts=()):
    """E[f(u)] by far more Gauss-Legendre panels than are needed, with breaks at the cuts."""
    sigma = np.sqrt(q)
    ends = np.unique(np.concatenate([np.linspace(-10, 10, 4001), np.asarray(cuts) / sigma]))
    nodes, weights = np.polynomial.legendre.leggauss(10)
    half = np.diff(ends)[:, None] / 2
    x = ends[:-1, None] + half * (1 + nodes)
    return np.sum(half * weights * np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * f(sigma * x))


def fine_pair(f, q_x, q_y, rho):
    """E[f(u) f(v)] by the trapezoidal rule, which converges exponentially for analytic f."""
    x = np.linspace(-10, 10, 1001)
    weights = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    v = np.sqrt(q_y) * (rho * x[:, None] + np.sqrt(1 - rho**2) * x)
    return weights * f(np.sqrt(q_x) * x) @ (f(v) @ weights)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_are_what_quadrature_finds(name):
    closed, found = expectations(name), by_quadrature(name)
    q_x, q_y, rho = grid()
    size = scale(closed, q_x, q_y)
    assert np.all(size > 0)
    difference = found.value(q_x, q_y, rho) - closed.value(q_x, q_y, rho)
    assert np.abs(difference / size).max() < 1e-11
    q = np.array(VARIANCES)
    np.testing.assert_allclose(found.mean(q), closed.mean(q), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in CLOSED if name != "sign"])
def test_closed_derivatives_are_what_quadrature_finds(name):
    closed, found = expectations(name), by_quadrature(name)
    q_x, q_y, rho = grid()
    size = scale(closed, q_x, q_y, "derivative")
    difference = found.derivative(q_x, q_y, rho) - closed.derivative(q_x, q_y, rho)
    assert np.abs(difference / size).max() < 1e-11


@pytest.mark.parametrize("name", CLOSED)
def test_closed_gradients_are_what_quadrature_finds(name):
    closed, found = expectations(name), by_quadrature(name)
    q_x, q_y, rho = grid()
    for what in ("value", "derivative")[: 1 if name == "sign" else 2]:
        size = scale(closed, q_x, q_y, what)
        pairs = zip(
            getattr(found, f"{what}_gradient")(q_x, q_y, rho),
            getattr(closed, f"{what}_gradient")(q_x, q_y, rho),
            strict=True,
        )
        for one, other in pairs:
            np.testing.assert_array_equal(np.isinf(one), np.isinf(other))
            finite = np.isfinite(other)
            difference = np.abs(one[finite] - other[finite])
            assert (difference / (size[finite] + np.abs(other[finite]))).max() < 1e-9


@pytest.mark.parametrize("name", [*CLOSED, *QUADRATURE])
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_gradients_by_finite_differences(name, shift):
    found = expectations(name, shift=shift)
    q_x, q_y, rho = grid(INNER, (0.3, 2.0))
    step = 1e-5
    for what in ("value", "derivative")[: 1 if name == "sign" else 2]:
        f = getattr(found, what)
        numbers = (
            f(q_x * np.exp(step), q_y, rho) - f(q_x * np.exp(-step), q_y, rho),
            f(q_x, q_y * np.exp(step), rho) - f(q_x, q_y * np.exp(-step), rho),
            f(q_x, q_y, rho + step) - f(q_x, q_y, rho - step),
        )
        exact = getattr(found, f"{what}_gradient")(q_x, q_y, rho)
        for difference, gradient in zip(numbers, exact, strict=True):
            np.testing.assert_allclose(difference / (2 * step), gradient, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", QUADRATURE)
@pytest.mark.parametrize("q", [0.01, 1.0, 100.0])
def test_one_variable_against_fine_integration(name, q):
    found = GaussianExpectations(name)
    mean_square = fine_mean(lambda z: function(name)(z) ** 2, q)
    assert found.value(q, q, 1.0) == pytest.approx(mean_square, rel=1e-13)
    mean = fine_mean(function(name), q)
    assert abs(found.mean(q) - mean) < 1e-13 * np.sqrt(mean_square)


@pytest.mark.parametrize("q_x, q_y", [(0.01, 0.01), (1.0, 1.0), (100.0, 100.0), (0.01, 100.0)])
@pytest.mark.parametrize("rho", [0.3, -0.8, 0.999])
def test_tanh_against_fine_integration(q_x, q_y, rho):
    found = GaussianExpectations("tanh")
    size = scale(found, q_x, q_y)
    truth = fine_pair(np.tanh, q_x, q_y, rho)
    assert abs(found.value(q_x, q_y, rho) - truth) < TARGET * size
    truth = fine_pair(lambda z: 1 / np.cosh(z) ** 2, q_x, q_y, rho)
    assert abs(found.derivative(q_x, q_y, rho) - truth) < TARGET * scale(
        found, q_x, q_y, "derivative"
    )


def test_plain_gauss_hermite_would_not_do():
    x, w = np.polynomial.hermite_e.hermegauss(64)
    w = w / w.sum()
    truth = fine_mean(lambda z: np.tanh(z) ** 2, 100.0)
    assert abs(w @ np.tanh(10 * x) ** 2 - truth) > 1e-4 * truth
    assert abs(GaussianExpectations("tanh").value(100.0, 100.0, 1.0) - truth) < TARGET * truth


@pytest.mark.parametrize("name", ["gelu", "softplus", "erf"])
def test_two_variables_against_scipy(name):
    found, f = GaussianExpectations(name), function(name)
    q_x, q_y, rho = 1.3, 0.6, -0.7

    def integrand(t, x):
        v = np.sqrt(q_y) * (rho * x + np.sqrt(1 - rho**2) * t)
        return f(np.sqrt(q_x) * x) * f(v) * np.exp(-(x * x + t * t) / 2) / (2 * np.pi)

    truth, error = integrate.dblquad(integrand, -9, 9, -9, 9, epsabs=1e-11, epsrel=1e-11)
    assert abs(found.value(q_x, q_y, rho) - truth) < max(error, 1e-11)


KINKED = {
    "abs": (np.abs, (0.0,)),
    "hard tanh": (lambda z: np.clip(z, -1.0, 1.0), (-1.0, 1.0)),
    "step": (lambda z: np.where(z > 0.7, 1.0, 0.0), (0.7,)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))), (0.0,)),
    "hard swish": (lambda z: z * np.clip(z + 3.0, 0.0, 6.0) / 6.0, (-3.0, 3.0)),
    "kink at 1/3": (lambda z: np.abs(z - 1 / 3) + z, (1 / 3,)),
    "stairs": (lambda z: np.floor(np.clip(z, -4.0, 4.0) / 3.0), (-4.0, -3.0, 0.0, 3.0, 4.0)),
}


@pytest.mark.parametrize("name", KINKED)
def test_kinks_are_found(name):
    f, kinks = KINKED[name]
    found = GaussianExpectations(f)
    told = GaussianExpectations(f, kinks=kinks)
    for q in (0.01, 1.0, 100.0):
        truth = fine_mean(lambda z: f(z) ** 2, q, kinks)
        assert abs(found.value(q, q, 1.0) - truth) < 1e-11 * truth
        size = truth if truth else 1.0
        for rho in (-0.999999, 0.5, 0.99999):
            difference = found.value(q, q, rho) - told.value(q, q, rho)
            assert abs(difference) < 1e-11 * size


def test_a_step_is_an_orthant():
    """E[(u > 0)(v > 0)] is Sheppard's formula; away from 0, Owen's T at equal variances."""
    found = GaussianExpectations(lambda z: np.where(z > 0, 1.0, 0.0))
    rho = np.array([-0.9999, -0.3, 0.0, 0.8, 0.9999, 1 - 1e-7])
    truth = 0.25 + np.arcsin(rho) / (2 * np.pi)
    np.testing.assert_allclose(found.value(1.0, 50.0, rho), truth, atol=1e-12)
    found = GaussianExpectations(lambda z: np.where(z > 0.7, 1.0, 0.0))
    for q in (0.3, 1.0, 20.0):
        a = 0.7 / np.sqrt(q)
        truth = special.ndtr(-a) - 2 * special.owens_t(a, np.sqrt((1 - rho) / (1 + rho)))
        np.testing.assert_allclose(found.value(q, q, rho), truth, atol=1e-12)


def test_hard_tanh_against_truncated_normals():
    """E[phi'(u) phi'(v)] of hard tanh is the probability of a square, from scipy.stats."""
    from scipy.stats import multivariate_normal

    found = GaussianExpectations(lambda z: np.clip(z, -1.0, 1.0))
    for q_x, q_y, rho in ((1.0, 2.0, 0.5), (0.5, 0.5, -0.97), (4.0, 4.0, 0.9995)):
        root = rho * np.sqrt(q_x * q_y)
        law = multivariate_normal([0, 0], [[q_x, root], [root, q_y]])
        truth = law.cdf([1, 1], lower_limit=[-1, -1])
        assert found.derivative(q_x, q_y, rho) == pytest.approx(truth, abs=1e-7)


@pytest.mark.parametrize("name", [*CLOSED, *QUADRATURE])
def test_exact_limits(name):
    found = expectations(name, shift=0.2)
    q = np.array([0.3, 5.0])
    np.testing.assert_allclose(
        found.value(q[0], q[1], 0.0), found.mean(q[0]) * found.mean(q[1]), rtol=1e-12, atol=1e-15
    )
    square = fine_mean(lambda z: (function(name)(z) + 0.2) ** 2, 5.0)
    assert found.value(5.0, 5.0, 1.0) == pytest.approx(square, rel=1e-12)
    opposite = fine_mean(lambda z: (function(name)(z) + 0.2) * (function(name)(-z) + 0.2), 5.0)
    assert found.value(5.0, 5.0, -1.0) == pytest.approx(opposite, rel=1e-12, abs=1e-13 * square)


@pytest.mark.parametrize("name", [*CLOSED, *QUADRATURE, "callable"])
def test_symmetry_and_monotony(name):
    found = GaussianExpectations(np.abs) if name == "callable" else expectations(name)
    q_x, q_y, rho = grid()
    np.testing.assert_allclose(
        found.value(q_x, q_y, rho), found.value(q_y, q_x, rho), rtol=1e-14, atol=1e-16
    )
    by_x, by_y, by_rho = found.value_gradient(q_x, q_y, rho)
    swapped = found.value_gradient(q_y, q_x, rho)
    for one, other in zip((by_y, by_x, by_rho), swapped, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    # With non-negative coefficients the series rises where rho is above 0, at equal variances.
    ordered = found.value(2.0, 2.0, np.linspace(0.0, 1.0, 60))
    assert np.all(np.diff(ordered) >= -1e-15 * ordered[-1])


@pytest.mark.parametrize("name", [*CLOSED, *QUADRATURE])
def test_no_variance_is_the_number_zero(name):
    found = expectations(name, shift=0.1)
    at_zero = function(name)(np.zeros(1))[0] + 0.1
    assert found.mean(0.0) == pytest.approx(at_zero, abs=1e-15)
    assert found.value(0.0, 0.0, 0.4) == pytest.approx(at_zero**2, abs=1e-15)
    expected = at_zero * found.mean(3.0)
    for rho in (-1.0, 0.3, 1.0):
        assert found.value(0.0, 3.0, rho) == pytest.approx(expected, abs=1e-15)
        assert found.value(3.0, 0.0, rho) == pytest.approx(expected, abs=1e-15)
        assert found.value_gradient(0.0, 3.0, rho)[2] == 0.0
        if name != "sign":
            assert found.derivative(0.0, 3.0, rho) == found.derivative(0.0, 3.0, 0.0)
            assert found.derivative_gradient(3.0, 0.0, rho)[2] == 0.0


def test_a_tiny_variance_is_nearly_that():
    for name in QUADRATURE:
        found = expectations(name)
        tiny, none = found.value(1e-30, 3.0, 0.4), found.value(0.0, 3.0, 0.4)
        np.testing.assert_allclose(tiny, none, atol=1e-15)
        assert found.derivative(1e-30, 1e-30, 0.4) == pytest.approx(
            found.derivative(0.0, 0.0, 0.4), rel=1e-9
        )


def test_shapes_broadcast():
    found = GaussianExpectations("tanh")
    assert found.value(np.ones((3, 1)), np.ones(4), 0.5).shape == (3, 4)
    assert found.value(1.0, 1.0, 0.5).shape == ()
    assert all(g.shape == (3, 4) for g in found.value_gradient(np.ones((3, 1)), np.ones(4), 0.5))
    assert found.value(np.ones(0), 1.0, 0.5).shape == (0,)
    assert found.mean(np.ones((2, 2))).shape == (2, 2)


def test_rounding_of_the_correlation_is_forgiven():
    found = GaussianExpectations("tanh")
    assert found.value(1.0, 1.0, 1.0 + 1e-12) == found.value(1.0, 1.0, 1.0)


def test_many_distinct_triples_take_a_moment():
    generator = np.random.default_rng(0)
    q = np.exp(generator.normal(size=40) * 0.2)
    rho = generator.uniform(-0.9, 0.9, size=(40, 40))
    found = GaussianExpectations("tanh").value(q[:, None], q, rho)
    for i, j in ((0, 1), (17, 3), (39, 38)):
        alone = GaussianExpectations("tanh").value(q[i], q[j], rho[i, j])
        assert abs(found[i, j] - alone) < 1e-11


@pytest.mark.parametrize("name", [*CLOSED, *QUADRATURE])
def test_hermite_coefficients_resolve_the_activation(name):
    found = expectations(name, shift=-0.2)
    a = found.hermite_coefficients(60, 0.5)
    assert a[0] == pytest.approx(found.mean(0.5), abs=1e-14)
    rho = np.array([-0.5, 0.1, 0.6])
    series = [np.sum(r ** np.arange(60) * a * a) for r in rho]
    np.testing.assert_allclose(series, found.value(0.5, 0.5, rho), rtol=1e-12, atol=1e-13)


def test_known_hermite_coefficients():
    a = GaussianExpectations("relu").hermite_coefficients(6)
    root = np.sqrt(2 * np.pi)
    expected = [1 / root, 0.5, 1 / (root * np.sqrt(2)), 0.0, -1 / (root * np.sqrt(24)), 0.0]
    np.testing.assert_allclose(a, expected, atol=1e-15)


def test_zero_mean_shift():
    for name in (*CLOSED, *QUADRATURE):
        assert abs(expectations(name, shift="zero-mean").mean(1.0)) < 1e-15
    assert abs(GaussianExpectations(np.exp, shift="zero-mean").mean(1.0)) < 1e-14


def test_misses_of_the_target_are_warned_of():
    found = GaussianExpectations(np.abs)
    assert found.error == TARGET
    with pytest.warns(AccuracyWarning, match="may be off by 3.0e-09 relative"):
        found._moments._check(1.0, "double integral", 3e-9)
    assert found.error == 3e-9


def test_errors_are_stated_and_met():
    for name in CLOSED:
        assert GaussianExpectations(name).error <= 1e-15
    assert GaussianExpectations("tanh").error == TARGET


def test_what_jumps_has_no_tangent_kernel():
    message = "NTK would be infinite"
    with pytest.raises(ValueError, match=message):
        GaussianExpectations("sign").derivative(1.0, 1.0, 0.5)
    with pytest.raises(ValueError, match=message):
        GaussianExpectations("sign").derivative_gradient(1.0, 1.0, 0.5)
    for f in (np.floor, lambda z: np.sqrt(np.abs(z)), lambda z: np.where(z > 0.7, 1.0, 0.0)):
        with pytest.raises(ValueError, match=message):
            GaussianExpectations(f).derivative(1.0, 1.0, 0.5)
        assert not GaussianExpectations(f).has_derivative
    assert GaussianExpectations(np.abs).has_derivative


def test_jumps_have_infinite_slopes_where_they_meet():
    found = GaussianExpectations(lambda z: np.where(z > 0.7, 1.0, 0.0))
    assert found.value_gradient(1.0, 1.0, 1.0)[2] == np.inf
    assert np.isfinite(found.value_gradient(1.0, 1.0, -1.0)[2])
    assert np.isfinite(found.value_gradient(1.0, 2.0, 1.0)[2])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"activation": "relu6"}, "activation must be one of"),
        ({"activation": "relu", "kinks": (0.0,)}, "kinks are those of a callable"),
        ({"activation": "relu", "shift": "mean"}, "shift must be one of"),
        ({"activation": "relu", "shift": np.inf}, "shift must be finite"),
        ({"activation": "leaky_relu", "slope": 2.0}, "slope must be"),
        ({"activation": np.abs, "kinks": (np.nan,)}, "kinks must be finite"),
        ({"activation": None}, "activation must be one of"),
    ],
)
def test_bad_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianExpectations(**arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((-1.0, 1.0, 0.0), "q_x must be a variance"),
        ((1.0, np.nan, 0.0), "q_y must be a variance"),
        ((1.0, 1.0, 1.1), "rho must be a correlation"),
        ((1.0, 1.0, np.nan), "rho must be a correlation"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianExpectations("relu").value(*arguments)


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda z: 1.0, "argument's shape"),
        (lambda z: np.where(z > 3, np.inf, z), "must be finite"),
        (lambda z: np.exp(z * z / 3), "grows too fast|must be finite"),
        (lambda z: np.sin(1e9 * z), "cannot be resolved"),
    ],
)
def test_functions_that_cannot_be_integrated(f, message):
    with pytest.raises(ValueError, match=message):
        GaussianExpectations(f).value(1.0, 1.0, 0.5)


@pytest.mark.parametrize("rho", [0.5, 0.999999, 1.0 - 1e-12, 1.0])
@pytest.mark.parametrize("q", [1e3, 1e6, 1e12])
def test_gelu_loses_no_digits_at_large_variances(q, rho):
    """Its value written with plain powers, differentiated in 80 digits, is the oracle."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(80):
        correlation = mpmath.mpf(rho)

        def value(x, y, c):
            ab = (1 + x) * (1 + y)
            f = mpmath.mpf(1) / 4 + mpmath.asin(c / mpmath.sqrt(ab)) / (2 * mpmath.pi)
            n = x * y + c * c * (1 - x * y) / ab
            return c * f + n / (2 * mpmath.pi * mpmath.sqrt(ab - c * c))

        def slope(x, y, r):  # E[phi' phi'] is the derivative of the value by c
            c, step = r * mpmath.sqrt(x * y), mpmath.mpf(10) ** -25
            return (value(x, y, c + step) - value(x, y, c - step)) / (2 * step)

        x = mpmath.mpf(q)
        wanted = [slope(x, x, correlation)]
        step = mpmath.mpf(10) ** -12
        up, down = (slope(x * mpmath.exp(s), x, correlation) for s in (step, -step))
        wanted.append((up - down) / (2 * step))
    gelu = GaussianExpectations("gelu")
    assert gelu.derivative(q, q, rho) == pytest.approx(float(wanted[0]), rel=1e-14)
    assert gelu.derivative_gradient(q, q, rho)[0] == pytest.approx(float(wanted[1]), rel=1e-11)


@pytest.mark.parametrize("name", ["mean", "value", "derivative", "value_gradient"])
def test_what_grows_too_fast_is_refused_on_the_diagonal_too(name):
    """E[exp(2 u)] has its mass 20 standard deviations out."""
    ask = getattr(GaussianExpectations(np.exp), name)
    arguments = (100.0,) if name == "mean" else (100.0, 100.0, 1.0)
    with pytest.raises(ValueError, match="grows too fast for a variance of 100"):
        ask(*arguments)


def test_events_too_far_out_are_refused():
    """P(u > 1) at a variance of 0.01 is that of ten standard deviations, 3e-5 of it beyond 11."""
    with pytest.raises(ValueError, match="not determined by values up to 11"):
        GaussianExpectations(lambda z: (z > 1.0) * 1.0).mean(0.01)
