# SPDX-License-Identifier: Apache-2.0
"""One lab for all tests: each gets it as Lab.up() made it, and it is put back in order afterwards.

A lab that cannot be put back is taken down, and the next test gets a new one. When a test fails,
what routers, vipcastctl and logs say is printed with it.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from lab.lab import Lab  # noqa: E402
from lab.netns import LabError  # noqa: E402

BUILD = Path(os.environ.get("VIPCAST_BUILD", ROOT / "build"))
# Two runs at once on one machine want a prefix each.
PREFIX = os.environ.get("VIPCAST_LAB_PREFIX", "vt")


class SharedLab:
    def __init__(self) -> None:
        self.lab: Lab | None = None

    def get(self) -> Lab:
        if self.lab is None:
            lab = Lab(PREFIX, BUILD)
            if owner := lab.owner():
                raise LabError(f"process {owner} runs tests in the lab `{PREFIX}`: end it first, or "
                               "set VIPCAST_LAB_PREFIX to a name of your own")
            lab.down()  # what a run that was killed left
            self.lab = lab
            lab.up()
            lab.wait_converged()
        return self.lab

    def put_back(self) -> None:
        try:
            if self.lab:
                self.lab.restore()
        except LabError:
            self.close()

    def close(self) -> None:
        if self.lab:
            self.lab.down()
            self.lab = None


@pytest.fixture(scope="session")
def shared_lab():
    # A run that is ended by a signal ends as by Ctrl-C: the lab goes with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    shared = SharedLab()
    try:
        yield shared
    finally:
        shared.close()


@pytest.fixture
def lab(shared_lab, request):
    """The lab, up and converged."""
    request.node.shared_lab = shared_lab
    yield shared_lab.get()
    shared_lab.put_back()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    shared = getattr(item, "shared_lab", None)
    if report.failed and call.when in ("setup", "call") and shared and shared.lab:
        report.sections.append(("the lab when it failed", shared.lab.evidence()))
