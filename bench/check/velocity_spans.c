#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "text.h"

/* Over a span of n frames the change of a position grows with n, and its noise does not; a velocity that rocks within
 * frames averages out. With noise in both, the factor between them is within the regressions of one on the other. */
enum { SPAN_MOST = 32, SPANS_LEAST = 20 };
/* correlation over spans from which the sign and the factor are known; velocities of a motion are above the second one
 * at some span */
static const double ALIKE = 0.9, UNLIKE = 0.3;
/* The factor is known to be another one than 1 beyond these bounds; beyond the second ones if velocities turn from
 * frame to frame: what rocks within frames is recorded at the same phase of it every time, and then averages to another
 * velocity. */
static const double SLOWER = 0.65, FASTER = 1.55, FAR_SLOWER = 1.0 / 3, FAR_FASTER = 3;
/* correlation of successive spans: those of a motion are above, those of noise are not */
static const double SMOOTH = 0.5;
/* correlation of the velocities of successive frames below which they change from frame to frame */
static const double STEADY = 0.8;
/* factors of joints that are the same mistake */
static const double SAME = 1.15;
/* a joint that changes less than this share of its group may rest but for noise */
static const double RESTS = 0.02;

/* sums over the spans of one length, of changes d and velocities v, and of products with the span before */
typedef struct span_sums {
  double dd, dv, vv;
  double d_next, v_next, dd_next, vv_next; /* of the spans that follow another one */
  size_t n;
} span_sums;

/* the dofs whose spans are summed: dof i, or, -1, those of a group */
typedef struct span_part {
  const trace* m;
  int group, dof;
} span_part;

typedef enum span_verdict { FITS, SCALED, REVERSED, UNRELATED } span_verdict;
typedef struct span_fit {
  span_verdict verdict;
  double factor, correlation;
  int frames; /* of the spans that tell */
} span_fit;

static bool is_of(const span_part* p, int i) {
  if (p->m->data->derived[p->m->nq + i]) return false;
  return p->dof >= 0 ? i == p->dof : p->m->group[i] == p->group;
}

/* the sums of changes and velocities over the pairs from `first` on; false if they are not of successive frames */
static bool span_at(const trace* m, size_t first, int frames, double* d, double* v) {
  memset(d, 0, (size_t)m->nv * sizeof *d);
  memset(v, 0, (size_t)m->nv * sizeof *v);
  for (size_t k = first; k < first + (size_t)frames; k++) {
    if (m->episode[k] != m->episode[first] || !trace_comparable(m, k)) return false;
    for (int i = 0; i < m->nv; i++) {
      d[i] += trace_change(m, k, LAG_MEAN, i);
      v[i] += trace_predicted(m, k, LAG_MEAN, i);
    }
  }
  return true;
}

static void add_span(const span_part* p, const double* d, const double* v, const double* d0, const double* v0,
                     span_sums* s) {
  s->n++;
  for (int i = 0; i < p->m->nv; i++) {
    if (!is_of(p, i)) continue;
    s->dd += d[i] * d[i];
    s->dv += d[i] * v[i];
    s->vv += v[i] * v[i];
    if (!d0) continue;
    s->d_next += d[i] * d0[i];
    s->v_next += v[i] * v0[i];
    s->dd_next += (d[i] * d[i] + d0[i] * d0[i]) / 2;
    s->vv_next += (v[i] * v[i] + v0[i] * v0[i]) / 2;
  }
}

static span_sums sums_of(const span_part* p, int frames) {
  const trace* m = p->m;
  double d[2][DF_NDX_MAX], v[2][DF_NDX_MAX];
  span_sums s = {0};
  size_t last = m->n; /* the first pair of the span before */
  int now = 0;
  for (size_t k = 0; k + (size_t)frames <= m->n;) {
    if (!span_at(m, k, frames, d[now], v[now])) {
      k++;
      continue;
    }
    const bool follows = last + (size_t)frames == k && m->episode[last] == m->episode[k];
    add_span(p, d[now], v[now], follows ? d[!now] : NULL, follows ? v[!now] : NULL, &s);
    last = k;
    now = !now;
    k += (size_t)frames;
  }
  return s;
}

static double correlation_of(const span_sums* s) {
  return s->dd > 0 && s->vv > 0 ? s->dv / sqrt(s->dd * s->vv) : 0;
}

/* whether both the changes and the velocities are those of a motion */
static bool is_smooth(const span_sums* s) {
  return s->dd_next > 0 && s->vv_next > 0 && s->d_next > SMOOTH * s->dd_next && s->v_next > SMOOTH * s->vv_next;
}

static span_fit fit_of(const span_part* p) {
  span_fit out = {.factor = 1};
  bool smooth = false, turns = false;
  for (int frames = 1; frames <= SPAN_MOST; frames *= 2) {
    const span_sums s = sums_of(p, frames);
    const double r = correlation_of(&s);
    if (s.n < SPANS_LEAST) break;
    smooth |= is_smooth(&s);
    if (frames == 1) turns = s.v_next < STEADY * s.vv_next;
    if (out.frames && fabs(r) <= fabs(out.correlation)) continue;
    out = (span_fit){.factor = s.dv / s.vv, .correlation = r, .frames = frames};
    const double least = turns ? FAR_SLOWER : SLOWER, most = turns ? FAR_FASTER : FASTER;
    const bool other = s.dv > 0 && (s.dd / s.dv < least || s.dv / s.vv > most);
    out.verdict = r < -ALIKE ? REVERSED : r > ALIKE && other ? SCALED : FITS;
  }
  if (out.frames && smooth && fabs(out.correlation) < UNLIKE) out.verdict = UNRELATED;
  return out;
}

double check_span_error(const trace* m, int group, double limit, int* frames) {
  static const double SEVERAL = 1.5;
  const span_part part = {m, group, -1};
  double shortest = INFINITY;
  for (size_t k = 0; k < m->n; k++) shortest = fmin(shortest, m->h[m->episode[k]]);
  if (!(shortest > SEVERAL * df_mujoco_timestep(m->system))) return NAN;
  for (*frames = 2; *frames <= SPAN_MOST; *frames *= 2) {
    const span_sums s = sums_of(&part, *frames);
    if (s.n < SPANS_LEAST) break;
    const double error = sqrt(fmax(0, s.dd - 2 * s.dv + s.vv) / s.dd);
    if (correlation_of(&s) > ALIKE && error <= limit) return error;
  }
  return NAN;
}

double check_span_factor(const trace* m, int group) {
  const span_fit fit = fit_of(&(span_part){m, group, -1});
  return fit.verdict == SCALED ? fit.factor : NAN;
}

bool check_scale_is_shown(const trace* m, int group, double factor) {
  static const double AGREE = 1.25;
  const bool of_objects = !trace_has_base(m) && (group == GROUP_BASE_POSITION || group == GROUP_BASE_ROTATION);
  if (!of_objects) return true;
  const double steady = trace_steady_of(m, 0, m->n, group).slope;
  return steady > 0 && fmax(steady / factor, factor / steady) < AGREE;
}

/* The largest factor that a servo of joint j explains which settles within a frame: velocities that fall at the rate a
 * are recorded at the end of each frame of T s, where they are (exp(a T) - 1) / (a T) times slower than their mean. The
 * rate is the slow one of the servo on the inertia of the joint. 1: nothing settles. */
static double settling_of(const trace* m, const df_dof* dofs, int dof) {
  static const double ABOUT = 1.15; /* inertias are those of the model's first pose */
  int j = 0;
  while (j + 1 < m->njoint && m->joints[j + 1].dof <= dof) j++;
  double stiffness = 0, damping = dofs[dof].damping, longest = 0;
  for (int k = 0; k < m->system->nu; k++) {
    const df_actuator a = df_mujoco_actuator_at(m->system, k);
    if (a.joint != j) continue;
    stiffness += a.stiffness;
    damping += a.damping;
  }
  for (size_t k = 0; k < m->n; k++) longest = fmax(longest, m->h[m->episode[k]]);
  if (!(stiffness > 0 && damping > 0)) return 1;
  const double inertia = dofs[dof].inertia, under = damping * damping - 4 * inertia * stiffness;
  const double rate = (damping - sqrt(fmax(0, under))) / (2 * inertia) * longest;
  return ABOUT * expm1(rate) / rate;
}

bool check_servos_settle(const trace* m, double factor) {
  df_dof* dofs = df_alloc((size_t)m->nv, sizeof *dofs);
  double least = INFINITY, change[GROUPS] = {0};
  if (!dofs) return false;
  df_mujoco_dofs(m->system, dofs);
  for (int g = GROUP_HINGES; g <= GROUP_SLIDES; g++) change[g] = trace_fit_group(m, g).change;
  for (int i = 0; i < m->nv; i++) {
    if (m->group[i] != GROUP_HINGES && m->group[i] != GROUP_SLIDES) continue;
    if (trace_fit_pair(m, i, i).change > RESTS * change[m->group[i]]) least = fmin(least, settling_of(m, dofs, i));
  }
  df_free(dofs);
  return factor > 1 && isfinite(least) && factor < least;
}

/* ---- the findings ---- */

/* the joints of a group with one verdict, and the same factor */
typedef struct alike {
  text names;
  int n, frames;
  double factor, correlation; /* of the first one */
} alike;

static void add_name(const trace* m, int dof, const span_fit* f, alike* out) {
  char name[80];
  check_dof_name(m, dof, name);
  if (out->n == 0) {
    out->frames = f->frames;
    out->factor = f->factor;
    out->correlation = f->correlation;
  }
  text_add(&out->names, "%s%s", out->n++ ? ", " : "", name);
}

/* of all dofs of the group if `names` is "" */
static void report(const trace* m, int group, span_verdict verdict, const alike* a, const char* names,
                   data_findings* out) {
  const char *column = trace_group_name(trace_has_base(m), group), *of = names[0] ? names : column;
  data_finding* one;
  if (verdict == SCALED) {
    one = data_findings_add(out, DATA_CHECK_VELOCITY_SCALE, column, a->factor, NAN, "change / velocity");
    data_finding_judge(one, CHECK_WRONG,
                       "the positions of %s change %.4g times as fast as the recorded velocities say, over spans of %d "
                       "frame%s",
                       of, a->factor, a->frames, a->frames == 1 ? "" : "s");
  } else if (verdict == REVERSED) {
    one = data_findings_add(out, DATA_CHECK_VELOCITY_SIGN, column, a->correlation, NAN, "correlation");
    data_finding_judge(one, CHECK_WRONG,
                       "the velocities of %s have the opposite sign of the changes of the positions, over spans of %d "
                       "frame%s",
                       of, a->frames, a->frames == 1 ? "" : "s");
  } else {
    one = data_findings_add(out, DATA_CHECK_VELOCITY, column, a->correlation, NAN, "correlation");
    data_finding_judge(one, CHECK_WRONG,
                       "the velocities of %s do not follow from the changes of the positions over spans of up to %d "
                       "frames: they belong to another joint, episode or time",
                       of, SPAN_MOST);
  }
  data_finding_fits(one, "data.velocities", "differences");
}

/* the joints of a group with a verdict, those of different factors one after the other; returns their number */
static void report_joints(const trace* m, int group, span_verdict verdict, const span_fit* f, int moving,
                          data_findings* out) {
  bool done[DF_NDX_MAX] = {false};
  for (int i = 0; i < m->nv; i++) {
    alike a = {.names = {0}};
    if (m->group[i] != group || f[i].verdict != verdict || done[i]) continue;
    for (int k = i; k < m->nv; k++) {
      const bool same = verdict != SCALED || fmax(f[k].factor / f[i].factor, f[i].factor / f[k].factor) < SAME;
      if (m->group[k] != group || f[k].verdict != verdict || done[k] || !same) continue;
      add_name(m, k, &f[k], &a);
      done[k] = true;
    }
    report(m, group, verdict, &a, a.n < moving ? text_of(&a.names) : "", out);
    text_clear(&a.names);
  }
}

bool check_velocity_is_known(const trace* m, const data_findings* f, int from, int to, int group) {
  const bool based = trace_has_base(m);
  for (int i = from; i < to; i++) {
    const data_finding* one = &f->list[i];
    const bool all = one->column[0] == '\0' && one->check != DATA_CHECK_VELOCITY_SIGN;
    const bool heading = group == GROUP_BASE_ROTATION && strcmp(one->column, trace_heading_name(based)) == 0;
    if (one->verdict != CHECK_WRONG) continue;
    if (all || heading || strcmp(one->column, trace_group_name(based, group)) == 0) return true;
  }
  return false;
}

static bool is_reversed_known(const data_findings* f, int before) {
  for (int i = before; i < f->n; i++) {
    if (f->list[i].check == DATA_CHECK_VELOCITY_SIGN && f->list[i].verdict == CHECK_WRONG) return true;
  }
  return false;
}

static void check_scalars(const trace* m, int group, double change, bool reversed, data_findings* out) {
  span_fit f[DF_NDX_MAX] = {{0}};
  int moving = 0;
  df_dof* dofs = df_alloc((size_t)m->nv, sizeof *dofs);
  if (dofs) df_mujoco_dofs(m->system, dofs);
  for (int i = 0; i < m->nv; i++) {
    if (m->group[i] != group || m->data->derived[m->nq + i]) continue;
    const trace_fit own = trace_fit_pair(m, i, i);
    if (!(own.change > RESTS * change) || !(own.speed > 0)) continue;
    moving++;
    f[i] = fit_of(&(span_part){m, group, i});
    const bool settles = dofs && f[i].verdict == SCALED && f[i].factor > 1 && f[i].factor < settling_of(m, dofs, i);
    if (settles) f[i].verdict = FITS;
  }
  df_free(dofs);
  report_joints(m, group, SCALED, f, moving, out);
  if (!reversed) report_joints(m, group, REVERSED, f, moving, out);
  report_joints(m, group, UNRELATED, f, moving, out);
}

void check_velocity_spans(const trace* m, int before, data_findings* out) {
  const bool reversed = is_reversed_known(out, before);
  for (int g = 0; g < GROUPS; g++) {
    const trace_fit f = trace_fit_group(m, g);
    if (f.n == 0 || !(f.change > 1e-9) || !(f.speed > 0) || check_velocity_is_known(m, out, before, out->n, g))
      continue;
    if (g == GROUP_HINGES || g == GROUP_SLIDES) {
      check_scalars(m, g, f.change, reversed, out);
      continue;
    }
    const span_fit fit = fit_of(&(span_part){m, g, -1});
    const alike a = {.n = 1, .frames = fit.frames, .factor = fit.factor, .correlation = fit.correlation};
    if (fit.verdict == SCALED && check_scale_is_shown(m, g, fit.factor)) report(m, g, SCALED, &a, "", out);
  }
}
