"""Simple but rare functions: intervals and gaps, names, grouped draws, printing, bad input."""

import json
import math

import numpy as np
import pytest

from priorvol import (
    Architecture,
    FunctionTable,
    Prior,
    Task,
    array_inputs,
    atlas,
    bits,
    boolean_cube,
    collect,
    symmetry,
)
from priorvol.intervals import clopper_pearson
from priorvol.simplicity import simple_but_rare


def drawn(n=4, samples=20_000, seed=0, *, encoding="01", draws=1, hidden=(8,), sigma_b=1.0):
    task = Task(Architecture(n, hidden), Prior(sigma_b=sigma_b), boolean_cube(n, encoding))
    return collect(task, n_samples=samples, seed=seed, output_draws=draws, progress=False)


@pytest.mark.parametrize(("encoding", "measure"), [("01", "k_lz"), ("pm1", "bdd_size")])
def test_intervals_and_gaps(encoding, measure):
    table = drawn(encoding=encoding)
    found = simple_but_rare(table, measure, level=0.9)
    assert found.symmetries == symmetry.task_symmetries(table.task)
    assert (found.complete_up_to, found.level) == (math.inf, 0.9)
    low, high = clopper_pearson(found.counts, table.n_samples, level=0.9)
    np.testing.assert_allclose(found.low, low / found.orbit_sizes)
    np.testing.assert_allclose(found.high, high / found.orbit_sizes)
    np.testing.assert_allclose(found.p * found.orbit_sizes * table.n_samples, found.counts)
    bound = np.minimum(found.envelope.log_p(found.complexity), 0)
    np.testing.assert_allclose(found.gap, (bound - np.log(found.high)) / math.log(2))
    assert (np.diff(found.gap) <= 1e-12).all()
    assert found.counts.sum() == table.n_samples  # all 65,536 functions are in some orbit
    assert found.orbit_sizes.sum() == 1 << 16
    images = symmetry.canonical(found.functions, found.symmetries, m=16)
    assert len(np.unique(images, axis=0)) == len(found)
    np.testing.assert_array_equal(found.t, bits.unpack(found.functions, 16).sum(axis=1))


def test_names_are_known_up_to_symmetry():
    found = simple_but_rare(drawn(), "sop_terms")
    names = dict(zip(found.texts(base=2), found.names, strict=True))
    for text, name in names.items():
        orbit = bits.to_text(symmetry.orbit(text, found.symmetries), 16)
        known = [entry.name for entry in atlas.entries(4) if entry.text in orbit]
        assert name == (known[0] if known else "")
    named = found.named()
    assert all(named.names)
    assert len(named) == sum(map(bool, found.names))
    assert named.texts(3) == [t for t, n in names.items() if n][:3]


def test_grouped_draws_have_wider_intervals():
    alone, grouped = (simple_but_rare(drawn(draws=draws), "bdd_size") for draws in (1, 50))
    zero = (alone.counts == 0).all(), (grouped.counts == 0).sum()
    assert zero[1] > 0
    unseen = grouped.high[grouped.counts == 0] * grouped.orbit_sizes[grouped.counts == 0]
    np.testing.assert_allclose(unseen, clopper_pearson(0, 400)[1])  # 20,000 draws, 400 groups


def test_a_task_that_is_not_known_has_no_orbits():
    words = ["0000", "1111", "0001", "0111"]
    found = simple_but_rare(FunctionTable.from_counts(words, [40, 40, 10, 10]), "k_lz")
    assert found.symmetries == ()
    assert set(found.orbit_sizes.tolist()) == {1}
    assert len(found) == 16
    assert found.names == ("",) * 16  # the atlas begins at three inputs


def test_records_and_lines():
    found = simple_but_rare(drawn(5), "circuit_size")
    record = json.loads(json.dumps(found.to_json(4), allow_nan=False))
    assert (len(record["functions"]), record["n_listed"]) == (4, len(found))
    assert record["functions"][0]["gap_bits"] == found.gap[0]
    assert record["complete_up_to"] == 3
    text = str(found).splitlines()
    assert "every function of circuit_size <= 3 is there" in text[-1]
    assert len(text) == 1 + 20 + 1 + 6
    assert found.texts(1)[0] in text[1]
    assert simple_but_rare(drawn(3), "k_lz").to_json(1)["complete_up_to"] == "inf"
    assert "not known to hold" in str(simple_but_rare(drawn(5), "lz78_phrases"))


def unlisted():
    return FunctionTable.from_counts(["0001", "0111"], [10, 10], n_samples=40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simple_but_rare("table"), "table must be a FunctionTable, got str"),
        (lambda: simple_but_rare(drawn(), "k_lx"), "measure must be one of"),
        (lambda: simple_but_rare(drawn(), min_count=0), "min_count must be at least 1, got 0"),
        (lambda: simple_but_rare(drawn(), min_count=10**6), "no function of .* 1000000 times"),
        (lambda: simple_but_rare(drawn(), level=1.0), "level must be above 0.0 and below 1.0"),
        (lambda: simple_but_rare(drawn(), n_jobs=0), "n_jobs must be a number of workers"),
        (lambda: simple_but_rare(unlisted()), "every draw must be listed"),
        (lambda: simple_but_rare(drawn(8, 1000)), "n at most 7, got n = 8"),
        (
            lambda: simple_but_rare(FunctionTable.from_counts(["01", "10"], [5, 5])),
            "at least two distinct complexities",
        ),
        (
            lambda: simple_but_rare(
                collect(
                    Task(Architecture(1, (2,)), inputs=array_inputs([[0.0], [2.0], [3.0], [5.0]])),
                    n_samples=100,
                    progress=False,
                )
            ),
            "whole Boolean cube in its standard order",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
