// SPDX-License-Identifier: Apache-2.0
/*
 * Tells the neighbours on a link that an address is here now, so that they forget the node that
 * had it before.
 *
 * IPv4: RFC 5227 section 3 announces with an ARP Request whose sender and target are the address.
 * An ARP Reply of the same content follows it (RFC 5944 section 4.6 allows both), because there is
 * equipment that takes a new MAC address from one of the two forms alone.
 *
 * IPv6: an unsolicited Neighbor Advertisement to all nodes (RFC 4861 section 7.2.6) with the
 * Override flag, which lets it replace the MAC address that a neighbour holds.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

struct advertisement {
	struct nd_neighbor_advert na;
	struct nd_opt_hdr option; /* target link-layer address */
	uint8_t mac[ETH_ALEN];
};

_Static_assert(sizeof(struct advertisement) == 32, "advertisement");

static int ethernet_address(int fd, int ifindex, uint8_t mac[ETH_ALEN])
{
	struct ifreq ifr = {0};

	if (!if_indextoname((unsigned int)ifindex, ifr.ifr_name) ||
	    ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EPFNOSUPPORT;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

static int announce_arp(int ifindex, const struct ip_addr *ip)
{
	struct sockaddr_ll all = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = ifindex,
				  .sll_halen = ETH_ALEN};
	struct ether_arp arp = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
					   .ar_pro = htons(ETH_P_IP),
					   .ar_hln = ETH_ALEN,
					   .ar_pln = 4}};
	static const uint16_t forms[] = {ARPOP_REQUEST, ARPOP_REPLY};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing */
	int code;

	if (fd < 0)
		return -errno;
	code = ethernet_address(fd, ifindex, arp.arp_sha);
	memset(all.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_spa, ip->b, 4);
	memcpy(arp.arp_tpa, ip->b, 4);
	for (size_t i = 0; !code && i < sizeof(forms) / sizeof(*forms); i++) {
		arp.ea_hdr.ar_op = htons(forms[i]);
		/* A Request asks for the target's MAC, so that is zero; a Reply gives it. */
		if (forms[i] == ARPOP_REPLY)
			memcpy(arp.arp_tha, arp.arp_sha, ETH_ALEN);
		if (sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
			code = -errno;
	}
	close(fd);
	return code;
}

/* A socket that sends from IP out of the device, with the hop limit that receivers insist on. */
static int advertisement_socket(int ifindex, const struct ip_addr *ip)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	struct icmp6_filter nothing;
	int hops = 255, code;

	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&nothing);
	memcpy(&from.sin6_addr, ip->b, 16);
	if (ip_is_link_local(ip))
		from.sin6_scope_id = (uint32_t)ifindex;
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &nothing, sizeof(nothing)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0) {
		code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

static int announce_nd(int ifindex, const struct ip_addr *ip)
{
	struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)ifindex};
	struct advertisement msg = {
		.na = {.nd_na_hdr = {.icmp6_type = ND_NEIGHBOR_ADVERT}},
		.option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1}};
	int fd = advertisement_socket(ifindex, ip);
	int code;

	if (fd < 0)
		return fd;
	inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
	/* The kernel fills in the checksum. */
	msg.na.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(&msg.na.nd_na_target, ip->b, 16);
	code = ethernet_address(fd, ifindex, msg.mac);
	if (!code && sendto(fd, &msg, sizeof(msg), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
		code = -errno;
	close(fd);
	return code;
}

int net_announce(int ifindex, const struct ip_addr *ip, struct err *err)
{
	int code = ip->family == AF_INET6 ? announce_nd(ifindex, ip) : announce_arp(ifindex, ip);

	if (code == -EPFNOSUPPORT)
		return err_set(err, code, "cannot announce %s on %s: it is no Ethernet interface",
			       ip_str(ip).s, net_name(ifindex).s);
	if (code == -EADDRNOTAVAIL)
		return err_set(err, code, "cannot announce %s on %s: the address is not there",
			       ip_str(ip).s, net_name(ifindex).s);
	if (code)
		return err_set(err, code, "cannot announce %s on %s: %s", ip_str(ip).s,
			       net_name(ifindex).s, strerror(-code));
	return 0;
}
