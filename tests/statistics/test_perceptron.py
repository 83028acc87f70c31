"""Exact theory of the perceptron (1909.11522): the law of T, exact P(f), and which f exist."""

import itertools
import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import chisquare

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import boolean_cube
from priorvol.provenance import Span
from priorvol.sampler import sample_span
from priorvol.task import Task

P_THRESHOLD = 1e-4

LAWS = ["gaussian", "uniform"]

# Distinct functions of n inputs: without a threshold on {0,1}^n, and with one (1909.11522).
WITHOUT_THRESHOLD = {2: 6, 3: 32, 4: 370, 5: 11292}
WITH_THRESHOLD = {2: 14, 3: 104, 4: 1882, 5: 94572}


def draw(n, n_samples, *, law="gaussian", sigma_b=0.0, encoding="01", seed=1, **prior):
    prior = Prior(sigma_b=sigma_b, distribution=law, **prior)
    task = Task(Architecture(n), prior, boolean_cube(n, encoding))
    return sample_span(task, Span(seed, 1, 0, n_samples))


def as_dict(table):
    texts = bits.to_text(table.functions, table.m)
    return dict(zip(texts, table.counts.tolist(), strict=True))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [1, 3, 5, 7])
def test_t_is_uniform(n, law):
    """P(T = t) = 2^-n for t < 2^n (1909.11522, theorem 4.1)."""
    size = 2**n
    table = draw(n, 1_000_000, law=law)
    assert table.t_counts[size] == 0
    assert chisquare(table.t_counts[:size]).pvalue > P_THRESHOLD
    t = np.arange(size + 1)
    mean = t @ table.t_counts / table.n_samples
    variance = (t - (size - 1) / 2) ** 2 @ table.t_counts / table.n_samples
    second = (size**2 - 1) / 12
    fourth = (size**2 - 1) * (3 * size**2 - 7) / 240
    assert_within(mean, (size - 1) / 2, math.sqrt(second / table.n_samples))
    error = math.sqrt((fourth - second**2) / table.n_samples)  # 0 for n = 1: T - 1/2 is +-1/2
    assert_within(variance, second, error)


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_t_is_uniform_in_many_samples(law):
    table = draw(7, 10_000_000, law=law, seed=2)
    assert table.t_counts[128] == 0
    assert chisquare(table.t_counts[:128]).pvalue > P_THRESHOLD


@pytest.mark.parametrize("law", LAWS)
def test_t_is_uniform_whatever_the_scale(law):
    for options in ({"sigma_w": 7.0}, {"weight_scaling": "none", "sigma_w": 0.01}):
        table = draw(3, 200_000, law=law, seed=3, **options)
        assert chisquare(table.t_counts[:8]).pvalue > P_THRESHOLD


@pytest.mark.parametrize("law", LAWS)
def test_two_inputs(law):
    """f(1) = [w2 > 0], f(2) = [w1 > 0], f(3) = [w1 + w2 > 0]: octants of the plane."""
    expected = {"0000": 1 / 4, "0111": 1 / 4} | dict.fromkeys(
        ["0100", "0010", "0101", "0011"], 1 / 8
    )
    counts = as_dict(draw(2, 1_000_000, law=law, seed=4))
    assert set(counts) == set(expected)
    found = [counts[f] for f in expected]
    assert chisquare(found, 1e6 * np.array(list(expected.values()))).pvalue > P_THRESHOLD


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("ratio", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("scaling", ["fan_in", "none"])
def test_one_input_with_a_threshold(law, ratio, scaling):
    """On {-1,+1}: f is constant where |b| > |w|."""
    table = draw(
        1,
        400_000,
        law=law,
        sigma_w=1.3,
        sigma_b=1.3 * ratio,
        encoding="pm1",
        bias_scaling=scaling,
        seed=5,
    )
    if law == "gaussian":
        one = math.atan(ratio) / math.pi
    else:
        one = (1 - 1 / (2 * ratio)) / 2 if ratio >= 1 else ratio / 4
    counts = as_dict(table)
    found = [counts[f] for f in ("00", "11", "01", "10")]
    expected = table.n_samples * np.array([one, one, 0.5 - one, 0.5 - one])
    assert chisquare(found, expected).pvalue > P_THRESHOLD


@pytest.mark.parametrize("scaling", ["fan_in", "none"])
@pytest.mark.parametrize("n", [2, 4])
def test_the_bias_against_the_weights(n, scaling):
    """On {0,1}^n, f(0) and f(2^n - 1) have the correlation of b and b + sum w."""
    table = draw(n, 400_000, sigma_w=1.5, sigma_b=0.8, bias_scaling=scaling, seed=6)
    b = 0.8**2 / (n if scaling == "fan_in" else 1)
    rho = math.sqrt(b / (b + 1.5**2))
    both = 0.25 + math.asin(rho) / (2 * math.pi)
    ends = bits.unpack(table.functions, table.m)[:, [0, -1]]
    found = table.counts[ends.all(axis=1)].sum() / table.n_samples
    assert_within(found, both, math.sqrt(both * (1 - both) / table.n_samples))


def by_integer_weights(n, largest, threshold):
    """Return every function that small integer weights give without a tie, as 0/1 texts."""
    cube = boolean_cube(n).values.astype(np.int64)
    weights = np.array(list(itertools.product(range(-largest, largest + 1), repeat=n)))
    sums = weights @ cube.T
    if threshold:
        top = n * largest
        functions = np.concatenate([2 * sums + b > 0 for b in range(-2 * top - 1, 2 * top + 2, 2)])
    else:
        functions = sums[(sums[:, 1:] != 0).all(axis=1)] > 0
    return set(bits.to_text(bits.pack(np.unique(functions, axis=0)), 2**n))


@pytest.mark.parametrize(("n", "n_samples"), [(2, 10_000), (3, 100_000), (4, 1_000_000)])
@pytest.mark.parametrize("law", LAWS)
def test_every_function_without_a_threshold_is_found_and_no_other(n, n_samples, law):
    expected = by_integer_weights(n, 8, threshold=False)
    assert len(expected) == WITHOUT_THRESHOLD[n]
    assert set(as_dict(draw(n, n_samples, law=law, seed=7))) == expected


@pytest.mark.parametrize(("n", "n_samples"), [(2, 10_000), (3, 100_000), (4, 1_500_000)])
@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_every_function_with_a_threshold_is_found_and_no_other(n, n_samples, encoding):
    expected = by_integer_weights(n, 3, threshold=True)
    assert len(expected) == WITH_THRESHOLD[n]
    table = draw(n, n_samples, sigma_b=1.0, encoding=encoding, seed=8)
    assert set(as_dict(table)) == expected


def test_five_inputs_give_no_more_than_there_are():
    assert len(draw(5, 1_500_000, seed=9)) == WITHOUT_THRESHOLD[5]
    for encoding in ("01", "pm1"):
        table = draw(5, 1_500_000, sigma_b=1.0, encoding=encoding, seed=9)
        assert 50_000 < len(table) <= WITH_THRESHOLD[5]


@pytest.mark.slow
def test_five_inputs_with_a_threshold_give_all_there_are():
    table = draw(5, 12_000_000, sigma_b=1.0, encoding="pm1", seed=10)
    assert len(table) == WITH_THRESHOLD[5]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 10])
def test_exactly_half_of_the_signed_cube_is_one(n, law):
    """f(-x) = not f(x): a single tie at h = 0, or outputs not exactly odd, would break it."""
    table = draw(n, 300_000 if n < 8 else 20_000, law=law, encoding="pm1", seed=11)
    assert table.t_counts[2 ** (n - 1)] == table.n_samples
    for functions, _ in table.chunks(10_000):
        array = bits.unpack(functions, table.m)
        assert (array != array[:, ::-1]).all()
