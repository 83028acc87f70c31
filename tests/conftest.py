"""What holds for every test."""

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_the_disk():
    """Take `os.fsync` for done: a test that simulates a crash loses no power.

    Tests that count or break its calls put their own on top; programs that tests start and kill
    have the real one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # fails for what is no open file, as fsync does
        yield
