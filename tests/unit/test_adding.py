"""Adding and restricting tables against counters; every refusal of an addition."""

from collections import Counter

import numpy as np
import pytest
from drawn import contents, table_of, table_texts, tally, task_on
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import bits
from priorvol._kernels import rows as kernels
from priorvol.architecture import Architecture, Prior
from priorvol.inputs import array_inputs
from priorvol.provenance import Provenance, Span
from priorvol.sources import PriorSampling
from priorvol.table import FunctionTable, add_all
from priorvol.task import Task

QUICK = settings(max_examples=100, deadline=None, derandomize=True)


@st.composite
def runs(draw, most=5):
    """Some runs of groups on the same inputs: (m, list of lists of groups of texts)."""
    m = draw(st.sampled_from([1, 2, 5, 64, 65, 130, 200]))
    text = st.integers(0, 2**m - 1).map(lambda number: format(number, f"0{m}b"))
    pool = st.sampled_from(draw(st.lists(text, min_size=1, max_size=12)))
    draws = draw(st.integers(1, 4))
    group = st.lists(pool, min_size=draws, max_size=draws)
    run = st.lists(group, min_size=1, max_size=8)
    return m, draw(st.lists(run, min_size=2, max_size=most))


def tables_of(m, parts):
    tables, start = [], 0
    for groups in parts:
        tables.append(table_of(groups, m, start=start))
        start += len(groups)
    return tables


@QUICK
@given(runs())
def test_the_sum_is_the_table_of_all_draws(drawn):
    m, parts = drawn
    tables = tables_of(m, parts)
    everything = [group for groups in parts for group in groups]
    expected = table_of(everything, m)
    total = tables[0]
    for table in tables[1:]:
        total = total + table
    counts, pairs = tally(everything)
    _, t_pairs = tally([[text.count("1") for text in group] for group in everything])
    for found in (total, add_all(tables), add_all(iter(tables[::-1]))):
        assert found == expected
        assert contents(found) == counts
        assert kernels.first_disorder(np.ascontiguousarray(found.rows), found.n_words) == -1
        assert found.n_samples == sum(counts.values()) and found.n_unlisted == 0
        ones = Counter(text.count("1") for text in counts.elements())
        assert found.t_counts.tolist() == [ones[t] for t in range(m + 1)]
        if len(everything[0]) > 1:
            assert found.group_pairs.tolist() == [pairs[text] for text in table_texts(found)]
            assert found.t_pairs.tolist() == [t_pairs[t] for t in range(m + 1)]
        else:
            assert found.group_pairs is None and found.t_pairs is None


@QUICK
@given(runs(most=2))
def test_addition_commutes_and_leaves_its_terms_alone(drawn):
    m, parts = drawn
    a, b = tables_of(m, parts)
    rows, t_counts = a.rows.copy(), a.t_counts.copy()
    assert a + b == b + a
    np.testing.assert_array_equal(a.rows, rows)
    np.testing.assert_array_equal(a.t_counts, t_counts)


def test_one_table_is_its_own_sum():
    table = table_of([["01"], ["11"]], 2)
    assert add_all([table]) == table
    with pytest.raises(ValueError, match="at least one table is wanted"):
        add_all([])


def test_imported_counts_of_a_task_add_up():
    task = task_on(2)
    a = FunctionTable.from_counts(["00", "01"], [1, 2], task=task)
    b = FunctionTable.from_counts(["01", "11"], [5, 7], task=task)
    total = a + b
    assert contents(total) == {"00": 1, "01": 7, "11": 7}
    assert set(total.provenance.imports) == {*a.provenance.imports, *b.provenance.imports}
    with pytest.raises(ValueError, match="both tables hold the same import"):
        total + a


def test_group_sums_are_dropped_where_one_side_lacks_them():
    a = table_of([["00", "00"], ["01", "00"]], 2)
    b = table_of([["00", "11"]], 2, start=2, sums=False)
    for total in (a + b, b + a):
        assert contents(total) == {"00": 4, "01": 1, "11": 1}
        assert total.group_pairs is None and total.t_pairs is None
        assert set(total.ranks().inflation.tolist()) == {2.0}


def sampled(**change):
    options = {
        "task": task_on(2),
        "source": PriorSampling(1),
        "provenance": Provenance((Span(0, 1, 0, 3),)),
    } | change
    return FunctionTable(["00", "01"], [1, 2], **options)


REFUSALS = [
    ({"task": None}, "tables without a task cannot be added: give task= on import"),
    (
        {"task": Task(Architecture(1), Prior(sigma_b=0.5), task_on(2).inputs)},
        r"tasks differ: .*sigma_b=1 and .*sigma_b=0\.5",
    ),
    ({"task": Task(Architecture(1, (3,)), inputs=task_on(2).inputs)}, "tasks differ: .*1-3-1 relu"),
    (
        {"task": Task(Architecture(1), inputs=array_inputs([[1.0], [3.0]], name="other"))},
        "tasks differ: .* on 2 points in R.1, .* and .* on other",
    ),
    (
        {"source": PriorSampling(3), "provenance": Provenance((Span(0, 3, 1, 2),))},
        "sources differ: independent prior samples and .* 3 output",
    ),
    (
        {"provenance": Provenance((Span(0, 1, 3, 6, 2),))},
        r"stream versions differ: \[1, 2\]",
    ),
    (
        {"provenance": Provenance((Span(0, 1, 2, 5),))},
        "both tables hold the same draws: seed 0, block 0 index 2 to block 0 index 2$",
    ),
    (
        {"provenance": Provenance((Span(0, 1, 0, 3),))},
        "both tables hold the same draws: seed 0, block 0 index 0 to block 0 index 2$",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_refusals(change, message):
    a, b = sampled(), sampled(**{"provenance": Provenance((Span(0, 1, 3, 6),))} | change)
    with pytest.raises(ValueError, match=message):
        a + b
    with pytest.raises(ValueError, match=message.split(":")[0]):
        b + a


def test_sources_of_another_kind_differ():
    imported = FunctionTable.from_counts(["00"], [1], task=task_on(2), origin="file.txt")
    with pytest.raises(ValueError, match="sources differ: .* and counts imported from file.txt"):
        sampled() + imported


def test_tables_that_leave_functions_out_are_not_added():
    a = FunctionTable.from_counts(["00", "01"], [50, 40], task=task_on(2), n_samples=100)
    b = FunctionTable.from_counts(["00", "11"], [50, 40], task=task_on(2), n_samples=100)
    with pytest.raises(ValueError, match="leave"):
        a + b


@pytest.mark.parametrize("other", [None, 0, {"00": 1}])
def test_only_tables_are_added(other):
    with pytest.raises(TypeError, match="unsupported operand"):
        sampled() + other


# Restricting


@QUICK
@given(runs(most=2), st.data())
def test_restriction_is_that_of_every_draw(drawn, data):
    m, parts = drawn
    table = tables_of(m, parts)[0]
    kept = data.draw(st.lists(st.integers(0, m - 1), min_size=1, max_size=m, unique=True))
    expected, pairs = Counter(), Counter()
    for group in parts[0]:
        counted = Counter("".join(text[i] for i in kept) for text in group)
        expected.update(counted)
        pairs.update({text: c * (c - 1) for text, c in counted.items()})
    whole = FunctionTable.chunks
    for size in (2, 1 << 18):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FunctionTable, "chunks", lambda self, _=None, s=size: whole(self, s))
            found = table.restrict(kept)
        assert contents(found) == expected
        assert kernels.first_disorder(found.rows, found.n_words) == -1
    assert (found.m, found.n_samples, found.source) == (len(kept), table.n_samples, table.source)
    assert found.provenance == table.provenance
    assert found.t_pairs is None
    if table.group_pairs is not None and len(found) == len(table):  # no two became one
        texts = bits.to_text(found.functions, found.m)
        assert found.group_pairs.tolist() == [pairs[text] for text in texts]
    else:
        assert found.group_pairs is None
    np.testing.assert_array_equal(found.task.inputs.values, table.task.inputs.values[kept])
    ones = Counter(text.count("1") for text in expected.elements())
    assert found.t_counts.tolist() == [ones[t] for t in range(len(kept) + 1)]
    if table.output_draws > 1 and found.group_pairs is None:
        assert set(found.ranks().inflation.tolist()) == {float(table.output_draws)}


@QUICK
@given(runs(), st.data())
def test_restriction_and_addition_commute(drawn, data):
    m, parts = drawn
    tables = tables_of(m, parts)
    kept = data.draw(st.lists(st.integers(0, m - 1), min_size=1, max_size=m, unique=True))
    parts_first = add_all([table.restrict(kept) for table in tables])
    assert parts_first == add_all(tables).restrict(kept)


def test_restriction_keeps_what_is_left_out():
    table = FunctionTable.from_counts(["000", "011", "111"], [5, 3, 1], n_samples=20)
    found = table.restrict([2, 1])
    assert contents(found) == {"00": 5, "11": 4}
    assert (found.n_samples, found.n_unlisted, found.task) == (20, 11, None)


@pytest.mark.parametrize(
    ("indices", "message"),
    [([], "non-empty"), ([3], "got 3"), ([-1], "got -1"), ([0, 0], "distinct"), ([0.0], "float64")],
)
def test_bad_restrictions(indices, message):
    with pytest.raises(ValueError, match=message):
        FunctionTable.from_counts(["000", "011"], [1, 2]).restrict(indices)
