"""Rejection at large width against the infinite-width posterior, and its intervals."""

import math

import numpy as np
import pytest
from agreement import assert_within

from priorvol import posterior
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.estimators import estimate
from priorvol.inputs import boolean_cube
from priorvol.intervals import ratio_interval
from priorvol.provenance import Span
from priorvol.rejection import acceptance, rejection_producer
from priorvol.rng import generator
from priorvol.task import Task
from priorvol.training_set import TrainingSet

S = TrainingSet([0, 3, 5, 6], [1, 0, 1, 0])


def of_width(width, n_hidden=1):
    """One hidden layer: the law differs from the limit's by about one over the width."""
    return Task(
        Architecture(3, (width,) * n_hidden, activation="erf"),
        Prior(sigma_b=0.4),
        boolean_cube(3, "pm1"),
    )


def distribution(table):
    """Return the share of each of the 16 functions that fit, and the counts behind it."""
    counts = np.zeros(16)
    for word, count in zip(*table.restrict(S.held_out(8)).chunks().__next__(), strict=True):
        counts[int(word[0])] = count
    return counts / counts.sum(), counts


@pytest.fixture(scope="module")
def wide():
    """Return what is accepted of networks of width 300."""
    return posterior(of_width(300), S, n_proposals=30_000, seed=3)


def test_wide_networks_have_the_posterior_of_infinite_width(wide):
    """Function by function, in standard errors of both."""
    infinite = posterior(of_width(math.inf), S, n_samples=200_000, seed=3, chain_length=1)
    (p, counts), (q, others) = distribution(wide), distribution(infinite)
    seen = others > 0
    error = np.sqrt(q * (1 - q) * (1 / counts.sum() + 1 / others.sum()))
    assert counts.sum() > 1_000
    assert not counts[~seen].any()
    assert_within(p[seen], q[seen], error[seen])


def test_the_acceptance_is_the_evidence_at_large_width(wide):
    found = acceptance(wide)
    truth = estimate(of_width(math.inf), S, seed=1)
    assert_within(found.log_p, truth.log_p, math.hypot(found.standard_error, truth.standard_error))


def test_narrow_networks_are_not_of_infinite_width():
    """The comparisons above can tell: at width 2 they fail."""
    found = acceptance(posterior(of_width(2, 2), S, n_proposals=60_000, seed=4))
    truth = estimate(of_width(math.inf, 2), S, seed=1)
    with pytest.raises(AssertionError, match="beyond 5 standard errors"):
        assert_within(
            found.log_p, truth.log_p, math.hypot(found.standard_error, truth.standard_error)
        )


def test_intervals_hold_the_share_among_many_more_draws():
    """Of 300 short runs, against the share in the prior's table of another seed."""
    task = Task(Architecture(3, (5,)))
    table = collect(task, n_samples=2_000_000, seed=99, n_jobs=1)
    fits = S.fits(table)
    functions, counts = table.functions[fits], table.counts[fits]
    top = int(np.argmax(counts))
    truth = counts[top] / counts.sum()
    runs, held = 300, 0
    producer = rejection_producer(task, S, seed=1, n_jobs=1)
    for run in range(runs):
        found = producer.table(Span(1, 1, 2_000 * run, 2_000 * (run + 1)))
        low, high = found.probability(functions[top : top + 1]).interval
        held += low <= truth <= high
    assert held / runs > 0.95 - 5 * math.sqrt(0.95 * 0.05 / runs)
    assert held < runs  # intervals that always hold would be too wide


@pytest.mark.parametrize("rate", [0.3, 2.0])
@pytest.mark.parametrize("association", ["none", "large", "small", "alone"])
def test_ratio_intervals_cover(rate, association):
    """Simulated groups: Poisson sizes given a gamma of mean ``rate``; what is counted is binomial
    with a chance of its own in each group, which may hang on the group's size."""
    random = generator(7, f"groups {rate} {association}")
    runs, n_groups, held = 2_000, 400, 0
    a = random.poisson(random.gamma(0.5, 2.0 * rate, (runs, n_groups)))
    chance = random.beta(0.3, 0.7, (runs, n_groups))
    if association == "large":
        chance = np.where(a > 2, 0.9, 0.2)
    elif association == "small":
        chance = np.where(a > 2, 0.2, 0.9)
    c = np.minimum(a, 1) if association == "alone" else random.binomial(a, chance)
    truth = c.sum() / a.sum()
    error = (c - truth * a).std() * math.sqrt(runs * n_groups) / a.sum()
    n = a.sum(1)
    for count, pairs, together, total, squares in zip(
        c.sum(1), (c * (c - 1)).sum(1), (c * a).sum(1), n, (a * a).sum(1), strict=True
    ):
        low, high, _ = ratio_interval(
            [count], [pairs], [together], n_samples=int(total), group_size=squares / total
        )
        held += bool(low[0] <= truth <= high[0])
    assert error < 0.01 * truth  # of the truth, which is itself estimated
    assert held / runs > 0.95 - 5 * math.sqrt(0.95 * 0.05 / runs)


def test_grouped_draws_have_the_law_of_single_ones(wide):
    """P(S), and each function's share, with the errors that the table states."""
    grouped = posterior(of_width(300), S, n_proposals=640_000, seed=5, output_draws=64)
    assert grouped.group_size > 1
    single, many = acceptance(wide), acceptance(grouped)
    error = math.hypot(single.standard_error, many.standard_error)
    assert_within(many.log_p, single.log_p, error)
    (p, counts), (q, _) = distribution(wide), distribution(grouped)
    ranks = grouped.restrict(S.held_out(8)).ranks()
    places = ranks.functions[:, 0].astype(int)
    inflation = np.ones(16)
    inflation[places] = ranks.inflation
    seen = q > 0
    assert not counts[~seen].any()
    errors = np.sqrt(q * (1 - q) * (1 / counts.sum() + inflation / grouped.n_samples))
    assert_within(p[seen], q[seen], errors[seen])
