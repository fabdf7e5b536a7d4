# SPDX-License-Identifier: Apache-2.0
"""Each resource is added, changed and deleted while traffic flows: only what changed moves."""

from lab import manifests
from lab.lab import wait_for
from lab.manifests import WEB_PODS, endpoint_slices, service
from lab.topology import FLOATING_IPS, LB_NODES, NODES, POOL, SPARE_FLOATING_IP

from expect import (LBS, assert_all_answered, assert_spread, sessions_stay, steady_traffic,
                    wait_until_answered)


def write_shop(lab, name="shop", port=8000, pods=tuple(WEB_PODS), **spec):
    lab.manifests.write(f"50-{name}", service(name, "TCP", port, **spec),
                        *endpoint_slices(name, "TCP", list(pods)))


def test_service_added_changed_deleted(lab):
    with sessions_stay(lab), steady_traffic(lab):
        write_shop(lab)
        lab.wait_for_next_hops("shop", LBS)
        address, prefix = lab.vip("shop"), lab.prefix_of("shop")
        wait_until_answered(lab, "tcp", address, 8000)

        write_shop(lab, port=8001)
        wait_until_answered(lab, "tcp", address, 8001)
        wait_for(lambda: lab.client.request("tcp", address, 8000, 1, timeout=200).failed,
                 "the old port is shut", 10)

        lab.manifests.remove("50-shop")
        wait_for(lambda: not any(lab.next_hops(prefix).values()), "the VIP is withdrawn", 10)


def test_vip_comes_back_to_the_pool_and_stays_while_in_use(lab):
    with sessions_stay(lab):
        write_shop(lab, "one")
        write_shop(lab, "two")
        lab.wait_for_next_hops("one", LBS)
        lab.wait_for_next_hops("two", LBS)
        one, two = lab.manifests.vips("one"), lab.manifests.vips("two")
        assert not set(one) & set(two)
        lab.manifests.remove("50-one")
        wait_for(lambda: not any(lab.next_hops(f"{one[0]}/32").values()), "one is withdrawn", 10)
        write_shop(lab, "three", loadBalancerIP=one[0], families=("IPv4",))
        wait_for(lambda: lab.manifests.vips("three") == [one[0]], "three has the freed VIP", 10)
        assert lab.manifests.vips("two") == two


def test_backends_added_and_removed_fail_no_request(lab):
    with sessions_stay(lab), steady_traffic(lab, concurrency=8) as stream:
        fewer = [pod for pod in WEB_PODS if not pod.startswith("be1")]
        lab.manifests.write("30-web", service("web", "TCP", 80),
                            *endpoint_slices("web", "TCP", fewer))

        def only(pods):
            report = lab.client.request("tcp", lab.vip("web"), 80, 300, concurrency=8)
            assert_all_answered(report)
            return set(report.by_pod()) == set(pods)

        wait_for(lambda: only(fewer), "requests go to the pods that are left", 10)
        lab.manifests.write("30-web", service("web", "TCP", 80),
                            *endpoint_slices("web", "TCP", WEB_PODS))
        wait_for(lambda: only(WEB_PODS), "requests go to all pods again", 10)
        assert stream.latest().failed == 0


def test_backend_that_is_not_ready_gets_no_new_connection(lab):
    out = WEB_PODS[:3]
    lab.manifests.write("30-web", service("web", "TCP", 80),
                        *endpoint_slices("web", "TCP", WEB_PODS, not_ready=tuple(out)))

    def gone():
        report = lab.client.request("tcp", lab.vip("web"), 80, 200, concurrency=8)
        return not set(report.by_pod()) & set(out)

    wait_for(gone, "pods that are not ready get nothing", 10)


def test_long_lived_connections_stay_on_a_backend_that_drains(lab):
    """A terminating pod that still serves keeps what it has and gets nothing new."""
    stream = lab.client.stream("tcp", lab.vip("web"), 80, concurrency=40, interval=20, reuse=True)
    wait_for(stream.latest, "the client's first report", 10)
    drained = WEB_PODS[:4]
    lab.manifests.write("30-web", service("web", "TCP", 80),
                        *endpoint_slices("web", "TCP", [*WEB_PODS, "lb1-a"],
                                         terminating=tuple(drained)))

    def only_others():
        report = lab.client.request("tcp", lab.vip("web"), 80, 200, concurrency=8)
        return not set(report.by_pod()) & set(drained)

    wait_for(only_others, "draining pods get no new connection", 10)
    before = stream.latest().by_pod()
    wait_for(lambda: sum((stream.latest().by_pod() - before)[pod] for pod in drained) > 50,
             "connections of draining pods still carry requests", 10)
    report = stream.stop()
    assert report.failed == 0 and report.connections == 40, str(report)


def test_floating_ip_added_and_removed(lab):
    more = SPARE_FLOATING_IP
    with sessions_stay(lab, peers=set(FLOATING_IPS)), steady_traffic(lab):
        lab.manifests.change("NetworkGatewayGroup", "default",
                             lambda group: group["spec"]["floatingIPs"].append(more))
        lab.wait_for_sessions({*FLOATING_IPS, more})
        lab.manifests.change("NetworkGatewayGroup", "default",
                             lambda group: group["spec"]["floatingIPs"].remove(more))
        lab.wait_for_sessions(set(FLOATING_IPS))
    assert not lab.ns("client").run("ping", "-c1", "-W1", more, check=False).count("1 received")


def test_pool_added_and_used(lab):
    wanted = "203.0.113.5"
    pools = [{"name": "front", "addresses": list(POOL)},
             {"name": "extra", "manualAssign": True, "addresses": ["203.0.113.0/28"]}]
    with sessions_stay(lab), steady_traffic(lab):
        write_shop(lab, families=("IPv4",), loadBalancerIP=wanted)

        def add(cluster):
            cluster["spec"]["loadBalancer"]["addressPools"] = pools

        def remove(cluster):
            cluster["spec"]["loadBalancer"]["addressPools"] = pools[:1]

        lab.manifests.change("Cluster", "east", add)
        wait_for(lambda: lab.manifests.vips("shop") == [wanted], "the Service has its VIP", 10)
        wait_until_answered(lab, "tcp", wanted, 8000, timeout=15)
        lab.manifests.remove("50-shop")
        wait_for(lambda: not any(lab.next_hops(f"{wanted}/32").values()), "withdrawn", 10)
        lab.manifests.change("Cluster", "east", remove)


def test_peer_of_the_cluster_removed_and_added(lab):
    peers = lab.manifests.get("Cluster", "east")[1]["spec"]["loadBalancer"]["bgpPeers"]

    def set_peers(chosen):
        def change(cluster):
            cluster["spec"]["loadBalancer"]["bgpPeers"] = chosen
        lab.manifests.change("Cluster", "east", change)

    lab.network.client_routes("r1")
    with sessions_stay(lab, routers={"r1"}), steady_traffic(lab):
        set_peers(peers[:1])
        wait_for(lambda: not lab.routers["r2"].connections(), "r2 has no session", 10)
        wait_for(lambda: not lab.routers["r2"].kernel_next_hops(lab.prefix_of("web")),
                 "r2 has no route", 10)
        set_peers(peers)
        lab.wait_for_sessions(set(FLOATING_IPS))
        lab.wait_for_next_hops("web", LBS)


def test_bgp_peer_added_changed_deleted(lab):
    labels = {"vipcast.example/data-plane": "true"}
    selector = manifests.bgp_load_balancer(labels)
    r1 = manifests.bgp_peer("r1", "172.30.9.10", labels)
    r2 = manifests.bgp_peer("r2", "172.30.9.11", labels)
    lab.network.client_routes("r1")
    lab.manifests.write("60-peers", selector, r1)
    wait_for(lambda: not lab.routers["r2"].connections(), "r2 is no peer any more", 10)
    wait_for(lambda: lab.routers["r1"].established() == set(FLOATING_IPS), "r1 is one", 20)
    lab.network.client_routes("r1")
    with sessions_stay(lab, routers={"r1"}), steady_traffic(lab):
        lab.manifests.write("60-peers", selector, r1, r2)
        lab.wait_for_sessions(set(FLOATING_IPS))
        lab.wait_for_next_hops("web", LBS)
        r2["spec"]["sessions"] = 1
        lab.manifests.write("60-peers", selector, r1, r2)
        wait_for(lambda: len(lab.routers["r2"].established()) == 1, "r2 has one session left", 10)
        lab.wait_for_next_hops("web", LBS)
        lab.manifests.write("60-peers", selector, r1)
        wait_for(lambda: not lab.routers["r2"].connections(), "r2 has no session", 10)


def test_cordoned_node_stops_being_a_next_hop_and_comes_back(lab):
    def cordon(on):
        lab.manifests.write("20-nodes", *[manifests.node(node, cordoned=on and node.name == "lb2")
                                          for node in NODES.values()])

    # Routers move flows that are under way when their set of next hops changes; with full NAT the
    # node that gets one in its middle cannot know it. New connections must not notice.
    with sessions_stay(lab), steady_traffic(lab, allowed=8):
        cordon(True)
        lab.wait_for_next_hops("web", LBS - {"lb2"})
        report = lab.client.request("tcp", lab.vip("web"), 80, 600, concurrency=8)
        assert_all_answered(report)
        assert_spread(report, LBS - {"lb2"}, "node")
        cordon(False)
        lab.wait_for_next_hops("web", LBS)
    report = lab.client.request("tcp", lab.vip("web"), 80, 600, concurrency=8)
    assert_spread(report, LBS, "node")


def test_load_balancer_node_pool_changed(lab):
    with sessions_stay(lab):
        lab.manifests.write("10-cluster", manifests.cluster(
            nodePoolSpec={"nodes": [{"address": node.v4} for node in LB_NODES[:2]]}),
            manifests.gateway_group())
        lab.wait_for_next_hops("web", {node.name for node in LB_NODES[:2]})
        lab.manifests.write("10-cluster", manifests.cluster(), manifests.gateway_group())
        lab.wait_for_next_hops("web", LBS)


def test_service_of_one_family(lab):
    with sessions_stay(lab):
        for family, name in ((4, "four"), (6, "six")):
            lab.manifests.write(f"50-{name}", service(name, "TCP", 80, (f"IPv{family}",)),
                                *endpoint_slices(name, "TCP", WEB_PODS,
                                                 families=(f"IPv{family}",)))
            wait_for(lambda: len(lab.manifests.vips(name)) == 1, f"{name} has one VIP", 10)
            wait_until_answered(lab, "tcp", lab.vip(name, family), 80, timeout=15)


def test_service_without_backends_is_dropped_until_it_has_one(lab):
    lab.manifests.write("50-empty", service("empty", "TCP", 80))
    wait_for(lambda: lab.manifests.vips("empty"), "it has a VIP", 10)
    report = lab.client.request("tcp", lab.vip("empty"), 80, 2, timeout=300)
    assert report.ok == 0
    lab.manifests.write("50-empty", service("empty", "TCP", 80),
                        *endpoint_slices("empty", "TCP", WEB_PODS[:1]))
    lab.wait_for_next_hops("empty", LBS)
    wait_until_answered(lab, "tcp", lab.vip("empty"), 80)
