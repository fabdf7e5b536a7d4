// SPDX-License-Identifier: Apache-2.0
#include "speaker/floating.h"

#include <event2/event.h>
#include <string.h>

#include "util/mem.h"

/* A switch or a host may miss one frame, so the news is told more than once. */
#define ANNOUNCEMENTS 4
#define TICK_SECONDS 1

struct address {
	struct ip_addr ip;
	bool wanted, held;
	int ifindex;
	unsigned int users, announcements_left;
	char why[256]; /* not held */
};

struct floating {
	struct net *net;
	const struct log *log;
	struct event *tick;
	ARRAY(struct address) addresses;
	void (*arrived)(void *ctx);
	void *ctx;
};

static struct address *find(const struct floating *f, const struct ip_addr *ip)
{
	array_each (&f->addresses, address)
		if (ip_equal(&address->ip, ip))
			return address;
	return NULL;
}

static void announce(struct floating *f, struct address *address)
{
	struct err err;

	address->announcements_left--;
	if (net_announce(address->ifindex, &address->ip, &err))
		log_warn(f->log, "cannot announce floating IP", "ip", ip_str(&address->ip).s,
			 "error", err.msg);
}

static void take(struct floating *f, struct address *address)
{
	struct err err = {0};

	if (net_ifindex_for(f->net, &address->ip, &address->ifindex, &err) ||
	    net_address_add(f->net, address->ifindex, &address->ip, &err)) {
		if (strcmp(address->why, err.msg) != 0)
			log_error(f->log, "cannot hold floating IP", "ip", ip_str(&address->ip).s,
				  "error", err.msg);
		memcpy(address->why, err.msg, sizeof(address->why) - 1);
		return;
	}
	log_info(f->log, "holding floating IP", "ip", ip_str(&address->ip).s);
	address->held = true;
	address->why[0] = '\0';
	address->announcements_left = ANNOUNCEMENTS;
	announce(f, address);
}

static void give_up(struct floating *f, struct address *address)
{
	struct err err;

	if (!address->held)
		return;
	address->held = false;
	if (net_address_del(f->net, address->ifindex, &address->ip, &err))
		log_error(f->log, "cannot remove floating IP", "ip", ip_str(&address->ip).s,
			  "error", err.msg);
	else
		log_info(f->log, "gave up floating IP", "ip", ip_str(&address->ip).s);
}

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
	bool needed = false;

	array_each (&f->addresses, address)
		needed |= (address->wanted && !address->held) || address->announcements_left;
	if (needed && !evtimer_pending(f->tick, NULL))
		evtimer_add(f->tick, &second);
}

static bool take_wanted(struct floating *f)
{
	bool arrived = false;

	array_each (&f->addresses, address)
		if (address->wanted && !address->held) {
			take(f, address);
			arrived |= address->held;
		}
	return arrived;
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct floating *f = ctx;

	(void)fd;
	(void)what;
	array_each (&f->addresses, address)
		if (address->held && address->announcements_left)
			announce(f, address);
	if (take_wanted(f) && f->arrived)
		f->arrived(f->ctx);
	schedule(f);
}

/* What carries our mark was put there by a process before this one. */
static int adopt(struct floating *f, struct err *err)
{
	net_addresses addresses = {0};
	int rc = net_addresses_get(f->net, &addresses, err);

	array_each (&addresses, a) {
		struct address *address;

		if (!a->ours || find(f, &a->prefix.addr))
			continue;
		address = array_new(&f->addresses);
		address->ip = a->prefix.addr;
		address->ifindex = a->ifindex;
		address->held = true;
	}
	array_free(&addresses);
	return rc;
}

int floating_new(struct event_base *base, const struct log *log, struct floating **out,
		 struct err *err)
{
	struct floating *f = xcalloc(1, sizeof(*f));
	int rc = net_open(&f->net, err);

	f->log = log;
	f->tick = evtimer_new(base, on_tick, f);
	if (!rc)
		rc = adopt(f, err);
	if (rc) {
		event_free(f->tick);
		net_close(f->net);
		free(f);
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

void floating_want(struct floating *floating, const api_ips *ips)
{
	array_each (&floating->addresses, address)
		address->wanted = false;
	array_each (ips, ip) {
		struct address *address = find(floating, ip);

		if (!address) {
			address = array_new(&floating->addresses);
			address->ip = *ip;
		} else if (address->held && !address->wanted && !address->users) {
			/* Adopted, or wanted again: the neighbours may have heard otherwise. */
			address->announcements_left = ANNOUNCEMENTS;
		}
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
}

void floating_drop_all(struct floating *floating)
{
	array_each (&floating->addresses, address) {
		give_up(floating, address);
		address->wanted = false;
	}
	forget_unused(floating);
}

void floating_list(const struct floating *floating, api_ips *out)
{
	array_each (&floating->addresses, address)
		if (address->held)
			array_push(out, address->ip);
}
