# SPDX-License-Identifier: Apache-2.0
"""The processes of a lab: started in a namespace, logged to a file, found again by a mark.

Every process carries VIPCAST_LAB=PREFIX in its environment. So a lab is taken down for good also
after whoever made it was killed: what carries the mark is ended, each by its own process id.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.netns import LabError, Namespace

MARK = "VIPCAST_LAB"


@dataclass
class Process:
    """A process of the lab, ours or one that an earlier program started."""

    name: str
    pid: int
    log: Path
    popen: subprocess.Popen | None = None

    def alive(self) -> bool:
        if self.popen:
            return self.popen.poll() is None
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return state != "Z"

    def signal(self, number: int) -> None:
        if not self.alive():
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def wait(self, timeout: float) -> bool:
        """True once it has ended."""
        if self.popen:
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                return False
            return True
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def stop(self, patience: float = 5) -> None:
        self.signal(signal.SIGTERM)
        if not self.wait(patience):
            self.kill()

    def kill(self) -> None:
        """kill -9: nothing is cleaned up."""
        self.signal(signal.SIGKILL)
        self.wait(5)

    def tail(self, lines: int = 60) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError as problem:
            return f"({problem})"


class Processes:
    """Starts processes, remembers them by name, ends them all."""

    def __init__(self, prefix: str, logs: Path):
        self.prefix = prefix
        self.logs = logs
        self.by_name: dict[str, Process] = {}

    def start(self, name: str, command: list[str], namespace: Namespace | None = None) -> Process:
        """NAME is also its log's; a second start appends to the log."""
        old = self.by_name.get(name)
        if old and old.alive():
            raise LabError(f"{name} runs already (pid {old.pid})")
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("a") as output:
            popen = subprocess.Popen(
                namespace.enter(*command) if namespace else command,
                env=dict(os.environ, **{MARK: self.prefix}),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True)  # a Ctrl-C at the terminal is not theirs
        process = Process(name, popen.pid, log, popen)
        self.by_name[name] = process
        return process

    def get(self, name: str) -> Process:
        return self.by_name[name]

    def alive(self, name: str) -> bool:
        return name in self.by_name and self.by_name[name].alive()

    def dead(self) -> list[Process]:
        return [process for process in self.by_name.values() if not process.alive()]

    def kill(self, *names: str) -> None:
        for name in names:
            if name in self.by_name:
                self.by_name.pop(name).kill()

    def kill_all(self) -> None:
        for process in self.by_name.values():
            process.signal(signal.SIGKILL)
        for process in self.by_name.values():
            process.wait(5)
        self.by_name.clear()
        kill_marked(self.prefix)


def marked(prefix: str) -> list[int]:
    """Process ids that carry the mark of a lab."""
    wanted = f"{MARK}={prefix}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def kill_marked(prefix: str) -> None:
    deadline = time.monotonic() + 5
    while pids := [pid for pid in marked(prefix) if pid != os.getpid()]:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if time.monotonic() > deadline:
            raise LabError(f"processes of the lab do not end: {pids}")
        time.sleep(0.02)
