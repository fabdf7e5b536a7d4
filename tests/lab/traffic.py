# SPDX-License-Identifier: Apache-2.0
"""Requests of a real client (labclient), and what they tell: who answered, and by which node."""

import json
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lab.netns import LabError, Namespace, endpoint, run
from lab.topology import DOOR_ADDRESSES, NODE_OF_ADDRESS, PODS


@dataclass
class Report:
    """What labclient reported."""

    ok: int
    failed: int
    connections: int
    seconds: float
    max_gap_ms: float  # longest time without any answer
    max_wait_ms: float  # longest time that one worker saw none
    latency_ms: dict[str, float]
    errors: dict[str, int]
    pods: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str) -> "Report":
        return cls(**json.loads(line))

    def by_pod(self) -> Counter:
        return Counter({pod: sum(peers.values()) for pod, peers in self.pods.items()})

    def by_node(self) -> Counter:
        """Answers by the load balancer node that carried them.

        With full NAT a pod sees the node's own address; a pod on the node itself sees the address
        of that node's stack door.
        """
        found: Counter = Counter()
        for pod, peers in self.pods.items():
            for peer, count in peers.items():
                peer = peer.removeprefix("::ffff:")
                name = PODS[pod].node if peer in DOOR_ADDRESSES else NODE_OF_ADDRESS.get(peer, peer)
                found[name] += count
        return found

    def __str__(self) -> str:
        errors = f" {self.errors}" if self.errors else ""
        return (f"{self.ok} ok, {self.failed} failed{errors}, longest gap {self.max_gap_ms:.0f} ms, "
                f"by node {dict(self.by_node())}, by pod {dict(self.by_pod())}")


def options_of(options: dict) -> list[str]:
    """requests=5, reuse=True -> --requests 5 --reuse"""
    words = []
    for name, value in options.items():
        if value is False or value is None:
            continue
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return words


class Client:
    """The client of the lab, in its namespace."""

    def __init__(self, ns: Namespace, program: Path, folder: Path):
        self.ns, self.program, self.folder = ns, program, folder
        self.streams: list[Stream] = []

    def command(self, kind: str, address: str, port: int, **options) -> list[str]:
        return self.ns.enter(str(self.program), kind, endpoint(address, port),
                             *options_of(options))

    def request(self, kind: str, address: str, port: int, requests: int, **options) -> Report:
        """So many requests; returns when all are answered or have failed."""
        command = self.command(kind, address, port, requests=requests, **options)
        return Report.parse(run(*command, timeout=180).splitlines()[-1])

    def stream(self, kind: str, address: str, port: int, **options) -> "Stream":
        """Requests without end, in the background, until .stop()."""
        command = self.command(kind, address, port, until_stopped=True, **options)
        self.folder.mkdir(parents=True, exist_ok=True)
        stream = Stream(command, self.folder / f"stream-{len(self.streams)}.log")
        self.streams.append(stream)
        return stream

    def ping(self, address: str, count: int = 3) -> int:
        """Answers to so many echo requests."""
        output = self.ns.run("ping", "-n", "-q", "-i", "0.05", "-c", str(count), "-W", "1", address,
                             check=False)
        for line in output.splitlines():
            if "received" in line:
                return int(line.split(",")[1].split()[0])
        raise LabError(f"ping {address}: {output}")

    def stop_streams(self) -> None:
        for stream in self.streams:
            stream.kill()


class Stream:
    """A labclient that goes on until it is stopped."""

    def __init__(self, command: list[str], log: Path):
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def latest(self) -> Report | None:
        """The last report; there is one each second."""
        for line in reversed(self.log.read_text().splitlines()):
            try:
                return Report.parse(line)
            except (json.JSONDecodeError, TypeError):
                continue
        return None

    def stop(self) -> Report:
        """Lets the requests under way end, and returns the totals."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        report = self.latest()
        if self.process.returncode != 0 or report is None:
            raise LabError(f"labclient ended with {self.process.returncode}: "
                           f"{self.log.read_text()[-500:]}")
        return report

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
