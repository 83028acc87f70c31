"""Ensembles of finite networks, trained by the package, against the law at infinite width.

Differences from the infinite-width response to each network's own start are free of the scatter of
the start. They go as powers of 1 / width where the activation is smooth, of 1 / sqrt(width) for
ReLU; a fit of those extrapolates to infinite width.
"""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import Architecture, Prior, Task, TrainingSet, array_inputs, train_prediction
from priorvol.infinite.covariance import tangent_kernel
from priorvol.infinite.kernel_descent import KernelDescent
from priorvol.training import trained_outputs, training_band
from priorvol.training.band import Shift, TrainingBand

ANGLE = 2 * np.pi * np.arange(7) / 7
CIRCLE = array_inputs(np.column_stack([np.cos(ANGLE), np.sin(ANGLE)]))
PRIOR = Prior(sigma_w=1.4, sigma_b=0.3)
S = TrainingSet([0, 2, 5], [1, 0, 1])
STEPS, RATE, TARGETS = 60, 0.4, 2.0


def wide(activation, depth=1):
    return Task(Architecture(2, (math.inf,) * depth, activation), PRIOR, CIRCLE)


def extrapolated(widths, values, errors, powers):
    """Return the limit and its error of values that go as a limit and powers of the width."""
    terms = np.column_stack([np.array(widths, dtype=float) ** power for power in (0.0, *powers)])
    weights = np.linalg.inv(terms) if len(terms) == terms.shape[1] else np.linalg.pinv(terms)
    limit = np.tensordot(weights[0], values, axes=1)
    return limit, np.sqrt(np.tensordot(weights[0] ** 2, errors**2, axes=1))


def test_mean_and_covariance_of_outputs_extrapolate_to_the_prediction():
    # With one hidden layer the outputs at the start have the infinite network's own covariance.
    n, widths, task = 4000, (32, 64, 128), wide("erf")
    prediction = train_prediction(task, S, steps=STEPS, learning_rate=RATE, targets=TARGETS)
    response = KernelDescent(tangent_kernel(task), np.array(S.indices)).descent(
        STEPS, learning_rate=RATE
    )
    goal = TARGETS * np.array([1.0, -1.0, 1.0])
    values, errors = [], []
    for width in widths:
        found = trained_outputs(
            Task(Architecture(2, (width,), "erf"), PRIOR, CIRCLE),
            S,
            n_runs=n,
            stop=("epochs=0", f"epochs={STEPS}"),
            seed=width,
            loss="mse",
            targets=TARGETS,
            learning_rate=RATE,
            parametrization="ntk",
            n_jobs=1,
            progress=False,
        )
        linear = response.outputs(found["epochs=0"].T, goal).T
        away, before = (h - prediction.mean for h in (found[f"epochs={STEPS}"], linear))
        products = away[:, :, None] * away[:, None] - before[:, :, None] * before[:, None]
        each = np.concatenate([away - before, products.reshape(n, -1)], axis=1)
        values.append(each.mean(axis=0))
        errors.append(each.std(axis=0, ddof=1) / math.sqrt(n))
    values, errors = np.array(values), np.array(errors)
    limit, error = extrapolated(widths, values, errors, (-1.0, -2.0))
    assert_within(limit, 0.0, error)
    with pytest.raises(AssertionError, match="beyond 5 standard errors"):
        assert_within(values[0], 0.0, errors[0])  # narrow networks are told from the limit
    assert np.abs(prediction.covariance).max() > 20 * error[7:].max()


@pytest.mark.parametrize(
    ("activation", "depth", "parametrization", "widths", "powers"),
    [
        ("relu", 1, "ntk", (16, 32, 64, 128, 256, 512), (-0.5, -1.0, -1.5)),
        ("tanh", 2, "ntk", (16, 32, 64), (-1.0, -2.0)),
        ("erf", 1, "standard", (64, 128, 256), (-1.0, -2.0)),
    ],
)
def test_shifts_extrapolate_to_nothing(activation, depth, parametrization, widths, powers):
    found = training_band(
        wide(activation, depth),
        S,
        widths,
        steps=STEPS,
        learning_rate=RATE,
        targets=TARGETS,
        parametrization=parametrization,
        n_networks=1000,
        seed=1,
        n_jobs=1,
        progress=False,
    )
    for shift in found.shifts.values():
        assert_within(*_limit(widths, shift, powers))
    assert found.mean_shift.distance[0] > 5 * found.mean_shift.distance_error[0]  # seen at all
    # what anyone would measure, with its own noise
    noise = found.standard_deviation / math.sqrt(found.n_networks)
    plain = found.mean - found.prediction.mean
    assert_within(found.mean_shift.values, plain, np.hypot(noise, found.mean_shift.errors))
    plain = found.standard_deviation - found.prediction.standard_deviation
    spread = np.hypot(noise, found.deviation_shift.errors)  # sd / sqrt(2 n) if it were Gaussian
    assert_within(found.deviation_shift.values, plain, spread)


def _limit(widths, shift, powers):
    limit, error = extrapolated(widths, shift.values, shift.errors, powers)
    return limit, 0.0, error


def test_the_start_is_the_prior_of_finite_width():
    how = {"learning_rate": RATE, "n_networks": 500, "n_jobs": 1, "progress": False}
    found = training_band(wide("relu"), S, [8], steps=0, **how)
    np.testing.assert_array_equal(found.mean_shift.values, 0.0)
    assert found.mean_shift.squared == 0.0 and found.mean_shift.squared_error == 0.0
    assert_within(found.deviation_shift.values, 0.0, found.deviation_shift.errors)  # as one layer
    deep = training_band(wide("relu", 3), S, [4], steps=0, **how)
    plain = deep.standard_deviation - deep.prediction.standard_deviation
    error = np.hypot(deep.standard_deviation / math.sqrt(250), deep.deviation_shift.errors)
    assert_within(deep.deviation_shift.values, plain, error)


def shift_of(squared, error):
    none = np.zeros((len(squared), 1))
    return Shift(values=none, errors=none, squared=np.array(squared), squared_error=np.array(error))


PREDICTION = train_prediction(wide("erf"), S)


def band_of(widths, shift):
    none = np.zeros((len(widths), 1))
    return TrainingBand(
        prediction=PREDICTION,
        widths=np.array(widths),
        n_networks=100,
        seed=0,
        mean=none,
        standard_deviation=none,
        examples=none[:, None],
        mean_shift=shift,
        deviation_shift=shift,
    )


def test_exponents_of_known_distances():
    widths = np.array([8, 16, 32, 64, 128])
    for power in (-1.0, -0.5):
        distance = 3.0 * widths**power * np.exp(0.7 * widths**power)
        noise = rng_normal(power, (400, 5))
        found = []
        for row in noise:
            squared = (distance * (1 + 0.05 * row)) ** 2
            band = band_of(widths, shift_of(squared, 0.1 * squared))
            found.append(band.exponent("mean", correction=-power))
        found, errors = np.array(found).T
        np.testing.assert_allclose(errors, errors[0], rtol=1e-12)
        assert_within(found.mean(), power, errors[0] / 20)
        ratio = found.var(ddof=1) / errors[0] ** 2  # chi-squared over 399
        assert_within(ratio, 1.0, math.sqrt(2 / 399))
    plain = band_of(widths, shift_of(4.0 / widths**2, 0.1 / widths**2)).exponent()
    assert plain[0] == pytest.approx(-1.0)


def rng_normal(power, shape):
    from priorvol import rng

    return rng.generator(0, f"exponents {power}").normal(size=shape)


def test_bad_input_is_refused():
    how = {"steps": 3, "n_jobs": 1, "progress": False, "learning_rate": 0.3}
    with pytest.raises(ValueError, match="needs hidden layers"):
        training_band(Task(Architecture(2), PRIOR, CIRCLE), S, [4], **how)
    with pytest.raises(ValueError, match="infinite"):
        training_band(Task(Architecture(2, (4,)), PRIOR, CIRCLE), S, [4], **how)
    for widths in ([], "8", 8):
        with pytest.raises(ValueError, match="widths must be a sequence"):
            training_band(wide("erf"), S, widths, **how)
    with pytest.raises(ValueError, match="width must be"):
        training_band(wide("erf"), S, [0], **how)
    with pytest.raises(ValueError, match="n_networks must be"):
        training_band(wide("erf"), S, [4], n_networks=2, **how)
    with pytest.raises(ValueError, match="steps must be finite|steps must be an integer"):
        training_band(wide("erf"), S, [4], **how | {"steps": math.inf})
    with pytest.raises(ValueError, match="gradient descent diverges"):
        training_band(wide("erf"), S, [4], **how | {"learning_rate": 9.0})
    band = band_of([4, 8], shift_of([1.0, 0.1], [0.1, 0.06]))
    with pytest.raises(ValueError, match="do not tell the mean at width 8 from"):
        band.exponent()
    with pytest.raises(ValueError, match="2 widths from 8 on are needed"):
        band.exponent(from_width=8)
    with pytest.raises(ValueError, match="statistic must be one of"):
        band.exponent("median")
    with pytest.raises(ValueError, match="correction must be"):
        band.exponent(correction=0.0)
