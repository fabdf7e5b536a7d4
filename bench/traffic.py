#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests through a VIP beside the same requests straight to a pod, in the lab, in one run.

    bench/traffic.py [--build DIR] [--rounds N] [--requests N]

The floor is the client talking to a pod by its own address: the same routers and links, no load
balancer. Rounds alternate between all cases; each figure is the median of its rounds, with the
lowest and the highest beside it. The lab's clients, servers and XDP (on veth) share this machine's
cores, so the ratio means more than the rates.
"""

import argparse
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from lab.lab import Lab  # noqa: E402
from lab.netns import LabError  # noqa: E402
from lab.topology import PODS, SERVER_PORT  # noqa: E402

WORKERS = 16


def cases(lab: Lab) -> dict[tuple[str, str], tuple[str, str, int]]:
    """(traffic, way) -> kind, address, port; each traffic has a direct way, its floor."""
    pod = next(pod for pod in PODS.values() if pod.node == "be1")
    found = {}
    for kind, service, port in (("tcp", "web", 80), ("udp", "echo", 7)):
        for family, address in ((4, pod.v4), (6, pod.v6)):
            traffic = f"{kind.upper()} IPv{family}"
            found[traffic, "pod"] = (kind, address, SERVER_PORT)
            found[traffic, "VIP"] = (kind, lab.vip(service, family), port)
    return found


def measure(lab: Lab, rounds: int, requests: int) -> dict:
    results: dict = {case: {"rate": [], "p50": [], "p99": []} for case in cases(lab)}
    for _ in range(rounds):
        for case, (kind, address, port) in cases(lab).items():
            report = lab.client.request(kind, address, port, requests, concurrency=WORKERS)
            if report.failed:
                raise LabError(f"{' by '.join(case)}: {report.failed} of {requests} requests "
                               f"failed: {report.errors}")
            results[case]["rate"].append(report.ok / report.seconds)
            results[case]["p50"].append(report.latency_ms["p50"])
            results[case]["p99"].append(report.latency_ms["p99"])
    return results


def show(results: dict, rounds: int, requests: int) -> None:
    print(f"medians of {rounds} rounds of {requests} requests, {WORKERS} at a time (lowest-highest)")
    print(f"{'traffic':10} {'to':4} {'requests/s':>28} {'p50 ms':>8} {'p99 ms':>8} "
          f"{'rate/floor':>10}")
    for (traffic, way), figures in results.items():
        rate, floor = (statistics.median(results[traffic, key]["rate"]) for key in (way, "pod"))
        spread = f"{rate:9.0f} ({min(figures['rate']):.0f}-{max(figures['rate']):.0f})"
        print(f"{traffic:10} {way:4} {spread:>28} {statistics.median(figures['p50']):8.2f} "
              f"{statistics.median(figures['p99']):8.2f} {rate / floor:10.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=5000)
    options = parser.parse_args()
    lab = Lab("vb", options.build)
    try:
        lab.up()
        lab.wait_converged()
        show(measure(lab, options.rounds, options.requests), options.rounds, options.requests)
    except LabError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    finally:
        lab.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
