#include "power.h"

#include <math.h>

/* the fewer of seeds and episodes, of which a single one does not count */
static int fewer(int seeds, int episodes) {
  if (seeds < 2) return episodes;
  return episodes < 2 || seeds < episodes ? seeds : episodes;
}

/* the difference that is found, in standard errors */
static double factor(int freedom) {
  /* a share s of all values lies below the point within which 2 s - 1 lie on both sides */
  return df_student_point(1 - POWER_ALPHA, freedom) + df_student_point(2 * POWER_SHARE - 1, freedom);
}

static double standard_error(const paired_design* d) {
  const int freedom = fewer(d->seeds, d->episodes) - 1;
  return (d->interval->hi - d->interval->lo) / 2 / df_student_point(0.95, freedom);
}

double power_detectable(const paired_design* d) {
  return factor(fewer(d->seeds, d->episodes) - 1) * standard_error(d);
}

int power_seeds_needed(const paired_design* d, double wanted) {
  const double e = standard_error(d);
  if (d->seeds < 2 || !isfinite(e)) return -1;
  /* variance over seeds, and what is left of e^2 with infinitely many seeds */
  double mean = 0, variance = 0;
  for (int s = 0; s < d->seeds; s++) mean += d->seed_difference[s] / d->seeds;
  for (int s = 0; s < d->seeds; s++) {
    const double apart = d->seed_difference[s] - mean;
    variance += apart * apart / (d->seeds - 1);
  }
  const double rest = fmax(0, e * e - variance / d->seeds);
  for (int n = 3; n <= POWER_SEEDS_MAX; n++) {
    if (factor(fewer(n, d->episodes) - 1) * sqrt(variance / n + rest) <= wanted) return n;
  }
  return -1;
}
