"""``priorvol show`` and ``priorvol complexity``: agreement with the package, and strict JSON."""

import csv
import io

import pytest

from priorvol import bits, complexity, load_run
from priorvol.cli import main
from priorvol.summary import summarise

RUNS = ["a", "grouped"]


@pytest.mark.parametrize("run", RUNS)
def test_show_prints_the_summary(run, cli, on_desk):
    table = load_run(run)
    assert cli("show", run).out == f"{summarise(table)}\n"
    options = ["--top", "3", "--measure", "lz76_words,k_lz", "--level", "0.9"]
    wanted = summarise(table, top=3, measures=("lz76_words", "k_lz"), level=0.9, base=16)
    assert cli("show", run, *options, "--base", "16").out == f"{wanted}\n"


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("interval", ["clopper-pearson", "wilson"])
def test_show_json(run, interval, cli, on_desk):
    options = ["--top", "5", "--measure", "k_lz", "--interval", interval, "--json"]
    found = cli("show", run, *options).json
    table = load_run(run)
    assert found == summarise(table, top=5, interval=interval).to_json()
    ranks = table.ranks(5, interval=interval)
    for i, record in enumerate(found["functions"]):
        assert record["rank"] == i + 1
        assert record["function"] == ranks.texts()[i]
        assert record["count"] == ranks.counts[i]
        assert (record["low"], record["high"]) == (ranks.low[i], ranks.high[i])
        assert record["t"] == record["function"].count("1")
        assert record["k_lz"] == complexity.k_lz(record["function"])[0]
        assert ("inflation" in record) == (run == "grouped")
    assert found["n_functions"] == len(table)
    assert found["entropy_bits"] == table.entropy()
    assert found["missing_mass"]["log_p"] == table.missing_mass().log_p


def test_show_lists_all_where_top_is_larger(cli, on_desk):
    assert len(cli("show", "a", "--top", "1e6", "--json").json["functions"]) == len(load_run("a"))


def test_show_without_measures(cli, on_desk):
    assert "k_lz" not in cli("show", "a", "--measure", "").out


@pytest.mark.parametrize("run", RUNS)
def test_show_functions(run, cli, on_desk):
    table = load_run(run)
    seen, unseen = "11111111", "01101001"
    assert table.index(seen) is not None and table.index(unseen) is None
    asked = ["--function", seen, "--function", unseen, "--function", "0xff"]
    lines = cli("show", run, *asked).lines
    assert len(lines) == 3
    for line, text in zip(lines, (seen, unseen, "0xff"), strict=True):
        assert line.startswith(f"{text}  count {table.probability(text).diagnostics['count']:,}  ")
        assert line.endswith(str(table.probability(text)))
    found = cli("show", run, *asked, "--level", "0.5", "--json").json
    assert found == {
        text: table.probability(text, level=0.5).to_json() for text in (seen, unseen, "0xff")
    }
    assert found[unseen]["log_p"] is None and found[unseen]["high"] < 0


@pytest.mark.parametrize("samples", ["1", "2", "4"])
@pytest.mark.parametrize("draws", ["1", "2"])
def test_tiny_runs_show_strict_json(samples, draws, cli, at):
    number = int(samples) * int(draws)
    network = ["--n-inputs", "7", "--hidden", "4", "--output-draws", draws, "--seed", "3"]
    cli("collect", *network, "--samples", number, "--jobs", "1", "--no-progress", "--out", "run")
    found = cli("show", "run", "--json").json
    assert found["n_samples"] == number
    assert found["functions"][0]["function"].startswith("0x")
    assert "functions seen" in cli("show", "run").out
    assert cli("complexity", "run", "--json").json


def test_long_functions_lose_their_middle_in_the_list_only(cli, at):
    network = ["--n-inputs", "10", "--hidden", "4", "--samples", "50"]
    cli("collect", *network, "--jobs", "1", "--no-progress", "--out", "run")
    assert max(map(len, cli("show", "run").lines)) < 150
    assert "..." in cli("show", "run").out
    found = cli("show", "run", "--json").json["functions"]
    assert {len(record["function"]) for record in found} == {2 + 256}
    assert load_run("run").index(found[0]["function"]) is not None
    network[1] = "7"
    cli("collect", *network, "--jobs", "1", "--no-progress", "--out", "seven")
    assert "..." not in cli("show", "seven").out + cli("show", "seven", "--base", "2").out


# complexity


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("base", [2, 16])
def test_complexity_of_a_run(base, cli, on_desk):
    table = load_run("a")
    names = [measure.name for measure in complexity.measures()]
    options = ["--measure", ",".join(names), "--base", base]
    found = cli("complexity", "a", *options)
    assert found.lines[0] == ",".join(["function", "count", "p", *names])
    ranks = table.ranks()
    columns = complexity.compute(ranks.functions, names, m=table.m)
    records = cli("complexity", "a", *options, "--json").json
    assert len(rows_of(found.out)) == len(records) == len(table)
    for i, (row, record) in enumerate(zip(rows_of(found.out), records, strict=True)):
        assert row["function"] == record["function"] == ranks.texts(base=base)[i]
        assert int(row["count"]) == record["count"] == ranks.counts[i]
        assert record["p"] == ranks.p[i]
        assert float(row["p"]) == pytest.approx(ranks.p[i], rel=1e-9)
        for name in names:
            assert float(row[name]) == pytest.approx(columns[name][i], rel=1e-9)
            assert record[name] == columns[name][i]


def test_complexity_of_the_most_frequent(cli, on_desk):
    found = cli("complexity", "a", "--top", "3", "--json").json
    assert [record["function"] for record in found] == load_run("a").ranks(3).texts()


def test_complexity_of_functions(cli, capsys):
    found = cli("complexity", "--function", "1001111011000010", "--function", "0" * 16)
    assert found.lines == ["function,k_lz", "1001111011000010,26", "0000000000000000,4"]
    hexadecimal = cli("complexity", "--function", "0x9ec2", "--m", "16", "--base", "16", "--json")
    assert hexadecimal.json == [{"function": "0x9ec2", "k_lz": 26.0}]
    mixed = cli("complexity", "--function", "1001111011000010", "--function", "0x0000")
    assert mixed.lines == found.lines


def test_functions_as_show_prints_them_can_be_given_back(cli, at):
    network = ["--n-inputs", "7", "--hidden", "4", "--samples", "50"]
    cli("collect", *network, "--jobs", "1", "--no-progress", "--out", "run")
    first = cli("show", "run", "--top", "1", "--json").json["functions"][0]
    assert str(first["count"]) in cli("show", "run", "--function", first["function"]).out
    again = cli("complexity", "--function", first["function"], "--m", "128", "--json").json
    assert again == [{"function": first["function"], "k_lz": first["k_lz"]}]


def test_complexity_lists_the_measures(cli):
    found = cli("complexity", "--list", "--json").json
    assert [record["name"] for record in found] == [m.name for m in complexity.measures()]
    text = cli("complexity", "--list").out
    for record in found:
        measure = complexity.measure(record["name"])
        assert record["unchanged_by"] == list(measure.symmetries)
        assert record["tested_against"] == measure.oracle
        for key in ("unit", "cost", "needs", "largest_n", "source", "description", "extra"):
            assert record[key] == getattr(measure, key)
        assert f"{record['name']}: {record['description']}\n" in text


def test_complexity_computes_all_measures_that_apply(cli):
    (found,) = cli("complexity", "--function", "01101001", "--measure", "all", "--json").json
    assert tuple(found) == ("function", *complexity.applicable("01101001"))


def test_functions_are_printed_as_the_package_prints_them(cli, on_desk):
    table = load_run("a")
    found = cli("show", "a", "--base", "16", "--json").json["functions"]
    words = bits.as_words([record["function"] for record in found], table.m)[0]
    assert bits.to_text(words, table.m) == table.ranks(10).texts()


def test_main_reads_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["priorvol", "complexity", "--function", "0101"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("function,k_lz\n0101,")
