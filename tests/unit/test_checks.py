"""Argument checks: what is taken, what is refused, and the value in the message."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from priorvol import checks
from priorvol.architecture import Prior


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), (3.0, 3), (1e7, 10**7), (np.int8(3), 3), (np.float32(3), 3), (2**70, 2**70)],
)
def test_integers(value, expected):
    found = checks.integer("n", value)
    assert found == expected and type(found) is int


@pytest.mark.parametrize(
    "value",
    [True, False, np.True_, "3", None, 3.5, math.nan, math.inf, -math.inf, 3 + 0j, [3], b"3"],
)
def test_bad_integers(value):
    with pytest.raises(ValueError, match="^n must be an integer") as caught:
        checks.integer("n", value)
    assert repr(value) in str(caught.value)


def test_integer_limits_are_inclusive():
    assert checks.integer("n", 1, low=1, high=2) == 1
    assert checks.integer("n", 2, low=1, high=2) == 2
    with pytest.raises(ValueError, match="^n must be at least 1 and at most 2, got 3$"):
        checks.integer("n", 3, low=1, high=2)
    with pytest.raises(ValueError, match="^n must be at least 1, got 0$"):
        checks.integer("n", 0, low=1)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), Fraction(2)])
def test_reals(value):
    found = checks.real("x", value)
    assert found == 2.0 and type(found) is float


@pytest.mark.parametrize("value", [True, np.True_, "2", None, 2j, [2.0], Decimal(2), np.ones(1)])
def test_bad_reals(value):
    with pytest.raises(ValueError, match="^x must be a number") as caught:
        checks.real("x", value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_reals_are_finite(value):
    with pytest.raises(ValueError, match="^x must be finite, got (nan|inf|-inf)$"):
        checks.real("x", value)


def test_numbers_beyond_the_doubles_are_refused():
    with pytest.raises(ValueError, match="x must be"):
        checks.real("x", 10**400)


def test_real_limits_open_and_closed():
    assert checks.real("x", 0, low=0, high=1) == 0.0
    assert checks.real("x", 1, low=0, high=1) == 1.0
    for value, flag in ((0.0, "open_low"), (1.0, "open_high")):
        with pytest.raises(ValueError, match=f"got {value}$"):
            checks.real("x", value, low=0, high=1, **{flag: True})
    for value in (-1e-300, 1.0000001):
        with pytest.raises(ValueError, match="^x must be at least 0 and at most 1, got"):
            checks.real("x", value, low=0, high=1)
    with pytest.raises(ValueError, match="^x must be above 0 and below 1, got 2.0$"):
        checks.real("x", 2, low=0, high=1, open_low=True, open_high=True)


def test_choices():
    assert checks.choice("k", "a", ("a", "b")) == "a"
    for value in ("c", None, 1, ["a"]):
        with pytest.raises(ValueError, match="^k must be one of 'a', 'b', got") as caught:
            checks.choice("k", value, ("a", "b"))
        assert repr(value) in str(caught.value)


def test_records():
    assert checks.from_record(Prior, {"sigma_w": [1, 2]}, "prior").sigma_w == (1.0, 2.0)
    with pytest.raises(ValueError, match=r"unknown fields \['sigma'\]"):
        checks.from_record(Prior, {"sigma": 1.0}, "prior")
    for record in ([], None, "x", 3):
        with pytest.raises(ValueError, match="prior must be a JSON object, got") as caught:
            checks.from_record(Prior, record, "prior")
        assert repr(record) in str(caught.value)


@pytest.mark.parametrize("value", [1, -1, 8, 2.0, np.int64(3), -1024, 1024])
def test_numbers_of_workers(value):
    assert checks.jobs(value) == value


@pytest.mark.parametrize("value", [0, 0.0, 1.5, 1025, -1025, "1", None, True, math.nan])
def test_bad_numbers_of_workers(value):
    with pytest.raises(ValueError, match="n_jobs must be"):
        checks.jobs(value)
