"""Sides given as several tables, and the nulls that draws in groups then have."""

import numpy as np
import pytest
from drawn import table_of, task_on

from priorvol.comparison import compare, compare_settings
from priorvol.comparison.samples import whole
from priorvol.intervals import ratio_inflation
from priorvol.provenance import Provenance, Span
from priorvol.sources import PriorSampling
from priorvol.store import RunWriter, load_parts, load_run
from priorvol.table import FunctionTable, add_all

QUICK = {"n_bootstrap": 0, "n_permutations": 19, "n_ceiling": 0}
M = 4


def parts_of(number, size, draws, seed):
    """Return tables of following spans of one stream, in groups of like draws."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(number):
        groups = [
            [format(j, f"0{M}b") for j in np.append(rng.integers(0, 9, 1).repeat(draws - 1), 3)]
            for _ in range(size)
        ]
        found.append(table_of(groups, M, start=i * size, seed=seed))
    return found


def test_several_tables_are_their_sum():
    a, b = parts_of(3, 40, 1, 0), parts_of(2, 50, 1, 1)
    found = compare(a, b, **QUICK)
    assert found.to_json() == compare(add_all(a), add_all(b), **QUICK).to_json()
    assert compare([add_all(a)], b, **QUICK).to_json() == found.to_json()
    settings = compare_settings(a, {"b": add_all(b)}, **QUICK)
    assert settings.null == found.null_a


def test_groups_have_a_null_where_tables_are_given():
    a, b = parts_of(3, 40, 4, 0), parts_of(1, 60, 4, 1)
    found = compare(a, b, **QUICK)
    assert found.a.n_samples == 480
    assert found.null_b is None
    text = str(found)
    assert "halves of A" in text
    assert "No halves of B are shown" in text and "one table of draws in groups" in text
    # two of the three parts against the third, each with its groups whole
    assert sorted(found.null_a.draws) == [160, 320]
    halves = compare(a[0] + a[2], a[1], **QUICK)
    assert found.null_a.draws == halves.agreement.draws
    assert found.null_a.equality == halves.agreement.equality
    assert compare_settings(a, {"b": b[0]}, **QUICK).null == found.null_a
    assert "No halves of reference" in str(compare_settings(b, {"a": a[0]}, **QUICK))


def test_too_few_groups_have_none():
    assert compare(parts_of(2, 15, 4, 0), parts_of(1, 60, 4, 1), **QUICK).null_a is None


def test_halves_of_few_draws_are_not_halved_again():
    few, enough = (FunctionTable.from_counts(["0110"], [n]) for n in (20, 80))
    for seed in (39, 73, 91):
        found = compare(few, enough, n_bootstrap=0, n_permutations=0, n_ceiling=0, seed=seed)
        assert found.null_a is None and found.null_b.draws[0] >= 20
        assert "No halves of A are shown: they need 20" in str(found)
        assert "No halves of B" not in str(found)


def test_the_parts_of_a_folder_that_is_not_finished(tmp_path):
    parts = parts_of(3, 30, 4, 2)
    with RunWriter(tmp_path, task=task_on(M), source=PriorSampling(4), seed=2) as run:
        for part in parts:
            run.add(part)
        assert sorted(map(len, load_parts(tmp_path))) == sorted(map(len, parts))
        assert add_all(load_parts(tmp_path)) == load_run(tmp_path)
        assert compare(load_parts(tmp_path), parts_of(1, 60, 4, 1), **QUICK).null_a is not None
        run.finish()
        assert load_parts(tmp_path) == [load_run(tmp_path)]


def test_noise_of_groups_of_varying_sizes_is_that_of_their_ratio():
    rows = np.array([[1, 30, 40, 100], [2, 50, 20, 90]], dtype=np.uint64)
    table = FunctionTable.from_rows(
        rows,
        task=task_on(M),
        m=M,
        source=PriorSampling(4),
        provenance=Provenance((Span(0, 4, 0, 20),)),
        n_samples=80,
        t_sums=None,
    )
    wanted = ratio_inflation(
        rows[:, 1], rows[:, 2], rows[:, 3], n_samples=80, group_size=table.group_size
    )
    assert whole(table).effects == pytest.approx(wanted)
    assert whole(table).effects == pytest.approx(
        table.proportions(table.counts, table.group_pairs, table.size_sums).inflation
    )


@pytest.mark.parametrize(
    "a, message",
    [
        ([], "table_a must be a FunctionTable, got list"),
        ([3], "table_a must hold FunctionTables, got int"),
        (parts_of(2, 30, 1, 0) + parts_of(1, 30, 1, 0), "cannot be added up: both tables hold"),
        ([FunctionTable.from_counts(["0000"], [30])] * 2, "cannot be added up: tables without"),
        ([parts_of(1, 30, 1, 0)[0], parts_of(1, 30, 4, 1)[0]], "cannot be added up: sources"),
    ],
)
def test_bad_input(a, message):
    with pytest.raises(ValueError, match=message):
        compare(a, parts_of(1, 60, 1, 1), **QUICK)
