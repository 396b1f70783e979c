#include "replay_explain.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "progress.h"

enum {
  MEMBERS = 8,         /* simulations with other rounding errors, of every window */
  MORE_MEMBERS = 128,  /* of a window that they do not explain */
  MOST_MEMBERS = 1024, /* of one that these nearly explain: one simulation in hundreds may touch at another point */
  HISTORY = 16,        /* preceding actions, of these */
  SECOND_LOOKS = 4,    /* windows of several actions, in an episode, that are looked at again */
  WINDOW_STEPS = 512,  /* actions simulated, without the members, for the windows of one length */
  LEAST_WINDOWS = 8,
  LENGTHS = 5
};
static const int lengths[LENGTHS] = {1, 8, 32, 128, 0}; /* of windows, in actions; 0: the whole episode */
static const double SPREADS = 3, SOLVER_SPREADS = 5;    /* an error of so many spreads is explained */
static const double NEARLY = 4;
static const double TAKES_PART = 1e-3, SHARED = 0.3;

/* what a thread needs */
typedef struct explainer {
  const recording* r;
  const df_system* system;
  const double* limit;
  df_sim* sim;
  df_sim* converged;                   /* of a solver that runs to its numerical floor; NULL: none */
  double* past;                        /* complete states of the simulator: past_of() */
  double *x, *y, *z, *u;               /* recorded, simulated, other simulated state; action */
  double *move, *e, *own, *d;          /* tangents */
  double *rounding, *solver, *uniform; /* largest changes; random numbers [draws()] */
  double step[2];     /* largest error over what is explained, of one action of the episode; [1]: with the solver's */
  double worst[2];    /* the same of all episodes */
  bool rough;         /* no second looks at windows of several actions */
  bool solver_wanted; /* what the solver explains is measured, too */
  int failed;         /* windows of the episode of several actions that rounding does not explain */
  bool unexplained;   /* an action of the episode that nothing explains: the others cannot change that */
} explainer;

/* of the windows of one length: error over what is explained, and error over one spread */
typedef struct ratios {
  double *explained[2], *plain[2];
  size_t n;
} ratios;

/* random numbers for each frame of a simulation: coordinates, actions, lengths of quaternions */
static size_t draws(const recording* r, const df_system* system) {
  return (size_t)system->ndx + (size_t)system->nu + (size_t)r->njoint;
}

/* whether the member is one of those that move upright bodies by as little as their numbers near 0 are rounded, and
 * everything else anywhere within its rounding, which meets what the largest errors miss */
static bool is_small(int member) {
  return member >= MEMBERS && member % 2;
}

/* draws the rounding errors of a member at frame t + k, in units of the largest */
static void draw(explainer* c, int episode, int t, int w, int k, int member) {
  const size_t n = draws(c->r, c->system);
  const uint64_t index = ((uint64_t)episode * (uint64_t)(c->r->data->length + 1) + (uint64_t)t) * MOST_MEMBERS;
  const uint64_t seed = (uint64_t)w + ((uint64_t)(int64_t)k << 32);
  df_rng_uniform(seed, DF_STREAM_REPLAY, index + (uint64_t)member, n, c->uniform);
  for (size_t i = 0; i < n; i++) {
    const double inside = 2 * c->uniform[i] - 1;
    c->uniform[i] = is_small(member) ? inside : inside < 0 ? -1 : 1;
  }
}

/* x = the recorded state of frame t, moved by the errors drawn */
static void moved_state(explainer* c, int episode, int t, int member) {
  recording_state(c->r, episode, t, c->x);
  recording_rounding(c->r, c->x, c->move);
  if (is_small(member)) recording_small_turns(c->r, c->x, c->move);
  for (int i = 0; i < c->system->ndx; i++) c->move[i] *= c->uniform[i];
  c->system->ops->integrate(c->system, c->x, c->move, c->x);
  recording_scale_quaternions(c->r, c->uniform + c->system->ndx + c->system->nu, c->x);
}

/* u = the action, moved by the errors drawn */
static void moved_action(explainer* c, const double* u) {
  for (int i = 0; i < c->system->nu; i++) {
    const double error = c->r->action.kind == STORED_FLOAT64 ? 0 : stored_precision_error(c->r->action, u[i]);
    c->u[i] = u[i] + error * c->uniform[c->system->ndx + i];
  }
}

/* where the simulator was before the action of frame t, at most HISTORY frames ago */
static double* past_of(const explainer* c, int t) {
  return c->past + (size_t)(t % (HISTORY + 1)) * c->system->ops->state_size(c->system);
}

/* y = the state after w actions from frame t, where the simulator is; returns whether the simulation came through */
static bool run(const explainer* c, df_sim* sim, int episode, int t, int w, double* y) {
  for (int k = 0; k < w; k++) {
    if (c->system->ops->step(sim, recording_action(c->r, episode, t + k), y) != DF_TRAJ_COMPLETE) return false;
  }
  return true;
}

/* Simulates w actions from frame t, with the warm start of the preceding ones. y = the last state. Returns whether the
 * simulation came through. */
static bool simulate(explainer* c, int episode, int t, int w, double* y) {
  const df_system_ops* ops = c->system->ops;
  recording_state(c->r, episode, t, c->x);
  ops->restore(c->sim, past_of(c, t));
  ops->set_state(c->sim, c->x);
  return run(c, c->sim, episode, t, w, y);
}

/* z = the same with other rounding errors, in a second look also of the preceding frames, which give the warm start */
static bool simulate_moved(explainer* c, int episode, int t, int w, int member) {
  const df_system_ops* ops = c->system->ops;
  const int room = t - recording_first(c->r), back = member < MEMBERS ? 0 : room < HISTORY ? room : HISTORY;
  ops->restore(c->sim, past_of(c, t - back));
  for (int k = -back; k < w; k++) {
    draw(c, episode, t, w, k, member);
    if (k <= 0) {
      moved_state(c, episode, t + k, member);
      ops->set_state(c->sim, c->x);
    }
    moved_action(c, recording_action(c->r, episode, t + k));
    if (ops->step(c->sim, c->u, c->z) != DF_TRAJ_COMPLETE) return false;
  }
  return true;
}

/* z = the last state of w actions from frame t with another warm start: a cleared one, or that of an action that starts
 * at most `warm` - 1 frames away */
static bool simulate_warm(explainer* c, int episode, int t, int w, int warm) {
  const df_system_ops* ops = c->system->ops;
  int other = t + warm - 1;
  if (other >= recording_last(c->r, episode)) other = t - (warm - 1) > recording_first(c->r) ? t - (warm - 1) : t;
  recording_state(c->r, episode, warm ? other : t, c->x);
  ops->reset(c->sim, c->x);
  if (warm) {
    if (ops->step(c->sim, recording_action(c->r, episode, other), c->z) != DF_TRAJ_COMPLETE) return false;
    recording_state(c->r, episode, t, c->x);
    ops->set_state(c->sim, c->x);
  }
  return run(c, c->sim, episode, t, w, c->z);
}

/* z = the same with a solver that runs to its numerical floor, whose warm start makes no difference */
static bool simulate_converged(explainer* c, int episode, int t, int w) {
  if (!c->converged) return false;
  recording_state(c->r, episode, t, c->x);
  c->system->ops->reset(c->converged, c->x);
  return run(c, c->converged, episode, t, w, c->z);
}

/* raises spread [ndx] to the change from y to z */
static void widen(explainer* c, const double* y, const double* z, double* spread) {
  c->system->ops->difference(c->system, y, z, c->d);
  for (int i = 0; i < c->system->ndx; i++) spread[i] = fmax(spread[i], fabs(c->d[i]));
}

/* Where the solver stops is a matter of luck for each coordinate: those that take part in its solution share a part of
 * the largest change of their kind. */
static void share_spreads(explainer* c) {
  for (int kind = 0; kind < KINDS; kind++) {
    double most = 0;
    for (int i = c->r->from[kind]; i < c->r->from[kind + 1]; i++) most = fmax(most, c->solver[i]);
    for (int i = c->r->from[kind]; i < c->r->from[kind + 1]; i++) {
      if (c->solver[i] >= TAKES_PART * most) c->solver[i] = fmax(c->solver[i], SHARED * most);
    }
  }
}

/* the largest error over what is explained, with errors of so many spreads */
static double ratio_of(const explainer* c, bool with_solver, double spreads) {
  double worst = 0;
  for (int i = 0; i < c->system->ndx; i++) {
    const double spread = with_solver ? fmax(c->rounding[i], c->solver[i]) : c->rounding[i];
    const double allowed = spreads * spread + c->own[i] + c->limit[recording_kind(c->r, i)];
    const double error = isfinite(c->e[i]) ? fabs(c->e[i]) : INFINITY;
    if (error > 0) worst = fmax(worst, error / allowed);
  }
  return worst;
}

/* keeps the ratios of the window */
static void note_window(explainer* c, int l, ratios* all) {
  const double explained[2] = {ratio_of(c, false, SPREADS), ratio_of(c, true, SOLVER_SPREADS)};
  if (l == 0) {
    for (int s = 0; s < 2; s++) c->step[s] = fmax(c->step[s], explained[s]);
    c->unexplained = explained[c->solver_wanted ? 1 : 0] > 1;
    return;
  }
  c->failed += explained[0] > 1;
#pragma omp critical
  {
    for (int s = 0; s < 2; s++) {
      all->explained[s][all->n] = explained[s];
      all->plain[s][all->n] = ratio_of(c, s == 1, 1);
    }
    all->n++;
  }
}

/* whether nothing more need be simulated: more simulations only explain more, and of one action only that is asked */
static bool is_explained(const explainer* c, int l) {
  return l == 0 && ratio_of(c, false, SPREADS) <= 1;
}

/* how many simulations a window deserves whose error is so many times what they explain */
static int members_for(double ratio) {
  return ratio <= 1 ? 0 : ratio < NEARLY ? MOST_MEMBERS : MORE_MEMBERS;
}

/* explains the window of w actions from frame t */
static void explain_window(explainer* c, int episode, int t, int l, int w, ratios* all) {
  const df_system_ops* ops = c->system->ops;
  const size_t tangent = (size_t)c->system->ndx * sizeof(double);
  memset(c->rounding, 0, tangent);
  memset(c->solver, 0, tangent);

  /* the error, and the rounding of both ends */
  const bool came_through = simulate(c, episode, t, w, c->y);
  if (w == 1) ops->save(c->sim, past_of(c, t + 1));
  recording_state(c->r, episode, t, c->x);
  recording_rounding(c->r, c->x, c->own);
  recording_state(c->r, episode, t + w, c->x);
  recording_rounding(c->r, c->x, c->move);
  for (int i = 0; i < c->system->ndx; i++) c->own[i] += c->move[i];
  recording_error(c->r, c->y, c->x, c->e);
  if (!came_through) {
    note_window(c, l, all);
    return;
  }

  /* without need of an explanation */
  if (l == 0 && ratio_of(c, false, 0) <= 1) return;

  /* spreads */
  for (int k = 0; k < MEMBERS && !is_explained(c, l); k++) {
    if (simulate_moved(c, episode, t, w, k)) widen(c, c->y, c->z, c->rounding);
  }
  for (int k = 0; k < MEMBERS && c->solver_wanted && !is_explained(c, l); k++) {
    if (simulate_warm(c, episode, t, w, k)) widen(c, c->y, c->z, c->solver);
  }
  if (c->solver_wanted && !is_explained(c, l) && simulate_converged(c, episode, t, w)) widen(c, c->y, c->z, c->solver);
  share_spreads(c);

  /* a second look */
  const bool hopeless = c->step[0] > 1 || c->failed > SECOND_LOOKS || (c->rough && l > 0);
  for (int k = MEMBERS; !hopeless && k < members_for(ratio_of(c, false, SPREADS)); k++) {
    if (simulate_moved(c, episode, t, w, k)) widen(c, c->y, c->z, c->rounding);
  }
  note_window(c, l, all);
}

/* the number of windows of lengths[l] in the episodes before `episode` */
static long windows_before(const recording* r, int episode, int l) {
  long n = 0;
  for (int e = 0; e < episode; e++) {
    const int length = recording_length(r, e);
    n += lengths[l] ? length / lengths[l] : length > 0;
  }
  return n;
}

/* the windows of one length: those in the preceding episodes, in this one, and the distance between chosen ones */
typedef struct chosen {
  long before, own, stride;
} chosen;

static chosen choose(const recording* r, int episode, int l) {
  const int longest = r->data->length - (r->data->lengths[episode] - recording_length(r, episode));
  const int w = lengths[l] ? lengths[l] : longest > 0 ? longest : 1;
  const long windows = windows_before(r, r->data->episodes, l), before = windows_before(r, episode, l);
  const long wanted = WINDOW_STEPS / w > LEAST_WINDOWS ? WINDOW_STEPS / w : LEAST_WINDOWS;
  return (chosen){before, windows_before(r, episode + 1, l) - before, windows > wanted ? windows / wanted : 1};
}

/* whether a window of w actions starts at action k of the episode */
static bool is_start(const chosen* c, int k, int w) {
  return k % w == 0 && k / w < c->own && (c->before + k / w) % c->stride == 0;
}

/* all actions of the episode, or all its windows of several actions, in the order of their start */
static void explain_pass(explainer* c, int episode, bool windows, ratios* all) {
  const df_system_ops* ops = c->system->ops;
  const int first = recording_first(c->r), last = recording_last(c->r, episode);
  chosen of[LENGTHS];
  for (int l = 1; l < LENGTHS && windows; l++) of[l] = choose(c->r, episode, l);
  recording_state(c->r, episode, first, c->x);
  ops->reset(c->sim, c->x);
  ops->save(c->sim, past_of(c, first));
  for (int t = first; t < last && !c->unexplained; t++) {
    for (int l = 1; l < LENGTHS && windows; l++) {
      const int w = lengths[l] ? lengths[l] : last - first;
      if (w > 1 && w <= last - first && is_start(&of[l], t - first, w)) explain_window(c, episode, t, l, w, &all[l]);
    }
    if (windows) {
      (void)simulate(c, episode, t, 1, c->y);
      ops->save(c->sim, past_of(c, t + 1));
    } else {
      explain_window(c, episode, t, 0, 1, &all[0]);
    }
  }
}

static void explain_episode(explainer* c, int episode, ratios* all) {
  c->unexplained = false;
  c->failed = 0;
  c->step[0] = c->step[1] = 0;
  explain_pass(c, episode, false, all);
  explain_pass(c, episode, true, all);
  for (int s = 0; s < 2; s++) c->worst[s] = fmax(c->worst[s], c->step[s]);
}

static df_status explainer_new(const recording* r, const df_system* system, const df_system* converged,
                               const double* limit, explainer* c) {
  const size_t nx = (size_t)system->nx, ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  const size_t past = (HISTORY + 1) * system->ops->state_size(system);
  *c = (explainer){.r = r, .system = system, .limit = limit};
  double* next = c->past = df_alloc(past + 3 * nx + 6 * ndx + nu + draws(r, system), sizeof *next);
  if (!next) return DF_E_NOMEM;
  double** const of_nx[] = {&c->x, &c->y, &c->z};
  double** const of_ndx[] = {&c->move, &c->e, &c->own, &c->d, &c->rounding, &c->solver};
  next += past;
  for (size_t i = 0; i < 3; i++, next += nx) *of_nx[i] = next;
  for (size_t i = 0; i < 6; i++, next += ndx) *of_ndx[i] = next;
  c->u = next;
  c->uniform = next + nu;
  if (converged) DF_TRY(df_sim_new(converged, 0, &c->converged));
  return df_sim_new(system, 0, &c->sim);
}

static df_status explain_all(const recording* r, const df_system* system, const df_system* converged,
                             const double* limit, const char* label, const options* opts, bool rough, bool solver,
                             ratios all[LENGTHS], replay_fit* fit) {
  progress shown;
  int done = 0;
  df_status failed = DF_OK;
  char message[512] = ""; /* messages are per thread */
  double step[2] = {0}, drift[2] = {0};
  bool hopeless = false; /* without the solver, which explains more: the next pass tells how much */
  for (int l = 0; l < LENGTHS; l++) all[l].n = 0;
  progress_start(&shown, opts->quiet, label, "episodes", r->data->episodes);
#pragma omp parallel num_threads(opts->threads)
  {
    explainer c;
    const df_status status = explainer_new(r, system, converged, limit, &c);
    c.rough = rough;
    c.solver_wanted = solver;
    /* every thread must reach this loop, also without a simulator */
#pragma omp for schedule(dynamic)
    for (int episode = 0; episode < r->data->episodes; episode++) {
      bool skip;
#pragma omp atomic read
      skip = hopeless;
      if (status == DF_OK && !skip) explain_episode(&c, episode, all);
#pragma omp critical
      {
        hopeless = hopeless || (!solver && c.unexplained);
        progress_update(&shown, ++done, NULL);
      }
    }
#pragma omp critical
    {
      if (status != DF_OK) {
        failed = status;
        snprintf(message, sizeof message, "%s", df_error_message());
      }
      for (int s = 0; s < 2; s++) step[s] = fmax(step[s], c.worst[s]);
    }
    df_free(c.past);
    df_sim_free(converged, c.converged);
    df_sim_free(system, c.sim);
  }
  progress_end(&shown);
  if (failed != DF_OK) return df_fail(failed, "cannot create a simulator: %s", message);
  for (int s = 0; s < 2; s++) {
    for (int l = 1; l < LENGTHS; l++)
      drift[s] = fmax(drift[s], replay_drift(all[l].explained[s], all[l].plain[s], all[l].n));
  }
  fit->step = step[0];
  fit->drift = drift[0];
  fit->solver_step = solver ? step[1] : INFINITY;
  fit->solver_drift = solver ? drift[1] : INFINITY;
  fit->windows = fit->of_windows = 0;
  for (int l = 1; l < LENGTHS; l++) {
    fit->windows += all[l].n;
    fit->of_windows += (size_t)windows_before(r, r->data->episodes, l);
  }
  return DF_OK;
}

static df_status explain(const recording* r, const df_system* system, const df_system* converged,
                         const double limit[KINDS], const char* label, const options* opts, bool rough,
                         replay_fit* fit) {
  /* is_start() admits fewer windows of one length */
  const size_t most = 2 * WINDOW_STEPS;
  ratios all[LENGTHS] = {{.n = 0}};
  double* memory = df_alloc((size_t)LENGTHS * 4 * most, sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  for (int l = 0; l < LENGTHS; l++) {
    for (int s = 0; s < 2; s++) {
      all[l].explained[s] = memory + ((size_t)l * 4 + (size_t)s) * most;
      all[l].plain[s] = all[l].explained[s] + 2 * most;
    }
  }
  /* what the solver explains matters only where rounding does not explain all */
  df_status status = explain_all(r, system, NULL, limit, label, opts, rough, false, all, fit);
  if (status == DF_OK && converged && !(fit->step <= 1 && fit->drift <= 1))
    status = explain_all(r, system, converged, limit, label, opts, rough, true, all, fit);
  df_free(memory);
  return status;
}

df_status replay_explain(const recording* r, const df_system* system, const df_system* converged,
                         const double limit[KINDS], const char* label, const options* opts, replay_fit* fit) {
  return explain(r, system, converged, limit, label, opts, false, fit);
}

df_status replay_explain_roughly(const recording* r, const df_system* system, const df_system* converged,
                                 const double limit[KINDS], const char* label, const options* opts, replay_fit* fit) {
  return explain(r, system, converged, limit, label, opts, true, fit);
}
