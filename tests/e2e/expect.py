# SPDX-License-Identifier: Apache-2.0
"""What tests look at: routers' tables, TCP connections of sessions, answers of pods."""

from contextlib import contextmanager

from lab.lab import Lab, wait_for
from lab.topology import LB_NODES
from lab.traffic import Report

LBS = {node.name for node in LB_NODES}


def assert_all_answered(report: Report, what: str = "") -> None:
    assert report.failed == 0 and report.ok > 0, f"{what}: {report}"


def assert_spread(report: Report, names: set[str], by: str) -> None:
    """Each of NAMES, and nobody else, has a share of 40 % of its fair one at least."""
    counts = report.by_node() if by == "node" else report.by_pod()
    assert set(counts) == names, f"by {by}: {dict(counts)}"
    fair = report.ok / len(names)
    assert min(counts.values()) > 0.4 * fair, f"by {by}: {dict(counts)}"


@contextmanager
def sessions_stay(lab: Lab, routers: set[str] | None = None, peers: set[str] | None = None):
    """The TCP connections of these sessions (default: all) are the same afterwards."""

    def chosen() -> dict[str, dict[str, int]]:
        return {name: {peer: port for peer, port in found.items() if not peers or peer in peers}
                for name, found in lab.connections().items() if not routers or name in routers}

    before = chosen()
    assert all(before.values()), f"no sessions to begin with: {before}"
    yield
    after = chosen()
    lost = {name: {peer: (port, after[name].get(peer)) for peer, port in found.items()
                   if after[name].get(peer) != port} for name, found in before.items()}
    assert not any(lost.values()), f"sessions flapped: {lost}"


@contextmanager
def steady_traffic(lab: Lab, service: str = "web", kind: str = "tcp", port: int = 80,
                   family: int = 4, allowed: int = 0, **options):
    """Requests go on all the while; at the end at most ALLOWED have failed."""
    settings = {"concurrency": 4, "interval": 5, "timeout": 1500} | options
    stream = lab.client.stream(kind, lab.vip(service, family), port, **settings)
    wait_for(stream.latest, "the client's first report", 10)
    try:
        yield stream
    finally:
        report = stream.stop()
    assert report.ok > 50 and report.failed <= allowed, f"traffic to {service}: {report}"


def wait_until_answered(lab: Lab, kind: str, address: str, port: int, timeout: float = 10) -> None:
    wait_for(lambda: lab.client.request(kind, address, port, 4, timeout=300).failed == 0,
             f"{kind} {address}:{port} answers", timeout)
