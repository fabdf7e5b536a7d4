# SPDX-License-Identifier: Apache-2.0
"""The lab as data: who is there, where, with which addresses.

                     client 192.0.2.100, 2001:db8:c::100
                              |
                            edge                     ECMP to both routers
                    /                    \\
      r1 BIRD 172.30.9.10            r2 FRR 172.30.9.11           AS 64602
            |       \\______   ______/       |
            |        ______\\_/______        |
      rack A 172.30.1.0/24          rack B 172.30.2.0/24          AS 64601
      cp1 lb1 lb2 be1 be2           cp2 lb3 be3 be4

The edge is the rest of the world: it spreads the client's flows over both routers.

A rack is a bridge in the namespace `fabric`; both routers stand in both racks. Pods live in a
namespace of their own beside their node's, as with a bridge CNI in host-gateway mode: nodes of one
rack have routes to each other's pods, other racks are reached through a router.
"""

from dataclasses import dataclass

ROUTER_AS = 64602
LOCAL_AS = 64601
SERVER_PORT = 8080

CLIENT_V4, CLIENT_V6 = "192.0.2.100", "2001:db8:c::100"
# The link between the client (first) and the edge.
CLIENT_LINK = (("172.30.99.1", "2001:db8:c:9::1"), ("172.30.99.0", "2001:db8:c:9::"))
FLOATING_IPS = ["172.30.1.100", "172.30.2.100"]
SPARE_FLOATING_IP = "172.30.1.101"
CONTROL_PLANE_VIP = "198.51.100.200"
INGRESS_VIP = "198.51.100.60"
POOL = ["198.51.100.1-198.51.100.60", "2001:db8:100::1-2001:db8:100::20"]


@dataclass(frozen=True)
class Rack:
    name: str
    v4: str  # first three octets
    v6: str  # first 64 bits
    gateway: int  # host number of the router that its nodes use by default

    @property
    def bridge(self) -> str:
        return f"rack{self.name}"

    def addresses(self, host: int) -> tuple[str, str]:
        """Both addresses of a host number; the digits are the same in both families."""
        return f"{self.v4}.{host}", f"{self.v6}::{host}"


RACKS = {
    "A": Rack("A", "172.30.1", "2001:db8:30:1", gateway=1),
    "B": Rack("B", "172.30.2", "2001:db8:30:2", gateway=2),
}


@dataclass(frozen=True)
class Pod:
    name: str
    node: str
    v4: str
    v6: str


@dataclass(frozen=True)
class Node:
    name: str
    rack: Rack
    host: int
    pod_net: int = 0  # N of 10.244.N.0/24; 0: no pods here
    pod_letters: str = ""

    @property
    def kind(self) -> str:
        return self.name[:2]

    @property
    def v4(self) -> str:
        return self.rack.addresses(self.host)[0]

    @property
    def v6(self) -> str:
        return self.rack.addresses(self.host)[1]

    @property
    def mac(self) -> str:
        """Stays when the node is switched off and on, as a machine's does."""
        return f"02:1a:b0:00:{'AB'.index(self.rack.name) + 1:02x}:{self.host:02x}"

    @property
    def pod_v4(self) -> str:
        return f"10.244.{self.pod_net}"

    @property
    def pod_v6(self) -> str:
        return f"fd00:244:{self.pod_net}:"

    @property
    def pods(self) -> list[Pod]:
        return [Pod(f"{self.name}-{letter}", self.name, f"{self.pod_v4}.{10 + i}",
                    f"{self.pod_v6}:{10 + i}") for i, letter in enumerate(self.pod_letters)]

    @property
    def roles(self) -> str:
        """The roles of its vipcastd; empty: none runs here."""
        return {"cp": "speaker", "lb": "speaker,dataplane"}.get(self.kind, "")


@dataclass(frozen=True)
class Router:
    name: str
    daemon: str  # "bird", "frr"
    host: int  # in each rack
    loopback_v4: str
    loopback_v6: str
    edge_v4: str  # first three octets of its link to the edge
    edge_v6: str

    def link(self, end: int) -> tuple[str, str]:
        """Addresses of the link to the edge: end 0 the router's, end 1 the edge's."""
        return f"{self.edge_v4}.{end}", f"{self.edge_v6}::{end}"


A, B = RACKS["A"], RACKS["B"]
NODES = {node.name: node for node in [
    Node("cp1", A, 10),
    Node("cp2", B, 10),
    Node("lb1", A, 21, 11, "ab"),
    Node("lb2", A, 22, 12, "ab"),
    Node("lb3", B, 21, 13, "ab"),
    Node("be1", A, 31, 1, "abc"),
    Node("be2", A, 32, 2, "abc"),
    Node("be3", B, 31, 3, "abc"),
    Node("be4", B, 32, 4, "abc"),
]}
ROUTERS = {router.name: router for router in [
    Router("r1", "bird", 1, "172.30.9.10", "2001:db8:9::10", "172.30.100", "2001:db8:c:1"),
    Router("r2", "frr", 2, "172.30.9.11", "2001:db8:9::11", "172.30.101", "2001:db8:c:2"),
]}

LB_NODES = [node for node in NODES.values() if node.kind == "lb"]
CP_NODES = [node for node in NODES.values() if node.kind == "cp"]
AGENTS = [node for node in NODES.values() if node.roles]
PODS = {pod.name: pod for node in NODES.values() for pod in node.pods}
NODE_OF_ADDRESS = {address: node.name for node in NODES.values() for address in (node.v4, node.v6)}
# The addresses under which a load balancer node speaks to pods of its own.
DOOR_ADDRESSES = {"169.254.77.2", "fd76:6970:6361:7374::2"}
