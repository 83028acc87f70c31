"""PAC-Bayes bounds: formulas by hand, the theorem by enumeration, certification, curves."""

import json
import math
from itertools import combinations, product

import numpy as np
import pytest
from agreement import assert_within

from priorvol import (
    Architecture,
    Estimate,
    Prior,
    Task,
    TrainingSet,
    bits,
    boolean_cube,
    certified_bound,
    estimate,
    estimate_batch,
    output_law,
    pac_bayes_bound,
    pac_bayes_curve,
    posterior,
    sample_training_inputs,
)
from priorvol.bound_curve import EVIDENCES, corrupt_target
from priorvol.intervals import clopper_pearson
from priorvol.pac_bayes import FORMS, FORMULAS

LINE = Task(Architecture(2), Prior(sigma_b=0.0))
WIDE = Task(Architecture(3, (math.inf,)))


def with_error(low=-6.0, log_p=-5.0, level=0.98, **changes):
    values = {"log_p": log_p, "standard_error": 0.3, "low": low, "high": -4.0, "level": level}
    return Estimate(**values | {"method": "orthant", "quantity": "P(S)"} | changes)


def exact(log_p):
    return with_error(low=log_p, log_p=log_p, high=log_p, standard_error=0.0)


# Formulas


@pytest.mark.parametrize(
    ("form", "exponent"),
    [
        ("mcallester", (10 + math.log(2 * 100 / 0.05)) / 99),  # 18.29405 / 99
        ("code", (10 + 2 * math.log(100) + 1 + math.log(20)) / 100),
        ("direct", (10 + math.log(20)) / 100),
    ],
)
def test_formulas(form, exponent):
    found = pac_bayes_bound(-10.0, 100, delta=0.05, form=form)
    assert found.epsilon == pytest.approx(1 - math.exp(-exponent), rel=1e-12)


def test_values_worked_out_by_hand():
    values = [pac_bayes_bound(-10.0, 100, form=form).epsilon for form in FORMS]
    assert values == pytest.approx([0.1687198, 0.2071020, 0.1218671], abs=1e-7)
    # the published programs' delta
    code = pac_bayes_bound(-100.0, 1000, delta=2**-10, form="code").epsilon
    assert code == pytest.approx(1 - math.exp(-(100 + 2 * math.log(1000) + 1 + 6.931472) / 1000))


def test_the_direct_form_is_the_smallest():
    for m, log_p, delta in product((1, 2, 10, 10_000), (0.0, -1e-9, -5.0, -500.0), (0.9, 1e-6)):
        mcallester, code, direct = (
            pac_bayes_bound(log_p, m, delta=delta, form=form).epsilon
            for form in ("mcallester", "code", "direct")
        )
        assert direct <= min(mcallester, code)


@pytest.mark.parametrize("form", FORMS)
def test_bounds_fall_with_p_and_delta_and_rise_with_neither(form):
    def at(log_p=-30.0, m=100, delta=0.05):
        return pac_bayes_bound(log_p, m, delta=delta, form=form).epsilon

    for change, values in (
        ("log_p", np.linspace(-60, 0, 13)),
        ("m", np.arange(20, 1000, 40)),
        ("delta", np.geomspace(1e-9, 0.9, 12)),
    ):
        assert (np.diff([at(**{change: value}) for value in values.tolist()]) < 0).all()


@pytest.mark.parametrize(("evidence", "m"), [(-math.inf, 10), (-1e5, 10), (-1.0, 1)])
def test_vacuous_bounds_say_so(evidence, m):
    found = pac_bayes_bound(evidence, m)
    assert found.epsilon == 1.0 and found.is_vacuous
    assert str(found).endswith("vacuous: the error of a function is at most 1 anyway")
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["vacuous"] is True


def test_bounds_above_a_half_say_so():
    found = pac_bayes_bound(-10.0, 10)
    assert not found.is_vacuous and not found.beats_a_coin
    assert str(found).endswith("above 1/2: no better than guessing")
    assert "guessing" not in str(pac_bayes_bound(-10.0, 100))


# Certification


def test_the_lower_limit_takes_its_share_of_delta():
    found = pac_bayes_bound(with_error(), 50, delta=0.05)
    assert found.certified and found.log_p == -6.0
    assert found.delta_evidence == pytest.approx(0.01)
    assert found.delta_bound == pytest.approx(0.04)
    wanted = 1 - math.exp(-(6 + math.log(100 / found.delta_bound)) / 49)
    assert found.epsilon == pytest.approx(wanted, rel=1e-12)
    assert "certified: P(S) >= 0.002479, a lower limit that takes 0.01 of delta" in str(found)
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["evidence"]["log_p"] == -5.0 and record["certified"] is True


def test_evidence_that_did_not_converge_is_named():
    assert "stopping rule: trust it less" in str(pac_bayes_bound(with_error(converged=False), 50))
    assert "stopping rule" not in str(pac_bayes_bound(with_error(), 50))


def test_exact_evidence_takes_none():
    found = pac_bayes_bound(exact(-5.0), 50)
    assert found.certified and found.delta_evidence == 0.0 and found.delta_bound == 0.05
    assert found.epsilon == pac_bayes_bound(-5.0, 50).epsilon
    assert "certified: P(S) = 0.006738 is exact" in str(found)


def test_no_error_no_certificate():
    ep = estimate(WIDE, TrainingSet([0, 1], [1, 0]), method="ep")
    for evidence, source in ((ep, "ep"), (ep.log_p, "a number")):
        found = pac_bayes_bound(evidence, 50)
        assert not found.certified and found.delta_bound == 0.05
        assert f"is from {source}, without an error" in str(found)


def test_no_counts_are_certified_and_vacuous():
    found = pac_bayes_bound(with_error(-math.inf, -math.inf, standard_error=math.nan), 50)
    assert found.certified and found.is_vacuous


def test_certified_bound_asks_for_the_level_that_it_needs():
    training_set = TrainingSet([0, 5, 6], [1, 0, 1])
    found = certified_bound(WIDE, training_set, 4, delta=0.1, share=0.2, seed=3)
    wanted = estimate(WIDE, training_set, seed=3, level=0.96)
    assert found.evidence.low == wanted.low == found.log_p
    assert found.delta_evidence == pytest.approx(0.02)
    assert found.epsilon == pac_bayes_bound(wanted, 4, delta=0.1).epsilon


def test_lower_limits_of_counts_fail_no_more_often_than_their_share():
    # P(f = 0000) = 1/4 exactly for this perceptron (1909.11522)
    runs, delta, share = 400, 0.2, 0.5
    options = {"method": "monte_carlo", "n_samples": 1000, "n_jobs": 1, "progress": False}
    training_set = TrainingSet([0, 1, 2, 3], [0, 0, 0, 0])
    found = [
        certified_bound(LINE, training_set, 8, delta=delta, share=share, seed=seed, **options)
        for seed in range(runs)
    ]
    assert all(each.certified for each in found)
    above = sum(each.log_p > math.log(0.25) for each in found)
    low, _ = clopper_pearson(above, runs, level=0.9999)
    assert low <= delta * share
    assert above > 0  # a limit that never fails would say nothing
    truth = pac_bayes_bound(math.log(0.25), 8, delta=delta * (1 - share)).epsilon
    assert sum(each.epsilon < truth for each in found) == above


def test_orthant_lower_limits_fail_no_more_often_than_their_share():
    # three outputs of equal variance: 1/8 + sum of arcsin(rho) / (4 pi) is exact
    task, training_set = WIDE, TrainingSet([1, 2, 4], [1, 1, 1])
    covariance = output_law(task).restrict([1, 2, 4]).covariance
    d = np.sqrt(np.diag(covariance))
    rho = (covariance / np.outer(d, d))[np.triu_indices(3, 1)]
    truth = math.log(0.125 + np.arcsin(rho).sum() / (4 * math.pi))
    runs = 200
    lows = [
        certified_bound(task, training_set, 4, delta=0.4, share=0.5, seed=seed, n_jobs=1).log_p
        for seed in range(runs)
    ]
    above = sum(low > truth for low in lows)
    assert clopper_pearson(above, runs, level=0.9999)[0] <= 0.2
    assert above > 0


# The theorem, by enumeration of every draw of m inputs


def every_draw(points, m):
    """Return the sets of distinct inputs, as masks, and the share of the draws that give each."""
    masks = np.zeros(1, dtype=np.int64)
    for _ in range(m):
        masks = (masks[:, None] | (1 << np.arange(points))).ravel()
    found, counts = np.unique(masks, return_counts=True)
    return found, counts / counts.sum()


def evidence_and_error(prior, points, target, mask):
    """Return P(S) and the posterior's mean error, by summing over every function."""
    functions = np.arange(1 << points)
    wrong = functions ^ target
    fits = wrong & mask == 0
    p = prior[fits].sum()
    errors = np.array([bin(word).count("1") for word in wrong[fits]]) / points
    return p, (prior[fits] @ errors / p if p > 0 else math.nan)


def every_subset(points, m):
    """Return what m draws without replacement give, as masks, and their shares."""
    masks = [sum(1 << i for i in chosen) for chosen in combinations(range(points), m)]
    return np.array(masks), np.full(len(masks), 1 / len(masks))


def share_of_failures(prior, points, target, m, epsilon, draws=every_draw):
    """Return the probability over draws that the error exceeds epsilon(P(S))."""
    failed = 0.0
    for mask, share in zip(*draws(points, m), strict=True):
        p, error = evidence_and_error(prior, points, target, mask)
        if p > 0 and error > epsilon(p):
            failed += share
    return failed


def exact_prior(n):
    """Return P(f) of every function, bit i of the index being f(input i)."""
    task = LINE if n == 2 else WIDE
    points = 2**n
    texts = [format(word, f"0{points}b")[::-1] for word in range(1 << points)]
    found = estimate_batch(task, texts, relative_error=0.01, n_jobs=1, progress=False)
    prior = np.array([each.p for each in found])
    return prior / prior.sum()  # the theorem holds for any prior


@pytest.fixture(scope="module", params=[2, 3])
def cube(request):
    return 2**request.param, exact_prior(request.param)


def test_enumerated_draws_are_all_draws():
    masks, shares = every_draw(4, 3)
    assert dict(zip(masks.tolist(), shares.tolist(), strict=True))[0b0001] == 1 / 64
    assert shares.sum() == pytest.approx(1.0)
    assert len(masks) == 4 + 6 + 4


@pytest.mark.parametrize("draws", [every_draw, every_subset])
@pytest.mark.parametrize("delta", [0.05, 0.3, 0.8])
def test_bounds_hold_in_all_but_delta_of_the_draws(cube, delta, draws):
    points, prior = cube
    targets = range(1 << points) if points == 4 else range(0, 256, 15)
    for target in targets:
        for m in (2, 3, 4):
            for form in FORMS:

                def epsilon(p, m=m, form=form):
                    log_p = min(math.log(p), 0.0)
                    return pac_bayes_bound(log_p, m, delta=delta, form=form).epsilon

                failed = share_of_failures(prior, points, target, m, epsilon, draws)
                assert failed <= delta + 1e-12


def test_a_bound_that_forgets_its_terms_fails():
    """A prior that hides the target: without delta the direct form is broken in most draws."""
    prior = np.zeros(16)
    prior[0b0000], prior[0b0001] = 0.97, 0.03  # right on three inputs of four, and right

    def broken(p):
        return -math.expm1(math.log(p) / 2)  # no ln(1/delta)

    def direct(p):
        return pac_bayes_bound(min(math.log(p), 0.0), 2, delta=0.3, form="direct").epsilon

    assert share_of_failures(prior, 4, 0b0001, 2, broken) > 0.5
    assert share_of_failures(prior, 4, 0b0001, 2, direct) <= 0.3


def test_the_direct_form_fails_where_the_theorem_lets_it():
    """A bound that could never fail would not be put to the test above."""
    prior = np.zeros(16)
    prior[0b1000] = 1.0  # right on the last input alone, which is drawn one time in four

    def direct(p):
        return pac_bayes_bound(min(math.log(p), 0.0), 1, delta=0.3, form="direct").epsilon

    assert share_of_failures(prior, 4, 0b1111, 1, direct) == 0.25


def test_measured_errors_are_those_of_enumeration():
    prior = exact_prior(3)
    mask, target = 0b00101001, 0b11110000
    p, error = evidence_and_error(prior, 8, target, mask)
    indices = [i for i in range(8) if mask >> i & 1]
    training_set = TrainingSet(indices, [target >> i & 1 for i in indices])
    found = estimate(WIDE, training_set, n_jobs=1)
    # each P(f) of the sum has an error of at most 1 %, and so has the sum
    assert_within(found.log_p, math.log(p), math.hypot(found.standard_error, 0.01))
    table = posterior(WIDE, training_set, n_samples=20_000, n_jobs=1, progress=False)
    assert str(table.source).startswith("independent")
    words = bits.unpack(table.functions, 8)
    wrong = (words != [target >> i & 1 for i in range(8)]).mean(axis=1)
    mean = np.average(wrong, weights=table.counts)
    spread = np.average((wrong - mean) ** 2, weights=table.counts)
    assert_within(mean, error, math.sqrt(spread / 20_000 + (0.01 * error) ** 2))


# Drawing


def test_inputs_are_drawn_with_replacement_and_evenly():
    drawn = sample_training_inputs(8, 80_000, seed=2)
    counts = np.bincount(drawn, minlength=8)
    assert_within(counts, 10_000, math.sqrt(80_000 / 8 * 7 / 8))
    again = (drawn[1:] == drawn[:-1]).sum()  # neighbours agree one time in eight
    assert_within(again, 79_999 / 8, math.sqrt(79_999 / 8 * 7 / 8))
    assert (sample_training_inputs(WIDE, 5, seed=2) == drawn[:5]).all()
    assert (sample_training_inputs(boolean_cube(3), 5, seed=2) == drawn[:5]).all()
    assert (sample_training_inputs(8, 5, seed=3) != drawn[:5]).any()


def test_corruption_flips_half_of_what_it_takes():
    labels = np.arange(100_000) % 3 == 0
    for share in (0.0, 0.4, 1.0):
        changed = corrupt_target(labels, share, np.random.default_rng(0)) != labels
        p = share / 2
        assert_within(changed.mean(), p, math.sqrt(p * (1 - p) / 100_000))


# Curves


@pytest.fixture(scope="module")
def curve():
    return pac_bayes_curve(
        WIDE, "00001111", sizes=[4, 12], corruptions=[0, 0.5], n_sets=6, n_samples=200, seed=1
    )


def test_curves_hold_what_their_parts_say(curve):
    assert curve.error.shape == (2, 2, 6) and curve.n_sets == 6
    assert (curve.distinct <= curve.sizes[:, None, None]).all() and (curve.distinct <= 8).all()
    assert (curve.log_p_low <= curve.log_p).all()
    assert ((curve.error >= 0) & (curve.error <= 1)).all()
    for evidence, log_p, delta in (
        ("certified", curve.log_p_low, 0.045),
        ("orthant", curve.log_p, 0.05),
        ("ep", curve.log_p_ep, 0.05),
    ):
        wanted = pac_bayes_bound(log_p[1, 0, 2], 12, delta=delta, form="code").epsilon
        assert curve.epsilon(evidence, form="code")[1, 0, 2] == pytest.approx(wanted)
    assert (curve.epsilon("certified") > curve.epsilon("orthant")).all()
    above, measured = curve.failures()
    assert measured == 24 and above <= 0.05 * 24


def test_training_sets_do_not_depend_on_the_others(curve):
    alone = pac_bayes_curve(
        WIDE, "00001111", sizes=[12], corruptions=[0.5], n_sets=2, n_samples=200, seed=1
    )
    for name in ("distinct", "error", "log_p", "log_p_low", "log_p_ep"):
        assert (getattr(alone, name)[0, 0] == getattr(curve, name)[1, 1, :2]).all()


def test_intervals_over_sets_are_students(curve):
    from scipy import stats

    mean, low, high = curve.over_sets(curve.error, level=0.9)
    row = curve.error[1, 1]
    wanted = stats.t.interval(0.9, 5, loc=row.mean(), scale=stats.sem(row))
    assert (low[1, 1], high[1, 1]) == pytest.approx(wanted)
    assert mean[1, 1] == pytest.approx(row.mean())
    holed = curve.error.copy()
    holed[1, 1, 0] = holed[0, 0, :5] = np.nan
    holed[0, 1] = np.nan
    mean, low, high = curve.over_sets(holed)
    assert mean[1, 1] == pytest.approx(row[1:].mean())
    assert mean[0, 0] == curve.error[0, 0, 5] and np.isnan([low[0, 0], high[0, 0]]).all()
    assert np.isnan([mean[0, 1], low[0, 1]]).all()


def test_curves_print_and_go_to_json(curve):
    lines = str(curve).splitlines()
    assert len(lines) == 2 + 4 and lines[-1].split()[0] == "12"
    record = json.loads(json.dumps(curve.to_json(), allow_nan=False))
    assert {f"epsilon_{name}" for name in EVIDENCES} <= set(record)
    assert record["target"] == "0x0f" and np.shape(record["error"]) == (2, 2, 6)


def test_posteriors_that_cannot_be_drawn_are_counted():
    # input 000 is tied at 0, so that a target with a 1 there has P(S) = 0 once it is drawn
    task = Task(Architecture(2, (math.inf,)), Prior(sigma_b=0.0))
    found = pac_bayes_curve(task, "1000", sizes=[16], n_sets=4, n_samples=50)
    assert np.isnan(found.error).any()
    drawn_tie = found.log_p == -math.inf
    assert (np.isnan(found.error) == drawn_tie).all()
    assert (found.epsilon()[drawn_tie] == 1.0).all()
    assert found.failures()[1] == int((~drawn_tie).sum())
    json.dumps(found.to_json(), allow_nan=False)


# Bad input

BOUND = {
    "m 0": ({"m": 0}, "m must be at least 1"),
    "m 1.5": ({"m": 1.5}, "m must be an integer"),
    "delta 0": ({"delta": 0.0}, "delta must be above 0"),
    "delta 1": ({"delta": 1.0}, "below 1"),
    "delta nan": ({"delta": math.nan}, "delta must be finite"),
    "form": ({"form": "macallester"}, "did you mean 'mcallester'"),
    "log p above 0": ({"evidence": 0.1}, "ln P(S)"),
    "a probability": ({"evidence": "0.1"}, "must be a number"),
    "nan": ({"evidence": math.nan}, "must be finite"),
    "level": ({"evidence": with_error(level=0.9)}, "must be above 1 - 2 delta = 0.9"),
}


@pytest.mark.parametrize(("changed", "fragment"), BOUND.values(), ids=BOUND)
def test_bad_input_of_bounds(changed, fragment):
    given = {"evidence": -5.0, "m": 10} | changed
    with pytest.raises(ValueError, match=".") as error:
        pac_bayes_bound(given.pop("evidence"), given.pop("m"), **given)
    assert fragment in str(error.value)


CERTIFIED = {
    "few draws": ({"m": 2}, "the number of distinct training inputs, 3, got 2"),
    "share 0": ({"share": 0}, "share must be above 0"),
    "share 1": ({"share": 1}, "below 1"),
    "level": ({"level": 0.9}, "give share instead"),
    "method": ({"method": "magic"}, "method"),
    "form": ({"form": "x"}, "form must be one of"),
    "set": ({"training_set": [0, 1]}, "training_set must be a TrainingSet"),
    "index": ({"training_set": TrainingSet([8], [0])}, "index 8"),
}


@pytest.mark.parametrize(("changed", "fragment"), CERTIFIED.values(), ids=CERTIFIED)
def test_bad_input_of_certified_bounds(changed, fragment):
    given = {"training_set": TrainingSet([0, 1, 2], [0, 0, 1]), "m": 5} | changed
    with pytest.raises(ValueError, match=".") as error:
        certified_bound(WIDE, given.pop("training_set"), given.pop("m"), **given)
    assert fragment in str(error.value)


CURVE = {
    "no sizes": ({"sizes": []}, "sizes must be a sequence"),
    "a size": ({"sizes": 4}, "sizes must be a sequence"),
    "size 0": ({"sizes": [0]}, "sizes must be at least 1"),
    "sizes twice": ({"sizes": [4, 4]}, "sizes must be distinct"),
    "corruption 2": ({"corruptions": [2.0]}, "corruptions must be at least 0"),
    "one set": ({"n_sets": 1}, "n_sets must be at least 2"),
    "no samples": ({"n_samples": 0}, "n_samples must be at least 1"),
    "delta": ({"delta": 0.5}, "delta must be above 0"),
    "share": ({"share": 1.0}, "share must be above 0"),
    "form": ({"form": "x"}, "form must be one of"),
    "seed": ({"seed": -1}, "seed must be at least 0"),
    "target": ({"target": "0110"}, "4 characters, but m = 8"),
    "width": ({"task": Task(Architecture(3, (4,)))}, "hidden"),
}


@pytest.mark.parametrize(("changed", "fragment"), CURVE.values(), ids=CURVE)
def test_bad_input_of_curves(changed, fragment):
    given = {"task": WIDE, "target": "00001111", "sizes": [4]} | changed
    with pytest.raises(ValueError, match=".") as error:
        pac_bayes_curve(given.pop("task"), given.pop("target"), **given)
    assert fragment in str(error.value)


def test_bad_arguments_of_a_curves_own(curve):
    with pytest.raises(ValueError, match="evidence must be one of"):
        curve.epsilon("laplace")
    with pytest.raises(ValueError, match="form must be one of"):
        curve.epsilon(form="x")
    with pytest.raises(ValueError, match="values must be of shape"):
        curve.over_sets(curve.error[0])


def test_bad_draws():
    for inputs, m, fragment in ((0, 4, "number of inputs"), (8, 0, "m must"), ("8", 4, "number")):
        with pytest.raises(ValueError, match=fragment):
            sample_training_inputs(inputs, m)


def test_every_form_has_its_formula():
    assert list(FORMS) == list(FORMULAS)
