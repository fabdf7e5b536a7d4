#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs test suites and counts.

    tests/run.py --build DIR unit bpf e2e

`unit` and `bpf` are cmocka programs, one for each test_*.c; `e2e` is pytest. While it runs there is
a line a test program; what a failed one printed follows it. The last line is "N passed, N failed"
over every suite. A program that crashes, hangs, was not built or ran no test counts as a failure,
and so does a suite with no tests: silence is never success.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from lab.lab import mount_bpffs  # noqa: E402
from lab.netns import LabError  # noqa: E402

PROGRAM_TIMEOUT = 180  # seconds, for one cmocka program
E2E_TIMEOUT = 30 * 60

TAP_PLAN = re.compile(r"^1\.\.(\d+)")
# cmocka writes a skipped test as "not ok 3 # SKIP name".
TAP_RESULT = re.compile(r"^(ok|not ok) \d+ (?:- (?P<name>\S+)|# SKIP)")


@dataclass
class Outcome:
    """What one test program, or one suite, came to."""

    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def ran(self) -> int:
        return self.passed + len(self.failures)

    def add(self, other: "Outcome") -> None:
        self.passed += other.passed
        self.skipped += other.skipped
        self.failures += other.failures

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {len(self.failures)} failed{skipped}"


def say(text: str = "") -> None:
    print(text, flush=True)


def stop_group(process: subprocess.Popen, patience: float) -> None:
    """Ends a process and its children: first politely, so that it can clean up after itself."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
            return
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue


# ---- cmocka ----------------------------------------------------------------------------------


def ending(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"


def read_tap(name: str, output: str) -> tuple[Outcome, int]:
    """Counts the results in TAP output; returns them and how many tests were planned."""
    outcome, planned = Outcome(), 0
    for line in output.splitlines():
        if plan := TAP_PLAN.match(line):
            planned += int(plan[1])
        elif result := TAP_RESULT.match(line):
            if not result["name"]:
                outcome.skipped += 1
            elif result[1] == "ok":
                outcome.passed += 1
            else:
                outcome.failures.append(f"{name}: {result['name']}")
    return outcome, planned


def run_program(name: str, program: Path) -> Outcome:
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="tap")
    timed_out = False
    with tempfile.TemporaryFile("w+", errors="replace") as captured:
        process = subprocess.Popen(
            [program], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=captured, stderr=subprocess.STDOUT, start_new_session=True,
        )
        try:
            process.wait(PROGRAM_TIMEOUT)
        except subprocess.TimeoutExpired:
            timed_out = True
            stop_group(process, patience=2)
        except BaseException:
            stop_group(process, patience=2)
            raise
        captured.seek(0)
        output = captured.read()

    outcome, planned = read_tap(name, output)
    seen = outcome.ran + outcome.skipped
    if timed_out:
        outcome.failures.append(f"{name}: still running after {PROGRAM_TIMEOUT} s")
    elif seen < planned:
        outcome.failures.append(
            f"{name}: stopped after {seen} of {planned} tests ({ending(process.returncode)})")
    elif seen == 0:
        outcome.failures.append(f"{name}: ran no test ({ending(process.returncode)})")
    elif process.returncode != 0 and not outcome.failures:
        outcome.failures.append(f"{name}: {ending(process.returncode)}")
    if outcome.failures:
        say("".join(f"    {line}\n" for line in output.splitlines()).rstrip("\n"))
    return outcome


def run_cmocka(build: Path, sources: Path, pattern: str) -> Outcome:
    """One program a source: a source whose program is missing is a failure, not a smaller suite."""
    total = Outcome()
    for source in sorted(sources.glob(pattern)):
        name = str(source.relative_to(ROOT / "tests").with_suffix(""))
        program = build / "tests" / name
        started = time.monotonic()
        if program.is_file():
            outcome = run_program(name, program)
        else:
            outcome = Outcome(failures=[f"{name}: not built ({program} is not there)"])
        seconds = time.monotonic() - started
        mark = "FAIL" if outcome.failures else "ok"
        say(f"{mark:4}  {name:<48} {outcome}  ({seconds:.1f} s)")
        total.add(outcome)
    return total


# ---- pytest ----------------------------------------------------------------------------------


def read_junit(path: Path) -> Outcome:
    outcome = Outcome()
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"e2e: {case.get('classname')}.{case.get('name')}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            outcome.failures.append(name)
        elif "skipped" in kinds:
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def run_pytest(build: Path) -> Outcome:
    """pytest prints its own progress and failures; its JUnit file is what is counted."""
    with tempfile.TemporaryDirectory(prefix="vipcast-tests-") as folder:
        junit = Path(folder) / "junit.xml"
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider",
             f"--junitxml={junit}", "tests/e2e"],
            cwd=ROOT, env=dict(os.environ, VIPCAST_BUILD=str(build)),
            stdin=subprocess.DEVNULL, start_new_session=True,
        )
        timed_out = False
        try:
            process.wait(E2E_TIMEOUT)
        except subprocess.TimeoutExpired:
            timed_out = True
            stop_group(process, patience=60)  # time to take its labs down
        except BaseException:
            stop_group(process, patience=60)
            raise
        try:
            outcome = read_junit(junit)
        except (OSError, ElementTree.ParseError):
            outcome = Outcome(failures=[f"e2e: pytest left no results ({ending(process.returncode)})"])
    if timed_out:
        outcome.failures.append(f"e2e: still running after {E2E_TIMEOUT} s")
    elif process.returncode != 0 and not outcome.failures:
        outcome.failures.append(f"e2e: pytest: {ending(process.returncode)}")
    return outcome


def run_bpf(build: Path) -> Outcome:
    """A machine that has just booted may have no BPF file system yet, and tests pin maps there."""
    try:
        mount_bpffs()
    except LabError as problem:
        return Outcome(failures=[f"bpf: {problem}"])
    return run_cmocka(build, ROOT / "tests" / "bpf", "test_*.c")


SUITES = {
    "unit": lambda build: run_cmocka(build, ROOT / "tests" / "unit", "*/test_*.c"),
    "bpf": run_bpf,
    "e2e": run_pytest,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs test suites; ends with what they came to.")
    parser.add_argument("--build", type=Path, default=Path("build"), help="the build folder")
    parser.add_argument("suites", nargs="+", choices=list(SUITES), metavar="SUITE",
                        help=", ".join(SUITES))
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # A signal must run the cleanup of whatever is under way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    total = Outcome()
    for name in arguments.suites:
        say(f"== {name}")
        started = time.monotonic()
        outcome = SUITES[name](build)
        if outcome.ran == 0:
            outcome.failures.append(f"{name}: the suite ran no test")
        say(f"== {name}: {outcome}  ({time.monotonic() - started:.0f} s)\n")
        total.add(outcome)
    for failure in total.failures:
        say(f"FAILED {failure}")
    say(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
