#include "replay_actions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "basis.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "progress.h"
#include "stop.h"

enum {
  ITERATIONS = 40, /* of Gauss and Newton: two where the motion is linear in the action, as without contacts */
  STARTS = 64,     /* of further searches */
  BATCH = 16,      /* episodes; the next ones are searched unless one of them ends the search */
  MEMBERS = 4,     /* simulations with other rounding errors of the states */
  MOST_ROWS = 16384
};
/* of the largest rounding error of an action: a change that ends the search; the step of the first differences,
 * at least LEAST_STEP as of all others; beyond the bound, for numbers that a controller computes; noise of an error
 * that is judged */
static const double SETTLED = 1e-13, STEP = 0.1, SLACK = 1e-3, QUIET = 0.1;
static const double LEFT = 0.1;         /* of the limit of an error */
static const double LEAST_SHARE = 0.01; /* of a change */
static const double LEAST_STEP = 1e-6;
static const double SPREADS = 3;

/* what a thread needs */
typedef struct seeker {
  const recording* r;
  const df_system* system;
  const double* limit;
  df_sim* sim;
  double* past;                             /* complete state of the simulator before the action */
  double *x, *x1, *y, *z;                   /* recorded states before and after; simulated ones */
  double *e, *move, *d, *noise;             /* [ndx] */
  double *effect, *basis, *dual;            /* [nu][ndx] of the actions on the next state; scratch; inverse */
  double *from, *turn;                      /* [nu] actions and their change, of an iteration */
  double over;                              /* how far the last one leads, over reach() */
  size_t row;                               /* of the recorded state among all */
  bool found;                               /* it leads to the recorded state */
  double *u, *tried, *round, *bound, *hide; /* [nu] hide: what the precision of the states hides of an action */
  double* uniform;                          /* [ndx] */
  bool *kept, *alone;                       /* [nu] the effect is that of no other action; and of no combination */
} seeker;

/* ---- one action ---- */

/* y = the state after action u in state x; false if it diverges */
static bool step_from(seeker* s, const double* x, const double* u, double* y) {
  s->system->ops->restore(s->sim, s->past);
  s->system->ops->set_state(s->sim, x);
  return s->system->ops->step(s->sim, u, y) == DF_TRAJ_COMPLETE;
}

/* noise [ndx] = what the rounding of both states, and the limit, may add to the error of the action */
static void find_noise(seeker* s) {
  const df_system_ops* ops = s->system->ops;
  const size_t ndx = (size_t)s->system->ndx;
  recording_rounding(s->r, s->x1, s->noise);
  for (size_t i = 0; i < ndx; i++) s->noise[i] += s->limit[recording_kind(s->r, (int)i)];
  for (int k = 0; k < MEMBERS; k++) {
    df_rng_uniform(1, DF_STREAM_REPLAY, (uint64_t)s->row * MEMBERS + (uint64_t)k, ndx, s->uniform);
    recording_rounding(s->r, s->x, s->move);
    for (size_t i = 0; i < ndx; i++) s->move[i] *= s->uniform[i] < 0.5 ? -1 : 1;
    ops->integrate(s->system, s->x, s->move, s->z);
    if (!step_from(s, s->z, s->u, s->z)) continue;
    ops->difference(s->system, s->y, s->z, s->d);
    for (size_t i = 0; i < ndx; i++) s->noise[i] = fmax(s->noise[i], SPREADS * fabs(s->d[i]));
  }
}

/* effect [nu][ndx] = the change of the next state y with each action, by differences: `share` of its rounding, or more
 */
static void find_effects(seeker* s, double share) {
  const int nu = s->system->nu;
  memcpy(s->tried, s->u, (size_t)nu * sizeof *s->u);
  for (int j = 0; j < nu; j++) {
    double* effect = s->effect + (size_t)j * (size_t)s->system->ndx;
    const double size = fmax(share * s->round[j], LEAST_STEP * fmax(1, fabs(s->u[j])));
    s->tried[j] = s->u[j] + size > s->system->u_hi[j] ? s->u[j] - size : s->u[j] + size;
    const bool usable = step_from(s, s->x, s->tried, s->z);
    if (usable) s->system->ops->difference(s->system, s->y, s->z, effect);
    for (int i = 0; i < s->system->ndx; i++) effect[i] = usable ? effect[i] / (s->tried[j] - s->u[j]) : 0;
    s->tried[j] = s->u[j];
  }
}

/* dual [nu][ndx]: inner products with a small change of the next state give the change of the actions that makes it.
 * An action whose effect is a combination of those of the preceding ones keeps its value; the others stand for it. */
static void invert_effects(seeker* s) {
  const int nu = s->system->nu;
  const size_t ndx = (size_t)s->system->ndx, vector = ndx * sizeof(double);
  for (int j = 0; j < nu; j++) {
    memcpy(s->basis + (size_t)j * ndx, s->effect + (size_t)j * ndx, vector);
    s->kept[j] = basis_extend(s->basis, j, ndx) > 0;
  }
  for (int j = 0; j < nu; j++) {
    double* dual = s->dual + (size_t)j * ndx;
    int n = 0;
    memset(dual, 0, vector);
    for (int k = 0; k < nu && s->kept[j]; k++) {
      if (k == j || !s->kept[k]) continue;
      memcpy(s->basis + (size_t)n * ndx, s->effect + (size_t)k * ndx, vector);
      (void)basis_extend(s->basis, n++, ndx);
    }
    memcpy(s->basis + (size_t)n * ndx, s->effect + (size_t)j * ndx, vector);
    const double length = s->kept[j] ? basis_extend(s->basis, n, ndx) : 0;
    for (size_t i = 0; i < ndx && length > 0; i++) dual[i] = s->basis[(size_t)n * ndx + i] / length;
  }
}

/* bound and hide [nu]: how far the change of an action may go */
static void find_bounds(seeker* s) {
  const int nu = s->system->nu;
  const size_t ndx = (size_t)s->system->ndx;
  for (int j = 0; j < nu; j++) {
    const double* dual = s->dual + (size_t)j * ndx;
    s->bound[j] = s->round[j];
    s->alone[j] = s->kept[j];
    s->hide[j] = 0;
    for (size_t i = 0; i < ndx; i++) s->hide[j] += fabs(dual[i]) * s->noise[i];
    for (int k = 0; k < nu; k++) {
      if (s->kept[k]) continue;
      const double stands_for = fabs(basis_dot(dual, s->effect + (size_t)k * ndx, ndx)) * s->round[k];
      s->bound[j] += stands_for;
      s->alone[j] = s->alone[j] && stands_for <= QUIET * s->round[j];
    }
  }
}

/* whether what is left of the error is small against what needs no explanation */
static bool is_found(const seeker* s) {
  for (int i = 0; i < s->system->ndx; i++) {
    if (!(fabs(s->e[i]) <= LEFT * s->limit[recording_kind(s->r, i)])) return false;
  }
  return true;
}

/* the furthest that an action may be from the recorded one */
static double reach(const seeker* s, int j) {
  return (1 + SLACK) * s->bound[j] + s->hide[j];
}

/* turn [nu] = the change of the actions that removes the error, to first order; over = how far it leads, over reach()
 */
static void find_turn(seeker* s, const double* stored) {
  const size_t ndx = (size_t)s->system->ndx;
  s->over = 0;
  for (int j = 0; j < s->system->nu; j++) {
    s->turn[j] = basis_dot(s->dual + (size_t)j * ndx, s->e, ndx);
    s->over = fmax(s->over, fabs(s->u[j] + s->turn[j] - stored[j]) / reach(s, j));
  }
}

/* u = the actions after this share of the turn, within reach; returns the largest change over what rounding allows */
static double move_actions(seeker* s, double share, const double* stored) {
  double moved = 0;
  for (int j = 0; j < s->system->nu; j++) {
    const double to = s->from[j] + share * s->turn[j];
    const double inside = fmin(fmax(to, stored[j] - reach(s, j)), stored[j] + reach(s, j));
    moved = fmax(moved, fabs(inside - s->from[j]) / reach(s, j));
    s->u[j] = inside;
  }
  return moved;
}

/* u = the action within reach that leads from the recorded state to the next one, searched from u; found = whether
 * there is one; false if a simulation diverges */
static bool search(seeker* s, const double* stored, bool first) {
  double share = 1, moved = INFINITY, before = INFINITY;
  s->found = false;
  for (int k = 0; k < ITERATIONS && moved > SETTLED; k++) {
    if (!step_from(s, s->x, s->u, s->y)) return false;
    recording_error(s->r, s->y, s->x1, s->e);
    s->found = k > 0 && is_found(s);
    if (s->found) break;

    /* a turn that leads away from the state goes too far */
    const double square = basis_dot(s->e, s->e, (size_t)s->system->ndx);
    if (!(square < before) && share > LEAST_SHARE) {
      share /= 2;
      moved = move_actions(s, share, stored);
      continue;
    }

    /* the next turn */
    memcpy(s->from, s->u, (size_t)s->system->nu * sizeof *s->u);
    before = square;
    share = 1;
    find_effects(s, k == 0 ? STEP : 0);
    invert_effects(s);
    if (k == 0 && first) {
      find_noise(s);
      find_bounds(s);
    }
    find_turn(s, stored);
    moved = move_actions(s, share, stored);
  }
  return true;
}

/* the same from the recorded action and, where contacts that begin or end during the action mislead the search, from
 * others within reach */
static bool find_action(seeker* s, int episode, int t) {
  const double* stored = recording_action(s->r, episode, t);
  const int nu = s->system->nu;
  s->row = s->r->data->first[episode] + (size_t)t;
  recording_state(s->r, episode, t, s->x);
  recording_state(s->r, episode, t + 1, s->x1);
  for (int j = 0; j < nu; j++) {
    s->u[j] = stored[j];
    s->round[j] = recording_action_rounding(s->r, j, stored[j]);
  }
  if (!search(s, stored, true)) return false;
  for (int k = 0; k < STARTS && !s->found && s->over > 1; k++) {
    df_rng_uniform(2, DF_STREAM_REPLAY, s->row * STARTS + (uint64_t)k, (size_t)nu, s->uniform);
    for (int j = 0; j < nu; j++) s->u[j] = stored[j] + (2 * s->uniform[j] - 1) * s->round[j];
    if (!search(s, stored, false)) return false;
  }
  return true;
}

/* ---- all actions ---- */

/* error [nu] of the action in units of the largest of rounding, NAN: not shown; returns the largest over its bound */
static double note_errors(const seeker* s, const double* stored, double* error) {
  double worst = s->found ? 0 : s->over;
  for (int j = 0; j < s->system->nu; j++) {
    const double change = s->u[j] - stored[j];
    const bool shown = s->alone[j] && s->hide[j] <= QUIET * s->round[j];
    worst = fmax(worst, fabs(change) / reach(s, j));
    error[j] = !shown ? NAN : fabs(change) <= s->hide[j] ? 0 : change / s->round[j];
  }
  return worst;
}

/* returns the largest error over its bound, of the actions up to the first above it */
static double imply_episode(seeker* s, int episode, double* actions, double* errors) {
  const size_t nu = (size_t)s->system->nu, before = df_dataset_action_row(s->r->data, episode, 0);
  const int first = recording_first(s->r);
  double worst = 0;
  recording_state(s->r, episode, first, s->x);
  s->system->ops->reset(s->sim, s->x);
  for (int t = first; t < recording_last(s->r, episode) && worst <= 1 && !stop_flag; t++) {
    const size_t row = (before + (size_t)t) * nu;
    s->system->ops->save(s->sim, s->past);
    if (!find_action(s, episode, t)) return INFINITY;
    worst = fmax(worst, note_errors(s, recording_action(s->r, episode, t), errors + row));
    memcpy(actions + row, s->u, nu * sizeof *s->u);
    (void)step_from(s, s->x, s->u, s->y);
  }
  return worst;
}

static df_status seeker_new(const recording* r, const df_system* system, const double* limit, seeker* s) {
  const size_t nx = (size_t)system->nx, ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  const size_t past = system->ops->state_size(system);
  *s = (seeker){.r = r, .system = system, .limit = limit};
  double* next = s->past =
      df_alloc(past + 4 * nx + 5 * ndx + 3 * nu * ndx + 7 * nu + (nu > ndx ? nu - ndx : 0), sizeof *next);
  s->kept = df_alloc(2 * nu, sizeof *s->kept);
  if (!next || !s->kept) return DF_E_NOMEM;
  s->alone = s->kept + nu;
  const struct {
    double** to;
    size_t n;
  } parts[] = {{&s->x, nx},
               {&s->x1, nx},
               {&s->y, nx},
               {&s->z, nx},
               {&s->e, ndx},
               {&s->move, ndx},
               {&s->d, ndx},
               {&s->noise, ndx},
               {&s->uniform, nu > ndx ? nu : ndx},
               {&s->effect, nu * ndx},
               {&s->from, nu},
               {&s->turn, nu},
               {&s->u, nu},
               {&s->tried, nu},
               {&s->round, nu},
               {&s->bound, nu},
               {&s->hide, nu},
               {&s->basis, nu * ndx},
               {&s->dual, nu * ndx}};
  next += past;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; next += parts[i++].n) *parts[i].to = next;
  return df_sim_new(system, 0, &s->sim);
}

static df_status imply_all(const recording* r, const df_system* system, const double* limit, const char* label,
                           const options* opts, double* actions, double* errors, double* largest_error) {
  progress shown;
  int done = 0;
  df_status failed = DF_OK;
  char message[512] = ""; /* messages are per thread */
  double worst = 0;
  progress_start(&shown, opts->quiet, label, "episodes", r->data->episodes);
#pragma omp parallel num_threads(opts->threads)
  {
    seeker s;
    const df_status status = seeker_new(r, system, limit, &s);
    for (int from = 0; from < r->data->episodes; from += BATCH) {
      const int to = from + BATCH < r->data->episodes ? from + BATCH : r->data->episodes;
      const bool over = worst > 1;
#pragma omp barrier
      /* all threads have read it before the first writes it again; without a simulator, too */
      if (over) break;
#pragma omp for schedule(dynamic)
      for (int episode = from; episode < to; episode++) {
        const double found = status == DF_OK ? imply_episode(&s, episode, actions, errors) : 0;
#pragma omp critical
        {
          worst = fmax(worst, found);
          progress_update(&shown, ++done, NULL);
        }
      }
    }
#pragma omp critical
    if (status != DF_OK) {
      failed = status;
      snprintf(message, sizeof message, "%s", df_error_message());
    }
    df_free(s.past);
    df_free(s.kept);
    df_sim_free(system, s.sim);
  }
  progress_end(&shown);
  *largest_error = worst;
  DF_TRY(stop_check());
  return failed == DF_OK ? DF_OK : df_fail(failed, "cannot create a simulator: %s", message);
}

/* ---- what the errors look like ---- */

/* one column of actions */
typedef struct column {
  int j;
  double lo, hi;      /* the smallest and the largest action */
  size_t independent; /* actions that differ from the preceding one */
  size_t shown;       /* errors that are judged */
  bool exact;         /* no action has an error */
} column;

/* A controller that saturates outputs its largest and smallest action exactly, and 0 at rest. */
static bool is_judged(const column* c, double u, double error) {
  return isfinite(error) && u != 0 && u > c->lo && u < c->hi;
}

static column column_of(const recording* r, int j, const double* errors) {
  column c = {.j = j, .lo = INFINITY, .hi = -INFINITY, .exact = true};
  const size_t n = df_dataset_actions(r->data), nu = (size_t)r->data->nu, at = (size_t)j;
  for (size_t i = 0; i < n; i++) {
    const double u = r->data->actions[i * nu + at];
    c.lo = fmin(c.lo, u);
    c.hi = fmax(c.hi, u);
    c.exact = c.exact && !(fabs(errors[i * nu + at]) > 0);
  }
  for (size_t i = 0; i < n; i++) {
    const double u = r->data->actions[i * nu + at];
    if (!is_judged(&c, u, errors[i * nu + at])) continue;
    c.shown++;
    c.independent += i == 0 || u != r->data->actions[(i - 1) * nu + at];
  }
  return c;
}

/* 1, the state with sines and cosines of its angles, the actions */
static int features_of(const recording* r) {
  return 1 + r->data->nx + 2 * r->njoint + r->data->nu;
}

/* writes the features of an action, `apart` numbers from each other */
static void write_features(const recording* r, int episode, int t, size_t apart, double* x, double* feature) {
  recording_state(r, episode, t, x);
  *feature = 1;
  for (int i = 0; i < r->data->nx; i++) *(feature += apart) = x[i];
  for (int i = 0; i < r->njoint; i++) {
    const bool hinge = r->joints[i].kind == DF_JOINT_HINGE;
    *(feature += apart) = hinge ? sin(x[r->joints[i].qpos]) : 0;
    *(feature += apart) = hinge ? cos(x[r->joints[i].qpos]) : 0;
  }
  for (int i = 0; i < r->data->nu; i++) *(feature += apart) = recording_action(r, episode, t)[i];
}

static df_status judge_column(const recording* r, const column* c, const double* errors, action_errors* out) {
  const size_t nu = (size_t)r->data->nu, stride = c->shown / MOST_ROWS + 1, rows = (c->shown + stride - 1) / stride;
  const int features = features_of(r);
  double* memory = df_alloc(rows * ((size_t)features + 1) + (size_t)r->data->nx, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double *error = memory, *feature = error + rows, *x = feature + rows * (size_t)features;
  size_t seen = 0, n = 0;
  for (int episode = 0; episode < r->data->episodes; episode++) {
    const size_t before = df_dataset_action_row(r->data, episode, 0);
    for (int t = 0; t < r->data->lengths[episode]; t++) {
      const size_t at = (before + (size_t)t) * nu + (size_t)c->j;
      if (!is_judged(c, r->data->actions[at], errors[at]) || seen++ % stride) continue;
      error[n] = errors[at];
      write_features(r, episode, t, rows, x, feature + n++);
    }
  }
  action_errors_judge(error, feature, n, features, c->independent < n ? c->independent : n, out);
  df_free(memory);
  return DF_OK;
}

df_status replay_imply_actions(const recording* r, const df_system* system, const double limit[KINDS],
                               const char* label, const options* opts, double* actions, action_errors* errors) {
  const size_t n = df_dataset_actions(r->data) * (size_t)r->data->nu;
  double* list = df_alloc(n, sizeof *list);
  int judged = 0;
  if (!list) return DF_E_NOMEM;
  for (size_t i = 0; i < n; i++) list[i] = NAN;
  memcpy(actions, r->data->actions, n * sizeof *actions);
  *errors = action_errors_none();
  df_status status = imply_all(r, system, limit, label, opts, actions, list, &errors->largest);
  action_errors found = {.largest = errors->largest};
  for (int j = 0; j < r->data->nu && status == DF_OK && found.largest <= 1; j++) {
    const column c = column_of(r, j, list);
    if (c.exact) continue;
    status = judge_column(r, &c, list, &found);
    judged++;
  }
  if (judged) *errors = found;
  df_free(list);
  return status;
}
