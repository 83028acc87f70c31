"""estimate(): choosing among methods, what is exact, what goes with what, and counting."""

import dataclasses
import json
import math
import tracemalloc
from itertools import product

import numpy as np
import pytest
from agreement import assert_within
from scipy.special import log_ndtr

from priorvol import bits
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.estimators import estimate, estimate_batch, method, methods
from priorvol.estimators.expectation_propagation import expectation_propagation
from priorvol.estimators.laplace import laplace
from priorvol.estimators.monte_carlo import monte_carlo
from priorvol.infinite.covariance import output_law
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.task import Task
from priorvol.training_set import TrainingSet

WIDE = Task(Architecture(3, (math.inf,)))
UNBIASED = Task(Architecture(3, (math.inf,)), Prior(sigma_b=0.0))
FINITE = Task(Architecture(3, (5,)), Prior(sigma_b=0.5))
PERCEPTRON = Task(Architecture(2), Prior(sigma_b=0.0))
GAUSSIAN = ("orthant", "ep", "ep-probit", "laplace", "genz")
STEP = ("orthant", "ep", "genz")
FEWER = {"genz": {"n_samples": 10_000, "relative_error": 0.1}, "monte_carlo": {"n_samples": 1000}}
"""What makes the slower methods quick."""


# The list of methods


def test_the_methods_are_those_of_the_documentation():
    names = [each.name for each in methods()]
    assert names == [*GAUSSIAN, "monte_carlo"]
    for name in names:
        assert f'``"{name}"``' in estimate.__doc__
        json.dumps(method(name).to_json(), allow_nan=False)
    assert [name for name in names if not method(name).has_error] == ["ep", "ep-probit", "laplace"]


def test_unknown_methods_are_told_what_there_is():
    with pytest.raises(ValueError, match=r"'orthant', 'ep', .*'monte_carlo', got 'orthent' \(did"):
        estimate(WIDE, "0" * 8, method="orthent")


@pytest.mark.parametrize("name", [*GAUSSIAN, "monte_carlo"])
def test_each_says_what_it_estimates(name):
    options = FEWER.get(name, {})
    task = FINITE if name == "monte_carlo" else WIDE
    of_f = estimate(task, "00001111", method=name, n_jobs=1, **options)
    of_s = estimate(task, TrainingSet([0, 5], [0, 1]), method=name, n_jobs=1, **options)
    probit = " under a unit-noise probit link" if name in ("ep-probit", "laplace") else ""
    assert (of_f.quantity, of_s.quantity) == (f"P(f){probit}", f"P(S){probit}")
    assert of_f.method == of_s.method == name
    assert of_f.has_error == of_s.has_error == method(name).has_error
    assert of_f.converged and of_f.seconds > 0


# What is exact


@pytest.mark.parametrize("name", STEP)
def test_functions_that_contradict_the_law_are_exactly_impossible(name):
    """At sigma_b = 0 the output of the input 0 is 0, and so is f there."""
    found = estimate(UNBIASED, "10000000", method=name)
    assert found.is_exact and found.log_p == -math.inf
    assert found.converged and math.isnan(found.standard_error)
    assert str(found) == f"P(f) = 0 (exact, {name})"


@pytest.mark.parametrize("name", STEP)
def test_repeated_and_opposite_inputs(name):
    """h(2x) = 2 h(x) and h(-x) = -h(x) for a perceptron without a bias."""
    task = Task(Architecture(1), Prior(sigma_b=0.0), array_inputs([[1.0], [2.0], [-3.0], [0.0]]))
    found = estimate_batch(task, ["1100", "0010", "1000", "1110", "1101"], method=name)
    for possible in found[:2]:
        assert possible.log_p == pytest.approx(math.log(0.5), abs=1e-9)
    assert [each.is_exact and each.p == 0 for each in found] == [False, False, True, True, True]


@pytest.mark.parametrize("name", STEP)
def test_a_law_without_variance_is_known(name):
    task = Task(Architecture(2, (math.inf,)), Prior(sigma_b=0.0), array_inputs([[0.0, 0.0]]))
    certain, impossible = estimate_batch(task, ["0", "1"], method=name)
    assert (certain.log_p, certain.standard_error, certain.is_exact) == (0.0, 0.0, True)
    assert (impossible.log_p, impossible.is_exact) == (-math.inf, True)


@pytest.mark.parametrize("name", ["ep-probit", "laplace"])
def test_the_links_noise_is_another_at_each_input(name):
    """A fixed output counts log Phi, and equal inputs are two looks at one output."""
    task = Task(Architecture(1), Prior(sigma_b=0.0), array_inputs([[1.0], [0.0]]))
    alone = Task(Architecture(1), Prior(sigma_b=0.0), array_inputs([[1.0]]))
    both, one = estimate(task, "11", method=name), estimate(alone, "1", method=name)
    assert both.log_p == pytest.approx(one.log_p + math.log(0.5), abs=1e-9)
    twice = Task(Architecture(1), Prior(sigma_b=0.0), array_inputs([[1.0], [1.0]]))
    split = estimate(twice, "10", method=name)
    # E[Phi(h) Phi(-h)] of h ~ N(0, 1) is 1/4 - arcsin(1/2) / (2 pi) = 1/6
    assert split.log_p == pytest.approx(math.log(1 / 6), abs=0.05)
    fixed = estimate(
        Task(Architecture(1), Prior(sigma_b=0.0), array_inputs([[0.0]])), "1", method=name
    )
    assert fixed.log_p == pytest.approx(log_ndtr(0.0), abs=1e-12)


def test_what_a_perceptron_cannot_compute_is_exactly_impossible():
    biased = Task(Architecture(3), inputs=boolean_cube(3, "pm1"))
    for task, function in ((PERCEPTRON, "0110"), (biased, "01101001"), (biased, "00011000")):
        found = estimate(task, function)
        assert found.is_exact and found.log_p == -math.inf and found.converged
    assert estimate(biased, "00010111").p > 0.005
    # one hidden layer may be singular to rounding alone
    near = Task(
        Architecture(3, (math.inf,), "erf"), Prior(sigma_w=0.01, sigma_b=0.5), biased.inputs
    )
    found = estimate(near, "01101001")
    assert not found.is_exact and not found.converged
    assert found.low == -math.inf and -64.9 < found.high < math.log(1e-12)  # log P = -64.93


def test_a_law_that_ep_cannot_follow_is_not_called_impossible():
    """w1, w2 > 0 and w1 + w2 <= 0: no output is tied to one other, so nothing is exact here."""
    found = estimate(PERCEPTRON, "0110", method="ep")
    assert found.log_p == -math.inf and not found.converged and not found.is_exact


# The methods give what they are made of


def test_ep_and_laplace_are_the_approximations_themselves():
    law = output_law(WIDE)
    signs = np.where(bits.unpack(bits.as_words("01101001")[0], 8)[0], 1, -1)
    for name, log_z in (
        ("ep", expectation_propagation(law, signs).log_z),
        ("ep-probit", expectation_propagation(law, signs, noise=1.0).log_z),
        ("laplace", laplace(law, signs).log_z),
    ):
        assert estimate(WIDE, "01101001", method=name).log_p == pytest.approx(log_z, abs=1e-12)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_a_batch_is_its_functions_one_by_one(name):
    texts = ["00000000", "01101001", "00000000", "11110000"]
    options = {"method": name, "seed": 3} | FEWER.get(name, {})
    batch = estimate_batch(WIDE, texts, n_jobs=2, **options)
    alone = [estimate(WIDE, text, n_jobs=1, **options) for text in texts]
    for one, other in zip(batch, alone, strict=True):
        assert one.log_p == pytest.approx(other.log_p, abs=1e-12)
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-6, nan_ok=True)


def test_functions_are_taken_in_every_form():
    table = collect(FINITE, n_samples=500, seed=1, n_jobs=1)
    found = estimate_batch(WIDE, table, method="ep", n_jobs=1)
    assert len(found) == len(table)
    texts = bits.to_text(table.functions, 8)
    again = estimate_batch(WIDE, texts, method="ep", n_jobs=1)
    assert [each.log_p for each in found] == [each.log_p for each in again]
    assert estimate_batch(WIDE, table.functions[:0], method="ep") == []
    as_bits = estimate(WIDE, np.array([True] * 8), method="ep")
    assert as_bits.log_p == estimate(WIDE, "0xff", method="ep").log_p


# Training sets


@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_evidence_is_that_of_the_task_on_its_inputs(name):
    training_set = TrainingSet([6, 1, 3], [0, 1, 1])
    part = Task(WIDE.architecture, WIDE.prior, WIDE.inputs.subset([1, 3, 6]))
    options = {"method": name, "seed": 2} | FEWER.get(name, {})
    evidence = estimate(WIDE, training_set, n_jobs=1, **options)
    function = estimate(part, "110", n_jobs=1, **options)
    assert evidence.log_p == function.log_p


@pytest.mark.parametrize("name", ["orthant", "genz"])
def test_the_evidence_of_all_inputs_is_the_function(name):
    options = {"method": name} | FEWER.get(name, {})
    evidence = estimate(WIDE, TrainingSet.of_function("00010111", range(8)), seed=2, **options)
    function = estimate(WIDE, "00010111", seed=3, **options)
    error = math.hypot(evidence.standard_error, function.standard_error)
    assert_within(evidence.log_p, function.log_p, error)


# Counting


@pytest.mark.parametrize("draws", [1, 4])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_counts_are_those_of_the_same_table(draws, n_jobs):
    options = {"n_samples": 40_000, "seed": 5, "output_draws": draws}
    table = collect(FINITE, n_jobs=1, **options)
    texts = [*table.ranks(20).texts(), "01101001", "10010110"]
    found = monte_carlo(FINITE, texts, level=0.9, n_jobs=n_jobs, **options)
    for text, one in zip(texts, found, strict=True):
        kept = table.probability(text, level=0.9)
        assert dataclasses.replace(one, seconds=None) == kept or (
            kept.p == 0 and (one.log_p, one.high) == (kept.log_p, kept.high)
        )


def test_many_draws_are_cut_into_spans():
    """Beyond what a worker holds at once: the counts add up all the same."""
    task = Task(Architecture(2), Prior(sigma_b=0.0))
    found = estimate(task, "0000", method="monte_carlo", n_samples=(1 << 19) + 3, n_jobs=2, seed=1)
    assert found.n_samples == (1 << 19) + 3
    assert_within(found.log_p, math.log(0.25), found.standard_error)


def test_memory_does_not_grow_with_the_draws():
    """Eight times the draws, and as many more functions among them, in the same memory."""
    task = Task(Architecture(7, (20,)))
    peaks = []
    for n_samples in (1 << 20, 1 << 20, 1 << 23):  # once more: the first time fills buffers
        tracemalloc.start()
        found = monte_carlo(task, "0" * 128, n_samples=n_samples, output_draws=64, n_jobs=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert found[0].n_samples == 1 << 23
    assert peaks[2] < 1.25 * peaks[1]


def test_functions_never_drawn_have_a_finite_end():
    never = estimate(PERCEPTRON, "0110", method="monte_carlo", n_samples=1000)
    assert never.log_p == -math.inf and math.isnan(never.standard_error)
    assert not never.is_exact and math.isfinite(never.high)
    assert never.high == pytest.approx(math.log(1 - 0.025 ** (1 / 1000)), abs=1e-9)


def test_evidence_is_counted_on_the_training_inputs_alone():
    training_set = TrainingSet([1, 6], [1, 0])
    options = {"n_samples": 50_000, "n_jobs": 1}
    found = estimate(FINITE, training_set, method="monte_carlo", seed=1, **options)
    table = collect(FINITE, seed=2, **options)
    fits = int(table.counts[training_set.fits(table)].sum())
    error = math.hypot(found.standard_error, 1 / math.sqrt(fits))
    assert_within(found.log_p, math.log(fits / 50_000), error)
    assert found.quantity == "P(S)"


def test_counting_is_repeatable_and_follows_the_seed():
    options = {"method": "monte_carlo", "n_samples": 20_000}
    one = estimate(FINITE, "00000000", seed=1, n_jobs=1, **options)
    same = estimate(FINITE, "00000000", seed=1, n_jobs=2, **options)
    other = estimate(FINITE, "00000000", seed=2, n_jobs=1, **options)
    assert one.diagnostics == same.diagnostics != other.diagnostics
    assert (one.seed, other.seed) == (1, 2)


# Perceptrons are Gaussian at any width


@pytest.mark.parametrize("name", ["orthant", "genz"])
def test_the_perceptron_of_two_inputs(name):
    """Its six functions have probability 1/4, 1/8 four times, and 1/4; the rest none."""
    truth = {"0000": 1 / 4, "0111": 1 / 4}
    truth |= dict.fromkeys(["0101", "0100", "0011", "0010"], 1 / 8)
    texts = ["".join(bits_) for bits_ in product("01", repeat=4)]
    batch = estimate_batch(PERCEPTRON, texts, method=name, **FEWER.get(name, {}))
    found = dict(zip(texts, batch, strict=True))
    for text, p in truth.items():
        one = found[text]
        assert_within(one.p, p, max(one.standard_error, 1e-12) * one.p)
    others = [each for text, each in found.items() if text not in truth]
    assert len(others) == 10
    assert all(each.p == 0 for each in others)


# Bad input


@pytest.mark.parametrize("name", GAUSSIAN)
def test_finite_networks_are_sent_to_counting(name):
    with pytest.raises(ValueError, match=rf"'{name}' needs infinite .*\(5,\): use .*monte_carlo"):
        estimate(FINITE, "0" * 8, method=name)


def test_perceptrons_that_are_not_gaussian_are_sent_to_counting():
    task = Task(Architecture(3), Prior(distribution="uniform"))
    with pytest.raises(ValueError, match=r"uniform.*or use method 'monte_carlo'"):
        estimate(task, "0" * 8)
    infinite = Task(Architecture(3, (math.inf,)), Prior(distribution=("uniform", "gaussian")))
    with pytest.raises(ValueError, match=r"layer 0 .*uniform(?!.*monte_carlo)"):
        estimate(infinite, "0" * 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "7-40-1"}, "task must be a Task, got str"),
        ({"function": "0101"}, "4 characters, but m = 8"),
        ({"function": ["0" * 8, "1" * 8]}, "one function is wanted, got 2"),
        ({"function": "0000000x"}, "must be written in 0 and 1"),
        ({"function": 5}, "functions must be a FunctionTable, 0/1 or 0x text"),
        ({"function": TrainingSet([8], [1])}, "index 8, but there are m = 8 inputs"),
        ({"method": 3}, "method must be one of 'orthant', .*got 3"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 1 << 64}, "seed must be at least 0 and at most"),
        ({"seed": 0.5}, "seed must be an integer"),
        ({"level": 0.0}, "level must be above 0"),
        ({"level": 1}, "level must be .* below 1"),
        ({"level": math.nan}, "level must be finite"),
        ({"level": "95%"}, "level must be a number"),
        ({"relative_error": 0.0}, "relative_error must be above 0"),
        ({"relative_error": -1.0}, "relative_error must be above 0"),
        ({"relative_error": math.inf}, "relative_error must be finite"),
        ({"relative_error": "1%"}, "relative_error must be a number"),
        ({"n_jobs": 0}, "n_jobs must be a number of workers or -1"),
        ({"n_jobs": 1.5}, "n_jobs must be an integer"),
        ({"output_draws": 2}, "output_draws does not go with method 'orthant', which takes rel"),
        ({"method": "genz", "n_samples": 10}, "n_samples must be at least 1,000"),
        ({"method": "ep", "relative_error": 0.1}, "relative_error does not go with method 'ep'"),
        ({"method": "laplace", "n_samples": 10}, "n_samples does not go with .* none of these"),
        (
            {"method": "monte_carlo", "relative_error": 0.1},
            "relative_error does not go with method 'monte_carlo', which takes n_samples",
        ),
    ],
)
def test_bad_arguments(change, message):
    arguments = {"task": WIDE, "function": "0" * 8} | change
    task, function = arguments.pop("task"), arguments.pop("function")
    with pytest.raises(ValueError, match=message):
        estimate(task, function, **arguments)
    if not isinstance(function, list | TrainingSet):
        with pytest.raises(ValueError, match=message):
            estimate_batch(task, function, **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_samples": 0}, "n_samples must be at least 1"),
        ({"n_samples": 1 << 48}, "n_samples must be at least 1 and at most"),
        ({"n_samples": 1.5}, "n_samples must be an integer"),
        ({"output_draws": 0}, "output_draws must be at least 1"),
        ({"n_samples": 10, "output_draws": 3}, "multiple of output_draws = 3"),
        ({"seed": -1}, "seed must be"),
        ({"level": 2}, "level must be"),
    ],
)
def test_bad_counting(change, message):
    with pytest.raises(ValueError, match=message):
        estimate(FINITE, "0" * 8, method="monte_carlo", **change)
    with pytest.raises(ValueError, match=message):
        monte_carlo(FINITE, "0" * 8, **change)


def test_a_perceptron_has_no_output_layers_to_redraw():
    with pytest.raises(ValueError, match="a perceptron has none"):
        estimate(PERCEPTRON, "0000", method="monte_carlo", output_draws=2)


def test_large_sets_are_refused_by_genz():
    task = Task(Architecture(5, (math.inf,)))
    with pytest.raises(ValueError, match="at most 16 outputs that differ, got 32: use"):
        estimate(task, "0" * 32, method="genz")
