"""Function tables against counters: contents, order, probabilities, T, refusals."""

import math
from collections import Counter

import numpy as np
import pytest
from drawn import contents, table_of, table_texts, tally, task_on
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from priorvol import bits
from priorvol.architecture import Architecture
from priorvol.intervals import clopper_pearson, wilson
from priorvol.provenance import Provenance, Span
from priorvol.sources import Imported, PriorSampling
from priorvol.table import FunctionTable
from priorvol.task import Task

EPS = np.finfo(np.float64).eps
QUICK = settings(max_examples=100, deadline=None, derandomize=True)


@st.composite
def listings(draw, min_size=1):
    """Functions of up to 140 inputs, some repeated, with counts."""
    m = draw(st.integers(1, 140))
    text = st.integers(0, 2**m - 1).map(lambda number: format(number, f"0{m}b"))
    pool = draw(st.lists(text, min_size=1, max_size=30))
    texts = draw(st.lists(st.sampled_from(pool), min_size=min_size, max_size=40))
    numbers = st.integers(1, 2**40) if draw(st.booleans()) else st.integers(1, 3)
    counts = draw(st.lists(numbers, min_size=len(texts), max_size=len(texts)))
    return m, texts, counts


def totals(texts, counts):
    total = Counter()
    for text, count in zip(texts, counts, strict=True):
        total[text] += count
    return total


def word_key(text):
    """The storage order: words compared one by one, the first most significant."""
    return bits.pack(np.array([[bit == "1" for bit in text]]))[0].tolist()


@pytest.fixture
def small_chunks(monkeypatch):
    whole = FunctionTable.chunks
    monkeypatch.setattr(FunctionTable, "chunks", lambda self, size=3: whole(self, size))


@QUICK
@given(listings())
def test_counts_are_added_and_sorted(listing):
    m, texts, counts = listing
    expected = totals(texts, counts)
    for form in (texts, np.array([[bit == "1" for bit in text] for text in texts])):
        table = FunctionTable.from_counts(form, counts)
        assert contents(table) == expected
        assert table_texts(table) == sorted(expected, key=word_key)
    assert (table.m, len(table)) == (m, len(expected))
    assert table.n_samples == sum(counts) and table.n_unlisted == 0
    assert table.functions.dtype == np.uint64 and table.counts.dtype == np.int64
    assert table.rows.shape == (len(expected), table.n_words + 1)
    assert (table.group_pairs, table.t_pairs, table.task) == (None, None, None)
    assert table.source == Imported() and table.output_draws == 1


@QUICK
@given(listings())
def test_chunks_follow_the_storage_order(listing):
    _, texts, counts = listing
    table = FunctionTable.from_counts(texts, counts)
    for size in (1, 2, 7, 1000):
        pieces = list(table.chunks(size))
        assert all(len(c) == size for _, c in pieces[:-1]) and 0 < len(pieces[-1][1]) <= size
        np.testing.assert_array_equal(np.concatenate([f for f, _ in pieces]), table.functions)
        np.testing.assert_array_equal(np.concatenate([c for _, c in pieces]), table.counts)
        assert all(f.flags.c_contiguous and c.dtype == np.int64 for f, c in pieces)
    for size in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="size must be"):
            next(table.chunks(size))


@QUICK
@given(listings(), st.integers(1, 45))
def test_ranks_are_most_common_with_ties_by_word(listing, top):
    _, texts, counts = listing
    table = FunctionTable.from_counts(texts, counts)
    expected = sorted(totals(texts, counts).items(), key=lambda item: (-item[1], word_key(item[0])))
    whole = FunctionTable.chunks
    for size in (1, 3, 1 << 18):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FunctionTable, "chunks", lambda self, _=None, s=size: whole(self, s))
            found = table.ranks(top)
            order = table.order(top)
        assert list(zip(found.texts(), found.counts.tolist(), strict=True)) == expected[:top]
        assert [table_texts(table)[i] for i in order] == found.texts()
    every = table.ranks()
    assert every.texts() == [text for text, _ in expected]
    assert sorted(every.counts.tolist()) == sorted(
        count for _, count in totals(texts, counts).most_common()
    )
    assert every.rank.tolist() == list(range(1, len(expected) + 1))
    assert every.p.tolist() == [count / sum(counts) for _, count in expected]


def test_ranks_carry_their_intervals():
    table = FunctionTable.from_counts(["00", "01", "11"], [90, 9, 1])
    for name, method in (("clopper-pearson", "exact"), ("wilson", "wilson")):
        found = table.ranks(2, level=0.8, interval=name)
        for i, count in enumerate((90, 9)):
            expected = binomtest(count, 100).proportion_ci(0.8, method=method)
            # scipy's root finder: xtol = 2e-12, rtol = 4 eps
            assert abs(found.low[i] - expected.low) <= 2e-12 + 4 * EPS
            assert abs(found.high[i] - expected.high) <= 2e-12 + 4 * EPS
        assert (found.level, found.interval, found.n_samples) == (0.8, name, 100)
        assert found.inflation.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("top", [0, -1, 2.5, "3", True])
def test_bad_tops(top):
    with pytest.raises(ValueError, match="^top must be") as caught:
        FunctionTable.from_counts(["0", "1"], [1, 2]).ranks(top)
    assert repr(top) in str(caught.value)


@QUICK
@given(listings(), st.data())
def test_index_finds_what_is_there(listing, data):
    m, texts, counts = listing
    table = FunctionTable.from_counts(texts, counts)
    stored = table_texts(table)
    asked = data.draw(st.integers(0, 2**m - 1).map(lambda number: format(number, f"0{m}b")))
    for text in [asked, texts[0], texts[-1], "0" * m, "1" * m]:
        assert table.index(text) == (stored.index(text) if text in stored else None)


def test_probabilities():
    table = FunctionTable.from_counts(["0011", "0110", "1111"], [3, 96, 1])
    for text, count in (("0011", 3), ("0110", 96), ("1111", 1), ("1000", 0)):
        for name, interval in (("clopper-pearson", clopper_pearson), ("wilson", wilson)):
            found = table.probability(text, level=0.9, interval=name)
            low, high = interval(count, 100, level=0.9)
            assert found.log_p == (math.log(count / 100) if count else -math.inf)
            assert found.high == math.log(high)
            assert found.low == (math.log(low) if count else -math.inf)
            assert found.level == 0.9 and found.quantity == "P(f)"
            assert found.diagnostics == {
                "count": count,
                "inflation": 1.0,
                "effective_samples": 100.0,
            }
            error = math.sqrt((1 - count / 100) / count) if count else math.nan
            assert found.standard_error == pytest.approx(error, rel=4 * EPS, abs=0, nan_ok=True)


def test_probability_takes_every_form():
    table = FunctionTable.from_counts(["0011", "0110"], [3, 1])
    packed = np.array([0b0110], dtype=np.uint64)
    forms = ["0110", "0x6", ["0110"], np.array([False, True, True, False]), packed]
    assert {table.probability(form).log_p for form in forms} == {math.log(0.25)}
    for wrong, message in (("011", "3 characters"), (["0110", "0011"], "got 2"), ("2", "'2'")):
        with pytest.raises(ValueError, match=message):
            table.probability(wrong)
    for options in ({"level": 1.0}, {"interval": "exact"}):
        with pytest.raises(ValueError, match="must be"):
            table.probability("0110", **options)


def test_functions_left_out():
    table = FunctionTable.from_counts(["00", "01"], [60, 30], n_samples=100.0)
    assert (table.n_samples, table.n_unlisted) == (100, 10)
    assert isinstance(table.n_samples, int)
    assert table.probability("00").log_p == math.log(0.6)
    unseen = table.probability("11")
    assert unseen.log_p == -math.inf and unseen.low == -math.inf
    # all ten draws that are not listed may be this function
    assert unseen.high == math.log(clopper_pearson(10, 100)[1])
    np.testing.assert_array_equal(table.t_histogram().counts, [60, 30, 0])
    with pytest.raises(ValueError, match="leaves out 10 of 100"):
        table.missing_mass()
    with pytest.raises(ValueError, match="leaves out 10 of 100"):
        table.entropy(estimator="chao-shen")


@QUICK
@given(listings())
def test_t_is_the_number_of_ones(listing):
    m, texts, counts = listing
    table = FunctionTable.from_counts(texts, counts)
    expected = Counter()
    for text, count in zip(texts, counts, strict=True):
        expected[text.count("1")] += count
    assert table.t_counts.tolist() == [expected[t] for t in range(m + 1)]
    found = table.t_histogram(level=0.5)
    assert found.p.tolist() == [expected[t] / sum(counts) for t in range(m + 1)]
    np.testing.assert_array_equal(
        found.high, clopper_pearson(found.counts, sum(counts), level=0.5)[1]
    )
    constant = table.constant_mass(level=0.5)
    both = expected[0] + expected[m]
    assert constant.diagnostics["count"] == both and constant.quantity == "P(constant)"
    assert constant.log_p == (math.log(both / sum(counts)) if both else -math.inf)
    assert constant.high == math.log(clopper_pearson(both, sum(counts), level=0.5)[1])


@pytest.mark.usefixtures("small_chunks")
def test_t_and_counts_of_counts_in_small_chunks():
    rng = np.random.default_rng(5)
    array = rng.random((50, 9)) < 0.5
    counts = rng.integers(1, 4, 50)
    table = FunctionTable.from_counts(array, counts)
    expected = np.bincount(array.sum(axis=1), counts, 10)
    np.testing.assert_array_equal(table.t_counts, expected)
    values, times = table.counts_of_counts
    assert dict(zip(values.tolist(), times.tolist(), strict=True)) == Counter(table.counts.tolist())


# Grouped draws


def random_groups(seed, n_groups, draws, m, spread=0.3):
    """Groups whose draws resemble each other: a text with a few bits flipped."""
    rng = np.random.default_rng(seed)
    base = rng.random((n_groups, 1, m)) < rng.choice([0.02, 0.5, 0.98], (n_groups, 1, 1))
    bit = base ^ (rng.random((n_groups, draws, m)) < spread / m)
    return [["".join("01"[b] for b in row) for row in group] for group in bit.astype(int)]


def rounding(in_groups, draws):
    """Bound the relative error of an inflation: roundings, magnified by two subtractions."""
    spread = (in_groups**2).sum() / (in_groups.var() * len(in_groups))
    return 32 * EPS * spread / (1 - in_groups.mean() / draws)


def test_grouped_tables_keep_their_sums():
    groups = random_groups(1, 40, 6, 5)
    table = table_of(groups, 5)
    counts, pairs = tally(groups)
    assert contents(table) == counts
    assert table.group_pairs.tolist() == [pairs[text] for text in table_texts(table)]
    assert (table.n_samples, table.n_groups, table.output_draws) == (240, 40, 6)
    ranks = table.ranks()
    for i, text in enumerate(ranks.texts()):
        in_groups = np.array([group.count(text) for group in groups])
        p = in_groups.sum() / 240
        variance = in_groups.var(ddof=1) / 40 / 36
        effect = max(variance / (p * (1 - p) / 240), 1.0)
        assert abs(ranks.inflation[i] - effect) <= rounding(in_groups, 6) * effect
        error = max(math.sqrt(variance), math.sqrt(p * (1 - p) / 240)) / p
        found = table.probability(text)
        assert abs(found.standard_error - error) <= rounding(in_groups, 6) * error
        assert found.high == math.log(ranks.high[i])
        assert found.diagnostics["inflation"] == ranks.inflation[i]
    assert ranks.inflation.max() > 2  # the groups are correlated


def test_grouped_ranks_in_small_chunks(small_chunks):
    groups = random_groups(2, 40, 6, 5)
    table = table_of(groups, 5)
    _, pairs = tally(groups)
    whole, top = table.ranks(), table.ranks(7)
    assert top.texts() == whole.texts()[:7]
    np.testing.assert_array_equal(top.inflation, whole.inflation[:7])
    order = table.order(7)
    assert table.group_pairs[order].tolist() == [pairs[text] for text in top.texts()]


def test_grouped_t():
    groups = random_groups(3, 60, 8, 4)
    table = table_of(groups, 4)
    found = table.t_histogram()
    ends = np.zeros(60)
    for t in range(5):
        in_groups = np.array([sum(text.count("1") == t for text in group) for group in groups])
        assert found.counts[t] == in_groups.sum()
        p = in_groups.sum() / 480
        variance = in_groups.var(ddof=1) / 60 / 64
        effect = max(variance / (p * (1 - p) / 480), 1.0)
        assert abs(found.inflation[t] - effect) <= rounding(in_groups, 8) * effect
        if t in (0, 4):
            ends += in_groups
    constant = table.constant_mass()
    p = ends.sum() / 480
    assert constant.log_p == math.log(p)
    direct = math.sqrt(ends.var(ddof=1) / 60 / 64) / p
    assert constant.standard_error >= direct * (1 - rounding(ends, 8))
    # Cauchy and Schwarz give away no more than twice the sum of squares
    assert constant.diagnostics["inflation"] <= 2 * (ends**2).sum() / (59 * 8 * p * (1 - p)) + 1


def test_grouped_draws_without_sums_take_the_group_as_the_unit():
    groups = random_groups(4, 40, 6, 5)
    table = table_of(groups, 5, sums=False)
    assert table.group_pairs is None and table.t_pairs is None
    ranks = table.ranks()
    assert set(ranks.inflation.tolist()) == {6.0}
    np.testing.assert_array_equal(ranks.high, clopper_pearson(ranks.counts / 6, 40)[1])
    assert set(table.t_histogram().inflation.tolist()) == {6.0}
    assert table.constant_mass().diagnostics["inflation"] == 6.0


def test_a_function_never_seen_in_groups():
    table = table_of(random_groups(4, 40, 6, 70), 70)
    unseen = table.probability("01" * 35)
    assert unseen.log_p == -math.inf
    assert unseen.high == math.log(clopper_pearson(0, 40)[1])


# Making one


def test_the_seed_is_reported_where_there_is_one():
    groups = random_groups(6, 4, 1, 3)
    table = table_of(groups, 3, seed=7)
    assert table.probability("000").seed == 7
    more = table + table_of(groups, 3, seed=8)
    assert more.probability("000").seed is None
    assert FunctionTable.from_counts(["0"], [1]).constant_mass().seed is None


@pytest.mark.parametrize("build", [FunctionTable, FunctionTable.from_counts])
@pytest.mark.parametrize(
    ("functions", "counts", "options", "message"),
    [
        (["00", "01"], [1], {}, r"counts must have shape \(2,\), got \(1,\)"),
        (["00", "01"], 3, {}, r"counts must have shape \(2,\), got \(\)"),
        (["00", "01"], [[1, 2]], {}, r"got \(1, 2\)"),
        (["00", "01"], [1, 0], {}, r"counts must lie in 1\.\.2\^62, got 0"),
        (["00", "01"], [1, -5], {}, "got -5"),
        (["00", "01"], np.array([1, 2**63], dtype=np.uint64), {}, "got 9223372036854775808"),
        (["00", "01"], [1.5, 1], {}, "counts must be whole numbers"),
        (["00", "01"], [math.nan, 1], {}, "counts must be whole numbers"),
        (["00", "01"], [True, True], {}, "whole numbers, got dtype bool"),
        (["00", "01"], ["1", "2"], {}, "whole numbers, got dtype <U1"),
        (["00", "01"], [None, 1], {}, "whole numbers, got dtype object"),
        (["00", "01"], [1, 2], {"n_samples": 2}, "counts add up to 3, more than n_samples = 2"),
        (["00", "01"], [1, 2], {"n_samples": 0}, "n_samples must be at least 1, got 0"),
        (["00", "01"], [1, 2], {"n_samples": 3.5}, "n_samples must be an integer, got 3.5"),
        (["00", "01"], [1, 2], {"n_samples": math.inf}, "n_samples must be an integer, got inf"),
        (["00", "01"], [1, 2], {"m": 3}, "'00' has 2 characters, but m = 3"),
        (["00", "01"], [1, 2], {"task": task_on(3)}, "'00' has 2 characters, but m = 3"),
        (np.zeros((2, 1), np.uint64), [1, 2], {}, "packed words need m"),
        (np.zeros((0, 1), np.uint64), np.zeros(0, int), {"m": 3}, "at least one function"),
        ([], [], {}, "functions must be"),
    ],
)
def test_bad_tables(build, functions, counts, options, message):
    with pytest.raises(ValueError, match=message):
        build(functions, counts, **options)


def test_the_class_refuses_repeated_functions():
    with pytest.raises(ValueError, match="function 0110 is listed more than once"):
        FunctionTable(["0001", "0110", "1111", "0110"], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="function 1{70} is listed more than once"):
        FunctionTable(["1" * 70, "0" * 70, "1" * 70], [1, 2, 3])


@pytest.mark.parametrize("name", ["group_pairs", "t_pairs"])
@pytest.mark.parametrize(
    ("values", "message"),
    [([0], "must have shape"), ([0, -1, 0], "got -1"), ([0, 0.5, 0], "whole numbers")],
)
def test_bad_sums(name, values, message):
    if name == "group_pairs" and len(values) == 3:
        values = values[:2]
    with pytest.raises(ValueError, match=f"{name} must") as caught:
        FunctionTable(["00", "01"], [5, 5], source=PriorSampling(5), **{name: values})
    assert message in str(caught.value)


@pytest.mark.parametrize("build", [FunctionTable, FunctionTable.from_counts])
def test_infinite_counts_are_refused(build):
    with pytest.raises(ValueError, match="counts must .* got inf"):
        build(["00", "01"], [1.0, math.inf])


@pytest.mark.parametrize("value", [1.5, math.nan])
def test_the_value_of_a_broken_count_is_named(value):
    with pytest.raises(ValueError, match=f"got {value}"):
        FunctionTable(["00", "01"], [1, value])


@pytest.mark.parametrize(
    "options",
    [
        {"source": PriorSampling(50)},
        {"source": PriorSampling(2), "group_pairs": [10, 0]},
        {"source": PriorSampling(4), "group_pairs": [1, 0]},
        {"source": PriorSampling(4), "provenance": Provenance((Span(0, 2, 0, 2),))},
        {"source": PriorSampling(4), "provenance": Provenance((Span(0, 4, 0, 7),))},
        {"source": "prior"},
        {"task": 3},
    ],
    ids=["part of a group", "pairs above R", "odd pairs", "draws", "size", "source", "task"],
)
def test_sums_and_provenance_must_fit_the_draws(options):
    with pytest.raises((ValueError), match="."):
        FunctionTable(["00", "01"], [3, 5], **options)


@QUICK
@given(listings(), st.integers(1, 6))
def test_functions_counted_so_often_or_more(listing, least):
    _, texts, counts = listing
    table = FunctionTable.from_counts(texts, counts)
    expected = {text: count for text, count in contents(table).items() if count >= least}
    if not expected:
        with pytest.raises(ValueError, match=f"counted min_count = {least} times or more"):
            table.at_least(least)
        return
    found = table.at_least(least)
    assert contents(found) == expected
    assert found.n_samples == table.n_samples
    assert found.n_unlisted == table.n_samples - sum(expected.values())
    ones = Counter({text.count("1"): 0 for text in expected})
    for text, count in expected.items():
        ones[text.count("1")] += count
    assert found.t_counts.tolist() == [ones[t] for t in range(table.m + 1)]
    for text in expected:
        assert found.probability(text) == table.probability(text)


def test_group_sums_of_functions_counted_often_stay():
    groups = [["00", "00", "01"], ["00", "11", "11"], ["00", "01", "00"]]
    table = table_of(groups, 2)
    found = table.at_least(3)
    assert contents(found) == {"00": 5} and found.group_pairs.tolist() == [4]
    assert found.probability("00") == table.probability("00")
    assert (found.task, found.source, found.provenance) == (
        table.task,
        table.source,
        table.provenance,
    )
    assert table.at_least(1).rows.tolist() == table.rows.tolist()


def test_equality():
    def build(**change):
        options = {
            "functions": ["00", "01"],
            "counts": [2, 4],
            "task": task_on(2),
            "source": PriorSampling(2),
            "provenance": Provenance((Span(0, 2, 0, 3),)),
            "group_pairs": [0, 2],
        } | change
        return FunctionTable(options.pop("functions"), options.pop("counts"), **options)

    assert build() == build() and build() == build(
        functions=["01", "00"], counts=[4, 2], group_pairs=[2, 0]
    )
    changes = [
        {"functions": ["00", "11"]},
        {"counts": [1, 5]},
        {"functions": ["00"], "counts": [6], "group_pairs": [2]},
        {"task": Task(Architecture(1), inputs=task_on(3).inputs.subset([1, 0]))},
        {"task": None},
        {"source": PriorSampling(1), "provenance": Provenance(), "group_pairs": None},
        {"source": Imported("x"), "provenance": Provenance(), "group_pairs": None},
        {"provenance": Provenance((Span(1, 2, 0, 3),))},
        {"provenance": Provenance()},
        {"group_pairs": [0, 0]},
        {"group_pairs": None},
        {"n_samples": 8, "provenance": Provenance()},
    ]
    for change in changes:
        assert build(**change) != build(), change
    assert build() != "table"
    with pytest.raises(TypeError, match="unhashable"):
        hash(build())


def test_tables_with_other_t_sums_differ():
    a, b = (
        FunctionTable(["00", "01"], [2, 4], source=PriorSampling(2), t_pairs=[0, pairs, 0])
        for pairs in (0, 2)
    )
    assert a != b


@pytest.mark.parametrize("name", ["counts", "functions", "t_counts"])
def test_tables_cannot_be_changed(name):
    table = FunctionTable.from_counts(["00", "01"], [2, 4])
    with pytest.raises(ValueError, match="read-only"):
        getattr(table, name)[0] = 1


def test_what_is_given_is_not_kept():
    words, counts = np.array([[1], [0]], dtype=np.uint64), np.array([2, 4])
    table = FunctionTable(words, counts, m=2)
    words[:], counts[:] = 3, 9
    assert contents(table) == {"00": 4, "10": 2}


def test_imports_are_known_by_their_digest():
    a = FunctionTable.from_counts(["00", "01", "01"], [1, 2, 3], origin="a")
    b = FunctionTable.from_counts(["01", "00"], [5, 1], origin="b")
    c = FunctionTable.from_counts(["01", "00"], [1, 5])
    assert a.provenance == b.provenance != c.provenance
    assert a.source == Imported("a") != b.source
    assert len(a.provenance.imports[0]) == 64 and a.provenance.spans == ()


def test_repr():
    table = FunctionTable.from_counts(["00", "01"], [1, 1999])
    assert repr(table) == "<FunctionTable: 2 functions in 2,000 draws>"
