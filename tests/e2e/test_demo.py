# SPDX-License-Identifier: Apache-2.0
"""The demo as a person runs it, beside the tests' own lab; and that nothing of it is left behind."""

import os
import signal
import subprocess
import sys

import pytest

from lab import netns, processes
from lab.lab import PINS, RUN, wait_for

from conftest import BUILD, PREFIX, ROOT

DEMO = PREFIX + "d"


def demo(*words, **options):
    return subprocess.run(
        [sys.executable, "-B", str(ROOT / "tests/lab/demo.py"), *words, "--prefix", DEMO],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **options)


def remains():
    """What there still is of the demo's lab."""
    return ([ns.name for ns in netns.existing(DEMO)] + processes.marked(DEMO)
            + [path for path in (RUN / DEMO / "state.json", PINS / DEMO) if path.exists()])


@pytest.fixture(autouse=True)
def clean():
    demo("down")
    yield
    demo("down")


def test_demo_shows_the_main_job_and_its_hints_work():
    done = demo("up", "--build", str(BUILD))
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ("BGP sessions with both routers", "Established", "10000 answered, 0 failed",
                     "by load balancer node", "2000 answered, 0 failed", "What to try next"):
        assert expected in done.stdout, done.stdout
    assert done.stdout.count("10000 answered, 0 failed") == 2  # HTTP and UDP
    hints = [line.strip() for line in done.stdout.split("What to try next")[1].splitlines()
             if line.startswith("    ")]
    tried = [hint for hint in hints if any(word in hint for word in ("curl", "vipcastctl"))]
    assert len(tried) >= 7
    for hint in tried:
        answer = subprocess.run(hint, shell=True, capture_output=True, text=True, timeout=30)
        # 1: degraded, as a node is gone.
        assert answer.returncode in (0, 1) and answer.stdout, f"{hint}: {answer.stderr}"

    again = demo("up", "--build", str(BUILD))
    assert again.returncode == 1 and "is up already" in again.stdout
    assert demo("down").returncode == 0
    assert not remains()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_demo_that_is_stopped_halfway_can_be_taken_down(number):
    started = subprocess.Popen(
        [sys.executable, "-B", str(ROOT / "tests/lab/demo.py"), "up", "--build", str(BUILD),
         "--prefix", DEMO], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    wait_for(lambda: len(processes.marked(DEMO)) > 5, "the lab is half up", 20, interval=0.01)
    started.send_signal(number)
    started.wait(30)
    if number == signal.SIGKILL:
        assert remains()
        assert demo("down").returncode == 0
    assert not remains()


def test_demo_without_programs_says_what_to_do(tmp_path):
    done = demo("up", "--build", str(tmp_path))
    assert done.returncode == 1 and "make" in done.stdout


def test_demo_without_root_says_so():
    done = demo("up", "--build", str(BUILD), user=65534, env=dict(os.environ, HOME="/"))
    assert done.returncode == 1 and "root" in done.stdout, done.stdout + done.stderr
