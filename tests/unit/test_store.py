"""Run folders: round trips, resuming, crashes at every step, damage, locks, large tables."""

import errno
import fcntl
import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from priorvol import bits
from priorvol.architecture import Architecture
from priorvol.provenance import Provenance, Span
from priorvol.rng import BLOCK, STREAM_VERSION
from priorvol.sources import Imported, PriorSampling
from priorvol.store import RunWriter, load_run, runs, save_table, segments, write_atomically
from priorvol.store import folder as folders
from priorvol.table import FunctionTable
from priorvol.task import Task

SMALL = Task(Architecture(3, (4,)))
LARGE = Task(Architecture(7, (4,)))


def draw(start, stop, *, task=SMALL, seed=5, draws=1):
    """Make groups ``start`` to ``stop - 1`` of a stream that has nothing to do with networks."""
    tally, t_counts = {}, np.zeros(task.m + 1, dtype=np.int64)
    t_pairs = np.zeros(task.m + 1, dtype=np.int64)
    for group in range(start, stop):
        rng = np.random.default_rng([seed, draws, group])
        functions = np.zeros((draws, task.m), dtype=bool)
        functions[:, :6] = rng.random((draws, 6)) < 0.3
        functions[:, -1] = rng.random(draws) < 0.5
        texts, counts = np.unique(bits.to_text(bits.pack(functions), task.m), return_counts=True)
        for text, count in zip(texts.tolist(), counts.tolist(), strict=True):
            total, pairs = tally.get(text, (0, 0))
            tally[text] = (total + count, pairs + count * (count - 1))
        ones = np.bincount(functions.sum(axis=1), minlength=task.m + 1)
        t_counts += ones
        t_pairs += ones * (ones - 1)
    numbers = np.array(list(tally.values()))
    return FunctionTable(
        list(tally),
        numbers[:, 0],
        task=task,
        source=PriorSampling(draws),
        provenance=Provenance((Span(seed, draws, start, stop),)),
        group_pairs=numbers[:, 1] if draws > 1 else None,
        t_pairs=t_pairs if draws > 1 else None,
    )


def writer(path, *, task=SMALL, seed=5, draws=1):
    return RunWriter(path, task=task, source=PriorSampling(draws), seed=seed)


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def assert_same(a, b):
    assert a == b
    np.testing.assert_array_equal(a.t_counts, b.t_counts)
    for x, y in ((a.group_pairs, b.group_pairs), (a.t_pairs, b.t_pairs)):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_array_equal(x, y)


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def rewrite(folder, **changes):
    record = manifest(folder) | changes
    (folder / "manifest.json").write_text(json.dumps(record))


def the_file(folder, kind):
    (file,) = folder.glob(f"*.{kind}.npy")
    return file


def replace_array(folder, kind, change):
    """Change an array, and the manifest's checksum with it."""
    file = the_file(folder, kind)
    np.save(file, change(np.load(file)))
    record = manifest(folder)
    record["segments"][0]["sha256"][kind] = segments.checksum(file)
    rewrite(folder, **record)


@pytest.fixture
def run(tmp_path):
    """Return the folder of a finished run of 60 grouped draws."""
    with writer(tmp_path / "run", draws=2) as out:
        out.add(draw(0, 20, draws=2))
        out.add(draw(20, 30, draws=2))
        out.finish()
    return tmp_path / "run"


# Round trips

TABLES = {
    "small": lambda: draw(0, 30),
    "two words": lambda: draw(0, 30, task=LARGE),
    "grouped": lambda: draw(3, 40, draws=4),
    "grouped, two words": lambda: draw(3, 40, task=LARGE, draws=3),
    "restricted": lambda: draw(0, 30, draws=4).restrict([7, 0, 2]),
    "imported": lambda: FunctionTable.from_counts(["01", "11"], [3, 1], origin="a.txt"),
    "truncated": lambda: FunctionTable.from_counts(["01", "11"], [3, 1], n_samples=9),
    "of a task": lambda: FunctionTable.from_counts(["01101111"], [2**40], task=SMALL),
    "two seeds": lambda: draw(0, 9) + draw(BLOCK, BLOCK + 5, seed=2**64 - 1),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("verify", [True, False])
def test_a_saved_table_comes_back(tmp_path, name, verify, monkeypatch):
    table = TABLES[name]()
    save_table(table, tmp_path / "a" / "b")
    assert_same(load_run(tmp_path / "a" / "b", verify=verify), table)
    monkeypatch.setattr(segments, "MAP_ABOVE", 0)
    mapped = load_run(str(tmp_path / "a" / "b"), verify=verify)
    assert_same(mapped, table)
    assert isinstance(mapped.rows.base, np.memmap) and not mapped.rows.flags.writeable
    assert_same(mapped.restrict([1]), table.restrict([1]))


def test_a_mapped_table_adds_up(tmp_path, monkeypatch):
    save_table(draw(0, 9), tmp_path / "a")
    save_table(draw(9, 20), tmp_path / "b")
    monkeypatch.setattr(segments, "MAP_ABOVE", 0)
    assert_same(load_run(tmp_path / "a") + load_run(tmp_path / "b"), draw(0, 20))


def test_the_manifest_says_what_is_there(run):
    record = manifest(run)
    assert record["format"] == "priorvol run" and record["format_version"] == 1
    assert Task.from_json(record["task"]) == SMALL
    assert record["task_hash"] == SMALL.content_hash
    assert (record["m"], record["bit_order"]) == (8, bits.BIT_ORDER)
    assert record["tie_rule"] == "f(x) = 1 if and only if h(x) > 0"
    assert record["source"] == {"kind": "prior", "output_draws": 2}
    assert record["seeds"] == [5] and record["stream_version"] == STREAM_VERSION
    assert sorted(record["created_with"]) == ["numba", "numpy", "priorvol", "python"]
    assert record["n_samples"] == 60
    assert record["blocks"] == [{"seed": 5, "first": 0, "last": 0, "groups": 30}]
    (segment,) = record["segments"]
    assert segment["n_samples"] == 60 and segment["n_unlisted"] == 0
    names = {f"{segment['name']}.{kind}.npy" for kind in ("rows", "t")}
    assert set(contents(run)) == names | {"manifest.json"}
    assert segment["name"].startswith("table-60-")
    for kind in ("rows", "t"):
        assert segment["sha256"][kind] == segments.checksum(run / f"{segment['name']}.{kind}.npy")
    assert str(run.parent) not in (run / "manifest.json").read_text()


def test_a_saved_table_is_a_run_that_goes_on(tmp_path, run):
    save_table(load_run(run), tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(run)
    with writer(tmp_path / "copy", draws=2) as out:
        out.add(draw(30, 50, draws=2))
        assert_same(out.finish(), draw(0, 50, draws=2))


# Resuming


def finished(folder, pieces, **options):
    """Write the pieces, leaving off and coming back where a piece is None."""
    out = writer(folder, **options)
    for piece in pieces:
        if piece is None:
            out.close()
            out = writer(folder, **options)
        else:
            out.add(draw(*piece, **options))
    table = out.finish()
    out.close()
    return table


@pytest.mark.parametrize("options", [{}, {"draws": 3, "task": LARGE}])
def test_an_interrupted_run_ends_as_the_whole_one(tmp_path, options):
    expected = draw(0, 90, **options)
    assert_same(finished(tmp_path / "a", [(0, 90)], **options), expected)
    pieces = [(60, 80), (0, 10), None, (10, 60), None, None, (85, 90), (80, 85), None]
    assert_same(finished(tmp_path / "b", pieces, **options), expected)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert_same(load_run(tmp_path / "b"), expected)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_split_or_order_shows_in_the_files(tmp_path_factory, monkeypatch, data):
    monkeypatch.setattr(runs, "FAN_IN", data.draw(st.integers(2, 4)))
    monkeypatch.setattr(segments, "MERGE_ABOVE", data.draw(st.sampled_from([0, 1000, 1 << 30])))
    cuts = sorted({0, 40, *data.draw(st.lists(st.integers(1, 39), max_size=12))})
    pieces = data.draw(st.permutations(list(zip(cuts, cuts[1:], strict=False))))
    for place in sorted(data.draw(st.sets(st.integers(0, len(pieces)), max_size=3)), reverse=True):
        pieces.insert(place, None)
    folder = tmp_path_factory.mktemp("split")
    assert_same(finished(folder / "a", pieces, draws=2), draw(0, 40, draws=2))
    finished(folder / "b", [(0, 40)], draws=2)
    assert contents(folder / "a") == contents(folder / "b")


def test_an_unfinished_run_can_be_read_and_asked(tmp_path):
    with writer(tmp_path) as out:
        assert out.path == tmp_path and out.n_samples == 0
        out.add(draw(10, 20))
        out.add(draw(30, 40))
        assert_same(load_run(tmp_path), draw(10, 20) + draw(30, 40))
        assert out.n_samples == 20
        gaps = out.provenance.gaps(Span(5, 1, 0, 40))
        assert [(gap.start, gap.stop) for gap in gaps] == [(0, 10), (20, 30)]
    with writer(tmp_path) as out:
        assert out.provenance.gaps(Span(5, 1, 0, 40)) == gaps


def test_a_finished_run_is_left_alone_and_can_grow(run):
    before = contents(run)
    with writer(run, draws=2) as out:
        assert_same(out.finish(), draw(0, 30, draws=2))
        assert contents(run) == before
        out.add(draw(30, 31, draws=2))
        assert_same(out.finish(), draw(0, 31, draws=2))
    assert len(contents(run)) == 3


def test_the_first_versions_stay_in_the_manifest(tmp_path):
    writer(tmp_path).close()
    rewrite(tmp_path, created_with={"priorvol": "0.0.1"})
    finished(tmp_path, [(0, 5)])
    assert manifest(tmp_path)["created_with"] == {"priorvol": "0.0.1"}


def test_few_segments_wait_and_rows_are_rewritten_few_times(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "FAN_IN", 4)
    written, most, write = 0, 0, folders.Folder._write

    def counted(self, table, file):
        nonlocal written
        written += table.n_samples
        return write(self, table, file)

    monkeypatch.setattr(folders.Folder, "_write", counted)
    with writer(tmp_path) as out:
        for start in range(150):
            out.add(draw(start, start + 1))
            most = max(most, len(list(tmp_path.glob("*.rows.npy"))))
        assert written <= 150 * 5  # once, and once for each of the classes 4, 16, 64
        assert most <= 3 * 4
        assert_same(out.finish(), draw(0, 150))


# Merging files


@pytest.mark.parametrize("options", [{}, {"draws": 3, "task": LARGE}])
def test_merging_files_writes_the_same_bytes(tmp_path, monkeypatch, options):
    pieces = [(0, 30), (30, 31), (31, 60), (60, 61), (61, 100)]
    finished(tmp_path / "memory", pieces, **options)
    monkeypatch.setattr(segments, "MERGE_ABOVE", 0)
    monkeypatch.setattr(segments, "MAP_ABOVE", 0)
    table = finished(tmp_path / "files", pieces, **options)
    assert isinstance(table.rows.base, np.memmap)
    assert_same(table, draw(0, 100, **options))
    assert contents(tmp_path / "files") == contents(tmp_path / "memory")


def without_sums(table):
    """The same draws in groups of which nothing is known."""
    origin = {"task": table.task, "source": table.source, "provenance": table.provenance}
    return FunctionTable(table.functions, table.counts, **origin)


@pytest.mark.parametrize("above", [0, 1 << 30])
def test_draws_without_group_sums_take_them_from_the_others(tmp_path, monkeypatch, above):
    monkeypatch.setattr(segments, "MERGE_ABOVE", above)
    bare = without_sums(draw(0, 10, draws=3))
    with writer(tmp_path, draws=3) as out:
        out.add(draw(10, 20, draws=3))
        out.add(bare)
        out.add(draw(20, 50, draws=3))
        table = out.finish()
    assert table.group_pairs is None and table.t_pairs is None
    assert_same(table, without_sums(draw(0, 50, draws=3)))


def test_a_failed_merge_of_files_leaves_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "MERGE_ABOVE", 0)
    with writer(tmp_path) as out:
        for start in (0, 10, 20):
            out.add(draw(start, start + 10))
        before = contents(tmp_path)
        merged = []

        def fail(*arguments):
            merged.append(arguments)
            if len(merged) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(segments.os, "posix_fallocate", fail, raising=False)
        monkeypatch.setattr(segments.sys, "platform", "linux")
        with pytest.raises(OSError, match="No space"):
            out.finish()
        assert contents(tmp_path) == before
        assert_same(out.finish(), draw(0, 30))


# Crashes


class Killed(BaseException):
    pass


class Killer:
    """Lets ``steps`` changes of the file system pass, then none."""

    def __init__(self, monkeypatch, steps):
        self.left = steps
        for name in ("replace", "fsync", "unlink"):
            monkeypatch.setattr(os, name, self.guard(getattr(os, name)))

    def guard(self, function):
        def guarded(*arguments, **options):
            if self.left == 0:
                raise Killed
            self.left -= 1
            return function(*arguments, **options)

        return guarded


@pytest.mark.parametrize("above", [0, 1 << 30])
def test_a_crash_at_any_step_loses_nothing_that_was_added(tmp_path, monkeypatch, above):
    monkeypatch.setattr(segments, "MERGE_ABOVE", above)
    monkeypatch.setattr(runs, "FAN_IN", 3)
    pieces = [(start, start + 1) for start in range(10)]
    tables = [draw(*piece) for piece in pieces]
    expected = draw(0, 10)
    finished(tmp_path / "whole", pieces)
    steps = 0
    while True:
        folder, added, done = tmp_path / str(steps), 0, False
        with monkeypatch.context() as patch:
            Killer(patch, steps)
            out = None
            try:
                out = writer(folder)
                for table in tables:
                    out.add(table)
                    added += 1
                out.finish()
                done = True
            except Killed:
                pass
            if out is not None:
                out.close()
        if added:
            assert load_run(folder).n_samples in (added, min(added + 1, 10))
        with writer(folder) as out:
            assert out.n_samples in (added, min(added + 1, 10))
            assert not list(folder.glob("*.tmp"))
            for gap in out.provenance.gaps(Span(5, 1, 0, 10)):
                out.add(draw(gap.start, gap.stop))
            assert_same(out.finish(), expected)
        assert contents(folder) == contents(tmp_path / "whole")
        if done:
            break
        steps += 3 if steps > 60 else 1
    assert steps > 100


ENDLESS = """
import sys
sys.path.insert(0, {tests!r})
from test_store import Span, draw, runs, writer
runs.FAN_IN = 3
with writer({folder!r}) as out:
    print("open", flush=True)
    for start in range(100000):
        if out.provenance.gaps(Span(5, 1, start, start + 1)):
            out.add(draw(start, start + 1))
            print(start + 1, flush=True)
"""


def test_a_killed_process_leaves_a_run_that_goes_on(tmp_path):
    folder = tmp_path / "run"
    code = ENDLESS.format(tests=str(Path(__file__).parent), folder=str(folder))
    clock = random.Random(7)
    held = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            lines = [process.stdout.readline() for _ in range(clock.randint(2, 40))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        assert lines[0] == b"open\n"
        at_least = int(lines[-1])
        table = load_run(folder)
        assert at_least > held and table.n_samples in (at_least, at_least + 1)
        held = table.n_samples
    with writer(folder) as out:
        assert_same(out.finish(), draw(0, held))
    finished(tmp_path / "whole", [(0, held)])
    assert contents(folder) == contents(tmp_path / "whole")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_folder_as_it_was(run, monkeypatch, failing):
    before = contents(run)
    for passing in range(4):
        with writer(run, draws=2) as out:
            with monkeypatch.context() as patch:
                left, function = [passing], getattr(os, failing)

                def full(*arguments, left=left, function=function):
                    if left[0] == 0:
                        raise OSError(errno.ENOSPC, "No space left on device")
                    left[0] -= 1
                    return function(*arguments)

                patch.setattr(os, failing, full)
                if (failing, passing) == ("replace", 3):
                    out.add(draw(30, 40, draws=2))  # three renames in all
                    break
                with pytest.raises(OSError, match="No space"):
                    out.add(draw(30, 40, draws=2))
            assert not list(run.glob("*.tmp"))
            assert_same(load_run(run), draw(0, 30, draws=2))
        with writer(run, draws=2):
            assert contents(run) == before


def test_a_reader_beside_a_writer_reads_again(tmp_path, monkeypatch):
    read, out = runs.read_segment, writer(tmp_path)
    out.add(draw(0, 10))
    out.add(draw(10, 20))
    calls = []

    def late(*arguments, **options):
        calls.append(1)
        if len(calls) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(runs, "read_segment", read)
                out.finish()
        return read(*arguments, **options)

    monkeypatch.setattr(runs, "read_segment", late)
    assert_same(load_run(tmp_path), draw(0, 20))
    out.close()


def test_only_the_store_s_own_leftovers_are_removed(run):
    name = "table-7-0123456789abcdef"
    own = [f"{name}.rows.npy", f"{name}.t.npy", f"{name}.t.npy.tmp"]
    own += ["manifest.json.tmp", "merge-0.rows.npy.tmp"]
    users = ["notes.txt", "table.rows.npy", "table-7.t.npy", "a.tmp", f"x{name}.t.npy", ".hidden"]
    for file in own + users:
        (run / file).write_text("x")
    (run / "table-8-0123456789abcdef.t.npy").mkdir()
    assert_same(load_run(run), draw(0, 30, draws=2))
    assert all((run / file).exists() for file in own)
    with writer(run, draws=2) as out:
        out.add(draw(30, 40, draws=2))
        out.finish()
    assert not any((run / file).exists() for file in own)
    assert all((run / file).read_text() == "x" for file in users)
    assert (run / "table-8-0123456789abcdef.t.npy").is_dir()


# Damage


def damage_file(kind, change):
    def damage(folder):
        file = the_file(folder, kind)
        file.write_bytes(change(file.read_bytes()))

    return damage


def damage_array(kind, change):
    return lambda folder: replace_array(folder, kind, change)


def damage_manifest(**changes):
    return lambda folder: rewrite(folder, **changes)


def damage_segment(**changes):
    def damage(folder):
        record = manifest(folder)
        record["segments"][0] |= changes
        rewrite(folder, **record)

    return damage


def drop_field(name):
    def damage(folder):
        record = manifest(folder)
        del record[name]
        (folder / "manifest.json").write_text(json.dumps(record))

    return damage


def cut_manifest(folder):
    file = folder / "manifest.json"
    file.write_bytes(file.read_bytes()[:-40])


def one_higher(column):
    def change(array):
        array[0, column] += 1
        return array

    return change


DAMAGE = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "not a run folder: it has no"),
    "manifest is a folder": (
        lambda f: ((f / "manifest.json").unlink(), (f / "manifest.json").mkdir()),
        "manifest.json cannot be read",
    ),
    "manifest cut": (cut_manifest, "manifest.json: it is cut short or not JSON"),
    "manifest empty": (lambda f: (f / "manifest.json").write_text(""), "cut short or not JSON"),
    "manifest binary": (lambda f: (f / "manifest.json").write_bytes(b"\xff\0"), "cannot be read"),
    "manifest a list": (lambda f: (f / "manifest.json").write_text("[1]"), "not the manifest of a"),
    "foreign": (damage_manifest(format="other"), "not the manifest of a run"),
    "newer": (damage_manifest(format_version=2), "format_version must be at most 1 here, got 2"),
    "no version": (drop_field("format_version"), "format_version must be an integer, got None"),
    "no field": (drop_field("tie_rule"), r"lacks the fields \['tie_rule'\]"),
    "no task": (drop_field("task"), r"lacks the fields \['task'\]"),
    "bit order": (damage_manifest(bit_order="big"), "bit_order must be 'bit b of .* got 'big'"),
    "tie rule": (damage_manifest(tie_rule="h >= 0"), "tie_rule must be .* got 'h >= 0'"),
    "hash": (damage_manifest(task_hash="00"), "task_hash is '00', but its task has"),
    "other task": (damage_manifest(task=LARGE.to_json()), "task_hash is"),
    "task": (damage_manifest(task={"architecture": 1}), "a task must be"),
    "m": (damage_manifest(m=9), "m is 9, but its task has m = 8"),
    "source": (damage_manifest(source={"kind": "prio"}), "source kind must be one of"),
    "seeds": (damage_manifest(seeds=[6]), "it holds seed 5, .* but names seeds"),
    "seeds null": (damage_manifest(seeds=None), "a field is of the wrong type"),
    "stream": (damage_manifest(stream_version=7), "names seeds .* and stream version 7"),
    "n_samples": (damage_manifest(n_samples=61), "n_samples is 61, but its segments hold 60"),
    "segments": (damage_manifest(segments=[{}]), "segment lacks the field 'name'"),
    "segments null": (damage_manifest(segments=3), "a field is of the wrong type"),
    "none": (damage_manifest(segments=[], n_samples=0), "holds no draws yet"),
    "path": (damage_segment(name="../table-1-0123456789abcdef"), "segment name must match"),
    "sha256": (damage_segment(sha256={"rows": "0"}), "sha256 must hold"),
    "provenance": (damage_segment(provenance={}), "provenance must hold spans and imports"),
    "n_rows": (damage_segment(n_rows=0), "n_rows must be at least 1, got 0"),
    "rows gone": (lambda f: the_file(f, "rows").unlink(), "rows.npy is missing"),
    "t gone": (lambda f: the_file(f, "t").unlink(), "t.npy is missing"),
    "rows cut": (damage_file("rows", lambda b: b[:-8]), "rows.npy is damaged or cut short"),
    "rows longer": (damage_file("rows", lambda b: b + b"\0"), "rows.npy is damaged or cut short"),
    "t empty": (damage_file("t", lambda b: b""), "t.npy is damaged or cut short"),
    "rows bit": (damage_file("rows", lambda b: b[:-1] + b"\1"), "rows.npy is damaged .* sha256"),
    "shape": (damage_array("rows", lambda a: a[:, :1]), "rows.npy must hold <u8 rows of shape"),
    "a row less": (damage_array("rows", lambda a: a[:-1]), "rows.npy must hold <u8 .* got <u8 of"),
    "dtype": (damage_array("rows", lambda a: a.astype("i8")), "must hold <u8 .* got <i8 of shape"),
    "order": (damage_array("rows", np.asfortranarray), "rows.npy must hold <u8 rows of shape"),
    "t shape": (damage_array("t", lambda a: a[:, 1:]), "t.npy must hold <i8 rows of shape"),
    "disorder": (damage_array("rows", lambda a: a[::-1].copy()), "rows must rise, but row 1 is"),
    "repeated": (damage_array("rows", lambda a: a[np.r_[0, 0, 2 : len(a)]]), "row 1 is not above"),
    "counts": (damage_array("rows", one_higher(1)), "counts must be at least 1 and add up to 60"),
    "unused bit": (
        damage_array("rows", lambda a: a + np.uint64([512, 0, 0])),
        "a bit set beyond input 7",
    ),
    "t": (damage_array("t", one_higher(0)), "t.npy: counts must add up to 60, got 61"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named(run, name):
    damage, message = DAMAGE[name]
    damage(run)
    before = sorted(run.rglob("*"))
    with pytest.raises(ValueError, match=message) as caught:
        load_run(run)
    assert str(run) in str(caught.value)
    if name != "none":
        with pytest.raises(ValueError, match="run"):
            writer(run, draws=2)
    assert sorted(run.rglob("*")) == before


UNVERIFIED = {
    "rows cut": "rows.npy is not a NumPy file, or cut short",
    "t empty": "t.npy is not a NumPy file, or cut short",
    "rows gone": "rows.npy is missing",
    "shape": "must hold <u8",
    "t": "counts must add up to 60",
}


@pytest.mark.parametrize("name", UNVERIFIED)
def test_shapes_are_checked_without_verifying(run, name):
    DAMAGE[name][0](run)
    with pytest.raises(ValueError, match=UNVERIFIED[name]):
        load_run(run, verify=False)


def test_any_changed_byte_is_noticed_or_harmless(run):
    expected = load_run(run)
    rng = np.random.default_rng(1)
    for file in sorted(run.iterdir()):
        octets = file.read_bytes()
        for place in rng.integers(len(octets), size=60):
            changed = bytearray(octets)
            changed[place] ^= 1 << rng.integers(8)
            file.write_bytes(changed)
            for verify in (True, False):
                try:
                    table = load_run(run, verify=verify)
                except ValueError:
                    continue
                assert not verify or file.suffix == ".json"  # as in the versions' names
                assert table == expected or not verify
        file.write_bytes(octets)
    assert load_run(run) == expected


def test_draws_held_twice_are_noticed(tmp_path):
    with writer(tmp_path) as out:
        out.add(draw(0, 10))
        out.add(draw(10, 20))
    record = manifest(tmp_path)
    record["segments"][1]["provenance"] = Provenance((Span(5, 1, 5, 15),)).to_json()
    rewrite(tmp_path, **record)
    with pytest.raises(ValueError, match="both tables hold the same draws"):
        load_run(tmp_path)


def test_a_table_that_holds_a_draw_twice_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="the same draws: seed 5, block 0 index 1"):
        twice = Provenance((Span(5, 1, 0, 2), Span(5, 1, 1, 3)))
        table = FunctionTable(["01"], [4], source=PriorSampling(), provenance=twice)
        save_table(table, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("path", ["missing", "a.txt"])
def test_what_is_no_folder_is_refused(tmp_path, path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=f"{path} is not a folder"):
        load_run(tmp_path / path)


# What a writer refuses


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": LARGE, "draws": 2}, "another task: .*, not .*{0,1}^7"),
        ({"draws": 3}, "another source: prior samples in groups: 2 .*, not .* 3 output draws"),
        ({"draws": 2, "seed": 6}, "another seed: 5, not 6"),
    ],
)
def test_another_run_is_not_mixed_in(run, options, message):
    before = contents(run)
    with pytest.raises(ValueError, match=message.replace("{0,1}^", re.escape("{0,1}^"))):
        writer(run, **options)
    assert contents(run) == before


def test_draws_of_another_stream_version_are_not_mixed_in(tmp_path):
    table = draw(0, 10)
    old = FunctionTable(
        table.functions,
        table.counts,
        task=SMALL,
        source=PriorSampling(),
        provenance=Provenance((Span(5, 1, 0, 10, STREAM_VERSION + 1),)),
    )
    save_table(old, tmp_path / "old")
    assert load_run(tmp_path / "old") == old
    with pytest.raises(ValueError, match=f"stream version: {STREAM_VERSION + 1}, not"):
        writer(tmp_path / "old")
    with writer(tmp_path / "new") as out, pytest.raises(ValueError, match="of another stream"):
        out.add(old)
    mixed = Provenance((Span(5, 1, 0, 5), Span(5, 1, 5, 10, STREAM_VERSION + 1)))
    both = FunctionTable(table.functions, table.counts, task=SMALL, provenance=mixed)
    with pytest.raises(ValueError, match="draws of one stream version, got"):
        save_table(both, tmp_path / "both")


def test_imported_counts_are_not_sampled(tmp_path):
    save_table(TABLES["imported"](), tmp_path / "a")
    with pytest.raises(ValueError, match="counts imported from a.txt, not independent prior"):
        writer(tmp_path / "a")
    with pytest.raises(ValueError, match="source must be one that draws, got counts imported"):
        RunWriter(tmp_path / "b", task=SMALL, source=Imported(), seed=0)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("file", ["paper.tex", "table-7-0123456789abcdef.rows.npy", ".git"])
def test_a_folder_of_other_files_is_never_touched(tmp_path, file):
    (tmp_path / file).write_text("x")
    (tmp_path / "manifest.json.tmp").write_text("y")
    for attempt in (writer, lambda path: save_table(draw(0, 5), path)):
        with pytest.raises(ValueError, match=f"not a run folder and not empty: '{file}'"):
            attempt(tmp_path)
    assert contents(tmp_path) == {file: b"x", "manifest.json.tmp": b"y"}


def test_a_table_is_not_saved_over_a_run(run):
    before = contents(run)
    with pytest.raises(ValueError, match="holds a run already"):
        save_table(load_run(run), run)
    with pytest.raises(ValueError, match="holds a run already"):
        save_table(draw(0, 30), run)
    assert contents(run) == before


def test_a_save_that_failed_can_be_repeated(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        Killer(patch, 6)
        with pytest.raises(Killed):
            save_table(draw(0, 5), tmp_path)
    with pytest.raises(ValueError, match="holds no draws yet"):
        load_run(tmp_path)
    save_table(draw(0, 5), tmp_path)
    assert_same(load_run(tmp_path), draw(0, 5))


def test_a_path_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ValueError, match=f"cannot make the folder {path}: "):
            writer(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ValueError, match="cannot write to the folder .*: permission denied"):
        writer(tmp_path / "locked")


BAD_TABLES = {
    "task": (lambda: draw(20, 30, task=LARGE), "of another task"),
    "source": (lambda: draw(20, 30, draws=2), "of another source"),
    "seed": (lambda: draw(20, 30, seed=6), r"of another stream .*: \(6, 1, 1\), not \(5, 1, 1\)"),
    "overlap": (lambda: draw(9, 30), "both tables hold the same draws"),
    "imported": (lambda: FunctionTable.from_counts(["0" * 8], [1], task=SMALL), "another source"),
    "no spans": (
        lambda: FunctionTable(["0" * 8], [1], task=SMALL, source=PriorSampling()),
        "must list every draw of its spans, 0; it lists 1 of n_samples = 1",
    ),
    "truncated": (
        lambda: FunctionTable(
            ["0" * 8],
            [1],
            task=SMALL,
            source=PriorSampling(),
            provenance=Provenance((Span(5, 1, 20, 22),)),
            n_samples=2,
        ),
        "must list every draw of its spans, 2; it lists 1 of n_samples = 2",
    ),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_does_not_belong_is_refused(tmp_path, name):
    make, message = BAD_TABLES[name]
    with writer(tmp_path) as out:
        out.add(draw(0, 10))
        before = contents(tmp_path)
        with pytest.raises(ValueError, match=message):
            out.add(make())
        assert contents(tmp_path) == before


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="task must be a Task, got str"):
        writer(tmp_path / "a", task="x")
    with pytest.raises(ValueError, match="seed must be at least 0"):
        writer(tmp_path / "a", seed=-1)
    with pytest.raises(ValueError, match="table must be a FunctionTable, got int"):
        save_table(3, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    with writer(tmp_path / "b") as out, pytest.raises(ValueError, match="holds no draws yet"):
        out.finish()
    with pytest.raises(ValueError, match="has been closed"):
        out.add(draw(0, 1))


# Locks


def test_there_is_one_writer_at_a_time(tmp_path):
    with writer(tmp_path) as out:
        with pytest.raises(ValueError, match=f"another process is writing to {tmp_path}"):
            writer(tmp_path)
        code = ENDLESS.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert other.returncode == 1 and "another process is writing" in other.stderr
        out.add(draw(0, 3))
    writer(tmp_path).close()
    assert_same(load_run(tmp_path), draw(0, 3))


def test_the_lock_is_given_up_when_opening_fails(run):
    with pytest.raises(ValueError, match="another seed"):
        writer(run, draws=2, seed=9)
    writer(run, draws=2).close()


def test_a_file_system_without_locks_is_warned_of(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.warns(UserWarning, match="cannot be locked .No locks available."):
        writer(tmp_path).close()


# Single files


def test_a_file_is_replaced_only_when_complete(tmp_path):
    target = tmp_path / "figure.pdf"
    seen = []

    def write(file):
        seen.append(file)
        file.write_text("new")
        assert not target.exists() or target.read_text() == "old"

    write_atomically(target, write)
    assert target.read_text() == "new" and os.listdir(tmp_path) == ["figure.pdf"]
    assert seen[0].suffix == ".pdf" and seen[0].parent == tmp_path

    target.write_text("old")

    def fail(file):
        file.write_text("half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_atomically(str(target), fail)
    assert contents(tmp_path) == {"figure.pdf": b"old"}
    write_atomically(target, write)
    assert contents(tmp_path) == {"figure.pdf": b"new"}


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "b.txt", lambda file: file.write_text("x"))
    assert (tmp_path / "b.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomically(tmp_path / "link.txt", lambda file: file.write_text("new"))
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing/a.csv", "file/a.csv", "folder", "pipe", "n" * 300):
        with pytest.raises(ValueError, match=f"cannot write {tmp_path / name}: "):
            write_atomically(tmp_path / name, lambda file: pytest.fail("was called"))
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "pipe"]
