// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/socket.h>

#define ARP_FRAME 42
#define NA_FRAME  86

/* Listens at the far end of the pair for frames of this Ethernet type. */
static int listen_at_peer(struct net *net, uint16_t type)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(type),
				 .sll_ifindex = ifindex_of(net, "vb")};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(type));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* The next frame that arrives (not one that vb sends) with BYTE at OFFSET. */
static size_t next_frame(int fd, size_t offset, uint8_t byte, uint8_t *frame, size_t size)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	while (poll(&wait, 1, 2000) == 1) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, frame, size, 0, (struct sockaddr *)&from, &len);

		if (n > (ssize_t)offset && frame[offset] == byte &&
		    from.sll_pkttype != PACKET_OUTGOING)
			return (size_t)n;
	}
	fail_msg("no frame arrived");
	return 0;
}

static void gratuitous_arp_comes_as_request_and_as_reply(void **state)
{
	static const uint8_t expected[2][ARP_FRAME] = {
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  0xa, 8, 6,
		 0,    1,    8,	   0,	 6,    4,    0, 1, 2, 0, 0,  0,	  0, 0xa,
		 10,   1,    0,	   100,	 0,    0,    0, 0, 0, 0, 10, 1,	  0, 100},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0,   0,  0xa, 8, 6,
		 0,    1,    8,	   0,	 6,    4,    0, 2, 2, 0,   0,  0,   0, 0xa,
		 10,   1,    0,	   100,	 2,    0,    0, 0, 0, 0xa, 10, 1,   0, 100},
	};
	struct ip_addr addr = ip("10.1.0.100");
	int fd = listen_at_peer(*state, ETHERTYPE_ARP);
	struct err err;

	assert_ok(net_announce(ifindex_of(*state, "va"), &addr, &err), err);
	for (size_t i = 0; i < 2; i++) {
		uint8_t frame[128];

		assert_int_equal(next_frame(fd, 21, (uint8_t)(i + 1), frame, sizeof(frame)),
				 ARP_FRAME);
		assert_memory_equal(frame, expected[i], ARP_FRAME);
	}
	close(fd);
}

/* One's complement sum over the pseudo-header and the ICMPv6 message; 0 when the checksum is right.
 */
static uint16_t icmp6_sum(const uint8_t *ip6, size_t len)
{
	uint32_t sum = (uint32_t)len + 58;

	for (size_t i = 8; i < 40 + len; i += 2)
		sum += (uint32_t)(ip6[i] << 8 | ip6[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void unsolicited_na_overrides_at_all_nodes(void **state)
{
	static const uint8_t target_mac[8] = {2, 1, 2, 0, 0, 0, 0, 0xa};
	struct ip_addr addr = ip("2001:db8:1::100"), all = ip("ff02::1");
	int va = ifindex_of(*state, "va");
	int fd = listen_at_peer(*state, ETHERTYPE_IPV6);
	uint8_t frame[256];
	struct err err;

	assert_ok(net_address_add(*state, va, &addr, &err), err);
	assert_ok(net_announce(va, &addr, &err), err);
	assert_int_equal(next_frame(fd, 54, 136, frame, sizeof(frame)), NA_FRAME);
	assert_memory_equal(frame, "\x33\x33\0\0\0\1", 6);
	assert_int_equal(frame[21], 255); /* hop limit */
	assert_memory_equal(frame + 22, addr.b, 16);
	assert_memory_equal(frame + 38, all.b, 16);
	assert_int_equal(frame[58], 0x20); /* override; neither router nor solicited */
	assert_memory_equal(frame + 62, addr.b, 16);
	assert_memory_equal(frame + 78, target_mac, 8);
	assert_int_equal(icmp6_sum(frame + 14, 32), 0);
	close(fd);
	assert_ok(net_address_del(*state, va, &addr, &err), err);
}

static void refuses_to_announce_where_it_makes_no_sense(void **state)
{
	struct ip_addr four = ip("10.1.0.100"), absent = ip("2001:db8:1::99");
	struct err err;

	assert_int_equal(net_announce(ifindex_of(*state, "lo"), &four, &err), -EPFNOSUPPORT);
	assert_non_null(strstr(err.msg, "no Ethernet interface"));
	assert_int_equal(net_announce(ifindex_of(*state, "va"), &absent, &err), -EADDRNOTAVAIL);
	assert_non_null(strstr(err.msg, "2001:db8:1::99"));
	assert_true(net_announce(4711, &four, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gratuitous_arp_comes_as_request_and_as_reply),
		cmocka_unit_test(unsolicited_na_overrides_at_all_nodes),
		cmocka_unit_test(refuses_to_announce_where_it_makes_no_sense),
	};

	return cmocka_run_group_tests_name("net announce", tests, netns_setup, netns_teardown);
}
