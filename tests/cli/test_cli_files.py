"""``priorvol plot``, ``export`` and ``import``: files of every kind, there and back."""

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pytest

from priorvol import load_run
from priorvol.architecture import Architecture, Prior
from priorvol.task import Task

HEADS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
NETWORK = ["--n-inputs", "3", "--hidden", "4"]


# plot


@pytest.mark.parametrize(
    "arguments",
    [
        ["rank", "a"],
        ["rank", "a", "b", "grouped", "--no-zipf", "--interval", "wilson"],
        ["rank", "a", "b", "--label", r"$\sigma_b = 0$", "--label", "b", "--title", "Two runs"],
        ["complexity", "a", "--measure", "lz76_words", "--min-count", "1", "--no-bound"],
        ["complexity", "grouped"],
        ["histogram", "a", "--level", "0.5"],
        ["histogram", "a", "grouped", "--label", "a", "--label", "grouped"],
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_figures_of_every_format(arguments, cli, desk, monkeypatch, tmp_path):
    monkeypatch.chdir(desk)
    outs = [tmp_path / f"figure{suffix}" for suffix in HEADS]
    found = cli("plot", *arguments, *(word for out in outs for word in ("--out", out)))
    assert found.lines == [str(out) for out in outs]
    for out in outs:
        assert out.read_bytes().startswith(HEADS[out.suffix])
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(out.name for out in outs)


def svg(cli, tmp_path, *arguments):
    cli("plot", *arguments, "--out", tmp_path / "figure.svg")
    return (tmp_path / "figure.svg").read_text()


def test_legends_and_titles(cli, on_desk, tmp_path):
    text = svg(cli, tmp_path, "rank", "a", "b", "--label", "first", "--label", "second")
    assert "first" in text and "second" in text
    assert "Zipf" in text and "Zipf" not in svg(cli, tmp_path, "rank", "a", "--no-zipf")
    assert "A title" in svg(cli, tmp_path, "histogram", "a", "--title", "A title")
    assert "pointwise 50% interval" in svg(cli, tmp_path, "rank", "a", "--level", "0.5")
    assert "bound" in svg(cli, tmp_path, "complexity", "a")
    assert "bound" not in svg(cli, tmp_path, "complexity", "a", "--no-bound")


def test_several_runs_are_called_by_their_folders(cli, desk, monkeypatch, tmp_path):
    monkeypatch.chdir(desk)
    assert ">grouped<" in svg(cli, tmp_path, "histogram", "short", "grouped").replace("\n", "")
    for above in ("x", "y"):
        (tmp_path / above).mkdir()
        (tmp_path / above / "run").symlink_to(desk / "a")
    monkeypatch.chdir(tmp_path)
    text = svg(cli, tmp_path, "rank", "x/run", "y/run")
    assert "x/run" in text and "y/run" in text


def test_a_figure_that_is_there_is_replaced_and_suffixes_may_be_upper_case(cli, desk, tmp_path):
    out = tmp_path / "FIGURE.PNG"
    out.write_text("old")
    cli("plot", "rank", desk / "a", "--out", out)
    assert out.read_bytes().startswith(HEADS[".png"])


def test_many_figures_leave_none_open(cli, on_desk, tmp_path):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    for _ in range(3):
        cli("plot", "histogram", "a", "--out", tmp_path / "figure.png")
    assert pyplot.get_fignums() == before


# export


@pytest.mark.parametrize("run", ["a", "grouped"])
@pytest.mark.parametrize("base", [2, 16])
def test_csv(run, base, cli, on_desk, tmp_path):
    out = tmp_path / "table.csv"
    table = load_run(run)
    found = cli("export", run, "--out", out, "--base", base)
    assert found.out == f"{len(table)} functions in {out}\n"
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    ranks = table.ranks()
    assert [row["function"] for row in rows] == ranks.texts(base=base)
    assert [int(row["count"]) for row in rows] == ranks.counts.tolist()
    assert [int(row["rank"]) for row in rows] == ranks.rank.tolist()
    for name in ("p", "low", "high"):
        np.testing.assert_array_equal([float(row[name]) for row in rows], getattr(ranks, name))
    assert ("inflation" in rows[0]) == (run == "grouped")


def test_text(cli, on_desk, tmp_path):
    for name, options in (("t.txt", []), ("t.dat", ["--format", "text"])):
        cli("export", "a", "--out", tmp_path / name, *options)
        ranks = load_run("a").ranks()
        lines = [f"{f} {c}" for f, c in zip(ranks.texts(), ranks.counts, strict=True)]
        assert (tmp_path / name).read_text().splitlines() == lines


def test_parquet(cli, on_desk, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    cli("export", "a", "--out", tmp_path / "t.parquet")
    columns = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    ranks = load_run("a").ranks()
    assert columns["function"] == ranks.texts()
    assert columns["count"] == ranks.counts.tolist()
    assert columns["p"] == ranks.p.tolist()


# import


@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
@pytest.mark.parametrize("base", [2, 16])
def test_what_is_exported_can_be_imported(name, base, cli, desk, at):
    cli("export", desk / "a", "--out", name, "--base", base)
    found = cli("import", name, "--out", "back", *NETWORK, "--json").json
    table, back = load_run(desk / "a"), load_run("back")
    assert found == {"run": "back", "n_samples": 2000, "n_functions": len(table)}
    np.testing.assert_array_equal(back.functions, table.functions)
    np.testing.assert_array_equal(back.counts, table.counts)
    assert back.task == table.task
    shown = cli("show", "back").lines
    assert shown[1] == f"2,000 counts imported from {name}"
    assert shown[2:] == cli("show", desk / "a").lines[2:]


def test_without_a_task(cli, desk, at):
    cli("export", desk / "a", "--out", "t.txt")
    assert cli("import", "t.txt", "--out", "back").out.endswith(
        " functions, 2,000 draws, in back\n"
    )
    assert load_run("back").task is None
    assert cli("show", "back").lines[0] == "task unknown, m = 8"
    assert cli("show", "back", "--json").json["task"] is None
    cli("plot", "rank", "back", desk / "a", "--out", "rank.png")


def test_sort_and_uniq(cli, at):
    (at / "functions.txt").write_text("0110\n0000\n0110\n1111\n0110\n")
    subprocess.run("sort functions.txt | uniq -c > tally.txt", shell=True, check=True)
    options = ["--n-inputs", "2", "--hidden", "4,4", "--sigma-b", "0"]
    found = cli("import", "tally.txt", "--out", "run", *options)
    assert found.out == "3 functions, 5 draws, in run\n"
    table = load_run("run")
    assert table.task == Task(Architecture(2, (4, 4)), Prior(sigma_b=0.0))
    assert table.probability("0110").diagnostics["count"] == 3


def test_more_samples_than_are_listed(cli, on_desk, tmp_path):
    cli("import", "tally.txt", "--samples", "1e2", "--out", tmp_path / "run")
    assert load_run(tmp_path / "run").n_unlisted == 96
    found = cli("show", tmp_path / "run", "--json").json
    assert (found["n_samples"], found["n_unlisted"], found["missing_mass"]) == (100, 96, None)
    assert "draws left out    96" in cli("show", tmp_path / "run").out


def test_from_standard_input(tmp_path):
    command = [sys.executable, "-m", "priorvol", "import", "-", "--out", tmp_path / "run"]
    done = subprocess.run(command, input="0110 3\n1111 1\n", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert load_run(tmp_path / "run").n_samples == 4


def test_a_run_may_be_moved_and_linked(cli, desk, at):
    (at / "link").symlink_to(desk / "a")
    os.makedirs("name with blanks")
    (at / "name with blanks" / "é").symlink_to(desk / "a")
    first = cli("show", "link").out
    assert cli("show", "name with blanks/é").out == first
