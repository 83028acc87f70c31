"""Figures of complexities: options reach the package, legends, odd runs, and bad input."""

import re

import numpy as np
import pytest
from test_cli_bad_input import OUT

from priorvol import load_run
from priorvol.simplicity import (
    complexity_distribution,
    complexity_panel,
    correlate,
    simple_but_rare,
)

KINDS = ["panel", "correlation", "distribution", "rare"]
HEADS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.fixture
def svg(cli, tmp_path):
    """Return a function that draws a figure and returns its texts, without their markup."""

    def draw(*arguments):
        cli("plot", *arguments, "--jobs", "1", "--out", tmp_path / "figure.svg")
        parts = re.findall(r"<text\b.*?</text>", (tmp_path / "figure.svg").read_text(), re.DOTALL)
        return [" ".join(re.sub(r"<.*?>", "", part).split()) for part in parts]

    return draw


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_every_format(kind, cli, on_desk, tmp_path):
    outs = [tmp_path / f"figure{suffix}" for suffix in HEADS]
    asked = ["plot", kind, "a", "--measure", "entropy", "--min-count", "3", "--jobs", "1"]
    if kind == "distribution":
        asked = asked[:5]
    found = cli(*asked, *(word for out in outs for word in ("--out", out)))
    assert found.lines == [str(out) for out in outs]
    assert found.err == ""
    for out in outs:
        assert out.read_bytes().startswith(HEADS[out.suffix])
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(out.name for out in outs)


def test_the_panel_is_of_the_functions_asked_for(svg, on_desk):
    n = len(load_run("a").at_least(3))
    texts = svg("panel", "a", "--measure", "entropy,bdd_size", "--min-count", "3", "--title", "T1")
    assert f"{n} of the {n} functions drawn 3 times or more" in texts
    assert "T1" in texts
    assert any("binary decision" in text for text in texts)
    assert not any("Boolean expression" in text for text in texts)


def test_the_rows_of_the_correlations_are_the_measures_asked_for(svg, on_desk):
    asked = ["--min-count", "3", "--bootstrap", "0"]
    texts = svg("correlation", "a", "--measure", "anf_terms,k_lz", *asked)
    rows = [text for text in texts if re.fullmatch("[a-z_]{4,}", text)]
    assert rows == ["anf_terms", "k_lz", "majority_error"]


def test_what_is_drawn_is_what_the_package_finds(cli, on_desk, tmp_path, monkeypatch):
    drawn = []
    for name in ("panel_plot", "correlation_plot"):
        monkeypatch.setattr(f"priorvol.plotting.{name}", lambda found, where: drawn.append(found))
    asked = ["--measure", "k_lz", "--min-count", "3", "--out", tmp_path / "figure.png"]
    for seed in ("4", "5"):
        cli("plot", "panel", "a", *asked, "--seed", seed)
        cli("plot", "correlation", "a", *asked, "--seed", seed, "--bootstrap", "20")
    panels, correlations = drawn[::2], drawn[1::2]
    for seed, panel, found in zip((4, 5), panels, correlations, strict=True):
        options = {"min_count": 3, "seed": seed}
        expected = complexity_panel(load_run("a"), "k_lz", **options).same_t["k_lz"]
        np.testing.assert_array_equal(panel.same_t["k_lz"], expected)
        again = correlate(load_run("a"), "k_lz", n_bootstrap=20, **options)
        assert found.to_json() == again.to_json()
    assert (panels[0].same_t["k_lz"] != panels[1].same_t["k_lz"]).any()
    assert correlations[0].to_json() != correlations[1].to_json()


def test_the_distribution_takes_bins_level_and_seed(svg, on_desk, monkeypatch):
    found = []

    def distribution(*arguments, **options):
        found.append(complexity_distribution(*arguments, **options))
        return found[-1]

    monkeypatch.setattr("priorvol.plotting.distribution.complexity_distribution", distribution)
    assert "pointwise 50% intervals" in svg("distribution", "a", "--level", "0.5")
    texts = svg("distribution", "grouped", "--bins", "4", "--measure", "entropy", "--seed", "3")
    assert "probability of a bin" in texts
    assert "(4 output draws a hidden draw)" in texts
    expected = complexity_distribution(load_run("grouped"), "entropy", bins=4, seed=3)
    assert found[1].to_json() == expected.to_json()


@pytest.mark.parametrize("numbers", [0, 3])
def test_rare_functions_are_named_in_the_legend(numbers, svg, on_desk):
    texts = svg("rare", "a", "--numbers", numbers, "--level", "0.5")
    names = [name.replace("_", " ") for name in simple_but_rare(load_run("a")).names if name]
    assert len([text for text in texts if text in names]) == numbers
    assert "listed, not drawn: 50% limit" in texts


def test_a_radius_reaches_every_figure_that_takes_one(cli, own_desk):
    cli("collect", "--inputs", "points.csv", "--hidden", "3", "--samples", "400", "--jobs", "1",
        "--no-progress", "--out", "real")  # fmt: skip
    asked = ["--measure", "critical_sample_ratio"]
    for kind in ("panel", "correlation", "distribution", "complexity"):
        cli("plot", kind, "real", *asked, "--radius", "1.2", *OUT)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_figure(kind, cli, on_desk, tmp_path):
    asked = ["plot", kind, "grouped", "--measure", "k_lz"]
    if kind == "correlation":
        asked += ["--min-count", "3", "--bootstrap", "30"]
    for name, jobs in (("one", "1"), ("two", "3")):
        cli(*asked, "--jobs", jobs, "--out", tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


ODD = {
    "two functions": "300 00000000\n200 01101001\n",
    "one complexity": "100 00000000\n90 11111111\n",
    "all as frequent": "100 00000000\n100 11111111\n100 00001111\n",
    "no cube": "300 011\n100 000\n200 110\n50 111\n",
    "one input": "300 01\n400 00\n200 10\n",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tallies_are_drawn_or_refused_in_one_line(name, cli, refused, at):
    (at / "tally.txt").write_text(ODD[name])
    cli("import", "tally.txt", "--out", "run")
    n_functions = len(load_run("run"))
    refusals = {}
    if n_functions < 3:
        refusals["correlation"] = f"but {n_functions} of the table's {n_functions} have them"
    if name == "one complexity":
        refusals["rare"] = "at min_count = 2: lower it, or draw more"
    if name == "no cube":
        refusals["rare"] = "the list of simple functions needs functions on a whole Boolean cube"
    for kind in KINDS:
        out = at / f"{kind}.png"
        asked = ["plot", kind, "run", "--measure", "k_lz", "--jobs", "1", "--out", out]
        if kind in refusals:
            assert refusals[kind] in refused(*asked)
            assert not out.exists()
        else:
            cli(*asked)


def test_one_draw(cli, refused, at):
    network = ["--n-inputs", "3", "--hidden", "4", "--samples", "1", "--jobs", "1"]
    cli("collect", *network, "--no-progress", "--out", "run")
    cli("plot", "distribution", "run", *OUT)
    cli("plot", "panel", "run", "--min-count", "1", "--measure", "k_lz,entropy", *OUT)
    for kind in ("panel", "rare"):
        why = refused("plot", kind, "run", "--out", "other.png")
        assert "min_count = 2 times or more: lower it, or draw more" in why
    why = refused("plot", "correlation", "run", "--out", "other.png")
    assert "min_count = 10 draws in the first half, but 0 of the table's 1 have them" in why


BAD = {
    **{
        f"{kind}, {option[0]}": ([kind, "a", *option, *OUT], f"{option[0]} does not go with")
        for kind, option in (
            ("rank", ["--jobs", "1"]),
            ("histogram", ["--jobs", "-1"]),
            ("complexity", ["--jobs", "1"]),
            ("rank", ["--seed", "1"]),
            ("rank", ["--bins", "3"]),
            ("histogram", ["--numbers", "3"]),
            ("histogram", ["--measure", "k_lz"]),
            ("complexity", ["--seed", "1"]),
            ("complexity", ["--bins", "3"]),
            ("complexity", ["--bootstrap", "3"]),
            ("panel", ["--no-zipf"]),
            ("panel", ["--interval", "wilson"]),
            ("panel", ["--bootstrap", "3"]),
            ("correlation", ["--level", "0.5"]),
            ("correlation", ["--no-bound"]),
            ("correlation", ["--bins", "3"]),
            ("distribution", ["--numbers", "3"]),
            ("distribution", ["--bootstrap", "3"]),
            ("distribution", ["--no-bound"]),
            ("rare", ["--bins", "3"]),
            ("rare", ["--bootstrap", "3"]),
            ("rare", ["--interval", "wilson"]),
        )
    },
    **{
        f"{kind}, {' '.join(option)}"[:40]: ([kind, "a", *option, *OUT], why)
        for kind, option, why in (
            ("panel", ["--measure", ""], "the name of a measure is wanted, got none"),
            ("panel", ["--measure", "all,k_lz"], "got 'all'"),
            ("correlation", ["--measure", ","], "the name of a measure is wanted"),
            ("correlation", ["--bootstrap", "1e18"], "at most 1,000,000"),
            ("correlation", ["--bootstrap", "2.5"], "--bootstrap: a whole number"),
            ("distribution", ["--bins", "1e9"], "at most 100,000, got 1000000000"),
            ("distribution", ["--bins", "x"], "--bins: a whole number"),
            ("distribution", ["--measure", ","], "the name of a measure is wanted"),
            ("distribution", ["--level", "1"], "level must be above 0.0 and below 1.0"),
            ("rare", ["--numbers", "-1"], "--numbers: numbers must be at least 0, got -1"),
            ("rare", ["--numbers", "1.5"], "--numbers: a whole number"),
            ("rare", ["--level", "nan"], "level must be finite"),
            ("panel", ["--seed", "-1"], "seed must be at least 0"),
            ("panel", ["--radius", "-2"], "radius must be above 0"),
            ("panel", ["--jobs", "0"], "--jobs"),
            ("panel", ["--jobs", "1e6"], "n_jobs must be at least -1,024"),
            ("panel", ["--title", r"$\frobnicate$"], "frobnicate"),
            ("panel", ["--min-count", "1e25"], "lower it, or draw more"),
        )
    },
    **{
        f"{kind} to {name}": ([kind, "a", "--out", name], f"cannot write {name}")
        for kind in KINDS
        for name in ("no/new.png", "file/new.png", "folder.png")
    },
}


@pytest.mark.parametrize(("arguments", "fragment"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(arguments, fragment, refused, on_desk, tmp_path, monkeypatch):
    if "folder.png" in arguments:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "folder.png").mkdir()
        (tmp_path / "a").symlink_to(on_desk / "a")
    assert fragment in refused("plot", *arguments)


@pytest.mark.parametrize("kind", ["rank", *KINDS])
def test_no_figure_is_written_if_another_cannot_be(kind, refused, own_desk, contents):
    (own_desk / "folder.pdf").mkdir()
    (own_desk / "old.png").write_bytes(b"an older figure")
    before = contents(own_desk)
    outs = ["--out", "new.png", "--out", "old.png", "--out", "folder.pdf"]
    assert refused("plot", kind, "a", *outs) == (
        "priorvol: error: cannot write folder.pdf: it is a folder\n"
    )
    assert contents(own_desk) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_outlives_a_failure_while_it_is_written(
    kind, refused, own_desk, contents, monkeypatch
):
    def fail(figure, file, **settings):
        file.write_bytes(b"half a figure")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    (own_desk / "old.png").write_bytes(b"an older figure")
    before = contents(own_desk)
    asked = ["plot", kind, "a", "--measure", "k_lz", "--jobs", "1"]
    asked += ["--min-count", "3"] if kind == "correlation" else []
    assert "No space left" in refused(*asked, "--out", "old.png", code=1)
    assert contents(own_desk) == before
