// SPDX-License-Identifier: Apache-2.0
#include "vipcastd/lease_hold.h"

void lease_hold_init(struct lease_hold *hold, uint64_t duration)
{
	*hold = (struct lease_hold){.duration = duration};
}

static enum lease_news lose(struct lease_hold *hold)
{
	bool news = !hold->lost;

	hold->lost = true;
	hold->sound = false;
	return news ? LEASE_LOST : LEASE_NO_NEWS;
}

enum lease_news lease_hold_check(struct lease_hold *hold, uint64_t now)
{
	return hold->renewed && now - hold->last >= hold->duration ? lose(hold) : LEASE_NO_NEWS;
}

enum lease_news lease_hold_renewed(struct lease_hold *hold, uint64_t begun, uint64_t now)
{
	enum lease_news news = lease_hold_check(hold, now);

	hold->renewed = true;
	hold->last = begun;
	if (!hold->lost)
		return news;
	if (!hold->sound) {
		hold->sound = true;
		hold->sound_since = begun;
	}
	/* Renewals come every third of the duration, give or take: so this is at the second one. */
	if (begun - hold->sound_since < hold->duration / 4)
		return news;
	hold->lost = false;
	return LEASE_REGAINED;
}

enum lease_news lease_hold_failed(struct lease_hold *hold, uint64_t now)
{
	hold->sound = false;
	/* The next try is a third of the duration away, and a timer may be late. */
	if (!hold->renewed || now - hold->last >= hold->duration / 2)
		return lose(hold);
	return LEASE_NO_NEWS;
}
