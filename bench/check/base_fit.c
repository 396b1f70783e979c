#include "base_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "joints.h"

/* pairs of frames that tell; the parts of them that standard errors are taken from */
enum { PAIRS_LEAST = 60, PARTS = 8 };
/* RMS speed, m/s, below which the position of a base tells nothing */
static const double RESTS = 0.01;
/* The share of the error that a cause may leave: less than a frame of several physics steps, noise or a filter explain,
 * whose bias is smaller than what they leave. Of another kind of cause it is at most the second share. */
static const double LEAVES = 0.75, CLEAR = 0.9;
/* Impacts of a gait follow its rotations, so that a point explains a part of right differences, too. */
static const double LEAVES_POINT = 0.4;
/* A factor is that of steady velocities, too, which change by less than this share of their mean; they are at least
 * this share of all squares: velocities that swing within frames have another factor at every lag. */
static const double STEADY = 0.3, STEADY_SHARE = 0.2;
/* largest factor, or its inverse; smallest factor, less 1, distance, m, and drift, rad/s; and so many standard errors
 */
static const double MOST_FACTOR = 2, FACTOR = 0.02, DISTANCE = 0.02, DRIFT = 0.02, ERRORS = 10;
/* a drift is at least this share of the standard deviation of its differences */
static const double SPREAD = 0.4;
/* right lags that leave up to this many times the least error may be the right one; they have to agree to this share */
static const double ABOUT = 3, SAME = 0.5;
/* episodes whose error falls by the cause of all */
static const double MOST = 0.75;

/* Of an object: a factor beyond these tells of itself (velocity_spans.c); what is smaller, and any other cause, if its
 * error is this many times that of the joint that follows worst, which may carry the object with others. */
static const double LARGE_LESS = 0.65, LARGE = 1.55, TWICE = 2;
/* a joint that changes less than this share of its group may rest but for noise */
static const double RESTS_SHARE = 0.02;

/* ---- least squares of at most three parameters ---- */

typedef struct normal {
  double a[3][3], b[3];
} normal;

/* the parameters of each cause; 0: no cause, and the heading, whose second one is a factor of its rate */
static const int parameters[BASE_CAUSES + 1] = {
    [BASE_SCALE] = 1, [BASE_PLANE] = 1, [BASE_VERTICAL] = 1, [BASE_POINT] = 3, [BASE_OFFSET] = 3, [BASE_CAUSES] = 2};
enum { HEADING = BASE_CAUSES, FITS };

static void add_row(normal* n, int count, const double* x, double y) {
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < count; j++) n->a[i][j] += x[i] * x[j];
    n->b[i] += x[i] * y;
  }
}

/* x = a^-1 b by elimination; false if the rows do not tell x */
static bool solve(const normal* n, int count, double* x) {
  static const double SINGULAR = 1e-9;
  normal w = *n;
  for (int i = 0; i < count; i++) {
    if (!(w.a[i][i] > SINGULAR * n->a[i][i])) return false;
    for (int k = i + 1; k < count; k++) {
      const double by = w.a[k][i] / w.a[i][i];
      for (int j = i; j < count; j++) w.a[k][j] -= by * w.a[i][j];
      w.b[k] -= by * w.b[i];
    }
  }
  for (int i = count - 1; i >= 0; i--) {
    x[i] = w.b[i];
    for (int j = i + 1; j < count; j++) x[i] -= w.a[i][j] * x[j];
    x[i] /= w.a[i][i];
  }
  return true;
}

/* The direction in the frame of the base in which a point may be anywhere, since the base turns about it alone, as one
 * on wheels does about the vertical; 0 if there is none. It is normal to two rows of a matrix of rank two. */
static void find_axis(const normal* n, double axis[3]) {
  static const double UNSEEN = 1e-9;
  double most = 0, seen = 0;
  memset(axis, 0, 3 * sizeof *axis);
  for (int i = 0; i < 3; i++) {
    const double *a = n->a[i], *b = n->a[(i + 1) % 3];
    const double c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    const double size = sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
    for (int k = 0; k < 3 && size > most; k++) axis[k] = c[k] / size;
    most = fmax(most, size);
  }
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) seen += axis[i] * n->a[i][k] * axis[k];
  }
  if (!(seen <= UNSEEN * (n->a[0][0] + n->a[1][1] + n->a[2][2]))) memset(axis, 0, 3 * sizeof *axis);
}

/* the parameters of a cause; those of a point are normal to the axis of which nothing is known */
static bool solve_fit(const normal* n, int fit, double* x) {
  normal w = *n;
  double axis[3] = {0};
  if (fit == BASE_POINT) find_axis(n, axis);
  const double weight = n->a[0][0] + n->a[1][1] + n->a[2][2];
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) w.a[i][k] += weight * axis[i] * axis[k];
  }
  return solve(&w, parameters[fit], x);
}

/* by how much the parameters lower the sum of squares */
static double falls(const normal* n, int count, const double* x) {
  double sum = 0;
  for (int i = 0; i < count; i++) {
    double ax = 0;
    for (int j = 0; j < count; j++) ax += n->a[i][j] * x[j];
    sum += x[i] * (2 * n->b[i] - ax);
  }
  return sum;
}

/* ---- the differences of changes and velocities ---- */

typedef struct sums {
  size_t n;
  double dd, ee;           /* squares of the changes of the position, and of their differences from the velocities */
  double turned, off, yaw; /* the same of the rotation; squares of the differences of the heading */
  double heading;          /* sum of the differences of the heading */
  normal fit[FITS];
} sums;

typedef struct base {
  const trace* m;
  const df_joint* joint;
  bool moves, turns; /* positions and rotations have velocities of their own */
  double joints;     /* of an object: relative error of the joint that follows its velocities worst; 0 of a base */
} base;

static void matrix_of(const double q[4], double r[3][3]) {
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const double out[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                            {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                            {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  memcpy(r, out, sizeof out);
}

/* the orientation at a frame of a pair's episode */
static void orientation(const base* b, size_t pair, int frame, double r[3][3]) {
  matrix_of(df_dataset_state(b->m->data, b->m->episode[pair], frame) + b->joint->qpos + 3, r);
}

/* the rows of the causes at a pair: the change of the position less the velocity v that the lag compares is
 * (factor - 1) v, d/dt (R r) of a point r of the base, or a constant */
static void add_position(const base* b, size_t k, int lag, sums* s) {
  const trace* m = b->m;
  const int t = m->frame[k], before = lag == LAG_CENTRAL ? t - 1 : t;
  const double h = m->h[m->episode[k]] * (t + 1 - before);
  double from[3][3], to[3][3];
  orientation(b, k, before, from);
  orientation(b, k, t + 1, to);
  for (int i = 0; i < 3; i++) {
    const double d = trace_change(m, k, lag, b->joint->dof + i), v = trace_predicted(m, k, lag, b->joint->dof + i);
    double point[3], constant[3] = {0};
    for (int j = 0; j < 3; j++) point[j] = (to[i][j] - from[i][j]) / h;
    constant[i] = 1;
    s->dd += d * d;
    s->ee += (d - v) * (d - v);
    add_row(&s->fit[BASE_SCALE], 1, &v, d - v);
    add_row(&s->fit[i < 2 ? BASE_PLANE : BASE_VERTICAL], 1, &v, d - v);
    add_row(&s->fit[BASE_POINT], 3, point, d - v);
    add_row(&s->fit[BASE_OFFSET], 3, constant, d - v);
  }
}

/* the heading turns by a constant faster than the velocities say, or by a factor */
static void add_heading(const base* b, size_t k, int lag, sums* s) {
  double r[3][3], rate = 0, difference = 0;
  orientation(b, k, b->m->frame[k], r);
  for (int i = 0; i < 3; i++) {
    const int dof = b->joint->dof + 3 + i;
    const double d = trace_change(b->m, k, lag, dof), v = trace_predicted(b->m, k, lag, dof);
    rate += r[2][i] * v;
    difference += r[2][i] * (d - v);
    s->turned += d * d;
    s->off += (d - v) * (d - v);
  }
  s->yaw += difference * difference;
  s->heading += difference;
  add_row(&s->fit[HEADING], 2, (const double[]){1, rate}, difference);
}

static sums sums_of(const base* b, size_t from, size_t to, int lag) {
  sums s = {0};
  for (size_t k = from; k < to; k++) {
    if (!trace_comparable(b->m, k)) continue;
    s.n++;
    if (b->moves) add_position(b, k, lag, &s);
    if (b->turns) add_heading(b, k, lag, &s);
  }
  return s;
}

static void subtract(normal* n, const normal* part) {
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) n->a[i][j] -= part->a[i][j];
    n->b[i] -= part->b[i];
  }
}

/* ---- one cause ---- */

/* what is known of a cause at the lag that fits it best */
typedef struct found {
  int fit, lag;
  bool known;
  double x[3], left, least; /* parameters; sum of squares that is left; the smallest size among the lags */
} found;

/* sums of all pairs, [LAGS]; of the lags that are not right they are empty */
typedef struct totals {
  sums at[LAGS];
} totals;

static double size_of(const double* x, int fit) {
  const int n = fit == HEADING ? 1 : parameters[fit];
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * x[i];
  return sqrt(sum);
}

static double error_as_is(const sums* s, int fit) {
  return fit == HEADING ? s->yaw : s->ee;
}

/* the parameters of a cause; unknown if right lags that fit about as well do not agree on them */
static found fit_cause(const totals* t, int fit) {
  found out = {.fit = fit, .left = INFINITY};
  double x[LAGS][3] = {{0}}, left[LAGS];
  for (int lag = 0; lag < LAGS; lag++) {
    const normal* n = &t->at[lag].fit[fit];
    left[lag] = INFINITY;
    if (!trace_lag_is_right(lag) || !solve_fit(n, fit, x[lag])) continue;
    left[lag] = fmax(0, error_as_is(&t->at[lag], fit) - falls(n, parameters[fit], x[lag]));
    if (left[lag] < out.left) {
      out.left = left[lag];
      out.lag = lag;
      out.known = true;
    }
  }
  if (!out.known) return out;
  memcpy(out.x, x[out.lag], sizeof out.x);
  out.least = size_of(out.x, fit);
  for (int lag = 0; lag < LAGS; lag++) {
    double apart[3];
    if (!(left[lag] <= ABOUT * ABOUT * out.left)) continue;
    for (int i = 0; i < 3; i++) apart[i] = x[lag][i] - out.x[i];
    out.known &= size_of(apart, fit) <= SAME * size_of(out.x, fit);
    out.least = fmin(out.least, size_of(x[lag], fit));
  }
  return out;
}

/* the standard error of the size of a cause, by leaving out each part of the pairs (jackknife); INFINITY: unknown */
static double error_of(const base* b, const totals* t, const found* f) {
  double sum = 0, squares = 0;
  for (int p = 0; p < PARTS; p++) {
    const size_t from = b->m->n * (size_t)p / PARTS, to = b->m->n * (size_t)(p + 1) / PARTS;
    const sums part = sums_of(b, from, to, f->lag);
    normal rest = t->at[f->lag].fit[f->fit];
    double x[3] = {0}, along = 0;
    subtract(&rest, &part.fit[f->fit]);
    if (!solve_fit(&rest, f->fit, x)) return INFINITY;
    for (int i = 0; i < (f->fit == HEADING ? 1 : parameters[f->fit]); i++) along += x[i] * f->x[i];
    along /= size_of(f->x, f->fit);
    sum += along;
    squares += along * along;
  }
  const double mean = sum / PARTS;
  return sqrt(fmax(0, squares / PARTS - mean * mean) * (PARTS - 1));
}

static bool helps(const base* b, size_t from, size_t to, const found* f) {
  const sums s = sums_of(b, from, to, f->lag);
  double x[3];
  memcpy(x, f->x, sizeof x);
  return s.n == 0 || falls(&s.fit[f->fit], parameters[f->fit], x) >= 0;
}

/* whether the cause lowers the error of both halves and of most episodes */
static bool is_in_all(const base* b, const found* f) {
  int n = 0, well = 0;
  if (!helps(b, 0, b->m->n / 2, f) || !helps(b, b->m->n / 2, b->m->n, f)) return false;
  for (size_t from = 0, to = 0; from < b->m->n; from = to) {
    to = trace_episode_end(b->m, from);
    n++;
    well += helps(b, from, to, f);
  }
  return well >= MOST * n;
}

/* ---- all of them ---- */

static bool is_of_scale(int fit) {
  return fit == BASE_SCALE || fit == BASE_PLANE || fit == BASE_VERTICAL;
}

/* the cause of a position that leaves least, and clearly less than those of another kind */
static found best_cause(const totals* t) {
  found best = {.left = INFINITY}, all[BASE_CAUSES];
  for (int fit = BASE_SCALE; fit < BASE_CAUSES; fit++) {
    all[fit] = fit_cause(t, fit);
    if (all[fit].left < best.left) best = all[fit];
  }
  for (int fit = BASE_SCALE; fit < BASE_CAUSES; fit++) {
    const bool same = fit == best.fit || (is_of_scale(fit) && is_of_scale(best.fit));
    if (!same && !(best.left < CLEAR * CLEAR * all[fit].left)) best.known = false;
  }
  return best;
}

/* the factor at the pairs at which the velocities that it is of are steady; NAN: too few are */
static double steady_factor(const base* b, int fit) {
  const int first = fit == BASE_VERTICAL ? 2 : 0, last = fit == BASE_PLANE ? 2 : 3;
  double dv = 0, vv = 0, all = 0;
  for (size_t k = 0; k < b->m->n; k++) {
    double one_dv = 0, one_vv = 0, turns = 0;
    if (!trace_comparable(b->m, k)) continue;
    for (int i = b->joint->dof + first; i < b->joint->dof + last; i++) {
      const double v = trace_predicted(b->m, k, LAG_MEAN, i);
      const double turn = trace_predicted(b->m, k, LAG_SEMI_IMPLICIT, i) - trace_predicted(b->m, k, LAG_EXPLICIT, i);
      one_dv += trace_change(b->m, k, LAG_MEAN, i) * v;
      one_vv += v * v;
      turns += turn * turn;
    }
    all += one_vv;
    if (turns > STEADY * STEADY * one_vv) continue;
    dv += one_dv;
    vv += one_vv;
  }
  return vv > STEADY_SHARE * all ? dv / vv : NAN;
}

/* whether a factor is one of steady velocities, too */
static bool is_steady(const base* b, const found* f) {
  return fabs(steady_factor(b, f->fit) - 1 - f->x[0]) <= SAME * fabs(f->x[0]);
}

/* whether it is a factor that no servo makes which settles within a frame */
static bool is_large(const found* f) {
  return is_of_scale(f->fit) && (1 + f->x[0] < LARGE_LESS || 1 + f->x[0] > LARGE);
}

/* Whether a point is one of the mean velocities, too. The velocity at one end of a frame of h s is h / 2 from the mean
 * one; of a base that turns while it drives at v m/s, that is as if its positions were of a point h v / 2 ahead, 7 cm
 * at 4 m/s and 30 Hz. */
static bool is_at_mean(const totals* t, const found* f) {
  double x[3], apart[3];
  if (!solve_fit(&t->at[LAG_MEAN].fit[BASE_POINT], BASE_POINT, x)) return false;
  for (int i = 0; i < 3; i++) apart[i] = x[i] - f->x[i];
  return size_of(apart, BASE_POINT) <= SAME * size_of(f->x, BASE_POINT);
}

static void find_position(const base* b, const totals* t, base_fit* out) {
  double as_is = INFINITY;
  for (int lag = 0; lag < LAGS; lag++) {
    if (trace_lag_is_right(lag)) as_is = fmin(as_is, t->at[lag].ee);
  }
  const sums* any = &t->at[LAG_MEAN];
  const found best = best_cause(t);
  if (!best.known || best.fit == BASE_OFFSET || !(any->dd > RESTS * RESTS * (double)any->n)) return;
  if (best.fit == BASE_POINT && !is_at_mean(t, &best)) return;
  const double leaves = best.fit == BASE_POINT ? LEAVES_POINT : LEAVES;
  if (!(best.left <= leaves * leaves * as_is) || (is_of_scale(best.fit) && !is_steady(b, &best))) return;
  if (best.least < (best.fit == BASE_POINT ? DISTANCE : FACTOR)) return;
  if (!is_large(&best) && !(sqrt(as_is / any->dd) > TWICE * b->joints)) return;
  /* opposite signs and other units are named by other checks */
  if (is_of_scale(best.fit) && !(best.x[0] > 1 / MOST_FACTOR - 1 && best.x[0] < MOST_FACTOR - 1)) return;
  const double doubt = error_of(b, t, &best);
  if (!(best.least >= ERRORS * doubt) || !is_in_all(b, &best)) return;
  out->cause = (base_cause)best.fit;
  if (best.fit == BASE_POINT) find_axis(&t->at[best.lag].fit[BASE_POINT], out->axis);
  for (int i = 0; i < 3; i++) out->value[i] = best.x[i] + (is_of_scale(best.fit) && i == 0);
  out->doubt = doubt;
  out->as_is = sqrt(as_is / any->dd);
  out->left = sqrt(best.left / any->dd);
}

/* By how much the heading turns more than the velocities say over all pairs, rad/s: the least of the right lags, any of
 * which may be the right one, and whose frames of the rotation are another's where the axis of a rotation moves. */
static double drift_of(const totals* t) {
  double drift = INFINITY;
  for (int lag = 0; lag < LAGS; lag++) {
    const double one = t->at[lag].heading / (double)t->at[lag].n;
    if (trace_lag_is_right(lag) && fabs(one) < fabs(drift)) drift = one;
  }
  return isfinite(drift) ? drift : NAN;
}

/* Whether a constant is the drift of the heading over all pairs, too. It is fitted together with a factor of the rate,
 * and the two cannot be told apart where the rate is almost constant, as that of a body in free flight: then they
 * cancel each other, and the heading turns as the velocities say. */
static bool is_integrated(const totals* t, const found* f) {
  const double drift = drift_of(t);
  return fabs(drift) >= DRIFT && fabs(drift - f->x[0]) <= SAME * fabs(f->x[0]);
}

static void find_heading(const base* b, const totals* t, base_fit* out) {
  const found f = fit_cause(t, HEADING);
  const sums* s = &t->at[f.lag];
  if (!(sqrt(s->off / s->turned) > TWICE * b->joints)) return;
  if (!f.known || f.least < DRIFT || f.least < SPREAD * sqrt(f.left / (double)s->n)) return;
  if (!is_integrated(t, &f)) return;
  const double doubt = error_of(b, t, &f);
  if (!(f.least >= ERRORS * doubt) || !is_in_all(b, &f)) return;
  out->drift = f.x[0];
  out->drift_doubt = doubt;
  out->drift_left = sqrt(fmax(0, s->off - (s->yaw - f.left)) / s->turned);
}

static totals totals_of(const base* b) {
  totals t = {0};
  for (int lag = 0; lag < LAGS; lag++) {
    if (trace_lag_is_right(lag)) t.at[lag] = sums_of(b, 0, b->m->n, lag);
  }
  return t;
}

/* relative error of the hinge or slide that moves and follows its velocities worst; 0 without any */
static double error_of_joints(const trace* m) {
  double worst = 0, change[GROUPS];
  for (int g = 0; g < GROUPS; g++) change[g] = trace_fit_group(m, g).change;
  for (int i = 0; i < m->nv; i++) {
    const int g = m->group[i];
    if (g != GROUP_HINGES && g != GROUP_SLIDES) continue;
    const trace_fit own = trace_fit_pair(m, i, i);
    if (own.change > RESTS_SHARE * change[g]) worst = fmax(worst, trace_error(&own, NULL));
  }
  return worst;
}

base_fit base_fit_of(const trace* m) {
  base_fit out = {.drift = NAN};
  base b = {.m = m, .joint = pose_base(m)};
  if (!b.joint || b.joint->kind != DF_JOINT_FREE) return out;
  if (trace_mocap_of(m, (int)(b.joint - m->joints)) >= 0) return out;
  const bool* derived = m->data->derived + m->nq + b.joint->dof;
  b.moves = !derived[0] && !derived[1] && !derived[2];
  b.turns = !derived[3] && !derived[4] && !derived[5];
  if (!trace_has_base(m)) {
    out.of_object = true;
    b.joints = error_of_joints(m);
  }
  const totals t = totals_of(&b);
  if (t.at[LAG_MEAN].n < PAIRS_LEAST) return out;
  if (b.moves) find_position(&b, &t, &out);
  if (b.turns) find_heading(&b, &t, &out);
  return out;
}

bool base_fit_explains(const base_fit* f, int group, double error) {
  if (group == GROUP_BASE_POSITION) return f->cause != BASE_NO_CAUSE && f->left < CLEAR * error;
  return group == GROUP_BASE_ROTATION && isfinite(f->drift) && f->drift_left < CLEAR * error;
}

double base_fit_drift(const trace* m) {
  const base b = {.m = m, .joint = pose_base(m), .turns = true};
  if (!b.joint || b.joint->kind != DF_JOINT_FREE) return NAN;
  const totals t = totals_of(&b);
  return drift_of(&t);
}

static const char* direction_of(base_cause cause) {
  return cause == BASE_PLANE ? " in the ground plane" : cause == BASE_VERTICAL ? " vertically" : "";
}

static void report_point(const base_fit* f, const char* column, const char* body, data_findings* out) {
  const double *r = f->value, *axis = f->axis;
  char unseen[160] = "";
  if (size_of(axis, BASE_POINT) > 0)
    snprintf(unseen, sizeof unseen,
             ", and by any distance along (%.2f, %.2f, %.2f), the only axis about which the %s turns", axis[0], axis[1],
             axis[2], f->of_object ? "object" : "base");
  data_finding* one = data_findings_add(out, DATA_CHECK_BASE_POINT, column, size_of(r, BASE_POINT), NAN, "m");
  data_finding_judge(one, CHECK_WRONG,
                     "positions and velocities of %s are of two points: the positions are of one that is at "
                     "(%.3f, %.3f, %.3f) m, +- %.2g, from that of the velocities, in the frame of %s%s, as of a "
                     "sensor, a marker or the centre of mass (the error of the velocities falls from %.2g to %.2g): "
                     "convert both to the origin of %s",
                     body, r[0], r[1], r[2], f->doubt, body, unseen, f->as_is, f->left, body);
}

static void report_position(const base_fit* f, const char* body, data_findings* out) {
  const char* name = trace_group_name(!f->of_object, GROUP_BASE_POSITION);
  if (f->cause == BASE_POINT) {
    report_point(f, name, body, out);
    return;
  }
  data_finding* one = data_findings_add(out, DATA_CHECK_VELOCITY_SCALE, name, f->value[0], NAN, "change / velocity");
  data_finding_judge(one, CHECK_WRONG,
                     "the position of %s changes %.4g times, +- %.2g, as fast%s as its velocities say (their error "
                     "falls from %.2g to %.2g): positions or velocities have another scale%s: divide the positions by "
                     "it, or, if they are right, set data.velocities = differences",
                     body, f->value[0], f->doubt, direction_of(f->cause), f->as_is, f->left,
                     f->cause == BASE_SCALE ? ", or the frame rate is wrong" : "");
}

static void report_heading(const base_fit* f, const char* body, data_findings* out) {
  data_finding* one =
      data_findings_add(out, DATA_CHECK_VELOCITY_OFFSET, trace_heading_name(!f->of_object), f->drift, NAN, "rad/s");
  data_finding_judge(one, CHECK_WRONG,
                     "the heading of %s turns by %.3g rad/s, +- %.2g, more than the angular velocities say, "
                     "steadily: the orientation drifts, or a gyroscope has an offset; if it is the velocities, set "
                     "data.velocities = differences",
                     body, f->drift, f->drift_doubt);
}

void base_fit_report(const base_fit* f, const trace* m, int before, data_findings* out) {
  const int known = out->n;
  char* body = check_base_words(m->system, trace_objects(m));
  if (f->cause != BASE_NO_CAUSE && !check_velocity_is_known(m, out, before, known, GROUP_BASE_POSITION))
    report_position(f, body, out);
  if (isfinite(f->drift) && !check_velocity_is_known(m, out, before, known, GROUP_BASE_ROTATION))
    report_heading(f, body, out);
  df_free(body);
}
