"""Kernels of the orthant estimator against NumPy, SciPy and quadrature."""

import mpmath as mp
import numpy as np
import pytest
from orthant_truths import three_log_p
from scipy import integrate, special, stats

from priorvol._kernels import doubles, normal, orthants, singular_orthants, tilting, whitened
from priorvol._kernels import expectation_propagation as ep
from priorvol._kernels.orthants import LANES, WORK
from priorvol.estimators.mixture import lattice_generator

ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


def some_law(m, seed=0, mean=0.3):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((m, 2 * m))
    k = a @ a.T + 2.0
    d = np.sqrt(np.diag(k))
    return k / np.outer(d, d), mean * rng.standard_normal(m)


def guides_of(k, mean, seed=0):
    """Return both guides with EP's sites and some tilt."""
    m = len(mean)
    _, tau, nu, _, _, _, _ = ep.propagate(k, mean, np.zeros(m), 1.0, 50, 1e-6)
    order = np.random.default_rng(seed).permutation(m)
    factor, rank = orthants.lower_factor(k, order)
    assert rank == m
    rows, coefficients, usable = orthants.from_sites(factor, mean, tau, nu, order)
    assert usable
    shift = np.random.default_rng(seed).normal(0, 0.5, m)
    tilt = (factor, orthants.from_tilt(factor, mean, order, shift), order)
    return (rows, coefficients, order), tilt, (tau, nu, shift)


def follow(guide, draw, points, h):
    m = len(h)
    density, half, steps = np.empty(LANES), np.empty(LANES), np.empty((m, LANES))
    orthants.follow(*guide, draw, points, h, density, half, steps, np.empty(WORK))
    return density, half


# --- linear algebra


def test_add_rows():
    rng = np.random.default_rng(0)
    for count in (0, 1, 7, 8, 21):
        row, factors, rows = rng.normal(size=33), rng.normal(size=21), rng.normal(size=(21, 33))
        expected = row + factors[:count] @ rows[:count]
        expected[:3] = row[:3]
        doubles.add_rows(row, factors, rows, count, 3)
        np.testing.assert_allclose(row, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("m", [1, 5, 40, 200])
def test_factors_and_solutions(m):
    k, _ = some_law(m)
    upper, rank = doubles.upper_factor(k)
    assert rank == m
    np.testing.assert_allclose(upper, np.linalg.cholesky(k).T, rtol=0, atol=1e-12)
    right = np.random.default_rng(1).normal(size=(m, m + 3))
    solved = right.copy()
    doubles.solve_transposed(upper, solved)
    np.testing.assert_allclose(upper.T @ solved, right, rtol=0, atol=1e-11)


def test_the_factor_stops_at_the_rank():
    a = np.random.default_rng(0).normal(size=(6, 3))
    k = a @ a.T
    k[3, 3] -= 1e-9  # now it is not even positive semidefinite
    assert doubles.upper_factor(k)[1] <= 3


# --- expectation propagation


@pytest.mark.parametrize("m", [1, 3, 40])
def test_posterior_is_that_of_the_dense_formula(m):
    k, mean = some_law(m)
    rng = np.random.default_rng(2)
    tau, nu = rng.exponential(2, m), rng.normal(size=m)
    sigma, mu, half = ep.posterior(k, mean, tau, nu)
    precision = np.linalg.inv(k) + np.diag(tau)
    np.testing.assert_allclose(sigma, np.linalg.inv(precision), rtol=0, atol=1e-11)
    expected = np.linalg.solve(precision, np.linalg.solve(k, mean) + nu)
    np.testing.assert_allclose(mu, expected, rtol=0, atol=1e-10)
    b = np.eye(m) + np.sqrt(np.outer(tau, tau)) * k
    assert half == pytest.approx(np.linalg.slogdet(b)[1] / 2, rel=1e-12)


def test_a_sweep_keeps_the_posterior_up_to_date():
    k, mean = some_law(37)
    sigma, mu, tau, nu = k.copy(), mean.copy(), np.zeros(37), np.zeros(37)
    for _ in range(3):
        ep.sweep(sigma, mu, tau, nu, np.zeros(37), 1.0)
        fresh_sigma, fresh_mu, _ = ep.posterior(k, mean, tau, nu)
        np.testing.assert_allclose(sigma, fresh_sigma, rtol=0, atol=1e-11)
        np.testing.assert_allclose(mu, fresh_mu, rtol=0, atol=1e-10)


# --- guides


def test_the_sites_guide_is_the_dense_posterior():
    k, mean = some_law(12)
    (rows, coefficients, order), _, (tau, nu, _) = guides_of(k, mean)
    sigma, mu, _ = ep.posterior(k, mean, tau, nu)
    np.testing.assert_allclose(rows @ rows.T, sigma[np.ix_(order, order)], rtol=0, atol=1e-12)
    np.testing.assert_allclose(coefficients[:, orthants.OFFSET], mu[order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("which", [0, 1])
def test_draws_and_densities_against_scipy(which):
    m = 9
    k, mean = some_law(m)
    guide = guides_of(k, mean)[which]
    tau, nu, shift = guides_of(k, mean)[2]
    rows, coefficients, order = guide
    points = np.random.default_rng(3).uniform(size=(m, LANES))
    points[0, 0], points[1, 1], points[2, 2] = 1e-15, 1 - 1e-15, 0.5
    h = np.full((m, LANES), np.nan)
    density, half = follow(guide, True, points, h)
    for t in range(LANES):
        e, expected = np.zeros(m), 0.0
        for j in range(m):
            o = order[j]
            centre = coefficients[j, orthants.OFFSET] + rows[j, :j] @ e[:j]
            s = rows[j, j] ** 2
            if which == 0:  # divide the site out
                v = 1 / (1 / s - tau[o])
                a = v * (centre / s - nu[o])
            else:
                v, a = s, centre + shift[j] * rows[j, j]
            r = a / np.sqrt(v)
            y = -special.ndtri_exp(np.log(points[j, t]) + special.log_ndtr(r))
            assert h[o, t] == pytest.approx(a + np.sqrt(v) * y, rel=1e-6, abs=1e-12)
            e[j] = (h[o, t] - centre) / rows[j, j]
            expected += stats.norm.logpdf(h[o, t], a, np.sqrt(v)) - special.log_ndtr(r)
        assert density[t] == pytest.approx(expected + m * ROOT_TWO_PI, abs=1e-9)
        assert half[t] == pytest.approx(e @ e / 2, rel=1e-9)
    assert (h >= 0).all()
    again, same = follow(guide, False, points, h)
    np.testing.assert_allclose(again, density, rtol=0, atol=1e-9)
    np.testing.assert_allclose(same, half, rtol=1e-9)


def test_the_tilt_guide_knows_the_prior():
    m = 10
    k, mean = some_law(m)
    _, tilt, _ = guides_of(k, mean)
    h = np.random.default_rng(4).exponential(size=(m, LANES))
    _, half = follow(tilt, False, h, h)
    log_p = -half - np.log(np.diag(tilt[0])).sum() - m * ROOT_TWO_PI
    expected = stats.multivariate_normal(mean, k).logpdf(h.T)
    np.testing.assert_allclose(log_p, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("distance", [3.0, 6.0, 9.0, 30.0, 1e3, 1e6])
def test_draws_far_out(distance):
    """One output whose mean is far below 0: uniform numbers come back as its tail's."""
    order = np.array([0])
    one = np.ones((1, 1))
    guide = (one, orthants.from_tilt(one, np.array([-distance]), order, np.zeros(1)), order)
    points = np.linspace(1e-9, 1 - 1e-9, LANES)[None]
    h = np.empty((1, LANES))
    density, half = follow(guide, True, points, h)
    r = -distance
    if distance < 100:
        tail = special.log_ndtr(r - h[0]) - special.log_ndtr(r)
        np.testing.assert_allclose(np.exp(tail), points[0], rtol=1e-9 + 1e-15 * distance**2)
    else:  # exponential, up to 1 / distance^2
        expected = -np.log(points[0]) / distance
        np.testing.assert_allclose(h[0], expected, rtol=60 / distance**2 + 1e-9)
    weight = -half - density  # the log of Phi(r): the density carries it
    exact = special.log_ndtr(r)
    np.testing.assert_allclose(weight, exact, rtol=1e-12, atol=1e-9 + 1e-15 * distance**2)


def test_draws_fill_the_uniform_numbers_of_the_quantile():
    """Kolmogorov-Smirnov on the draws of one output, p above 0.001."""
    order, one = np.array([0]), np.ones((1, 1))
    for mean in (-7.0, -1.0, 0.0, 2.0, 9.0):
        guide = (one, orthants.from_tilt(one, np.array([mean]), order, np.zeros(1)), order)
        rng, drawn, h = np.random.default_rng(5), [], np.empty((1, LANES))
        for _ in range(200):
            follow(guide, True, rng.uniform(size=(1, LANES)), h)
            drawn.append(h[0].copy())
        law = stats.truncnorm(-mean, np.inf, loc=mean)
        assert stats.kstest(np.concatenate(drawn), law.cdf).pvalue > 0.001


def test_mixture_weights():
    """Weights are the prior over the mixture; their mean is P, by quadrature."""
    k, mean = np.array([[1.0, -0.6], [-0.6, 1.0]]), np.array([0.2, -0.4])
    sites, tilt, _ = guides_of(k, mean)
    blocks = np.array([300, 500])
    n = LANES * blocks.sum()
    weights, ratios, draws = np.empty(n), np.empty(n), np.empty((n, 2))
    shifts = np.random.default_rng(0).random((2, 2))
    start = np.zeros(2, dtype=np.int64)
    generator = np.sqrt([2.0, 3.0])
    orthants.mix(sites, tilt, 0.375, generator, shifts, start, blocks, weights, ratios, draws)
    law = stats.multivariate_normal(mean, k)
    one, _ = follow(sites, False, draws[:LANES].T, np.ascontiguousarray(draws[:LANES].T))
    two, _ = follow(tilt, False, draws[:LANES].T, np.ascontiguousarray(draws[:LANES].T))
    np.testing.assert_allclose(ratios[:LANES], one - two, atol=1e-10)
    mixture = np.log(0.375 * np.exp(one) + 0.625 * np.exp(two)) - 2 * ROOT_TWO_PI
    np.testing.assert_allclose(weights[:LANES], law.logpdf(draws[:LANES]) - mixture, atol=1e-10)
    exact = integrate.dblquad(lambda x, y: law.pdf([x, y]), 0, 8, 0, 8, epsabs=1e-12)[0]
    spread = np.exp(weights).std() / np.sqrt(n)  # of independent points: lattices do better
    assert abs(np.exp(weights).mean() - exact) < 5 * spread
    # resampled by weight, draws follow the prior above 0
    inside = integrate.dblquad(lambda x, y: y * law.pdf([x, y]), 0, 8, 0, 8, epsabs=1e-12)[0]
    share = np.exp(weights) / np.exp(weights).sum()
    assert share @ draws[:, 1] == pytest.approx(inside / exact, abs=5 * spread)


def test_lattice_points_are_uniform():
    points = np.empty((3, LANES))
    generator, shift = np.sqrt([2.0, 3.0, 5.0]), np.array([0.1, 0.99, 0.5])
    every = []
    for block in range(100):
        orthants.lattice_points(points, generator, shift, LANES * block)
        every.append(points.T.copy())
    u = np.concatenate(every)
    assert ((u > 0) & (u < 1)).all()
    for j in range(3):
        assert np.abs(np.sort(u[:, j]) - (np.arange(len(u)) + 0.5) / len(u)).max() < 0.01
    index = np.arange(1, len(u) + 1)
    np.testing.assert_allclose(u[:, 0], np.abs(2 * ((0.1 + index * np.sqrt(2)) % 1) - 1), atol=1e-9)


# --- order and tilt


def psi_of(factor, mean, x, mu):
    """Botev's psi, by its definition."""
    total = 0.0
    for k in range(len(mean)):
        low = -(mean[k] + factor[k, :k] @ x[:k]) / factor[k, k]
        total += mu[k] ** 2 / 2 - x[k] * mu[k] + special.log_ndtr(mu[k] - low)
    return total


@pytest.mark.parametrize("m", [1, 2, 8, 60])
@pytest.mark.parametrize("mean", [0.0, 1.5])
def test_the_tilt_is_the_saddle_point(m, mean):
    k, mean = some_law(m, mean=mean)
    factor, _ = orthants.lower_factor(k, np.arange(m))
    start = np.linalg.solve(factor, 1.0 - mean)
    mu, psi, gain, steps, sites = tilting.minimax_tilt(factor, mean, start, 100, 1e-12)
    assert gain <= 1e-12 and steps < 30
    # where mu is the minimum, x follows step by step: psi is convex in mu
    x, slopes = np.zeros(m), np.zeros(m)
    for j in range(m):
        y = mu[j] + (mean[j] + factor[j, :j] @ x[:j]) / factor[j, j]
        slopes[j] = normal.hazard(y)
        x[j] = mu[j] + slopes[j]
    assert psi_of(factor, mean, x, mu) == pytest.approx(psi, abs=1e-9)
    # and there psi, concave in x, has its maximum
    gradient = -mu + (np.tril(factor, -1) / np.diag(factor)[:, None]).T @ slopes
    np.testing.assert_allclose(gradient, 0.0, atol=1e-5)
    rng = np.random.default_rng(0)
    for step in (0.01, 1.0):
        for _ in range(20):
            other = rng.normal(0, step, m)
            assert psi_of(factor, mean, x, mu + other) >= psi - 1e-9
            assert psi_of(factor, mean, x + other, mu) <= psi + 1e-5 * step


def test_no_weight_of_the_tilted_guide_is_above_psi():
    m = 20
    k, mean = some_law(m)
    order = tilting.greedy_order(k, mean)
    factor, _ = orthants.lower_factor(k, order)
    start = np.linalg.solve(factor, 1.0 - mean[order])
    mu, psi = tilting.minimax_tilt(factor, mean[order], start, 100, 1e-12)[:2]
    guide = (factor, orthants.from_tilt(factor, mean, order, mu), order)
    rng, h, largest = np.random.default_rng(0), np.empty((m, LANES)), -np.inf
    for _ in range(500):
        density, half = follow(guide, True, rng.uniform(size=(m, LANES)), h)
        largest = max(largest, (-half - np.log(np.diag(factor)).sum() - density).max())
    assert psi - 3.0 < largest <= psi + 1e-9


def test_mean_to_shift():
    for d in (1e-6, 0.01, 0.3, 0.8, 1.0, 5.0, 40.0):
        y = tilting.mean_to_shift(d)
        assert normal.moments(y)[1] == pytest.approx(d, rel=1e-12)


def test_the_greedy_order_puts_the_least_probable_first():
    k, mean = np.eye(4), np.array([0.3, -1.0, 2.0, -0.5])
    assert tilting.greedy_order(k, mean).tolist() == [1, 3, 0, 2]
    k, mean = some_law(10)
    assert sorted(tilting.greedy_order(k, mean)) == list(range(10))


# --- singular laws


def test_pivoted_factor():
    a = np.random.default_rng(0).normal(size=(9, 4))
    k = a @ a.T
    factor, pivots, rank = singular_orthants.pivoted_factor(k, 1e-12)
    assert rank == 4 and len(set(pivots[:4].tolist())) == 4
    np.testing.assert_allclose(factor @ factor.T, k, rtol=0, atol=1e-12)
    assert not factor[:, 4:].any()
    assert (np.triu(factor[pivots[:4], :4], 1) == 0).all()


INTERVALS = [
    (-np.inf, 0.3),
    (-1.0, 2.0),
    (0.5, 0.6),
    (-8.0, -7.0),
    (6.0, np.inf),
    (35.0, 36.0),
    (-50.0, -45.0),
    (2.0, 2.0 + 1e-7),
    (-np.inf, np.inf),
]


@pytest.mark.parametrize(("low", "high"), INTERVALS)
def test_intervals(low, high):
    with mp.workdps(60):
        ends = sorted((-low, -high) if high < 0 else (low, high))
        mass = (mp.erfc(ends[0] / mp.sqrt(2)) - mp.erfc(ends[1] / mp.sqrt(2))) / 2
        assert mass > 0
        exact = float(mp.log(mass))
    rounding = 1e-15 * (1 + min(abs(low), abs(high), 1e3) ** 2) / min(high - low, 1.0)
    found = singular_orthants.log_interval(low, high)
    assert found == pytest.approx(exact, abs=1e-12 + 10 * rounding)
    previous = -np.inf
    for u in (1e-12, 0.1, 0.5, 0.9, 1 - 1e-12):
        x = singular_orthants.draw_interval(low, high, u)
        assert low <= x <= high and x > previous - 1e-12
        previous = x
        if not (low > 0 or high < 0):
            share = np.exp(singular_orthants.log_interval(low, x) - exact)
            assert share == pytest.approx(u, abs=1e-9)
    shift = singular_orthants.interval_shift(low, high, 0.5 * (max(low, -60) + min(high, 60)))
    mean = singular_orthants.interval_mean(low, high, shift)
    assert mean == pytest.approx(0.5 * (max(low, -60) + min(high, 60)), rel=1e-6, abs=1e-6)


def test_empty_intervals():
    assert singular_orthants.log_interval(1.0, 1.0) == -np.inf
    assert singular_orthants.log_interval(2.0, -2.0) == -np.inf


@pytest.mark.parametrize("mean", [0.0, -12.0])
def test_mixture_weights_of_intervals(mean):
    """Step by step in SciPy's numbers, one draw after another; ends on one side and on both."""
    rng = np.random.default_rng(3)
    r, first = 4, np.array([0, 2, 3, 5, 8])
    matrix = np.zeros((8, r))
    for j in range(r):
        matrix[first[j] : first[j + 1], : j + 1] = rng.normal(size=(first[j + 1] - first[j], j + 1))
    matrix[0, 0], matrix[1, 0] = 1.0, -0.1
    matrix[2:, 0] *= 0.1
    centre, shifts = 0.2 * rng.normal(size=r), 0.3 * rng.normal(size=r)
    means = np.full(8, 3.0)
    means[0] = mean + 2.0
    tau, nu = rng.exponential(0.1, 8), 0.1 * rng.normal(size=8)
    rows, precision = np.tril(rng.normal(size=(r, r)), -1), 1.5 + rng.exponential(1, r)
    guide = centre, rows, precision, shifts
    generator, shift, number = np.sqrt([2.0, 3.0, 5.0, 7.0]), rng.random((2, r)), 4 * LANES
    logs = np.empty(number)
    singular_orthants.mix_intervals(
        means, matrix, first, tau, nu, *guide, number, generator, shift, logs
    )
    seen = 0
    for t in range(number):
        which, point = divmod(t, number // 2)
        x, one, two = np.zeros(r), 0.0, 0.0
        for j in range(r):
            group = slice(first[j], first[j + 1])
            c, a = means[group] + matrix[group, :j] @ x[:j], matrix[group, j]
            low = max((-c / a)[a > 0], default=-np.inf)
            high = min((-c / a)[a < 0], default=np.inf)
            if low >= high:
                break
            m = centre[j] - rows[j, :j] @ (x[:j] - centre[:j])
            curve = max(precision[j] - tau[group] @ a**2, 1.0)
            m += (a * (tau[group] * (c + a * m) - nu[group])).sum() / curve
            ones = stats.truncnorm(
                (low - m) * curve**0.5, (high - m) * curve**0.5, loc=m, scale=curve**-0.5
            )
            twos = stats.truncnorm(low - shifts[j], high - shifts[j], loc=shifts[j])
            u = abs(2.0 * ((shift[which, j] + generator[j] * (point + 1)) % 1.0) - 1.0)
            x[j] = (ones, twos)[which].ppf(u)
            one, two = one + ones.logpdf(x[j]), two + twos.logpdf(x[j])
        else:
            expected = stats.norm.logpdf(x).sum() - np.logaddexp(one, two) + np.log(2.0)
            assert logs[t] == pytest.approx(expected, abs=1e-6)
            seen += 1
            continue
        assert logs[t] == -np.inf
    assert seen > 10


def test_many_small_masses_do_not_underflow():
    """Twenty independent outputs; the mass of every step of the second guide is 1e-137."""
    r, number, far = 20, 2 * LANES, -25.0
    zero, one, shift = np.zeros(r), np.ones(r), np.random.default_rng(0).random((2, r))
    generator, logs = lattice_generator(r), np.empty(number)
    singular_orthants.mix_intervals(
        *(zero, np.eye(r), np.arange(r + 1), zero, zero, zero, np.zeros((r, r)), one),
        *(far * one, number, generator, shift, logs),
    )
    point = np.arange(1, LANES + 1)[:, None]
    for which in range(2):
        u = np.abs(2.0 * ((shift[which] + generator * point) % 1.0) - 1.0)
        tail = stats.norm.sf(-far)
        x = stats.halfnorm.ppf(u) if which == 0 else stats.norm.isf((1.0 - u) * tail) + far
        prior, first = stats.norm.logpdf(x).sum(axis=1), stats.halfnorm.logpdf(x).sum(axis=1)
        second = (stats.norm.logpdf(x - far) - np.log(tail)).sum(axis=1)
        expected = prior - np.logaddexp(first, second) + np.log(2.0)
        np.testing.assert_allclose(logs[which * LANES :][:LANES], expected, rtol=1e-7)


# --- whitened coordinates


@pytest.mark.parametrize("m", [1, 3, 40])
def test_the_whitened_posterior_is_that_of_the_dense_formula(m):
    k, mean = some_law(m)
    rng = np.random.default_rng(2)
    tau, nu = rng.exponential(2, m), rng.normal(size=m)
    factor, _ = orthants.lower_factor(k, np.arange(m))
    rows, root, centre, half, usable = whitened.whitened_posterior(factor, mean, tau, nu)
    sigma, mu, expected = ep.posterior(k, mean, tau, nu)
    assert usable and half == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(rows @ rows.T, sigma, rtol=0, atol=1e-11)
    np.testing.assert_allclose(mean + factor @ centre, mu, rtol=0, atol=1e-10)
    np.testing.assert_allclose(factor @ root, rows, rtol=0, atol=1e-12)
    assert (np.triu(root, 1) == 0).all()
    np.testing.assert_allclose(whitened.inverse_lower(factor) @ factor, np.eye(m), atol=1e-11)


def test_the_whitened_posterior_of_a_thin_law_has_all_its_digits():
    """Condition 1e24, sites as sharp: against 60 digits."""
    e = 1e-6
    factor = np.array([[1.0, 0.0, 0.0], [-1.0, e, 0.0], [0.0, -1.0, e]])
    tau, nu = np.array([3 / e**4, 2 / e**4, 1 / e**2]), np.array([2 / e**2, 1 / e**2, 3 / e])
    rows, _, centre, half, _ = whitened.whitened_posterior(factor, np.zeros(3), tau, nu)
    with mp.workdps(60):
        low = mp.matrix(factor.tolist())
        precision = mp.eye(3) + low.T * mp.diag(tau.tolist()) * low
        covariance = low * precision**-1 * low.T
        x = precision**-1 * (low.T * mp.matrix(nu.tolist()))
        exact = np.array([[float(covariance[i, j]) for j in range(3)] for i in range(3)])
        assert half == pytest.approx(float(mp.log(mp.det(precision)) / 2), rel=1e-13)
        np.testing.assert_allclose(centre, [float(value) for value in x], rtol=1e-9)
    np.testing.assert_allclose(np.diag(rows @ rows.T), np.diag(exact), rtol=1e-9)


def test_whitened_ep_is_ep():
    k, mean = some_law(20)
    log_z, tau, nu, _, _, _, _ = ep.propagate(k, mean, np.zeros(20), 0.9, 100, 1e-10)
    factor, _ = orthants.lower_factor(k, np.arange(20))
    start = np.linalg.solve(factor, 1.0 - mean)
    sites = tilting.minimax_tilt(factor, mean, start, 100, 1e-12)[4]
    again = whitened.propagate_whitened(factor, mean, *sites, 0.9, 100, 1e-10)
    assert again[0] == pytest.approx(log_z, abs=1e-8) and again[4] < 1e-10
    np.testing.assert_allclose(again[1], tau, rtol=1e-6)
    np.testing.assert_allclose(again[2], nu, rtol=1e-6)


def test_sensitivity_to_entries():
    """EP's log Z is stationary in its sites, so that G below is its whole derivative in K."""
    m = 6
    k, mean = some_law(m)

    def log_z(matrix):
        return ep.propagate(matrix, mean, np.zeros(m), 0.9, 300, 1e-13)

    _, tau, nu, sigma, mu, _, _ = log_z(k)
    inverse = np.linalg.inv(k)
    g = 0.5 * inverse @ (sigma + np.outer(mu - mean, mu - mean) - k) @ inverse
    change = np.random.default_rng(0).normal(size=(m, m))
    change = 1e-5 * (change + change.T)
    slope = (log_z(k + change)[0] - log_z(k - change)[0]) / 2
    assert slope == pytest.approx((g * change).sum(), rel=1e-6)
    factor, _ = orthants.lower_factor(k, np.arange(m))
    _, root, centre, _, _ = whitened.whitened_posterior(factor, mean, tau, nu)
    found = whitened.entry_sensitivity(whitened.inverse_lower(factor), root, centre)
    assert found == pytest.approx(np.abs(g).sum(), rel=1e-9)


@pytest.mark.parametrize("e", [1.0, 1e-2, 1e-4, 1e-6])
def test_the_tilt_of_a_thin_law(e):
    """Newton's method from far away; psi is above log P, by no more than where e is 1, or so."""
    factor = np.array([[1.0, 0.0, 0.0], [-1.0, e, 0.0], [0.0, -1.0, e]])
    start = np.array([0.5, 1.0 / e, 2.0 / e**2])
    _, psi, gain, steps, sites = tilting.minimax_tilt(factor, np.zeros(3), start, 200, 1e-9)
    assert gain <= 1e-9 and steps < 100 and (sites > 0).all()
    assert 0.0 < psi - three_log_p(factor) < 0.5
