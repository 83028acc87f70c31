"""The scripts of analysis/ that hold EP against orthants, at small sizes."""

import csv
import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from agreement import assert_within

ANALYSIS = Path(__file__).parents[2] / "analysis"


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(ANALYSIS / script), run_name="__main__")


def test_evidence_of_digits(monkeypatch, capsys):
    run(monkeypatch, "digits_evidence.py", "--sizes", "20,40", "--subsets", "1")
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.endswith(" yes")][-4:]
    assert [row[:3] for row in rows] == [
        [m, labels, "0"] for m in ("20", "40") for labels in ("parity", "random")
    ]
    for row in rows:
        exact, ep, difference = (float(row[place]) for place in (3, 9, 10))
        assert difference == pytest.approx(ep - exact, abs=0.002)
        assert -0.3 < difference < 0.1
    assert float(rows[1][3]) < float(rows[0][3])  # parity is likelier than random labels


@pytest.mark.slow
def test_the_error_map_of_ep(monkeypatch, capsys, tmp_path):
    """Single inputs have one P by symmetry, and EP is off by a factor of 1.9 there."""
    run(monkeypatch, "ep_error_map.py", tmp_path, "--scale", "0.05")
    out = capsys.readouterr().out
    assert "did not converge for 0 of" in out and "a factor of 1.9" in out
    with (tmp_path / "ep_error.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert (tmp_path / "ep_error.png").stat().st_size > 10_000
    single = {"0" * 64 + "1" * 64, "01" * 64, "0011" * 32}
    single = {f"0x{int(text, 2):032x}" for text in single}
    for encoding in ("01", "pm1"):
        found = [r for r in rows if (r["encoding"], r["sigma_b"]) == (encoding, "1.0")]
        chosen = [row for row in found if row["function"] in single]
        assert len(chosen) == 3
        p = np.array([float(row["log10_p"]) for row in chosen])
        errors = np.array([float(row["standard_error"]) for row in chosen])
        assert_within(p[1:], p[0], np.hypot(errors[1:], errors[0]))
        ep = np.array([float(row["ep_log10_p"]) for row in chosen])
        assert np.ptp(ep) < 1e-4  # EP has the symmetry, and its own value
        assert (np.abs(ep - p) > 0.2).all()
    assert all(math.isfinite(float(row["log10_p"])) for row in rows)
