#include "bench_adjoint.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/stats/statistics.h"
#include "escape.h"
#include "json.h"
#include "provenance.h"
#include "text.h"

typedef struct bench {
  const df_system* s;
  const cases* c;
  df_sim *plain, *taped;
  double *path, *dx, *du, *A, *B;
  double* least;   /* [m][ADJOINT_PARTS] shortest time over passes, s */
  double* ratios;  /* [passes] time of TIME_ADJOINT / time of TIME_PLAIN */
  bool* diverged;  /* [m] */
  bool failed;     /* the simulator raised an error; df_error_message() has it */
  bool transition; /* mjd_transitionFD supports the system */
} bench;

static void bench_clear(bench* b) {
  df_sim_free(b->s, b->plain);
  df_sim_free(b->s, b->taped);
  df_free(b->path);
  df_free(b->dx);
  df_free(b->du);
  df_free(b->A);
  df_free(b->B);
  df_free(b->least);
  df_free(b->ratios);
  df_free(b->diverged);
}

/* whether its steps have constraint rows and a derivative of MuJoCo's own */
static bool steps_by_mujoco(const df_system* s) {
  return df_system_is_mujoco(s) && df_mujoco_dynamics(s) == DF_DYNAMICS_MUJOCO;
}

static df_status bench_open(bench* b, int passes) {
  const df_system* s = b->s;
  const size_t H = (size_t)b->c->H, nx = (size_t)s->nx, ndx = (size_t)s->ndx, nu = (size_t)s->nu, m = (size_t)b->c->m;
  b->path = df_alloc((H + 1) * nx, sizeof(double));
  b->dx = df_alloc((H + 1) * ndx, sizeof(double));
  b->du = df_alloc(H * nu, sizeof(double));
  b->A = df_alloc(ndx * ndx, sizeof(double));
  b->B = df_alloc(ndx * nu, sizeof(double));
  b->least = df_alloc(m * ADJOINT_PARTS, sizeof(double));
  b->ratios = df_alloc((size_t)passes, sizeof(double));
  b->diverged = df_alloc(m, sizeof(bool));
  if (!b->path || !b->dx || !b->du || !b->A || !b->B || !b->least || !b->ratios || !b->diverged) return DF_E_NOMEM;
  for (size_t i = 0; i < m * ADJOINT_PARTS; i++) b->least[i] = INFINITY;
  /* a cotangent at every state, as of a loss along the rollout */
  for (size_t i = 0; i < (H + 1) * ndx; i++) b->dx[i] = 1e-3;
  b->transition = steps_by_mujoco(s) && df_mujoco_substeps(s) == 1;
  DF_TRY(df_sim_new(s, 0, &b->plain));
  return df_sim_new(s, b->c->H, &b->taped);
}

static const double* start_of(const bench* b, int window) {
  return b->c->x0 + (size_t)window * (size_t)b->s->nx;
}
static const double* actions_of(const bench* b, int window) {
  return b->c->u_m + (size_t)window * (size_t)b->c->H * (size_t)b->s->nu;
}

/* runs one part on one window; returns seconds, or a negative number if the system does not have this part */
static double run_part(bench* b, int window, adjoint_part what) {
  const double *x0 = start_of(b, window), *u = actions_of(b, window);
  const int H = b->c->H;
  df_traj_end end = DF_TRAJ_COMPLETE;
  const double before = df_clock_thread();
  switch (what) {
    case TIME_PLAIN:
      end = df_trajectory_run(b->s, b->plain, H, x0, u, b->path);
      break;
    case TIME_TAPED:
      end = df_trajectory_run(b->s, b->taped, H, x0, u, b->path);
      break;
    case TIME_ADJOINT:
      end = df_trajectory_vjp(b->s, b->taped, H, b->dx, 1, b->du, NULL);
      break;
    case TIME_JACOBIAN:
      end = df_sim_jacobian(b->s, b->taped, 0, b->A, b->B);
      break;
    default:
      if (!b->transition) return -1;
      b->transition =
          df_mujoco_transition(b->s, b->plain, x0, u,
                               &(df_transition){.eps = 1e-6, .centred = what == TIME_CENTRED_FD, .A = b->A, .B = b->B});
      if (!b->transition) return -1;
  }
  const double seconds = df_clock_thread() - before;
  b->failed |= end == DF_TRAJ_FAILED;
  if (end != DF_TRAJ_COMPLETE) b->diverged[window] = true;
  return seconds;
}

/* Runs the parts of every window in turn. The plain rollout comes before the taped one and the adjoint in even passes,
 * and after them in odd passes. */
static void run_pass(bench* b, int pass) {
  double plain = 0, back = 0;
  for (int w = 0; w < b->c->m; w++) {
    const adjoint_part order[2][ADJOINT_PARTS] = {
        {TIME_PLAIN, TIME_TAPED, TIME_ADJOINT, TIME_JACOBIAN, TIME_FORWARD_FD, TIME_CENTRED_FD},
        {TIME_TAPED, TIME_ADJOINT, TIME_PLAIN, TIME_JACOBIAN, TIME_FORWARD_FD, TIME_CENTRED_FD}};
    double forth = 0, adjoint = 0;
    for (int k = 0; k < ADJOINT_PARTS && !b->diverged[w] && !b->failed; k++) {
      const adjoint_part what = order[pass % 2][k];
      double* least = &b->least[w * ADJOINT_PARTS + (int)what];
      /* Jacobians cost as much as all the rest: run them in every fourth pass */
      if (what >= TIME_JACOBIAN && pass % 4 != 0) continue;
      const double seconds = run_part(b, w, what);
      if (seconds >= 0) *least = fmin(*least, seconds);
      if (what == TIME_PLAIN) forth = seconds;
      if (what == TIME_ADJOINT) adjoint = seconds;
    }
    if (b->diverged[w]) continue;
    plain += forth;
    back += adjoint;
  }
  b->ratios[pass] = back / plain;
}

/* microseconds per action, mean over the windows that did not diverge; NaN if the part did not run */
static double mean_time(const adjoint_times* t, adjoint_part what, int actions) {
  double sum = 0;
  int n = 0;
  for (int w = 0; w < t->windows; w++) {
    if (t->diverged[w]) continue;
    sum += t->least[w * ADJOINT_PARTS + (int)what];
    n++;
  }
  return n > 0 && isfinite(sum) ? 1e6 * sum / n / actions : NAN;
}

void adjoint_times_sum_up(const adjoint_times* t, adjoint_timing* out) {
  df_sort(t->passes, t->ratios);
  const double taped = mean_time(t, TIME_TAPED, t->actions);
  out->windows = 0;
  for (int w = 0; w < t->windows; w++) out->windows += !t->diverged[w];
  out->horizon = t->actions;
  out->passes = t->passes;
  out->step_us = mean_time(t, TIME_PLAIN, t->actions);
  out->record_us = taped - out->step_us;
  out->vjp_us = mean_time(t, TIME_ADJOINT, t->actions);
  out->rollout_grad_per_rollout = (taped + out->vjp_us) / out->step_us;
  out->jacobian_us = mean_time(t, TIME_JACOBIAN, 1);
  out->transitionfd_us = mean_time(t, TIME_FORWARD_FD, 1);
  out->transitionfd_centred_us = mean_time(t, TIME_CENTRED_FD, 1);
  out->ratio_low = t->ratios[t->passes / 4];
  out->ratio_high = t->ratios[(3 * t->passes) / 4];
}

/* mean number of constraint rows per step of the windows that did not diverge */
static double mean_rows(bench* b) {
  double sum = 0, x1[2 * DF_NDX_MAX];
  int n = 0;
  for (int w = 0; w < b->c->m && steps_by_mujoco(b->s); w++) {
    const double* u = actions_of(b, w);
    if (b->diverged[w]) continue;
    b->s->ops->reset(b->plain, start_of(b, w));
    for (int t = 0; t < b->c->H; t++) {
      if (b->s->ops->step(b->plain, u + (size_t)t * (size_t)b->s->nu, x1) != DF_TRAJ_COMPLETE) break;
      sum += df_mujoco_active(b->plain).rows;
      n++;
    }
  }
  return n > 0 ? sum / n : NAN;
}

/* errors of the adjoint at the first state and action of every window */
static df_status check_errors(const bench* b, uint64_t seed, adjoint_timing* out) {
  const size_t nu = (size_t)b->s->nu, m = (size_t)b->c->m;
  double* u = df_alloc(m * nu, sizeof *u);
  df_gradcheck_point* points = df_alloc(m, sizeof *points);
  df_gradcheck_summary sum;
  df_status status = u && points ? DF_OK : DF_E_NOMEM;
  for (size_t w = 0; w < m && status == DF_OK; w++) memcpy(u + w * nu, actions_of(b, (int)w), nu * sizeof *u);
  if (status == DF_OK) {
    const df_gradcheck_states states = {.n = b->c->m, .x = b->c->x0, .u = u};
    status = df_gradcheck_run(b->s, &(df_gradcheck_cfg){.seed = seed, .threads = 1}, &states, points);
  }
  if (status == DF_OK) status = df_gradcheck_sum_up(b->c->m, points, &sum);
  if (status == DF_OK) {
    out->err_median = sum.median;
    out->err_p99 = sum.p99;
  }
  df_free(u);
  df_free(points);
  return status;
}

static df_status measure(bench* b, int passes, uint64_t seed, adjoint_timing* out) {
  /* time all passes */
  DF_TRY(bench_open(b, passes));
  for (int pass = 0; pass < passes && !b->failed; pass++) run_pass(b, pass);
  if (b->failed) return DF_E_SIM;
  const adjoint_times times = {.windows = b->c->m,
                               .actions = b->c->H,
                               .passes = passes,
                               .least = b->least,
                               .diverged = b->diverged,
                               .ratios = b->ratios};
  adjoint_times_sum_up(&times, out);
  if (out->windows == 0) return df_fail(DF_E_SIM, "every window diverges: nothing to time");
  out->rows = mean_rows(b);
  return check_errors(b, seed, out);
}

df_status bench_adjoint(const df_system* system, const cases* c, int passes, uint64_t seed, adjoint_timing* out) {
  bench b = {.s = system, .c = c};
  out->nv = df_system_is_mujoco(system) ? df_mujoco_nv(system) : system->ndx / 2;
  out->nu = system->nu;
  const df_status status = measure(&b, passes, seed, out);
  bench_clear(&b);
  return status;
}

/* ---- rows and files ---- */

static const char* verdict(const adjoint_timing* t) {
  if (isnan(t->target)) return "";
  return t->vjp_us / t->step_us <= t->target ? "within" : "above";
}

void bench_adjoint_row(const adjoint_timing* t, rows* out) {
  json_t* o = json_object();
  json_object_set_new(o, "model", json_text(t->model));
  json_object_set_new(o, "nv", json_integer(t->nv));
  json_object_set_new(o, "nefc", json_number(t->rows));
  json_object_set_new(o, "step_us", json_number(t->step_us));
  json_object_set_new(o, "vjp_us", json_number(t->vjp_us));
  json_object_set_new(o, "vjp_per_step", json_number(t->vjp_us / t->step_us));
  json_object_set_new(o, "record_per_step", json_number(t->record_us / t->step_us));
  json_object_set_new(o, "rollout_grad_per_rollout", json_number(t->rollout_grad_per_rollout));
  json_object_set_new(o, "jacobian_us", json_number(t->jacobian_us));
  json_object_set_new(o, "jacobian_per_step", json_number(t->jacobian_us / t->step_us));
  json_object_set_new(o, "transitionfd_per_jacobian", json_number(t->transitionfd_us / t->jacobian_us));
  json_object_set_new(o, "transitionfd_centred_per_jacobian", json_number(t->transitionfd_centred_us / t->jacobian_us));
  json_object_set_new(o, "transitionfd_per_vjp", json_number(t->transitionfd_us / t->vjp_us));
  json_object_set_new(o, "transitionfd_centred_per_vjp", json_number(t->transitionfd_centred_us / t->vjp_us));
  json_object_set_new(o, "err_median", json_number(t->err_median));
  json_object_set_new(o, "err_p99", json_number(t->err_p99));
  json_object_set_new(o, "target", json_number(t->target));
  json_object_set_new(o, "verdict", json_string(verdict(t)));
  json_object_set_new(o, "quartile_low", json_number(t->ratio_low));
  json_object_set_new(o, "quartile_high", json_number(t->ratio_high));
  json_object_set_new(o, "windows", json_integer(t->windows));
  json_object_set_new(o, "horizon", json_integer(t->horizon));
  json_object_set_new(o, "passes", json_integer(t->passes));
  rows_add_object(out, o);
}

/* a cell of the Markdown table; "-" if not finite */
static void cell(text* t, const char* format, double v) {
  text_add(t, " | ");
  if (isfinite(v)) {
    text_add(t, format, v);
  } else {
    text_add(t, "-");
  }
}

static void page_line(const adjoint_timing* a, text* t) {
  text_add(t, "| ");
  text_add_markdown(t, a->model);
  text_add(t, " | %d", a->nv);
  cell(t, "%.1f", a->rows);
  cell(t, "%.1f", a->step_us);
  cell(t, "%.2f", a->vjp_us);
  cell(t, "**%.2f**", a->vjp_us / a->step_us);
  text_add(t, " | %.2f-%.2f", a->ratio_low, a->ratio_high);
  cell(t, "%.2g", a->target);
  text_add(t, " | %s", verdict(a));
  cell(t, "%.2f", a->record_us / a->step_us);
  cell(t, "%.2f", a->rollout_grad_per_rollout);
  cell(t, "%.0f", a->transitionfd_us / a->vjp_us);
  cell(t, "%.0f", a->transitionfd_centred_us / a->vjp_us);
  cell(t, "%.1f", a->jacobian_us / a->step_us);
  cell(t, "%.1f", a->transitionfd_us / a->jacobian_us);
  cell(t, "%.1f", a->transitionfd_centred_us / a->jacobian_us);
  cell(t, "%.0e", a->err_median);
  text_add(t, " |\n");
}

static df_status write_file(const text* t, const char* folder, const char* name) {
  char* path = df_path_join(folder, name);
  const df_status status = path ? text_write(t, path) : DF_E_NOMEM;
  df_free(path);
  return status;
}

static void csv_value(text* t, double v) {
  if (isfinite(v)) {
    text_add(t, ",%.4g", v);
  } else {
    text_add(t, ",");
  }
}

static void csv_line(const adjoint_timing* a, text* t) {
  const double values[] = {a->rows,
                           a->step_us,
                           a->record_us,
                           a->vjp_us,
                           a->vjp_us / a->step_us,
                           a->ratio_low,
                           a->ratio_high,
                           a->target,
                           a->rollout_grad_per_rollout,
                           a->transitionfd_us / a->vjp_us,
                           a->transitionfd_centred_us / a->vjp_us,
                           a->jacobian_us,
                           a->transitionfd_us / a->jacobian_us,
                           a->transitionfd_centred_us / a->jacobian_us,
                           a->err_median,
                           a->err_p99};
  text_add_csv(t, a->model);
  text_add(t, ",%d,%d", a->nv, a->nu);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) csv_value(t, values[i]);
  text_add(t, ",%d,%d,%d\n", a->windows, a->horizon, a->passes);
}

df_status bench_adjoint_write(int n, const adjoint_timing* timings, const char* folder) {
  char cpu[128];
  text page = {0}, table = {0};
  text_add(
      &page,
      "# Cost of the adjoint\n\n"
      "Written by `dynaflow bench adjoint` on %s, MuJoCo %s. CPU time of one thread: rollouts without and with a tape, "
      "and their adjoint, take turns on the same windows; a time is the minimum over passes, averaged over windows. "
      "The ratios are the result; the times depend on the machine. vjp/step is the time of the adjoint of an action "
      "over that of the action; the quartiles are over single passes. \"rollout with gradient\" is the recorded "
      "rollout "
      "and its adjoint over the plain rollout; the target is at most 1.3. transitionFD is `mjd_transitionFD`, forward "
      "and centred, over the adjoint, and over the exact Jacobians A and B of the same action (`df_sim_jacobian()`), "
      "whose time stands over that of the action.\n\n"
      "| model | nv | rows | step us | vjp us | vjp/step | quartiles | target | | record/step | rollout with gradient "
      "| transitionFD/vjp | centred | A, B/step | transitionFD/(A, B) | centred | error |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | "
      "---: |\n",
      cpu_model(cpu, sizeof cpu), df_mujoco_version());
  text_add(&table,
           "model,nv,nu,rows,step_us,record_us,vjp_us,vjp_per_step,quartile_low,quartile_high,target,rollout_grad_per_"
           "rollout,transitionfd_per_vjp,transitionfd_centred_per_vjp,jacobian_us,"
           "transitionfd_per_jacobian,transitionfd_centred_per_jacobian,err_median,err_p99,windows,horizon,passes\n");
  /* one line per model in both files */
  for (int i = 0; i < n; i++) {
    page_line(&timings[i], &page);
    csv_line(&timings[i], &table);
  }
  df_status status = write_file(&page, folder, "timing.md");
  if (status == DF_OK) status = write_file(&table, folder, "timing.csv");
  text_clear(&page);
  text_clear(&table);
  return status;
}
