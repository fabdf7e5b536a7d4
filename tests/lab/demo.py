#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""vipcast's main job on one machine, as a person would want to see it.

    demo.py up [--build DIR]    build the lab, show sessions, routes, traffic, the loss of a node
    demo.py down                remove what `up` left
"""

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab import term  # noqa: E402
from lab.lab import Lab  # noqa: E402
from lab.netns import LabError, endpoint  # noqa: E402
from lab.topology import FLOATING_IPS, LB_NODES, NODES, PODS, ROUTERS  # noqa: E402
from lab.traffic import Report  # noqa: E402

REQUESTS = 10_000
SERVICES = {"web": ("tcp", 80, "HTTP"), "echo": ("udp", 7, "UDP")}

PICTURE = """\
                        client 192.0.2.100
                       /                  \\
       r1 BIRD 172.30.9.10               r2 FRR 172.30.9.11        AS 64602
              |        \\_____     _____/        |
              |         _____\\___/_____         |                   BGP from 172.30.1.100
       rack A 172.30.1.0/24            rack B 172.30.2.0/24        and 172.30.2.100, AS 64601
       cp1 .10        speaker          cp2 .10        speaker
       lb1 .21   XDP, speaker          lb3 .21   XDP, speaker
       lb2 .22   XDP, speaker
       be1 .31           pods          be3 .31           pods
       be2 .32           pods          be4 .32           pods
"""


# ---- what is shown ---------------------------------------------------------------------------


def show_configuration(lab: Lab) -> None:
    term.heading("Configuration")
    for path in sorted(lab.manifests.folder.glob("*.yaml")):
        kinds = [line.split(": ")[1] for line in path.read_text().splitlines()
                 if line.startswith("kind: ")]
        counted = ", ".join(f"{kinds.count(kind)} {kind}" if kinds.count(kind) > 1 else kind
                            for kind in dict.fromkeys(kinds))
        term.say(f"    {path}  {term.paint(counted, 'dim')}")


def converge(lab: Lab) -> None:
    term.heading("Convergence")

    def sessions():
        up = {name: router.established() for name, router in lab.routers.items()}
        detail = ", ".join(f"{name} {len(peers)} of {len(FLOATING_IPS)}"
                           for name, peers in up.items())
        return all(peers == set(FLOATING_IPS) for peers in up.values()), detail

    def routes():
        wanted = {4: {node.v4 for node in LB_NODES}, 6: {node.v6 for node in LB_NODES}}
        missing, seen = 0, 0
        for service in SERVICES:
            for family in (4, 6):
                for hops in lab.next_hops(lab.prefix_of(service, family)).values():
                    seen += len(hops)
                    missing += len(wanted[family] ^ hops)
        return not missing, f"{seen} next hops in the daemons' and kernels' tables"

    def answers():
        for service, (kind, port, _) in SERVICES.items():
            report = lab.client.request(kind, lab.vip(service), port, 20, timeout=300)
            if report.failed:
                return False, f"{service}: {report.failed} of 20 requests failed"
        return True, "both Services answer"

    term.wait("BGP sessions with both routers", sessions, 40)
    term.wait("every VIP has every load balancer node as next hop", routes, 20)
    term.wait("traffic", answers, 10)


def show_sessions(lab: Lab) -> None:
    term.heading("Sessions, as vipcast sees them")
    words = lab.ctl_command("lb1", "sessions")
    term.say("    " + term.command(words))
    term.quote(lab.ctl("lb1", "sessions"))


def show_routes(lab: Lab, service: str) -> None:
    prefix = lab.prefix_of(service)
    for router in lab.routers.values():
        words = router.show_route_command(prefix)
        term.say("    " + term.command(words))
        term.quote(router.show_route(prefix))
        kernel = sorted(router.kernel_next_hops(prefix))
        names = {node.v4: node.name for node in NODES.values()}
        term.say(f"    {router.name}'s kernel: {prefix} via "
                 + ", ".join(f"{hop} ({names.get(hop, '?')})" for hop in kernel) + "\n")


def show_traffic(lab: Lab) -> None:
    for service, (kind, port, name) in SERVICES.items():
        address = lab.vip(service)
        term.heading(f"{REQUESTS:,} {name} requests to {endpoint(address, port)} ({service})")
        report = lab.client.request(kind, address, port, REQUESTS, concurrency=32)
        failed = term.paint(f"{report.failed} failed", "red" if report.failed else "green")
        term.say(f"  {report.ok} answered, {failed} {report.errors or ''} in {report.seconds:.1f} s; "
                 f"half of them within {report.latency_ms['p50']:.1f} ms, "
                 f"99 % within {report.latency_ms['p99']:.1f} ms")
        term.bars("by load balancer node", report.by_node())
        term.bars("by pod", report.by_pod())


# ---- the loss of a node ----------------------------------------------------------------------


def choose_victim(lab: Lab) -> str:
    """A load balancer node that holds no floating IP: here routes move, sessions stay."""
    for node in reversed(LB_NODES):
        held = {info["local"] for link in lab.ns(node.name).ip_json("addr", "show", "dev", "eth0")
                for info in link["addr_info"]}
        if not held & set(FLOATING_IPS):
            return node.name
    return LB_NODES[-1].name


def lose_a_node(lab: Lab) -> None:
    victim = choose_victim(lab)
    term.heading(f"Pulling the plug of {victim}, under traffic")
    prefix = lab.prefix_of("web")
    left = {node.v4 for node in LB_NODES if node.name != victim}
    stream = lab.client.stream("tcp", lab.vip("web"), 80, concurrency=8, interval=5, timeout=1000)
    term.wait("a client sends requests", lambda: (stream.latest(), "8 workers, a connection each"), 10)
    lab.power_off(victim)
    gone = time.monotonic()

    def shrunk():
        tables = lab.next_hops(prefix)
        detail = ", ".join(f"{name} {len(hops)}" for name, hops in tables.items())
        return all(hops == left for hops in tables.values()), f"next hops: {detail}"

    term.wait(f"{victim} leaves the routers' tables", shrunk, 30)
    seconds = time.monotonic() - gone
    during = stream.stop()
    after = lab.client.request("tcp", lab.vip("web"), 80, 2000, concurrency=8, timeout=1000)
    show_loss(victim, seconds, during, after)
    show_routes(lab, "web")


def show_loss(victim: str, seconds: float, during: Report, after: Report) -> None:
    term.say(f"  until then ({seconds:.1f} s): {during.ok} requests answered, {during.failed} failed "
             f"(those that a router still sent to {victim}), longest time without any answer "
             f"{during.max_gap_ms:.0f} ms")
    failed = term.paint(f"{after.failed} failed", "red" if after.failed else "green")
    term.say(f"  since then: {after.ok} answered, {failed}")
    term.bars("by load balancer node, since then", after.by_node())


# ---- up, down --------------------------------------------------------------------------------


def what_next(lab: Lab) -> None:
    term.heading("The lab stays up. What to try next")
    vip, vip6 = lab.vip("web"), lab.vip("web", 6)
    client = lab.ns("client")
    r1, r2 = lab.routers["r1"], lab.routers["r2"]
    maps = lab.ctl_command("lb1", "maps", "--pin-dir", str(lab.pin_dir("lb1")))
    down = "make demo-down" if lab.prefix == "vc" else f"{sys.argv[0]} down --prefix {lab.prefix}"
    hints = [
        ("ask the Service", client.enter("curl", "-s", f"http://{vip}/", f"http://[{vip6}]/")),
        ("sessions, routes", lab.ctl_command("lb1", "sessions")),
        ("", lab.ctl_command("lb1", "routes", "-o", "wide")),
        ("a node's backends, drops", lab.ctl_command("lb1", "backends")),
        ("", lab.ctl_command("lb1", "drops")),
        ("the maps in the kernel", lab.ns("lb1").enter(*maps)),
        ("the controller", lab.ctl_command("controller", "status")),
        ("r1 (BIRD)", r1.shell_command()),
        ("r2 (FRR)", r2.shell_command()),
        ("take a pod out: edit, save, ask again", f"${{EDITOR:-vi}} {lab.manifests.path('30-web')}"),
        ("what a configuration leads to, or what is wrong with it",
         [str(lab.build / "vipcastctl"), "validate", "-f", str(lab.manifests.folder)]),
        ("the logs", f"tail -f {lab.folder}/logs/*vipcast*.log {lab.folder}/logs/controller.log"),
        ("the end", down),
    ]
    for title, words in hints:
        if title:
            term.say(f"  {title}")
        term.say("    " + (words if isinstance(words, str) else shlex.join(words)))
    term.say()


def up(lab: Lab) -> None:
    term.say(term.paint("vipcast: a small data centre on this machine", "bold"))
    term.say()
    term.say(PICTURE)
    progress = term.Progress("the lab")
    lab.progress = progress.update
    lab.up()
    progress.done(f"{len(NODES)} nodes, {len(ROUTERS)} routers and a client in network namespaces, "
                  f"{len(PODS)} pods")
    show_configuration(lab)
    try:
        converge(lab)
        show_sessions(lab)
        term.heading("The routers' own view of the HTTP VIP")
        show_routes(lab, "web")
        show_traffic(lab)
        lose_a_node(lab)
    except LabError:
        lab.remember()
        term.say(f"\nThe lab is left up for a look; its logs are in {lab.folder}/logs.")
        raise
    finally:
        lab.client.stop_streams()
    what_next(lab)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "down"])
    parser.add_argument("--build", type=Path, default=Path("build"), help="the build folder")
    parser.add_argument("--prefix", default="vc", help="names of this lab begin with it (vc)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = Lab(arguments.prefix, arguments.build)
    try:
        if arguments.action == "up":
            up(lab)
        else:
            lab.down()
            term.say(f"the lab `{arguments.prefix}` is gone")
    except LabError as problem:
        term.say(f"\n{term.paint('demo:', 'red')} {problem}")
        return 1
    except (KeyboardInterrupt, SystemExit):
        lab.down()
        term.say("\nstopped; the lab is gone")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
