/* The settings that are recommended for a growth of the gradient. */
#include "task_growth.h"

#include <math.h>

#include "near.h"
#include "unit.h"

enum { WINDOWS = 10, H_MAX = 64, RATE = 2 };

/* the advice on 10 windows that grow by `factor` per action, of which `broken` break down after `from` actions */
static growth_settings advise(int H, double factor, double decay, int broken, int from) {
  static double values[WINDOWS * H_MAX], median[H_MAX];
  for (int i = 0; i < WINDOWS * H; i++) {
    const int b = i / H, k = i % H;
    values[i] = b < broken && k >= from ? INFINITY : pow(factor, k + 1);
  }
  const growth_settings now = {.horizon = H, .cotangent_decay = decay, .rate = RATE};
  df_growth g;
  assert_int_equal(df_growth_summary(WINDOWS, H, values, decay, median, NULL, &g), DF_OK);
  return growth_advice(&now, median, &g);
}

static void is(growth_settings a, int horizon, double decay, double rate) {
  assert_int_equal(a.horizon, horizon);
  assert_int_equal(isnan(a.cotangent_decay), isnan(decay));
  assert_int_equal(isnan(a.rate), isnan(rate));
  if (!isnan(decay)) assert_near(a.cotangent_decay, decay, 1e-12);
  if (!isnan(rate)) assert_near(a.rate, rate, 1e-12);
}

static void the_advice_follows_the_rules(void** state) {
  (void)state;
  /* fine: the settings as they are */
  is(advise(3, 2, 1, 0, 0), 3, 1, RATE);
  is(advise(8, 2, 0.5, 0, 0), 8, 0.5, RATE);
  /* 256 is too large, but damping is enough: 256^(-1/8) = 0.5; the rate stays */
  is(advise(8, 2, 1, 0, 0), 3, 0.5, RATE);
  /* 1.1^40 = 45: 45^(-1/40) = 0.909, rounded down to 0.9; 1.1^28 = 14.4 */
  is(advise(40, 1.1, 1, 0, 0), 28, 0.9, RATE);
  /* beyond 300 damping alone does not help: 2^16 = 65536, and 0.5^16 of it is 1, so the rate stays; 2^8 = 256 */
  is(advise(16, 2, 0.5, 0, 0), 8, NAN, RATE);
  /* without damping the rate falls by the root of 15/65536 */
  is(advise(16, 2, 1, 0, 0), 3, NAN, RATE * sqrt(15 / 65536.0));
  /* a single action that is too large leaves the shortest horizon */
  assert_int_equal(advise(4, 20, 1, 0, 0).horizon, 1);
}

static void a_gradient_that_breaks_down_leaves_the_horizon_before(void** state) {
  (void)state;
  /* 1.5^8 = 25.6 is too large, 1.5^6 = 11.4 is fine; a tenth of the windows does not count; 25.6^(-1/8) = 0.667 */
  is(advise(8, 1.5, 1, 1, 4), 6, 0.65, RATE);
  for (int broken = 2; broken <= WINDOWS; broken += 4) {
    is(advise(8, 1.5, 1, broken, 4), 4, NAN, NAN);
    /* also where the median is fine */
    is(advise(8, 1.1, 1, broken, 5), 5, NAN, NAN);
    is(advise(8, 1.5, 1, broken, 0), 0, NAN, NAN);
  }
}

/* a growth that passes the limit of 15 in between: the longest horizon that is fine, not the first crossing */
static void the_longest_horizon_that_is_fine_is_recommended(void** state) {
  (void)state;
  const double median[] = {2, 100, 10, 200};
  const growth_settings now = {.horizon = 4, .cotangent_decay = 1, .rate = RATE};
  df_growth g;
  assert_int_equal(df_growth_summary(1, 4, median, 1, NULL, NULL, &g), DF_OK);
  /* 200^(-1/4) = 0.266 */
  is(growth_advice(&now, median, &g), 3, 0.25, RATE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_advice_follows_the_rules),
      cmocka_unit_test(a_gradient_that_breaks_down_leaves_the_horizon_before),
      cmocka_unit_test(the_longest_horizon_that_is_fine_is_recommended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
