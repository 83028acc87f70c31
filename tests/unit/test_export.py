"""Tables as CSV, Parquet and text, and tallies read back."""

import csv
import os
import subprocess
import sys

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from priorvol import bits, export
from priorvol.architecture import Architecture
from priorvol.export import export_table, read_counts
from priorvol.provenance import Provenance, Span
from priorvol.sources import Imported, PriorSampling
from priorvol.store import save_table, segments
from priorvol.store.runs import load_run
from priorvol.table import FunctionTable
from priorvol.task import Task

SMALL = Task(Architecture(3, (4,)))
COLUMNS = ["rank", "function", "count", "p", "low", "high", "t"]


def some_table(k=50, m=8, *, draws=1, task=None, seed=3):
    rng = np.random.default_rng(seed)
    functions = np.unique(rng.random((k, m)) < 0.4, axis=0)
    groups = rng.integers(1, 9, len(functions))
    spans = (Span(0, draws, 0, int(groups.sum())),)
    return FunctionTable(
        functions,
        groups * draws,
        task=task,
        source=PriorSampling(draws),
        provenance=Provenance(spans),
        group_pairs=groups * draws * (draws - 1) if draws > 1 else None,
    )


def rows_of(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def tally(path, text):
    path.write_text(text)
    return path


def as_dict(table):
    texts = bits.to_text(table.functions, table.m)
    return dict(zip(texts, table.counts.tolist(), strict=True))


# Writing


@pytest.mark.parametrize("m", [8, 100])
@pytest.mark.parametrize("draws", [1, 4])
@pytest.mark.parametrize("chunk", [7, 1 << 16])
def test_csv_and_parquet_hold_the_ranks(tmp_path, monkeypatch, m, draws, chunk):
    monkeypatch.setattr(export, "CHUNK", chunk)
    table = some_table(m=m, draws=draws)
    export_table(table, tmp_path / "a.csv")
    export_table(table, tmp_path / "a.parquet")
    rows, ranks = rows_of(tmp_path / "a.csv"), table.ranks()
    assert list(rows[0]) == COLUMNS + ["inflation"] * (draws > 1)
    assert [row["function"] for row in rows] == ranks.texts()
    expected = {
        "rank": ranks.rank,
        "count": ranks.counts,
        "p": ranks.p,
        "low": ranks.low,
        "high": ranks.high,
        "t": [text.count("1") for text in ranks.texts()],
    }
    if draws > 1:
        expected["inflation"] = ranks.inflation
    stored = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert stored.column_names == list(rows[0])
    assert stored["function"].to_pylist() == ranks.texts()
    for name, values in expected.items():
        np.testing.assert_array_equal([float(row[name]) for row in rows], values)
        np.testing.assert_array_equal(stored[name].to_pylist(), values)
    assert stored["count"].type == "int64" and stored["p"].type == "double"


def test_a_table_in_a_file_is_exported_alike(tmp_path, monkeypatch):
    table = some_table(draws=4)
    save_table(table, tmp_path / "run")
    monkeypatch.setattr(segments, "MAP_ABOVE", 0)
    monkeypatch.setattr(export, "CHUNK", 5)
    mapped = load_run(tmp_path / "run")
    for suffix in ("csv", "txt"):
        export_table(table, tmp_path / f"a.{suffix}")
        export_table(mapped, tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_restricted_table_takes_the_group_as_the_unit(tmp_path):
    table = some_table(draws=4, task=SMALL).restrict([0, 3, 5])
    export_table(table, tmp_path / "a.csv")
    assert {row["inflation"] for row in rows_of(tmp_path / "a.csv")} == {"4.0"}


def test_the_files_read_as_expected(tmp_path):
    table = FunctionTable.from_counts(["0000", "0110", "1111"], [1, 2, 1])
    export_table(table, tmp_path / "a.CSV")
    lines = (tmp_path / "a.CSV").read_text().splitlines()
    assert lines[0] == "rank,function,count,p,low,high,t"
    assert lines[1].startswith("1,0110,2,0.5,0.06") and lines[1].endswith(",2")
    assert [line.split(",")[1] for line in lines[1:]] == ["0110", "0000", "1111"]
    export_table(table, tmp_path / "a.dat", format="text")
    assert (tmp_path / "a.dat").read_text() == "0110 2\n0000 1\n1111 1\n"
    export_table(table, tmp_path / "a.txt", base=16)
    assert (tmp_path / "a.txt").read_text() == "0x6 2\n0x0 1\n0xf 1\n"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (["a.xlsx"], {}, "path must end in .csv, .parquet, .txt .* got '.*a.xlsx'"),
        (["a"], {}, "path must end in"),
        (["a.csv"], {"format": "tsv"}, "format must be one of 'csv', 'parquet', 'text', got 'tsv'"),
        (["a.csv"], {"base": 10}, "base must be 2 or 16, got 10"),
        (["missing/a.csv"], {}, "cannot write .*missing/a.csv: No such file"),
    ],
)
def test_bad_targets_are_refused(tmp_path, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        export_table(some_table(), tmp_path / arguments[0], **options)
    assert os.listdir(tmp_path) == []


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="table must be a FunctionTable, got list"):
        export_table([1], tmp_path / "a.csv")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "priorvol\[parquet\]"'):
        export_table(some_table(), tmp_path / "a.parquet")
    export_table(some_table(), tmp_path / "a.csv")
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "txt"])
def test_a_failed_export_leaves_the_old_file(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(export, "CHUNK", 5)
    target = tmp_path / f"a.{suffix}"
    target.write_text("old")
    calls, to_text = [], bits.to_text

    def fail(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        return to_text(*arguments, **options)

    monkeypatch.setattr(bits, "to_text", fail)
    with pytest.raises(MemoryError):
        export_table(some_table(), target)
    assert target.read_text() == "old" and os.listdir(tmp_path) == [target.name]


# Reading


@pytest.mark.parametrize("suffix", ["csv", "txt"])
@pytest.mark.parametrize("base", [2, 16])
@pytest.mark.parametrize("chunk", [7, 1 << 16])
def test_what_was_exported_is_read_back(tmp_path, monkeypatch, suffix, base, chunk):
    monkeypatch.setattr(export, "CHUNK", chunk)
    table = some_table(task=SMALL)
    path = tmp_path / f"a.{suffix}"
    export_table(table, path, base=base)
    back = read_counts(path, task=SMALL)
    np.testing.assert_array_equal(back.rows, table.rows)
    assert back.task == SMALL and back.source == Imported(path.name)
    if base == 2:
        np.testing.assert_array_equal(read_counts(path).rows, table.rows)
        assert read_counts(path).m == 8 and read_counts(path).task is None
    else:
        with pytest.raises(ValueError, match="need task="):
            read_counts(path)


TALLIES = {
    "string first": "0011 3\n1100 12\n",
    "count first": "3 0011\n12 1100\n",
    "uniq -c": "      3 0011\n     12 1100\n",
    "tabs": "0011\t3\n1100\t12",
    "commas": "0011,3\n1100, 12\n",
    "crlf": "0011 3\r\n1100 12\r\n",
    "skipped": "# made elsewhere\n\n0011 3\n   \n  # more\n1100 12\n",
    "twice": "0011 1\n1100 12\n0011 2\n",
    "names": "function count\n0011 3\n1100 12\n",
    "names, count first": "count\tfunction\n3\t0011\n12\t1100\n",
    "quoted csv": '"name","function","count"\n"a","0011","3"\n"b","1100","12"\n',
    "empty field": "function,note,count\n0011,,3\n1100,,12\n",
    "byte order mark": "\ufeff0011 3\n1100 12\n",
}


@pytest.mark.parametrize("name", TALLIES)
@pytest.mark.parametrize("task", [None, Task(Architecture(2, (4,)))])
def test_tallies_are_read(tmp_path, name, task):
    path = tmp_path / "tally.txt"
    path.write_bytes(TALLIES[name].encode())
    table = read_counts(path, task=task)
    assert as_dict(table) == {"0011": 3, "1100": 12}
    assert (table.m, table.n_samples, table.source) == (4, 15, Imported("tally.txt"))


def test_uniq_of_the_shell_is_read(tmp_path):
    (tmp_path / "draws").write_text("\n".join(["0110"] * 12 + ["1111"] * 3 + ["0001"]) + "\n")
    command = "sort draws | uniq -c > tally"
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert as_dict(read_counts(tmp_path / "tally")) == {"0110": 12, "1111": 3, "0001": 1}


def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(f"printf '11 10\\n10 3\\n01 2\\n' > {tmp_path}/pipe", shell=True):
        assert as_dict(read_counts(tmp_path / "pipe")) == {"11": 10, "10": 3, "01": 2}


@settings(max_examples=60, deadline=None)
@given(
    tallies=st.integers(2, 12).flatmap(
        lambda m: st.dictionaries(
            st.text("01", min_size=m, max_size=m), st.integers(1, 120), min_size=1, max_size=6
        )
    ),
    count_first=st.booleans(),
    with_names=st.booleans(),
)
def test_an_order_is_never_guessed_wrong(tmp_path_factory, tallies, count_first, with_names):
    lines = [("function", "count")] * with_names + list(tallies.items())
    lines = [line[::-1] for line in lines] if count_first else lines
    path = tmp_path_factory.mktemp("tally") / "a.txt"
    path.write_text("\n".join(f"{a} {b}" for a, b in lines))
    try:
        assert as_dict(read_counts(path)) == tallies
    except ValueError as error:
        assert not with_names and "either column may be the functions" in str(error)


def test_an_undecided_order_is_settled_by_the_task(tmp_path):
    path = tally(tmp_path / "a", "10010110 11\n")
    with pytest.raises(ValueError, match="give task=, or begin the file with the line"):
        read_counts(path)
    assert as_dict(read_counts(path, task=SMALL)) == {"10010110": 11}


def test_functions_of_one_input_need_the_task(tmp_path):
    task = Task(SMALL.architecture, SMALL.prior, SMALL.inputs.subset([0]))
    path = tally(tmp_path / "a", "1 9\n0 7\n")
    assert as_dict(read_counts(path, task=task)) == {"1": 9, "0": 7}
    with pytest.raises(ValueError, match="line 1: one function"):
        read_counts(path)


def test_hexadecimal_and_binary_may_be_mixed(tmp_path):
    path = tally(tmp_path / "a", "0x0F 3\n00001111 2\n")
    assert as_dict(read_counts(path, task=SMALL)) == {"00001111": 5}


def test_n_samples_may_be_larger(tmp_path):
    path = tally(tmp_path / "a", "0011 3\n")
    assert read_counts(path, n_samples=10).n_unlisted == 7
    with pytest.raises(ValueError, match="counts add up to 3, more than n_samples = 2"):
        read_counts(path, n_samples=2)


MALFORMED = {
    "three fields": ("0011 3\n0101 3 4\n", "line 2: 2 fields are wanted, got 3: '0101 3 4'"),
    "one field": ("# x\n\n0011\n", "line 3: 2 fields are wanted, got 1"),
    "length": ("0011 3\n# x\n010 4\n", "line 3: '010' has 3 characters, but m = 4"),
    "letters": ("0011 3\n01a1 4\n", "line 2: a function must be written in 0 and 1"),
    "zero": ("0011 3\n0101 0\n", "line 2: the count must be .* got '0'"),
    "negative": ("0011 3\n0101 -1\n", "line 2: the count must be .* got '-1'"),
    "fraction": ("0011 3\n0101 1.5\n", "line 2: the count must be .* got '1.5'"),
    "large": (f"0011 3\n0101 {2**62}\n", "line 2: the count must be a whole number from 1 to 2"),
    "first line zero": ("0011 0\n", "line 1: one function .* got '0011 0'"),
    "first line words": ("some text\n", "line 1: one function .* got 'some text'"),
    "order changes": ("0011 3\n4 0101\n", "line 2: the count must be .* got '0101'"),
    "lengths, undecided": (
        "11 10\n101 100\n",
        "line 2: one function .* as many as on the lines before",
    ),
    "csv short": ("function,count\n0011,3\n0101\n", "line 3: 2 fields are wanted, got 1"),
    "csv first": ("function,count\n0011\n", "line 2: 2 fields are wanted, got 1"),
    "csv function": ("function,count\n,3\n", "line 2: a function must be written in 0 and 1"),
    "csv count": ("function,count\n01,x\n", "line 2: the count must be"),
    "hexadecimal": ("0x0f 3\n", "line 1: functions written as 0x need task=, got '0x0f'"),
    "empty": ("", "holds no counts"),
    "comments": ("# x\n\n", "holds no counts"),
    "names only": ("function count\n", "holds no counts"),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("chunk", [1, 1 << 16])
def test_malformed_lines_are_named(tmp_path, monkeypatch, name, chunk):
    monkeypatch.setattr(export, "CHUNK", chunk)
    text, message = MALFORMED[name]
    path = tally(tmp_path / "tally.txt", text)
    with pytest.raises(ValueError, match=message) as caught:
        read_counts(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["0x1ff 3\n", "0xg 3\n", "0xf 3\n", "001 3\n"])
def test_functions_must_fit_the_task(tmp_path, text):
    with pytest.raises(ValueError, match="line 1"):
        read_counts(tally(tmp_path / "a", text), task=SMALL)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ValueError, match="cannot read .*missing.txt: No such file"):
        read_counts(tmp_path / "missing.txt")
    with pytest.raises(ValueError, match="cannot read .*: Is a directory"):
        read_counts(tmp_path)
    (tmp_path / "binary").write_bytes(b"\x93NUMPY\xff\xfe")
    with pytest.raises(ValueError, match="it is not a text file"):
        read_counts(tmp_path / "binary")
    with pytest.raises(ValueError, match="task must be a Task, got int"):
        read_counts(tmp_path / "missing.txt", task=3)
