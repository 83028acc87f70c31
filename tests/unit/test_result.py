"""Estimates and proportions: logs, printing, JSON, intervals, refusals."""

import json
import math
from dataclasses import FrozenInstanceError
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol.result import Estimate, Proportions, RankTable

EPS = np.finfo(np.float64).eps

GOOD = {
    "log_p": math.log(0.25),
    "standard_error": 0.1,
    "low": math.log(0.2),
    "high": math.log(0.3),
    "level": 0.95,
    "method": "monte_carlo",
    "quantity": "P(f)",
}


def test_views():
    estimate = Estimate(**GOOD)
    # exp(log(p)) has a relative rounding error of about eps (|log p| + 1)
    assert abs(estimate.p - 0.25) <= 3 * EPS * 0.25
    assert abs(estimate.log10_p - math.log10(0.25)) <= 4 * EPS
    assert np.abs(np.array(estimate.interval) - [0.2, 0.3]).max() <= 3 * EPS * 0.3
    assert (estimate.converged, estimate.diagnostics, estimate.seed) == (True, {}, None)


def test_zero_counts():
    zero = Estimate(**GOOD | {"log_p": -math.inf, "standard_error": math.nan, "low": -math.inf})
    assert zero.p == 0.0 and zero.interval[0] == 0.0
    assert zero.log10_p == -math.inf
    record = json.loads(json.dumps(zero.to_json(), allow_nan=False))
    assert record["log_p"] is record["low"] is record["standard_error"] is None
    assert record["high"] == GOOD["high"]
    assert str(zero) == "P(f) = 0 [0, 0.3] (95%, monte_carlo)"


NO_ERROR = {"standard_error": math.nan, "low": math.nan, "high": math.nan}


def test_methods_without_an_error():
    bare = Estimate(**GOOD | NO_ERROR | {"method": "ep"})
    assert not bare.has_error and not bare.is_exact
    assert all(map(math.isnan, bare.interval))
    record = json.loads(json.dumps(bare.to_json(), allow_nan=False))
    assert record["low"] is record["high"] is record["standard_error"] is None
    assert record["log_p"] == GOOD["log_p"]
    assert str(bare) == "P(f) = 0.25 (no error given, ep)"


def test_exact_values():
    quarter = {"log_p": math.log(0.25), "low": math.log(0.25), "high": math.log(0.25)}
    exact = Estimate(**GOOD | quarter | {"standard_error": 0.0})
    assert exact.is_exact and exact.has_error
    assert str(exact) == "P(f) = 0.25 (exact, monte_carlo)"
    nothing = {name: -math.inf for name in quarter} | {"standard_error": math.nan}
    impossible = Estimate(**GOOD | nothing)
    assert impossible.is_exact and impossible.p == 0.0
    assert str(impossible) == "P(f) = 0 (exact, monte_carlo)"
    assert Estimate(**GOOD).has_error and not Estimate(**GOOD).is_exact


def test_json_holds_every_field():
    estimate = Estimate(**GOOD, n_samples=10, seconds=0.5, seed=3, diagnostics={"count": 2})
    record = json.loads(json.dumps(estimate.to_json(), allow_nan=False))
    assert record == GOOD | {
        "n_samples": 10,
        "seconds": 0.5,
        "seed": 3,
        "converged": True,
        "diagnostics": {"count": 2},
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": 0.0}, "level must be above 0.0 and below 1.0, got 0.0"),
        ({"level": 1.0}, "level must be above 0.0 and below 1.0, got 1.0"),
        ({"level": 95}, "level must be .* got 95"),
        ({"level": math.nan}, "level must be finite, got nan"),
        ({"level": "0.95"}, "level must be a number, got '0.95'"),
        ({"level": True}, "level must be a number, got True"),
        ({"low": -1.0}, "low <= log_p <= high is wanted, got -1.0"),
        ({"high": -2.0}, r"low <= log_p <= high is wanted, got .*-2\.0"),
        ({"log_p": math.nan}, "low <= log_p <= high is wanted, got .*nan"),
        ({"low": math.nan}, "low <= log_p <= high is wanted, got nan"),
        ({"high": math.nan}, "low <= log_p <= high is wanted, got .*nan"),
        (NO_ERROR | {"log_p": math.nan}, "low <= log_p <= high is wanted, got nan"),
        (NO_ERROR | {"standard_error": 0.1}, "standard_error must be nan where low and high are"),
        ({"standard_error": -0.1}, "standard_error must be at least 0, got -0.1"),
    ],
)
def test_bad_estimates(change, message):
    with pytest.raises(ValueError, match=message):
        Estimate(**GOOD | change)


def test_keyword_only_and_frozen():
    with pytest.raises(TypeError):
        Estimate(*GOOD.values())
    with pytest.raises(FrozenInstanceError):
        Estimate(**GOOD).log_p = 0.0


def shown(log_p):
    text = str(Estimate(**GOOD | {"log_p": log_p, "low": log_p, "high": log_p}))
    return text.removeprefix("P(f) = ").split(" ")[0]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(-50_000, 0))
def test_four_digits_are_printed_at_any_size(log_p):
    exact = Decimal(log_p).exp()
    # half a unit in the fourth digit, and the rounding of exp or of log_p / log(10)
    relative = Decimal("5.01e-4") + Decimal(4 * EPS * abs(log_p))
    assert abs(Decimal(shown(log_p)) - exact) <= relative * exact


def test_printing_far_below_the_doubles():
    assert shown(0.0) == "1"
    assert shown(-1000 * math.log(10) + math.log(2)) == "2.000e-1000"


def test_the_leading_digit_is_one_digit():
    assert shown(-261 * math.log(10) - 2e-5) == "1.000e-261"


def proportions(counts, n, effect=1.0):
    counts = np.array(counts)
    p = counts / n
    return Proportions(
        counts=counts,
        p=p,
        low=p * 0.5,
        high=np.minimum(p * 2 + 1e-3, 1.0),
        inflation=np.full(len(counts), effect),
        n_samples=n,
        level=0.9,
        interval="wilson",
    )


def test_estimates_from_proportions():
    found = proportions([0, 30, 100], 100, effect=4.0)
    assert len(found) == 3
    zero, some, every = (found.estimate(i, "P(T = t)", seed=9) for i in range(3))
    assert zero.log_p == -math.inf and math.isnan(zero.standard_error)
    assert abs(zero.high - math.log(1e-3)) <= EPS * 8 and zero.low == -math.inf
    assert some.log_p == math.log(0.3)
    # delta method: var(log p) = var(p) / p^2, var(p) = 4 p (1 - p) / n
    delta = math.sqrt(4 * 0.3 * 0.7 / 100) / 0.3
    assert abs(some.standard_error - delta) <= 8 * EPS * delta
    assert (some.low, some.high) == (math.log(0.15), math.log(0.601))
    assert (every.log_p, every.standard_error, every.high) == (0.0, 0.0, 0.0)
    assert some.diagnostics == {"count": 30, "inflation": 4.0, "effective_samples": 25.0}
    assert (some.level, some.n_samples, some.seed) == (0.9, 100, 9)
    assert (some.quantity, some.method) == ("P(T = t)", "monte_carlo")
    json.dumps(some.to_json(), allow_nan=False)


def test_rank_tables():
    found = proportions([30, 20], 100)
    table = RankTable(**vars(found), functions=np.array([[6], [9]], dtype=np.uint64), m=4)
    assert table.rank.tolist() == [1, 2]
    assert table.texts() == ["0110", "1001"] and table.texts(base=16) == ["0x6", "0x9"]
    assert table.estimate(0, "P(f)").p == found.estimate(0, "P(f)").p
