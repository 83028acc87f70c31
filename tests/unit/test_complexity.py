"""Complexities: published words, invariances, accepted forms, and the registry."""

import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import bits, complexity
from priorvol.complexity import chunks, registry
from priorvol.inputs import array_inputs, boolean_cube
from priorvol.table import FunctionTable

TEXTS = st.text("01", min_size=1, max_size=140)

PUBLISHED = [
    ("1001111011000010", 6, 7, 26.0),
    ("0" * 128, 2, 2, 7.0),
    ("01" * 64, 3, 3, 21.0),
    ("0" * 127 + "1", 2, 3, 17.5),
    ("0" * 64 + "1" * 64, 3, 3, 21.0),
    ("0001101001000101", 6, 6, 24.0),
]


@pytest.mark.parametrize(("text", "forward", "backward", "expected"), PUBLISHED)
def test_published_words(text, forward, backward, expected):
    assert complexity.lz76_words(text).tolist() == [forward]
    assert complexity.lz76_words(text[::-1]).tolist() == [backward]
    assert complexity.k_lz(text).tolist() == [expected]


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0.0), ("1", 0.0), ("00", 1.0), ("11", 1.0), ("01", 2.0)]
)
def test_the_shortest_words(text, expected):
    assert complexity.k_lz(text).tolist() == [expected]


@pytest.mark.parametrize("m", [1, 63, 64, 65, 128, 130])
def test_constant_words_have_log2_m(m):
    expected = [np.log2(m)] * 2
    np.testing.assert_allclose(complexity.k_lz(["0" * m, "1" * m]), expected, rtol=1e-15)


@settings(deadline=None)  # the first call may compile
@given(TEXTS)
def test_reversal_and_complement_leave_k_lz_unchanged(text):
    complement = text.translate(str.maketrans("01", "10"))
    values = complexity.k_lz([text, text[::-1], complement])
    assert values[0] == values[1] == values[2]
    words = complexity.lz76_words([text, complement])
    assert words[0] == words[1]


@settings(deadline=None)  # the first call may compile
@given(TEXTS)
def test_k_lz_is_the_mean_of_both_directions(text):
    counts = complexity.lz76_words([text, text[::-1]])
    expected = np.log2(len(text)) * (1.0 if len(set(text)) == 1 else counts.mean())
    np.testing.assert_allclose(complexity.k_lz(text), [expected], rtol=1e-14)


def test_a_permutation_of_the_inputs_changes_k_lz():
    assert complexity.k_lz("0101" * 4) < complexity.k_lz("0001101011001101")


def test_uniformly_random_words_of_128_characters():
    k = 200_000
    words = np.random.default_rng(148).integers(0, 2**64, (k, 2), dtype=np.uint64)
    values = complexity.k_lz(words, m=128)
    mean, sd = values.mean(), values.std(ddof=1)
    assert abs(mean - 148.82) < 4 * np.hypot(sd / np.sqrt(k), 0.004)
    fourth = np.mean((values - mean) ** 4)
    sd_error = np.sqrt((fourth - sd**4) / k) / (2 * sd)
    assert abs(sd - 6.14) < 4 * sd_error + 0.005  # 6.14 is rounded


def test_lz78_is_not_lz76():
    texts = ["1001111011000010", "0" * 16]
    assert complexity.lz78_phrases(texts).tolist() == [8, 5]
    assert complexity.lz78_phrases("0" * 128).tolist() == [15]
    assert complexity.lz78_phrases("0").tolist() == [1]


# Accepted forms


@pytest.mark.parametrize("m", [1, 16, 64, 100, 128, 150])
@pytest.mark.parametrize(
    "function", [complexity.k_lz, complexity.lz76_words, complexity.lz78_phrases]
)
def test_every_form_of_functions_gives_the_same(function, m):
    array = np.random.default_rng(m).random((9, m)) < 0.4
    words = bits.pack(array)
    expected = function(words, m=m)
    assert expected.shape == (9,)
    np.testing.assert_array_equal(function(array), expected)
    np.testing.assert_array_equal(function(bits.to_text(words, m)), expected)
    np.testing.assert_array_equal(function(bits.to_text(words, m, base=16), m=m), expected)
    np.testing.assert_array_equal(function(words[3], m=m), expected[3:4])
    np.testing.assert_array_equal(function(SimpleNamespace(functions=words, m=m)), expected)


def test_a_table_gives_its_rows_in_storage_order():
    table = FunctionTable.from_counts(["1001111011000010", "0" * 16, "0001101001000101"], [1, 5, 2])
    expected = complexity.k_lz(table.functions, m=16)
    np.testing.assert_array_equal(complexity.k_lz(table), expected)
    np.testing.assert_array_equal(complexity.compute(table)["k_lz"], expected)
    assert sorted(expected) == [4.0, 24.0, 26.0]


class Chunked:
    """A table that can be read in parts only."""

    def __init__(self, parts, m):
        self.parts, self.m = parts, m

    @property
    def functions(self):
        raise AssertionError("the table was read as a whole")

    def chunks(self):
        yield from self.parts


@pytest.mark.parametrize(
    "wrap",
    [
        lambda words: words,
        lambda words: (words, np.ones(len(words), dtype=np.int64)),
        lambda words: SimpleNamespace(functions=words, m=100),
    ],
    ids=["words", "words and counts", "tables"],
)
def test_a_table_in_chunks_is_never_read_as_a_whole(wrap):
    words = bits.pack(np.random.default_rng(5).random((50, 100)) < 0.5)
    table = Chunked([wrap(words[:20]), wrap(words[20:20]), wrap(words[20:])], 100)
    expected = complexity.k_lz(words, m=100)
    np.testing.assert_array_equal(complexity.k_lz(table), expected)
    np.testing.assert_array_equal(complexity.k_lz(table, m=100), expected)
    np.testing.assert_array_equal(complexity.compute(table)["k_lz"], expected)
    with pytest.raises(ValueError, match="m = 64, but the table's functions have m = 100"):
        complexity.k_lz(table, m=64)


def test_a_memory_mapped_file_is_read_a_part_at_a_time(tmp_path, monkeypatch):
    words = np.random.default_rng(6).integers(0, 2**64, (5000, 2), dtype=np.uint64)
    expected = complexity.k_lz(words, m=128)
    np.save(tmp_path / "functions.npy", words)
    mapped = np.load(tmp_path / "functions.npy", mmap_mode="r")
    monkeypatch.setattr(chunks, "CHUNK_WORDS", 1400)
    parts, m = chunks.word_chunks(mapped, 128)
    assert [len(part) for part in parts] == [700] * 7 + [100]
    assert m == 128
    np.testing.assert_array_equal(complexity.k_lz(mapped, m=128), expected)
    np.testing.assert_array_equal(complexity.compute(mapped, m=128)["k_lz"], expected)


def test_no_functions_give_no_values():
    empty = np.empty((0, 2), dtype=np.uint64)
    assert complexity.k_lz(empty, m=128).shape == (0,)
    assert complexity.lz78_phrases(empty, m=128).dtype == np.int64
    columns = complexity.compute(empty, ["k_lz", "lz76_words"], m=128)
    assert [column.shape for column in columns.values()] == [(0,), (0,)]
    assert complexity.k_lz(Chunked([], 128)).shape == (0,)


# Bad input


@pytest.mark.parametrize(
    "function",
    [complexity.k_lz, complexity.lz76_words, complexity.lz78_phrases, complexity.compute],
)
@pytest.mark.parametrize(
    ("functions", "m", "message"),
    [
        (np.array([[0.0, np.nan]]), None, "packed words need m.*float64"),
        (np.array([[0.0, np.nan]]), 128, "must be unsigned integers, got dtype float64"),
        (np.zeros((3, 2), dtype=np.uint64), None, "packed words need m"),
        (np.zeros((3, 2), dtype=np.uint64), 64, r"shape \(k, 1\), got shape \(3, 2\)"),
        (np.zeros((3, 2, 1), dtype=np.uint64), 128, r"got shape \(3, 2, 1\)"),
        (np.full((1, 1), 16, dtype=np.uint64), 4, "a bit set beyond input 3"),
        (np.zeros((3, 8), dtype=bool), 7, "m = 7, but the boolean array has 8 columns"),
        (np.zeros((3, 8), dtype=bool), 0, "m must be at least 1, got 0"),
        ("0120", None, "written in 0 and 1"),
        (["01", "011"], None, "'011' has 3 characters, but m = 2"),
        ("", None, "written in 0 and 1"),
        ([], None, "must be a FunctionTable"),
        (None, None, "must be a FunctionTable.*NoneType"),
    ],
)
def test_bad_functions(function, functions, m, message):
    with pytest.raises(ValueError, match=message):
        function(functions, m=m)


# The registry


@pytest.fixture
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_MEASURES", dict(registry._MEASURES))


def a_measure(**changes):
    def ones(functions, *, m=None):
        return bits.unpack(functions, m).sum(axis=1)

    fields = {
        "name": "ones",
        "function": ones,
        "unit": "",
        "label": "T",
        "cost": "",
        "source": "",
        "description": "the number of ones",
    }
    return complexity.Measure(**{**fields, **changes})


def test_measures_are_listed_with_what_a_plot_needs():
    names = [measure.name for measure in complexity.measures()]
    assert names[:3] == ["k_lz", "lz76_words", "lz78_phrases"]
    for measure in complexity.measures():
        assert complexity.measure(measure.name) is measure
        assert measure.label and measure.cost and measure.source and measure.description
    assert complexity.measure("k_lz").unit == "bits"
    assert complexity.measure("k_lz").label == r"$K_\mathrm{LZ}$ (bits)"
    assert complexity.measure("k_lz").function is complexity.k_lz


def test_a_measure_is_frozen():
    with pytest.raises(FrozenInstanceError):
        complexity.measure("k_lz").name = "other"


@pytest.mark.parametrize("name", ["k_lzz", "", None, 3, ["k_lz"]])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ValueError, match="measure must be one of 'k_lz', 'lz76_words'.*got"):
        complexity.measure(name)
    with pytest.raises(ValueError, match="measure must be one of 'k_lz', 'lz76_words'.*got"):
        complexity.compute("01", [name])


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(ValueError, match="did you mean 'k_lz'"):
        complexity.compute("01", "k_lzz")


@pytest.mark.parametrize("names", [[], (), None, 3])
def test_compute_wants_names(names):
    with pytest.raises(ValueError, match="measures must"):
        complexity.compute("01", names)


def test_compute_gives_float_columns_in_the_order_asked():
    names = ["lz78_phrases", "k_lz", "lz76_words"]
    columns = complexity.compute(["1001111011000010", "0" * 16], names)
    assert list(columns) == names
    assert {column.dtype for column in columns.values()} == {np.dtype(np.float64)}
    assert columns["lz78_phrases"].tolist() == [8.0, 5.0]
    assert columns["k_lz"].tolist() == [26.0, 4.0]
    assert list(complexity.compute("0110")) == ["k_lz"]
    assert list(complexity.compute("0110", "lz76_words")) == ["lz76_words"]
    assert list(complexity.compute("0110", ["k_lz", "k_lz"])) == ["k_lz"]


def test_a_new_measure_is_one_registration(own_registry):
    complexity.register(a_measure())
    assert complexity.measures()[-1].name == "ones"
    columns = complexity.compute(["0110", "1111"], ["ones", "lz76_words"])
    assert columns["ones"].tolist() == [2.0, 4.0]


def test_registration_refuses_duplicates_and_strangers(own_registry):
    complexity.register(a_measure())
    with pytest.raises(ValueError, match="'ones' is registered already"):
        complexity.register(a_measure(label="another"))
    with pytest.raises(ValueError, match="a Measure is wanted, got 'ones'"):
        complexity.register("ones")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must be a Python identifier, got ''"),
        ({"name": "K LZ"}, "name must be a Python identifier, got 'K LZ'"),
        ({"name": "all"}, "name must not be 'all', which stands for every measure"),
        ({"symmetries": ("rotation",)}, "symmetry must be one of 'complement', 'permutation'"),
        ({"name": 3}, "name must be a Python identifier, got 3"),
        ({"function": "k_lz"}, "function must be callable, got 'k_lz'"),
        ({"needs": "sphere"}, "needs must be one of 'any', 'cube', 'points', got 'sphere'"),
    ],
)
def test_bad_measures(changes, message):
    with pytest.raises(ValueError, match=message):
        a_measure(**changes)


def test_a_measure_of_the_wrong_shape_is_named(own_registry):
    complexity.register(a_measure(function=lambda functions, *, m=None: functions))
    with pytest.raises(ValueError, match=r"'ones' must return .* shape \(1,\), got shape \(1, 1\)"):
        complexity.compute("0110", "ones")


@pytest.mark.parametrize("m", [1, 3, 12, 100])
def test_a_cube_measure_refuses_other_lengths(own_registry, m):
    complexity.register(a_measure(needs="cube"))
    with pytest.raises(ValueError, match=f"ones needs functions on a whole .* got m = {m}"):
        complexity.compute("0" * m, "ones")


def test_a_cube_measure_asks_a_table_for_its_inputs(own_registry):
    complexity.register(a_measure(needs="cube"))
    cube, points = boolean_cube(2), array_inputs([[0.0], [1.0], [2.0], [3.0]])
    table = SimpleNamespace(functions=bits.pack([[0, 1, 1, 0]]), m=4)
    assert complexity.compute(table, "ones")["ones"].tolist() == [2.0]
    table.task = SimpleNamespace(inputs=cube)
    assert complexity.compute(table, "ones")["ones"].tolist() == [2.0]
    table.task = SimpleNamespace(inputs=points)
    with pytest.raises(ValueError, match="inputs are 4 points in R"):
        complexity.compute(table, "ones")


# Options of compute


def test_all_refuses_options_that_no_measure_takes():
    three = array_inputs([[0.0], [1.0], [5.0]])
    for options, message in (
        ({"radius": -1.0}, "radius must be above 0.0, got -1.0"),
        ({"radius": np.nan}, "radius must be finite"),
        ({"inputs": np.zeros((4, 1))}, "inputs must be Inputs or None, got ndarray"),
        ({"inputs": three}, "inputs has 3 points, but the functions have m = 4"),
    ):
        with pytest.raises(ValueError, match=message):
            complexity.compute("0110", "all", **options)
        with pytest.raises(ValueError, match=message):
            complexity.applicable("0110", **options)


def test_all_leaves_out_what_the_points_do_not_allow():
    four = array_inputs([[0.0], [1.0], [5.0], [7.0]])
    for options, there in (({}, False), ({"radius": 1.5}, True)):
        found = complexity.applicable("0110", inputs=four, **options)
        assert ("critical_sample_ratio" in found) == there
    # a radius without points says nothing of functions on no cube
    assert "critical_sample_ratio" not in complexity.applicable("011", radius=1.0)
    assert complexity.compute("011", "all", radius=1.0)["k_lz"] == complexity.k_lz("011")


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_workers_keep_the_order_of_the_functions(own_registry, monkeypatch, n_jobs):
    """The first pieces take longest."""
    monkeypatch.setattr(registry, "CHUNK_ROWS", 10)
    words = np.arange(100, dtype=np.uint64)[:, None]

    def slow(functions, *, m=None):
        time.sleep(0.02 if functions[0, 0] < 30 else 0.0)
        return functions[:, 0]

    complexity.register(a_measure(name="slow", function=slow))
    found = complexity.compute(words, ["slow", "lz76_words"], m=8, n_jobs=n_jobs)
    np.testing.assert_array_equal(found["slow"], np.arange(100))
    np.testing.assert_array_equal(found["lz76_words"], complexity.lz76_words(words, m=8))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_worker_is_raised(own_registry, n_jobs):
    def broken(functions, *, m=None):
        raise RuntimeError("broken")

    complexity.register(a_measure(name="broken", function=broken))
    with pytest.raises(RuntimeError, match="broken"):
        complexity.compute(["0110", "0111"], "broken", n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", None, True])
def test_bad_numbers_of_workers(n_jobs):
    with pytest.raises(ValueError, match="n_jobs must be"):
        complexity.compute("0110", n_jobs=n_jobs)


# Imports


def test_importing_loads_no_heavy_library():
    heavy = ["numba", "scipy.stats", "sklearn", "matplotlib", "lempel_ziv_complexity"]
    script = (
        "import sys, priorvol.complexity\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
