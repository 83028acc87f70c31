"""Bad input of every option: exit code 2, one line that names it, and nothing written."""

import json
import shutil
import signal
import sys

import numpy as np
import pytest

from priorvol.architecture import Architecture
from priorvol.cli import main
from priorvol.store import RunWriter
from priorvol.task import Task

NETWORK = ["--n-inputs", "3", "--hidden", "4"]
RUN = ["--samples", "20", "--jobs", "1", "--out", "new"]

TASK = {
    "n_inputs 0": (["--n-inputs", "0", "--hidden", "4"], "at least 1"),
    "n_inputs 17": (["--n-inputs", "17", "--hidden", "4"], "at most 16, got 17"),
    "n_inputs -1": (["--n-inputs", "-1", "--hidden", "4"], "got -1"),
    "n_inputs 2.5": (["--n-inputs", "2.5", "--hidden", "4"], "--n-inputs: a whole number"),
    "n_inputs nan": (["--n-inputs", "nan", "--hidden", "4"], "--n-inputs: a whole number"),
    "no n_inputs": (["--hidden", "4"], "--n-inputs is missing"),
    "no hidden": (["--n-inputs", "3"], "--hidden is missing"),
    "hidden 0": (["--n-inputs", "3", "--hidden", "0"], "hidden[0] must be at least 1"),
    "hidden -1": (["--n-inputs", "3", "--hidden", "-1"], "got -1"),
    "hidden 4,0": (["--n-inputs", "3", "--hidden", "4,0"], "hidden[1]"),
    "hidden abc": (["--n-inputs", "3", "--hidden", "abc"], "--hidden: a whole number"),
    "hidden 40.5": (["--n-inputs", "3", "--hidden", "40.5"], "got '40.5'"),
    "hidden 4,,4": (["--n-inputs", "3", "--hidden", "4,,4"], "--hidden: a whole number"),
    "hidden nothing": (["--n-inputs", "3", "--hidden", ""], "--hidden: a whole number"),
    "hidden nan": (["--n-inputs", "3", "--hidden", "nan"], "--hidden: a whole number"),
    "hidden 65537": (["--n-inputs", "3", "--hidden", "65537"], "at most 65,536"),
    "hidden inf,40": (["--n-inputs", "3", "--hidden", "inf,40"], "all finite or all infinite"),
    "activation": ([*NETWORK, "--activation", "relo"], "did you mean 'relu'?"),
    "shift": ([*NETWORK, "--shift", "mean"], "a number or zero-mean is wanted, got 'mean'"),
    "shift nan": ([*NETWORK, "--shift", "nan"], "shift must be finite"),
    "shift inf": ([*NETWORK, "--shift", "inf"], "shift must be finite"),
    "slope": ([*NETWORK, "--slope", "0.5"], "leaky_relu"),
    "slope 2": ([*NETWORK, "--activation", "leaky_relu", "--slope", "2"], "at most 1"),
    "slope nan": ([*NETWORK, "--activation", "leaky_relu", "--slope", "nan"], "finite"),
    "slope x": ([*NETWORK, "--slope", "x"], "--slope: a number is wanted, got 'x'"),
    "sigma_w 0": ([*NETWORK, "--sigma-w", "0"], "sigma_w must be above 0"),
    "sigma_w -1": ([*NETWORK, "--sigma-w", "-1"], "sigma_w must be above 0"),
    "sigma_w nan": ([*NETWORK, "--sigma-w", "nan"], "sigma_w must be finite"),
    "sigma_w inf": ([*NETWORK, "--sigma-w", "inf"], "sigma_w must be finite"),
    "sigma_w x": ([*NETWORK, "--sigma-w", "x"], "--sigma-w: a number is wanted, got 'x'"),
    "sigma_w 1,": ([*NETWORK, "--sigma-w", "1,"], "--sigma-w: a number is wanted"),
    "sigma_w of 3": ([*NETWORK, "--sigma-w", "1,2,3"], "3 values"),
    "sigma_w 1,nan": ([*NETWORK, "--sigma-w", "1,nan"], "sigma_w[1] must be finite"),
    "sigma_b -1": ([*NETWORK, "--sigma-b", "-1"], "sigma_b must be at least 0"),
    "sigma_b nan": ([*NETWORK, "--sigma-b", "nan"], "sigma_b must be finite"),
    "sigma_b inf": ([*NETWORK, "--sigma-b", "inf"], "sigma_b must be finite"),
    "sigma_b 0,-1": ([*NETWORK, "--sigma-b", "0,-1"], "sigma_b[1]"),
    "distribution": ([*NETWORK, "--distribution", "normal"], "'gaussian', 'uniform'"),
    "distributions": ([*NETWORK, "--distribution", "uniform,x"], "distribution[1]"),
    "weight scaling": ([*NETWORK, "--weight-scaling", "fan"], "'fan_in', 'none'"),
    "bias scaling": ([*NETWORK, "--bias-scaling", "fan_out"], "'none', 'fan_in'"),
    "encoding": ([*NETWORK, "--encoding", "pm"], "'01', 'pm1'"),
    "encoding of points": (
        ["--hidden", "4", "--inputs", "points.csv", "--encoding", "pm1"],
        "--encoding",
    ),
    "key of the cube": ([*NETWORK, "--key", "a"], "--key"),
    "key of a csv": (["--hidden", "4", "--inputs", "points.csv", "--key", "a"], "--key"),
    "key": (["--hidden", "4", "--inputs", "points.npz", "--key", "c"], "it holds ['a', 'b']"),
    "no key": (["--hidden", "4", "--inputs", "points.npz"], "it holds ['a', 'b']"),
    "other n_inputs": (["--hidden", "4", "--inputs", "digits", "--n-inputs", "3"], "64"),
    "task and more": (["--task", "task.json", *NETWORK], "leave out --n-inputs, --hidden"),
    "task and sigma": (["--task", "task.json", "--sigma-b", "0"], "leave out --sigma-b"),
    **{
        f"inputs {name}": (["--hidden", "4", "--inputs", name], fragment)
        for name, fragment in (
            ("missing.csv", "missing.csv"),
            ("missing.npz", "missing.npz"),
            ("ragged.csv", "line 2"),
            ("nan.csv", "finite"),
            ("inf.csv", "finite"),
            ("words.csv", "line 2"),
            ("semicolons.csv", "semicolons.csv, line"),
            ("empty.csv", "holds no inputs"),
            ("binary.csv", "binary.csv"),
            ("text.npz", ""),
            ("flat.npz", "(3,)"),
            ("nan.npz", "finite"),
            ("words.npz", "numeric"),
            ("objects.npz", ""),
            ("cut.npz", "cut.npz"),
            ("flipped.npz", ""),
            ("cut.npy", ""),
            ("a", "digits or a .csv, .npz or .npy file, got 'a'"),
            ("digit", "digits or a .csv"),
            ("", "digits or a .csv"),
            ("tally.txt", ".csv, .npz or .npy"),
        )
    },
    **{
        f"task {name}": (["--task", name], fragment)
        for name, fragment in (
            ("missing.json", "missing.json: No such file or directory"),
            ("other", "other: Is a directory"),
            ("", "--task: a path is wanted"),
            ("cut.json", "cut.json"),
            ("empty.csv", "empty.csv"),
            ("binary.csv", "binary.csv"),
            ("list.json", "a task must be a JSON object"),
            ("deep.json", "recursion"),
            ("a/manifest.json", "a task must be a JSON object"),
            ("task_widths.json", "task_widths.json: hidden[0]"),
            ("task_type.json", "'mlp', got 'cnn'"),
            ("task_stray.json", "unknown fields ['depth']"),
            ("task_sigma.json", "sigma_w must be a number"),
            ("task_nan.json", "sigma_w must be finite"),
            ("task_great.json", "task_great.json"),
            ("task_cube.json", "inputs have 4 dimensions"),
            ("task_shape.json", "task_shape.json"),
        )
    },
}

COLLECT = {
    "no samples": ([*NETWORK, "--out", "new"], "--samples"),
    "no out": ([*NETWORK, "--samples", "20"], "--out"),
    "infinite, grouped": (
        ["--n-inputs", "3", "--hidden", "inf", *RUN, "--output-draws", "2"],
        "no meaning at infinite width",
    ),
    "infinite, uniform": (
        ["--n-inputs", "3", "--hidden", "inf", *RUN, "--distribution", "uniform"],
        "uniform",
    ),
    **{
        f"samples {text!r}": ([*NETWORK, *RUN, f"--samples={text}"], fragment)
        for text, fragment in (
            ("0", "n_samples must be at least 1"),
            ("-5", "got -5"),
            ("1.5", "--samples: a whole number"),
            ("1e-3", "--samples: a whole number"),
            ("1e15", "at most 140,737,488,355,328"),
            ("1e300", "too large: 1e300"),
            ("1e999999999999", "too large"),
            ("9" * 5000, "too large"),
            ("nan", "--samples: a whole number"),
            ("inf", "--samples: a whole number"),
            ("ten", "--samples: a whole number"),
            ("", "--samples: a whole number"),
            ("0x10", "--samples: a whole number"),
        )
    },
    **{
        f"seed {text!r}": ([*NETWORK, *RUN, f"--seed={text}"], fragment)
        for text, fragment in (
            ("-1", "seed must be at least 0"),
            (str(1 << 64), "seed must be at least 0 and at most"),
            ("0.5", "--seed: a whole number"),
            ("x", "--seed: a whole number"),
        )
    },
    **{
        f"output draws {text!r}": ([*NETWORK, *RUN, f"--output-draws={text}"], fragment)
        for text, fragment in (
            ("0", "output_draws must be at least 1"),
            ("-2", "got -2"),
            ("65537", "at most 65,536"),
            ("1.5", "--output-draws: a whole number"),
            ("3", "multiple of output_draws = 3, got 20 (try 21)"),
        )
    },
    "perceptron": (
        ["--n-inputs", "3", "--hidden", "none", *RUN, "--output-draws", "2"],
        "a perceptron has none",
    ),
    **{
        f"jobs {text!r}": ([*NETWORK, *RUN, f"--jobs={text}"], "--jobs")
        for text in ("0", "1.5", "x", "")
    },
    "other task": ([*NETWORK, *RUN, "--sigma-b", "0", "--out", "a"], "another task"),
    "other seed": ([*NETWORK, *RUN, "--seed", "5", "--out", "a"], "another seed: 0, not 5"),
    "other draws": ([*NETWORK, *RUN, "--output-draws", "4", "--out", "a"], "another source"),
    "fewer": ([*NETWORK, *RUN, "--out", "a"], "a holds 2,000 samples, more than"),
    "out nothing": ([*NETWORK, *RUN, "--out", ""], "--out: a path is wanted"),
    "out a file": ([*NETWORK, *RUN, "--out", "file"], "cannot make the folder file"),
    "out under a file": ([*NETWORK, *RUN, "--out", "file/a"], "cannot make the folder file/a"),
    "out in /proc": ([*NETWORK, *RUN, "--out", "/proc/a"], "cannot make the folder /proc/a"),
    "out no run": ([*NETWORK, *RUN, "--out", "other"], "not a run folder and not empty"),
    "stray": ([*NETWORK, *RUN, "--width", "3"], "unrecognized arguments: --width"),
    "abbreviated": ([*NETWORK, *RUN, "--sample", "3"], "unrecognized arguments: --sample"),
    "stray word": ([*NETWORK, *RUN, "word"], "unrecognized arguments: word"),
}

NO_RUN = {
    "missing": ("missing", "missing is not a folder"),
    "a file": ("file", "file is not a folder"),
    "no run": ("other", "other is not a run folder"),
    "nothing": ("", "a path is wanted"),
}

LEVELS = {
    f"level {text}": (["--level", text], fragment)
    for text, fragment in (
        ("0", "level must be above 0"),
        ("1", "below 1"),
        ("2", "below 1"),
        ("-1", "above 0"),
        ("nan", "level must be finite"),
        ("inf", "level must be finite"),
        ("x", "--level: a number is wanted"),
    )
} | {"interval": (["--interval", "wald"], "'clopper-pearson', 'wilson', got 'wald'")}

BASES = {f"base {b}": (["--base", b], "--base") for b in ("3", "0", "x", "2.5", "nan")}
TOPS = {f"top {n}": (["--top", n], "--top") for n in ("0", "-1", "1.5", "nan", "x")}
MEASURE = {
    "measure": (["--measure", "k_lx"], "must be one of 'k_lz', 'lz76_words', 'lz78_phrases', 'anf")
}
FUNCTIONS = {
    f"function {text!r}": (["--function", text], fragment)
    for text, fragment in (
        ("0101", "4 characters, but m = 8"),
        ("010101010", "9 characters, but m = 8"),
        ("01010102", "must be written in 0 and 1"),
        ("", "must be written in 0 and 1"),
        ("é", "must be written in 0 and 1"),
        ("0x0", "does not fit m = 8"),
        ("0x000", "does not fit m = 8"),
        ("0xzz", "not a hexadecimal function"),
    )
}

SHOW = {
    "no run": ([], "RUN"),
    "two runs": (["a", "b"], "unrecognized arguments: b"),
    "function and top": (["a", "--function", "0" * 8, "--top", "3"], "leave out --top"),
    "function and measure": (["a", "--function", "0" * 8, "--measure", "k_lz"], "--measure"),
    **{name: (["a", *bad], why) for name, (bad, why) in FUNCTIONS.items()},
    **{name: (["a", *bad], why) for name, (bad, why) in (LEVELS | BASES | TOPS | MEASURE).items()},
    **{
        f"{name} of a function": (["a", "--function", "0" * 8, *bad], why)
        for name, (bad, why) in LEVELS.items()
    },
    **{f"run {name}": ([run], why) for name, (run, why) in NO_RUN.items()},
}

COMPLEXITY = {
    "nothing": ([], "one of RUN and --function"),
    "both": (["a", "--function", "01"], "one of RUN and --function"),
    "no measure": (["a", "--measure", ""], "the name of a measure is wanted"),
    "no measures": (["a", "--measure", ","], "the name of a measure is wanted"),
    "one unknown": (["a", "--measure", "k_lz,k"], "got 'k'"),
    "lengths": (["--function", "01", "--function", "0110"], "4 characters, but m = 2"),
    "letters": (["--function", "01a"], "must be written in 0 and 1"),
    "empty": (["--function", ""], "must be written in 0 and 1"),
    "hexadecimal": (["--function", "0x9ec2"], "--m"),
    "short": (["--function", "0x9ec2", "--m", "17"], "does not fit m = 17"),
    "m 0": (["--function", "0x9ec2", "--m", "0"], "--m"),
    "m of a run": (["a", "--m", "8"], "--m does not go with RUN"),
    "top of functions": (["--function", "01", "--top", "3"], "--top does not go with --function"),
    **{name: (["a", *bad], why) for name, (bad, why) in (BASES | TOPS | MEASURE).items()},
    **{f"run {name}": ([run], why) for name, (run, why) in NO_RUN.items()},
}

OUT = ["--out", "new.png"]
PLOT = {
    "nothing": ([], "KIND, RUN, --out"),
    "no run": (["rank", *OUT], "RUN"),
    "no out": (["rank", "a"], "--out"),
    "kind": (["pie", "a", *OUT], "one of 'rank', 'complexity', 'histogram', 'panel'"),
    "suffix": (["rank", "a", "--out", "new.jpg"], "'.png', '.pdf', '.svg', got '.jpg'"),
    "no suffix": (["rank", "a", "--out", "new"], "'.png', '.pdf', '.svg', got ''"),
    "out nothing": (["rank", "a", "--out", ""], "--out: a path is wanted"),
    "no folder": (["rank", "a", "--out", "no/new.png"], "cannot write no/new.png"),
    "second": (["rank", "a", *OUT, "--out", "no/new.pdf"], "cannot write no/new.pdf"),
    "under a file": (["rank", "a", "--out", "file/new.png"], "cannot write file/new.png"),
    "in /proc": (["rank", "a", "--out", "/proc/new.png"], "cannot write /proc/new.png"),
    "labels": (["rank", "a", "b", "--label", "one", *OUT], "one --label a run is wanted: 2, got 1"),
    "label of one": (["rank", "a", "--label", "1", "--label", "2", *OUT], "1, got 2"),
    "label of complexity": (["complexity", "a", "--label", "one", *OUT], "--label"),
    "two runs": (["complexity", "a", "b", *OUT], "one run, got 2"),
    "measure": (["complexity", "a", "--measure", "k", *OUT], "'k_lz', 'lz76_words'"),
    "min_count 0": (["complexity", "a", "--min-count", "0", *OUT], "at least 1"),
    "min_count x": (["complexity", "a", "--min-count", "x", *OUT], "--min-count"),
    "min_count": (["complexity", "a", "--min-count", "1e6", *OUT], "min_count = 1000000"),
    "TeX": (["rank", "a", "--label", r"$\frobnicate$", *OUT], "frobnicate"),
    "title TeX": (["rank", "a", "--title", r"$\frobnicate$", *OUT], "frobnicate"),
    "one missing": (["rank", "a", "missing", *OUT], "missing is not a folder"),
    **{
        f"{kind}, {option[0]}": ([kind, "a", *option, *OUT], f"{option[0]} does not go with")
        for kind, option in (
            ("rank", ["--measure", "k_lz"]),
            ("rank", ["--min-count", "1"]),
            ("histogram", ["--no-bound"]),
            ("histogram", ["--no-zipf"]),
            ("complexity", ["--no-zipf"]),
            ("complexity", ["--level", "0.5"]),
            ("complexity", ["--interval", "wilson"]),
        )
    },
    **{
        f"{kind}, {name}": ([kind, "a", *bad, *OUT], why)
        for kind in ("rank", "histogram")
        for name, (bad, why) in LEVELS.items()
    },
    **{
        f"{kind} of run {name}": ([kind, run, *OUT], why)
        for kind in ("rank", "complexity", "histogram")
        for name, (run, why) in NO_RUN.items()
    },
}

EXPORT = {
    "no run": (["--out", "new.csv"], "RUN"),
    "no out": (["a"], "--out"),
    "suffix": (["a", "--out", "new.xls"], "'.csv', '.parquet', '.txt', got '.xls'"),
    "no suffix": (["a", "--out", "new"], "got ''"),
    "format": (["a", "--out", "new.csv", "--format", "xls"], "'csv', 'parquet', 'text', got 'xls'"),
    "out nothing": (["a", "--out", ""], "--out: a path is wanted"),
    "no folder": (["a", "--out", "no/new.csv"], "cannot write no/new.csv"),
    "under a file": (["a", "--out", "file/new.csv"], "cannot write file/new.csv"),
    "a folder": (["a", "--out", "other", "--format", "csv"], "cannot write other"),
    **{name: (["a", "--out", "new.csv", *bad], why) for name, (bad, why) in BASES.items()},
    **{f"run {name}": ([run, "--out", "new.csv"], why) for name, (run, why) in NO_RUN.items()},
}

NEW = ["--out", "new"]
IMPORT = {
    "no file": (NEW, "FILE"),
    "no out": (["tally.txt"], "--out"),
    "out nothing": (["tally.txt", "--out", ""], "--out: a path is wanted"),
    "file nothing": (["", *NEW], "a path is wanted"),
    "missing": (["missing.txt", *NEW], "cannot read missing.txt: No such file or directory"),
    "a folder": (["other", *NEW], "cannot read other: Is a directory"),
    "empty": (["empty.csv", *NEW], "empty.csv holds no counts"),
    "binary": (["binary.csv", *NEW], "binary.csv: it is not a text file"),
    "lengths": (["mixed.txt", *NEW], "mixed.txt, line 2"),
    "count 0": (["zero.txt", *NEW], "zero.txt, line 1"),
    "count -1": (["minus.txt", *NEW], "minus.txt, line 1"),
    "count 1.5": (["fraction.txt", *NEW], "fraction.txt, line 1"),
    "count 2^62": (["huge.txt", *NEW], "huge.txt, line 1"),
    "one column": (["one_column.txt", *NEW], "one_column.txt, line 1"),
    "either order": (["either.txt", *NEW], "either column may be the functions"),
    "hexadecimal": (["hex.txt", *NEW], "hex.txt, line 1"),
    "other m": (["tally.txt", *NETWORK, *NEW], "tally.txt, line 1"),
    "no task": (["tally.txt", "--hidden", "4", *NEW], "--n-inputs is missing"),
    "no widths": (["tally.txt", "--sigma-b", "0", "--n-inputs", "2", *NEW], "--hidden is missing"),
    "samples": (["tally.txt", "--samples", "3", *NEW], "more than n_samples = 3"),
    "samples 0": (["tally.txt", "--samples", "0", *NEW], "--samples"),
    "samples x": (["tally.txt", "--samples", "x", *NEW], "--samples"),
    "onto a run": (["tally.txt", "--out", "a"], "holds a run already"),
    "onto files": (["tally.txt", "--out", "other"], "not a run folder and not empty"),
    "under a file": (["tally.txt", "--out", "file/a"], "cannot make the folder file/a"),
}

CASES = [
    pytest.param([verb, *arguments], fragment, id=f"{verb}: {name}"[:60])
    for verb, cases in (
        ("collect", {name: ([*bad, *RUN], why) for name, (bad, why) in TASK.items()}),
        ("collect", COLLECT),
        ("show", SHOW),
        ("complexity", COMPLEXITY),
        ("plot", PLOT),
        ("export", EXPORT),
        ("import", IMPORT),
    )
    for name, (arguments, fragment) in cases.items()
] + [
    pytest.param([], "VERB", id="nothing"),
    pytest.param(["frobnicate"], "invalid choice: 'frobnicate'", id="unknown verb"),
    pytest.param(["--frobnicate"], "VERB", id="unknown option"),
]


@pytest.mark.parametrize(("arguments", "fragment"), CASES)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(
    arguments, fragment, refused, on_desk
):
    assert fragment in refused(*arguments)


# Damaged run folders

VERBS = {
    "collect": ["collect", *NETWORK, "--samples", "3000", "--jobs", "1", "--out", "a"],
    "show": ["show", "a"],
    "show a function": ["show", "a", "--function", "0" * 8],
    "complexity": ["complexity", "a"],
    "bias": ["bias", "a", "--measure", "k_lz"],
    "distribution": ["distribution", "a"],
    "rare": ["rare", "a"],
    "plot": ["plot", "rank", "a", "--out", "new.png"],
    "export": ["export", "a", "--out", "new.csv"],
}


def flip_a_byte(file):
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] ^= 1
    file.write_bytes(octets)


def rewrite(**changes):
    def change(folder):
        record = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(record | changes))

    return change


def rows_of(folder):
    (file,) = folder.glob("*.rows.npy")
    return file


DAMAGES = {
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), ""),
    "empty manifest": (lambda folder: (folder / "manifest.json").write_text(""), "manifest.json"),
    "cut manifest": (
        lambda folder: (folder / "manifest.json").write_text('{"format":'),
        "manifest.json: it is cut short or not JSON",
    ),
    "another format": (rewrite(format="priorvol table"), "not the manifest of a run"),
    "newer format": (rewrite(format_version=99), "at most 1 here, got 99"),
    "another hash": (rewrite(task_hash="0"), "task_hash"),
    "more samples": (rewrite(n_samples=2001), "n_samples is 2001"),
    "another stream": (rewrite(stream_version=99), "stream version"),
    "no rows": (lambda folder: rows_of(folder).unlink(), "is missing"),
    "cut rows": (
        lambda folder: rows_of(folder).write_bytes(rows_of(folder).read_bytes()[:-8]),
        "rows.npy",
    ),
    "empty rows": (lambda folder: rows_of(folder).write_bytes(b""), "rows.npy"),
    "a flipped bit": (lambda folder: flip_a_byte(rows_of(folder)), "sha256"),
    "other rows": (lambda folder: np.save(rows_of(folder), np.eye(3)), "sha256"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_refused_and_left_as_it_is(damage, verb, refused, desk, at, contents):
    shutil.copytree(desk / "a", at / "a")
    change, fragment = DAMAGES[damage]
    change(at / "a")
    before = contents(at)
    assert fragment in refused(*VERBS[verb])
    assert contents(at) == before


def test_a_run_without_draws_is_refused_by_readers_and_taken_up_by_collect(refused, cli, at):
    RunWriter(at / "a", task=Task(Architecture(3, (4,))), seed=0).close()
    assert "holds no draws yet" in refused("show", "a")
    cli(*VERBS["collect"])
    cli("show", "a")


def test_a_run_that_is_being_written_is_refused(refused, at, contents):
    with RunWriter(at / "a", task=Task(Architecture(3, (4,))), seed=0):
        before = contents(at)
        assert "another process is writing to a" in refused(*VERBS["collect"])
        assert contents(at) == before


def test_a_second_import_is_refused(refused, cli, on_desk, tmp_path, contents):
    cli("import", "tally.txt", "--out", tmp_path / "run")
    before = contents(tmp_path)
    assert "holds a run already" in refused("import", "tally.txt", "--out", tmp_path / "run")
    assert contents(tmp_path) == before


# Failures at run time


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(28, "No space left on device", "file"), "file: No space left on device"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (MemoryError(), "out of memory"),
        (ImportError("pip install it"), "pip install it"),
    ],
)
def test_failures_at_run_time_end_with_code_1(error, message, refused, on_desk, monkeypatch):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("priorvol.store.load_run", fail)
    assert refused("show", "a", code=1) == f"priorvol: error: {message}\n"


@pytest.mark.parametrize(
    ("module", "arguments", "fragment"),
    [
        ("matplotlib.pyplot", ["plot", "rank", "a", *OUT], 'pip install "priorvol[plot]"'),
        ("pyarrow", ["export", "a", "--out", "new.parquet"], 'pip install "priorvol[parquet]"'),
    ],
)
def test_a_missing_extra_says_what_to_install(
    module, arguments, fragment, refused, on_desk, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    assert fragment in refused(*arguments, code=1)


def test_an_interrupt_ends_with_code_130(refused, on_desk, monkeypatch):
    def interrupt(*args, **kwargs):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("priorvol.store.load_run", interrupt)
    assert refused("show", "a", code=130) == "priorvol: error: interrupted\n"


def test_handlers_are_left_as_they_were(on_desk, capsys):
    before = signal.getsignal(signal.SIGTERM)
    main(["show", "a"])
    main(["show", "missing"])
    assert signal.getsignal(signal.SIGTERM) is before
