# SPDX-License-Identifier: Apache-2.0
"""Real requests through routers, XDP and pods."""

import pytest

from lab.lab import wait_for
from lab.manifests import ECHO_PODS, WEB_PODS, endpoint_slices, service

from expect import LBS, assert_all_answered, assert_spread, wait_until_answered

WAYS = [("web", "tcp", 80, 4), ("web", "tcp", 80, 6), ("echo", "udp", 7, 4), ("echo", "udp", 7, 6)]


@pytest.mark.parametrize("name,kind,port,family", WAYS)
def test_requests_spread_over_nodes_and_backends(lab, name, kind, port, family):
    report = lab.client.request(kind, lab.vip(name, family), port, 3000, concurrency=16)
    assert_all_answered(report)
    assert_spread(report, LBS, "node")
    assert_spread(report, {*WEB_PODS, "lb1-a"} if name == "web" else {*ECHO_PODS, "lb2-a"}, "pod")


@pytest.mark.parametrize("kind,family", [("tcp", 4), ("tcp", 6), ("udp", 4), ("udp", 6)])
def test_backends_on_a_load_balancer_node_itself(lab, kind, family):
    """lb1 reaches them through its stack, the other two over the network."""
    lab.manifests.write("50-local", service("local", kind.upper(), 81),
                        *endpoint_slices("local", kind.upper(), ["lb1-a", "lb1-b"]))
    lab.wait_for_next_hops("local", LBS)
    wait_until_answered(lab, kind, lab.vip("local", family), 81)
    report = lab.client.request(kind, lab.vip("local", family), 81, 1000, concurrency=8)
    assert_all_answered(report)
    assert_spread(report, LBS, "node")
    assert_spread(report, {"lb1-a", "lb1-b"}, "pod")


@pytest.mark.parametrize("family", [4, 6])
def test_long_lived_connections_carry_many_requests(lab, family):
    report = lab.client.request("tcp", lab.vip("web", family), 80, 5000, concurrency=20, reuse=True)
    assert_all_answered(report)
    assert report.connections == 20


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("options", [{"get_bytes": 2_000_000}, {"post_bytes": 2_000_000}])
def test_bulk_transfers_arrive_whole(lab, family, options):
    report = lab.client.request("tcp", lab.vip("web", family), 80, 8, concurrency=4, timeout=20000,
                                **options)
    assert_all_answered(report)


@pytest.mark.parametrize("family", [4, 6])
def test_datagrams_as_big_as_the_mtu_arrive_whole(lab, family):
    report = lab.client.request("udp", lab.vip("echo", family), 7, 200, concurrency=4, pad=1280)
    assert_all_answered(report)


@pytest.mark.parametrize("family", [4, 6])
def test_vip_answers_ping(lab, family):
    assert lab.client.ping(lab.vip("web", family), 20) == 20


def test_port_that_no_service_has_is_dropped_not_looped(lab):
    def dropped() -> int:
        return sum(lab.ns(name).packets("eth0", "rx") for name in LBS)

    before = dropped()
    report = lab.client.request("udp", lab.vip("echo"), 9, 20, concurrency=5, timeout=300)
    assert report.ok == 0
    # A packet that is handed back and forth with a router would be seen 64 times.
    assert dropped() - before < 200


def test_traffic_through_one_router_alone(lab):
    for name in lab.routers:
        lab.network.client_routes(name)
        report = lab.client.request("tcp", lab.vip("web"), 80, 600, concurrency=8)
        assert_all_answered(report, name)
        assert_spread(report, LBS, "node")


def test_counters_of_vipcast_agree_with_what_the_client_got(lab):
    vip = lab.vip("web")
    report = lab.client.request("tcp", vip, 80, 500, concurrency=8)
    assert_all_answered(report)
    by_node = report.by_node()
    for name in LBS:
        def counted() -> bool:
            rows = [row for row in lab.ctl_json(name, "vips") if row["vip"] == vip]
            return sum(row["packets"] for row in rows) >= by_node[name] * 4
        wait_for(counted, f"{name} counts the packets of its {by_node[name]} requests", 5)
