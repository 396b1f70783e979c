#include "broken_limit.h"

#include <math.h>

#include "dynaflow/stats/statistics.h"

/* the error at both ends of an interval */
static const double ALPHA = 0.05;

/* the fewest episodes whose interval counts: its widest tails are taken where their number is unknown */
enum { LEAST_EPISODES = 4 };

/* by how much an interval of 95 % is wider at 1 - 0.05 / seeds, so that the errors of all seeds together are 5 % */
static double widening(int episodes, double seeds) {
  const int freedom = (episodes > 1 ? episodes : LEAST_EPISODES) - 1;
  return df_student_point(1 - ALPHA / seeds, freedom) / df_student_point(1 - ALPHA, freedom);
}

/* An end of Wilson's interval of the share p, the one on the side of `end`, `times` as wide as that with the given end:
 * it solves (p - x)^2 = q x (1 - x), where q grows with the square of the width. */
static double wider_share(double p, double end, double times) {
  const double q = end * (1 - end) > 0 ? times * times * (p - end) * (p - end) / (end * (1 - end)) : 0;
  const double centre = (p + q / 2) / (1 + q), half = sqrt(q * (p * (1 - p) + q / 4)) / (1 + q);
  return q > 0 ? (end < p ? centre - half : centre + half) : end;
}

/* The upper end for means of which the few largest numbers decide: of the logarithm of the mean, and at a tenth of the
 * error. Equal to the usual one for numbers that hardly differ. */
static double skewed_end(double value, double end, double times) {
  return value > 0 ? value * exp(times * (end - value) / value) : value + times * (end - value);
}

/* the end of the interval of seed i on the better side of the limit, at the level that all seeds share */
static double nearer_end(const limit_seeds* s, int i, bool most) {
  static const double SKEWED = 10;
  const double end = most ? s->lo[i] : s->hi[i], value = s->value[i];
  const bool skewed = !most && !s->share;
  if (s->n == 1 || end == value) return end;
  const double times = widening(s->episodes[i], (skewed ? SKEWED : 1) * s->n);
  if (s->share) return wider_share(value, end, times);
  return skewed ? skewed_end(value, end, times) : value + times * (end - value);
}

bool limit_is_excluded(const limit_seeds* s, double bound) {
  static const double LEAST_SHARE = 0.05;
  double value = 0;
  for (int i = 0; i < s->n; i++) value += s->value[i] / s->n;
  return value > 0 && LEAST_SHARE * value > bound;
}

bool limit_is_broken(const limit_seeds* s, bool most, double bound) {
  double end = 0;
  bool beyond = false; /* rounding of a mean breaks nothing */
  for (int i = 0; i < s->n; i++) {
    const double own = nearer_end(s, i, most), at95 = most ? s->lo[i] : s->hi[i];
    if (most ? own > bound : own < bound) return true;
    beyond = beyond || (most ? at95 > bound : at95 < bound);
    end += at95 / s->n;
  }
  if (most && limit_is_excluded(s, bound)) return true;
  return beyond && (most ? end > bound : end < bound);
}
