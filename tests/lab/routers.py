# SPDX-License-Identifier: Apache-2.0
"""The routers: real BGP daemons (BIRD, FRR) in namespaces, with ECMP into their kernels.

They wait for sessions from any address of the node subnets, so a floating IP needs no change here.
Beside what the daemon believes (`paths`), a router is asked for what it does: the routes in its
kernel, and the TCP connections of its sessions. A session keeps its connection for as long as it
lives, so the connection's remote port tells a session that stayed from one that flapped.
"""

import json
import re
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from lab.netns import LabError, Namespace, run
from lab.processes import Processes
from lab.topology import FLOATING_IPS, LOCAL_AS, ROUTER_AS, SPARE_FLOATING_IP, Router

SUBNETS = {4: "172.30.0.0/16", 6: "2001:db8:30::/48"}
KNOWN_PEERS = [*FLOATING_IPS, SPARE_FLOATING_IP]
# 127 ways is more than any test has nodes.
WAYS = 127


@dataclass(frozen=True)
class PathOfPrefix:
    """One path of a prefix as the daemon has it."""

    next_hop: str
    peer: str


class BgpRouter:
    """What BIRD and FRR have in common. Subclasses know the daemon's configuration and words."""

    programs: list[str] = []  # process names, without the router's own

    def __init__(self, router: Router, ns: Namespace, processes: Processes, folder: Path,
                 add_path: bool = True, hold_time: int = 9):
        self.router, self.ns, self.processes, self.folder = router, ns, processes, folder
        self.name = router.name
        self.add_path = add_path
        self.hold_time = hold_time

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start()

    def stop(self) -> None:
        for program in self.programs:
            name = f"{self.name}-{program}"
            if self.processes.alive(name):
                self.processes.get(name).stop()

    def alive(self) -> bool:
        return all(self.processes.alive(f"{self.name}-{program}") for program in self.programs)

    def restart(self, add_path: bool) -> None:
        """The daemon anew, with or without ADD-PATH; its sessions go down with it."""
        self.stop()
        self.add_path = add_path
        self.start()

    def next_hops(self, prefix: str) -> set[str]:
        """The next hops of a prefix in the daemon's table, over all sessions."""
        return {path.next_hop for path in self.paths(prefix)}

    def next_hops_of(self, prefix: str, peer: str) -> set[str]:
        """The same, of one session."""
        return {path.next_hop for path in self.paths(prefix) if path.peer == peer}

    def kernel_next_hops(self, prefix: str) -> set[str]:
        """The gateways of a prefix in the kernel."""
        family = "-6" if ":" in prefix else "-4"
        routes = self.ns.ip_json(family, "route", "show", prefix)
        found = set()
        for route in routes:
            for hop in route.get("nexthops", [route]):
                if "gateway" in hop:
                    found.add(hop["gateway"])
        return found

    def connections(self) -> dict[str, int]:
        """Remote address and port of each BGP connection that is up, as the kernel has it."""
        output = self.ns.run("ss", "-Htn", "state", "established", "sport", "=", ":179")
        found = {}
        for line in output.splitlines():
            address, port = line.split()[3].rsplit(":", 1)
            found[address.strip("[]").removeprefix("::ffff:")] = int(port)
        return found

    def established(self) -> set[str]:
        """Peers whose session the daemon calls established."""
        return {peer for peer, state in self.sessions().items() if state == "Established"}

    def ready(self) -> bool:
        raise NotImplementedError

    def sessions(self) -> dict[str, str]:
        """Peer address -> state."""
        raise NotImplementedError

    def paths(self, prefix: str) -> list[PathOfPrefix]:
        raise NotImplementedError

    def prefixes(self) -> set[str]:
        """Every prefix that it has learned from the nodes."""
        raise NotImplementedError

    def show(self) -> str:
        """Sessions and routes in the daemon's own words, for people."""
        raise NotImplementedError

    def show_route(self, prefix: str) -> str:
        """A prefix with every next hop, in the daemon's own words."""
        raise NotImplementedError

    def show_route_command(self, prefix: str) -> list[str]:
        """What a person types for show_route()."""
        raise NotImplementedError

    def shell_command(self) -> list[str]:
        """What a person types to speak with the daemon."""
        raise NotImplementedError

    def _start(self) -> None:
        raise NotImplementedError


BIRD_CONFIG = """\
log "{log}" all;
router id {router_id};
timeformat protocol iso long ms;
protocol device {{ scan time 10; }}
protocol direct {{ ipv4; ipv6; }}
protocol kernel {{
	ipv4 {{ import none; export where source = RTS_BGP; }};
	merge paths on limit {ways};
}}
protocol kernel {{
	ipv6 {{ import none; export where source = RTS_BGP; }};
	merge paths on limit {ways};
}}
template bgp nodes {{
	multihop;
	passive;
	hold time {hold_time};
	error wait time 1, 2;
	ipv4 {{ import all; export none; {add_path} }};
	ipv6 {{ import all; export none; {add_path} }};
}}
protocol bgp from nodes {{
	local {local_v4} as {asn};
	neighbor range {range_v4} as {peer_asn};
	dynamic name "node";
}}
protocol bgp from nodes {{
	local {local_v6} as {asn};
	neighbor range {range_v6} as {peer_asn};
	dynamic name "node6_";
}}
"""


class Bird(BgpRouter):
    programs = ["bird"]

    @property
    def socket(self) -> Path:
        return self.folder / "bird.ctl"

    def _start(self) -> None:
        config = self.folder / "bird.conf"
        config.write_text(BIRD_CONFIG.format(
            log=self.folder / "bird.log", router_id=self.router.loopback_v4, ways=WAYS,
            hold_time=self.hold_time, add_path="add paths rx;" if self.add_path else "",
            local_v4=self.router.loopback_v4, local_v6=self.router.loopback_v6, asn=ROUTER_AS,
            peer_asn=LOCAL_AS, range_v4=SUBNETS[4], range_v6=SUBNETS[6]))
        self.processes.start(f"{self.name}-bird", [
            "bird", "-f", "-c", str(config), "-s", str(self.socket),
            "-P", str(self.folder / "bird.pid")], self.ns)

    def ask(self, question: str) -> str:
        # birdc's exit status is 1 also for "Network not found", which is an answer.
        answer = run("birdc", "-s", str(self.socket), question, check=False)
        if not answer.startswith("BIRD "):
            raise LabError(f"{self.name}: BIRD does not answer at {self.socket}: {answer.strip()}")
        return answer

    def ready(self) -> bool:
        try:
            return "Daemon is up and running" in self.ask("show status")
        except LabError:
            return False

    def _neighbors(self) -> dict[str, tuple[str, str]]:
        """Protocol name -> address and state. A range's own protocol has no address."""
        found, name, state = {}, "", ""
        for line in self.ask("show protocols all").splitlines():
            if match := re.match(r"(\S+)\s+BGP\s", line):
                name = match[1]
            elif "BGP state:" in line:
                state = line.split(":", 1)[1].strip()
            elif "Neighbor address:" in line:
                found[name] = (line.split(":", 1)[1].strip().split("%")[0], state)
        return found

    def sessions(self) -> dict[str, str]:
        return dict(self._neighbors().values())

    def paths(self, prefix: str) -> list[PathOfPrefix]:
        neighbors = self._neighbors()
        found, peer = [], ""
        for line in self.ask(f"show route {prefix} all").splitlines():
            if match := re.search(r"unicast \[(\S+) ", line):
                peer = neighbors.get(match[1], ("", ""))[0]
            elif match := re.match(r"\s+BGP\.next_hop: (\S+)", line):
                found.append(PathOfPrefix(match[1], peer))
        return found

    def prefixes(self) -> set[str]:
        output = self.ask("show route where source = RTS_BGP")
        return {match[1] for match in re.finditer(r"^(\S+/\d+)\s", output, re.MULTILINE)}

    def show(self) -> str:
        return self.ask("show protocols") + self.ask("show route where source = RTS_BGP")

    def show_route(self, prefix: str) -> str:
        return self.ask(f"show route {prefix}").split("\n", 1)[1]

    def show_route_command(self, prefix: str) -> list[str]:
        return [*self.shell_command(), "show", "route", prefix]

    def shell_command(self) -> list[str]:
        return ["birdc", "-r", "-s", str(self.socket)]


ZEBRA_CONFIG = """\
hostname {name}
log file {folder}/zebra.log
"""

# Third-party next hops over multihop sessions are believed as they are; without a policy FRR would
# take nothing from an eBGP peer. The peers that are known are named: when a peer of a listen range
# connects anew at the moment its old session runs out, FRR 8.4 may lose it between the two.
BGPD_CONFIG = """\
hostname {name}
log file {folder}/bgpd.log
router bgp {asn}
 bgp router-id {router_id}
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 bgp bestpath as-path multipath-relax
 timers bgp {keepalive} {hold_time}
 neighbor nodes peer-group
 neighbor nodes remote-as {peer_asn}
 neighbor nodes ebgp-multihop
 neighbor nodes disable-connected-check
 neighbor nodes passive
{known_peers} bgp listen limit 1000
 bgp listen range {range_v4} peer-group nodes
 bgp listen range {range_v6} peer-group nodes
 address-family ipv4 unicast
  neighbor nodes activate
  {add_path}
  maximum-paths {ways}
 exit-address-family
 address-family ipv6 unicast
  neighbor nodes activate
  {add_path}
  maximum-paths {ways}
 exit-address-family
"""


def answers(path: Path) -> bool:
    """Whether somebody listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Frr(BgpRouter):
    programs = ["bgpd", "zebra"]

    def _start(self) -> None:
        shutil.chown(self.folder, "frr", "frr")
        # vtysh asks for this file, even if there is nothing in it.
        (self.folder / "vtysh.conf").write_text("no service integrated-vtysh-config\n")
        add_path = "" if self.add_path else "neighbor nodes disable-addpath-rx"
        configs = {
            "zebra": ZEBRA_CONFIG.format(name=self.name, folder=self.folder),
            "bgpd": BGPD_CONFIG.format(
                name=self.name, folder=self.folder, asn=ROUTER_AS, peer_asn=LOCAL_AS,
                router_id=self.router.loopback_v4, keepalive=max(1, self.hold_time // 3),
                known_peers="".join(f" neighbor {peer} peer-group nodes\n" for peer in KNOWN_PEERS),
                hold_time=self.hold_time, range_v4=SUBNETS[4], range_v6=SUBNETS[6],
                add_path=add_path, ways=WAYS),
        }
        for daemon, text in configs.items():
            config = self.folder / f"{daemon}.conf"
            config.write_text(text)
            shutil.chown(config, "frr", "frr")
            self.processes.start(f"{self.name}-{daemon}", [
                f"/usr/lib/frr/{daemon}", "-f", str(config), "-i", str(self.folder / f"{daemon}.pid"),
                "-z", str(self.folder / "zserv.api"), "--vty_socket", str(self.folder),
                "-P", "0", "-u", "frr", "-g", "frr"], self.ns)
            # bgpd looks for zebra once as it starts, and then not again for ten seconds.
            if daemon == "zebra":
                self._wait_for_socket(self.folder / "zserv.api")

    @staticmethod
    def _wait_for_socket(path: Path, timeout: float = 10) -> None:
        deadline = time.monotonic() + timeout
        while not answers(path):
            if time.monotonic() > deadline:
                raise LabError(f"nobody listens at {path} within {timeout} s")
            time.sleep(0.02)

    def ask(self, question: str) -> str:
        return run(*self.shell_command(), "-c", question)

    def ask_json(self, question: str) -> dict:
        output = self.ask(question)
        return json.loads(output) if output.strip() else {}

    def ready(self) -> bool:
        try:
            return "BGP" in self.ask("show bgp summary") and bool(self.ask("show zebra"))
        except LabError:
            return False

    def sessions(self) -> dict[str, str]:
        neighbors = self.ask_json("show bgp neighbors json")
        return {peer: state["bgpState"] for peer, state in neighbors.items()
                if isinstance(state, dict) and "bgpState" in state}

    def paths(self, prefix: str) -> list[PathOfPrefix]:
        family = "ipv6" if ":" in prefix else "ipv4"
        answer = self.ask_json(f"show bgp {family} unicast {prefix} json")
        return [PathOfPrefix(hop["ip"], path["peer"]["peerId"])
                for path in answer.get("paths", [])
                for hop in path["nexthops"] if hop.get("scope") != "link-local"]

    def prefixes(self) -> set[str]:
        return {prefix for family in ("ipv4", "ipv6")
                for prefix in self.ask_json(f"show bgp {family} unicast json").get("routes", {})}

    def show(self) -> str:
        return "".join(self.ask(question) for question in (
            "show bgp summary", "show bgp ipv4 unicast", "show bgp ipv6 unicast"))

    @staticmethod
    def _family(prefix: str) -> str:
        return "ipv6" if ":" in prefix else "ip"

    def show_route(self, prefix: str) -> str:
        return self.ask(f"show {self._family(prefix)} route {prefix}").strip("\n")

    def show_route_command(self, prefix: str) -> list[str]:
        return [*self.shell_command(), "-c", f"show {self._family(prefix)} route {prefix}"]

    def shell_command(self) -> list[str]:
        return ["vtysh", "--vty_socket", str(self.folder), "--config_dir", str(self.folder)]


DAEMONS = {"bird": Bird, "frr": Frr}
