// SPDX-License-Identifier: Apache-2.0
/*
 * A message is read in the order of RFC 7606 section 3: the lengths of the three fields; each path
 * attribute by its rule (attr.c), the strongest action of all faults winning; the NLRIs, which must
 * be readable whatever else is wrong, since treat-as-withdraw has to know which routes it means.
 */

#include "bgp/update_decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bgp/attr.h"
#include "util/ip.h"

struct decoder {
	bool four_octet_as;
	uint32_t seen[8]; /* a bit for each attribute type that came */
	enum attr_action worst;
	struct update_report *out;
	struct bgp_notification *error;
	/* Filled by MP_REACH_NLRI: announced there, for the count and the mandatory attributes. */
	bool mp_reach;
};

static bool seen(const struct decoder *d, uint8_t type)
{
	return d->seen[type / 32] & 1u << type % 32;
}

/* A fault that the session survives. The words of the worst one are kept. */
static void fault(struct decoder *d, enum attr_action action, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void fault(struct decoder *d, enum attr_action action, const char *fmt, ...)
{
	va_list args;

	if (action <= d->worst)
		return;
	d->worst = action;
	d->out->faulty = true;
	va_start(args, fmt);
	(void)vsnprintf(d->out->fault, sizeof(d->out->fault), fmt, args);
	va_end(args);
}

/* Counts the prefixes of an NLRI field. False: one is too long, or runs over the end. */
static bool count_prefixes(struct rd *rd, enum bgp_family family, uint32_t *count)
{
	const uint8_t *bytes;
	uint8_t bits;

	for (*count = 0; rd_left(rd); (*count)++) {
		if (!rd_u8(rd, &bits) || bits > ip_bits(bgp_family_af(family)) ||
		    !rd_bytes(rd, (bits + 7u) / 8, &bytes))
			return false;
	}
	return true;
}

/* RFC 4760 section 3. A next hop in IPv6 may bring a link-local one along: RFC 2545 section 3. */
static bool next_hop_fits(enum bgp_family family, uint8_t len)
{
	size_t size = ip_size(bgp_family_af(family));

	return len == size || (family == BGP_IPV6_UNICAST && len == 2 * size);
}

static int optional_error(struct decoder *d, const struct rd *whole, const char *what)
{
	return notification_set(d->error, BGP_ERR_UPDATE, BGP_UPDATE_OPTIONAL_ATTR, whole->p,
				rd_left(whole), "%s", what);
}

static int read_mp_reach(struct decoder *d, struct rd value, const struct rd *whole)
{
	const uint8_t *next_hop;
	uint16_t afi;
	uint8_t safi;
	uint8_t len;
	uint8_t reserved;

	if (!rd_u16(&value, &afi) || !rd_u8(&value, &safi) || !rd_u8(&value, &len) ||
	    !rd_bytes(&value, len, &next_hop) || !rd_u8(&value, &reserved))
		return optional_error(d, whole, "MP_REACH_NLRI cut short");

	enum bgp_family family = bgp_family_of(afi, safi);

	if (family == BGP_FAMILIES) {
		fault(d, ATTR_DISCARD, "MP_REACH_NLRI of AFI %u SAFI %u, which was not negotiated",
		      afi, safi);
		return 0;
	}
	if (!next_hop_fits(family, len))
		return optional_error(d, whole, "MP_REACH_NLRI with a next hop of odd length");
	if (!count_prefixes(&value, family, &d->out->announced[family]))
		return optional_error(d, whole, "MP_REACH_NLRI with a bad prefix");
	d->mp_reach = true;
	return 0;
}

static int read_mp_unreach(struct decoder *d, struct rd value, const struct rd *whole)
{
	uint16_t afi;
	uint8_t safi;

	if (!rd_u16(&value, &afi) || !rd_u8(&value, &safi))
		return optional_error(d, whole, "MP_UNREACH_NLRI cut short");

	enum bgp_family family = bgp_family_of(afi, safi);

	if (family == BGP_FAMILIES)
		return 0;
	if (!count_prefixes(&value, family, &d->out->withdrawn[family]))
		return optional_error(d, whole, "MP_UNREACH_NLRI with a bad prefix");
	return 0;
}

/* WHOLE is the attribute with flags, type and length, as the data of a NOTIFICATION has it. */
static int check_attr(struct decoder *d, uint8_t flags, uint8_t type, struct rd value,
		      const struct rd *whole)
{
	const struct attr_rule *rule = attr_rule(type);

	if (!rule && !(flags & ATTR_OPTIONAL))
		return notification_set(d->error, BGP_ERR_UPDATE, BGP_UPDATE_UNKNOWN_WELL_KNOWN,
					whole->p, rd_left(whole), "attribute %u", type);
	if (!rule)
		return 0;
	if (seen(d, type)) {
		/* RFC 7606 section 3 (g) */
		if (type == ATTR_MP_REACH || type == ATTR_MP_UNREACH)
			return notification_set(d->error, BGP_ERR_UPDATE, BGP_UPDATE_MALFORMED_LIST,
						NULL, 0, "%s twice", rule->name);
		fault(d, ATTR_DISCARD, "%s twice", rule->name);
		return 0;
	}
	d->seen[type / 32] |= 1u << type % 32;
	if ((flags & (ATTR_OPTIONAL | ATTR_TRANSITIVE)) != rule->flags)
		fault(d, rule->action, "%s with flags 0x%02x", rule->name, flags);
	else if (!rule->valid(value, d->four_octet_as))
		fault(d, rule->action, "%s with a value that is not allowed", rule->name);
	if (type == ATTR_MP_REACH)
		return read_mp_reach(d, value, whole);
	if (type == ATTR_MP_UNREACH)
		return read_mp_unreach(d, value, whole);
	return 0;
}

static int read_attrs(struct decoder *d, struct rd *attrs)
{
	while (rd_left(attrs)) {
		const uint8_t *start = attrs->p;
		struct rd value;
		uint8_t flags;
		uint8_t type;
		uint8_t short_len;
		uint16_t len;
		bool ok = rd_u8(attrs, &flags) && rd_u8(attrs, &type);

		if (ok && flags & ATTR_EXTENDED) {
			ok = rd_u16(attrs, &len);
		} else if (ok) {
			ok = rd_u8(attrs, &short_len);
			len = short_len;
		}
		if (!ok || !rd_sub(attrs, len, &value)) {
			/* RFC 7606 section 4: the NLRI field is where it was. */
			fault(d, ATTR_WITHDRAW, "an attribute runs over the end of the list");
			return 0;
		}

		struct rd whole = rd_init(start, (size_t)(value.end - start));
		int rc = check_attr(d, flags, type, value, &whole);

		if (rc)
			return rc;
	}
	return 0;
}

/* RFC 7606 section 3 (d) */
static void check_mandatory(struct decoder *d)
{
	bool nlri = d->out->announced[BGP_IPV4_UNICAST] > 0;
	static const uint8_t mandatory[] = {ATTR_ORIGIN, ATTR_AS_PATH};

	if (!nlri && !d->mp_reach)
		return;
	for (size_t i = 0; i < sizeof(mandatory); i++) {
		if (!seen(d, mandatory[i]))
			fault(d, ATTR_WITHDRAW, "%s is missing", attr_rule(mandatory[i])->name);
	}
	if (nlri && !seen(d, ATTR_NEXT_HOP))
		fault(d, ATTR_WITHDRAW, "NEXT_HOP is missing");
}

static void treat_as_withdraw(struct update_report *out)
{
	for (int f = 0; f < BGP_FAMILIES; f++) {
		out->withdrawn[f] += out->announced[f];
		out->announced[f] = 0;
	}
}

/* Nothing at all, or nothing but an MP_UNREACH_NLRI without routes. */
static void find_end_of_rib(struct decoder *d, size_t body, struct rd attrs)
{
	uint8_t flags;
	uint8_t type;
	uint8_t len;
	uint16_t afi;
	uint8_t safi;

	if (body == 4)
		d->out->end_of_rib[BGP_IPV4_UNICAST] = true;
	if (!rd_u8(&attrs, &flags) || !rd_u8(&attrs, &type) || type != ATTR_MP_UNREACH)
		return;
	if (flags & ATTR_EXTENDED && !rd_u8(&attrs, &len))
		return;
	if (rd_u8(&attrs, &len) && len == 3 && rd_u16(&attrs, &afi) && rd_u8(&attrs, &safi) &&
	    body == (flags & ATTR_EXTENDED ? 11 : 10) && bgp_family_of(afi, safi) < BGP_FAMILIES)
		d->out->end_of_rib[bgp_family_of(afi, safi)] = true;
}

int update_decode(struct rd rd, bool four_octet_as, struct update_report *out,
		  struct bgp_notification *error)
{
	struct decoder d = {.four_octet_as = four_octet_as, .out = out, .error = error};
	size_t body = rd_left(&rd);
	uint32_t mp_announced;
	uint32_t count;
	struct rd withdrawn;
	struct rd attrs;
	uint16_t len;
	int rc;

	*out = (struct update_report){0};
	if (!rd_u16(&rd, &len) || !rd_sub(&rd, len, &withdrawn) || !rd_u16(&rd, &len) ||
	    !rd_sub(&rd, len, &attrs))
		return notification_set(error, BGP_ERR_UPDATE, BGP_UPDATE_MALFORMED_LIST, NULL, 0,
					"lengths run over the end of the message");
	find_end_of_rib(&d, body, attrs);
	rc = read_attrs(&d, &attrs);
	if (rc)
		return rc;
	/* What MP_(UN)REACH_NLRI may have counted for the same family stays counted. */
	mp_announced = out->announced[BGP_IPV4_UNICAST];
	if (!count_prefixes(&withdrawn, BGP_IPV4_UNICAST, &count))
		return notification_set(error, BGP_ERR_UPDATE, BGP_UPDATE_BAD_NLRI, NULL, 0,
					"bad prefix among the withdrawn routes");
	out->withdrawn[BGP_IPV4_UNICAST] += count;
	if (!count_prefixes(&rd, BGP_IPV4_UNICAST, &count))
		return notification_set(error, BGP_ERR_UPDATE, BGP_UPDATE_BAD_NLRI, NULL, 0,
					"bad prefix among the announced routes");
	out->announced[BGP_IPV4_UNICAST] = count;
	check_mandatory(&d);
	out->announced[BGP_IPV4_UNICAST] += mp_announced;
	if (d.worst == ATTR_WITHDRAW)
		treat_as_withdraw(out);
	return 0;
}
