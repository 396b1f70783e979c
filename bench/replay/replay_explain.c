#include "replay_explain.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "progress.h"
#include "stop.h"

enum {
  MEMBERS = 8,           /* simulations with other rounding errors, of every window */
  MORE_MEMBERS = 128,    /* of a window that they do not explain */
  MOST_MEMBERS = 1024,   /* of one that these nearly explain: one simulation in hundreds may touch at another point */
  HISTORY = 16,          /* preceding actions, of these */
  WARM_UP = 2 * HISTORY, /* actions before a window, which give the warm start */
  WORST = 8,             /* actions with the largest errors, which are simulated first */
  BATCH = 16,            /* episodes; before the next ones, what is unexplained in them is looked at again */
  WINDOW_STEPS = 512,    /* actions simulated, without the members, for the windows of one length */
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
  bool solver_wanted;                  /* what the solver explains is measured, too */
} explainer;

/* a window of w actions, or of one, from frame t */
typedef struct window {
  int l, episode, t, w;          /* l: index of its length */
  double explained[2], plain[2]; /* error over what is explained, and over one spread; [1]: with the solver's */
} window;

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
    c->u[i] = u[i] + recording_action_rounding(c->r, i, u[i]) * c->uniform[c->system->ndx + i];
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

/* the error over what explains it in this pass */
static double failing_ratio(const explainer* c) {
  return ratio_of(c, c->solver_wanted, c->solver_wanted ? SOLVER_SPREADS : SPREADS);
}

static void note_window(const explainer* c, window* at) {
  for (int s = 0; s < 2; s++) {
    at->explained[s] = ratio_of(c, s == 1, s == 1 ? SOLVER_SPREADS : SPREADS);
    at->plain[s] = ratio_of(c, s == 1, 1);
  }
}

/* whether nothing more need be simulated: more simulations only explain more, and of one action only that is asked */
static bool is_explained(const explainer* c, int l) {
  return l == 0 && ratio_of(c, false, SPREADS) <= 1;
}

/* how many simulations a window of w actions deserves whose error is so many times what they explain; all windows cost
 * about as much */
static int members_for(double ratio, int w) {
  const int wanted = ratio < NEARLY ? MOST_MEMBERS : MORE_MEMBERS;
  const int affordable = MOST_MEMBERS * (HISTORY + 1) / (HISTORY + w);
  return ratio <= 1 ? 0 : wanted < affordable ? wanted : affordable;
}

/* explains a window that starts where the simulator is; `again`: with a second look */
static void explain_window(explainer* c, window* at, bool again) {
  const df_system_ops* ops = c->system->ops;
  const int episode = at->episode, t = at->t, l = at->l, w = at->w;
  const size_t tangent = (size_t)c->system->ndx * sizeof(double);
  memset(c->rounding, 0, tangent);
  memset(c->solver, 0, tangent);
  if (stop_flag) return;

  /* the error, and the rounding of both ends */
  const bool came_through = simulate(c, episode, t, w, c->y);
  if (w == 1) ops->save(c->sim, past_of(c, t + 1));
  recording_state(c->r, episode, t, c->x);
  recording_rounding(c->r, c->x, c->own);
  recording_state(c->r, episode, t + w, c->x);
  recording_rounding(c->r, c->x, c->move);
  for (int i = 0; i < c->system->ndx; i++) c->own[i] += c->move[i];
  recording_error(c->r, c->y, c->x, c->e);
  note_window(c, at);
  if (!came_through) {
    at->explained[0] = at->explained[1] = INFINITY;
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
  for (int k = MEMBERS; again && !stop_flag && k < members_for(failing_ratio(c), w); k++) {
    if (simulate_moved(c, episode, t, w, k)) widen(c, c->y, c->z, c->rounding);
  }
  note_window(c, at);
}

/* Puts the simulator where it was before the action of frame t, with the warm starts of the preceding actions. */
static void warm_up(explainer* c, int episode, int t) {
  const int first = recording_first(c->r), from = t - first > WARM_UP ? t - WARM_UP : first;
  recording_state(c->r, episode, from, c->x);
  c->system->ops->reset(c->sim, c->x);
  c->system->ops->save(c->sim, past_of(c, from));
  for (int k = from; k < t && !stop_flag; k++) {
    (void)simulate(c, episode, k, 1, c->y);
    c->system->ops->save(c->sim, past_of(c, k + 1));
  }
}

/* all actions of an episode, one after the other: list [recording_length()] */
static void explain_actions(explainer* c, int episode, window* list) {
  const int first = recording_first(c->r);
  warm_up(c, episode, first);
  for (int t = first; t < recording_last(c->r, episode); t++) {
    list[t - first] = (window){.episode = episode, .t = t, .w = 1};
    explain_window(c, &list[t - first], false);
  }
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

/* appends the chosen windows of one length to a list */
static void list_windows(const recording* r, int l, window* list, size_t* n) {
  for (int e = 0; e < r->data->episodes; e++) {
    const int first = recording_first(r), length = recording_length(r, e);
    const int w = lengths[l] ? lengths[l] : length;
    const chosen of = choose(r, e, l);
    for (int k = 0; w > 1 && k + w <= length; k += w) {
      if (is_start(&of, k, w)) list[(*n)++] = (window){.l = l, .episode = e, .t = first + k, .w = w};
    }
  }
}

/* appends the actions with the largest errors, which are not next to each other; returns their number */
static size_t list_worst(const replay_explanation* in, window* list) {
  const recording* r = in->r;
  const size_t steps = recording_before(r, r->data->episodes);
  size_t taken[WORST], n = 0;
  for (bool more = true; more && n < WORST;) {
    double worst = 1;
    more = false;
    for (size_t i = 0; i < steps; i++) {
      double over = 0;
      for (int kind = 0; kind < KINDS; kind++) over = fmax(over, in->carried[kind][i] / in->limit[kind]);
      bool near = false;
      for (size_t k = 0; k < n; k++) near = near || (taken[k] > i ? taken[k] - i : i - taken[k]) < HISTORY;
      if (near || !(over > worst)) continue;
      worst = over;
      taken[n] = i;
      more = true;
    }
    if (more) {
      window* one = &list[n];
      *one = (window){.w = 1};
      recording_place(r, taken[n++], &one->episode, &one->t);
    }
  }
  return n;
}

/* ---- threads ---- */

typedef struct team {
  const replay_explanation* in;
  explainer* member; /* [n] one per thread */
  int n;
  bool solver;
} team;

static df_status explainer_new(const replay_explanation* in, bool solver, explainer* c) {
  const df_system* system = in->system;
  const size_t nx = (size_t)system->nx, ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  const size_t past = (HISTORY + 1) * system->ops->state_size(system);
  *c = (explainer){.r = in->r, .system = system, .limit = in->limit, .solver_wanted = solver};
  double* next = c->past = df_alloc(past + 3 * nx + 6 * ndx + nu + draws(in->r, system), sizeof *next);
  if (!next) return DF_E_NOMEM;
  double** const of_nx[] = {&c->x, &c->y, &c->z};
  double** const of_ndx[] = {&c->move, &c->e, &c->own, &c->d, &c->rounding, &c->solver};
  next += past;
  for (size_t i = 0; i < 3; i++, next += nx) *of_nx[i] = next;
  for (size_t i = 0; i < 6; i++, next += ndx) *of_ndx[i] = next;
  c->u = next;
  c->uniform = next + nu;
  if (solver) DF_TRY(df_sim_new(in->converged, 0, &c->converged));
  return df_sim_new(system, 0, &c->sim);
}

static df_status team_new(const replay_explanation* in, bool solver, team* out) {
  *out = (team){.in = in, .solver = solver};
  out->member = df_alloc((size_t)in->opts->threads, sizeof *out->member);
  if (!out->member) return DF_E_NOMEM;
  while (out->n < in->opts->threads) DF_TRY(explainer_new(in, solver, &out->member[out->n++]));
  return DF_OK;
}

static void team_free(team* t) {
  for (int i = 0; i < t->n; i++) {
    df_free(t->member[i].past);
    df_sim_free(t->in->converged, t->member[i].converged);
    df_sim_free(t->in->system, t->member[i].sim);
  }
  df_free(t->member);
}

/* windows anywhere in the recording */
static void explain_windows(const team* t, window* list, size_t n) {
#pragma omp parallel for schedule(dynamic) num_threads(t->n)
  for (size_t i = 0; i < n; i++) {
    explainer* c = &t->member[omp_get_thread_num()];
    warm_up(c, list[i].episode, list[i].t);
    explain_window(c, &list[i], false);
  }
}

/* all actions of the episodes `from` to before `to` */
static void explain_episodes(const team* t, int from, int to, window* list) {
  const size_t before = recording_before(t->in->r, from);
#pragma omp parallel for schedule(dynamic) num_threads(t->n)
  for (int e = from; e < to; e++)
    explain_actions(&t->member[omp_get_thread_num()], e, list + recording_before(t->in->r, e) - before);
}

/* by what is unexplained, the most first */
static int by_failure(const window* a, const window* b, bool solver) {
  const double x = a->explained[solver], y = b->explained[solver];
  return (x < y) - (x > y);
}
static int by_rounding(const void* a, const void* b) {
  return by_failure(a, b, false);
}
static int by_both(const void* a, const void* b) {
  return by_failure(a, b, true);
}

/* Sorts windows and looks again at those that are unexplained, the worst first, until more than `allowed` stay so: then
 * the others change nothing. Returns the largest ratio. */
static double look_again(const team* t, window* list, size_t n, size_t allowed) {
  explainer* c = &t->member[0];
  size_t failed = 0;
  double worst = 0;
  qsort(list, n, sizeof *list, t->solver ? by_both : by_rounding);
  for (size_t i = 0; i < n; i++) {
    window* one = &list[i];
    if (one->explained[t->solver] > 1 && failed <= allowed && !(t->in->rough && one->l > 0)) {
      warm_up(c, one->episode, one->t);
      explain_window(c, one, true);
    }
    failed += one->explained[t->solver] > 1;
    worst = fmax(worst, one->explained[t->solver]);
  }
  return worst;
}

/* ---- all windows ---- */

typedef struct found {
  double step, drift;
  size_t windows;
} found;

/* the drift of the windows of one length, in a list that this sorts */
static df_status drift_of(const team* t, window* list, size_t n, double* drift) {
  double* explained = df_alloc(2 * n, sizeof *explained);
  if (!explained) return DF_E_NOMEM;
  double* plain = explained + n;
  (void)look_again(t, list, n, n - replay_windows_needed(n));
  for (size_t i = 0; i < n; i++) {
    explained[i] = list[i].explained[t->solver];
    plain[i] = list[i].plain[t->solver];
  }
  *drift = fmax(*drift, replay_drift(explained, plain, n));
  df_free(explained);
  return DF_OK;
}

/* the drift of all chosen windows, from the shortest on until there is one */
static df_status explain_drift(const team* t, window* list, found* out) {
  *out = (found){.step = out->step};
  for (int l = 1; l < LENGTHS && out->drift <= 1; l++) {
    size_t n = 0;
    list_windows(t->in->r, l, list, &n);
    out->windows += n;
    explain_windows(t, list, n);
    DF_TRY(drift_of(t, list, n, &out->drift));
  }
  return DF_OK;
}

/* the largest ratio of all actions, up to the batch with the first unexplained one */
static void explain_steps(const team* t, window* list, found* out) {
  const recording* r = t->in->r;
  progress shown;
  progress_start(&shown, t->in->opts->quiet, t->in->label, "episodes", r->data->episodes);
  for (int from = 0, to; from < r->data->episodes && out->step <= 1; from = to) {
    to = from + BATCH < r->data->episodes ? from + BATCH : r->data->episodes;
    explain_episodes(t, from, to, list);
    const size_t n = recording_before(r, to) - recording_before(r, from);
    out->step = fmax(out->step, look_again(t, list, n, 0));
    progress_update(&shown, to, NULL);
  }
  progress_end(&shown);
}

/* room for the windows of one length, or for the actions of a batch */
static size_t room(const recording* r) {
  size_t out = 2 * WINDOW_STEPS; /* is_start() admits fewer windows of one length */
  for (int from = 0; from < r->data->episodes; from += BATCH) {
    const int to = from + BATCH < r->data->episodes ? from + BATCH : r->data->episodes;
    const size_t n = recording_before(r, to) - recording_before(r, from);
    if (n > out) out = n;
  }
  return out;
}

/* What costs little and fails often comes first: the actions with the largest errors, then the windows of several
 * actions, then all actions. */
static df_status explain_all(const replay_explanation* in, bool solver, found* out) {
  team t;
  *out = (found){.drift = INFINITY};
  window* list = df_alloc(room(in->r), sizeof *list);
  df_status status = list ? team_new(in, solver, &t) : DF_E_NOMEM;
  if (status == DF_OK) {
    const size_t n = in->carried ? list_worst(in, list) : 0;
    explain_windows(&t, list, n);
    out->step = look_again(&t, list, n, 0);
    if (out->step <= 1) status = explain_drift(&t, list, out);
    if (status == DF_OK && out->drift <= 1) explain_steps(&t, list, out);
  }
  if (list) team_free(&t);
  df_free(list);
  return status == DF_OK ? stop_check() : status;
}

df_status replay_explain(const replay_explanation* in, replay_fit* fit) {
  const recording* r = in->r;
  found rounding, both;
  DF_TRY(explain_all(in, false, &rounding));
  fit->step = rounding.step;
  fit->drift = rounding.drift;
  fit->windows = rounding.windows;
  fit->of_windows = 0;
  for (int l = 1; l < LENGTHS; l++) fit->of_windows += (size_t)windows_before(r, r->data->episodes, l);
  fit->solver_step = fit->solver_drift = INFINITY;

  /* what the solver explains matters only where rounding does not explain all */
  if (!in->converged || (fit->step <= 1 && fit->drift <= 1)) return DF_OK;
  DF_TRY(explain_all(in, true, &both));
  fit->solver_step = both.step;
  fit->solver_drift = both.drift;
  fit->windows = both.windows;
  return DF_OK;
}
