"""`compare`: joining, exact small cases, estimates, errors and bad input."""

import json
import math
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from drawn import contents, table_of, task_on

from priorvol import bits, collect, posterior, train_ensemble
from priorvol.architecture import Architecture
from priorvol.comparison import compare, compare_settings, functions_to_estimate
from priorvol.comparison.agreement import shared_groups
from priorvol.comparison.concordance import LogPoints, _corrected, direction
from priorvol.comparison.equality import equality
from priorvol.comparison.errors import errors_of
from priorvol.comparison.samples import Sample, joined
from priorvol.inputs import array_inputs
from priorvol.intervals import clopper_pearson
from priorvol.provenance import Provenance, Span
from priorvol.result import Estimate
from priorvol.sources import GaussianProcess, PosteriorSampling, PriorSampling, TrainingRuns
from priorvol.table import FunctionTable
from priorvol.task import Task
from priorvol.training_set import TrainingSet

QUICK = {"n_bootstrap": 0, "n_permutations": 0, "n_ceiling": 0}
NAMES = ["0000", "0001", "0010", "0111", "1011", "1111"]
A = FunctionTable.from_counts(NAMES[:5], [4000, 2000, 1500, 700, 400])
B = FunctionTable.from_counts(NAMES[1:], [2100, 1400, 800, 350, 30])


def exact(p, method="exact"):
    return Estimate(
        log_p=math.log(p),
        standard_error=0.0,
        low=math.log(p),
        high=math.log(p),
        level=0.95,
        method=method,
        quantity="P(f)",
    )


def rough(p, error=0.1):
    log_p = math.log(p)
    return Estimate(
        log_p=log_p,
        standard_error=error,
        low=log_p - 2 * error,
        high=log_p + 2 * error,
        level=0.95,
        method="orthant",
        quantity="P(f)",
    )


def test_functions_are_joined_with_their_intervals():
    found = compare(A, B, **QUICK)
    assert sorted(found.texts()) == sorted(NAMES)
    assert found.texts()[0] == "0001"  # the largest mean share
    for side, table in ((found.a, A), (found.b, B)):
        for i, text in enumerate(found.texts()):
            wanted = table.probability(text)
            assert side.log_p[i] == pytest.approx(wanted.log_p)
            assert side.high[i] == pytest.approx(wanted.high)
            assert side.low[i] == pytest.approx(wanted.low) or side.low[i] == wanted.low
        assert side.missing == table.missing_mass()
        assert side.n_samples == table.n_samples


def test_functions_of_one_side_only():
    found = compare(A, B, **QUICK)
    only = found.only_a
    assert (only.n_functions, only.texts(), only.counts.tolist()) == (1, ["0000"], [4000])
    low, high = clopper_pearson(4000, 8600)
    assert only.mass.p == pytest.approx(4000 / 8600)
    assert only.mass.interval == pytest.approx((float(low), float(high)))
    assert only.limit == pytest.approx(float(clopper_pearson(0, 4680)[1]))
    assert found.only_b.texts() == ["1111"]


def test_only_the_likeliest_are_listed():
    found = compare(A, B, max_functions=3, **QUICK)
    assert len(found) == 3
    assert found.n_listed == 6
    assert found.agreement.concordance.n_functions <= 3


def test_grouped_intervals_are_those_of_the_table():
    rng = np.random.default_rng(0)
    grouped = [[format(i, "03b") for i in rng.integers(0, 8, 1).repeat(4)] for _ in range(60)]
    table = table_of(grouped, 3)
    found = compare(table, table_of(grouped[::-1], 3, seed=1), **QUICK)
    for i, text in enumerate(found.texts()):
        wanted = table.probability(text)
        assert (found.a.low[i], found.a.high[i]) == pytest.approx((wanted.low, wanted.high))
    assert found.a.inflation > 3
    assert found.null_a is None
    assert found.null_b is None


def test_halves_add_up_and_are_fair():
    _, a, _ = joined(A, B)
    first, second = a.halves(np.random.default_rng(0))
    assert (first.counts + second.counts == a.counts).all()
    assert first.n + second.n == a.n
    assert first.counts.sum() == first.n
    assert abs(first.n - a.n / 2) < 5 * math.sqrt(a.n) / 2


def test_the_same_seed_gives_the_same_and_another_does_not():
    a, again, other = (compare(A, B, seed=s, **QUICK).to_json() for s in (1, 1, 2))
    assert a == again
    assert a["agreement"] != other["agreement"]


def test_the_permutation_test_is_that_of_all_permutations():
    counts = np.array([3, 1, 0, 1]), np.array([1, 0, 2, 0])
    a, b = (Sample(c, np.ones(4), int(c.sum()), 1) for c in counts)
    total = counts[0] + counts[1]

    def statistic(u):
        return ((u / a.n - (total - u) / b.n) ** 2 / total).sum()

    tail = 0.0
    for u in product(*(range(t + 1) for t in total)):
        if sum(u) == a.n and statistic(np.array(u)) >= statistic(counts[0]) - 1e-12:
            tail += math.prod(math.comb(t, v) for t, v in zip(total, u, strict=True))
    tail /= math.comb(int(total.sum()), a.n)
    n = 40_000
    found = equality(a, b, np.random.default_rng(0), n)
    assert found.statistic == pytest.approx(statistic(counts[0]))
    assert abs(found.p_value - tail) < 5 * math.sqrt(tail * (1 - tail) / n) + 1 / n


def test_what_cannot_be_permuted_is_not():
    big = Sample(np.array([10**9]), np.ones(1), 10**9, 1)
    found = equality(big, big, np.random.default_rng(0), 10)
    assert math.isnan(found.p_value)
    assert "not made" in found.method


def test_corrected_coefficients_are_the_textbook_ones():
    rng = np.random.default_rng(1)
    x, y, vx, vy = rng.normal(size=30), rng.normal(size=30), np.full(30, 0.02), np.full(30, 0.03)
    y = y + 2 * x
    points = LogPoints(x, vx, y, vy, lambda t, r: t, lambda t, r: t)
    r, slope, naive = _corrected(points, np.ones((1, 30)))[0]
    covariance = np.cov(x, y) - np.diag([0.02, 0.03])
    values, vectors = np.linalg.eigh(covariance)
    assert slope == pytest.approx(vectors[1, 1] / vectors[0, 1])
    assert r == pytest.approx(covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1]))
    assert naive == pytest.approx(np.polyfit(x, y, 1)[0])


def test_a_slope_has_the_interval_of_its_direction():
    rng = np.random.default_rng(2)
    slopes = rng.normal(1.0, 0.1, 999)
    found = direction(1.0, slopes, 20, 0.95, "")
    assert [found.low, found.high] == pytest.approx(np.quantile(slopes, [0.025, 0.975]), rel=1e-3)
    steep = direction(60.0, 1 / rng.normal(1 / 60, 0.01, 999), 20, 0.95, "")
    assert (steep.low, steep.high) == (-math.inf, math.inf)
    falling = direction(-20.0, 1 / rng.normal(-1 / 20, 0.005, 999), 20, 0.95, "")
    assert -40 < falling.low < -20 < falling.high < -10
    assert math.isnan(direction(60.0, slopes, 9, 0.95, "").low)


def test_a_table_of_one_function():
    one = FunctionTable.from_counts(["0110"], [100])
    found = compare(one, one, n_permutations=19)
    assert found.p_value == 1.0
    assert math.isnan(found.agreement.concordance.pearson.value)
    assert "at least 3 functions" in found.agreement.concordance.reason
    assert found.agreement.total_variation.low == 0.0
    assert "at least 3" in str(found)
    json.dumps(found.to_json(), allow_nan=False)


def test_tables_that_share_their_draws_say_so():
    rng = np.random.default_rng(3)
    drawn = [[format(i, "03b")] for i in rng.integers(0, 8, 90)]
    a, b = table_of(drawn[:60], 3), table_of(drawn[30:], 3, start=30)
    found = compare(a, b, **QUICK)
    assert found.n_shared == 30
    assert "not independent" in str(found)
    assert compare(a, table_of(drawn, 3, seed=1), **QUICK).n_shared == 0


def test_sources_share_draws_by_their_streams():
    chosen = TrainingSet([0, 2], [1, 1])
    spans = Provenance((Span(7, 4096, 0, 50), Span(8, 4096, 0, 30)))
    prior, plain, turned = (
        SimpleNamespace(source=source, provenance=spans)
        for source in (
            PriorSampling(4096),
            PosteriorSampling(chosen, "rejection", 4096),
            PosteriorSampling(chosen, "rejection", 4096, angles=4),
        )
    )
    assert shared_groups(plain, plain) == shared_groups(turned, turned) == 80
    assert shared_groups(plain, prior) == shared_groups(prior, plain) == 80
    assert shared_groups(plain, turned) == shared_groups(turned, prior) == 0
    alone, kept, runs, wide, regression = (
        FunctionTable(
            ["1110"], [30], task=task_on(4), source=source, provenance=Provenance((span,))
        )
        for source, span in (
            (PriorSampling(), Span(7, 1, 0, 30)),
            (PosteriorSampling(chosen, "rejection"), Span(7, 1, 10, 80)),
            (TrainingRuns(chosen, {"optimizer": "adam"}, "zero_error"), Span(7, 1, 10, 40)),
            (PosteriorSampling(chosen), Span(7, 1, 0, 30)),
            (GaussianProcess({"name": "trained"}), Span(7, 1, 0, 30)),
        )
    )
    for a, b, n in ((alone, kept, 20), (alone, runs, 20), (kept, runs, 30)):
        assert shared_groups(a, b) == shared_groups(b, a) == compare(a, b, **QUICK).n_shared == n
    for other in (alone, kept, runs, prior):
        assert shared_groups(wide, other) == shared_groups(regression, other) == 0
    assert shared_groups(wide, regression) == 0


def test_training_starts_from_draws_of_the_prior():
    task, chosen = Task(Architecture(3, (8,))), TrainingSet([0, 5], [1, 1])
    ensemble = train_ensemble(
        task, chosen, n_runs=40, seed=3, n_jobs=1, stop="epochs=0", learning_rate=0.1
    )
    prior = collect(task, n_samples=40, seed=3, n_jobs=1)
    assert contents(ensemble.table) == contents(prior)
    assert shared_groups(ensemble.table, prior) == 40


# Estimates


def test_estimates_by_mapping_and_by_list():
    values = dict(zip(NAMES[:5], [exact(p) for p in (0.46, 0.23, 0.17, 0.08, 0.05)], strict=True))
    found = compare(A, values, **(QUICK | {"n_ceiling": 20}))
    same = compare(A, list(values.values()), functions=list(values), **(QUICK | {"n_ceiling": 20}))
    assert found.to_json() == same.to_json()
    assert found.agreement.concordance.slope.value == pytest.approx(1.0, abs=0.1)
    assert found.only_a is None
    assert math.isnan(found.p_value)
    assert found.null_a is not None
    assert found.b.n_samples is None
    assert found.b.log_p[0] == pytest.approx(math.log(0.46))
    json.dumps(found.to_json(), allow_nan=False)
    assert "5 estimates by exact" in str(found)


def test_evidence_divides():
    values = {text: rough(p) for text, p in zip(NAMES[:3], (0.046, 0.023, 0.017), strict=True)}
    plain, divided = (compare(A, values, evidence=e, **QUICK) for e in (None, exact(0.1)))
    assert divided.b.log_p == pytest.approx(plain.b.log_p + math.log(10))
    assert divided.b.quantity == "P(f|S)"
    assert "over P(f) = 0.1 (exact, exact)" in divided.b.description
    assert divided.agreement.concordance.slope.value == pytest.approx(
        plain.agreement.concordance.slope.value
    )


def test_estimates_without_an_error_and_of_functions_never_seen():
    silent = Estimate(
        log_p=-1.0,
        standard_error=math.nan,
        low=math.nan,
        high=math.nan,
        level=0.95,
        method="ep",
        quantity="P(f)",
    )
    found = compare(A, {"0000": silent, "0001": silent, "1110": exact(1e-9)}, **QUICK)
    assert "2 have no error of their own" in found.b.description
    place = found.texts().index("1110")
    assert found.a.log_p[place] == -math.inf
    assert np.isfinite(found.a.high[place])
    assert found.agreement.concordance.n_functions == 2


def test_functions_to_estimate_are_those_that_are_compared():
    rng = np.random.default_rng(4)
    counts = rng.multinomial(2000, np.arange(1, 201) ** -1.0 / (np.arange(1, 201) ** -1.0).sum())
    words = np.arange(200, dtype=np.uint64)[:, None]
    table = FunctionTable.from_counts(words[counts > 0], counts[counts > 0], m=8)
    chosen = functions_to_estimate(table, min_count=8, seed=5)
    p = {text: exact(0.01) for text in bits.to_text(chosen, 8)}
    found = compare(table, p, min_count=8, seed=5, **QUICK)
    assert found.agreement.concordance.n_functions == len(chosen) > 3
    unfair = compare(table, p, min_count=8, seed=6, **QUICK)
    assert unfair.agreement.concordance.n_functions != len(chosen)


# Errors


def test_estimates_that_deny_what_was_drawn_say_so():
    never = replace(
        exact(1.0), log_p=-math.inf, standard_error=math.nan, low=-math.inf, high=-math.inf
    )
    values = dict(zip(NAMES[:5], [never, *map(exact, (0.2, 0.2, 0.1, 0.05))], strict=True))
    found = compare(A, values, **QUICK)
    text = "P = 0 for 1 function with 4,000 of 8,600 draws"
    assert found.agreement.concordance.n_functions == 4
    assert text in found.b.description and text in str(found)
    (row,) = compare_settings(A, {"all": values}, **QUICK)
    assert text == f"P = 0 for {row.settings['P = 0 for']}"
    others = compare(A, {name: values[name] for name in NAMES[1:5]}, **QUICK)
    assert "P = 0" not in others.b.description
    unseen = compare(A, values | {NAMES[0]: exact(0.45), NAMES[5]: never}, **QUICK)
    assert "P = 0" not in unseen.b.description  # nor did A draw it


def test_errors_are_counted_on_the_held_out_inputs():
    training_set = TrainingSet([0], [0])
    found = compare(A, B, target="0011", training_set=training_set, **QUICK).errors
    assert found.n_test == 3
    wrong = {text: sum(x != y for x, y in zip(text[1:], "011", strict=True)) for text in NAMES}
    for law, table in ((found.a, A), (found.b, B)):
        texts = bits.to_text(table.functions, 4)
        mean = sum(c * wrong[t] for c, t in zip(table.counts, texts, strict=True))
        assert law.mean == pytest.approx(mean / table.n_samples / 3)
        assert law.p.sum() == pytest.approx(1.0)
        assert law.low < law.mean < law.high
        square = sum(c * wrong[t] ** 2 for c, t in zip(table.counts, texts, strict=True))
        spread = square / table.n_samples / 9 - law.mean**2
        assert law.standard_error == pytest.approx(math.sqrt(spread / (table.n_samples - 1)))
    assert found.difference == pytest.approx(found.b.mean - found.a.mean)
    assert found.majority == pytest.approx(2 / 3)
    joined_errors = [wrong[t] / 3 for t in compare(A, B, **QUICK).texts()]
    assert found.of_functions == pytest.approx(joined_errors)


def test_errors_of_long_functions():
    rng = np.random.default_rng(2)
    f, target = rng.random((20, 150)) < 0.5, rng.random((1, 150)) < 0.5
    test = np.array([3, 70, 71, 149])
    wrong = errors_of(bits.pack(f), 150, bits.pack(target)[0], test)
    assert (wrong == (f != target)[:, test].sum(axis=1)).all()


def test_a_restricted_table_has_no_training_set():
    """Its inputs are those held out; indices of the training set are those of others there."""
    task, chosen, target = Task(Architecture(3, (8,))), TrainingSet([0, 1], [0, 0]), "00000001"
    table = posterior(task, chosen, n_proposals=1000, n_jobs=1)
    whole = compare(table, table, target=target, **QUICK).errors
    held_out = table.restrict(chosen.held_out(8))
    found = compare(held_out, held_out, target=target[2:], **QUICK).errors
    assert found.n_test == whole.n_test == 6
    assert found.a.mean == whole.a.mean
    same = compare(held_out, held_out, target=target[2:], training_set=chosen, **QUICK).errors
    assert same.n_test == 4  # as asked


def test_draws_that_are_all_alike_have_an_error():
    one = FunctionTable.from_counts(["0110"], [100])
    law = compare(one, one, target="0000", **QUICK).errors.a
    assert law.mean == 0.5
    limit = float(clopper_pearson(0, 100)[1])
    assert (law.low, law.high) == pytest.approx((0.5 - limit / 2, 0.5 + limit / 2))


def test_differences_from_draws_that_are_all_alike_have_an_error():
    one, more = (FunctionTable.from_counts(["0000"], [n]) for n in (100, 400))
    limits = [float(clopper_pearson(0, n)[1]) for n in (100, 400)]
    alike = compare(one, more, target="0000", **QUICK).errors
    half = math.hypot(*limits)
    assert (alike.difference, alike.difference_low, alike.difference_high) == (0.0, -half, half)
    found = compare(more, A, target="0000", **QUICK).errors
    half = math.hypot(limits[1], found.b.high - found.b.mean)
    assert found.difference_high - found.difference == pytest.approx(half)
    assert found.difference - found.difference_low == pytest.approx(half)


def posterior_table(training_set, counts, gaussian=False):
    texts = [t for t in NAMES if t[0] == "0"]
    source = PosteriorSampling(training_set)
    if gaussian:
        source = GaussianProcess({"name": "trained", "training_set": training_set.to_json()})
    return FunctionTable(texts, counts, source=source)


@pytest.mark.parametrize("gaussian", [False, True])
def test_the_training_set_comes_from_the_source(gaussian):
    a = posterior_table(TrainingSet([0], [0]), [40, 30, 20, 10], gaussian)
    found = compare(a, A, target="0001", **QUICK)
    assert found.errors.n_test == 3
    assert found.errors.majority == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="not the one"):
        compare(a, A, training_set=TrainingSet([1], [0]), **QUICK)
    b = posterior_table(TrainingSet([0, 1], [0, 0]), [40, 30, 20, 10])
    with pytest.raises(ValueError, match="different training sets"):
        compare(a, b, **QUICK)


# Printing


def test_it_prints_and_is_json():
    found = compare(A, B, target="0011", n_bootstrap=50, n_permutations=19, n_ceiling=20)
    text = str(found)
    for part in ("A and B", "halves of A", "p of equality", "Mean error on 4", "only of B"):
        assert part in text
    assert max(map(len, text.splitlines())) < 140
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["p_value"] == found.p_value
    assert len(record["functions"]) == 6
    assert record["functions"][0]["function"] == "0001"
    assert record["functions"][0]["count_a"] == 2000
    assert record["functions"][0]["error"] == 0.25
    assert record["errors"]["a"]["mean"] == found.errors.a.mean
    assert record["null_b"]["draws"][0] < B.n_samples


# Bad input


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        (("x", B), {}, "table_a must be a FunctionTable, got str"),
        ((A, [exact(0.5)]), {}, "needs the functions"),
        ((A, 3), {}, "must be a FunctionTable or estimates, got int"),
        ((A, 3), {"functions": ["0000"]}, "must be a FunctionTable or estimates, got int"),
        ((A, [0.5]), {"functions": ["0000"]}, "an Estimate is wanted, got float"),
        ((A, {"0000": 0.5}), {}, "an Estimate is wanted, got float"),
        ((A, {"0000": exact(0.5)}), {"functions": ["0000"]}, "leave them out"),
        ((A, {"000": exact(0.5)}), {}, "m = 4 inputs"),
        ((A, {}), {}, "function"),
        ((A, [exact(0.5)]), {"functions": ["0000", "0001"]}, "1 estimates and 2 functions"),
        ((A, [exact(0.5)] * 2), {"functions": ["0000"] * 2}, "two estimates"),
        ((A, {"0000": exact(0.5)}), {"evidence": 0.5}, "an Estimate is wanted, got float"),
        ((A, B), {"functions": ["0000"]}, "go with estimates"),
        ((A, B), {"evidence": exact(0.5)}, "go with estimates"),
        ((A, FunctionTable.from_counts(["00"], [50])), {}, "m = 4 and m = 2"),
        ((A, FunctionTable.from_counts(["0000"], [19])), {}, "at least 20 independent draws"),
        ((A, B.at_least(100)), {}, "table_b leaves out 30"),
        ((A, B), {"min_count": 0}, "min_count must be"),
        ((A, B), {"max_functions": 2}, "max_functions must be"),
        ((A, B), {"level": 1.0}, "level must be"),
        ((A, B), {"seed": -1}, "seed must be"),
        ((A, B), {"n_permutations": -1}, "n_permutations must be"),
        ((A, B), {"n_bootstrap": 1.5}, "n_bootstrap must be"),
        ((A, B), {"n_ceiling": -1}, "n_ceiling must be"),
        ((A, B), {"names": ("A",)}, "names must be two texts"),
        ((A, B), {"names": "AB"}, "names must be two texts"),
        ((A, B), {"training_set": [0]}, "must be a TrainingSet"),
        ((A, B), {"training_set": TrainingSet([4], [0])}, "index 4"),
        ((A, B), {"target": "000"}, "4"),
        ((A, B), {"target": "0000", "training_set": TrainingSet([1], [1])}, "labels of the"),
        (
            (A, B),
            {"target": "0000", "training_set": TrainingSet([0, 1, 2, 3], [0] * 4)},
            "no input to test on",
        ),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments, **options)


def test_other_inputs_are_refused():
    rng = np.random.default_rng(0)
    drawn = [[format(i, "03b")] for i in rng.integers(0, 8, 60)]
    a = table_of(drawn, 3)
    task = Task(Architecture(1), inputs=array_inputs(np.arange(2.0, 5.0)[:, None]))
    b = FunctionTable.from_counts(a.functions, a.counts, task=task)
    assert task != task_on(3)
    with pytest.raises(ValueError, match="different inputs"):
        compare(a, b)


@pytest.mark.parametrize("options", [{"min_count": 0}, {"seed": -1}, {"max_functions": 0}])
def test_bad_choices_of_functions(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        functions_to_estimate(A, **options)
    with pytest.raises(ValueError, match="must be a FunctionTable"):
        functions_to_estimate("x")


def test_nulls_can_be_left_out():
    with_nulls, without = compare(A, B, **QUICK), compare(A, B, nulls=False, **QUICK)
    assert with_nulls.null_a is not None
    assert without.null_a is None
    assert without.null_b is None
    assert without.agreement == with_nulls.agreement
    assert "halves" not in str(without)
    with pytest.raises(ValueError, match="nulls must be True or False, got 1"):
        compare(A, B, nulls=1, **QUICK)


def test_the_error_of_one_evidence_moves_the_mean_alone():
    values = {text: rough(p) for text, p in zip(NAMES[:3], (0.46, 0.23, 0.17), strict=True)}
    shared = {"training_set_error": 0.3}
    moved = {
        text: replace(each, standard_error=math.hypot(0.1, 0.3), diagnostics=shared)
        for text, each in values.items()
    }
    plain, found = (compare(A, each, **QUICK).agreement.concordance for each in (values, moved))
    assert found.slope.value == pytest.approx(plain.slope.value)
    assert found.log_ratio.sd == pytest.approx(plain.log_ratio.sd)
    half, wider = (c.log_ratio.mean_high - c.log_ratio.mean for c in (plain, found))
    assert wider == pytest.approx(math.hypot(half, 1.959964 * 0.3))
    over = compare(A, values, evidence=rough(1.0, 0.3), **QUICK).agreement.concordance
    assert over.log_ratio.mean_high == pytest.approx(found.log_ratio.mean_high)
