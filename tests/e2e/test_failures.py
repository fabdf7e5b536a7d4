# SPDX-License-Identifier: Apache-2.0
"""Nodes, programs and backends that die, under traffic."""

import signal

from lab import manifests
from lab.lab import wait_for
from lab.manifests import ECHO_PODS, WEB_PODS, endpoint_slices, service
from lab.topology import AGENTS, FLOATING_IPS, LB_NODES, NODES

from expect import LBS, assert_all_answered, assert_spread, sessions_stay, steady_traffic


def holder_of(lab, address):
    """The node that has a floating IP on an interface."""
    for node in AGENTS:
        if node.name in lab.off:
            continue
        for link in lab.ns(node.name).ip_json("addr", "show"):
            if any(info["local"] == address for info in link["addr_info"]):
                return node.name
    return None


def a_node_without_floating_ip(lab):
    held = {holder_of(lab, address) for address in FLOATING_IPS}
    return next(node.name for node in LB_NODES if node.name not in held)


def without_local_pods(lab):
    """Services with backends on backend nodes alone, as when Kubernetes has seen the node die."""
    lab.manifests.write("30-web", service("web", "TCP", 80),
                        *endpoint_slices("web", "TCP", WEB_PODS))
    lab.manifests.write("40-echo", service("echo", "UDP", 7),
                        *endpoint_slices("echo", "UDP", ECHO_PODS))


def test_lost_load_balancer_node_leaves_the_routers_in_seconds(lab):
    victim = a_node_without_floating_ip(lab)
    without_local_pods(lab)
    with sessions_stay(lab):
        stream = lab.client.stream("tcp", lab.vip("web"), 80, concurrency=8, interval=5,
                                   timeout=1000)
        wait_for(stream.latest, "the client's first report", 10)
        lab.power_off(victim)
        lab.wait_for_next_hops("web", LBS - {victim}, timeout=8)
        stream.stop()
        for kind, name, port in (("tcp", "web", 80), ("udp", "echo", 7)):
            for family in (4, 6):
                report = lab.client.request(kind, lab.vip(name, family), port, 600, concurrency=8)
                assert_all_answered(report)
                assert_spread(report, LBS - {victim}, "node")
        lab.power_on(victim)
        lab.wait_for_next_hops("web", LBS)
    report = lab.client.request("tcp", lab.vip("web"), 80, 900, concurrency=8)
    assert_all_answered(report)
    assert_spread(report, LBS, "node")


def test_floating_ip_of_a_lost_node_moves_and_its_sessions_come_back(lab):
    address = FLOATING_IPS[0]
    victim = holder_of(lab, address)
    other = FLOATING_IPS[1]
    allowed = 0 if victim.startswith("cp") else 1000
    with sessions_stay(lab, peers={other}), steady_traffic(lab, allowed=allowed):
        lab.power_off(victim)
        wait_for(lambda: holder_of(lab, address), f"{address} moves", 15)
        assert holder_of(lab, address) != victim
        lab.wait_for_sessions(set(FLOATING_IPS), timeout=30)
    for name, hops in lab.next_hops(lab.prefix_of("web")).items():
        assert hops == {node.v4 for node in LB_NODES if node.name not in lab.off}, name


def test_floating_ip_is_never_on_two_nodes_after_its_node_returns(lab):
    address = FLOATING_IPS[1]
    victim = holder_of(lab, address)
    lab.power_off(victim)
    wait_for(lambda: holder_of(lab, address), f"{address} moves", 15)
    lab.power_on(victim)
    lab.wait_for_sessions(set(FLOATING_IPS), timeout=40)
    held = [node.name for node in AGENTS
            for link in lab.ns(node.name).ip_json("addr", "show")
            for info in link["addr_info"] if info["local"] == address]
    assert len(held) == 1


def test_lost_backends_get_nothing_once_their_slice_says_so(lab):
    left = [pod for pod in WEB_PODS if not pod.startswith("be2")]
    with sessions_stay(lab):
        lab.power_off("be2")
        lab.manifests.write("30-web", service("web", "TCP", 80),
                            *endpoint_slices("web", "TCP", left))

        def all_answered():
            report = lab.client.request("tcp", lab.vip("web"), 80, 300, concurrency=16, timeout=500)
            return report.failed == 0

        wait_for(all_answered, "no request goes to the lost node", 10)
        report = lab.client.request("tcp", lab.vip("web"), 80, 3000, concurrency=16)
        assert_all_answered(report)
        assert_spread(report, set(left), "pod")


def test_node_that_is_not_ready_is_no_next_hop(lab):
    sick = a_node_without_floating_ip(lab)
    with sessions_stay(lab), steady_traffic(lab, allowed=8):
        lab.manifests.write("20-nodes", *[manifests.node(node, ready=node.name != sick)
                                          for node in NODES.values()])
        lab.wait_for_next_hops("web", LBS - {sick})


def test_killed_vipcastd_loses_no_packet(lab):
    """kill -9, a while without it, and a restart: long-lived and new connections go on."""
    victim = a_node_without_floating_ip(lab)
    # A long lease: nobody is to notice that the agent is gone.
    lab.restart_agent(victim, lease=60)
    lab.wait_converged()
    vip, vip6, echo = lab.vip("web"), lab.vip("web", 6), lab.vip("echo")
    streams = {
        "long-lived": lab.client.stream("tcp", vip, 80, concurrency=30, interval=10, reuse=True),
        "long-lived IPv6": lab.client.stream("tcp", vip6, 80, concurrency=15, interval=10,
                                             reuse=True),
        "new": lab.client.stream("tcp", vip, 80, concurrency=4, interval=5),
        "datagrams": lab.client.stream("udp", echo, 7, concurrency=8, interval=5, reuse=True,
                                       timeout=1000),
    }
    with sessions_stay(lab):
        for stream in streams.values():
            wait_for(stream.latest, "the client's first report", 10)
        lab.processes.get(f"{victim}-vipcastd").kill()
        report = lab.client.request("tcp", vip, 80, 900, concurrency=8)
        assert_all_answered(report, "while vipcastd is dead")
        assert_spread(report, LBS, "node")
        lab.start_agent(NODES[victim], lease=60)
        wait_for(lambda: lab.ctl(victim, "status"), f"{victim} answers again", 10)
        report = lab.client.request("tcp", vip, 80, 900, concurrency=8)
        assert_all_answered(report, "after the restart")
        assert_spread(report, LBS, "node")
    reports = {name: stream.stop() for name, stream in streams.items()}
    for name, report in reports.items():
        assert_all_answered(report, name)
    assert reports["long-lived"].connections == 30
    assert reports["long-lived IPv6"].connections == 15


def test_restarted_vipcastd_follows_what_changed_meanwhile(lab):
    victim = a_node_without_floating_ip(lab)
    lab.restart_agent(victim, lease=60)
    lab.wait_converged()
    lab.processes.get(f"{victim}-vipcastd").kill()
    left = WEB_PODS[:2]
    lab.manifests.write("30-web", service("web", "TCP", 80), *endpoint_slices("web", "TCP", left))
    lab.manifests.write("50-new", service("new", "TCP", 80), *endpoint_slices("new", "TCP", left))
    lab.start_agent(NODES[victim], lease=60)

    def followed():
        reports = [lab.client.request("tcp", lab.vip(name), 80, 300, concurrency=8, timeout=500)
                   for name in ("web", "new")]
        return all(not report.failed and set(report.by_pod()) == set(left)
                   and report.by_node()[victim] for report in reports)

    wait_for(followed, "both Services are at their new backends, by every node", 15)


def test_stopped_vipcastd_leaves_once_its_lease_is_over(lab):
    """Its XDP program goes on meanwhile, so a successor would find everything at work."""
    victim = a_node_without_floating_ip(lab)
    with sessions_stay(lab), steady_traffic(lab, allowed=8):
        lab.processes.get(f"{victim}-vipcastd").signal(signal.SIGTERM)
        report = lab.client.request("tcp", lab.vip("web"), 80, 600, concurrency=8)
        assert_all_answered(report)
        assert_spread(report, LBS, "node")
        lab.wait_for_next_hops("web", LBS - {victim}, timeout=8)


def test_restarted_vipcastd_is_not_seen_by_the_routers(lab):
    """Neither the routes nor what flows through them changes."""
    victim = a_node_without_floating_ip(lab)
    with sessions_stay(lab), steady_traffic(lab, concurrency=20, reuse=True):
        for _ in range(3):
            lab.restart_agent(victim)
            wait_for(lambda: lab.ctl(victim, "status"), f"{victim} answers again", 10)
            report = lab.client.request("tcp", lab.vip("web"), 80, 300, concurrency=8)
            assert_all_answered(report)


def test_dead_controller_stops_nothing(lab):
    with sessions_stay(lab), steady_traffic(lab):
        lab.processes.kill("controller")
        fewer = WEB_PODS[:4]
        lab.manifests.write("30-web", service("web", "TCP", 80),
                            *endpoint_slices("web", "TCP", fewer))

        def followed():
            report = lab.client.request("tcp", lab.vip("web"), 80, 300, concurrency=8)
            return set(report.by_pod()) == set(fewer)

        wait_for(followed, "agents follow EndpointSlices by themselves", 10)
