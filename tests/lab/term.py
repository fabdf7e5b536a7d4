# SPDX-License-Identifier: Apache-2.0
"""What the demo shows in a terminal: headings, progress while it waits, bar charts.

Without a terminal (a pipe, a CI log) there is no colour and no line that is written over: each
step is one line when it begins to take long, and one when it is done.
"""

import os
import shlex
import shutil
import sys
import time
from typing import Callable, Mapping, TypeVar

Answer = TypeVar("Answer")

IS_TERMINAL = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
COLOURS = IS_TERMINAL and "NO_COLOR" not in os.environ
UNICODE = (sys.stdout.encoding or "").lower().startswith("utf")
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if UNICODE else "|/-\\"
BAR = "█" if UNICODE else "#"
TICK = "✓" if UNICODE else "ok"
CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def paint(text: str, *styles: str) -> str:
    if not COLOURS:
        return text
    return f"\033[{';'.join(CODES[style] for style in styles)}m{text}\033[0m"


def say(text: str = "") -> None:
    print(text, flush=True)


def heading(text: str) -> None:
    say("\n" + paint(text, "bold", "cyan"))


def quote(text: str) -> None:
    """Output of another program, indented."""
    for line in text.rstrip("\n").splitlines():
        say("    " + line.expandtabs(8).rstrip())


def command(words: list[str]) -> str:
    return paint("$ " + shlex.join(words), "dim")


class Progress:
    """One line that tells what is being waited for; written over while it changes."""

    def __init__(self, what: str):
        self.what = what
        self.started = time.monotonic()
        self.turn = 0
        self.told = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def update(self, detail: str = "") -> None:
        if IS_TERMINAL:
            self.turn += 1
            line = f"  {SPINNER[self.turn % len(SPINNER)]} {self.what} {self.seconds:4.1f} s  {detail}"
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\033[K" + line[:width])
            sys.stdout.flush()
        elif not self.told and self.seconds > 2:
            say(f"  ... {self.what}: {detail}")
            self.told = True

    def done(self, detail: str = "") -> None:
        if IS_TERMINAL:
            sys.stdout.write("\r\033[K")
        detail = f": {detail}" if detail else ""
        say(f"  {paint(TICK, 'green')} {self.what}{detail} {paint(f'({self.seconds:.1f} s)', 'dim')}")

    def failed(self) -> None:
        if IS_TERMINAL:
            sys.stdout.write("\r\033[K")
        say(f"  {paint('failed', 'red')} {self.what} ({self.seconds:.1f} s)")


def wait(what: str, condition: Callable[[], tuple[Answer, str]], timeout: float) -> Answer:
    """Waits with progress for CONDITION, which returns an answer (true: done) and a detail."""
    from lab.netns import LabError
    progress = Progress(what)
    while True:
        try:
            answer, detail = condition()
        except LabError as problem:
            answer, detail = None, str(problem)
        if answer:
            progress.done(detail)
            return answer
        if progress.seconds > timeout:
            progress.failed()
            raise LabError(f"{what}: not within {timeout:.0f} s; at last: {detail}")
        progress.update(detail)
        time.sleep(0.1)


def bars(title: str, counts: Mapping[str, int], width: int = 44) -> None:
    """A bar chart, one row a name."""
    total = sum(counts.values()) or 1
    most = max(counts.values(), default=1) or 1
    say(f"  {title}")
    for name in sorted(counts):
        count = counts[name]
        bar = BAR * max(1 if count else 0, round(count * width / most))
        say(f"    {name:<8} {paint(bar.ljust(width), 'green')} {count:>6}  {100 * count / total:4.1f} %")
