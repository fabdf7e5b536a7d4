# SPDX-License-Identifier: Apache-2.0
"""What an operator sees: vipcastctl, the maps in the kernel, validation of a configuration."""

import json
import subprocess

import pytest

from lab import manifests
from lab.lab import wait_for
from lab.manifests import ECHO_PODS, WEB_PODS, to_yaml
from lab.netns import run
from lab.topology import AGENTS, FLOATING_IPS, LB_NODES, PODS, ROUTERS

from expect import assert_all_answered, sessions_stay


def ctl(lab, *words):
    return subprocess.run([str(lab.build / "vipcastctl"), *words], capture_output=True, text=True,
                          timeout=30)


def header_of(table):
    return table.splitlines()[0]


def test_sessions_have_the_columns_of_bgpsessions(lab):
    table = lab.ctl("lb1", "sessions")
    for column in ("NAME", "LOCAL ASN", "PEER ASN", "LOCAL IP", "PEER IP", "STATE", "LAST REPORT"):
        assert column in header_of(table)
    rows = lab.ctl_json("lb1", "sessions")
    assert {(row["peerIP"], row["floatingIP"]) for row in rows} == {
        (router.loopback_v4, address) for router in ROUTERS.values() for address in FLOATING_IPS}
    for row in rows:
        assert row["state"] == "Established" and row["addPath"] is True
        assert row["name"] == f"{row['peerIP']}-{row['node']}"


def test_routes_have_the_columns_of_bgpadvertisedroutes(lab):
    table = lab.ctl("lb1", "routes")
    for column in ("NAME", "PREFIX", "METRIC"):
        assert column in header_of(table)
    routes = {row["name"]: row for row in lab.ctl_json("lb1", "routes")}
    assert set(routes) == {"default-shop-web", "default-shop-web-ipv6", "default-shop-echo",
                           "default-shop-echo-ipv6"}
    web = routes["default-shop-web"]
    assert web["prefix"] == lab.prefix_of("web")
    assert web["nextHops"] == sorted(node.v4 for node in LB_NODES)


def test_status_tells_health(lab):
    for node in AGENTS:
        wait_for(lambda: ctl(lab, "--socket", str(lab.socket(node.name)), "status").returncode == 0,
                 f"{node.name} is healthy", 10)
        assert "HEALTHY" in lab.ctl(node.name, "status")
    status = lab.ctl_json("lb1", "status")
    assert status["healthy"] is True


def test_status_of_a_node_without_its_router_says_why(lab):
    holder = next(row["node"] for row in lab.ctl_json("lb1", "sessions")
                  if row["peerIP"] == ROUTERS["r2"].loopback_v4)
    lab.routers["r2"].stop()

    def told():
        done = ctl(lab, "--socket", str(lab.socket(holder)), "status")
        return done.returncode == 1 and f"{ROUTERS['r2'].loopback_v4}-{holder}" in done.stdout

    wait_for(told, "status names the session that is down", 20)
    row = next(row for row in lab.ctl_json(holder, "sessions")
               if row["peerIP"] == ROUTERS["r2"].loopback_v4 and row["node"] == holder)
    assert row["state"] != "Established" and row["reason"]


def test_vips_and_backends_are_those_of_the_services(lab):
    vips = {(row["vip"], row["port"], row["protocol"]) for row in lab.ctl_json("lb2", "vips")}
    assert vips == {(lab.vip("web", f), 80, "TCP") for f in (4, 6)} | {
        (lab.vip("echo", f), 7, "UDP") for f in (4, 6)}
    wanted = {address for name in (*WEB_PODS, *ECHO_PODS, "lb1-a", "lb2-a")
              for address in (PODS[name].v4, PODS[name].v6)}
    assert {row["ip"] for row in lab.ctl_json("lb2", "backends")} == wanted
    for column in ("VIP", "PORT", "PROTOCOL", "SERVICE", "BACKENDS"):
        assert column in header_of(lab.ctl("lb2", "vips"))
    assert PODS["be3-a"].v4 in lab.ctl("lb2", "backends")


def test_drops_are_counted_by_name(lab):
    def dropped():
        return sum(row["packets"] for node in LB_NODES for row in lab.ctl_json(node.name, "drops")
                   if row["reason"] == "no_service")

    before = dropped()
    lab.client.request("udp", lab.vip("echo"), 4444, 10, concurrency=10, timeout=200)
    wait_for(lambda: dropped() == before + 10, "ten packets are counted", 5)


def test_maps_can_be_read_decoded_without_the_daemon(lab):
    assert_all_answered(lab.client.request("tcp", lab.vip("web"), 80, 200, concurrency=8))
    pins = str(lab.pin_dir("lb3"))
    text = ctl(lab, "maps", "--pin-dir", pins)
    assert text.returncode == 0 and lab.vip("web") in text.stdout, text.stderr
    dump = json.loads(ctl(lab, "-o", "json", "maps", "--pin-dir", pins).stdout)
    assert {(row["vip"], row["port"]) for row in dump["vips"] if row["port"]} == {
        (lab.vip(name, f), port) for name, port in (("web", 80), ("echo", 7)) for f in (4, 6)}
    assert PODS["be1-a"].v4 in {row["ip"] for row in dump["backends"]}


@pytest.mark.parametrize("name,fields", [
    ("vc_config", {"version", "hash_seed", "nat_port_first"}),
    ("vc_vips_v4", {"entry"}),
    ("vc_backends", {"addr", "dst_mac", "ifindex", "generation"}),
])
def test_bpftool_shows_named_fields(lab, name, fields):
    """One element is enough: the big maps have millions."""
    path = lab.pin_dir("lb1") / name
    listed = json.loads(run("bpftool", "-j", "map", "lookup", "pinned", str(path), "key",
                            "0", "0", "0", "0"))
    value = listed.get("formatted", listed)["value"]
    assert fields <= set(value), value


def test_bpftool_dumps_flows_with_named_fields(lab):
    assert_all_answered(lab.client.request("udp", lab.vip("echo"), 7, 50, concurrency=8))
    dump = json.loads(run("bpftool", "-j", "map", "dump", "pinned",
                          str(lab.pin_dir("lb1") / "vc_flows")))
    flows = [entry.get("formatted", entry) for entry in dump]
    assert flows
    assert {"src", "dst", "src_port", "dst_port", "proto"} <= set(flows[0]["key"])
    assert {"backend", "nat_port", "state", "last_seen"} <= set(flows[0]["value"])


def test_unreachable_daemon_has_an_exit_status_of_its_own(lab):
    done = ctl(lab, "--socket", "/run/vipcast-lab/nobody.sock", "sessions")
    assert done.returncode == 3 and "/run/vipcast-lab/nobody.sock" in done.stderr


def test_validate_accepts_the_configuration_and_tells_what_it_leads_to(lab):
    done = ctl(lab, "validate", "-f", str(lab.manifests.folder))
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in (*FLOATING_IPS, *(router.loopback_v4 for router in ROUTERS.values()), "front",
                     *(node.v4 for node in LB_NODES)):
        assert expected in done.stdout, done.stdout


def test_validate_tells_every_fault_at_once(tmp_path, lab):
    bad = manifests.cluster(
        bgpPeers=[{"ip": "172.30.9.10", "asn": 64601}],
        addressPools=[{"name": "front", "addresses": ["198.51.100.9-198.51.100.1", "nonsense"]}],
        localAsn=1)
    group = manifests.gateway_group()
    group["metadata"]["name"] = "main"
    path = tmp_path / "bad.yaml"
    path.write_text(to_yaml([bad, group]))
    done = ctl(lab, "validate", "-f", str(path))
    said = done.stdout + done.stderr
    assert done.returncode == 1
    for expected in ("bad.yaml:", "64601", "198.51.100.9-198.51.100.1", "nonsense", "localASN",
                     "default"):
        assert expected in said, said


def test_vipcastd_that_starts_wrong_says_so(lab):
    done = subprocess.run([str(lab.build / "vipcastd"), "--node", "lb1"], capture_output=True,
                          text=True, timeout=10)
    assert done.returncode != 0 and "--store" in done.stderr


def test_reading_disturbs_nothing(lab):
    with sessions_stay(lab):
        for word in ("status", "sessions", "routes", "vips", "backends", "drops"):
            for output in ("table", "json", "wide"):
                assert lab.ctl("lb1", "-o", output, word).strip()
