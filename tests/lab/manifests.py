# SPDX-License-Identifier: Apache-2.0
"""The manifests of a lab: objects as Python dicts, written as YAML that a person likes to read."""

import copy
import json
import os
import re
from pathlib import Path

from lab import topology
from lab.topology import CP_NODES, LB_NODES, NODES, PODS, ROUTERS, SERVER_PORT, Node

CLUSTER_NAMESPACE = "cluster-east"
SERVICE_NAMESPACE = "shop"

# Plain scalars that YAML reads as the string that they are.
PLAIN = re.compile(r"^[A-Za-z0-9_./][A-Za-z0-9_./@+-]*$")
NOT_STRINGS = re.compile(r"^(true|false|yes|no|on|off|y|n|null|~"
                         r"|[-+]?(\d[\d_]*)?\.?\d*(e[-+]?\d+)?|0[xo][0-9a-f]+)$", re.IGNORECASE)


# ---- YAML ------------------------------------------------------------------------------------


def scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if PLAIN.match(value) and not NOT_STRINGS.match(value):
        return value
    return json.dumps(value)


def lines_of(value: object, indent: str) -> list[str]:
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, dict) and item:
                lines += [f"{indent}{scalar(key)}:", *lines_of(item, indent + "  ")]
            elif isinstance(item, list) and item:
                lines += [f"{indent}{scalar(key)}:", *lines_of(item, indent)]
            else:
                empty = "{}" if item == {} else "[]" if item == [] else None
                lines.append(f"{indent}{scalar(key)}: {empty or scalar(item)}")
        return lines
    lines = []
    for item in value:
        if isinstance(item, dict):
            first, *rest = lines_of(item, indent + "  ")
            lines += [f"{indent}- {first.lstrip()}", *rest]
        else:
            lines.append(f"{indent}- {scalar(item)}")
    return lines


def to_yaml(objects: list[dict]) -> str:
    return "---\n".join("\n".join(lines_of(item, "")) + "\n" for item in objects)


# ---- objects ---------------------------------------------------------------------------------


def cluster(**load_balancer) -> dict:
    """The Cluster; arguments replace or add fields of spec.loadBalancer."""
    return {
        "apiVersion": "baremetal.cluster.gke.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "east", "namespace": CLUSTER_NAMESPACE},
        "spec": {
            "clusterNetwork": {
                "advancedNetworking": True,
                "pods": {"cidrBlocks": ["10.244.0.0/16", "fd00:244::/32"]},
                "services": {"cidrBlocks": ["10.96.0.0/16", "fd00:96::/112"]},
            },
            "controlPlane": {"nodePoolSpec": {"nodes": [{"address": n.v4} for n in CP_NODES]}},
            "loadBalancer": {
                "mode": "bundled",
                "type": "bgp",
                "localASN": topology.LOCAL_AS,
                "bgpPeers": [{"ip": router.loopback_v4, "asn": topology.ROUTER_AS}
                             for router in ROUTERS.values()],
                "ports": {"controlPlaneLBPort": 443},
                "vips": {"controlPlaneVIP": topology.CONTROL_PLANE_VIP,
                         "ingressVIP": topology.INGRESS_VIP},
                "addressPools": [{"name": "front", "addresses": list(topology.POOL)}],
                "nodePoolSpec": {"nodes": [{"address": node.v4} for node in LB_NODES]},
                **load_balancer,
            },
        },
    }


def gateway_group(floating_ips: list[str] | None = None) -> dict:
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "NetworkGatewayGroup",
        "metadata": {"name": "default", "namespace": CLUSTER_NAMESPACE},
        "spec": {"floatingIPs": list(floating_ips or topology.FLOATING_IPS)},
    }


def bgp_load_balancer(labels: dict[str, str]) -> dict:
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "BGPLoadBalancer",
        "metadata": {"name": "default", "namespace": CLUSTER_NAMESPACE},
        "spec": {"peerSelector": labels},
    }


def bgp_peer(name: str, peer_ip: str, labels: dict[str, str], sessions: int = 2, **spec) -> dict:
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "BGPPeer",
        "metadata": {"name": name, "namespace": CLUSTER_NAMESPACE, "labels": labels},
        "spec": {"localASN": topology.LOCAL_AS, "peerASN": topology.ROUTER_AS, "peerIP": peer_ip,
                 "sessions": sessions, **spec},
    }


def node(of: Node, ready: bool = True, cordoned: bool = False) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": of.name},
        "spec": {"unschedulable": True} if cordoned else {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address} for address in (of.v4, of.v6)]
            + [{"type": "Hostname", "address": of.name}],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def service(name: str, protocol: str, port: int, families: tuple[str, ...] = ("IPv4", "IPv6"),
            **spec) -> dict:
    policy = {"ipFamilyPolicy": "RequireDualStack"} if len(families) == 2 else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": SERVICE_NAMESPACE},
        "spec": {
            "type": "LoadBalancer",
            **policy,
            "ipFamilies": list(families),
            "selector": {"app": name},
            "ports": [{"name": "main", "protocol": protocol, "port": port,
                       "targetPort": SERVER_PORT}],
            **spec,
        },
    }


def endpoint_slices(name: str, protocol: str, pods: list[str], not_ready: tuple[str, ...] = (),
                    terminating: tuple[str, ...] = (),
                    families: tuple[str, ...] = ("IPv4", "IPv6")) -> list[dict]:
    """One slice a family; pods by name, those of NOT_READY and TERMINATING so marked."""

    def endpoint(pod: topology.Pod, address: str) -> dict:
        ending = pod.name in terminating
        conditions = {"ready": pod.name not in not_ready and not ending}
        if ending:
            conditions |= {"serving": True, "terminating": True}
        return {"addresses": [address], "conditions": conditions, "nodeName": pod.node,
                "targetRef": {"kind": "Pod", "namespace": SERVICE_NAMESPACE, "name": pod.name}}

    chosen = [PODS[pod] for pod in pods]
    return [{
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-{family.lower()}", "namespace": SERVICE_NAMESPACE,
                     "labels": {"kubernetes.io/service-name": name}},
        "addressType": family,
        "ports": [{"name": "main", "protocol": protocol, "port": SERVER_PORT}],
        "endpoints": [endpoint(pod, pod.v4 if family == "IPv4" else pod.v6) for pod in chosen],
    } for family in families]


WEB_PODS = [pod.name for pod in PODS.values() if pod.node.startswith("be") and pod.name[-1] in "ab"]
ECHO_PODS = [pod.name for pod in PODS.values() if pod.node.startswith("be") and pod.name[-1] == "c"]


def base() -> dict[str, list[dict]]:
    """What a lab starts with: file name -> objects. Each service has a pod on a load balancer
    node too."""
    web, echo = [*WEB_PODS, "lb1-a"], [*ECHO_PODS, "lb2-a"]
    return {
        "10-cluster": [cluster(), gateway_group()],
        "20-nodes": [node(each) for each in NODES.values()],
        "30-web": [service("web", "TCP", 80), *endpoint_slices("web", "TCP", web)],
        "40-echo": [service("echo", "UDP", 7), *endpoint_slices("echo", "UDP", echo)],
    }


# ---- the directory ---------------------------------------------------------------------------


class Manifests:
    """The directory that vipcast reads. Files are replaced whole, as a good editor does."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: dict[str, list[dict]] = {}

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.yaml"

    def write(self, name: str, *objects: dict) -> None:
        self.files[name] = copy.deepcopy(list(objects))
        self.write_text(name, to_yaml(list(objects)))

    def write_text(self, name: str, text: str) -> None:
        """Any text, good or bad; what `files` says of the name stays as it was."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{name}.tmp"
        temporary.write_text(text)
        os.replace(temporary, self.path(name))

    def remove(self, name: str) -> None:
        self.files.pop(name, None)
        self.path(name).unlink(missing_ok=True)

    def get(self, kind: str, name: str) -> tuple[str, dict]:
        """An object and the file that holds it; change it, then write_back()."""
        for file, objects in self.files.items():
            for item in objects:
                if item["kind"] == kind and item["metadata"]["name"] == name:
                    return file, item
        raise KeyError(f"{kind}/{name}")

    def change(self, kind: str, name: str, change) -> None:
        """Calls CHANGE with a copy of the object, and writes its file with what became of it."""
        file, item = self.get(kind, name)
        objects = copy.deepcopy(self.files[file])
        change(objects[self.files[file].index(item)])
        self.write(file, *objects)

    def replace_all(self, files: dict[str, list[dict]]) -> None:
        for name in set(self.files) - set(files):
            self.remove(name)
        for path in self.folder.glob("*.yaml"):
            if path.stem not in files:
                path.unlink()
        for name, objects in files.items():
            text = to_yaml(objects)
            path = self.path(name)
            if not path.exists() or path.read_text() != text:
                self.write(name, *objects)
            self.files[name] = copy.deepcopy(objects)

    def status(self, kind: str, namespace: str, name: str) -> dict:
        """What vipcast wrote as an object's status; empty if nothing yet."""
        path = self.folder / ".vipcast" / "status" / kind / f"{namespace}.{name}.json"
        try:
            document = json.loads(path.read_text())
        except (OSError, json.JSONDecodeError):
            return {}
        return document.get("status", document)

    def vips(self, service_name: str) -> list[str]:
        status = self.status("Service", SERVICE_NAMESPACE, service_name)
        ingress = status.get("loadBalancer", {}).get("ingress", [])
        return [entry["ip"] for entry in ingress]
