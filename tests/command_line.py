"""Running the command line in this process, and a desk of small runs and files to run it on."""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from priorvol.architecture import Architecture
from priorvol.cli import main
from priorvol.task import Task

ONE_LINE = re.compile(r"priorvol( \w+)?: error: [^\n]+\n")


@dataclass(frozen=True)
class Outcome:
    """What a command returned and printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output as strict JSON: no NaN, no Infinity."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def lines(self):
        return self.out.splitlines()


def _refuse(name):
    raise AssertionError(f"{name} is not JSON")


@pytest.fixture
def cli(capsys):
    """Return a function that runs a command that must succeed."""

    def run(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        found = Outcome(code, *capsys.readouterr())
        assert found.code == 0, found.err
        return found

    return run


@pytest.fixture
def refused(capsys):
    """Return a function that runs a command that must fail with one line on standard error."""

    def run(*arguments, code=2, out=""):
        capsys.readouterr()
        found = Outcome(main([str(argument) for argument in arguments]), *capsys.readouterr())
        assert (found.code, found.out) == (code, out), found
        assert ONE_LINE.fullmatch(found.err), found.err
        return found.err

    return run


@pytest.fixture
def at(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """Return a folder with small runs and good and bad files; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("desk")
    for name, extra in (
        ("a", ["--seed", "0"]),
        ("b", ["--seed", "1"]),
        ("grouped", ["--output-draws", "4"]),
        ("short", ["--samples", "1000"]),
    ):
        base = {"--n-inputs": "3", "--hidden": "4", "--samples": "2000", "--jobs": "1"}
        base |= dict(zip(extra[::2], extra[1::2], strict=True))
        arguments = [text for pair in base.items() for text in pair]
        assert main(["collect", *arguments, "--no-progress", "--out", str(folder / name)]) == 0
    _write_files(folder)
    return folder


def _write_files(folder):
    texts = {
        "points.csv": "x,y\n0,1\n1,0.5\n\n# a remark\n1,1e-1\n",
        "ragged.csv": "1,2\n3\n",
        "nan.csv": "1,2\n3,nan\n",
        "inf.csv": "1,2\n3,-inf\n",
        "words.csv": "1,2\n3,four\n",
        "semicolons.csv": "1;2\n3;4\n",
        "empty.csv": "",
        "text.npz": "not an archive",
        "tally.txt": "      3 0110\n      1 1111\n",
        "mixed.txt": "0110 3\n011 1\n",
        "zero.txt": "0110 0\n",
        "minus.txt": "0110 -1\n",
        "fraction.txt": "0110 1.5\n",
        "one_column.txt": "0110\n1111\n",
        "either.txt": "11 10\n",
        "huge.txt": f"0110 {1 << 62}\n",
        "hex.txt": "0x6 3\n",
        "cut.json": '{"architecture": {"type": "mlp"',
        "list.json": "[1, 2]",
        "deep.json": "[" * 100_000,
        "file": "a regular file",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "binary.csv").write_bytes(bytes(range(128, 256)))
    (folder / "other").mkdir()
    (folder / "other" / "notes.txt").write_text("not a run")
    np.savez(folder / "points.npz", a=np.eye(3), b=np.arange(6.0).reshape(3, 2))
    np.save(folder / "points.npy", np.eye(4))
    np.savez(folder / "flat.npz", x=np.ones(3))
    np.savez(folder / "nan.npz", x=np.full((2, 2), np.nan))
    np.savez(folder / "words.npz", x=np.array([["a", "b"]]))
    np.savez(folder / "objects.npz", x=np.array([[{}]], dtype=object))
    whole = (folder / "points.npz").read_bytes()
    (folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    flipped = bytearray(whole)
    flipped[200] ^= 255
    (folder / "flipped.npz").write_bytes(flipped)
    (folder / "cut.npy").write_bytes((folder / "points.npy").read_bytes()[:140])
    record = Task(Architecture(3, (4,))).to_json()
    (folder / "task.json").write_text(json.dumps(record))
    for name, part, change in (
        ("widths", "architecture", {"hidden": [0]}),
        ("type", "architecture", {"type": "cnn"}),
        ("stray", "architecture", {"depth": 2}),
        ("sigma", "prior", {"sigma_w": "wide"}),
        ("nan", "prior", {"sigma_w": float("nan")}),
        ("great", "prior", {"sigma_w": 10**400}),
        ("cube", "inputs", {"n": 4}),
        ("shape", "inputs", {"kind": "points", "data": 5, "shape": None, "sha256": ""}),
    ):
        changed = record | {part: record[part] | change}
        (folder / f"task_{name}.json").write_text(json.dumps(changed))


def contents(folder):
    """Return what a folder and those in it hold, a digest a file."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        if file.is_file()
        else "folder"
        for file in sorted(Path(folder).rglob("*"))
    }


@pytest.fixture
def on_desk(desk, monkeypatch):
    """Work on the desk, and fail if anything on it is other than before."""
    before = contents(desk)
    monkeypatch.chdir(desk)
    yield desk
    assert contents(desk) == before


@pytest.fixture
def own_desk(desk, tmp_path, monkeypatch):
    """Work on a copy of the desk."""
    shutil.copytree(desk, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture(name="contents")
def contents_fixture():
    """Return `contents`."""
    return contents
