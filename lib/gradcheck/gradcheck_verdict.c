/* comparison of adjoint and finite differences, summary over many states, verdict */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "gradcheck_internal.h"

/* ---- the system under test ---- */

df_status df_oracle_open(const df_system* system, df_oracle* out) {
  *out = (df_oracle){.system = system};
  if (!df_system_is_mujoco(system)) return DF_OK;
  DF_TRY(df_mujoco_copy_with_tolerance(system, DF_CONVERGED, &out->own));
  out->system = out->own;
  return DF_OK;
}

void df_oracle_close(df_oracle* o) {
  df_system_free(o->own);
}

static double nudged(double x, double lo, double hi, double inside) {
  const double by = fmin(inside, 0.25 * (hi - lo));
  if (fabs(x - lo) < by) x = lo + by;
  if (fabs(x - hi) < by) x = hi - by;
  return x;
}

void df_nudge_inside(const df_system* s, double inside, int n, double* u) {
  for (int i = 0; i < n; i++) u[i] = nudged(u[i], s->u_lo[i % s->nu], s->u_hi[i % s->nu], inside);
}

void df_nudge_activations(const df_system* s, double inside, double* x) {
  if (!df_system_is_mujoco(s)) return;
  const mjModel* m = as_mujoco(s)->model;
  const df_closed_dynamics* closed = as_mujoco(s)->closed;
  double* act = x + m->nq + m->nv;
  for (int k = 0; k < m->na; k++) {
    const df_range range = closed ? (df_range){closed->act_lo[k], closed->act_hi[k]}
                                  : df_activation_range(m, as_mujoco(s)->actuation.owner[k], act[k]);
    act[k] = nudged(act[k], range.lo, range.hi, inside);
  }
}

/* ---- one state ---- */

double df_norm(const double* a, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * a[i];
  return sqrt(sum);
}

double df_relative(const double* a, const double* b, int n) {
  const double tiny = 1e-300;
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum) / (df_norm(b, n) + tiny);
}

void df_compare(int n, const double* adjoint, double* const difference[STEP_SIZES], int pair, df_gradcheck_point* out) {
  const double e0 = df_relative(adjoint, difference[pair], n), e1 = df_relative(adjoint, difference[pair + 1], n);
  out->error = e0 < e1 ? e0 : e1;
  out->step_gap = df_relative(difference[pair], difference[pair + 1], n);
  out->kink = !(out->step_gap <= KINK);
  out->eps = DF_EPS[pair];
}

void df_mark_ended(df_traj_end end, df_gradcheck_point* out) {
  out->error = out->step_gap = NAN;
  out->kink = true;
  out->cause = end == DF_TRAJ_FAILED ? DF_KINK_FAILED : DF_KINK_DIVERGED;
  if (end == DF_TRAJ_FAILED) snprintf(out->failure, sizeof out->failure, "%s", df_error_message());
}

/* ---- summary ---- */

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* nearest-rank quantile of a sorted array; NaN if it is empty */
static double quantile(int n, const double* sorted, double share) {
  return n > 0 ? sorted[(int)(share * (n - 1) + 0.5)] : NAN;
}

df_status df_gradcheck_sum_up(int n, const df_gradcheck_point* points, df_gradcheck_summary* out) {
  DF_REQUIRE_POINTER(points);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(n >= 0, "df_gradcheck_sum_up: %d points", n);
  /* errors of smooth points, their distances from mjd_transitionFD, errors of approximate points */
  double* errors = df_alloc(3 * (size_t)n, sizeof *errors);
  if (!errors) return DF_E_NOMEM;
  double *other = errors + n, *loose = other + n;
  *out = (df_gradcheck_summary){.n = n, .worst_at = -1, .failed_at = -1};

  /* sort points into kinks, differenced, approximate, smooth */
  int below = 0;
  for (int i = 0; i < n; i++) {
    const df_gradcheck_point* p = &points[i];
    out->near += p->cause != DF_KINK_NONE;
    if (p->cause == DF_KINK_FAILED && out->failed_at < 0) out->failed_at = i;
    out->cause[p->cause]++;
    if (p->kink) {
      out->kinks++;
      continue;
    }
    if (p->differenced || p->approximate) {
      out->differenced += p->differenced;
      if (!p->differenced) loose[out->approximate++] = p->error;
      continue;
    }
    /* a NaN adjoint agrees with nothing */
    const double error = isnan(p->error) ? INFINITY : p->error;
    if (out->worst_at < 0 || error > points[out->worst_at].error) out->worst_at = i;
    errors[out->smooth++] = error;
    below += error < 1e-6;
    if (!isnan(p->transition_error)) other[out->transitions++] = p->transition_error;
  }

  /* quantiles */
  if (out->smooth > 1) qsort(errors, (size_t)out->smooth, sizeof *errors, by_size);
  if (out->transitions > 1) qsort(other, (size_t)out->transitions, sizeof *other, by_size);
  if (out->approximate > 1) qsort(loose, (size_t)out->approximate, sizeof *loose, by_size);
  out->approximate_median = quantile(out->approximate, loose, 0.5);
  out->median = quantile(out->smooth, errors, 0.5);
  out->p99 = quantile(out->smooth, errors, 0.99);
  out->worst = quantile(out->smooth, errors, 1);
  out->below = out->smooth > 0 ? (double)below / out->smooth : NAN;
  out->transition_median = quantile(out->transitions, other, 0.5);
  out->transition_p99 = quantile(out->transitions, other, 0.99);
  df_free(errors);
  return DF_OK;
}

df_gradcheck_verdict df_gradcheck_judge(const df_gradcheck_summary* s, double median, double p99) {
  if (s->smooth > 0 && !(s->median <= median && s->p99 <= p99)) return DF_GRADCHECK_FAILS;
  const bool failed = s->cause[DF_KINK_FAILED] > DF_GRADCHECK_FAILED_SHARE * s->n;
  return failed || s->smooth == 0 || 4 * s->smooth < s->n ? DF_GRADCHECK_INCONCLUSIVE : DF_GRADCHECK_HOLDS;
}
