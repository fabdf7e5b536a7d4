# SPDX-License-Identifier: Apache-2.0
"""Builds the topology: namespaces, bridges, cables, addresses, routes. No daemon starts here."""

from pathlib import Path

from lab.netns import Namespace, connect
from lab.topology import (CLIENT_LINK, CLIENT_V4, CLIENT_V6, NODES, RACKS, ROUTERS, Node,
                          Router)

# No duplicate address detection: addresses work at once. Links made later inherit "default".
QUIET_V6 = {
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.accept_ra": 0,
    "net.ipv6.conf.default.router_solicitations": 0,
}
FORWARD = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv6.conf.default.forwarding": 1,
}
# As a router has them: ECMP by the five-tuple, replies by any way.
ECMP = {
    "net.ipv4.fib_multipath_hash_policy": 1,
    "net.ipv6.fib_multipath_hash_policy": 1,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
}
# As distributions have them: strict reverse path filter on the nodes.
STRICT = {"net.ipv4.conf.all.rp_filter": 1, "net.ipv4.conf.default.rp_filter": 1}


class Network:
    """The namespaces of one lab, by role."""

    def __init__(self, prefix: str, wire: Path):
        """WIRE holds the programs that make veth pairs behave like wires (tests/lab/wire.bpf.c)."""
        self.prefix = prefix
        self.wire = wire
        self.fabric = self.of("fabric")
        self.client = self.of("client")
        self.edge = self.of("edge")

    def of(self, name: str) -> Namespace:
        """The namespace of a node, a router, the client or the fabric."""
        return Namespace(f"{self.prefix}-{name}")

    def pods_of(self, node: Node) -> Namespace:
        return self.of(f"{node.name}-pods")

    def build(self) -> None:
        self._build_fabric()
        self._build_client()
        for router in ROUTERS.values():
            self._build_router(router)
        self.client_routes()
        for node in NODES.values():
            self.build_node(node)

    # ---- racks, client, routers --------------------------------------------------------------

    def _build_fabric(self) -> None:
        self.fabric.create()
        self.fabric.sysctl({"net.ipv6.conf.all.disable_ipv6": 1,
                            "net.ipv6.conf.default.disable_ipv6": 1})
        self.fabric.ip("link set lo up", *[
            f"link add {rack.bridge} up type bridge forward_delay 0 mcast_snooping 0"
            for rack in RACKS.values()])

    def _build_client(self) -> None:
        (client_v4, client_v6), (edge_v4, edge_v6) = CLIENT_LINK
        self.client.create()
        self.client.sysctl(QUIET_V6 | ECMP)
        self.edge.create()
        self.edge.sysctl(QUIET_V6 | FORWARD | ECMP | {"net.ipv4.fib_multipath_hash_seed?": 1000})
        connect(self.client, "eth0", self.edge, "client")
        self.client.plain_device("eth0")
        self._route_by_packet(self.edge, "client")
        self.edge.ip("link set lo up", "link set client up", f"addr add {edge_v4}/31 dev client",
                     f"addr add {edge_v6}/127 dev client nodad",
                     f"route add {CLIENT_V4}/32 via {client_v4}",
                     f"route add {CLIENT_V6}/128 via {client_v6}")
        self.client.ip("link set lo up", "link set eth0 up",
                       f"addr add {CLIENT_V4}/32 dev lo", f"addr add {CLIENT_V6}/128 dev lo nodad",
                       f"addr add {client_v4}/31 dev eth0",
                       f"addr add {client_v6}/127 dev eth0 nodad",
                       f"route add 0.0.0.0/0 via {edge_v4} src {CLIENT_V4}",
                       f"route add ::/0 via {edge_v6} src {CLIENT_V6}")

    def _build_router(self, router: Router) -> None:
        ns = self.of(router.name)
        ns.create()
        # Seeds that differ: the second hop must not repeat the choice of the first.
        ns.sysctl(QUIET_V6 | FORWARD | ECMP
                  | {"net.ipv4.fib_multipath_hash_seed?": 1000 + router.host})
        ns.ip("link set lo up", f"addr add {router.loopback_v4}/32 dev lo",
              f"addr add {router.loopback_v6}/128 dev lo nodad")
        for rack in RACKS.values():
            v4, v6 = rack.addresses(router.host)
            self._plug_in(ns, rack.bridge, rack.bridge, f"{router.name}-{rack.name}")
            self._route_by_packet(ns, rack.bridge)
            ns.ip(f"addr add {v4}/24 dev {rack.bridge}", f"addr add {v6}/64 dev {rack.bridge} nodad")
        self._link_edge(router, ns)
        for node in NODES.values():
            if node.pods:
                ns.ip(f"route add {node.pod_v4}.0/24 via {node.v4}",
                      f"route add {node.pod_v6}:/64 via {node.v6}")

    def _link_edge(self, router: Router, ns: Namespace) -> None:
        connect(self.edge, router.name, ns, "edge")
        v4, v6 = zip(router.link(0), router.link(1))
        self._route_by_packet(self.edge, router.name)
        self._route_by_packet(ns, "edge")
        self.edge.ip(f"link set {router.name} up", f"addr add {v4[1]}/31 dev {router.name}",
                     f"addr add {v6[1]}/127 dev {router.name} nodad")
        ns.ip("link set edge up", f"addr add {v4[0]}/31 dev edge",
              f"addr add {v6[0]}/127 dev edge nodad",
              f"route add {CLIENT_V4}/32 via {v4[1]}", f"route add {CLIENT_V6}/128 via {v6[1]}")

    def client_routes(self, *names: str) -> None:
        """The client's packets take any of these routers; with none given, of all routers."""
        ways = [router.link(0) for router in ROUTERS.values() if router.name in (names or ROUTERS)]
        for destination, family in (("0.0.0.0/0", 0), ("::/0", 1)):
            hops = " ".join(f"nexthop via {way[family]}" for way in ways)
            self.edge.ip(f"route replace {destination} {hops}")

    def _route_by_packet(self, ns: Namespace, device: str) -> None:
        """A device by which packets come that are routed: see forget_hash in wire.bpf.c."""
        ns.plain_device(device)
        ns.run("tc", "qdisc", "add", "dev", device, "clsact")
        ns.run("tc", "filter", "add", "dev", device, "ingress", "bpf", "direct-action",
               "object-file", str(self.wire), "section", "tc")

    def _plug_in(self, ns: Namespace, device: str, bridge: str, port: str, mac: str = "") -> None:
        """A cable from a device in a namespace to a port of a rack's bridge."""
        connect(self.fabric, port, ns, device)
        if mac:
            ns.ip(f"link set {device} address {mac}")
        self.fabric.plain_device(port)
        # XDP runs at the device of a node: what it sends back needs a program at the port, too.
        self.fabric.ip(f"link set {port} xdpdrv object {self.wire} section xdp")
        ns.plain_device(device)
        self.fabric.ip(f"link set {port} master {bridge} up")
        ns.ip(f"link set {device} up")

    # ---- nodes -------------------------------------------------------------------------------

    def build_node(self, node: Node) -> None:
        ns = self.of(node.name)
        gateway = node.rack.addresses(node.rack.gateway)
        ns.create()
        ns.sysctl(QUIET_V6 | FORWARD | STRICT)
        self._plug_in(ns, "eth0", node.rack.bridge, node.name, node.mac)
        script = ["link set lo up",
                  f"addr add {node.v4}/24 dev eth0", f"addr add {node.v6}/64 dev eth0 nodad",
                  f"route add 0.0.0.0/0 via {gateway[0]}", f"route add ::/0 via {gateway[1]}"]
        for router in ROUTERS.values():
            v4, v6 = node.rack.addresses(router.host)
            script += [f"route add {router.loopback_v4}/32 via {v4}",
                       f"route add {router.loopback_v6}/128 via {v6}"]
        for other in NODES.values():
            if other.pods and other.rack is node.rack and other is not node:
                script += [f"route add {other.pod_v4}.0/24 via {other.v4}",
                           f"route add {other.pod_v6}:/64 via {other.v6}"]
        ns.ip(*script)
        if node.pods:
            self._build_pods(node, ns)

    def _build_pods(self, node: Node, ns: Namespace) -> None:
        pods = self.pods_of(node)
        pods.create()
        pods.sysctl(QUIET_V6 | STRICT)
        connect(ns, "pods", pods, "eth0")
        ns.plain_device("pods")
        pods.plain_device("eth0")
        ns.ip("link set pods up", f"addr add {node.pod_v4}.1/24 dev pods",
              f"addr add {node.pod_v6}:1/64 dev pods nodad")
        script = ["link set lo up", "link set eth0 up"]
        for pod in node.pods:
            script += [f"addr add {pod.v4}/24 dev eth0", f"addr add {pod.v6}/64 dev eth0 nodad"]
        script += [f"route add 0.0.0.0/0 via {node.pod_v4}.1",
                   f"route add ::/0 via {node.pod_v6}:1"]
        pods.ip(*script)

    def destroy_node(self, node: Node) -> None:
        """As if somebody had pulled the plug: first nothing is heard of it, then it is gone."""
        self.fabric.ip(f"link set {node.name} down")
        self.fabric.ip(f"link delete {node.name}")
        self.pods_of(node).delete()
        self.of(node.name).delete()
