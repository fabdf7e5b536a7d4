# SPDX-License-Identifier: Apache-2.0
"""Sessions, floating IPs and routes, as the routers see them."""

from lab import manifests
from lab.lab import wait_for
from lab.manifests import WEB_PODS, endpoint_slices, service
from lab.topology import AGENTS, FLOATING_IPS, LB_NODES, NODES

from expect import sessions_stay


def test_both_routers_have_a_session_with_each_floating_ip(lab):
    for router in lab.routers.values():
        assert router.established() == set(FLOATING_IPS)
        assert set(router.connections()) == set(FLOATING_IPS)


def test_each_floating_ip_is_held_by_one_node_of_its_subnet(lab):
    holders = {address: [] for address in FLOATING_IPS}
    for node in AGENTS:
        for link in lab.ns(node.name).ip_json("addr", "show"):
            for info in link["addr_info"]:
                if info["local"] in holders:
                    holders[info["local"]].append(node)
    for address, nodes in holders.items():
        assert len(nodes) == 1, f"{address} is held by {nodes}"
        assert address.startswith(nodes[0].rack.v4 + ".")


def test_one_session_carries_every_load_balancer_node_as_next_hop(lab):
    for family in (4, 6):
        wanted = {node.v4 if family == 4 else node.v6 for node in LB_NODES}
        prefix = lab.prefix_of("web", family)
        for router in lab.routers.values():
            for peer in FLOATING_IPS:
                assert router.next_hops_of(prefix, peer) == wanted, f"{router.name} from {peer}"


def test_kernels_of_both_routers_have_every_next_hop(lab):
    for family in (4, 6):
        wanted = {node.v4 if family == 4 else node.v6 for node in LB_NODES}
        for name, hops in lab.next_hops(lab.prefix_of("echo", family)).items():
            assert hops == wanted, name


def test_routers_learn_the_vips_and_nothing_else(lab):
    wanted = {lab.prefix_of(name, family) for name in ("web", "echo") for family in (4, 6)}
    for router in lab.routers.values():
        assert router.prefixes() == wanted, router.name


def test_without_add_path_each_session_carries_one_next_hop_and_vips_spread(lab):
    names = [f"many{i}" for i in range(12)]
    lab.manifests.write("50-many", *[item for name in names for item in [
        service(name, "TCP", 80, ("IPv4",)),
        *endpoint_slices(name, "TCP", WEB_PODS[:2], families=("IPv4",))]])
    for name in names:
        wait_for(lambda: lab.manifests.vips(name), f"{name} has a VIP", 10)
    router = lab.routers["r2"]
    with sessions_stay(lab, routers={"r1"}):
        router.restart(add_path=False)
        lab.wait_for_sessions(set(FLOATING_IPS))
        prefixes = [lab.prefix_of(name) for name in names]

        def one_each() -> bool:
            return all(len(router.next_hops_of(prefix, peer)) == 1
                       for prefix in prefixes for peer in FLOATING_IPS)

        wait_for(one_each, "one next hop a session and prefix", 20)
    used = {prefix: router.next_hops(prefix) for prefix in prefixes}
    assert all(len(hops) == 2 for hops in used.values()), f"sessions of one VIP agree: {used}"
    assert set().union(*used.values()) == {node.v4 for node in LB_NODES}
    for prefix in prefixes:
        assert router.kernel_next_hops(prefix) == used[prefix]
        assert lab.routers["r1"].next_hops(prefix) == {node.v4 for node in LB_NODES}


def test_router_that_restarts_gets_everything_again(lab):
    with sessions_stay(lab, routers={"r2"}):
        lab.routers["r1"].restart(add_path=True)
        lab.wait_converged()


def test_sessions_survive_a_restart_of_the_controller(lab):
    with sessions_stay(lab):
        lab.processes.kill("controller")
        lab.start_controller()
        lab.manifests.write("50-new", service("new", "TCP", 80),
                            *endpoint_slices("new", "TCP", WEB_PODS))
        lab.wait_for_next_hops("new", {node.name for node in LB_NODES})
    assert lab.vip("new") != lab.vip("web")


def test_bgp_peers_chosen_by_labels_serve_the_data_plane(lab):
    labels = {"vipcast.example/data-plane": "true"}
    peers = {name: manifests.bgp_peer(name, lab.routers[name].router.loopback_v4, labels,
                                      sessions=1) for name in lab.routers}
    lab.manifests.write("60-peers", manifests.bgp_load_balancer(labels), *peers.values())
    for router in lab.routers.values():
        wait_for(lambda: len(router.established()) == 1, f"{router.name} has one session", 40)
    wanted = {node.v4 for node in LB_NODES}
    for name, hops in lab.next_hops(lab.prefix_of("web")).items():
        assert hops == wanted, name
    assert NODES["cp1"].v4 not in lab.routers["r1"].sessions()
