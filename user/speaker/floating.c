// SPDX-License-Identifier: Apache-2.0
/*
 * What is held is looked up in the kernel, not remembered alone: whenever addresses or links
 * change, the list of the kernel's addresses is read again. One of ours that went missing (somebody
 * removed it, or its interface went down and lost it) is put back; one of ours that should not be
 * there (it could not be removed before) is removed. An address without our mark is never touched,
 * not even when it is one that we should hold: then the user is told.
 */
#include "speaker/floating.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

/* A switch or a host may miss one frame, so the news is told more than once. */
#define ANNOUNCEMENTS 4
#define TICK_SECONDS  1

struct address {
	struct ip_addr ip;
	bool wanted, held;
	bool link_up; /* as far as was seen: false only means one announcement too many */
	int ifindex;  /* where it is held */
	unsigned int users, announcements_left;
	char why[512]; /* it is not held */
};

struct floating {
	struct net *net;
	const struct log *log;
	struct net_monitor *monitor;
	struct event *tick;
	ARRAY(struct address) addresses;
	bool leftovers; /* something that is not held any more could not be removed */
	void (*arrived)(void *ctx);
	void *ctx;
};

static struct address *find(const struct floating *f, const struct ip_addr *ip)
{
	array_each(&f->addresses, address)
		if (ip_equal(&address->ip, ip))
			return address;
	return NULL;
}

/* ---- one address ------------------------------------------------------------------------- */

static void announce(struct floating *f, struct address *address)
{
	struct err err;

	address->announcements_left--;
	if (net_announce(address->ifindex, &address->ip, &err))
		log_warn(f->log, "cannot announce floating IP", "ip", ip_str(&address->ip).s,
			 "error", err.msg);
}

static void announce_again(struct floating *f, struct address *address)
{
	address->announcements_left = ANNOUNCEMENTS;
	announce(f, address);
}

static bool is_ours(const net_addresses *there, const struct ip_addr *ip, int ifindex)
{
	array_each(there, a)
		if (a->ours && a->ifindex == ifindex && ip_equal(&a->prefix.addr, ip))
			return true;
	return false;
}

/* Adding one that is there already succeeds, but only one with our mark is ours to hold. */
static int put_on(struct floating *f, struct address *address, struct err *err)
{
	net_addresses there = {0};
	int rc = net_ifindex_for(f->net, &address->ip, &address->ifindex, err);

	if (!rc)
		rc = net_address_add(f->net, address->ifindex, &address->ip, err);
	if (!rc)
		rc = net_addresses_get(f->net, &there, err);
	if (!rc && !is_ours(&there, &address->ip, address->ifindex))
		rc = err_set(err, -EEXIST,
			     "address %s is on the interface already, and not by vipcast's doing: "
			     "a floating IP must not be configured by hand",
			     ip_str(&address->ip).s);
	array_free(&there);
	return rc;
}

static void take(struct floating *f, struct address *address)
{
	struct err err = {0};

	if (put_on(f, address, &err)) {
		if (strcmp(address->why, err.msg) != 0)
			log_error(f->log, "cannot hold floating IP", "ip", ip_str(&address->ip).s,
				  "error", err.msg);
		snprintf(address->why, sizeof(address->why), "%s", err.msg);
		return;
	}
	log_info(f->log, "holding floating IP", "ip", ip_str(&address->ip).s);
	address->held = true;
	address->link_up = false;
	address->why[0] = '\0';
	announce_again(f, address);
}

static void remove_address(struct floating *f, int ifindex, const struct ip_addr *ip)
{
	struct err err;

	if (net_address_del(f->net, ifindex, ip, &err)) {
		log_error(f->log, "cannot remove floating IP", "ip", ip_str(ip).s, "error",
			  err.msg);
		f->leftovers = true;
	} else {
		log_info(f->log, "gave up floating IP", "ip", ip_str(ip).s);
	}
}

static void give_up(struct floating *f, struct address *address)
{
	if (!address->held)
		return;
	address->held = false;
	address->announcements_left = 0;
	remove_address(f, address->ifindex, &address->ip);
}

/* ---- all of them ------------------------------------------------------------------------- */

static void forget_unused(struct floating *f)
{
	for (size_t i = f->addresses.n; i-- > 0;) {
		struct address *address = &f->addresses.v[i];

		if (address->wanted || address->users)
			continue;
		give_up(f, address);
		array_remove(&f->addresses, i);
	}
}

static void schedule(struct floating *f)
{
	const struct timeval second = {.tv_sec = TICK_SECONDS};
	bool needed = f->leftovers;

	array_each(&f->addresses, address)
		needed |= (address->wanted && !address->held) || address->announcements_left;
	if (needed && !evtimer_pending(f->tick, NULL))
		evtimer_add(f->tick, &second);
}

static bool take_wanted(struct floating *f)
{
	bool arrived = false;

	array_each(&f->addresses, address)
		if (address->wanted && !address->held) {
			take(f, address);
			arrived |= address->held;
		}
	return arrived;
}

/* Takes those that are wanted and not there, and tells the owner; the last thing to be done. */
static void settle(struct floating *f)
{
	bool arrived = take_wanted(f);

	schedule(f);
	if (arrived && f->arrived)
		f->arrived(f->ctx);
}

/* ---- what the kernel has ----------------------------------------------------------------- */

static void find_missing(struct floating *f, const net_addresses *there)
{
	array_each(&f->addresses, address) {
		if (!address->held || is_ours(there, &address->ip, address->ifindex))
			continue;
		log_warn(f->log, "floating IP is gone from its interface", "ip",
			 ip_str(&address->ip).s);
		address->held = false;
		address->announcements_left = 0;
	}
}

static void remove_leftovers(struct floating *f, const net_addresses *there)
{
	f->leftovers = false;
	array_each(there, a) {
		const struct address *address = find(f, &a->prefix.addr);

		if (a->ours && !(address && address->held && address->ifindex == a->ifindex))
			remove_address(f, a->ifindex, &a->prefix.addr);
	}
}

static void compare_addresses(struct floating *f)
{
	net_addresses there = {0};
	struct err err;

	if (net_addresses_get(f->net, &there, &err)) {
		log_error(f->log, "cannot look after floating IPs", "error", err.msg);
	} else {
		find_missing(f, &there);
		remove_leftovers(f, &there);
	}
	array_free(&there);
}

static bool is_up(const net_links *links, int ifindex)
{
	array_each(links, link)
		if (link->ifindex == ifindex)
			return link->up;
	return false;
}

/* Behind a link that comes up again there may be another switch port, or another switch. */
static void compare_links(struct floating *f)
{
	net_links links = {0};

	if (!net_links_get(f->net, &links, NULL))
		array_each(&f->addresses, address) {
			bool up = address->held && is_up(&links, address->ifindex);

			if (up && !address->link_up)
				announce_again(f, address);
			address->link_up = up;
		}
	array_free(&links);
}

static void on_net_change(void *ctx, unsigned int mask)
{
	struct floating *f = ctx;

	if (mask & (NET_ADDRESSES | NET_LINKS))
		compare_addresses(f);
	if (mask & NET_LINKS)
		compare_links(f);
	settle(f);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct floating *f = ctx;

	(void)fd;
	(void)what;
	if (f->leftovers)
		compare_addresses(f);
	array_each(&f->addresses, address)
		if (address->held && address->announcements_left)
			announce(f, address);
	settle(f);
}

/* What carries our mark was put there by a process before this one. */
static int adopt(struct floating *f, struct err *err)
{
	net_addresses there = {0};
	int rc = net_addresses_get(f->net, &there, err);

	array_each(&there, a) {
		struct address *address;

		if (!a->ours || find(f, &a->prefix.addr))
			continue;
		address = array_new(&f->addresses);
		address->ip = a->prefix.addr;
		address->ifindex = a->ifindex;
		address->held = true;
	}
	array_free(&there);
	return rc;
}

/* ---- the interface ----------------------------------------------------------------------- */

int floating_new(struct event_base *base, const struct log *log, struct floating **out,
		 struct err *err)
{
	struct floating *f = xcalloc(1, sizeof(*f));
	int rc = net_open(&f->net, err);

	f->log = log;
	f->tick = evtimer_new(base, on_tick, f);
	if (!rc)
		rc = net_monitor_open(base, on_net_change, f, &f->monitor, err);
	if (!rc)
		rc = adopt(f, err);
	if (rc) {
		floating_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void floating_free(struct floating *floating)
{
	if (!floating)
		return;
	floating_drop_all(floating);
	net_monitor_close(floating->monitor);
	event_free(floating->tick);
	net_close(floating->net);
	array_free(&floating->addresses);
	free(floating);
}

void floating_on_arrival(struct floating *floating, void (*arrived)(void *ctx), void *ctx)
{
	floating->arrived = arrived;
	floating->ctx = ctx;
}

static bool is_listed(const api_ips *ips, const struct ip_addr *ip)
{
	array_each(ips, other)
		if (ip_equal(other, ip))
			return true;
	return false;
}

void floating_want(struct floating *floating, const api_ips *ips)
{
	array_each(&floating->addresses, address) {
		bool wanted = is_listed(ips, &address->ip);

		/* Adopted, or wanted again: the neighbours may have heard otherwise. */
		if (wanted && !address->wanted && address->held)
			announce_again(floating, address);
		address->wanted = wanted;
	}
	array_each(ips, ip)
		if (!find(floating, ip)) {
			struct address *address = array_new(&floating->addresses);

			address->ip = *ip;
			address->wanted = true;
		}
	forget_unused(floating);
	(void)take_wanted(floating);
	schedule(floating);
}

bool floating_is_held(const struct floating *floating, const struct ip_addr *ip, const char **why)
{
	const struct address *address = find(floating, ip);

	*why = !address ? "it is not placed on this node" : address->why;
	return address && address->held;
}

void floating_get(struct floating *floating, const struct ip_addr *ip)
{
	struct address *address = find(floating, ip);

	if (address)
		address->users++;
}

void floating_put(struct floating *floating, const struct ip_addr *ip)
{
	struct address *address = find(floating, ip);

	if (address && address->users)
		address->users--;
	forget_unused(floating);
	schedule(floating);
}

void floating_drop_all(struct floating *floating)
{
	array_each(&floating->addresses, address) {
		give_up(floating, address);
		address->wanted = false;
	}
	forget_unused(floating);
	schedule(floating);
}

void floating_list(const struct floating *floating, api_ips *out)
{
	array_each(&floating->addresses, address)
		if (address->held)
			array_push(out, address->ip);
}

void floating_each_missing(const struct floating *floating,
			   void (*fn)(void *ctx, const struct ip_addr *ip, const char *why),
			   void *ctx)
{
	array_each(&floating->addresses, address)
		if (address->wanted && !address->held)
			fn(ctx, &address->ip, address->why);
}
