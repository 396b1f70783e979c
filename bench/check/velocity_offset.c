#include <math.h>

#include "check_parts.h"

/* pairs of frames from which an episode tells an offset */
enum { PAIRS_LEAST = 30 };
/* An offset is this many times what noise and rounding leave of right velocities, and this share of the spread of the
 * differences: contacts act at the same phase of frames of several physics steps in every cycle of a gait, which no
 * number of frames averages out. */
static const double CLEAR = 10, SPREAD = 0.4;
/* It is at least this, m/s or rad/s, and this share of the RMS speed of its group; more of hinges and rotations, whose
 * velocities may rock within frames (velocity_spans.c). */
static const double LEAST = 0.02, SHARE = 0.05, SHARE_OF_TURNS = 0.35;
/* offsets of halves and of episodes are the same if they differ by less than this share; and in so many episodes */
static const double SAME = 0.5, MOST = 0.75;

/* how much faster a position changes than its velocities say, per second, over some pairs of frames */
typedef struct offset {
  size_t n;      /* pairs */
  double mean;   /* with the mean velocities of two frames */
  double least;  /* the smallest one of the right lags; 0 if they differ in sign, since the right one may be between */
  double spread; /* standard deviation of the differences */
  double step;   /* what rounding of the positions leaves */
  double rounding; /* the smallest change of the velocity: what velocities that are rounded down are off at most */
} offset;

/* of dof i at the comparable pairs `first` to `last` - 1 of [from, to), counted among the comparable ones */
static offset offset_of(const trace* m, size_t from, size_t to, size_t first, size_t last, int i) {
  offset out = {.rounding = INFINITY};
  double sum[LAGS] = {0}, squares = 0, duration = 0, low = INFINITY, high = -INFINITY;
  size_t at = 0;
  for (size_t k = from; k < to && at < last; k++) {
    if (!trace_comparable(m, k) || at++ < first) continue;
    for (int lag = 0; lag < LAGS; lag++) sum[lag] += trace_change(m, k, lag, i) - trace_predicted(m, k, lag, i);
    const double e = trace_change(m, k, LAG_MEAN, i) - trace_predicted(m, k, LAG_MEAN, i);
    const double turn = fabs(trace_velocity(m, k, m->frame[k] + 1, i) - trace_velocity(m, k, m->frame[k], i));
    if (turn > 0) out.rounding = fmin(out.rounding, turn);
    squares += e * e;
    duration += m->h[m->episode[k]];
    out.n++;
  }
  if (out.n == 0) return out;
  for (int lag = 0; lag < LAGS; lag++) {
    if (!trace_lag_is_right(lag)) continue;
    low = fmin(low, sum[lag] / (double)out.n);
    high = fmax(high, sum[lag] / (double)out.n);
  }
  out.mean = sum[LAG_MEAN] / (double)out.n;
  out.least = low > 0 ? low : high < 0 ? high : 0;
  out.spread = sqrt(fmax(0, squares / (double)out.n - out.mean * out.mean));
  out.step = m->quantum[i] / duration;
  if (!isfinite(out.rounding)) out.rounding = 0;
  return out;
}

static bool are_same(double a, double b) {
  return a * b > 0 && fabs(a - b) <= SAME * fmax(fabs(a), fabs(b));
}

/* means over the episodes that are long enough */
typedef struct episodes_offset {
  int n;
  double mean, least, noise, spread, rounding, half[2];
} episodes_offset;

static episodes_offset over_episodes(const trace* m, int i) {
  episodes_offset all = {0};
  double squares = 0;
  for (size_t from = 0, to = 0; from < m->n; from = to) {
    to = trace_episode_end(m, from);
    const offset one = offset_of(m, from, to, 0, m->n, i);
    if (one.n < PAIRS_LEAST) continue;
    const double noise = one.spread / sqrt((double)one.n) + one.step;
    all.n++;
    all.mean += one.mean;
    all.least += one.least;
    all.spread += one.spread;
    all.rounding = fmax(all.rounding, one.rounding);
    all.half[0] += offset_of(m, from, to, 0, one.n / 2, i).mean;
    all.half[1] += offset_of(m, from, to, one.n / 2, one.n, i).mean;
    squares += noise * noise;
  }
  if (all.n == 0) return all;
  all.mean /= all.n;
  all.least /= all.n;
  all.spread /= all.n;
  all.noise = sqrt(squares) / all.n;
  return all;
}

/* the share of the episodes in which the offset is that of all */
static double share_alike(const trace* m, int i, const episodes_offset* all) {
  int alike = 0;
  for (size_t from = 0, to = 0; from < m->n; from = to) {
    to = trace_episode_end(m, from);
    const offset one = offset_of(m, from, to, 0, m->n, i);
    alike += one.n >= PAIRS_LEAST && are_same(one.least, all->mean);
  }
  return all->n ? (double)alike / all->n : 0;
}

double check_offset_of(const trace* m, int i) {
  return over_episodes(m, i).least;
}

/* the offset of dof i; NAN: it has none */
static double offset_of_dof(const trace* m, int i, double speed) {
  const episodes_offset all = over_episodes(m, i);
  const double share = m->group[i] == GROUP_BASE_POSITION || m->group[i] == GROUP_SLIDES ? SHARE : SHARE_OF_TURNS;
  const double size = fabs(all.least);
  if (all.n == 0 || size < fmax(LEAST, share * speed) || size < CLEAR * all.noise) return NAN;
  if (size < SPREAD * all.spread || size <= all.rounding || !are_same(all.half[0], all.half[1])) return NAN;
  return share_alike(m, i, &all) >= MOST ? all.mean : NAN;
}

/* Whether velocities of a base or ball joints that turn explain its turns as badly as those about another axis would,
 * which have an offset, too: the row of the velocity says so. */
static bool turns_otherwise(const trace_fit* f, int group) {
  return (group == GROUP_BASE_ROTATION || group == GROUP_BALLS) && trace_error(f, NULL) > CHECK_ERROR_LIMIT;
}

void check_velocity_offset(const trace* m, int before, data_findings* out) {
  const int known = out->n;
  trace_fit fit[GROUPS];
  for (int g = 0; g < GROUPS; g++) fit[g] = trace_fit_group(m, g);
  for (int i = 0; i < m->nv; i++) {
    const int group = m->group[i];
    if (group >= GROUPS || m->data->derived[m->nq + i]) continue;
    if (check_velocity_is_known(m, out, before, known, group) || turns_otherwise(&fit[group], group)) continue;
    const double value = offset_of_dof(m, i, fit[group].speed);
    if (isnan(value)) continue;
    char name[80];
    check_dof_name(m, i, name);
    data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_OFFSET, name, value, NAN, trace_group_unit(group));
    data_finding_judge(one, CHECK_WRONG,
                       "the positions of %s %s by %.2g %s more than the velocities say, steadily: the positions drift, "
                       "or the velocities have an offset; if it is the velocities, set data.velocities = differences",
                       name, value > 0 ? "rise" : "fall", fabs(value), trace_group_unit(group));
  }
}
