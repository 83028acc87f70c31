"""bias, distribution, rare and complexity on odd runs: seeds, workers, warnings, exit codes."""

import csv
import io
import json
import math
import signal
import subprocess
import sys

import pytest

from priorvol import complexity, load_run
from priorvol.cli import main
from priorvol.simplicity import correlate, simple_but_rare

TALLIES = {
    "two": "300 00000000\n200 01101001\n",
    "alike": "100 00000000\n90 11111111\n",
    "level": "100 00000000\n100 11111111\n100 00001111\n",
    "odd": "300 011\n100 000\n200 110\n50 111\n",
    "one": "300 00000000\n",
    "part": "300 01101001\n100 00000000\n50 11111111\n20 00000001\n",
}
FEW = ["--measure", "k_lz,entropy", "--bootstrap", "10"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder of odd runs; `part` leaves out draws."""
    folder = tmp_path_factory.mktemp("odd")
    for name, text in TALLIES.items():
        (folder / f"{name}.txt").write_text(text)
        more = ["--samples", "1000"] if name == "part" else []
        file = str(folder / f"{name}.txt")
        assert main(["import", file, "--out", str(folder / name), *more]) == 0
    for name, network in (
        ("draw", ["--n-inputs", "3", "--samples", "1"]),
        ("tanh", ["--n-inputs", "3", "--samples", "2000", "--activation", "tanh"]),
        ("groups", ["--n-inputs", "3", "--samples", "2000", "--output-draws", "4"]),
        ("five", ["--n-inputs", "5", "--samples", "2000"]),
        ("eight", ["--n-inputs", "8", "--samples", "200"]),
        ("digits", ["--inputs", "digits", "--samples", "50"]),
    ):
        quiet = ["--hidden", "4", "--jobs", "1", "--no-progress", "--out", str(folder / name)]
        assert main(["collect", *network, *quiet]) == 0
    return folder


@pytest.fixture
def on_runs(runs, monkeypatch, contents):
    """Work where the odd runs are, and fail if anything there is other than before."""
    before = contents(runs)
    monkeypatch.chdir(runs)
    yield runs
    assert contents(runs) == before


# Odd runs


def test_bias_of_functions_that_are_all_as_frequent(cli, on_runs):
    found = cli("bias", "level", *FEW, "--json").json
    rows = {row["measure"]: row["association"] for row in found["correlations"]["rows"]}
    assert rows["k_lz"]["spearman"]["low"] is None
    assert rows["k_lz"]["spearman_given_t"]["value"] is None
    assert [fit["measure"] for fit in found["bounds"]] == ["k_lz", "entropy", "majority_error"]
    assert "nan" not in cli("bias", "level", *FEW).out


def test_bias_of_a_tally_that_leaves_out_draws(cli, on_runs):
    found = cli("bias", "part", *FEW, "--json").json
    assert found["bounds"][0]["richness"]["method"] == "listed"
    assert found["bounds"][0]["n_samples"] == 1000
    expected = correlate(load_run("part"), ["k_lz", "entropy"], n_bootstrap=10)
    assert found["correlations"] == expected.to_json()


def test_bias_of_inputs_that_are_no_cube(cli, on_runs):
    found = cli("bias", "odd", "--min-count", "1", "--bootstrap", "2", "--json").json
    rows = found["correlations"]["rows"]
    assert [row["measure"] for row in rows] == ["k_lz", "lz78_phrases", "entropy", "majority_error"]
    assert {row["permuted_inputs"] for row in rows} == {None}
    assert "lz78_phrases" in found["no_bound"]


def test_every_measure_at_once(cli, on_runs):
    asked = ["--measure", "all", "--bootstrap", "2", "--min-count", "5"]
    found = cli("bias", "tanh", *asked, "--json").json
    names = complexity.applicable(load_run("tanh"))
    fitted = [fit["measure"] for fit in found["bounds"]]
    assert {*fitted, *found["no_bound"]} == set(names)
    assert "high_degree_weight" in fitted


@pytest.mark.parametrize("run", ["one", "draw", "two", "alike", "level", "odd", "groups"])
def test_distributions_of_odd_runs(run, cli, on_runs):
    table = load_run(run)
    found = cli("distribution", run, "--json").json
    for kind in ("prior", "uniform", "same_t"):
        spread = found[kind]
        assert math.fsum(spread["p"]) == pytest.approx(1, rel=1e-12)
        ends = zip(spread["low"], spread["p"], spread["high"], strict=True)
        assert all(low <= p <= high for low, p, high in ends)
    assert found["prior"]["n_samples"] == table.n_samples
    done = cli("distribution", run)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [float(row["prior"]) for row in rows] == pytest.approx(found["prior"]["p"], rel=1e-9)
    assert "nan" not in done.out + done.err
    assert cli("distribution", run, "--bins", "1").lines[1].split(",")[1] == "1"


@pytest.mark.parametrize("run", ["two", "level", "groups", "tanh", "five"])
def test_rare_functions_of_odd_runs(run, cli, on_runs):
    found = cli("rare", run, "--json", "--top", "1e9").json
    expected = simple_but_rare(load_run(run))
    assert found == expected.to_json()
    assert found["n_listed"] == len(found["functions"])
    assert all(0 <= row["low"] <= row["p"] <= row["high"] <= 1 for row in found["functions"])
    gaps = [row["gap_bits"] for row in found["functions"]]
    assert gaps == sorted(gaps, reverse=True)
    named = [row for row in found["functions"] if row["name"]]
    assert 0 < len(named) < len(gaps)
    assert cli("rare", run, "--json", "--named", "--top", "70").json["functions"] == named[:70]


def test_the_measures_that_apply_are_those_of_the_inputs(cli, on_runs):
    for run in ("digits", "eight", "odd", "tanh"):
        first = cli("complexity", run, "--measure", "all", "--top", "1").lines[0]
        names = complexity.applicable(load_run(run))
        assert first == ",".join(["function", "count", "p", *names])
    with_radius = cli("complexity", "digits", "--measure", "all", "--top", "1", "--radius", "20")
    assert "critical_sample_ratio" in with_radius.lines[0]


# The same seed, any number of workers


@pytest.mark.parametrize(
    "command",
    [
        ["bias", "groups", "--min-count", "3", *FEW],
        ["distribution", "eight", "--uniform", "500", "--measure", "average_sensitivity"],
        ["rare", "groups", "--measure", "bdd_size"],
        ["complexity", "tanh", "--measure", "all"],
    ],
    ids=lambda command: command[0],
)
def test_the_output_does_not_depend_on_the_workers(command, cli, on_runs):
    first = cli(*command, "--jobs", "1")
    for jobs in ("3", "-1"):
        again = cli(*command, "--jobs", jobs)
        assert (again.out, again.err) == (first.out, first.err)
    if command[0] in ("bias", "distribution"):
        assert cli(*command, "--seed", "0").out == first.out
        assert cli(*command, "--seed", "1").out != first.out


# Bad input

BAD = {
    "bias, one function": (["bias", "one"], "but 1 of the table's 1 have them: lower it, or draw"),
    "bias, one draw": (["bias", "draw"], "with min_count = 10 draws in the first half, but 0 of"),
    "bias, two functions": (["bias", "two", "--min-count", "1"], "but 2 of the table's 2"),
    "bias, huge min_count": (["bias", "tanh", "--min-count", "1e25"], "but 0 of the table's"),
    "bias, max_functions 2": (["bias", "tanh", "--max-functions", "2"], "at least 3, got 2"),
    "bias, quantile nan": (
        ["bias", "tanh", "--bound", "quantile", "--quantile", "nan"],
        "--quantile: quantile must be finite",
    ),
    "bias, quantile of the hull": (
        ["bias", "tanh", "--bound", "hull", "--quantile", "0.5"],
        "--quantile goes with --bound quantile",
    ),
    "bias, all and one": (["bias", "tanh", "--measure", "all,k_lz"], "got 'all'"),
    "bias, bootstrap 1e7": (["bias", "tanh", "--bootstrap", "1e7"], "at most 1,000,000"),
    "bias, no radius": (
        ["bias", "digits", "--measure", "critical_sample_ratio"],
        "needs radius, the size of a neighbourhood, on digits",
    ),
    "bias, no cube": (["bias", "odd", "--measure", "bdd_size"], "whole Boolean cube"),
    "bias, large cube": (["bias", "eight", "--measure", "circuit_size"], "n at most 7, got n = 8"),
    "bias, top": (["bias", "tanh", "--top", "3"], "unrecognized arguments: --top"),
    "bias, abbreviated": (["bias", "tanh", "--boot", "3"], "unrecognized arguments: --boot"),
    "distribution, draws left out": (["distribution", "part"], "leaves out 530 of 1,000"),
    "distribution, no cube": (["distribution", "odd", "--measure", "anf_terms"], "Boolean cube"),
    "distribution, digits": (["distribution", "digits", "--measure", "sensitivity"], "m = 1797"),
    "distribution, no radius": (
        ["distribution", "digits", "--measure", "critical_sample_ratio"],
        "needs radius",
    ),
    "distribution, large cube": (
        ["distribution", "eight", "--measure", "decision_tree_depth"],
        "n at most 7, got n = 8",
    ),
    "distribution, bins 1e9": (["distribution", "one", "--bins", "1e9"], "at most 100,000"),
    "distribution, bins -1": (["distribution", "one", "--bins", "-1"], "at least 1, got -1"),
    "distribution, uniform 0": (["distribution", "one", "--uniform", "0"], "at least 2"),
    "distribution, uniform 1e18": (["distribution", "one", "--uniform", "1e18"], "10,000,000"),
    "distribution, all": (["distribution", "one", "--measure", "all"], "got 'all'"),
    "distribution, no measure": (["distribution", "one", "--measure", ""], "got ''"),
    "distribution, min_count": (["distribution", "one", "--min-count", "3"], "unrecognized"),
    "rare, one function": (["rare", "one"], "got [3.0] at min_count = 2: lower it, or draw more"),
    "rare, one complexity": (["rare", "alike"], "at least two distinct complexities, got [3.0]"),
    "rare, one draw": (["rare", "draw"], "counted min_count = 2 times or more: lower it, or draw"),
    "rare, no cube": (["rare", "odd"], "whole Boolean cube, m = 2^n with n >= 1, got m = 3"),
    "rare, digits": (["rare", "digits"], "got m = 1797"),
    "rare, large cube": (["rare", "eight"], "n at most 7, got n = 8"),
    "rare, draws left out": (["rare", "part"], "leaves out 530"),
    "rare, all": (["rare", "tanh", "--measure", "all"], "got 'all'"),
    "rare, radius": (["rare", "tanh", "--radius", "1"], "unrecognized arguments: --radius 1"),
    "rare, bootstrap": (["rare", "tanh", "--bootstrap", "9"], "unrecognized"),
    "complexity, jobs 0": (["complexity", "tanh", "--jobs", "0"], "--jobs"),
    "complexity, jobs 2.5": (["complexity", "tanh", "--jobs", "2.5"], "--jobs: a whole number"),
    "complexity, jobs 1e6": (["complexity", "tanh", "--jobs", "1e6"], "at most 1,024"),
    "complexity, radius 0": (["complexity", "tanh", "--radius", "0"], "radius must be above 0"),
    "complexity, radius inf": (["complexity", "tanh", "--radius", "inf"], "must be finite"),
    "complexity, radius x": (["complexity", "tanh", "--radius", "x"], "a number is wanted"),
    "complexity, no radius": (
        ["complexity", "digits", "--measure", "critical_sample_ratio"],
        "needs radius",
    ),
    "complexity, no cube": (["complexity", "--function", "011", "--measure", "bdd_size"], "m = 3"),
    "complexity, no inputs": (
        ["complexity", "--function", "011", "--measure", "critical_sample_ratio", "--radius", "1"],
        "without inputs",
    ),
    "complexity, large cube": (["complexity", "eight", "--measure", "bdd_size"], "got n = 8"),
    "complexity, all and one": (["complexity", "tanh", "--measure", "k_lz,all"], "got 'all'"),
    "complexity, list of a run": (["complexity", "tanh", "--list"], "RUN does not go with --list"),
    "complexity, list and top": (
        ["complexity", "--list", "--top", "3", "--radius", "2"],
        "--radius, --top does not go with --list",
    ),
}


@pytest.mark.parametrize(("command", "fragment"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(command, fragment, refused, on_runs):
    assert fragment in refused(*command)


@pytest.mark.parametrize("verb", ["bias", "distribution", "rare"])
def test_failures_and_interrupts(verb, refused, on_runs, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    def interrupt(*arguments, **options):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("priorvol.complexity.compute", fail)
    assert refused(verb, "tanh", code=1) == "priorvol: error: out of memory\n"
    monkeypatch.setattr("priorvol.complexity.compute", interrupt)
    assert refused(verb, "tanh", code=130) == "priorvol: error: interrupted\n"


def test_a_measure_whose_extra_is_missing_says_what_to_install(refused, on_runs, monkeypatch):
    find = complexity.registry.importlib.util.find_spec
    monkeypatch.setattr(
        complexity.registry.importlib.util,
        "find_spec",
        lambda name, *more: None if name == "pybdm" else find(name, *more),
    )
    asked = ["--measure", "block_decomposition"]
    for command in (["bias", "tanh"], ["distribution", "tanh"], ["rare", "tanh"]):
        assert "pip install" in refused(*command, *asked, code=1)
    assert "pip install" in refused("plot", "panel", "tanh", *asked, "--out", "new.png", code=1)


# As processes


def test_no_warning_reaches_the_user(runs):
    commands = [
        ["bias", "level", *FEW],
        ["bias", "odd", "--min-count", "1", "--bootstrap", "2", "--json"],
        ["distribution", "one", "--json"],
        ["rare", "two"],
        ["plot", "panel", "one", "--measure", "k_lz,entropy", "--out", "panel.png"],
        ["plot", "correlation", "level", "--measure", "entropy", "--out", "correlation.png"],
        ["plot", "distribution", "one", "--out", "distribution.svg"],
        ["plot", "rare", "two", "--numbers", "9", "--out", "rare.pdf"],
    ]
    for command in commands:
        if "--out" in command:
            command[-1] = str(runs.parent / command[-1])
    program = (
        "import json, sys; from priorvol.cli import main; "
        "sys.exit(max(main(command) for command in json.loads(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, json.dumps(commands)],
        cwd=runs, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert all(" draws: mean " in line or " functions" in line for line in lines), done.stderr


def test_closed_streams(runs):
    for command, out in (
        ("distribution tanh >&-", ""),
        ("distribution one 2>&- | head -n 1", "k,prior,prior_low"),
    ):
        line = f"{sys.executable} -m priorvol {command}"
        done = subprocess.run(
            line, shell=True, cwd=runs, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0
        assert done.stdout.startswith(out)
        assert done.stdout or not out
        assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_help_and_refusals_load_no_heavy_library():
    program = (
        "import sys, priorvol.cli as cli\n"
        "for verb in ('bias', 'rare', 'distribution', 'plot', 'complexity', 'atlas'):\n"
        "    cli.main([verb, '--help'])\n"
        "    cli.main([verb, 'a', '--jobs', '0', '--seed', '-1'])\n"
        "cli.main(['--help'])\n"
        "heavy = ('numba', 'sklearn', 'scipy.stats', 'matplotlib', 'pybdm', 'joblib')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
