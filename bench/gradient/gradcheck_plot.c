#include "gradcheck_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/stats/statistics.h"
#include "escape.h"
#include "plot.h"
#include "text.h"

/* points of the line; cotangents per rollout, and rollouts, for the growth */
enum { POINTS = 1001, COTANGENTS = 4, ROLLOUTS_MAX = 16 };
/* standard deviation of the line's end points, as a share of half the action box */
static const double REACH = 0.2;
/* a change of the loss that its gradient does not explain is a jump if larger than this share of the loss's range */
static const double JUMP = 1e-3;

/* ---- the loss along a line ---- */

typedef struct line_case {
  const df_system* s;
  const cases* c;
  const double *x0, *u, *target; /* [nx], [H][nu], [H+1][nx] of one rollout */
} line_case;

/* a rollout from the middle of the cases, whose states are in motion */
static line_case middle_rollout(const df_system* s, const cases* c) {
  const size_t k = (size_t)c->m / 2, H = (size_t)c->H, nx = (size_t)s->nx;
  return (line_case){.s = s,
                     .c = c,
                     .x0 = c->x0 + k * nx,
                     .u = c->u_m + k * H * (size_t)s->nu,
                     .target = c->x_target + k * (H + 1) * nx};
}

/* loss: mean over states and coordinates of w (x_t (-) x*_t)^2; dx receives its gradient */
static double tracking_loss(void* context, int b, const double* x, double* dx) {
  const line_case* l = context;
  const df_system* s = l->s;
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx, states = (size_t)l->c->H + 1;
  const double scale = 1.0 / (double)(states * ndx);
  double sum = 0, e[DF_NDX_MAX];
  (void)b;
  for (size_t t = 0; t < states; t++) {
    const double* target = l->target + t * nx;
    s->ops->difference(s, target, x + t * nx, e);
    for (size_t i = 0; i < ndx; i++) {
      sum += scale * l->c->weight[i] * e[i] * e[i];
      e[i] *= 2 * scale * l->c->weight[i];
    }
    df_system_difference_vjp(s, target, x + t * nx, e, dx + t * ndx);
  }
  return sum;
}

typedef struct line_result {
  double at[POINTS];           /* position on the line, -1 .. 1 */
  double loss[POINTS];         /* NaN where the rollout diverged */
  double slope[POINTS];        /* derivative of the loss along the line, by the adjoint */
  double integral[POINTS];     /* of the slope, from loss[0] on; continues at the loss after a divergence */
  bool jump[POINTS];           /* between this point and the next */
  int jumps, diverged;         /* number of jumps, of points that diverged */
  double range;                /* of the loss */
  double largest, unexplained; /* largest, and sum, of the changes that the slope does not explain, relative to range */
} line_result;

static void find_jumps(line_result* r) {
  /* range of the loss */
  double lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < POINTS; i++) {
    r->diverged += isnan(r->loss[i]);
    lo = fmin(lo, r->loss[i]);
    hi = fmax(hi, r->loss[i]);
  }
  r->range = hi - lo;
  /* trapezoidal rule between neighbours; the rest of a change is unexplained */
  r->integral[0] = r->loss[0];
  for (int i = 0; i + 1 < POINTS; i++) {
    const double explained = 0.5 * (r->at[i + 1] - r->at[i]) * (r->slope[i] + r->slope[i + 1]);
    const double left = fabs(r->loss[i + 1] - r->loss[i] - explained) / r->range;
    r->integral[i + 1] = r->integral[i] + explained;
    if (!isfinite(left)) {
      /* continue after the points that diverged */
      r->integral[i + 1] = r->loss[i + 1];
      continue;
    }
    r->jump[i] = left > JUMP;
    r->jumps += r->jump[i];
    r->largest = fmax(r->largest, left);
    r->unexplained += left;
  }
}

static df_status run_line(const df_system* s, const cases* c, uint64_t seed, line_result* r) {
  const size_t nx = (size_t)s->nx, plan = (size_t)c->H * (size_t)s->nu;
  line_case l = middle_rollout(s, c);
  double* memory = df_alloc(POINTS * (nx + 2 * plan) + plan, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double *x0 = memory, *u = x0 + POINTS * nx, *du = u + POINTS * plan, *direction = du + POINTS * plan;
  /* a random direction, and the actions at the points of the line */
  df_rng_normal(seed, DF_STREAM_ACTION, UINT64_MAX, plan, direction);
  for (size_t i = 0; i < plan; i++) {
    const int k = (int)(i % (size_t)s->nu);
    const double half = 0.5 * (s->u_hi[k] - s->u_lo[k]);
    direction[i] *= REACH * (isfinite(half) ? half : 1);
  }
  for (size_t p = 0; p < POINTS; p++) {
    r->at[p] = 2.0 * (double)p / (POINTS - 1) - 1;
    memcpy(x0 + p * nx, l.x0, nx * sizeof *x0);
    for (size_t i = 0; i < plan; i++) u[p * plan + i] = l.u[i] + r->at[p] * direction[i];
  }
  /* losses and gradients at all points, as one batch */
  df_rollout* rollout = NULL;
  const df_rollout_cfg cfg = {.threads = 1, .tape_length = c->H};
  df_status status = df_rollout_new(s, &cfg, &rollout);
  if (status == DF_OK) {
    status = df_rollout_gradient(rollout, &(df_rollout_batch){.B = POINTS, .H = c->H, .x0 = x0, .u = u},
                                 &(df_rollout_loss){.fn = tracking_loss, .context = &l, .losses = r->loss, .du = du});
  }
  df_rollout_free(rollout);
  /* slope along the line */
  for (size_t p = 0; p < POINTS; p++) {
    r->slope[p] = 0;
    for (size_t i = 0; i < plan; i++) r->slope[p] += du[p * plan + i] * direction[i];
  }
  df_free(memory);
  if (status == DF_OK) find_jumps(r);
  return status;
}

/* ---- the gradient over the horizon ---- */

typedef struct growth {
  int H, n;
  double* norm; /* [H], at [h-1]: median over n cotangents, |y| = 1, of |(dx_H / dx_(H-h))^T y|; NaN: all diverged */
  double per_action; /* growth rate: slope of log norm over h */
  double doubling_s; /* doubling time of the norm, s; infinite if it does not grow */
} growth;

static double norm_of(const double* y, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += y[i] * y[i];
  return sqrt(sum);
}

/* back-propagates a random unit cotangent through the trajectory on the simulator's tape, and writes its norms to
 * column `column_of` of columns [H][n] */
static void propagate_cotangent(const df_system* s, df_sim* sim, uint64_t seed, int H, int column_of, int n,
                                double* columns) {
  double y[DF_NDX_MAX], ubar[DF_NDX_MAX];
  df_rng_normal(seed, DF_STREAM_ACTION, UINT64_MAX - 1 - (uint64_t)column_of, (size_t)s->ndx, y);
  const double length = norm_of(y, s->ndx);
  for (int i = 0; i < s->ndx; i++) y[i] /= length;
  df_traj_end end = DF_TRAJ_COMPLETE;
  for (int t = H - 1; t >= 0; t--) {
    if (end == DF_TRAJ_COMPLETE) end = s->ops->step_vjp(sim, t, y, y, ubar);
    columns[(H - 1 - t) * n + column_of] = end == DF_TRAJ_COMPLETE ? norm_of(y, s->ndx) : NAN;
  }
}

/* least squares line through log norm over h */
static void fit_growth(const df_system* s, growth* g) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int h = 0; h < g->H; h++) {
    if (!(g->norm[h] > 0)) continue;
    const double x = h + 1, y = log(g->norm[h]);
    n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  g->per_action = n >= 2 ? (n * sxy - sx * sy) / (n * sxx - sx * sx) : NAN;
  g->doubling_s = g->per_action > 0 ? log(2) / g->per_action * s->dt : g->per_action <= 0 ? INFINITY : NAN;
}

static df_status run_growth(const df_system* s, const cases* c, uint64_t seed, growth* g) {
  const size_t nx = (size_t)s->nx, plan = (size_t)c->H * (size_t)s->nu;
  const int m = c->m < ROLLOUTS_MAX ? c->m : ROLLOUTS_MAX, all = m * COTANGENTS;
  *g = (growth){.H = c->H};
  df_sim* sim = NULL;
  double* path = df_alloc(((size_t)c->H + 1) * nx + (size_t)c->H * (size_t)all, sizeof *path);
  g->norm = df_alloc((size_t)c->H, sizeof *g->norm);
  df_status status = path && g->norm ? df_sim_new(s, c->H, &sim) : DF_E_NOMEM;
  double* columns = path ? path + ((size_t)c->H + 1) * nx : NULL;
  /* norms of the cotangents of all rollouts that do not diverge */
  for (int k = 0; k < m && status == DF_OK; k++) {
    const df_traj_end end = df_trajectory_run(s, sim, c->H, c->x0 + (size_t)k * nx, c->u_m + (size_t)k * plan, path);
    if (end != DF_TRAJ_COMPLETE) continue;
    for (int i = 0; i < COTANGENTS; i++) propagate_cotangent(s, sim, seed, c->H, g->n++, all, columns);
  }
  /* medians */
  for (int h = 0; h < c->H && status == DF_OK; h++) {
    int kept = 0;
    double* column = columns + (size_t)h * (size_t)all;
    for (int i = 0; i < g->n; i++) {
      if (!isnan(column[i])) column[kept++] = column[i];
    }
    df_sort(kept, column);
    g->norm[h] = kept > 0 ? column[kept / 2] : NAN;
  }
  if (status == DF_OK) fit_growth(s, g);
  df_sim_free(s, sim);
  df_free(path);
  return status;
}

/* ---- the figure ---- */

static void add_or_nan(text* t, const char* format, double v) {
  if (isfinite(v)) {
    text_add(t, format, v);
  } else {
    text_add(t, "NaN");
  }
}

static void add_data(const line_result* r, const growth* g, text* data) {
  text_add(data, "# position on the line, loss, integral of its gradient\n");
  for (int i = 0; i < POINTS; i++) {
    text_add(data, "%.4f ", r->at[i]);
    add_or_nan(data, "%.9g ", r->loss[i]);
    add_or_nan(data, " %.9g\n", r->integral[i]);
    if (!isfinite(r->integral[i])) text_add(data, "\n");
  }
  text_add(data, "\n\n# actions back, norm of a unit cotangent\n");
  for (int h = 0; h < g->H; h++) {
    text_add(data, "%d ", h + 1);
    add_or_nan(data, "%.6g", g->norm[h]);
    text_add(data, "\n");
  }
  /* gnuplot does not count an empty block */
  if (r->jumps) text_add(data, "\n\n# jumps: position on the line, loss before\n");
  for (int i = 0; i < POINTS; i++) {
    if (r->jump[i]) text_add(data, "%.4f %.9g\n", r->at[i], r->loss[i]);
  }
}

static void add_script(const char* title, const line_result* r, const growth* g, plot* p) {
  /* left panel: loss, integral of its gradient, jumps */
  char doubling[64];
  snprintf(doubling, sizeof doubling, isfinite(g->doubling_s) ? "doubles in %.3g s" : "does not grow", g->doubling_s);
  plot_begin(p, 860, 340);
  text_add(&p->script,
           "set lmargin at screen 0.09\nset rmargin at screen 0.52\nset bmargin at screen 0.16\nset tmargin at screen "
           "0.88\nset title ");
  text_add_gnuplot(&p->script, title);
  text_add(&p->script,
           " offset 0,-0.4\nset xlabel 'position on a line in action space' offset 0,0.5\nset ylabel 'loss' offset 1\n"
           "set key top center opaque samplen 1.6 font ',10'\n"
           "plot '%s.dat' index 0 using 1:2 with lines lw 2 lc rgb '#0072b2' title 'loss', \\\n"
           "  '%s.dat' index 0 using 1:3 with lines lw 1.5 dt 2 lc rgb '#d55e00' title 'integral of its gradient'",
           p->name, p->name);
  if (r->jumps) {
    text_add(&p->script,
             ", \\\n  '%s.dat' index 2 using 1:2 with points pt 6 ps 0.4 lc rgb '#000000' title 'jumps (%d)'", p->name,
             r->jumps);
  }
  /* right panel: norm of a cotangent over the horizon */
  text_add(&p->script,
           "\nset lmargin at screen 0.63\nset rmargin at screen 0.98\nset title '%s' offset 0,-0.4\n"
           "set logscale y\nset format y '10^{%%L}'\nset xlabel 'actions back' offset 0,0.5\n"
           "set ylabel 'norm of a unit cotangent' offset 1\nunset key\n"
           "plot '%s.dat' index 1 using 1:2 with linespoints pt 7 ps 0.4 lw 1.5 lc rgb '#009e73'\nunset multiplot\n",
           doubling, p->name);
}

/* the last component of the path without ".xml", and "-gradient", as a file name */
static char* figure_name(const char* target) {
  const char* slash = strrchr(target, '/');
  const char* base = slash && slash[1] ? slash + 1 : target;
  const size_t n = strlen(base);
  const bool model = n > 4 && strcmp(base + n - 4, ".xml") == 0;
  char* name = format_text("%.*s-gradient", (int)(model ? n - 4 : n), base);
  char* file = file_name_of(name);
  df_free(name);
  return file;
}

static void add_rows(const char* target, const line_result* r, const growth* g, int64_t seed, rows* out) {
  row one = row_default();
  const struct {
    const char *metric, *unit;
    double value;
    int64_t n;
  } numbers[] = {{"line_jumps", "jumps", r->jumps, POINTS - 1},
                 {"line_jump_largest", "share of the loss's range", r->largest, POINTS - 1},
                 {"line_unexplained", "share of the loss's range", r->unexplained, POINTS - 1},
                 {"line_diverged", "points", r->diverged, POINTS},
                 {"gradient_growth", "1/action", g->per_action, g->n},
                 {"gradient_doubling_time", "s", g->doubling_s, g->n}};
  one.task = target;
  one.seed = seed;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    one.metric = numbers[i].metric;
    one.unit = numbers[i].unit;
    one.value = numbers[i].value;
    one.n = numbers[i].n;
    one.status = isinf(one.value) ? "does not grow" : NULL;
    rows_add(out, &one);
  }
}

df_status gradcheck_plot(const df_system* system, const char* target, const cases* c, uint64_t seed, const char* folder,
                         rows* out) {
  if (c->m == 0) return df_fail(DF_E_CONFIG, "--plot needs a rollout: do not set --rollouts 0");
  line_result* r = df_alloc(1, sizeof *r);
  growth g = {0};
  if (!r) return DF_E_NOMEM;
  df_status status = run_line(system, c, seed, r);
  if (status == DF_OK) status = run_growth(system, c, seed, &g);
  if (status == DF_OK) status = df_dir_make(folder);
  if (status == DF_OK) {
    char* name = figure_name(target);
    plot p = {.name = name};
    add_rows(target, r, &g, (int64_t)seed, out);
    add_data(r, &g, &p.data);
    add_script(target, r, &g, &p);
    status = plot_save(folder, &p);
    plot_clear(&p);
    df_free(name);
  }
  df_free(g.norm);
  df_free(r);
  return status;
}
