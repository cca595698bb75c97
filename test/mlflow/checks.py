"""
What a script of this folder is made of: checks, which are functions named as sentences. `run()` runs them in the order they stand in and
prints a line of JSON for each; client.test.ts makes a test of every one, also of those that never came to run.
"""

import json
import os
import time
import traceback
from contextlib import contextmanager

# What MLflow itself prints goes to stderr, so that stdout has nothing but results.
_results = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

_checks = []


def check(function):
    _checks.append(function)
    return function


def run():
    for function in _checks:
        fault = None
        try:
            function()
        except BaseException:
            fault = traceback.format_exc()
        while mlflow.active_run():
            mlflow.end_run()
        print(json.dumps({"check": function.__name__, "fault": fault}), file=_results)


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


@contextmanager
def refused(code, *words):
    """The block is answered with this error code and a message that holds these words."""
    try:
        yield
    except MlflowException as error:
        equal(error.error_code, code)
        for word in words:
            assert word in error.message, f"{word!r} is not in {error.message!r}"
    else:
        raise AssertionError(f"nothing was refused; wanted {code}")


def soon(condition, seconds=10):
    """Waits until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to hold"
        time.sleep(0.05)
