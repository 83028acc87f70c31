"""Functions as bits: the order, the three forms, and every refusal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import bits
from priorvol.inputs import boolean_cube
from priorvol.table import FunctionTable

QUICK = settings(max_examples=200, deadline=None, derandomize=True)


@st.composite
def texts(draw, max_m=200, max_k=6):
    m = draw(st.integers(1, max_m))
    row = st.text("01", min_size=m, max_size=m)
    return draw(st.lists(row, min_size=1, max_size=max_k))


def words_of(text):
    """Bit b of word j is character 64 j + b; by Python's integers."""
    number = sum(1 << i for i, bit in enumerate(text) if bit == "1")
    count = -(-len(text) // 64)
    return [(number >> (64 * j)) & (2**64 - 1) for j in range(count)]


def hex_of(text):
    """The digits of the string read as a big-endian number."""
    digits = -(-len(text) // 4)
    return f"0x{int(text, 2):0{digits}x}"


@QUICK
@given(texts())
def test_pack_follows_the_stated_order(rows):
    array = np.array([[bit == "1" for bit in row] for row in rows])
    packed = bits.pack(array)
    assert packed.dtype == np.uint64 and packed.dtype.isnative
    assert packed.tolist() == [words_of(row) for row in rows]


@QUICK
@given(texts())
def test_every_form_leads_to_every_other(rows):
    m = len(rows[0])
    array = np.array([[bit == "1" for bit in row] for row in rows])
    packed = np.array([words_of(row) for row in rows], dtype=np.uint64)
    np.testing.assert_array_equal(bits.unpack(packed, m), array)
    assert bits.unpack(packed, m).dtype == np.bool_
    assert bits.to_text(packed, m) == rows
    assert bits.to_text(packed, m, base=16) == [hex_of(row) for row in rows]
    mixed = [hex_of(row) if i % 2 else row for i, row in enumerate(rows)]
    for form in (rows, [hex_of(row) for row in rows], mixed, np.array(rows), array, packed):
        found, n_inputs = bits.as_words(form, m)
        np.testing.assert_array_equal(found, packed)
        assert n_inputs == m and found.dtype == np.uint64
    for form in (rows[0], hex_of(rows[0]).upper().replace("X", "x"), array[0], packed[0]):
        np.testing.assert_array_equal(bits.as_word(form, m), packed[0])


def test_the_first_input_is_the_first_character_and_the_lowest_bit():
    assert bits.to_text([[1]], 8) == ["10000000"]
    assert bits.to_text([[1]], 8, base=16) == ["0x80"]
    assert bits.to_text([[0, 1]], 65) == ["0" * 64 + "1"]
    assert bits.to_text([[0, 1]], 65, base=16) == ["0x00000000000000001"]
    assert bits.to_text([[0b100]], 3, base=16) == ["0x1"]
    assert bits.as_word("0x1f", 5).tolist() == [0b11111]
    assert bits.as_word("0x01", 5).tolist() == [0b10000]
    assert bits.as_word(" 0X6\n", 4).tolist() == [0b0110]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_bit_i_is_the_function_at_input_i(n):
    cube = boolean_cube(n).values
    first = bits.to_text(bits.pack(cube[:, 0][None]), 2**n)[0]
    last = bits.to_text(bits.pack(cube[:, -1][None]), 2**n)[0]
    assert first == "0" * 2 ** (n - 1) + "1" * 2 ** (n - 1)
    assert last == "01" * 2 ** (n - 1)


def test_tables_stand_for_their_functions():
    table = FunctionTable.from_counts(["0110", "0001"], [1, 2])
    words, m = bits.as_words(table)
    np.testing.assert_array_equal(words, table.functions)
    assert m == 4
    with pytest.raises(ValueError, match="m = 5, but the table's functions have m = 4"):
        bits.as_words(table, 5)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_pack_takes_zeros_and_ones_of_any_kind(kind):
    rows = np.array([[1, 0, 0, 1, 1]], dtype=kind)
    assert bits.pack(rows).tolist() == [[0b11001]]
    assert bits.pack(rows.tolist()).tolist() == [[0b11001]]


def test_pack_takes_any_memory_layout():
    array = np.random.default_rng(1).random((70, 9)) < 0.5
    expected = bits.pack(np.ascontiguousarray(array.T))
    np.testing.assert_array_equal(bits.pack(array.T), expected)
    np.testing.assert_array_equal(bits.unpack(expected[:, ::-1][:, ::-1], 70), array.T)
    swapped = expected.astype(">u8")
    np.testing.assert_array_equal(bits.unpack(swapped, 70), array.T)
    assert bits.pack(np.zeros((0, 70), dtype=bool)).shape == (0, 2)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ([0, 1], r"shape \(2,\)"),
        (np.zeros((2, 0), dtype=bool), r"shape \(2, 0\)"),
        (np.zeros((2, 2, 2), dtype=bool), r"shape \(2, 2, 2\)"),
        ([[0, 2]], "bits must be 0 or 1, got .*2"),
        ([[0, -1]], "bits must be 0 or 1, got .*-1"),
        ([[0.0, 0.5]], "bits must be 0 or 1, got .*0.5"),
        ([[0.0, np.nan]], "bits must be 0 or 1, got .*nan"),
        ([["0", "1"]], "dtype <U1"),
        ([[None]], "dtype object"),
    ],
)
def test_bad_bits(array, message):
    with pytest.raises(ValueError, match=message):
        bits.pack(array)


@pytest.mark.parametrize(
    ("words", "m", "message"),
    [
        ([[0]], 65, r"m = 65 inputs must have shape \(k, 2\), got shape \(1, 1\)"),
        ([[0, 0]], 64, r"shape \(k, 1\)"),
        ([0], 4, r"got shape \(1,\)"),
        ([[0.0]], 4, "float64"),
        ([[True]], 4, "bool"),
        ([[-1]], 4, "unsigned, got -1"),
        ([[16]], 4, "bit set beyond input 3"),
        ([[0, 1]], 64 + 0, r"shape \(k, 1\)"),
        ([[0, 2]], 65, "bit set beyond input 64"),
        ([[3]], 0, "m must be at least 1, got 0"),
        ([[3]], -4, "m must be at least 1, got -4"),
        ([[3]], 2.5, "m must be an integer, got 2.5"),
        ([[3]], True, "m must be an integer, got True"),
        ([[3]], None, "m must be an integer, got None"),
    ],
)
def test_bad_words(words, m, message):
    for call in (bits.check_words, bits.unpack, bits.to_text):
        with pytest.raises(ValueError, match=message):
            call(words, m)


def test_every_spare_bit_is_checked():
    for m in range(1, 130):
        full = bits.pack(np.ones((1, m), dtype=bool))
        np.testing.assert_array_equal(bits.check_words(full, m), full)
        for spare in range(m, 64 * full.shape[1]):
            wrong = full.copy()
            wrong[0, -1] |= np.uint64(1 << (spare % 64))
            with pytest.raises(ValueError, match=f"beyond input {m - 1}$"):
                bits.check_words(wrong, m)


def test_words_of_any_integer_type():
    for kind in (np.uint8, np.int16, np.int64, np.uint64):
        words = bits.check_words(np.array([[5], [0]], dtype=kind), 3)
        assert words.dtype == np.uint64 and words.tolist() == [[5], [0]]
    assert bits.check_words(np.zeros((0, 2), np.uint64), 100).shape == (0, 2)


@pytest.mark.parametrize(
    ("functions", "m", "message"),
    [
        ("", None, "got ''"),
        ("  ", None, "got ''"),
        ("012", None, "got '012'"),
        ("0 1", None, "got '0 1'"),
        ("abc", None, "got 'abc'"),
        ("0b01", None, "got '0b01'"),
        ("０1", None, "got '０1'"),
        ("-01", None, "got '-01'"),
        (["01", "011"], None, "'011' has 3 characters, but m = 2"),
        ("01", 3, "'01' has 2 characters, but m = 3"),
        ("0x1", None, "0x text needs m"),
        (["0x1", "0x2"], None, "0x text needs m"),
        ("0x", 4, "not a hexadecimal function: '0x'"),
        ("0xg", 4, "not a hexadecimal function: '0xg'"),
        ("0x_1", 8, "not a hexadecimal function: '0x_1'"),
        ("0x-1", 8, "not a hexadecimal function"),
        ("0x1", 5, "'0x1' does not fit m = 5 inputs: 2 hexadecimal digits"),
        ("0x001", 8, "'0x001' does not fit m = 8"),
        ("0x8", 3, r"'0x8' does not fit m = 3 .* below 2\*\*3"),
        ("0xff", 7, "'0xff' does not fit m = 7"),
        (np.array([[6]], dtype=np.uint64), None, "packed words need m"),
        (np.array([[0, 1]]), None, r"must be boolean: use array.astype\(bool\)"),
        (np.array([[0.0, 1.0]]), None, "dtype float64"),
        (np.array([[True, False]]), 3, "m = 3, but the boolean array has 2 columns"),
        (np.array([6, 9], dtype=np.uint64), 4, r"shape \(1, 2\)"),
        (np.zeros((0,), dtype=bool), None, r"shape \(1, 0\)"),
        ([], None, "got list"),
        ([0, 1], None, "got list"),
        ([[0, 1]], None, "got list"),
        (["01", 1], None, "got list"),
        (b"01", None, "got bytes"),
        (None, None, "got NoneType"),
        (6, 4, "got int"),
        ("01", 0, "m must be at least 1, got 0"),
        ("01", "2", "m must be an integer, got '2'"),
    ],
)
def test_bad_functions(functions, m, message):
    with pytest.raises(ValueError, match=message):
        bits.as_words(functions, m)


@pytest.mark.parametrize("case", ["zero-dimensional text", "integral float m"])
def test_forms_that_are_neither_taken_nor_refused(case):
    if case == "zero-dimensional text":
        with pytest.raises(ValueError, match="functions must be"):
            bits.as_words(np.array("01"))
    else:
        assert bits.unpack([[9]], 4.0).tolist() == bits.unpack([[9]], 4).tolist()
        assert bits.to_text([[9]], 4.0) == ["1001"]


def test_one_function_is_one():
    for functions in (["01", "10"], np.ones((2, 3), dtype=bool)):
        with pytest.raises(ValueError, match="one function is wanted, got 2"):
            bits.as_word(functions, 2 if isinstance(functions, list) else 3)


@pytest.mark.parametrize("base", [0, 8, 10, "2", None])
def test_bases(base):
    with pytest.raises(ValueError, match="base must be 2 or 16, got") as caught:
        bits.to_text([[1]], 4, base=base)
    assert repr(base) in str(caught.value)


@pytest.mark.parametrize(
    ("m", "words"), [(1, 1), (64, 1), (65, 2), (128, 2), (129, 3), (2**20, 2**14)]
)
def test_number_of_words(m, words):
    assert bits.n_words(m) == words
