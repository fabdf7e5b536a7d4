# SPDX-License-Identifier: Apache-2.0
"""The lab: a small data centre with vipcast on it, up and down as one thing.

    with Lab("vt", build) as lab:
        lab.up()
        ...

Everything a lab makes carries its prefix: namespaces PREFIX-NAME, the folder
/run/vipcast-lab/PREFIX (manifests, sockets, logs, daemons' files), the pins in
/sys/fs/bpf/vipcast-lab/PREFIX, the mark in the environment of its processes. So labs of different
prefixes live side by side, and one that crashed is found and removed.
"""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Callable, TypeVar

from lab import manifests, netns, processes
from lab.manifests import Manifests
from lab.netns import LabError, Namespace, run
from lab.network import Network
from lab.processes import Processes
from lab.routers import DAEMONS, BgpRouter
from lab.topology import AGENTS, FLOATING_IPS, LB_NODES, NODES, ROUTERS, SERVER_PORT, Node
from lab.traffic import Client

RUN = Path("/run/vipcast-lab")
BPFFS = Path("/sys/fs/bpf")
PINS = BPFFS / "vipcast-lab"
LEASE = 3  # seconds: after so long a silent agent counts as dead

Answer = TypeVar("Answer")


class LabTimeout(LabError, AssertionError):
    """A condition did not come true in time."""


def wait_for(condition: Callable[[], Answer], what: str, timeout: float,
             interval: float = 0.05) -> Answer:
    """Waits until CONDITION returns something true, and returns that.

    A LabError of the condition counts as "not yet": daemons do not answer while they start.
    """
    deadline = time.monotonic() + timeout
    while True:
        last: object
        try:
            if answer := condition():
                return answer
            last = answer
        except LabError as problem:
            last = problem
        if time.monotonic() > deadline:
            raise LabTimeout(f"{what}: not within {timeout} s (at last: {last!r})")
        time.sleep(interval)


def check_machine(build: Path) -> None:
    """What a lab cannot do without, in words that tell what to do."""
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces and loads XDP programs: run this as root")
    for program in ("vipcastd", "vipcast-controller", "vipcastctl", "lab/labserver",
                    "lab/labclient", "lab/wire.bpf.o"):
        if not (build / program).is_file():
            raise LabError(f"{build / program} is not there: run `make all lab-tools` first")
    for command in ("ip", "nsenter", "ethtool", "bird", "birdc", "vtysh", "sysctl", "ss"):
        if not shutil.which(command):
            raise LabError(f"{command} is not installed: `make deps` installs it")


def mount_bpffs() -> None:
    if any(line.split()[1:3] == [str(BPFFS), "bpf"]
           for line in Path("/proc/mounts").read_text().splitlines()):
        return
    try:
        run("mount", "-t", "bpf", "bpf", str(BPFFS))
    except LabError as problem:
        raise LabError(f"there is no BPF file system at {BPFFS}, and none can be mounted: "
                       f"{problem}") from None


class Lab:
    def __init__(self, prefix: str = "vc", build: Path = Path("build"), hold_time: int = 9,
                 log_level: str = "info", progress: Callable[[str], None] = lambda text: None):
        self.prefix = prefix
        self.build = Path(build).resolve()
        self.log_level = log_level
        self.progress = progress
        self.folder = RUN / prefix
        self.pins = PINS / prefix
        self.network = Network(prefix, self.build / "lab" / "wire.bpf.o")
        self.processes = Processes(prefix, self.folder / "logs")
        self.manifests = Manifests(self.folder / "manifests")
        self.client = Client(self.network.client, self.build / "lab" / "labclient",
                             self.folder / "logs")
        self.routers: dict[str, BgpRouter] = {
            router.name: DAEMONS[router.daemon](
                router, self.network.of(router.name), self.processes, self.folder / router.name,
                hold_time=hold_time)
            for router in ROUTERS.values()}
        self.off: set[str] = set()  # nodes whose power is off
        self.leases: dict[str, int] = {}  # seconds, by agent

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_) -> None:
        self.down()

    # ---- up and down -------------------------------------------------------------------------

    def is_up(self) -> bool:
        return (self.folder / "state.json").exists()

    def up(self, files: dict[str, list[dict]] | None = None) -> None:
        """Builds everything and starts every program; FILES are the manifests to start with."""
        check_machine(self.build)
        if self.is_up():
            raise LabError(f"the lab `{self.prefix}` is up already, or an earlier one was left in "
                           f"{self.folder}: take it down first")
        try:
            self.remove_remains()
            mount_bpffs()
            self._up(files if files is not None else manifests.base())
        except BaseException:
            # The logs would go with the lab: keep them in the error's reach.
            self.down(keep_logs=True)
            raise

    def _up(self, files: dict[str, list[dict]]) -> None:
        (self.folder / "logs").mkdir(parents=True)
        self.pins.mkdir(parents=True)
        self.remember()
        self.progress("namespaces, cables, addresses")
        self.network.build()
        self.progress("routers: BIRD and FRR")
        for router in self.routers.values():
            router.start()
        for router in self.routers.values():
            wait_for(router.ready, f"{router.name} answers", 20)
        self.progress("pods")
        for node in NODES.values():
            self.start_servers(node)
        self.progress("vipcast")
        self.manifests.replace_all(files)
        self.start_controller()
        for node in AGENTS:
            self.start_agent(node)
        self.remember()

    def down(self, keep_logs: bool = False) -> None:
        """Removes all of it, whatever state it is in; nothing there is fine."""
        self.client.stop_streams()
        self.processes.kill_all()
        self.remove_remains(keep_logs)
        self.off.clear()

    def remove_remains(self, keep_logs: bool = False) -> None:
        processes.kill_marked(self.prefix)
        for namespace in netns.existing(self.prefix):
            namespace.delete()
        shutil.rmtree(self.pins, ignore_errors=True)
        if keep_logs and (self.folder / "logs").is_dir():
            (self.folder / "state.json").unlink(missing_ok=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        for folder in (PINS, RUN):
            try:
                folder.rmdir()
            except OSError:
                pass  # another lab lives there

    def remember(self) -> None:
        """The state file: for people, and for programs that want to join in."""
        state = {"prefix": self.prefix, "build": str(self.build), "owner": os.getpid(),
                 "namespaces": [ns.name for ns in netns.existing(self.prefix)],
                 "processes": {name: process.pid
                               for name, process in self.processes.by_name.items()}}
        (self.folder / "state.json").write_text(json.dumps(state, indent=2) + "\n")

    def owner(self) -> int | None:
        """The process that made this lab, if it is another one and still runs."""
        try:
            pid = json.loads((self.folder / "state.json").read_text())["owner"]
        except (OSError, ValueError, KeyError):
            return None
        return pid if pid != os.getpid() and Path(f"/proc/{pid}").exists() else None

    # ---- programs ----------------------------------------------------------------------------

    def ns(self, name: str) -> Namespace:
        return self.network.of(name)

    def socket(self, name: str) -> Path:
        """The control socket of a node's vipcastd, or of "controller"."""
        return self.folder / f"{name}.sock"

    def pin_dir(self, name: str) -> Path:
        return self.pins / name

    def start_servers(self, node: Node) -> None:
        if not node.pods:
            return
        pods = [f"{pod.name}@{address}:{SERVER_PORT}"
                for pod in node.pods for address in (pod.v4, f"[{pod.v6}]")]
        self.processes.start(f"{node.name}-pods", [str(self.build / "lab" / "labserver"), *pods],
                             self.network.pods_of(node))

    def start_agent(self, node: Node, lease: int = LEASE) -> None:
        self.leases[node.name] = lease
        self.processes.start(f"{node.name}-vipcastd", [
            str(self.build / "vipcastd"), "--node", node.name,
            "--store", str(self.manifests.folder), "--roles", node.roles,
            "--interface", "eth0", "--pin-dir", str(self.pin_dir(node.name)),
            "--socket", str(self.socket(node.name)), "--lease-duration", str(lease),
            "--log-level", self.log_level], self.ns(node.name))

    def restart_agent(self, name: str, lease: int = LEASE) -> None:
        process = self.processes.get(f"{name}-vipcastd")
        if process.alive():
            process.stop()
        self.start_agent(NODES[name], lease)

    def start_controller(self) -> None:
        self.processes.start("controller", [
            str(self.build / "vipcast-controller"), "--store", str(self.manifests.folder),
            "--socket", str(self.socket("controller")), "--log-level", self.log_level])

    def ctl_command(self, name: str, *words: str) -> list[str]:
        return [str(self.build / "vipcastctl"), "--socket", str(self.socket(name)), *words]

    def ctl(self, name: str, *words: str) -> str:
        """What vipcastctl says of a node's vipcastd, or of "controller".

        Its exit status tells health as well: 1, "degraded", is an answer.
        """
        return run(*self.ctl_command(name, *words), accept=(0, 1))

    def ctl_json(self, name: str, *words: str):
        return json.loads(self.ctl(name, "-o", "json", *words))

    # ---- power -------------------------------------------------------------------------------

    def power_off(self, name: str) -> None:
        """The node is gone at once, with its links, processes, addresses and XDP programs."""
        node = NODES[name]
        self.network.fabric.ip(f"link set {name} down")
        self.processes.kill(f"{name}-vipcastd", f"{name}-pods")
        self.network.destroy_node(node)
        shutil.rmtree(self.pin_dir(name), ignore_errors=True)
        self.socket(name).unlink(missing_ok=True)
        self.off.add(name)

    def power_on(self, name: str) -> None:
        node = NODES[name]
        self.network.build_node(node)
        self.start_servers(node)
        if node.roles:
            self.start_agent(node)
        self.off.discard(name)
        self.remember()

    def restore(self, timeout: float = 60) -> None:
        """Back to what up() made: every node on, every program running, the base manifests."""
        self.client.stop_streams()
        self.manifests.replace_all(manifests.base())
        for name in sorted(self.off):
            self.power_on(name)
        for router in self.routers.values():
            if not router.add_path or not router.alive():
                router.restart(add_path=True)
        if not self.processes.alive("controller"):
            self.start_controller()
        for node in NODES.values():
            if node.pods and not self.processes.alive(f"{node.name}-pods"):
                self.start_servers(node)
            if not node.roles:
                continue
            if not self.processes.alive(f"{node.name}-vipcastd"):
                self.start_agent(node)
            elif self.leases[node.name] != LEASE:
                self.restart_agent(node.name)
        self.network.client_routes()
        self.wait_converged(timeout)

    # ---- what is to be seen ------------------------------------------------------------------

    def vip(self, service: str, family: int = 4) -> str:
        """The VIP of a Service; raises LabError while it has none."""
        for address in self.manifests.vips(service):
            if (":" in address) == (family == 6):
                return address
        raise LabError(f"Service {service} has no IPv{family} VIP yet "
                       f"({self.manifests.vips(service)})")

    def prefix_of(self, service: str, family: int = 4) -> str:
        return self.vip(service, family) + ("/32" if family == 4 else "/128")

    def next_hops(self, prefix: str) -> dict[str, set[str]]:
        """Next hops in every table of every router: "r1 daemon", "r1 kernel", ..."""
        tables = {}
        for name, router in self.routers.items():
            tables[f"{name} daemon"] = router.next_hops(prefix)
            tables[f"{name} kernel"] = router.kernel_next_hops(prefix)
        return tables

    def wait_for_next_hops(self, service: str, nodes: set[str], timeout: float = 20) -> None:
        """Until both families of a Service have exactly these nodes as next hops everywhere."""
        for family in (4, 6):
            wanted = {NODES[n].v4 if family == 4 else NODES[n].v6 for n in nodes}
            seen: dict[str, set[str]] = {}

            def there() -> bool:
                seen.update(self.next_hops(self.prefix_of(service, family)))
                return all(hops == wanted for hops in seen.values())

            try:
                wait_for(there, f"next hops of {service} IPv{family} are {sorted(wanted)}", timeout)
            except LabTimeout as problem:
                raise LabTimeout(f"{problem}; tables: {seen}") from None

    def wait_for_sessions(self, peers: set[str], timeout: float = 40) -> None:
        """Until every router has exactly these sessions, established and alive at both ends."""
        for name, router in self.routers.items():
            wait_for(lambda: router.established() == peers == self.live_peers(name),
                     f"{name} has sessions with {sorted(peers)}", timeout, interval=0.2)

    def live_peers(self, router: str) -> set[str]:
        """Peers whose connection the node's kernel has as well.

        When a node is lost, its router calls the session established until the hold time is over.
        """
        ours = set()
        for node in AGENTS:
            if node.name in self.off:
                continue
            output = self.ns(node.name).run("ss", "-Htn", "state", "established", "dport", "=",
                                            ":179")
            ours |= {line.split()[2] for line in output.splitlines()}
        return {peer for peer, port in self.routers[router].connections().items()
                if netns.endpoint(peer, port) in ours}

    def connections(self) -> dict[str, dict[str, int]]:
        """Every BGP connection: router -> peer -> remote port. A flap changes a port."""
        return {name: router.connections() for name, router in self.routers.items()}

    def wait_converged(self, timeout: float = 45) -> None:
        """Until what manifests.base() asks for is true in the routers."""
        self.wait_for_sessions(set(FLOATING_IPS), timeout)
        for service in ("web", "echo"):
            self.wait_for_next_hops(service, {node.name for node in LB_NODES}, timeout)

    def evidence(self) -> str:
        """What a person wants to see when something went wrong."""
        parts = []
        for name, router in self.routers.items():
            parts.append((f"router {name}", router.show))
        for node in AGENTS:
            if node.name in self.off or not self.socket(node.name).exists():
                continue
            for word in ("status", "sessions", "backends", "drops"):
                parts.append((f"vipcastctl {word} on {node.name}",
                              lambda n=node.name, w=word: self.ctl(n, w)))
        if self.socket("controller").exists():
            parts.append(("vipcastctl status of the controller",
                          lambda: self.ctl("controller", "status")))
        for name, process in self.processes.by_name.items():
            if name == "controller" or name.endswith("vipcastd"):
                state = "" if process.alive() else " (DEAD)"
                parts.append((f"log of {name}{state}", process.tail))
        text = []
        for title, show in parts:
            try:
                said = show()
            except LabError as problem:
                said = str(problem)
            text.append(f"----- {title}\n{said.rstrip()}\n")
        return "\n".join(text)
