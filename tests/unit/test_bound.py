"""The upper envelope: known lines, brute force over all lines through two points, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol.bound import Envelope, maxima, upper_envelope

POINTS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-40, 0)), min_size=2, max_size=25
).filter(lambda points: len({k for k, _ in points}) > 1)


def log2_bound(envelope, k):
    return envelope.log_p(k) / math.log(2.0)


def test_a_known_envelope_is_found():
    rng = np.random.default_rng(0)
    k = np.repeat(np.arange(7.0, 160.0, 3.5), 20)
    below = rng.exponential(10.0, len(k))
    below[::40] = 0.0  # every other complexity has a point on the line
    envelope = upper_envelope(k, (1.3 - 0.42 * k - below) * math.log(2.0))
    assert envelope.slope == pytest.approx(0.42, abs=1e-12)
    assert envelope.intercept == pytest.approx(1.3, abs=1e-10)


def test_two_edges_and_the_mean_complexity_decides():
    k, y = np.array([0.0, 8.0, 10.0]), np.array([0.0, -1.0, -20.0])
    envelope = upper_envelope(k, y * math.log(2.0))  # the mean, 6, is under the first edge
    assert (envelope.slope, envelope.intercept) == (pytest.approx(0.125), pytest.approx(0.0))
    k, y = np.append(k, [9.0, 9.5, 9.7, 9.9]), np.append(y, [-30.0] * 4)  # mean 8.01: the second
    assert upper_envelope(k, y * math.log(2.0)).slope == pytest.approx(9.5)


def test_a_corner_over_the_mean_takes_the_mean_of_both_slopes():
    envelope = upper_envelope([0.0, 1.0, 2.0], np.array([-1.0, 0.0, -3.0]) * math.log(2.0))
    assert envelope.slope == pytest.approx(1.0)
    assert log2_bound(envelope, [1.0])[0] == pytest.approx(0.0, abs=1e-12)


@settings(deadline=None, max_examples=200)
@given(POINTS)
def test_never_below_a_point_and_no_line_is_closer(points):
    k, y = np.array(points, dtype=float).T
    envelope = upper_envelope(k, y * math.log(2.0))
    gaps = log2_bound(envelope, k) - y
    assert gaps.min() == pytest.approx(0.0, abs=1e-9)
    distinct, top = maxima(k, y)
    mean_gap = (log2_bound(envelope, distinct) - top).mean()
    for i in range(len(distinct)):
        for j in range(i):
            slope = (top[i] - top[j]) / (distinct[i] - distinct[j])
            line = top[i] + slope * (distinct - distinct[i])
            if (line >= top - 1e-9).all():
                assert mean_gap <= (line - top).mean() + 1e-9


@given(POINTS, st.randoms())
def test_the_order_of_the_points_does_not_matter(points, random):
    mixed = list(points)
    random.shuffle(mixed)
    assert upper_envelope(*zip(*points, strict=True)) == upper_envelope(*zip(*mixed, strict=True))


def test_maxima():
    distinct, largest = maxima([3.0, 1.0, 3.0], [-2.0, -5.0, -1.0])
    assert (distinct.tolist(), largest.tolist()) == ([1.0, 3.0], [-5.0, -1.0])


def test_the_formula_prints_its_signs():
    assert str(Envelope(0.25, -1.5, "by hand")) == "P <= 2^(-0.25 K - 1.5)"
    assert str(Envelope(0.0, 2.0, "by hand")) == "P <= 2^(0 K + 2)"


@pytest.mark.parametrize(
    ("k", "log_p", "message"),
    [
        ([1.0, 1.0], [-1.0, -2.0], r"at least two distinct complexities, got \[1\.0\]"),
        ([], [], r"at least two distinct complexities, got \[\]"),
        ([1.0, 2.0], [-1.0], r"shape \(k,\), got \(2,\) and \(1,\)"),
        ([1.0, math.nan], [-1.0, -2.0], "complexity must be finite, got nan"),
        ([1.0, 2.0], [-1.0, -math.inf], "log_p must be finite, got -inf"),
    ],
)
def test_bad_points(k, log_p, message):
    with pytest.raises(ValueError, match=message):
        upper_envelope(k, log_p)
