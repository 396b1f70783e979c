#include <math.h>

#include "check_parts.h"

/* the most frames by which velocities are looked for, and the fewest pairs that tell */
enum { SHIFT_MOST = 8, PAIRS_LEAST = 30 };

/* error of the mean velocities of the frames t + shift and t + shift + 1, as a share of the changes from t to t + 1 */
static double error_at(const trace* m, int group, int shift) {
  double dd = 0, ee = 0;
  int n = 0;
  for (size_t k = 0; k < m->n; k++) {
    const int t = m->frame[k], last = m->data->lengths[m->episode[k]];
    /* the same pairs for all shifts */
    if (t < SHIFT_MOST || t + 1 + SHIFT_MOST > last || !trace_comparable(m, k)) continue;
    n++;
    for (int i = 0; i < m->nv; i++) {
      if (m->group[i] != group || m->data->derived[m->nq + i]) continue;
      const double v = (trace_velocity(m, k, t + shift, i) + trace_velocity(m, k, t + shift + 1, i)) / 2;
      const double d = trace_change(m, k, LAG_MEAN, i);
      dd += d * d;
      ee += (d - v) * (d - v);
    }
  }
  return n >= PAIRS_LEAST && dd > 0 ? sqrt(ee / dd) : NAN;
}

int check_velocity_shift(const trace* m, int group, double* error) {
  const double as_is = error_at(m, group, 0);
  double least = INFINITY;
  int best = 0;
  for (int shift = -SHIFT_MOST; shift <= SHIFT_MOST; shift++) {
    const double e = error_at(m, group, shift);
    if (!(e < least)) continue;
    least = e;
    best = shift;
  }
  *error = least;
  return check_explains(as_is, least) && least < CHECK_ERROR_LIMIT ? best : 0;
}
