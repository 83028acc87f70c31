"""Running a program with its kernels compiled for this processor or for another."""

import os
import platform
import subprocess
import sys

import pytest

OTHERS = [("haswell", "+avx,+avx2,+fma"), ("nehalem", "+sse4.2")]
"""Names and features: 256-bit vectors with fma, and 128-bit vectors without."""

only_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="names x86-64 processors")


def assert_same_output(folder, program, n_lines, name, features):
    """Fail unless a program prints the same lines whichever processor it is compiled for."""
    here = _run(folder, program, {})
    other = _run(folder, program, {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features})
    assert here.count("\n") == n_lines
    assert here == other


def _run(folder, program, variables):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / str(len(variables)))} | variables
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout
