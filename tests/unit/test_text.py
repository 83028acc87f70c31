"""Tables of text: what stands under what, and what is cut out of long texts."""

import pytest

from priorvol.text import align, shorten


def test_columns_stand_under_each_other():
    rows = [["name", "n", "K"], ["parity of all", "3", "1,000"], ["", "12", "7"]]
    lines = align(rows, left=(0,))
    assert lines == [
        "name            n      K",
        "parity of all   3  1,000",
        "               12      7",
    ]
    assert align(rows, left=(0, 1, 2))[1:] == ["parity of all  3   1,000", "               12  7"]


def test_no_blanks_at_the_end_of_a_line():
    assert align([["a", "bbb"], ["ccc", ""]], left=(0, 1)) == ["a    bbb", "ccc"]
    assert align([]) == []


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match="shorter"):
        align([["a", "b"], ["c"]])


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 128, 1000])
def test_long_texts_keep_their_ends(length):
    text = "".join("0123456789"[i % 10] for i in range(length))
    short = shorten(text, 100)
    if length <= 100:
        assert short == text
    else:
        assert (len(short), short[:60], short[-20:]) == (83, text[:60], text[-20:])
        assert short[60:63] == "..."
