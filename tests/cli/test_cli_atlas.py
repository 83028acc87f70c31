"""``priorvol atlas``: agreement with the package, and bad input."""

import csv
import io
import re
import shlex

import pytest

from priorvol import atlas, bits, complexity, load_run
from priorvol.cli import build_parser, main

MEASURE = ["--measure", "k_lz,sensitivity"]


def expected(n, names=None, measures=None):
    """Return the values of each function by name, straight from the package."""
    names = names or atlas.names(n)
    texts = [atlas.function(name, n) for name in names]
    columns = complexity.compute(texts, measures or complexity.applicable(texts))
    return {
        name: {measure: values[place] for measure, values in columns.items()}
        for place, name in enumerate(names)
    }


def without_values(record):
    return {key: record[key] for key in ("name", "n", "definition", "function")}


def test_everything_is_printed_by_default(cli):
    records = cli("atlas", "--json").json
    assert [(r["name"], r["n"]) for r in records] == [(e.name, e.n) for e in atlas.entries()]
    for n in range(3, 8):
        values = expected(n)
        for record, entry in zip(
            [r for r in records if r["n"] == n], atlas.entries(n), strict=True
        ):
            assert record == {
                "name": entry.name,
                "n": n,
                "definition": entry.definition,
                "function": record["function"],
                **values[entry.name],
            }
            words, m = bits.as_words(record["function"], 2**n)
            assert bits.to_text(words, m) == [entry.text]
            assert record["function"].startswith("0x") == (n > 5)


def test_blocks_hold_names_definitions_and_every_measure(cli):
    text = cli("atlas", "--n", "7").out
    blocks = text.split("\n\n")
    assert len(blocks) == len(atlas.names(7))
    values = expected(7)
    for block, entry in zip(blocks, atlas.entries(7), strict=True):
        words = " ".join(block.split())
        assert words.startswith(f"{entry.name}, n = 7: {entry.definition} 0x")
        for measure, value in values[entry.name].items():
            assert f" {measure} {value:.4g} " in f"{words} ", measure
    assert max(map(len, text.splitlines())) < 110


def test_pairs_stand_under_each_other(cli):
    lines = [line for line in cli("atlas", "--n", "4").lines if line.startswith("  k_lz")]
    assert len(lines) == len(atlas.names(4)) > 1
    assert (
        len({tuple(m.start() for m in re.finditer(r"(?<=  )[a-z]", line)) for line in lines}) == 1
    )


def test_names_measures_and_base(cli):
    options = ["--name", "parity,majority", *MEASURE]
    records = cli("atlas", *options, "--json").json
    assert [(r["name"], r["n"]) for r in records] == [
        *(("parity", 3), ("majority", 3), ("parity", 4), ("parity", 5)),
        *(("majority", 5), ("parity", 6), ("parity", 7), ("majority", 7)),
    ]
    for record in records:
        values = expected(record["n"], [record["name"]], ["k_lz", "sensitivity"])[record["name"]]
        assert record == without_values(record) | values
    for base in (2, 16):
        (record,) = cli(
            "atlas", "--name", "parity", "--n", "4", *MEASURE, "--base", base, "--json"
        ).json
        assert record["function"] == {2: "0110100110010110", 16: "0x6996"}[base]
    every = cli("atlas", "--n", "3", "--measure", "all").out
    assert every == cli("atlas", "--n", "3").out
    assert cli("atlas", "--n", "3", "--name", "zero", "--measure", "").lines == [
        "zero, n = 3: never",
        "  00000000",
    ]


def test_csv(cli):
    found = cli("atlas", "--csv", *MEASURE, "--n", "6").out
    rows = list(csv.DictReader(io.StringIO(found)))
    assert list(rows[0]) == ["name", "n", "definition", "function", "k_lz", "sensitivity"]
    values = expected(6, measures=["k_lz", "sensitivity"])
    for row, entry in zip(rows, atlas.entries(6), strict=True):
        assert (row["name"], row["definition"]) == (entry.name, entry.definition)
        assert float(row["k_lz"]) == pytest.approx(values[entry.name]["k_lz"], rel=1e-9)
        assert float(row["sensitivity"]) == values[entry.name]["sensitivity"]


@pytest.mark.parametrize("run", ["a", "grouped"])
@pytest.mark.parametrize("options", [{}, {"level": 0.5, "interval": "wilson"}])
def test_probabilities_are_those_of_the_run(run, options, cli, on_desk):
    table = load_run(run)
    asked = [text for key, value in options.items() for text in (f"--{key}", value)]
    records = cli("atlas", run, *MEASURE, *asked, "--json").json
    assert [record["name"] for record in records] == list(atlas.names(3))
    assert any(record["count"] == 0 < record["high"] for record in records)
    blocks = cli("atlas", run, *MEASURE, *asked).out.split("\n\n")
    for record, block in zip(records, blocks, strict=True):
        estimate = table.probability(atlas.function(record["name"], 3), **options)
        assert (record["p"], record["low"], record["high"]) == (estimate.p, *estimate.interval)
        assert record["count"] == estimate.diagnostics["count"]
        line = str(estimate).replace(", monte_carlo", "")
        assert f"\n  {line}, count {record['count']:,}\n" in block


def test_sorting(cli, on_desk):
    falling = [record["p"] for record in cli("atlas", "a", "--sort", "p", "--json").json]
    assert falling == sorted(falling, reverse=True) and falling[0] > 0
    records = cli("atlas", *MEASURE, "--sort", "k_lz", "--json").json
    keys = [(record["n"], record["k_lz"]) for record in records]
    assert keys == sorted(keys) and len(keys) == len(atlas.entries())


def test_list(cli):
    lines = cli("atlas", "--list").lines
    assert len(lines) == len(atlas.names())
    assert "majority (n = 3, 5, 7): T > n/2, n odd" in lines
    assert [line.split(" (")[0] for line in lines] == list(atlas.names())
    assert cli("atlas", "--list", "--n", "6", "--name", "triangle").lines == [
        f"triangle (n = 6): {atlas.entry('triangle', 6).definition}"
    ]


def test_a_tally_without_a_task_will_do(cli, at):
    (at / "tally.txt").write_text("3 01101001\n1 00000000\n")
    cli("import", "tally.txt", "--out", "run")
    (record,) = cli("atlas", "run", "--name", "parity", *MEASURE, "--json").json
    assert (record["count"], record["p"], record["k_lz"]) == (3, 0.75, 15)


BAD = {
    "n 2": (["--n", "2"], "n must be at least 3 and at most 7, got 2"),
    "n 8": (["--n", "8"], "got 8"),
    "n x": (["--n", "x"], "--n: a whole number is wanted"),
    "name": (["--name", "magority"], "did you mean 'majority'?"),
    "no name": (["--name", ","], "the name of a function is wanted"),
    "name at n": (["--name", "majority", "--n", "4"], "[3, 5, 7], got n = 4"),
    "name in a run": (["a", "--name", "triangle"], "[6], got n = 3"),
    "n of a run": (["a", "--n", "7"], "--n is 7, but the functions of RUN have 3"),
    "measure": (["--measure", "k_lx"], "got 'k_lx'"),
    "sort": (["--sort", "k_lx", "--n", "3"], "got 'k_lx'"),
    "sort by p": (["--sort", "p"], "--sort p needs RUN"),
    "sort by another": (["--sort", "k_lz", "--measure", "entropy"], "'entropy', got 'k_lz'"),
    "level": (["--level", "0.5"], "--level needs RUN"),
    "level 1": (["a", "--level", "1"], "level must be"),
    "interval": (["a", "--interval", "wald"], "got 'wald'"),
    "base": (["--base", "3"], "--base"),
    "jobs": (["--jobs", "0"], "--jobs"),
    "two forms": (["--json", "--csv"], "not allowed with"),
    "list and run": (["a", "--list"], "RUN does not go with --list"),
    "list and measure": (["--list", "--measure", "k_lz"], "--measure does not go with --list"),
    "missing": (["missing"], "missing is not a folder"),
    "no run": (["other"], "other"),
}


@pytest.mark.parametrize(("arguments", "fragment"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(arguments, fragment, refused, on_desk):
    assert fragment in refused("atlas", *arguments)


@pytest.mark.parametrize(
    ("network", "fragment"),
    [
        (["--n-inputs", "2"], "3 to 7 inputs, but those of RUN have 2"),
        (["--n-inputs", "8"], "n at most 7, got n = 8"),
        (["--inputs", "points.csv"], "m = 3"),
    ],
)
def test_runs_on_other_inputs_are_refused(network, fragment, cli, refused, at):
    (at / "points.csv").write_text("0,1\n1,0\n1,1\n")
    options = ["--hidden", "2", "--samples", "50", "--jobs", "1", "--no-progress", "--out", "run"]
    cli("collect", *network, *options)
    assert fragment in refused("atlas", "run")


def test_help_explains_every_option_and_its_examples_work(cli, on_desk, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = cli("atlas", "--help").out
    (verbs,) = [a for a in build_parser()._actions if a.choices and "atlas" in a.choices]
    for action in verbs.choices["atlas"]._actions:
        assert action.help, action.dest
        assert all(flag in text for flag in action.option_strings)
    assert max(map(len, text.splitlines())) <= 100
    commands = [line.strip() for line in text.partition("\nexample:\n")[2].splitlines() if line]
    assert len(commands) >= 4
    for command in commands:
        arguments = shlex.split(command.replace("runs/a", "a").partition(" > ")[0])
        assert arguments[0] == "priorvol"
        assert main(arguments[1:]) == 0
