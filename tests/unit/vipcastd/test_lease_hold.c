// SPDX-License-Identifier: Apache-2.0
/* The Lease lasts 3000 ms here and is renewed every 1000. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vipcastd/lease_hold.h"

/* A renewal that takes no time. */
static enum lease_news renew(struct lease_hold *hold, uint64_t now)
{
	enum lease_news news = lease_hold_check(hold, now);

	return news ? news : lease_hold_renewed(hold, now, now);
}

static struct lease_hold renewed_at(uint64_t now)
{
	struct lease_hold hold;

	lease_hold_init(&hold, 3000);
	assert_int_equal(renew(&hold, now), LEASE_NO_NEWS);
	return hold;
}

static void nothing_is_lost_while_it_is_renewed(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	for (uint64_t now = 1050; now < 20000; now += 1000)
		assert_int_equal(renew(&hold, now), LEASE_NO_NEWS);
}

static void one_failure_is_survived(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_failed(&hold, 1050), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 2050), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_failed(&hold, 3050), LEASE_NO_NEWS);
}

/* The controller counts 3000 from 50; the try after this one would come at that very moment. */
static void it_is_given_up_before_it_runs_out(void **unused)
{
	static const uint64_t seconds[] = {1990, 2050, 2110}; /* timers are not exact */

	(void)unused;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		struct lease_hold hold = renewed_at(50);

		assert_int_equal(lease_hold_failed(&hold, 1050), LEASE_NO_NEWS);
		assert_int_equal(lease_hold_failed(&hold, seconds[i]), LEASE_LOST);
	}
}

static void a_loss_is_told_once(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_failed(&hold, 2050), LEASE_LOST);
	assert_int_equal(lease_hold_failed(&hold, 3050), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_check(&hold, 4050), LEASE_NO_NEWS);
}

static void without_a_first_renewal_nothing_may_be_held(void **unused)
{
	struct lease_hold hold;

	(void)unused;
	lease_hold_init(&hold, 3000);
	assert_int_equal(lease_hold_failed(&hold, 50), LEASE_LOST);
}

static void standing_still_for_a_duration_loses_it(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_check(&hold, 3049), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_check(&hold, 3050), LEASE_LOST);
}

/* The time in the Lease is that of the begin: it was old already when it was written. */
static void a_write_that_takes_too_long_loses_it(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_renewed(&hold, 1050, 3100), LEASE_LOST);
	assert_int_equal(lease_hold_check(&hold, 4049), LEASE_NO_NEWS);
	hold = renewed_at(50);
	assert_int_equal(lease_hold_renewed(&hold, 1050, 2900), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_check(&hold, 4049), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_check(&hold, 4050), LEASE_LOST);
}

static void it_is_taken_up_again_one_period_after_the_first_renewal(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_check(&hold, 9000), LEASE_LOST);
	assert_int_equal(lease_hold_renewed(&hold, 9000, 9001), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 9990), LEASE_REGAINED);
	assert_int_equal(renew(&hold, 10990), LEASE_NO_NEWS);
}

/* Something that rides on the Lease changed: an extra renewal is no second period. */
static void an_extra_renewal_does_not_shorten_the_wait(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_check(&hold, 9000), LEASE_LOST);
	assert_int_equal(renew(&hold, 9000), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 9100), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 10000), LEASE_REGAINED);
}

static void a_failure_while_it_is_lost_begins_the_wait_anew(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_check(&hold, 9000), LEASE_LOST);
	assert_int_equal(renew(&hold, 9000), LEASE_NO_NEWS);
	assert_int_equal(lease_hold_failed(&hold, 10000), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 11000), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 12000), LEASE_REGAINED);
}

static void a_second_loss_is_told_again(void **unused)
{
	struct lease_hold hold = renewed_at(50);

	(void)unused;
	assert_int_equal(lease_hold_check(&hold, 9000), LEASE_LOST);
	assert_int_equal(renew(&hold, 9000), LEASE_NO_NEWS);
	assert_int_equal(renew(&hold, 10000), LEASE_REGAINED);
	assert_int_equal(lease_hold_check(&hold, 13000), LEASE_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_it_is_renewed),
		cmocka_unit_test(one_failure_is_survived),
		cmocka_unit_test(it_is_given_up_before_it_runs_out),
		cmocka_unit_test(a_loss_is_told_once),
		cmocka_unit_test(without_a_first_renewal_nothing_may_be_held),
		cmocka_unit_test(standing_still_for_a_duration_loses_it),
		cmocka_unit_test(a_write_that_takes_too_long_loses_it),
		cmocka_unit_test(it_is_taken_up_again_one_period_after_the_first_renewal),
		cmocka_unit_test(an_extra_renewal_does_not_shorten_the_wait),
		cmocka_unit_test(a_failure_while_it_is_lost_begins_the_wait_anew),
		cmocka_unit_test(a_second_loss_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
