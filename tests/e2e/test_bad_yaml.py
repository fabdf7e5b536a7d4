# SPDX-License-Identifier: Apache-2.0
"""Files that are wrong are refused whole, said where, and harm nothing that works."""

import re

import pytest

from lab import manifests
from lab.lab import wait_for
from lab.manifests import WEB_PODS, endpoint_slices, service, to_yaml
from lab.topology import FLOATING_IPS, LB_NODES

from expect import LBS, sessions_stay, steady_traffic


def faults_of(lab):
    return lab.ctl("controller", "status")


def wrong_cluster(**load_balancer):
    return to_yaml([manifests.cluster(**load_balancer), manifests.gateway_group()])


NO_YAML = "kind: Cluster\n  metadata: [what\n"
REVERSED = [{"name": "front", "addresses": ["198.51.100.60-198.51.100.1"]}]
WRONG = {
    "no YAML": (NO_YAML, "10-cluster.yaml:2"),
    "range backwards": (wrong_cluster(addressPools=REVERSED), "198.51.100.60-198.51.100.1"),
    "unknown field": (wrong_cluster(localAsn=64601), "localASN"),
    "own AS as peer": (wrong_cluster(bgpPeers=[{"ip": "172.30.9.10", "asn": 64601}]), "64601"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_cluster_is_refused_and_the_last_good_one_stays(lab, what):
    text, cause = WRONG[what]
    with sessions_stay(lab), steady_traffic(lab):
        lab.manifests.write_text("10-cluster", text)
        wait_for(lambda: cause in faults_of(lab), f"status tells of {cause}", 5)
        assert re.search(r"10-cluster\.yaml:\d+", faults_of(lab))
        # What comes after it still counts, under the Cluster that is in force.
        lab.manifests.write("50-new", service("new", "TCP", 80),
                            *endpoint_slices("new", "TCP", WEB_PODS))
        lab.wait_for_next_hops("new", LBS)
        lab.manifests.write("10-cluster", manifests.cluster(), manifests.gateway_group())
        wait_for(lambda: "10-cluster.yaml" not in faults_of(lab), "the fault is gone", 5)
    assert lab.routers["r1"].established() == set(FLOATING_IPS)


def test_wrong_endpoint_slice_keeps_its_last_good_version(lab):
    def spoil(item):
        item["endpoints"][0]["addresses"] = ["10.244.1.999"]

    with sessions_stay(lab), steady_traffic(lab):
        lab.manifests.change("EndpointSlice", "web-ipv4", spoil)
        wait_for(lambda: "10.244.1.999" in lab.ctl("lb1", "status"), "lb1 tells", 5)
        report = lab.client.request("tcp", lab.vip("web"), 80, 500, concurrency=8)
        assert report.failed == 0 and set(report.by_pod()) == {*WEB_PODS, "lb1-a"}


def test_directory_with_a_wrong_file_from_the_start_serves_the_rest(lab):
    lab.manifests.write_text("05-broken", NO_YAML)
    lab.processes.kill("controller")
    lab.start_controller()
    wait_for(lambda: "05-broken.yaml:2" in faults_of(lab), "the controller tells", 10)
    with sessions_stay(lab):
        lab.wait_for_next_hops("web", {node.name for node in LB_NODES})
