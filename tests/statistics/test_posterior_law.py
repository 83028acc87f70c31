"""P_B(f given S) against exact orthants, rejection from the prior, and its own stated errors."""

import itertools
import math

import numpy as np
import pytest
from agreement import assert_within
from scipy.stats import chi2, chisquare

from priorvol import bits, posterior, posterior_probability
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.estimators import estimate
from priorvol.gaussian import GaussianLaw
from priorvol.gaussian_functions import law_table
from priorvol.infinite.covariance import output_law
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.producer import Producer
from priorvol.provenance import Span
from priorvol.rng import generator
from priorvol.sources import GaussianProcess, PosteriorSampling
from priorvol.task import Task
from priorvol.training_set import TrainingSet
from priorvol.truncated import count_truncated, truncate

P_THRESHOLD = 1e-4
SLOW_PM1 = pytest.param("pm1", marks=pytest.mark.slow)
INF = math.inf
PLANE = Task(Architecture(2, (INF, INF)), Prior(sigma_b=0.0))
CUBE = {
    encoding: Task(Architecture(7, (INF, INF)), inputs=boolean_cube(7, encoding))
    for encoding in ("01", "pm1")
}
FIRST_BIT = np.arange(128) >= 64


def exact_posterior(training_set):
    """Functions of `PLANE` that fit and their P_B(f given S): f(00) = 0, three normal outputs."""
    covariance = output_law(PLANE).covariance[1:, 1:]
    roots = np.sqrt(np.diag(covariance))
    rho = covariance / np.outer(roots, roots)
    found = {}
    for text in ("".join(bit) for bit in itertools.product("01", repeat=3)):
        signs = [1 if bit == "1" else -1 for bit in text]
        pairs = [
            signs[i] * signs[j] * math.asin(rho[i, j])
            for i, j in itertools.combinations(range(3), 2)
        ]
        if training_set.fits("0" + text)[0]:
            found["0" + text] = 1 / 8 + sum(pairs) / (4 * math.pi)
    total = sum(found.values())
    return {text: p / total for text, p in found.items()}


def counts_of(table):
    return dict(zip(bits.to_text(table.functions, table.m), table.counts.tolist(), strict=True))


def assert_frequencies(table, truth, errors=0.0):
    """Each frequency within five errors, those of correlated draws as the table states them."""
    for text, p, error in zip(
        truth, truth.values(), np.broadcast_to(errors, len(truth)), strict=True
    ):
        found = table.probability(text)
        inflation = found.diagnostics["inflation"]
        own = math.sqrt(p * (1 - p) * max(inflation, 1.0) / table.n_samples)
        assert_within(found.p, p, math.hypot(own, error))


def assert_same_law(a, b):
    """Tables of independent draws with the same functions, but for rare ones."""
    x, y = counts_of(a), counts_of(b)
    total = {text: x.get(text, 0) + y.get(text, 0) for text in {*x, *y}}
    common = sorted(text for text in total if total[text] > 40)
    left = np.array([x.get(text, 0) for text in common] + [0])
    right = np.array([y.get(text, 0) for text in common] + [0])
    left[-1], right[-1] = a.n_samples - left.sum(), b.n_samples - right.sum()
    keep = left + right > 0
    left, right = left[keep], right[keep]
    statistic = (left * b.n_samples - right * a.n_samples) ** 2
    statistic = (statistic / ((left + right) * a.n_samples * b.n_samples)).sum()
    assert chi2.sf(statistic, len(left) - 1) > P_THRESHOLD


def fitting(table, training_set):
    """The draws of a table that fit, as a table."""
    kept = training_set.fits(table)
    words, counts = table.functions[kept], table.counts[kept]
    return type(table).from_counts(words, counts, m=table.m)


PLANE_SETS = [
    TrainingSet([1], [1]),
    TrainingSet([0, 3], [0, 1]),
    TrainingSet([1, 2], [1, 0]),
    TrainingSet([1, 2, 3], [0, 0, 1]),
]


@pytest.mark.parametrize("training_set", PLANE_SETS, ids=str)
def test_two_inputs_by_arcsines(training_set):
    truth = exact_posterior(training_set)
    table = posterior(PLANE, training_set, n_samples=400_000, seed=1)
    assert table.source.method == "independent"
    counts = counts_of(table)
    assert set(counts) == set(truth)
    if len(truth) > 1:
        expected = [p * table.n_samples for p in truth.values()]
        assert chisquare([counts[text] for text in truth], expected).pvalue > P_THRESHOLD
    chains = posterior(PLANE, training_set, n_samples=400_000, seed=2, chain_length=32)
    assert_frequencies(chains, truth)


@pytest.mark.parametrize("training_set", PLANE_SETS, ids=str)
def test_ratios_of_evidences_of_two_inputs(training_set):
    """Each within its own error, and together 1."""
    truth = exact_posterior(training_set)
    found = {
        text: posterior_probability(PLANE, text, training_set, seed=i)
        for i, text in enumerate(truth)
    }
    for text, p in truth.items():
        assert_within(found[text].log_p, math.log(p), found[text].standard_error + 1e-12)
        assert found[text].low <= found[text].log_p <= found[text].high
        assert found[text].standard_error <= 0.01
    errors = [each.p * each.standard_error for each in found.values()]
    assert_within(sum(each.p for each in found.values()), 1.0, sum(errors) + 1e-12)


THREE_INPUTS = {
    "relu": (
        Task(Architecture(3, (INF, INF)), Prior(sigma_b=0.4)),
        TrainingSet([1, 2, 5], [1, 0, 1]),
    ),
    "rare": (
        Task(Architecture(3, (INF,), activation="erf"), Prior(sigma_b=0.4)),
        TrainingSet([0, 1, 3, 6], [0, 1, 1, 0]),
    ),
    "singular": (  # eight outputs in four dimensions
        Task(Architecture(3), Prior(sigma_b=0.5), boolean_cube(3, "pm1")),
        TrainingSet([0, 1, 2, 4, 7], [0, 1, 0, 1, 1]),
    ),
}


@pytest.mark.parametrize("name", THREE_INPUTS)
def test_three_inputs_by_rejection(name):
    task, training_set = THREE_INPUTS[name]
    prior = fitting(collect(task, n_samples=2_000_000, seed=1), training_set)
    assert prior.n_samples > 5_000
    assert_same_law(posterior(task, training_set, n_samples=200_000, seed=2, chain_length=1), prior)
    chains = posterior(task, training_set, n_samples=200_000, seed=3, chain_length=64)
    truth = {text: count / prior.n_samples for text, count in counts_of(prior).items()}
    errors = [math.sqrt(p * (1 - p) / prior.n_samples) for p in truth.values()]
    assert_frequencies(chains, truth, errors)


@pytest.mark.parametrize("chain", [1, 32])
def test_a_law_with_a_mean_by_rejection(chain):
    rows = generator(1, "law").standard_normal((6, 8))
    law = GaussianLaw(rows @ rows.T, generator(2, "mean").standard_normal(6))
    training_set = TrainingSet([0, 2, 5], [1, 0, 0])
    task = Task(Architecture(1), inputs=array_inputs(np.arange(6.0)[:, None]))
    source = GaussianProcess({"name": "mean"})
    prior = fitting(law_table(law, n_samples=500_000, task=task, source=source), training_set)
    assert prior.n_samples > 2_000
    truncated = truncate(law, training_set)
    method = "independent" if chain == 1 else "chains"
    producer = Producer(
        task,
        PosteriorSampling(training_set, method, chain),
        lambda span: count_truncated(truncated, span),
    )
    table = producer.table(Span(1, chain, 0, 200_000 // chain))
    truth = {text: count / prior.n_samples for text, count in counts_of(prior).items()}
    errors = [math.sqrt(p * (1 - p) / prior.n_samples) for p in truth.values()]
    assert_frequencies(table, truth, errors)


@pytest.mark.parametrize("encoding", ["01", SLOW_PM1])
def test_the_cube_by_rejection(encoding):
    """Held-out inputs and T at m = 128, where one prior draw in some thousands fits."""
    task = CUBE[encoding]
    kept = generator(5, "training set").choice(128, 10, replace=False)
    training_set = TrainingSet(kept, FIRST_BIT[kept])
    prior = fitting(collect(task, n_samples=1_000_000, seed=1), training_set)
    assert prior.n_samples > 200
    for chain in (1, 64):
        table = posterior(task, training_set, n_samples=64_000, seed=chain, chain_length=chain)
        for i in training_set.held_out(128)[::5]:
            a, b = prior.restrict([i]).probability("1"), table.restrict([i]).probability("1")
            p = (a.p * prior.n_samples + b.p * table.n_samples) / (
                prior.n_samples + table.n_samples
            )
            groups = table.n_groups  # at most one independent draw a group
            assert_within(a.p, b.p, math.sqrt(p * (1 - p) * (1 / prior.n_samples + 1 / groups)))
        t = np.arange(129)
        means = [t @ each.t_counts / each.n_samples for each in (prior, table)]
        spreads = [
            ((t - mean) ** 2 @ each.t_counts) / each.n_samples
            for mean, each in zip(means, (prior, table), strict=True)
        ]
        error = math.sqrt(spreads[0] / prior.n_samples + spreads[1] / table.n_groups)
        assert_within(means[0], means[1], error)


def test_chains_state_their_errors():
    """Counts of thirty seeds vary as the tables say that they do."""
    task = CUBE["01"]
    kept = generator(6, "training set").choice(128, 48, replace=False)
    training_set = TrainingSet(kept, FIRST_BIT[kept])
    chain, seeds = 64, 30
    tables = [
        posterior(task, training_set, n_samples=150 * chain, seed=s, chain_length=chain)
        for s in range(seeds)
    ]
    assert (tables[0].source.method, tables[0].n_groups) == ("chains", 150)
    best = tables[0].ranks(1).texts(base=16)[0]
    found = [table.probability(best) for table in tables]
    p = np.array([each.p for each in found])
    stated = np.mean([e.p * (1 - e.p) * e.diagnostics["inflation"] for e in found]) / (150 * chain)
    assert np.mean([each.diagnostics["inflation"] for each in found]) > 1.5
    ratio = (seeds - 1) * p.var(ddof=1) / stated
    assert P_THRESHOLD / 2 < chi2.sf(ratio, seeds - 1) < 1 - P_THRESHOLD / 2


@pytest.mark.parametrize("encoding", ["01", SLOW_PM1])
def test_ratios_of_evidences_are_frequencies(encoding):
    task = CUBE[encoding]
    kept = generator(7, "training set").choice(128, 64, replace=False)
    training_set = TrainingSet(kept, FIRST_BIT[kept])
    table = posterior(task, training_set, n_samples=200_000, seed=1)
    ranks = table.ranks(3)
    for text in ranks.texts(base=16):
        found = posterior_probability(task, text, training_set, seed=3)
        counted = table.probability(text)
        inflation = counted.diagnostics["inflation"]
        assert counted.p * table.n_samples / inflation > 100
        error = math.sqrt(inflation * (1 - counted.p) / (counted.p * table.n_samples))
        assert_within(found.log_p, math.log(counted.p), math.hypot(error, found.standard_error))


@pytest.mark.slow
def test_a_rare_training_set_by_evidences():
    """A random target on 64 inputs, P(S) of about 10^-30: the posterior of two further labels."""
    task = CUBE["01"]
    dice = generator(8, "training set")
    kept, labels = dice.choice(128, 66, replace=False), dice.integers(0, 2, 66)
    training_set = TrainingSet(kept[:64], labels[:64])
    table = posterior(task, training_set, n_samples=300_000, seed=1)
    evidence = estimate(task, training_set, seed=1)
    assert evidence.log10_p < -20
    for more in ("00", "01", "10", "11"):
        both = TrainingSet(kept, [*labels[:64], *map(int, more)])
        found = estimate(task, both, seed=2)
        counted = table.restrict(kept[64:]).probability(more)
        p = math.exp(found.log_p - evidence.log_p)
        own = math.sqrt(p * (1 - p) / table.n_groups)
        other = p * math.hypot(found.standard_error, evidence.standard_error)
        assert_within(counted.p, p, math.hypot(own, other))
