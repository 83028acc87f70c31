"""Functions of infinite networks against exact orthants, published values and wide networks."""

import itertools
import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import chi2, chisquare, multivariate_normal

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.gaussian_functions import law_table
from priorvol.infinite.covariance import output_law
from priorvol.inputs import boolean_cube
from priorvol.sources import GaussianProcess
from priorvol.task import Task

P_THRESHOLD = 1e-4
INF = math.inf


def counts_of(table):
    """Counts of all 2^m functions, in the order of their texts."""
    texts = ["".join(text) for text in itertools.product("01", repeat=table.m)]
    counts = dict(zip(bits.to_text(table.functions, table.m), table.counts.tolist(), strict=True))
    return texts, np.array([counts.get(text, 0) for text in texts])


def same_law(a, b):
    """p-value that two tables, of independent draws, are of one law."""
    (_, x), (_, y) = counts_of(a), counts_of(b)
    total = x + y
    seen = total > 20
    x, y = (np.append(each[seen], each[~seen].sum()) for each in (x, y))
    total = x + y
    x, y, total = x[total > 0], y[total > 0], total[total > 0]
    n, k = x.sum(), y.sum()
    statistic = ((x * k - y * n) ** 2 / (total * n * k)).sum()
    return chi2.sf(statistic, len(total) - 1)


def triple_orthants(rho):
    """P of the sign patterns of three normals: 1/8 + sum s_i s_j arcsin(rho_ij) / 4 pi."""
    found = []
    for signs in itertools.product((-1, 1), repeat=3):
        pairs = sum(
            signs[i] * signs[j] * math.asin(rho[i][j])
            for i, j in itertools.combinations(range(3), 2)
        )
        found.append(1 / 8 + pairs / (4 * math.pi))
    return np.array(found)


def test_one_input_by_the_arcsine():
    task = Task(Architecture(1, (INF,)), Prior(sigma_b=0.5))
    rho = output_law(task).covariance
    rho = rho[0, 1] / math.sqrt(rho[0, 0] * rho[1, 1])
    agree = 1 / 4 + math.asin(rho) / (2 * math.pi)
    expected = np.array([agree, 1 / 2 - agree, 1 / 2 - agree, agree])
    table = collect(task, n_samples=1_000_000, seed=1)
    assert chisquare(counts_of(table)[1], expected * table.n_samples).pvalue > P_THRESHOLD


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("activation", ["relu", "erf", "sin"])
def test_two_inputs_by_three_arcsines(activation, depth):
    """At sigma_b = 0 the zero input is 0, and the other three outputs are a centred normal."""
    net = Architecture(2, (INF,) * depth, activation=activation)
    task = Task(net, Prior(sigma_b=0.0))
    covariance = output_law(task).covariance[1:, 1:]
    roots = np.sqrt(np.diag(covariance))
    rho = np.clip(covariance / np.outer(roots, roots), -1, 1)
    table = collect(task, n_samples=1_000_000, seed=depth)
    counts = counts_of(table)[1]
    assert counts[8:].sum() == 0  # f(00) = 0 always
    expected = triple_orthants(rho) * table.n_samples
    assert chisquare(counts[:8], expected).pvalue > P_THRESHOLD


def test_three_inputs_by_scipy():
    task = Task(Architecture(3, (INF, INF)), Prior(sigma_b=0.7), boolean_cube(3, "pm1"))
    covariance = output_law(task).covariance
    n_samples = 200_000
    table = collect(task, n_samples=n_samples, seed=4)
    texts, counts = counts_of(table)
    half = [text for text in texts if text[0] == "1"]  # the others by P(f) = P(not f)
    p = {}
    for text in half:
        s = np.where(np.array(list(text)) == "1", 1.0, -1.0)
        law = multivariate_normal(np.zeros(8), covariance * np.outer(s, s), seed=1)
        p[text] = p["".join("10"[int(bit)] for bit in text)] = law.cdf(np.zeros(8))
    p = np.array([p[text] for text in texts])
    assert abs(p.sum() - 1) < 1e-3  # scipy's own error: far below that of the counts
    assert chisquare(counts, p / p.sum() * n_samples).pvalue > P_THRESHOLD


@pytest.mark.parametrize(("depth", "truth"), [(1, 0.03315), (2, 0.05812)])
def test_the_constant_at_infinite_width(depth, truth):
    """P(T = 0) of ReLU networks without bias on {0,1}^7, each +- 0.00003."""
    task = Task(Architecture(7, (INF,) * depth), Prior(sigma_b=0.0))
    table = collect(task, n_samples=500_000, seed=depth)
    error = math.hypot(0.00003, math.sqrt(truth * (1 - truth) / table.n_samples))
    assert_within(table.t_histogram().p[0], truth, error)
    assert table.t_counts[128] == 0  # f(0) = 0
    assert_within(table.probability("0" + "1" * 127).p, truth, error)  # the other signs


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "truth"), [(1, 0.03315), (2, 0.05812)])
def test_the_constant_at_infinite_width_in_many_samples(depth, truth):
    task = Task(Architecture(7, (INF,) * depth), Prior(sigma_b=0.0))
    table = collect(task, n_samples=40_000_000, seed=10 + depth)
    error = math.hypot(0.00003, math.sqrt(truth * (1 - truth) / table.n_samples))
    assert_within(table.t_histogram().p[0], truth, error)


@pytest.mark.parametrize(
    ("activation", "encoding"),
    [
        ("relu", "01"),
        ("sign", "pm1"),
        pytest.param("tanh", "01", marks=pytest.mark.slow),
        pytest.param("gelu", "pm1", marks=pytest.mark.slow),
    ],
)
def test_wide_networks_come_near(activation, encoding):
    """At width 2,000 P(f) is off by some 1/2,000 of itself; 40,000 draws cannot see that."""
    prior, cube = Prior(sigma_b=0.3), boolean_cube(3, encoding)
    wide = Task(Architecture(3, (2000,), activation=activation), prior, cube)
    infinite = Task(Architecture(3, (INF,), activation=activation), prior, cube)
    a = collect(wide, n_samples=40_000, seed=1)
    b = collect(infinite, n_samples=400_000, seed=2)
    assert same_law(a, b) > P_THRESHOLD
    narrow = Task(Architecture(3, (2,), activation=activation), prior, cube)
    assert same_law(collect(narrow, n_samples=40_000, seed=1), b) < P_THRESHOLD


@pytest.mark.parametrize("sigma_b", [0.0, 1.0])
def test_a_perceptron_is_its_gaussian_law(sigma_b):
    task = Task(Architecture(3), Prior(sigma_b=sigma_b))
    a = collect(task, n_samples=500_000, seed=1)
    options = {"n_samples": 500_000, "seed": 1, "task": task}
    b = law_table(output_law(task), source=GaussianProcess({"name": "perceptron"}), **options)
    assert same_law(a, b) > P_THRESHOLD
    assert set(bits.to_text(b.functions, 8)) == set(bits.to_text(a.functions, 8))


def test_symmetries_hold():
    """T and 128 - T are of one law with a bias; f and f after swapping inputs are."""
    task = Task(Architecture(7, (INF,)), Prior(sigma_b=0.5))
    table = collect(task, n_samples=400_000, seed=8)
    t = table.t_counts
    both = t + t[::-1]
    low = np.arange(129) < 64
    seen = low & (both > 20)
    statistic = ((t - t[::-1])[seen] ** 2 / both[seen]).sum()
    assert chi2.sf(statistic, seen.sum()) > P_THRESHOLD
    ones = np.array([table.restrict([1 << i]).probability("1").p for i in range(7)])
    assert_within(ones, 0.5, 0.5 / math.sqrt(table.n_samples))
    pairs = [
        table.restrict([(1 << i) | (1 << j), 127]).probability("11").p
        for i, j in itertools.combinations(range(7), 2)
    ]
    spread = math.sqrt(np.mean(pairs) * (1 - np.mean(pairs)) / table.n_samples)
    assert_within(pairs, np.mean(pairs), spread)
