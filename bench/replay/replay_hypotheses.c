#include "replay_hypotheses.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/stats/statistics.h"
#include "list.h"
#include "progress.h"
#include "replay_verdict.h"
#include "stop.h"
#include "text.h"

enum { CHUNKS = SAMPLE_CHUNKS, CHUNK = SAMPLE_CHUNK };
enum { FIT_ROUNDS = 6, ROUNDS = 3 };
enum { ROUGHLY = 2 }; /* one chunk in so many gives the start of a fit */
/* actions before a chunk, which give its warm start; a solver that converges nearly forgets it */
enum { WARM_UP = 16, SHORT_WARM_UP = 2, CONVERGES = 50 };

/* a timestep this many times longer or shorter than the model's is no candidate */
static const double MOST_TIMES = 100;
static const char TOLERANCE[] = "system.tolerance";
static const char OWN_OPTIONS[] = "with the model file's own solver options";

/* of the squared errors, which one actuator drives: a share that its factors are fitted for; nearly all */
static const double LEAST_DRIVEN = 0.5, MOSTLY_DRIVEN = 0.9;

/* a factor of an actuator that does nothing */
static const double DEAD = 1e-9;

/* a solver tolerance that no solver reaches */
static const double CONVERGED = 1e-22;

/* an RMS error, relative to the largest change over one action, that leaves nothing to explain */
static const double EXACT = 1e-12;

df_mujoco_cfg replay_cfg(const df_config* config, bool own) {
  df_mujoco_cfg cfg = df_task_system_cfg(config);
  cfg.forward_only = true;
  if (!own) return cfg;
  cfg.solver = DF_SOLVER_MODEL;
  cfg.iterations = 0;
  cfg.tolerance = 0;
  cfg.islands = DF_ISLANDS_MODEL;
  return cfg;
}

df_mujoco_cfg replay_converged(df_mujoco_cfg cfg) {
  cfg.tolerance = CONVERGED;
  return cfg;
}

df_status replay_other_system(const df_config* config, const df_search* search, const df_mujoco_cfg* cfg,
                              df_system** out) {
  char sha256[DF_SHA256_TEXT];
  const df_status status = df_task_system_with(config, search, cfg, out, sha256);
  /* the same files compile with the options of training */
  const bool refused =
      status == DF_E_CONFIG || status == DF_E_FORMAT || status == DF_E_SIM || status == DF_E_UNSUPPORTED;
  return refused ? DF_OK : status;
}

/* ---- the sample ---- */

/* episode and first frame of chunk i: around the worst actions, then evenly spaced among all */
static void chunk_start(const search_space* s, const size_t* worst, int i, int* episode, int* frame) {
  const size_t steps = recording_before(s->r, s->r->data->episodes);
  recording_place(s->r, i < CHUNKS / 2 ? worst[i] : steps * (size_t)(i - CHUNKS / 2) / (CHUNKS / 2), episode, frame);
  /* it begins before the action, and ends in its episode */
  const int first = recording_first(s->r), length = recording_length(s->r, *episode);
  const int in_episode = *frame - first, back = in_episode < 2 ? in_episode : 2;
  const int room = length > CHUNK ? length - CHUNK : 0;
  *frame = first + (in_episode - back < room ? in_episode - back : room);
}

/* worst [CHUNKS / 2] = the actions with the largest errors, in different chunks where possible */
static void find_worst(const search_space* s, size_t* worst) {
  const size_t steps = recording_before(s->r, s->r->data->episodes);
  for (int i = 0; i < CHUNKS / 2; i++) {
    size_t at = 0;
    double largest = -1;
    for (size_t t = 0; t < steps; t++) {
      bool taken = false;
      for (int k = 0; k < i; k++) taken |= (t > worst[k] ? t - worst[k] : worst[k] - t) < CHUNK;
      if (taken || !(s->carried[t] > largest)) continue;
      largest = s->carried[t];
      at = t;
    }
    worst[i] = at;
  }
}

/* ---- the error of one alternative ---- */

typedef struct trial {
  const search_space* space;
  size_t worst[CHUNKS / 2];
  double *x, *y, *e; /* scratch memory */
  double* residual;  /* [CHUNKS][CHUNK][ndx] errors in units of the largest change, of the alternative tried last */
  size_t n;          /* numbers of residual */
  int actions;       /* of the sample: CHUNK for each chunk, or fewer if the episodes are shorter */
  bool roughly;      /* with a short warm-up */
  int every;         /* one chunk in so many is simulated; of the others, residuals are 0 and nothing is compared */
  df_system* system; /* of the alternative that a round begins with */
} trial;

/* the errors of CHUNK actions; returns whether all are finite */
static bool try_chunk(trial* t, const recording* r, const df_system* system, df_sim* sim, int chunk, hypothesis* h) {
  int episode, from;
  chunk_start(t->space, t->worst, chunk, &episode, &from);
  const int first = recording_first(r), last = recording_last(r, episode);
  double* out = t->residual + (size_t)chunk * CHUNK * (size_t)system->ndx;
  bool finite = true;
  /* the actions before the chunk give the warm start */
  const int warm_up = t->roughly && df_mujoco_iterations(system) >= CONVERGES ? SHORT_WARM_UP : WARM_UP;
  const int before = from > first + warm_up ? from - warm_up : first;
  recording_state(r, episode, before, t->x);
  system->ops->reset(sim, t->x);
  for (int k = before; k < from + CHUNK; k++) {
    if (k >= last || k < first) continue;
    if (stop_flag) return false;
    if (k > before) system->ops->set_state(sim, t->x);
    finite &= system->ops->step(sim, recording_action(r, episode, k), t->y) == DF_TRAJ_COMPLETE;
    recording_state(r, episode, k + 1, t->x);
    if (k < from) continue;
    recording_error(r, t->y, t->x, t->e);
    double sum = 0;
    for (int i = 0; i < system->ndx; i++) {
      const int kind = recording_kind(r, i);
      const double motion = t->space->motion[kind] > 0 ? t->space->motion[kind] : 1;
      const double error = t->e[i] / (motion * recording_unit(r, i));
      out[(size_t)(k - from) * (size_t)system->ndx + (size_t)i] = error;
      sum += error * error;
      h->worst[kind] = fmax(h->worst[kind], isfinite(t->e[i]) ? fabs(t->e[i]) : INFINITY);
    }
    h->mean_square[chunk * CHUNK + k - from] = sum / system->ndx;
    if (!finite) return false;
  }
  return finite;
}

/* on the actions that both compare; INFINITY if it is not finite */
static double rms_of(const hypothesis* h, const hypothesis* other) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < SAMPLE_ACTIONS; i++) {
    if (h->mean_square[i] < 0 || other->mean_square[i] < 0) continue;
    sum += h->mean_square[i];
    n++;
  }
  return n && isfinite(sum) ? sqrt(sum / n) : INFINITY;
}

double hypothesis_rms(const hypothesis* h, const hypothesis* other) {
  return isfinite(h->rms) ? rms_of(h, other) : INFINITY;
}

bool hypothesis_is_closer(const hypothesis* h, const hypothesis* best) {
  if (!isfinite(best->rms)) return isfinite(h->rms);
  return hypothesis_rms(h, best) < 0.99 * hypothesis_rms(best, h);
}

static df_status try_system(trial* t, const df_system* system, hypothesis* h) {
  recording r = *t->space->r;
  df_sim* sim = NULL;
  r.reading = h->reading;
  r.dt = system->dt;
  memset(t->residual, 0, t->n * sizeof *t->residual);
  DF_TRY(df_sim_new(system, 0, &sim));
  bool finite = true;
  for (int chunk = 0; chunk < CHUNKS && finite; chunk += t->every) finite = try_chunk(t, &r, system, sim, chunk, h);
  df_sim_free(system, sim);
  DF_TRY(stop_check());
  int compared = 0;
  for (int i = 0; i < SAMPLE_ACTIONS; i++) compared += h->mean_square[i] >= 0;
  h->too_few = finite && 2 * compared * t->every < t->actions;
  if (finite && !h->too_few) h->rms = rms_of(h, h);
  return DF_OK;
}

/* sets what was measured */
static df_status try_one(trial* t, hypothesis* h) {
  df_system* system = NULL;
  h->rms = INFINITY;
  h->failed = h->too_few = false;
  memset(h->worst, 0, sizeof h->worst);
  for (int i = 0; i < SAMPLE_ACTIONS; i++) h->mean_square[i] = -1;
  DF_TRY(replay_other_system(t->space->config, t->space->search, &h->cfg, &system));
  h->failed = !system;
  const df_status status = h->failed ? DF_OK : try_system(t, system, h);
  df_system_free(system);
  return status;
}

/* the same with a short warm-up: what is not closer then is not closer */
static df_status try_roughly(trial* t, hypothesis* h) {
  t->roughly = true;
  const df_status status = try_one(t, h);
  t->roughly = false;
  return status;
}

/* ---- the list ---- */

const char* hypothesis_text(const hypothesis* h) {
  return h->name ? h->name : "as training simulates it";
}

static const char* changed_thing(const difference* d) {
  return d->in ? d->in : d->key;
}

int hypothesis_differences(const hypothesis* h) {
  int n = 0;
  for (int i = 0; i < h->n; i++) {
    bool counted = false;
    for (int k = 0; k < i && !counted; k++)
      counted = strcmp(changed_thing(&h->differs[k]), changed_thing(&h->differs[i])) == 0;
    n += !counted;
  }
  return n;
}

static void hypothesis_clear(hypothesis* h) {
  for (int i = 0; i < h->n; i++) {
    df_free(h->differs[i].key);
    df_free(h->differs[i].value);
  }
  df_free(h->differs);
  df_free(h->name);
}

void hypotheses_clear(hypotheses* all) {
  for (int i = 0; i < all->n; i++) hypothesis_clear(&all->list[i]);
  df_free(all->list);
  *all = (hypotheses){0};
}

/* one more thing that an alternative changes: text of the caller, the fields of `difference` */
typedef struct alteration {
  const char *in, *key, *value;
} alteration;

static void append(hypothesis* h, const char* in, const char* key, const char* value) {
  h->differs = list_grow(h->differs, h->n, sizeof *h->differs);
  h->differs[h->n++] = (difference){.in = in, .key = format_text("%s", key), .value = format_text("%s", value)};
}

static bool is_changed(const alteration* what, int n, const char* key) {
  for (int i = 0; i < n; i++) {
    if (strcmp(what[i].key, key) == 0) return true;
  }
  return false;
}

/* what `from` differs in, and the changes: a key has one value, and the solver options of the model's file come last */
static void differ(hypothesis* h, const hypothesis* from, const alteration* what, int n) {
  text t = {0};
  h->differs = NULL;
  h->n = 0;
  for (int last = 0; last < 2; last++) {
    for (int i = 0; i < from->n; i++) {
      const difference* d = &from->differs[i];
      if ((strcmp(d->key, OWN_OPTIONS) == 0) == last && !is_changed(what, n, d->key))
        append(h, d->in, d->key, d->value);
    }
    for (int i = 0; i < n && !last; i++) append(h, what[i].in, what[i].key, what[i].value);
  }
  for (int i = 0; i < h->n; i++) text_add(&t, "%s%s%s", i ? ", " : "", h->differs[i].key, h->differs[i].value);
  h->name = format_text("%s", text_of(&t));
  text_clear(&t);
}

/* tries `h`, which is `from` with other options, and the changes that name them */
static df_status add_changes(trial* t, hypotheses* all, hypothesis h, const alteration* what, int n) {
  const hypothesis from = h;
  differ(&h, &from, what, n);
  df_status status = all->n > TRY_OWN_LIMITS ? try_roughly(t, &h) : try_one(t, &h);
  if (status == DF_OK && all->n > TRY_OWN_LIMITS && hypothesis_is_closer(&h, &all->list[all->best]))
    status = try_one(t, &h);
  if (status != DF_OK) {
    hypothesis_clear(&h);
    return status;
  }
  all->list = list_grow(all->list, all->n, sizeof h);
  all->list[all->n] = h;
  const hypothesis* best = &all->list[all->best];
  if (hypothesis_is_closer(&h, best)) all->best = all->n;
  all->n++;
  return DF_OK;
}

/* the same with one change: of a setting `key`, or words without a value */
static df_status add(trial* t, hypotheses* all, hypothesis h, const char* key, const char* value) {
  const alteration what = {.key = key, .value = value};
  return add_changes(t, all, h, &what, 1);
}

/* A tighter tolerance is the same model, solved better: versions of MuJoCo stop at different residuals. A looser one is
 * another option. */
static df_status add_tolerances(trial* t, hypotheses* all, const hypothesis* from) {
  const double tolerances[] = {1e-4, 1e-6, 1e-10, 1e-12, 1e-15, CONVERGED};
  const double own = df_mujoco_options_of(t->system).tolerance;
  char value[32];
  for (size_t i = 0; i < sizeof tolerances / sizeof *tolerances; i++) {
    hypothesis h = *from;
    h.cfg.tolerance = tolerances[i];
    h.solver = h.solver && tolerances[i] < own;
    snprintf(value, sizeof value, " = %g", tolerances[i]);
    DF_TRY(add(t, all, h, TOLERANCE, value));
  }
  return DF_OK;
}

/* solver options: without effect on what a converged solver computes, except for the limits of iterations */
static df_status add_solvers(trial* t, hypotheses* all, const hypothesis* from) {
  static const int limits[] = {1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100};
  char value[32];
  for (int islands = 0; islands < 2; islands++) {
    hypothesis h = *from;
    h.cfg.islands = islands ? DF_ISLANDS_ON : DF_ISLANDS_OFF;
    DF_TRY(add(t, all, h, "option islands", islands ? " = on" : " = off"));
  }
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    hypothesis h = *from;
    h.cfg.iterations = limits[i];
    h.solver = false;
    snprintf(value, sizeof value, " = %d", limits[i]);
    DF_TRY(add(t, all, h, "option iterations", value));
  }
  for (size_t i = 0; i < sizeof limits / sizeof *limits && limits[i] < df_mujoco_options_of(t->system).ls_iterations;
       i++) {
    hypothesis h = *from;
    h.cfg.ls_iterations = limits[i];
    h.solver = false;
    snprintf(value, sizeof value, " = %d", limits[i]);
    DF_TRY(add(t, all, h, "option ls_iterations", value));
  }
  hypothesis newton = *from, cg = *from;
  newton.cfg.solver = DF_SOLVER_NEWTON;
  cg.cfg.solver = DF_SOLVER_CG;
  newton.solver = cg.solver = false;
  DF_TRY(add(t, all, newton, "system.solver", " = Newton"));
  return add(t, all, cg, "system.solver", " = CG");
}

static df_status add_integrators(trial* t, hypotheses* all, const hypothesis* from) {
  static const char* const names[] = {
      [DF_INTEGRATOR_MODEL] = " = model",
      [DF_INTEGRATOR_EULER] = " = Euler",
      [DF_INTEGRATOR_IMPLICITFAST] = " = implicitfast",
      [DF_INTEGRATOR_RK4] = " = RK4",
  };
  for (int i = DF_INTEGRATOR_MODEL; i <= DF_INTEGRATOR_RK4; i++) {
    hypothesis h = *from;
    h.cfg.integrator = (df_integrator)i;
    h.solver = false;
    DF_TRY(add(t, all, h, "system.integrator", names[i]));
  }
  return DF_OK;
}

static df_status add_margins(trial* t, hypotheses* all, const hypothesis* from) {
  static const char* const names[] = {
      [DF_MARGIN_SUM] = " = sum", [DF_MARGIN_MAX] = " = max (as MuJoCo before 3.5)", [DF_MARGIN_NONE] = " = none"};
  for (int i = DF_MARGIN_SUM; i <= DF_MARGIN_NONE; i++) {
    hypothesis h = *from;
    h.cfg.margin_rule = (df_margin_rule)i;
    h.solver = false;
    DF_TRY(add(t, all, h, "system.margin_rule", names[i]));
  }
  return DF_OK;
}

static df_status add_readings(trial* t, hypotheses* all, const hypothesis* from) {
  for (int bit = 0; bit < RECORDING_BITS; bit++) {
    hypothesis h = *from;
    if (h.reading & 1U << bit) continue;
    h.reading |= 1U << bit;
    h.solver = false;
    DF_TRY(add(t, all, h, recording_reading_text(bit), ""));
  }
  return DF_OK;
}

/* ---- time ---- */

/* The duration of an action that makes positions follow from velocities: sum v dq / sum v v. */
static double measured_duration(trial* t) {
  const recording* r = t->space->r;
  double over = 0, under = 0;
  for (int episode = 0; episode < r->data->episodes; episode++) {
    for (int k = 0; k < r->data->lengths[episode]; k++) {
      recording_state(r, episode, k, t->x);
      recording_state(r, episode, k + 1, t->y);
      recording_error(r, t->x, t->y, t->e);
      for (int i = 0; i < r->nv; i++) {
        if (r->derived[i] || r->derived[r->nv + i]) continue; /* they follow from each other */
        const double v = t->y[r->nq + i];
        over += v * t->e[i];
        under += v * v;
      }
    }
  }
  return under > 0 ? over / under : 0;
}

/* a number of few digits as close to `value` as a fit can be, else `value` */
static double plain_number(double value) {
  for (int digits = 1; digits <= 4; digits++) {
    char number[32];
    double out;
    snprintf(number, sizeof number, "%.*e", digits - 1, value);
    if (sscanf(number, "%lf", &out) == 1 && fabs(out - value) < 1e-8 * fabs(value)) return out;
  }
  return value;
}

/* by the model that a round begins with, and n steps by the duration of an action of the recording */
static bool is_plausible_step(const trial* t, double step, int n) {
  const double times = step / df_mujoco_timestep(t->system), action = n * step / t->space->r->dt;
  return times >= 1 / MOST_TIMES && times <= MOST_TIMES && action >= 1 / MOST_TIMES && action <= MOST_TIMES;
}

/* timestep and substeps are one difference: how an action is divided */
static const char TIME[] = "time";

static df_status add_time(trial* t, hypotheses* all, const hypothesis* from, double step, int n) {
  char duration[32], steps[32];
  hypothesis h = *from;
  if (n < 1 || !is_plausible_step(t, step, n)) return DF_OK;
  h.cfg.timestep = step;
  h.cfg.substeps = n;
  h.solver = false;
  snprintf(duration, sizeof duration, " = %.10g", step);
  snprintf(steps, sizeof steps, " = %d", n);
  const alteration what[] = {{TIME, "system.timestep", duration}, {TIME, "system.substeps", steps}};
  return add_changes(t, all, h, what, 2);
}

/* from this place on, numbers of steps are tried for their ratio to the model's own */
enum { WHOLE_RATIOS = 8 };

static df_status add_times(trial* t, hypotheses* all, const hypothesis* from) {
  const int n = df_mujoco_substeps(t->system);
  /* common numbers, and steps of other lengths in a whole ratio to the model's */
  const int divisors[] = {1, 2, 4, 5, 10, 20, 25, 50, 2 * n, 4 * n, 5 * n, 10 * n, n / 2, n / 4, n / 5};
  const double dt = t->system->dt, step = df_mujoco_timestep(t->system), measured = measured_duration(t);
  /* the same duration, divided otherwise */
  for (size_t i = 0; i < sizeof divisors / sizeof *divisors; i++) {
    bool tried = divisors[i] == n || divisors[i] < 1 || (i >= WHOLE_RATIOS && n % divisors[i] && divisors[i] % n);
    for (size_t k = 0; k < i; k++) tried |= divisors[k] == divisors[i];
    if (!tried) DF_TRY(add_time(t, all, from, dt / divisors[i], divisors[i]));
  }
  /* another number of the same steps, around what the positions say */
  const int around = measured > 0 && measured < (DF_SUBSTEPS_MAX + 0.5) * step ? (int)lround(measured / step) : n;
  for (int k = around - 1; k <= around + 1; k++) {
    if (k != n && k <= DF_SUBSTEPS_MAX) DF_TRY(add_time(t, all, from, step, k));
  }
  /* as many steps of another length */
  if (measured > 0 && fabs(measured / dt - 1) > 1e-6) {
    DF_TRY(add_time(t, all, from, plain_number(measured / n), n));
    if (n > 1) DF_TRY(add_time(t, all, from, plain_number(measured), 1));
  }
  return DF_OK;
}

/* ---- factors, fitted ---- */

typedef struct factor {
  const char* name;
  size_t offset; /* of the factor in df_mujoco_cfg */
} factor;

static double* factor_of(df_mujoco_cfg* cfg, const factor* f) {
  return (double*)(void*)((char*)cfg + f->offset);
}

/* Sets *change to the median of the changes of a factor of 1 that each remove the error of one coordinate of one
 * action, which a few contacts that come and go do not move. */
static df_status median_change(trial* t, hypothesis* h, const factor* f, double unit, double* change) {
  const double small = 1e-4;
  double most = 0;
  size_t n = 0;
  double* before = df_alloc(t->n, sizeof *before);
  if (!before) return DF_E_NOMEM;
  *change = 0;
  *factor_of(&h->cfg, f) = unit;
  df_status status = try_one(t, h);
  memcpy(before, t->residual, t->n * sizeof *before);
  *factor_of(&h->cfg, f) = (1 + small) * unit;
  if (status == DF_OK) status = try_one(t, h);
  for (size_t i = 0; i < t->n; i++) most = fmax(most, fabs(t->residual[i] - before[i]));
  for (size_t i = 0; i < t->n; i++) {
    const double slope = (t->residual[i] - before[i]) / small;
    if (fabs(slope) * small > 1e-3 * most) before[n++] = -before[i] / slope;
  }
  if (status == DF_OK && n > 0 && isfinite(most)) {
    df_sort((int)n, before);
    *change = before[n / 2];
  }
  df_free(before);
  return status;
}

/* Sets *value to the factor of a grid, or that of median_change(), with the least error: near it, the residual is
 * nearly linear, while contacts that come and go give local minima elsewhere. */
static df_status find_start(trial* t, hypothesis* h, const factor* f, double unit, double* value) {
  double grid[] = {1, 0.5, 0.8, 0.9, 1.1, 1.25, 2, 1}, best = INFINITY, change;
  enum { N = sizeof grid / sizeof *grid };
  DF_TRY(median_change(t, h, f, unit, &change));
  /* only a gear may have another sign */
  const bool any_sign = f->offset == offsetof(df_mujoco_cfg, gear_scale) && h->cfg.scaled_control;
  grid[N - 1] = any_sign && 1 + change < 0 ? 1 + change : fmax(1 + change, 0.1);
  *value = 1;
  for (size_t i = 0; i < N; i++) {
    *factor_of(&h->cfg, f) = grid[i] * unit;
    DF_TRY(try_one(t, h));
    if (!(h->rms < best)) continue;
    best = h->rms;
    *value = grid[i];
  }
  return DF_OK;
}

/* the same on a part of the sample, which is enough for a start */
static df_status find_start_roughly(trial* t, hypothesis* h, const factor* f, double unit, double* value) {
  t->every = ROUGHLY;
  t->roughly = true;
  const df_status status = find_start(t, h, f, unit, value);
  t->every = 1;
  t->roughly = false;
  return status;
}

/* Gauss-Newton steps of one factor, from `start` */
static df_status fit_factor(trial* t, hypothesis* h, const factor* f, double unit, double start, double* value) {
  double* before = df_alloc(t->n, sizeof *before);
  if (!before) return DF_E_NOMEM;
  df_status status = DF_OK;
  double best_rms = INFINITY, at = start;
  *value = at;
  for (int k = 0; k < FIT_ROUNDS && status == DF_OK; k++) {
    *factor_of(&h->cfg, f) = at * unit;
    status = try_one(t, h);
    if (status != DF_OK || !(h->rms < 0.999 * best_rms)) break;
    best_rms = h->rms;
    *value = at;
    memcpy(before, t->residual, t->n * sizeof *before);
    const double change = 1e-4 * at;
    *factor_of(&h->cfg, f) = (at + change) * unit;
    status = try_one(t, h);
    if (status != DF_OK || !isfinite(h->rms)) break;
    double over = 0, under = 0;
    for (size_t i = 0; i < t->n; i++) {
      const double slope = (t->residual[i] - before[i]) / change;
      over -= slope * before[i];
      under += slope * slope;
    }
    if (!(under > 0)) break;
    at = at > 0 ? fmax(at + over / under, at / 10) : at + over / under;
    if (fabs(at / *value - 1) < 1e-13) break;
  }
  df_free(before);
  return status;
}

static df_status add_factors(trial* t, hypotheses* all, const hypothesis* from) {
  static const factor factors[] = {{"actuator gains (kp)", offsetof(df_mujoco_cfg, gain_scale)},
                                   {"velocity gains of servos (kv)", offsetof(df_mujoco_cfg, kv_scale)},
                                   {"actuator gears", offsetof(df_mujoco_cfg, gear_scale)},
                                   {"system.timestep", offsetof(df_mujoco_cfg, timestep)}};
  for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
    const factor* f = &factors[i];
    const bool is_time = f->offset == offsetof(df_mujoco_cfg, timestep);
    const double unit = is_time ? df_mujoco_timestep(t->system) : 1;
    hypothesis h = *from;
    double value;
    char shown[32];
    h.solver = false;
    if (!is_time && (*factor_of(&h.cfg, f) != 0 || h.cfg.scaled_control)) continue; /* fitted already */
    double start = 1;
    if (!is_time) DF_TRY(find_start_roughly(t, &h, f, unit, &start));
    DF_TRY(fit_factor(t, &h, f, unit, start, &value));
    if (fabs(value - 1) < 1e-9 || (is_time && !is_plausible_step(t, value * unit, df_mujoco_substeps(t->system))))
      continue;
    h = *from;
    h.solver = false;
    *factor_of(&h.cfg, f) = plain_number(value * unit);
    snprintf(shown, sizeof shown, " %s %.8g", is_time ? "=" : "x", *factor_of(&h.cfg, f));
    const alteration what = {is_time ? TIME : NULL, f->name, shown};
    DF_TRY(add_changes(t, all, h, &what, 1));
  }
  return DF_OK;
}

/* ---- one actuator ---- */

/* The share of the squared errors `before` of an action, on average, that forces of the actuator of control k remove to
 * first order: of positions and of velocities, those along the effect of a change of its gain. */
static df_status driven_share(trial* t, const hypothesis* from, const double* before, int k, double* share) {
  const recording* r = t->space->r;
  const size_t ndx = (size_t)r->from[KINDS];
  hypothesis h = *from;
  double sum = 0;
  int actions = 0;
  h.cfg.scaled_control = k + 1;
  h.cfg.gain_scale = 1 + 1e-4;
  DF_TRY(try_roughly(t, &h));
  for (size_t i = 0; i < t->n; i += ndx) {
    double along = 0, all = 0;
    for (int kind = 0; kind < KINDS; kind++) {
      double product = 0, square = 0;
      for (size_t j = i + (size_t)r->from[kind]; j < i + (size_t)r->from[kind + 1]; j++) {
        const double effect = t->residual[j] - before[j];
        product += effect * before[j];
        square += effect * effect;
        all += before[j] * before[j];
      }
      if (square > 0) along += product * product / square;
    }
    if (!(all > 0)) continue;
    sum += along / all;
    actions++;
  }
  *share = actions && isfinite(h.rms) ? sum / actions : 0;
  return DF_OK;
}

/* *k = the control whose actuator drives most of what the errors are along, at least half; -1: there is none */
static df_status find_driver(trial* t, const hypothesis* from, int* k, double* most) {
  double* before = df_alloc(t->n, sizeof *before);
  if (!before) return DF_E_NOMEM;
  hypothesis h = *from;
  double share;
  *k = -1;
  *most = LEAST_DRIVEN;
  df_status status = try_roughly(t, &h);
  memcpy(before, t->residual, t->n * sizeof *before);
  for (int i = 0; i < t->system->nu && status == DF_OK && isfinite(h.rms); i++) {
    status = driven_share(t, from, before, i, &share);
    if (status != DF_OK || !(share > *most)) continue;
    *most = share;
    *k = i;
  }
  df_free(before);
  return status;
}

/* "actuator 'FR_hip'", or "actuator 3" if it is unnamed */
static void name_actuator(const df_system* system, int k, char name[64]) {
  const char* given = df_mujoco_actuator_at(system, k).name;
  if (given[0])
    snprintf(name, 64, "actuator '%s'", given);
  else
    snprintf(name, 64, "actuator %d", k);
}

/* Factors of the actuator that drives what the errors are along, if there are several. The sign of a control is that of
 * the gear. */
static df_status add_actuator(trial* t, hypotheses* all, const hypothesis* from) {
  static const factor factors[] = {{"gain (kp)", offsetof(df_mujoco_cfg, gain_scale)},
                                   {"velocity gain (kv)", offsetof(df_mujoco_cfg, kv_scale)},
                                   {"gear", offsetof(df_mujoco_cfg, gear_scale)}};
  enum { N = sizeof factors / sizeof *factors };
  char actuator[64], shown[32];
  double most;
  int k;
  if (t->system->nu < 2 || from->cfg.gain_scale + from->cfg.kv_scale > 0 || from->cfg.gear_scale != 0) return DF_OK;
  DF_TRY(find_driver(t, from, &k, &most));
  if (k < 0) return DF_OK;
  name_actuator(t->system, k, actuator);
  for (size_t i = 0; i <= N; i++) {
    const factor* f = &factors[i < N ? i : N - 1];
    hypothesis h = *from;
    double start, value = -1;
    h.solver = false;
    h.cfg.scaled_control = k + 1;
    if (i < N) {
      DF_TRY(find_start_roughly(t, &h, f, 1, &start));
      DF_TRY(fit_factor(t, &h, f, 1, start, &value));
      if (fabs(value - 1) < 1e-9) continue;
      if (fabs(value) < DEAD) value = DEAD; /* 0 stands for the factor 1 */
    }
    *factor_of(&h.cfg, f) = plain_number(value);
    char* name = format_text("%s of %s", f->name, actuator);
    snprintf(shown, sizeof shown, " x %.8g", *factor_of(&h.cfg, f));
    const df_status status = add(t, all, h, name, shown);
    df_free(name);
    if (status != DF_OK) return status;
  }
  if (all->driver[0] == 0 && most > MOSTLY_DRIVEN) memcpy(all->driver, actuator, sizeof all->driver);
  return DF_OK;
}

/* ---- the search ---- */

/* all alternatives that differ from `from` in one more thing */
static df_status add_round(trial* t, hypotheses* all, const hypothesis* from) {
  static df_status (*const kinds[])(trial*, hypotheses*, const hypothesis*) = {
      add_readings, add_integrators, add_times, add_margins, add_factors, add_actuator, add_solvers, add_tolerances};
  enum { N = sizeof kinds / sizeof *kinds };
  progress shown;
  DF_TRY(replay_other_system(t->space->config, t->space->search, &from->cfg, &t->system));
  if (!t->system) return DF_OK;
  progress_start(&shown, t->space->quiet, "replay: other models", "kinds of difference", N);
  df_status status = DF_OK;
  for (int i = 0; i < N && status == DF_OK; i++) {
    status = kinds[i](t, all, from);
    progress_update(&shown, i + 1, NULL);
  }
  progress_end(&shown);
  df_system_free(t->system);
  return status;
}

static df_status try_own(trial* t, hypotheses* all) {
  const hypothesis trained = {.cfg = replay_cfg(t->space->config, false), .solver = true};
  const hypothesis own = {.cfg = replay_cfg(t->space->config, true), .solver = true};
  hypothesis islands = trained, limits = trained;
  islands.cfg.islands = DF_ISLANDS_MODEL;
  limits.cfg.iterations = 0;
  all->list = list_grow(all->list, 0, sizeof trained);
  all->list[all->n++] = trained;
  DF_TRY(try_one(t, &all->list[TRY_TRAINED]));
  DF_TRY(add(t, all, own, OWN_OPTIONS, ""));
  DF_TRY(add(t, all, islands, "with the model file's own islands", ""));
  return add(t, all, limits, "with the model file's own limits of iterations", "");
}

/* whether the solver options of the model's file compute other states */
static bool own_options_matter(const hypotheses* all) {
  const hypothesis *trained = &all->list[TRY_TRAINED], *own = &all->list[TRY_OWN];
  for (int i = 0; i < SAMPLE_ACTIONS; i++) {
    if (trained->mean_square[i] != own->mean_square[i]) return true;
  }
  return false;
}

bool hypotheses_own_is_alike(const hypotheses* all) {
  const hypothesis *trained = &all->list[TRY_TRAINED], *own = &all->list[TRY_OWN];
  if (!isfinite(trained->rms) || !isfinite(own->rms)) return false;
  for (int i = 0; i < SAMPLE_ACTIONS; i++) {
    const double a = trained->mean_square[i], b = own->mean_square[i];
    if (!(fabs(a - b) <= 0.02 * fmax(a, b))) return false;
  }
  return true;
}

static bool has_difference(const hypothesis* h, const difference* d) {
  for (int i = 0; i < h->n; i++) {
    if (strcmp(h->differs[i].key, d->key) == 0 && strcmp(h->differs[i].value, d->value) == 0) return true;
  }
  return false;
}

int hypotheses_same_tolerance(const hypotheses* all) {
  const hypothesis* best = &all->list[all->best];
  for (int i = 0; i < all->n; i++) {
    const hypothesis* h = &all->list[i];
    bool same = h->n == best->n - 1;
    for (int k = 0; k < best->n && same; k++)
      same = strcmp(best->differs[k].key, TOLERANCE) == 0 ? !has_difference(h, &best->differs[k])
                                                          : has_difference(h, &best->differs[k]);
    if (same) return i;
  }
  return -1;
}

/* further rounds, each from the best alternative, while one comes much closer */
static df_status try_rounds(trial* t, hypotheses* all, int rounds) {
  for (int k = 0; k < rounds && !(all->list[all->best].rms < EXACT); k++) {
    const hypothesis from = all->list[all->best];
    DF_TRY(add_round(t, all, &from));
    const hypothesis* best = &all->list[all->best];
    if (!replay_is_closer(hypothesis_rms(&from, best), best->rms)) break;
  }
  return DF_OK;
}

/* The error of another cause hides which solver options made the recording, so the first round tries both. */
static df_status try_others(trial* t, hypotheses* all) {
  const hypothesis trained = all->list[TRY_TRAINED], own = all->list[TRY_OWN], from = all->list[all->best];
  DF_TRY(add_round(t, all, &trained));
  if (own_options_matter(all)) DF_TRY(add_round(t, all, &own));
  const hypothesis* best = &all->list[all->best];
  return replay_is_closer(hypothesis_rms(&from, best), best->rms) ? try_rounds(t, all, ROUNDS - 1) : DF_OK;
}

static df_status try_elsewhere(trial* t, hypotheses* all) {
  for (int i = 0; i < all->n; i++) DF_TRY(try_one(t, &all->list[i]));
  all->best = TRY_TRAINED;
  for (int i = 1; i < all->n; i++) {
    if (hypothesis_is_closer(&all->list[i], &all->list[all->best])) all->best = i;
  }
  return try_rounds(t, all, ROUNDS - 1);
}

static df_status try_with(const search_space* space, df_status (*try)(trial*, hypotheses*), hypotheses* all) {
  const size_t nx = (size_t)space->r->data->nx, ndx = (size_t)space->r->from[KINDS];
  trial t = {.space = space, .n = (size_t)CHUNKS * CHUNK * ndx, .every = 1};
  t.x = df_alloc(2 * nx + ndx + t.n, sizeof *t.x);
  if (!t.x) return DF_E_NOMEM;
  t.y = t.x + nx;
  t.e = t.y + nx;
  t.residual = t.e + ndx;
  find_worst(space, t.worst);
  for (int i = 0; i < CHUNKS; i++) {
    int episode, frame;
    chunk_start(space, t.worst, i, &episode, &frame);
    const int length = recording_length(space->r, episode);
    t.actions += length < CHUNK ? length : CHUNK;
  }
  const df_status status = try(&t, all);
  df_free(t.x);
  return status;
}

df_status replay_try_own(const search_space* space, hypotheses* all) {
  return try_with(space, try_own, all);
}

df_status replay_try_others(const search_space* space, hypotheses* all) {
  return try_with(space, try_others, all);
}

df_status replay_try_elsewhere(const search_space* space, hypotheses* all) {
  return try_with(space, try_elsewhere, all);
}
