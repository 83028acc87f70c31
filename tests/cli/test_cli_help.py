"""Help, version, and the examples of the help, run on smaller sizes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import priorvol
from priorvol.cli import build_parser

VERBS = [
    "collect",
    "posterior",
    "train",
    "sweep",
    "show",
    "estimate",
    "bound",
    "compare",
    "experiment",
    "complexity",
    "bias",
    "distribution",
    "rare",
    "correlation",
    "atlas",
    "plot",
    "export",
    "import",
]

ELSEWHERE = ("collect", "import", "sweep")
"""Verbs whose examples are run first, or with their own tests."""

SMALLER = {
    "--samples 1e7": "--samples 2e3 --jobs 1 --no-progress",
    "--samples 1e6": "--samples 2e3 --jobs 1 --no-progress",
    "--samples 1e5": "--samples 2e3 --jobs 1 --no-progress",
    "--proposals 1e6": "--proposals 2e3 --jobs 1 --no-progress",
    "--n-inputs 7": "--n-inputs 3",
    "--hidden 40,40": "--hidden 4,4",
    "0x00000000000000000000000000000001": "0x01",
    "--runs 1e4": "--runs 50 --jobs 1 --no-progress",
    "--posterior 1e4": "--posterior 100",
    "--out runs/experiment": "--estimates none --no-figures --out runs/experiment",
    "--n-train 100 --n-test 64 --hidden 100,100": "--n-train 32 --n-test 9 --hidden 4",
    "--out runs/digits": "--runs 50 --posterior 100 --estimates none --no-figures --jobs 1 "
    "--no-progress --out runs/digits",
    "bias runs/a": "bias runs/a --bootstrap 20",
    "correlation runs/a": "correlation runs/a --bootstrap 20",
    "--n 7": "--n 3",
}


def help_of(cli, verb):
    return cli(*([verb] if verb else []), "--help").out


def examples_of(text):
    """Return the lines of the help's example that are commands, continued lines joined."""
    _, _, example = text.partition("\nexample:\n")
    lines = [line.strip() for line in example.replace("\\\n", " ").splitlines()]
    commands = [line for line in lines if re.match(r"(priorvol|sort) [^V]", line)]
    return [re.sub(r"\s{2,}\(.*\)$", "", line) for line in commands]


def smaller(command):
    for long, short in SMALLER.items():
        command = command.replace(long, short)
    return command


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_has_an_example_and_fits_a_terminal(verb, cli):
    text = help_of(cli, verb)
    assert "\nexample:\n" in text
    assert examples_of(text)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("verb", VERBS)
def test_help_explains_every_option(verb, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (verbs,) = [a for a in build_parser()._actions if a.choices and "collect" in a.choices]
    for action in verbs.choices[verb]._actions:
        assert action.help, action.dest
        for flag in action.option_strings:
            assert flag in help_of(cli, verb)


def test_the_parser_lists_the_verbs(cli):
    (verbs,) = [a for a in build_parser()._actions if a.choices and "collect" in a.choices]
    assert set(verbs.choices) == set(VERBS)
    text = help_of(cli, "")
    for verb in VERBS:
        assert re.search(rf"^    {verb}\b", text, re.MULTILINE)


def test_version(cli):
    assert cli("--version").out == f"priorvol {priorvol.__version__}\n"


def test_every_example_works(cli, at):
    commands = {verb: examples_of(help_of(cli, verb)) for verb in ["", *VERBS]}
    assert sum(map(len, commands.values())) >= 17
    (at / "functions.txt").write_text("01101001\n00000000\n01101001\n")
    for command in commands["collect"]:
        cli(*shlex.split(smaller(command))[1:])
        cli(*shlex.split(smaller(command).replace("runs/a", "runs/b"))[1:])
    for command in commands["import"]:
        if command.startswith("sort"):
            subprocess.run(command, shell=True, check=True)
        else:
            assert "2 functions, 3 draws" in cli(*shlex.split(smaller(command))[1:]).out
    for verb in (name for name in VERBS if name not in ELSEWHERE):
        for command in commands[verb]:
            cli(*shlex.split(smaller(command).partition(" > ")[0])[1:])
    for name in ("rank.png", "rank.pdf", "k.png", "t.png", "table.csv", "table.parquet"):
        assert (at / name).stat().st_size > 0
    assert "00000000 " in (at / "tally.txt").read_text()


def test_the_first_example_works(cli, at):
    for command in examples_of(help_of(cli, "")):
        cli(*shlex.split(smaller(command))[1:])


def test_the_quickstart_script_runs_commands_that_work(cli, at):
    script = (Path(__file__).parents[2] / "scripts" / "quickstart.sh").read_text()
    commands = re.findall(r"^priorvol .*", script.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) >= 5
    (at / "out").mkdir()
    for command in commands:
        command = command.replace('"$run"', "out/run").replace("$out/", "out/")
        cli(*shlex.split(smaller(command))[1:])


def test_help_loads_no_heavy_library():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, priorvol.cli as cli; cli.main(['collect', '--help']); "
            "print([m for m in ('numba', 'sklearn', 'scipy.stats', 'matplotlib') "
            "if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.splitlines()[-1] == "[]"
