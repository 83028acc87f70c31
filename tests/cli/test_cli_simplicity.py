"""bias, distribution and rare print what the package finds; their figures are written."""

import csv
import io

import numpy as np
import pytest

from priorvol import load_run
from priorvol.simplicity import (
    complexity_distribution,
    correlate,
    fit_bound,
    simple_but_rare,
)

QUICK = ["--bootstrap", "20", "--seed", "3", "--min-count", "3"]
CALL = {"n_bootstrap": 20, "seed": 3, "min_count": 3}


def test_bias(cli, on_desk):
    found = cli("bias", "a", "--measure", "k_lz,entropy", *QUICK, "--json").json
    expected = correlate(load_run("a"), ["k_lz", "entropy"], **CALL)
    assert found["correlations"] == expected.to_json()
    fits = [fit_bound(load_run("a"), row.measure, **CALL).to_json() for row in expected.rows]
    assert found["bounds"] == fits
    text = cli("bias", "a", "--measure", "k_lz,entropy", *QUICK, "--jobs", "2").out
    assert text.startswith(str(expected))
    assert "number of functions N_O: at least" in text
    assert "\nmajority_error " in text


def test_bias_by_quantiles_and_counts(cli, on_desk):
    asked = ["bias", "a", "--measure", "k_lz", *QUICK]
    found = cli(*asked, "--bound", "quantile", "--quantile", "0.9", "--level", "0.5", "--json").json
    fit = fit_bound(load_run("a"), method="quantile", quantile=0.9, level=0.5, **CALL)
    assert found["bounds"][0] == fit.to_json()
    assert found["correlations"]["min_count"] == 3


def test_measures_without_a_bound_keep_their_correlations(cli, own_desk):
    words = ("0111", "1011", "1101", "1110", "1000", "0100")
    counts = (400, 300, 200, 100, 50, 40)
    lines = [f"{word} {count}" for word, count in zip(words, counts, strict=True)]
    (own_desk / "equal.txt").write_text("\n".join(lines))
    cli("import", "equal.txt", "--out", "equal")
    asked = ["bias", "equal", "--measure", "k_lz,entropy", "--bootstrap", "20"]
    found = cli(*asked, "--json").json
    assert set(found["no_bound"]) == {"entropy", "majority_error"}
    assert [fit["measure"] for fit in found["bounds"]] == ["k_lz"]
    text = cli(*asked).out
    assert "no bound for entropy: an envelope needs at least two distinct complexities" in text
    only = cli("bias", "equal", "--measure", "entropy", "--bootstrap", "20").out
    assert "N_O" not in only


def test_distribution(cli, on_desk):
    done = cli("distribution", "grouped", "--measure", "entropy", "--seed", "5")
    expected = complexity_distribution(load_run("grouped"), "entropy", seed=5)
    assert done.err.splitlines() == str(expected).splitlines()
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0])[:4] == ["k", "prior", "prior_low", "prior_high"]
    np.testing.assert_allclose([float(row["k"]) for row in rows], expected.k)
    np.testing.assert_allclose([float(row["uniform"]) for row in rows], expected.uniform.p)
    np.testing.assert_allclose([float(row["same_t_high"]) for row in rows], expected.same_t.high)
    record = cli("distribution", "grouped", "--measure", "entropy", "--seed", "5", "--json").json
    assert record["shift"] == expected.shift
    binned = cli("distribution", "a", "--bins", "4", "--uniform", "100").out.splitlines()
    assert (binned[0].split(",")[0], len(binned)) == ("k_middle", 5)


def test_rare(cli, on_desk):
    expected = simple_but_rare(load_run("a"), "bdd_size")
    asked = ["rare", "a", "--measure", "bdd_size"]
    assert cli(*asked, "--json", "--top", "7").json == expected.to_json(7)
    assert cli(*asked, "--jobs", "2").out == "\n".join(expected.lines(20)) + "\n"
    named = cli(*asked, "--named", "--top", "3").out.splitlines()
    assert named == expected.named().lines(3)


def test_complexity_of_real_inputs_takes_a_radius(cli, own_desk):
    cli("collect", "--inputs", "points.csv", "--hidden", "3", "--samples", "200", "--jobs", "1",
        "--no-progress", "--out", "real")  # fmt: skip
    rows = cli("complexity", "real", "--measure", "critical_sample_ratio", "--radius", "1.2").lines
    assert rows[0] == "function,count,p,critical_sample_ratio"
    every = cli("complexity", "real", "--measure", "all", "--radius", "1.2").lines[0]
    assert "critical_sample_ratio" in every
    assert "bdd_size" not in every


def test_the_figure_of_all_measures(cli, own_desk):
    cli("plot", "panel", "a", "--measure", "all", "--min-count", "1", "--out", "new.png")
    assert (own_desk / "new.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("run", ["a", "grouped"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["panel", "--measure", "k_lz,entropy"],
        ["correlation", "--measure", "k_lz", *QUICK],
        ["distribution", "--bins", "5", "--level", "0.5"],
        ["rare", "--measure", "sop_terms", "--numbers", "2"],
        ["complexity", "--measure", "critical_sample_ratio", "--radius", "2"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_figures(cli, own_desk, run, arguments):
    kind, *options = arguments
    done = cli("plot", kind, run, *options, "--title", "a title", "--out", "new.png")
    assert done.out == "new.png\n"
    assert (own_desk / "new.png").read_bytes().startswith(b"\x89PNG")
