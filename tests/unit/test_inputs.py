"""Input sets: the cube's order, files, identity, JSON, and every refusal."""

import base64
import csv
import hashlib
import itertools
import json
import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from priorvol.inputs import (
    Inputs,
    array_inputs,
    boolean_cube,
    check_indices,
    csv_inputs,
    digits_inputs,
    npz_inputs,
)

QUICK = settings(max_examples=60, deadline=None, derandomize=True)

POINTS = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16])
@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_input_i_is_the_binary_expansion_of_i(n, encoding):
    cube = boolean_cube(n, encoding)
    assert (cube.m, cube.n, cube.encoding) == (2**n, n, encoding)
    zero = 0.0 if encoding == "01" else -1.0
    chosen = range(2**n) if n < 10 else [0, 1, 2, 3, 2**n // 2, 2**n - 2, 2**n - 1, 12_345]
    for i in chosen:
        expected = [1.0 if bit == "1" else zero for bit in format(i, f"0{n}b")]
        assert cube.values[i].tolist() == expected


def test_the_cube_is_in_lexicographic_order():
    expected = np.array(list(itertools.product([0.0, 1.0], repeat=6)))
    np.testing.assert_array_equal(boolean_cube(6).values, expected)
    np.testing.assert_array_equal(boolean_cube(6, "pm1").values, 2 * expected - 1)


@pytest.mark.parametrize("n", [0, -1, 17, 2.5, math.nan, math.inf, "3", None, True])
def test_bad_cubes(n):
    with pytest.raises(ValueError, match="^n must be") as caught:
        boolean_cube(n)
    assert repr(n) in str(caught.value)


@pytest.mark.parametrize("encoding", ["10", "", None, 1])
def test_bad_encodings(encoding):
    with pytest.raises(ValueError, match="encoding must be one of '01', 'pm1'") as caught:
        boolean_cube(2, encoding)
    assert repr(encoding) in str(caught.value)


def test_the_cube_is_recognised_and_nothing_else():
    cube = boolean_cube(3)
    same = array_inputs(cube.values.astype(int).tolist(), name="mine")
    assert same == cube and hash(same) == hash(cube)
    assert same.encoding == "01" and same.name == "{0,1}^3"
    assert boolean_cube(3, "pm1").name == "{-1,+1}^3"
    assert cube.subset(range(8)) == cube and cube.subset(range(8)).encoding == "01"
    for other in (cube.values[::-1], cube.values[:, ::-1], cube.values[:7], 2 * cube.values):
        assert array_inputs(other).encoding is None
        assert array_inputs(other) != cube


@QUICK
@given(POINTS)
def test_points_survive_json_bit_for_bit(values):
    inputs = Inputs(values, name="points")
    text = json.dumps(inputs.to_json(), allow_nan=False)
    back = Inputs.from_json(json.loads(text))
    assert back.values.tobytes() == inputs.values.tobytes()
    assert (back, hash(back), back.digest) == (inputs, hash(inputs), inputs.digest)
    assert back.name == inputs.name


@QUICK
@given(POINTS)
def test_the_digest_is_that_of_the_bytes(values):
    # adding 0.0 turns -0.0 into 0.0 and changes nothing else
    expected = hashlib.sha256((values + 0.0).astype("<f8").tobytes()).hexdigest()
    assert Inputs(values).digest == expected
    assert Inputs(np.asfortranarray(values)).digest == expected


@pytest.mark.parametrize("encoding", ["01", "pm1"])
def test_cubes_survive_json(encoding):
    record = boolean_cube(4, encoding).to_json()
    assert record == {"kind": "cube", "n": 4, "encoding": encoding}
    assert Inputs.from_json(record) == boolean_cube(4, encoding)


def test_the_name_is_no_part_of_the_identity():
    a, b = Inputs([[1.0, 2.0]], name="a"), Inputs([[1.0, 2.0]], name="b")
    assert a == b and hash(a) == hash(b) and a.identity() == b.identity()
    assert (a.name, Inputs([[1.0, 2.0]]).name) == ("a", "1 points in R^2")


def test_zero_has_no_sign():
    assert Inputs([[-0.0]]) == Inputs([[0.0]])
    assert Inputs([[-0.0]]).digest == Inputs([[0.0]]).digest


@pytest.mark.parametrize(
    "change",
    [lambda v: v + 1e-15, lambda v: v[::-1], lambda v: v[:, ::-1], lambda v: v.reshape(3, 2)],
)
def test_any_change_of_the_points_is_another_set(change):
    values = np.arange(1.0, 7.0).reshape(2, 3) / 7
    a, b = Inputs(values), Inputs(change(values))
    assert a != b and a.identity() != b.identity()


def test_immutable():
    source = np.ones((2, 2))
    inputs = Inputs(source)
    source[0, 0] = 5
    assert inputs.values[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        inputs.values[0, 0] = 2
    for name in ("values", "m", "n", "name"):
        with pytest.raises(AttributeError):
            setattr(inputs, name, 3)


@pytest.mark.parametrize("name", ["encoding", "digest"])
def test_derived_values_cannot_be_assigned(name):
    with pytest.raises(AttributeError):
        setattr(Inputs([[1.0, 2.0]]), name, "01")


BAD_ARRAYS = [
    ([], "(0,)"),
    ([[]], "(1, 0)"),
    (np.zeros((0, 3)), "(0, 3)"),
    ([1.0, 2.0], "(2,)"),
    (3.0, "()"),
    (np.zeros((2, 2, 2)), "(2, 2, 2)"),
    ([[1.0], [1.0, 2.0]], "inhomogeneous"),
    ([["a"]], "'a'"),
    ([[1j]], "complex"),
    ([[object()]], "object"),
    ([[1.0, math.nan]], "nan at row 0, column 1"),
    ([[1.0], [-math.inf]], "-inf at row 1, column 0"),
    ([[None]], "nan"),
    (np.zeros((2**20 + 1, 1)), "1,048,577"),
]


@pytest.mark.parametrize(("values", "message"), BAD_ARRAYS, ids=[text for _, text in BAD_ARRAYS])
def test_bad_arrays(values, message):
    with pytest.raises(ValueError, match="inputs m") as caught:
        array_inputs(values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        [["1", "2"]],
        np.array([["2001-01-01"]], dtype="M8[D]"),
        np.array([[1 + 2j]]),
        [[10**400]],
    ],
    ids=["text", "dates", "complex", "huge"],
)
def test_values_that_are_no_real_numbers(values):
    with pytest.raises(ValueError, match="inputs must be"):
        array_inputs(values)


def test_subsets():
    inputs = Inputs(np.arange(12.0).reshape(4, 3), name="four")
    part = inputs.subset([2, 0])
    np.testing.assert_array_equal(part.values, inputs.values[[2, 0]])
    assert part.name == "subset of four"
    assert Inputs.from_json(part.to_json()) == part


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([4], "got 4"),
        ([-1], "got -1"),
        ([1, 1], "distinct"),
        ([], "non-empty"),
        ([1.0], "float64"),
        ([True, False], "bool"),
        (["1"], "<U1"),
        ([[1]], r"\(1, 1\)"),
        (1, r"\(\)"),
        (None, "object"),
    ],
)
def test_bad_indices(indices, message):
    for call in (lambda: check_indices(indices, 4), lambda: boolean_cube(2).subset(indices)):
        with pytest.raises(ValueError, match=message):
            call()


def test_good_indices_of_any_integer_type():
    for kind in (np.uint8, np.int32, np.uint64):
        found = check_indices(np.array([3, 0], dtype=kind), 4)
        assert found.tolist() == [3, 0] and found.dtype == np.int64


def test_damaged_records():
    good = Inputs([[1.0, 2.0], [3.0, 4.0]]).to_json()
    other = base64.b64encode(zlib.compress(np.array([1.0, 2, 3, 5]).tobytes())).decode()
    short = base64.b64encode(zlib.compress(b"12345678")).decode()
    noise = base64.b64encode(b"not compressed").decode()
    for change, message in (
        ({"kind": "sphere"}, "'sphere'"),
        ({"data": other}, "do not match their sha256"),
        ({"sha256": "0" * 64}, "do not match their sha256"),
        ({"data": short}, "reshape"),
        ({"data": noise}, "damaged"),
        ({"data": "="}, "."),
        ({"shape": [3, 2]}, "reshape"),
    ):
        with pytest.raises(ValueError, match=message):
            Inputs.from_json(good | change)
    for missing in ("kind", "shape", "data"):
        with pytest.raises(ValueError, match=missing):
            Inputs.from_json({key: value for key, value in good.items() if key != missing})
    for record in (None, [], "cube", {}):
        with pytest.raises(ValueError, match="inputs kind must be one of"):
            Inputs.from_json(record)
    with pytest.raises(ValueError, match="encoding"):
        Inputs.from_json({"kind": "cube", "n": 3})


@pytest.mark.parametrize("change", ["no sha256", "data null"])
def test_damaged_records_that_are_not_caught(change):
    record = Inputs([[1.0, 2.0]]).to_json()
    if change == "no sha256":
        del record["sha256"]
    else:
        record["data"] = None
    with pytest.raises(ValueError, match="inputs"):
        Inputs.from_json(record)


def write(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


@QUICK
@given(POINTS)
def test_csv_round_trip(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "points.csv"
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(values.tolist())
    assert csv_inputs(path) == Inputs(values)


def test_csv_headings_comments_and_blank_lines(tmp_path):
    expected = Inputs([[1.0, 2.0], [3.0, -4.5]])
    for text in (
        "1,2\n3,-4.5",
        "x,y\n1,2\n3,-4.5\n",
        "# made by hand\n1, 2\n\n  # and more\n3.0,\t-4.5\n\n",
        "x,y\r\n1,2\r\n3,-4.5\r\n",
    ):
        found = csv_inputs(write(tmp_path, text))
        assert found == expected and found.name == "points.csv"
    assert csv_inputs(str(write(tmp_path, "1\n2\n"))).values.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no inputs"),
        ("x,y\n", "holds no inputs"),
        ("# only this\n", "holds no inputs"),
        ("1,2\nx,y\n", "line 2: not comma-separated numbers"),
        ("x,y\nx,y\n1,2\n", "line 2: not comma-separated numbers"),
        ("1,2\n3\n", "line 2: 1 numbers, but the lines above have 2"),
        ("1;2\n3;4\n", "not comma-separated"),
        ("1,2,\n3,4,\n", "not comma-separated"),
        ("1,nan\n", "must be finite, got nan"),
        ("1,inf\n", "must be finite, got inf"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        csv_inputs(write(tmp_path, text))


def test_csv_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe1,2\n")
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "latin.csv"):
        with pytest.raises(ValueError, match="cannot read inputs from") as caught:
            csv_inputs(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "first", [b"\xef\xbb\xbf1,2\n", b"1,2x\n"], ids=["byte order mark", "typo"]
)
def test_a_first_line_of_numbers_is_never_a_heading(tmp_path, first):
    path = tmp_path / "points.csv"
    path.write_bytes(first + b"3,4\n")
    if b"x" in first:
        with pytest.raises(ValueError, match="line 1"):
            csv_inputs(path)
    else:
        assert csv_inputs(path).m == 2


def test_npz(tmp_path):
    a, b = np.arange(6.0).reshape(2, 3), np.ones((1, 2), dtype=np.int8)
    np.savez(tmp_path / "one.npz", other=a)
    np.savez_compressed(tmp_path / "two.npz", x=a, y=b)
    np.save(tmp_path / "plain.npy", a)
    assert npz_inputs(tmp_path / "one.npz") == Inputs(a)
    assert npz_inputs(str(tmp_path / "two.npz")) == Inputs(a)
    assert npz_inputs(tmp_path / "two.npz", "y") == Inputs(b)
    assert npz_inputs(tmp_path / "plain.npy") == Inputs(a)
    assert npz_inputs(tmp_path / "plain.npy").name == "plain.npy"


def test_bad_npz(tmp_path):
    np.savez(tmp_path / "two.npz", y=np.eye(2), z=np.eye(2))
    with pytest.raises(ValueError, match=r"no array 'x'; it holds \['y', 'z'\]"):
        npz_inputs(tmp_path / "two.npz")
    with pytest.raises(ValueError, match="no array 'w'"):
        npz_inputs(tmp_path / "two.npz", "w")
    np.savez(tmp_path / "object.npz", x=np.array([[{}]], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_inputs(tmp_path / "object.npz")
    np.save(tmp_path / "flat.npy", np.ones(3))
    with pytest.raises(ValueError, match="shape"):
        npz_inputs(tmp_path / "flat.npy")
    octets = bytearray((tmp_path / "two.npz").read_bytes())
    octets[150] ^= 255
    (tmp_path / "flipped.npz").write_bytes(octets)
    (tmp_path / "empty.npz").write_bytes(b"")
    for name, key in (("flipped", "y"), ("empty", None), ("missing", None)):
        with pytest.raises(ValueError, match="cannot read inputs from"):
            npz_inputs(tmp_path / f"{name}.npz", key)
    (tmp_path / "text.npy").write_text("1,2\n")
    with pytest.raises(ValueError, match="."):
        npz_inputs(tmp_path / "text.npy")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_truncated_archive_is_refused_and_closed(tmp_path):
    import gc
    import warnings

    np.savez(tmp_path / "x.npz", x=np.eye(3))
    path = tmp_path / "cut.npz"
    path.write_bytes((tmp_path / "x.npz").read_bytes()[:60])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="cannot read inputs from"):
            npz_inputs(path)
        gc.collect()
    assert not caught


def test_digits():
    from sklearn.datasets import load_digits

    pixels = load_digits().data
    digits = digits_inputs()
    assert (digits.m, digits.n, digits.name) == (1797, 64, "digits")
    np.testing.assert_array_equal(digits.values * 16, pixels)
    assert digits.values.min() == 0.0 and digits.values.max() == 1.0
    np.testing.assert_array_equal(digits_inputs([5, 2]).values * 16, pixels[[5, 2]])
    with pytest.raises(ValueError, match="got 1797"):
        digits_inputs([1797])
