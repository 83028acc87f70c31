"""Bad input to bias, distribution, rare and their figures: one line, and nothing changed."""

import pytest
from test_cli_bad_input import LEVELS, MEASURE, NO_RUN, OUT, TOPS

NUMBERS = {
    "radius 0": (["--radius", "0"], "radius must be above 0"),
    "radius nan": (["--radius", "nan"], "--radius"),
    "radius x": (["--radius", "x"], "a number is wanted"),
    "seed -1": (["--seed", "-1"], "--seed"),
    "seed 2^64": (["--seed", str(1 << 64)], "seed must be at least 0 and at most"),
    "seed 1.5": (["--seed", "1.5"], "a whole number is wanted"),
    "jobs 0": (["--jobs", "0"], "--jobs"),
    "jobs 1e9": (["--jobs", "1e9"], "n_jobs must be at least -1,024 and at most 1,024"),
}
FEW = {
    "min_count 0": (["--min-count", "0"], "at least 1"),
    "min_count 1.5": (["--min-count", "1.5"], "--min-count"),
    "min_count": (["--min-count", "1e6"], "1000000"),
}
LEVEL = {name: case for name, case in LEVELS.items() if name.startswith("level")}
NO_RUNS = {f"run {name}": ([run], why) for name, (run, why) in NO_RUN.items()}
ON_A = NUMBERS | LEVEL | MEASURE
BIAS = {
    "no run": ([], "RUN"),
    "no measure": (["a", "--measure", ""], "the name of a measure is wanted"),
    "bound": (["a", "--bound", "best"], "'hull', 'quantile', got 'best'"),
    "quantile alone": (["a", "--quantile", "0.9"], "--quantile goes with --bound quantile"),
    "quantile 1": (["a", "--bound", "quantile", "--quantile", "1"], "quantile must be above 0"),
    "quantile x": (["a", "--bound", "quantile", "--quantile", "x"], "a number is wanted"),
    "bootstrap 1": (["a", "--bootstrap", "1", "--measure", "k_lz"], "n_bootstrap must be"),
    "bootstrap -1": (["a", "--bootstrap", "-1"], "n_bootstrap must be at least"),
    "bootstrap 0": (["a", "--bootstrap", "0"], "n_bootstrap must be at least 2"),
    "bootstrap 1e18": (["a", "--bootstrap", "1e18"], "at most 1,000,000, got 1000000000000000000"),
    "bootstrap x": (["a", "--bootstrap", "x"], "a whole number is wanted"),
    "max_functions 0": (["a", "--max-functions", "0"], "at least 1"),
    "two runs": (["a", "b"], "unrecognized arguments: b"),
    **{name: (["a", *bad], why) for name, (bad, why) in (ON_A | FEW).items()},
    **NO_RUNS,
}
DISTRIBUTION = {
    "no run": ([], "RUN"),
    "two measures": (["a", "--measure", "k_lz,entropy"], "got 'k_lz,entropy'"),
    "bins 0": (["a", "--bins", "0"], "at least 1"),
    "uniform 1": (["a", "--uniform", "1"], "n_uniform must be at least 2"),
    "uniform 1e15": (["a", "--uniform", "1e15"], "at most 10,000,000"),
    "uniform x": (["a", "--uniform", "x"], "a whole number is wanted"),
    **{name: (["a", *bad], why) for name, (bad, why) in ON_A.items()},
    **NO_RUNS,
}
RARE = {
    "no run": ([], "RUN"),
    "seed": (["a", "--seed", "1"], "unrecognized arguments: --seed 1"),
    **{
        name: (["a", *bad], why)
        for name, (bad, why) in (ON_A | FEW | TOPS).items()
        if not name.startswith(("seed", "radius"))
    },
    **NO_RUNS,
}
PLOT = {
    "measures": (["rare", "a", "--measure", "k_lz,entropy", *OUT], "one measure, got k_lz,entropy"),
    "all": (["distribution", "a", "--measure", "all", *OUT], "takes one measure, got all"),
    "numbers -1": (["rare", "a", "--numbers", "-1", *OUT], "numbers must be at least 0"),
    "bins 0": (["distribution", "a", "--bins", "0", *OUT], "at least 1"),
    "bootstrap -1": (["correlation", "a", "--bootstrap", "-1", *OUT], "n_bootstrap must be"),
    **{
        f"{kind}, {option[0]}": ([kind, "a", *option, *OUT], f"{option[0]} does not go with")
        for kind, option in (
            ("panel", ["--level", "0.5"]),
            ("panel", ["--bins", "3"]),
            ("panel", ["--no-bound"]),
            ("correlation", ["--numbers", "3"]),
            ("distribution", ["--min-count", "3"]),
            ("distribution", ["--interval", "wilson"]),
            ("rare", ["--radius", "2"]),
            ("rare", ["--seed", "2"]),
            ("rank", ["--radius", "2"]),
            ("rank", ["--bootstrap", "2"]),
        )
    },
    **{
        f"{kind} of {name}": ([kind, *what, *OUT], why)
        for kind in ("panel", "correlation", "distribution", "rare")
        for name, what, why in (
            ("two runs", ["a", "b"], "one run, got 2"),
            ("a label", ["a", "--label", "one"], "--label does not go with"),
            ("no measure", ["a", "--measure", "k_lx"], "measure must be one of"),
            ("no run", ["missing"], "missing is not a folder"),
        )
    },
    **{
        f"{kind}, min_count": ([kind, "a", "--min-count", "1e6", *OUT], "1000000")
        for kind in ("panel", "correlation", "rare")
    },
}

CASES = [
    pytest.param([verb, *arguments], fragment, id=f"{verb}: {name}"[:60])
    for verb, cases in (
        ("bias", BIAS),
        ("distribution", DISTRIBUTION),
        ("rare", RARE),
        ("plot", PLOT),
    )
    for name, (arguments, fragment) in cases.items()
]


@pytest.mark.parametrize(("arguments", "fragment"), CASES)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(
    arguments, fragment, refused, on_desk
):
    assert fragment in refused(*arguments)


@pytest.fixture
def digits(cli, own_desk):
    cli("collect", "--inputs", "digits", "--hidden", "3", "--samples", "300", "--jobs", "1",
        "--no-progress", "--out", "digits")  # fmt: skip


def test_measures_that_the_inputs_do_not_allow(refused, digits):
    for verb in (["bias", "digits"], ["distribution", "digits"], ["complexity", "digits"]):
        assert "bdd_size" in refused(*verb, "--measure", "bdd_size")
        assert "needs radius" in refused(*verb, "--measure", "critical_sample_ratio")
    assert "whole Boolean cube" in refused("rare", "digits")
    assert "cube" in refused("plot", "rare", "digits", *OUT)


def test_cubes_of_more_inputs(cli, refused, own_desk):
    cli("collect", "--n-inputs", "8", "--hidden", "3", "--samples", "500", "--jobs", "1",
        "--no-progress", "--out", "eight")  # fmt: skip
    assert "n at most 7, got n = 8" in refused("rare", "eight")
    assert "n at most 7, got n = 8" in refused("distribution", "eight", "--measure", "bdd_size")
    assert "bdd_size cannot be computed" in refused("bias", "eight", "--measure", "bdd_size")
    cli("distribution", "eight", "--measure", "sensitivity")


def test_tallies_with_one_function_or_draws_left_out(cli, refused, own_desk):
    (own_desk / "one.txt").write_text("0110 30\n")
    (own_desk / "part.txt").write_text("0110 30\n0001 10\n1111 20\n")
    cli("import", "one.txt", "--out", "one")
    cli("import", "part.txt", "--samples", "100", "--out", "part")
    assert "at least two distinct complexities" in refused("rare", "one")
    assert "at least 3 functions with min_count = 10" in refused("bias", "one")
    assert "every draw" in refused("rare", "part")
    assert "every draw listed" in refused("distribution", "part")


def test_a_figure_that_is_there_outlives_a_failure(refused, own_desk):
    (own_desk / "new.png").write_bytes(b"an older figure")
    refused("plot", "rare", "a", "--min-count", "1e6", *OUT)
    assert (own_desk / "new.png").read_bytes() == b"an older figure"
