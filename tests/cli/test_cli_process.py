"""The command line as a process: exit codes, streams, pipes and signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from priorvol.cli import main

PROGRAM = [sys.executable, "-m", "priorvol"]


def run(*arguments, **options):
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def shell(command, folder):
    return subprocess.run(
        command.replace("priorvol", " ".join(PROGRAM)),
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_installed_program_and_the_module_are_one():
    program = shutil.which("priorvol", path=os.path.dirname(sys.executable)) or "priorvol"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run("--version").stdout
    assert done.stderr == ""


def test_exit_codes(desk):
    good = run("show", desk / "a")
    assert (good.returncode, good.stderr) == (0, "")
    bad = run("show", desk / "missing")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == f"priorvol: error: {desk / 'missing'} is not a folder\n"
    usage = run("show", desk / "a", "--frobnicate")
    assert (usage.returncode, usage.stdout) == (2, "")
    assert usage.stderr.startswith("priorvol: error: unrecognized arguments: --frobnicate")
    assert run().returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_ends_with_code_1(desk):
    for command in ("priorvol show a > /dev/full", "priorvol complexity a --json > /dev/full"):
        done = shell(command, desk)
        assert done.returncode == 1
        assert done.stderr == "priorvol: error: No space left on device\n"


def test_a_reader_that_leaves_is_no_error(desk, tmp_path):
    network = ["--inputs", "digits", "--hidden", "4", "--samples", "2000", "--jobs", "1"]
    assert main(["collect", *network, "--no-progress", "--out", str(tmp_path / "run")]) == 0
    command = [*PROGRAM, "complexity", str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "function,count,p,k_lz\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        ("priorvol show a >&-", 0, ""),
        ("priorvol complexity a >&-", 0, ""),
        ("priorvol --version >&-", 0, ""),
        ("priorvol show missing 2>&-", 2, ""),
        ("priorvol show missing --top 0 2>&-", 2, ""),
        ("priorvol show missing | cat", 0, ""),
    ],
)
def test_closed_streams(command, code, out, desk):
    done = shell(command, desk)
    assert (done.returncode, done.stdout) == (code, out)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_nothing_but_data_on_standard_output(tmp_path):
    network = "--n-inputs 3 --hidden 4 --samples 2e3 --jobs 1"
    done = run("collect", *network.split(), "--out", tmp_path / "run", "--json")
    assert json.loads(done.stdout)["n_samples"] == 2000
    assert done.stderr.startswith("expecting ")


def test_collect_without_standard_error(tmp_path):
    network = "--n-inputs 3 --hidden 4 --samples 2e3 --jobs 1"
    done = shell(f"priorvol collect {network} --out run --json 2>&-", tmp_path)
    assert json.loads(done.stdout)["n_samples"] == 2000


# Interrupts

LONG = ["--n-inputs", "7", "--hidden", "40,40", "--samples", "200000", "--seed", "3"]

# The command with spans of about 20 ms, so that a short run has many.
SHORT_SPANS = """
import sys
from priorvol import producer
producer._SPAN_SECONDS = 0.02
from priorvol.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main(["collect", *LONG, "--jobs", "2", "--no-progress", "--out", str(folder)]) == 0
    return folder


def wait_for_draws(process, folder):
    """Wait until something is saved."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        manifest = folder / "manifest.json"
        if manifest.exists() and json.loads(manifest.read_text())["segments"]:
            return
        time.sleep(0.01)
    pytest.fail(f"nothing was saved: {process.poll()}, {process.communicate()}")


@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_an_interrupted_run_goes_on_with_the_same_command(
    number, jobs, whole, tmp_path, contents, capsys
):
    folder = tmp_path / "run"
    command = ["collect", *LONG, "--jobs", jobs, "--out", str(folder)]
    program = [sys.executable, "-c", SHORT_SPANS]
    with subprocess.Popen(
        [*program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for_draws(process, folder)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    forecast, message = err.splitlines()
    assert forecast.startswith("expecting ")
    assert message == (
        f"priorvol: error: interrupted: the same command goes on from what is saved in {folder}"
    )
    saved = json.loads((folder / "manifest.json").read_text())["n_samples"]
    assert 0 < saved < 200_000
    assert main(["show", str(folder)]) == 0
    assert f"\n{saved:,} independent prior samples\n" in capsys.readouterr().out
    assert main(command) == 0
    assert capsys.readouterr().err.startswith(f"{saved:,} samples are there; expecting ")
    assert contents(folder) == contents(whole)


def test_an_interrupt_before_anything_is_saved(tmp_path):
    folder = tmp_path / "run"
    command = [*PROGRAM, "collect", *LONG, "--jobs", "1", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (folder / "manifest.json").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"priorvol: error: interrupted: the same command goes on" in err
    assert b"Traceback" not in err
    small = [word if word != "200000" else "1000" for word in LONG]
    assert main(["collect", *small, "--jobs", "1", "--no-progress", "--out", str(folder)]) == 0
