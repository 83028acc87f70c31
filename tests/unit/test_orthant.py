"""Orthant probabilities: closed forms, SciPy, brute force, sums to 1, invariances, bad input."""

import math

import numpy as np
import pytest
from agreement import assert_within
from orthant_truths import factor_log_p, three_log_p, tree
from scipy import stats

from priorvol import Architecture, Prior, Task
from priorvol.estimators import orthant
from priorvol.estimators.mixture import lattice_generator
from priorvol.estimators.orthant import orthant_probabilities, orthant_probability
from priorvol.estimators.tilting import guides
from priorvol.gaussian import GaussianLaw
from priorvol.infinite.covariance import output_law
from priorvol.inputs import boolean_cube


def relu_kernel(points, depth, sigma_b):
    """The NNGP of ReLU layers with sigma_w = 1, by the arc-cosine formula."""
    k = sigma_b**2 + points @ points.T / points.shape[1]
    for _ in range(depth):
        d = np.sqrt(np.diag(k))
        angle = np.arccos(np.clip(k / np.outer(d, d), -1, 1))
        np.fill_diagonal(angle, 0.0)
        k = np.outer(d, d) * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
        k += sigma_b**2
    return k


def cube(n, encoding):
    return boolean_cube(n, encoding).values


def all_signs(k):
    return np.where((np.arange(2**k)[:, None] >> np.arange(k)) & 1, 1, -1)


# --- exact answers


@pytest.mark.parametrize("mean", [0.0, -3.0, 40.0, -40.0])
def test_one_output_is_exact(mean):
    found = orthant_probability(GaussianLaw([[4.0]], [mean]), [1])
    assert found.is_exact and found.standard_error == 0
    assert found.log_p == pytest.approx(stats.norm.logcdf(mean / 2), rel=1e-13)


@pytest.mark.parametrize("rho", [-1 + 1e-9, -0.5, 0.0, 0.5, 1 - 1e-9])
@pytest.mark.parametrize("signs", [(1, 1), (1, -1), (-1, -1)])
def test_two_outputs_are_exact(rho, signs):
    found = orthant_probability(GaussianLaw([[4.0, 2 * rho], [2 * rho, 1.0]]), signs)
    turned = rho * signs[0] * signs[1]
    assert found.is_exact and found.standard_error == 0
    exact = 0.25 + math.asin(turned) / (2 * math.pi)
    assert found.p == pytest.approx(exact, abs=2e-16)
    # small ones too: angle = 2 arctan sqrt((1 + r) / (1 - r))
    angle = 2 * math.atan(math.sqrt((1 + turned) / (1 - turned)))
    assert found.p == pytest.approx(angle / (2 * math.pi), rel=1e-12)


def test_independent_outputs_have_almost_no_error():
    rng = np.random.default_rng(0)
    mean, signs = rng.normal(size=60), rng.choice([-1, 1], 60)
    found = orthant_probability(GaussianLaw(np.eye(60), mean), signs)
    exact = stats.norm.logcdf(signs * mean).sum()
    assert found.log_p == pytest.approx(exact, rel=1e-12)
    assert found.standard_error < 1e-9 and found.low <= exact <= found.high


# --- other libraries and brute force


@pytest.mark.parametrize("m", [3, 4, 5, 6])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_against_scipy(m, shift):
    rng = np.random.default_rng(m)
    a = rng.standard_normal((m, m + 1))
    covariance, mean, signs = a @ a.T, shift * rng.normal(size=m), rng.choice([-1, 1], m)
    found = orthant_probability(GaussianLaw(covariance, mean), signs, relative_error=0.001)
    turned = covariance * np.outer(signs, signs)
    scipys, again = (
        stats.multivariate_normal.cdf(
            np.zeros(m), -signs * mean, turned, maxpts=10**5, abseps=1e-9, releps=1e-5, rng=seed
        )
        for seed in (0, 1)
    )
    scatter = abs(again - scipys)
    error = np.hypot(found.standard_error, (scatter + 2e-5 * scipys) / scipys)
    assert found.converged
    assert_within(found.log_p, np.log(scipys), error)


@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_brute_force_at_32_inputs(encoding):
    law = GaussianLaw(relu_kernel(cube(5, encoding), 2, 1.0))
    factor = np.linalg.cholesky(law.covariance)
    draws = np.random.default_rng(1).standard_normal((300_000, 32)) @ factor.T > 0
    rows, counts = np.unique(np.packbits(draws, axis=1), axis=0, return_counts=True)
    top = np.argsort(-counts)[:12]
    signs = np.where(np.unpackbits(rows[top], axis=1), 1, -1)
    found = orthant_probabilities(law, signs, relative_error=0.002)
    log_p = [e.log_p for e in found]
    share = counts[top] / len(draws)
    error = np.hypot([e.standard_error for e in found], np.sqrt((1 / share - 1) / len(draws)))
    assert_within(log_p, np.log(share), error)
    assert all(e.converged for e in found)


@pytest.mark.parametrize("encoding", ["01", "pm1"])
@pytest.mark.parametrize("n", [2, 3])
def test_all_functions_sum_to_one(n, encoding):
    law = GaussianLaw(relu_kernel(cube(n, encoding), 2, 1.0))
    found = orthant_probabilities(law, all_signs(2**n), relative_error=0.01, seed=3)
    p = np.array([e.p for e in found])
    error = np.sqrt(sum((e.p * e.standard_error) ** 2 for e in found))
    assert_within(p.sum(), 1.0, error)
    assert error < 0.005
    # negation: P(f) = P(not f), by draws of their own
    assert_within(np.log(p), np.log(p[::-1]), 0.0145)


def test_all_functions_of_a_law_with_a_mean_sum_to_one():
    law = GaussianLaw(relu_kernel(cube(3, "01"), 1, 1.0), np.linspace(-1, 1, 8))
    found = orthant_probabilities(law, all_signs(8), relative_error=0.01)
    error = np.sqrt(sum((e.p * e.standard_error) ** 2 for e in found))
    assert_within(sum(e.p for e in found), 1.0, error)


# --- singular and ill-conditioned laws


@pytest.mark.parametrize("n", [3, 5, 7])
def test_the_perceptron_has_the_constant_one_in_a_share_of_2_to_the_minus_n(n):
    """All weights positive, up to sums: f = 1 on all inputs but 0 iff every weight is positive."""
    law = GaussianLaw(cube(n, "01") @ cube(n, "01").T / n).reduced
    signs, possible = law.orthants(["0" + "1" * (2**n - 1)])
    assert possible.all()
    found = orthant_probability(law.law, signs[0])
    assert found.converged and found.diagnostics["rank"] == n
    assert_within(found.log_p, -n * math.log(2), found.standard_error)


def test_functions_of_the_perceptron_sum_to_one():
    """n = 3, no bias, {0,1}^3: 32 functions can be had; P(T = t) = 1 / 8 for t < 8."""
    law = GaussianLaw(cube(3, "01") @ cube(3, "01").T).reduced
    every = all_signs(8)
    bits = ["".join("1" if s > 0 else "0" for s in row) for row in every]
    signs, possible = law.orthants(bits)
    assert possible.sum() == 128  # f(0) = 0
    found = orthant_probabilities(law.law, signs[possible], relative_error=0.002)
    p = np.array([e.p for e in found])
    error = np.array([e.p * e.standard_error if e.p > 0 else 0.0 for e in found])
    assert (p > 0).sum() == 32
    assert all(e.high < math.log(1e-6) for e in found if e.p == 0)
    assert_within(p.sum(), 1.0, np.sqrt((error**2).sum()))
    ones = (every[possible] > 0).sum(axis=1)
    for t in range(8):
        chosen = ones == t
        assert_within(p[chosen].sum(), 1 / 8, np.sqrt((error[chosen] ** 2).sum()))


def test_one_hidden_layer_without_bias():
    """ReLU on {-1,+1}^4 without bias: more outputs than dimensions; against counted draws."""
    law = GaussianLaw(relu_kernel(cube(4, "pm1"), 1, 0.0)).reduced.law
    values, vectors = np.linalg.eigh(law.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rank = int((values > 1e-10).sum())
    assert rank < law.m
    draws = np.random.default_rng(2).standard_normal((400_000, law.m)) @ root.T > 0
    rows, counts = np.unique(np.packbits(draws, axis=1), axis=0, return_counts=True)
    top = np.argsort(-counts)[:8]
    signs = np.where(np.unpackbits(rows[top], axis=1)[:, : law.m], 1, -1)
    found = orthant_probabilities(law, signs)
    share = counts[top] / len(draws)
    error = np.hypot([e.standard_error for e in found], np.sqrt((1 / share - 1) / len(draws)))
    assert_within([e.log_p for e in found], np.log(share), error)
    assert {e.diagnostics["rank"] for e in found} == {rank}


def test_signs_that_cannot_be_had():
    found = orthant_probability(GaussianLaw([[1, 0, 1], [0, 1, 1], [1, 1, 2.0]]), [1, 1, -1])
    # 0, if h3 = h1 + h2 exactly: a covariance in double precision cannot say that
    assert found.log_p == found.low == -math.inf and not found.converged
    assert -50 < found.high < math.log(1e-10) and "0 if" in found.diagnostics["advice"]
    # a mean makes them possible: h3 = h1 + h2 - 1
    law = GaussianLaw([[1, 0, 1], [0, 1, 1], [1, 1, 2.0]], [0, 0, -1])
    found = orthant_probability(law, [1, 1, -1])
    x = np.linspace(0, 1, 2001)
    inside = (stats.norm.cdf(1 - x) - 0.5) * stats.norm.pdf(x)
    exact = np.trapezoid(inside, x)
    assert_within(found.log_p, np.log(exact), np.hypot(found.standard_error, 1e-6))


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6])
def test_nearly_the_same_output(distance):
    """Two outputs so near that signs between them are rare, among others; condition 1 / distance^2.

    A chain: three outputs and a near copy of the second.
    """
    rho, r = 0.6, math.sqrt(1 - distance**2)
    chain = np.array([1.0, rho, rho, rho**2])
    covariance = np.array(
        [
            [1, rho, rho * r, rho**2 * r],
            [rho, 1, r, rho * r],
            [rho * r, r, 1, rho],
            [rho**2 * r, rho * r, rho, 1],
        ]
    )
    assert chain[1] == rho
    near = orthant_probability(GaussianLaw(covariance), [1, 1, 1, 1])
    apart = orthant_probability(GaussianLaw(covariance), [1, 1, -1, 1])
    # as distance goes to 0: h2 = h3 = 0 in the limit, of density phi(0) times the chance that the
    # copies straddle 0, distance / pi sqrt(2 pi); given 0 the ends are independent halves
    limit = math.log(distance / (2 * math.pi) / 4)
    rounding = np.finfo(float).eps / distance**2
    assert_within(apart.log_p, limit, np.hypot(apart.standard_error, 2 * distance + rounding))
    assert near.converged and apart.converged
    three = covariance[np.ix_([0, 1, 3], [0, 1, 3])]
    angles = np.arcsin(three[np.triu_indices(3, 1)]).sum()
    exact = 0.125 + angles / (4 * math.pi)
    if distance < 1e-3:
        assert_within(near.log_p, math.log(exact), np.hypot(near.standard_error, 2 * distance))


# --- invariances, determinism, honesty


def test_permuting_and_scaling_change_nothing():
    rng = np.random.default_rng(7)
    covariance, mean, signs, log_p = tree(rng)
    k = len(signs)
    order, factor = rng.permutation(k), np.exp(rng.normal(size=k))
    moved = GaussianLaw(
        covariance[np.ix_(order, order)] * np.outer(factor, factor), mean[order] * factor
    )
    one = orthant_probability(GaussianLaw(covariance, mean), signs)
    other = orthant_probability(moved, signs[order])
    assert_within(one.log_p, log_p, one.standard_error)
    assert_within(other.log_p, log_p, other.standard_error)
    # scaling alone leaves the random numbers as they are
    scaled = GaussianLaw(covariance * np.outer(factor, factor), mean * factor)
    again = orthant_probability(scaled, signs)
    assert again.log_p == pytest.approx(one.log_p, abs=1e-6)


def test_the_same_seed_gives_the_same_bits_for_any_number_of_workers():
    law = GaussianLaw(relu_kernel(cube(4, "pm1"), 2, 1.0))
    signs = np.random.default_rng(0).choice([-1, 1], (6, 16))
    one, two = (orthant_probabilities(law, signs, n_jobs=jobs, seed=5) for jobs in (1, 2))
    alone = [orthant_probability(law, row, seed=5) for row in signs]
    other = orthant_probabilities(law, signs, seed=6)
    for a, b, c, d in zip(one, two, alone, other, strict=True):
        assert (a.log_p, a.low, a.high, a.n_samples) == (b.log_p, b.low, b.high, b.n_samples)
        assert a.log_p == c.log_p != d.log_p
        assert_within(a.log_p, d.log_p, math.hypot(a.standard_error, d.standard_error))


def test_a_small_budget_is_owned_up_to():
    law = GaussianLaw(relu_kernel(cube(6, "pm1"), 2, 1.0))
    signs = np.random.default_rng(0).choice([-1, 1], 64)
    found = orthant_probability(law, signs, relative_error=1e-4, max_samples=4096)
    assert not found.converged and found.n_samples <= 4096
    assert found.standard_error > 1e-4
    assert "max_samples" in found.diagnostics["advice"]
    better = orthant_probability(law, signs, relative_error=1e-3, max_samples=10**6)
    assert better.converged and better.standard_error <= 1e-3
    assert_within(
        found.log_p, better.log_p, math.hypot(found.standard_error, better.standard_error)
    )


def test_the_level_sets_the_interval():
    law, signs = GaussianLaw(0.5 + 0.5 * np.eye(5)), np.ones(5, dtype=int)
    wide, narrow = (orthant_probability(law, signs, level=level) for level in (0.99, 0.5))
    assert wide.log_p == narrow.log_p == pytest.approx(math.log(1 / 6), abs=0.03)
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    reach = stats.t(31).ppf(0.995) * wide.standard_error
    assert wide.high - wide.log_p == pytest.approx(reach, rel=1e-6)


def test_diagnostics():
    law = GaussianLaw(relu_kernel(cube(5, "01"), 2, 1.0))
    found = orthant_probability(law, np.ones(32, dtype=int), quantity="P(S)")
    about = found.diagnostics
    assert found.method == "orthant" and found.quantity == "P(S)" and found.seconds > 0
    assert about["rank"] == 32 and about["replicates"] == 32 and about["rounds"] >= 1
    assert 0 < about["effective_samples"] <= found.n_samples
    assert 1 / found.n_samples <= about["largest_weight_share"] < 0.05
    assert abs(about["ep_log_z"] - found.log_p) < 1 and about["ep_iterations"] > 1
    assert about["log_weight_bound"] > found.log_p
    assert math.exp(about["log_weight_bound"] - found.log_p) / found.n_samples >= (
        about["largest_weight_share"] * 0.999
    )


@pytest.mark.parametrize(("log10_p", "shift"), [(-30, -0.08), (-60, 0.26), (-97, 0.68)])
def test_improbable_functions(log10_p, shift):
    """128 correlated outputs against their means; truth by quadrature."""
    signs = np.random.default_rng(8).choice([-1, 1], 128)
    loadings = own = np.full(128, 0.7)
    mean = -shift * signs
    law = GaussianLaw(np.full((128, 128), 0.49) + 0.49 * np.eye(128), mean)
    exact = factor_log_p(loadings, own, mean, signs)
    assert abs(exact / math.log(10) - log10_p) < 5
    found = orthant_probability(law, signs)
    assert found.converged and found.standard_error <= 0.005
    assert_within(found.log_p, exact, found.standard_error)


def test_five_hundred_outputs():
    rng = np.random.default_rng(9)
    loadings, own = rng.normal(size=500), np.exp(rng.normal(0, 0.2, 500))
    signs = np.where(loadings * 0.7 + own * rng.normal(size=500) > 0, 1, -1)
    law = GaussianLaw(np.outer(loadings, loadings) + np.diag(own**2))
    found = orthant_probability(law, signs, relative_error=0.02)
    assert found.converged
    exact = factor_log_p(loadings, own, np.zeros(500), signs)
    assert_within(found.log_p, exact, found.standard_error)


@pytest.mark.parametrize("distance", [2e-7, 2e-8])
def test_a_law_between_singular_and_not_is_owned_up_to(distance):
    """Near copies: the variance that tells them apart is close to rounding, or lost in it."""
    rng = np.random.default_rng(1)
    a = rng.standard_normal((6, 6))
    near = a + distance * rng.standard_normal((6, 6))
    every = np.concatenate([a, near])
    every = np.concatenate([every, distance * rng.standard_normal((12, 6))], axis=1)
    law = GaussianLaw(every @ every.T)
    signs = np.where(every @ rng.standard_normal(12) > 0, 1, -1)
    assert (signs[:6] == signs[6:]).all()
    same, alone = (
        orthant_probability(law, signs),
        orthant_probability(law.restrict(range(6)), signs[:6]),
    )
    assert same.converged  # what tells the copies apart does not matter
    assert_within(same.log_p, alone.log_p, math.hypot(same.standard_error, alone.standard_error))
    signs[7] = -signs[1]
    apart = orthant_probability(law, signs)
    assert not apart.converged and apart.low == -math.inf
    assert "double precision" in apart.diagnostics["advice"]
    assert apart.high < alone.log_p + math.log(1e5 * distance)


@pytest.mark.parametrize(
    ("shape", "settled"),
    [
        (lambda e: [[1, 0, 0], [-1, e, 0], [0, -1, e]], 1e-3),
        (lambda e: [[1, 0, 0], [-1, e, 0], [1, -1, e]], 1e-3),
        (lambda e: [[1, 0, 0], [1, e, 0], [-1, -0.5 * e, e]], 1e-6),
        (lambda e: [[1, 0, 0], [0, 1, 0], [-1, -1, e]], 1e-5),
    ],
)
def test_thin_cones(shape, settled):
    """Solid angles of order e to e^3; the covariance has condition numbers up to 1 / e^4."""
    for power in range(1, 9):
        factor = np.array(shape(10.0**-power))
        exact = three_log_p(factor)
        found = orthant_probability(GaussianLaw(factor @ factor.T), [1, 1, 1])
        if 10.0**-power > 0.9 * settled:
            assert found.converged and found.standard_error <= 0.006
            assert_within(found.log_p, exact, found.standard_error)
        else:
            assert found.converged or "double precision" in found.diagnostics["advice"]
            assert found.low <= exact <= found.high


def test_parity_of_a_nearly_linear_network():
    """Erf, sigma_w = 0.1, sigma_b = 0.5, five inputs; the truth by 60 digits, and at 7 none."""
    task = Task(
        Architecture(5, (math.inf,), "erf"), Prior(sigma_w=0.1, sigma_b=0.5), boolean_cube(5, "pm1")
    )
    signs = np.array([1 if int(i).bit_count() % 2 else -1 for i in range(128)])
    found = orthant_probability(output_law(task), signs[:32])
    assert found.low < -203.0077 < found.high  # by a factor in 120 digits
    assert not found.converged and 0.01 < found.standard_error < 0.2
    seven = Task(Architecture(7, (math.inf,), "erf"), task.prior, boolean_cube(7, "pm1"))
    found = orthant_probability(output_law(seven), signs)
    assert not found.converged and found.low == -math.inf and -1200 < found.log_p < found.high


def test_uneven_weights_widen_the_interval(monkeypatch):
    monkeypatch.setattr(orthant, "_LEAST_EFFECTIVE", 10**9)
    law, signs = GaussianLaw(0.5 + 0.5 * np.eye(5)), np.ones(5, dtype=int)
    found = orthant_probability(law, signs)
    assert not found.converged and "compare seeds" in found.diagnostics["advice"]
    assert found.low == pytest.approx(found.log_p + math.log(0.025))  # Markov's inequality
    psi = guides(law, signs).psi
    assert found.high == pytest.approx(psi) and found.log_p < psi


def test_weights_above_those_of_the_first_round():
    one, two = orthant._Sums(), orthant._Sums()
    rounds = [[np.array([x, x - 1.0]) for x in (0.0, 0.5, 0.2)], [np.array([3.0, 1.0])] * 3]
    for logs in rounds:
        one.add(logs)
    for logs in rounds[::-1]:
        two.add(logs)
    for name in ("mean", "weight", "squares", "largest", "variance", "spread"):
        power = {"squares": 2, "variance": 2, "spread": 4}.get(name, 1)
        scale = math.exp(power * (one.top - two.top))
        assert getattr(one, name) * scale == pytest.approx(getattr(two, name), rel=1e-12)
    one.add([np.array([2000.0, 0.0])] * 3)
    assert one.top == 2000.0 and math.isfinite(one.mean) and one.largest == 1.0


def test_the_whole_budget_is_used():
    law = GaussianLaw(relu_kernel(cube(5, "pm1"), 2, 1.0))
    found = orthant_probability(
        law, np.ones(32, dtype=int), relative_error=1e-5, max_samples=20_000
    )
    assert not found.converged and 0.8 * 20_000 < found.n_samples <= 20_000


def test_guides_of_a_singular_law():
    assert guides(GaussianLaw([[1, 0, 1], [0, 1, 1], [1, 1, 2.0]]), [1, 1, 1]) is None


def test_lattice_generator():
    g = lattice_generator(1000)
    assert g.shape == (1000,) and len(set(g.tolist())) == 1000
    assert (g[:3] == np.sqrt([2, 3, 5]) % 1).all() and g[999] == np.sqrt(7919) % 1
    assert len(lattice_generator(1)) == 1


@pytest.mark.parametrize(
    ("signs", "options", "message"),
    [
        ([1, 1], {}, "signs must be 3 numbers"),
        ([1, 0, 1], {}, "each -1 or 1"),
        ([1, 1, 1], {"seed": -1}, "seed must be at least 0"),
        ([1, 1, 1], {"relative_error": 0}, "relative_error must be above 0"),
        ([1, 1, 1], {"relative_error": math.nan}, "relative_error must be finite"),
        ([1, 1, 1], {"max_samples": 100}, "max_samples must be at least 4,096"),
        ([1, 1, 1], {"level": 1.0}, "level must be above 0.0 and below 1.0"),
    ],
)
def test_bad_input(signs, options, message):
    with pytest.raises(ValueError, match=message):
        orthant_probability(GaussianLaw(np.eye(3)), signs, **options)


def test_bad_batches():
    law = GaussianLaw(np.eye(3))
    for signs in ([1, 1, 1], [[1, 1]], np.ones((2, 2, 3))):
        with pytest.raises(ValueError, match=r"signs must have shape \(n, 3\)"):
            orthant_probabilities(law, signs)
    with pytest.raises(ValueError, match="n_jobs"):
        orthant_probabilities(law, [[1, 1, 1]], n_jobs=0)
    with pytest.raises(ValueError, match="has no variance"):
        orthant_probability(GaussianLaw(np.diag([1.0, 1.0, 0.0])), [1, 1, 1])
    assert orthant_probabilities(law, np.ones((0, 3))) == []
