#include "dynaflow/optimise/clip_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/cholesky.h"
#include "dynaflow/metrics/best_action.h"
#include "dynaflow/sim/rollout.h"

/* Marquardt's damping: its first, smallest and largest value, and its factors after a failure and a success */
static const double DAMPING_FIRST = 1e-4, DAMPING_LEAST = 1e-10, DAMPING_MOST = 1e6, DAMPING_UP = 10,
                    DAMPING_DOWN = 0.2;
/* the damping of an action without effect, as a share of the largest curvature of the window's actions */
static const double CURVATURE_FLOOR = 1e-8;
/* halvings of a step before the damping is raised */
enum { HALVINGS = 5 };

/* the fit of one clip, with the arrays of the present window of W actions */
typedef struct fit {
  const df_task* task;
  const df_system* system;
  const df_clip_fit_cfg* cfg;
  const double* demo; /* [length+1][nx] */
  double* best;       /* [length][nu] the best action of every demonstrated step by itself */
  int nx, ndx, nu, nz, W;
  df_sim *sim, *trial;
  double* start;   /* the complete state at the start of the window, or its x */
  double *x, *x2;  /* [W+1][nx] states of the present and the tried actions */
  double *u, *u2;  /* [W][nu] */
  double* e;       /* [W][nz] errors of frames 1..W */
  double *A, *B;   /* [W][ndx][ndx], [W][ndx][nu] Jacobians of the steps */
  double* C;       /* [W][nz][ndx] Jacobians of the errors */
  double *k, *K;   /* [W][nu], [W][nu][ndx] the steps of the actions and their feedback */
  double *v, *V;   /* [ndx], [ndx][ndx] gradient and Hessian of the cost to go */
  double* scratch; /* see backward() */
} fit;

static size_t complete_size(const df_system* s) {
  return s->ops->state_size ? s->ops->state_size(s) : (size_t)s->nx;
}

static void load(const fit* f, df_sim* sim) {
  if (f->system->ops->restore) {
    f->system->ops->restore(sim, f->start);
  } else {
    f->system->ops->reset(sim, f->start);
  }
}

static void store(fit* f, const df_sim* sim, const double* x) {
  if (f->system->ops->save) {
    f->system->ops->save(sim, f->start);
  } else {
    memcpy(f->start, x, (size_t)f->nx * sizeof *x);
  }
}

static void clamp(const fit* f, double* u) {
  for (int i = 0; i < f->nu; i++) u[i] = fmin(fmax(u[i], f->system->u_lo[i]), f->system->u_hi[i]);
}

/* the error of a state against the demonstration, both relative to the demonstrated start of the window */
static double frame_error(const fit* f, const double* demo, int t, const double* x, double* e, double* z) {
  df_chart_encode(f->task->chart, demo, x, e);
  df_chart_encode(f->task->chart, demo, demo + (size_t)t * (size_t)f->nx, z);
  for (int i = 0; i < f->nz; i++) e[i] -= z[i];
  return df_dot(f->nz, e, e);
}

/* Simulates the window: actions u2 = clamp(u + share k + K (x2 (-) x)) where `step` > 0, else u2 = u. Returns the sum
 * of squared errors, infinite after a divergence; *end says whether the simulator failed. */
static double simulate(fit* f, const double* demo, double step, df_traj_end* end) {
  double *e = f->scratch, *z = e + f->nz, *dx = z + f->nz, sum = 0;
  load(f, f->trial);
  memcpy(f->x2, f->x, (size_t)f->nx * sizeof(double));
  for (int t = 0; t < f->W; t++) {
    const size_t at = (size_t)t * (size_t)f->nx;
    double *u = f->u2 + (size_t)t * (size_t)f->nu, *next = f->x2 + at + f->nx;
    memcpy(u, f->u + (size_t)t * (size_t)f->nu, (size_t)f->nu * sizeof *u);
    if (step > 0) {
      f->system->ops->difference(f->system, f->x + at, f->x2 + at, dx);
      for (int i = 0; i < f->nu; i++) {
        const size_t row = (size_t)t * (size_t)f->nu + (size_t)i;
        u[i] += step * f->k[row] + df_dot(f->ndx, f->K + row * (size_t)f->ndx, dx);
      }
      clamp(f, u);
    }
    *end = f->system->ops->step(f->trial, u, next);
    if (*end != DF_TRAJ_COMPLETE) return INFINITY;
    sum += frame_error(f, demo, t + 1, next, e, z);
  }
  return sum;
}

/* takes the tried actions and states */
static void accept(fit* f) {
  memcpy(f->x, f->x2, ((size_t)f->W + 1) * (size_t)f->nx * sizeof(double));
  memcpy(f->u, f->u2, (size_t)f->W * (size_t)f->nu * sizeof(double));
}

/* Jacobians of the steps and of the errors along the present trajectory */
static df_traj_end linearise(fit* f, const double* demo) {
  const size_t ndx = (size_t)f->ndx, nu = (size_t)f->nu, nz = (size_t)f->nz;
  double *y = f->scratch, *z = y + nz;
  /* record the steps */
  load(f, f->sim);
  for (int t = 0; t < f->W; t++) {
    const df_traj_end end =
        f->system->ops->step(f->sim, f->u + (size_t)t * nu, f->x2 + (size_t)(t + 1) * (size_t)f->nx);
    if (end != DF_TRAJ_COMPLETE) return end;
  }
  for (int t = 0; t < f->W; t++) {
    const double* x = f->x + (size_t)(t + 1) * (size_t)f->nx;
    /* of the step */
    const df_traj_end end =
        df_sim_jacobian(f->system, f->sim, t, f->A + (size_t)t * ndx * ndx, f->B + (size_t)t * ndx * nu);
    if (end != DF_TRAJ_COMPLETE) return end;
    /* of the error of that frame */
    for (size_t row = 0; row < nz; row++) {
      memset(y, 0, nz * sizeof *y);
      y[row] = 1;
      df_chart_encode_vjp(f->task->chart, demo, x, y, f->C + ((size_t)t * nz + row) * ndx);
    }
    frame_error(f, demo, t + 1, x, f->e + (size_t)t * nz, z);
  }
  return DF_TRAJ_COMPLETE;
}

/* out [n][m] = a^T b for a [rows][n], b [rows][m]; adds if `add` */
static void product_tn(int rows, int n, int m, const double* a, const double* b, bool add, double* out) {
  if (!add) memset(out, 0, (size_t)n * (size_t)m * sizeof *out);
  for (int r = 0; r < rows; r++) {
    for (int i = 0; i < n; i++) {
      const double factor = a[(size_t)r * (size_t)n + (size_t)i];
      double* row = out + (size_t)i * (size_t)m;
      if (factor == 0) continue;
      for (int j = 0; j < m; j++) row[j] += factor * b[(size_t)r * (size_t)m + (size_t)j];
    }
  }
}

/* out [n][m] = a b for a [n][inner], b [inner][m] */
static void product(int n, int inner, int m, const double* a, const double* b, double* out) {
  memset(out, 0, (size_t)n * (size_t)m * sizeof *out);
  for (int i = 0; i < n; i++) {
    double* row = out + (size_t)i * (size_t)m;
    for (int r = 0; r < inner; r++) {
      const double factor = a[(size_t)i * (size_t)inner + (size_t)r];
      if (factor == 0) continue;
      for (int j = 0; j < m; j++) row[j] += factor * b[(size_t)r * (size_t)m + (size_t)j];
    }
  }
}

/* adds the cost of frame t + 1 to the cost to go */
static void add_cost(fit* f, int t) {
  const double *C = f->C + (size_t)t * (size_t)f->nz * (size_t)f->ndx, *e = f->e + (size_t)t * (size_t)f->nz;
  product_tn(f->nz, 1, f->ndx, e, C, true, f->v);
  product_tn(f->nz, f->ndx, f->ndx, C, C, true, f->V);
}

/* the matrices of one action in the backward pass, parts of f->scratch */
typedef struct quadratic {
  double *VA, *VB;             /* V A [ndx][ndx], V B [ndx][nu] */
  double *Qx, *Qu;             /* [ndx], [nu] */
  double *Qxx, *Qux, *Quu, *L; /* [ndx][ndx], [nu][ndx], [nu][nu], factor of the damped Quu */
  double* column;              /* [nu] */
} quadratic;

static quadratic parts_of(const fit* f) {
  const size_t ndx = (size_t)f->ndx, nu = (size_t)f->nu;
  quadratic q;
  double* at = f->scratch;
  q.VA = at, at += ndx * ndx;
  q.VB = at, at += ndx * nu;
  q.Qx = at, at += ndx;
  q.Qu = at, at += nu;
  q.Qxx = at, at += ndx * ndx;
  q.Qux = at, at += nu * ndx;
  q.Quu = at, at += nu * nu;
  q.L = at, at += nu * nu;
  q.column = at;
  return q;
}

static size_t scratch_size(const fit* f) {
  const size_t ndx = (size_t)f->ndx, nu = (size_t)f->nu, nz = (size_t)f->nz;
  return 2 * ndx * ndx + 2 * ndx * nu + ndx + 2 * nu + 2 * nu * nu + 2 * nz + ndx;
}

/* whether the gradient pushes action i beyond the bound at which it is */
static bool is_bounded(const fit* f, const double* u, const double* gradient, int i) {
  return (u[i] <= f->system->u_lo[i] && gradient[i] > 0) || (u[i] >= f->system->u_hi[i] && gradient[i] < 0);
}

/* writes step k and feedback K of action t; false if the damped curvature is not positive definite */
static bool choose_action(fit* f, const quadratic* q, int t, double damping) {
  const int nu = f->nu, ndx = f->ndx;
  const double* u = f->u + (size_t)t * (size_t)nu;
  double *k = f->k + (size_t)t * (size_t)nu, *K = f->K + (size_t)t * (size_t)nu * (size_t)ndx, largest = 0;
  for (int i = 0; i < nu; i++) largest = fmax(largest, q->Quu[i * nu + i]);
  for (int i = 0; i < nu; i++) {
    const bool bounded = is_bounded(f, u, q->Qu, i);
    for (int j = 0; j < nu; j++) {
      q->L[i * nu + j] = bounded || is_bounded(f, u, q->Qu, j) ? 0 : q->Quu[i * nu + j];
    }
    const double own = fmax(q->Quu[i * nu + i], fmax(CURVATURE_FLOOR * largest, 1e-300));
    q->L[i * nu + i] = bounded ? 1 : q->Quu[i * nu + i] + damping * own;
    k[i] = bounded ? 0 : -q->Qu[i];
  }
  if (!df_cholesky_factor(nu, q->L)) return false;
  df_cholesky_solve(nu, q->L, k);
  for (int c = 0; c < ndx; c++) {
    for (int i = 0; i < nu; i++) q->column[i] = is_bounded(f, u, q->Qu, i) ? 0 : -q->Qux[i * ndx + c];
    df_cholesky_solve(nu, q->L, q->column);
    for (int i = 0; i < nu; i++) K[i * ndx + c] = q->column[i];
  }
  return true;
}

/* V = Qxx + K^T Quu K + K^T Qux + Qux^T K, and the gradient alike, made symmetric */
static void update_cost_to_go(fit* f, const quadratic* q, int t) {
  const int nu = f->nu, ndx = f->ndx;
  const double *k = f->k + (size_t)t * (size_t)nu, *K = f->K + (size_t)t * (size_t)nu * (size_t)ndx;
  memcpy(f->v, q->Qx, (size_t)ndx * sizeof *f->v);
  memcpy(f->V, q->Qxx, (size_t)ndx * (size_t)ndx * sizeof *f->V);
  /* Quu k + Qu, then K^T of it and Qux^T k */
  for (int i = 0; i < nu; i++) q->column[i] = df_dot(nu, q->Quu + (size_t)i * (size_t)nu, k) + q->Qu[i];
  product_tn(nu, ndx, 1, K, q->column, true, f->v);
  product_tn(nu, ndx, 1, q->Qux, k, true, f->v);
  /* K^T (Quu K + Qux) + Qux^T K; VB is free now */
  product(nu, nu, ndx, q->Quu, K, q->VB);
  for (int i = 0; i < nu * ndx; i++) q->VB[i] += q->Qux[i];
  product_tn(nu, ndx, ndx, K, q->VB, true, f->V);
  product_tn(nu, ndx, ndx, q->Qux, K, true, f->V);
  for (int i = 0; i < ndx; i++) {
    for (int j = 0; j < i; j++) {
      const double mean = (f->V[i * ndx + j] + f->V[j * ndx + i]) / 2;
      f->V[i * ndx + j] = f->V[j * ndx + i] = mean;
    }
  }
}

/* The backward pass: steps and feedback of all actions. False if the damping is too small. */
static bool backward(fit* f, double damping) {
  const int nu = f->nu, ndx = f->ndx;
  const quadratic q = parts_of(f);
  memset(f->v, 0, (size_t)ndx * sizeof *f->v);
  memset(f->V, 0, (size_t)ndx * (size_t)ndx * sizeof *f->V);
  for (int t = f->W - 1; t >= 0; t--) {
    const double *A = f->A + (size_t)t * (size_t)ndx * (size_t)ndx, *B = f->B + (size_t)t * (size_t)ndx * (size_t)nu;
    add_cost(f, t);
    product(ndx, ndx, ndx, f->V, A, q.VA);
    product(ndx, ndx, nu, f->V, B, q.VB);
    product_tn(ndx, ndx, 1, A, f->v, false, q.Qx);
    product_tn(ndx, nu, 1, B, f->v, false, q.Qu);
    product_tn(ndx, ndx, ndx, A, q.VA, false, q.Qxx);
    product_tn(ndx, nu, ndx, B, q.VA, false, q.Qux);
    product_tn(ndx, nu, nu, B, q.VB, false, q.Quu);
    if (!choose_action(f, &q, t, damping)) return false;
    update_cost_to_go(f, &q, t);
  }
  return true;
}

/* how an iteration, or a window, ended */
typedef enum progress {
  IMPROVED,    /* a step lowered the error; of a window: the limit of iterations was reached */
  CONVERGED,   /* no step lowers the error, or by less than the tolerance */
  NO_GRADIENT, /* an adjoint diverged */
  STOPPED,     /* by cfg->stop */
  FAILED       /* the simulator failed */
} progress;

/* one iteration: raises the damping until a step lowers the error */
static progress improve(fit* f, const double* demo, double* damping, double* error) {
  /* Jacobians at the present actions */
  df_traj_end end = linearise(f, demo);
  if (end != DF_TRAJ_COMPLETE) return end == DF_TRAJ_FAILED ? FAILED : NO_GRADIENT;
  /* steps, halved where the window is not linear; then more damping */
  for (; *damping <= DAMPING_MOST; *damping *= DAMPING_UP) {
    if (!backward(f, *damping)) continue;
    double step = 1;
    for (int i = 0; i <= HALVINGS; i++, step /= 2) {
      const double tried = simulate(f, demo, step, &end);
      if (end == DF_TRAJ_FAILED) return FAILED;
      if (!(tried < *error)) continue;
      accept(f);
      *error = tried;
      *damping = fmax(DAMPING_LEAST, *damping * DAMPING_DOWN);
      return IMPROVED;
    }
  }
  return CONVERGED;
}

/* errors of about this size per coordinate are rounding */
static const double ROUNDING = 1e-13;

/* optimises the window at the demonstrated frames demo and counts its iterations */
static progress optimise_window(fit* f, const double* demo, double error, long* iterations) {
  double damping = DAMPING_FIRST;
  const double exact = ROUNDING * ROUNDING * f->W * f->nz;
  for (int n = 0; n < f->cfg->iterations && error > exact; n++) {
    const double before = error;
    if (f->cfg->stop && *f->cfg->stop) return STOPPED;
    const progress made = improve(f, demo, &damping, &error);
    if (made != IMPROVED) return made;
    ++*iterations;
    if (before - error < f->cfg->tolerance * before) return CONVERGED;
  }
  return error > exact ? IMPROVED : CONVERGED;
}

/* where the actions of new frames come from, in the order in which they are tried */
typedef enum guess {
  GUESS_BEST,  /* the best action of every demonstrated step by itself */
  GUESS_REST,  /* the rest action in the next demonstrated state */
  GUESS_AGAIN, /* that for all frames of the window */
  GUESS_STILL, /* the rest action in the start state, for all frames */
  GUESSES
} guess;

static void set_guess(fit* f, guess g, const double* demo, int kept, int frame) {
  for (int t = g < GUESS_AGAIN ? kept : 0; t < f->W; t++) {
    double* u = f->u + (size_t)t * (size_t)f->nu;
    if (g == GUESS_BEST) {
      memcpy(u, f->best + (size_t)(frame + t) * (size_t)f->nu, (size_t)f->nu * sizeof *u);
    } else {
      df_system_rest_action(f->system, g == GUESS_STILL ? f->x : demo + (size_t)(t + 1) * (size_t)f->nx, u);
    }
    clamp(f, u);
  }
}

/* of the simulator, whose own message has the reason */
static df_status fail_at(int frame) {
  char reason[512];
  snprintf(reason, sizeof reason, "%s", df_error_message());
  return df_fail(DF_E_SIM, "the simulator failed within the window after frame %d of the clip: %s", frame, reason);
}

/* Simulates the first actions of a window: the `kept` ones of the window before it, then those of the better of the
 * first two guesses; the other guesses only where these diverge. */
static df_status begin_window(fit* f, const double* demo, int kept, int frame, double* error) {
  df_traj_end end = DF_TRAJ_COMPLETE;
  guess chosen = GUESSES;
  /* the nearest guess */
  *error = INFINITY;
  for (guess g = GUESS_BEST; g < GUESSES && (g <= GUESS_REST || chosen == GUESSES); g++) {
    set_guess(f, g, demo, kept, frame);
    const double tried = simulate(f, demo, 0, &end);
    if (end == DF_TRAJ_FAILED) return fail_at(frame);
    if (!(tried < *error)) continue;
    *error = tried;
    chosen = g;
  }
  if (chosen == GUESSES) {
    return df_fail(DF_E_SIM, "the simulation diverges within %d actions after frame %d of the clip", f->W, frame);
  }
  /* its states */
  set_guess(f, chosen, demo, kept, frame);
  simulate(f, demo, 0, &end);
  accept(f);
  return DF_OK;
}

/* executes the first n actions of the window at a frame and moves its start behind them */
static df_status execute(fit* f, int n, int frame) {
  load(f, f->trial);
  for (int t = 0; t < n; t++) {
    double* next = f->x2 + (size_t)(t + 1) * (size_t)f->nx;
    const df_traj_end end = f->system->ops->step(f->trial, f->u + (size_t)t * (size_t)f->nu, next);
    if (end == DF_TRAJ_FAILED) return fail_at(frame);
    if (end != DF_TRAJ_COMPLETE)
      return df_fail(DF_E_SIM, "the simulation diverges at frame %d of the clip, where it did not before",
                     frame + t + 1);
  }
  store(f, f->trial, f->x2 + (size_t)n * (size_t)f->nx);
  return DF_OK;
}

static df_status fit_windows(fit* f, int length, double* x, double* u, df_clip_fit* out) {
  int kept = 0;
  for (int done = 0; done < length;) {
    /* the last windows are shorter */
    f->W = length - done < f->cfg->window ? length - done : f->cfg->window;
    const int n = f->W == length - done ? f->W : f->cfg->commit;
    const double* demo = f->demo + (size_t)done * (size_t)f->nx;
    double error;
    progress ended;
    memcpy(f->x, x + (size_t)done * (size_t)f->nx, (size_t)f->nx * sizeof *x);
    /* the first window grows, so that no optimisation begins with more than `commit` new actions */
    const int most = f->W;
    for (f->W = kept + f->cfg->commit < most ? kept + f->cfg->commit : most;; f->W += f->cfg->commit) {
      if (f->W > most) f->W = most;
      DF_TRY(begin_window(f, demo, kept < f->W ? kept : f->W, done, &error));
      ended = optimise_window(f, demo, error, &out->iterations);
      if (ended == FAILED) return fail_at(done);
      kept = f->W;
      if (f->W == most || ended == STOPPED) break;
    }
    if (f->cfg->stop && *f->cfg->stop) return df_fail(DF_E_INTERRUPTED, "the fit was interrupted");
    out->windows++;
    out->unconverged += ended == IMPROVED || ended == NO_GRADIENT;
    out->no_gradient += ended == NO_GRADIENT;
    /* keep n actions; the others begin the next window */
    DF_TRY(execute(f, n, done));
    memcpy(u + (size_t)done * (size_t)f->nu, f->u, (size_t)n * (size_t)f->nu * sizeof *u);
    memcpy(x + (size_t)(done + 1) * (size_t)f->nx, f->x2 + f->nx, (size_t)n * (size_t)f->nx * sizeof *x);
    kept = f->W - n;
    memmove(f->u, f->u + (size_t)n * (size_t)f->nu, (size_t)kept * (size_t)f->nu * sizeof *u);
    done += n;
    if (f->cfg->progress) f->cfg->progress(f->cfg->context, done, length);
  }
  return DF_OK;
}

/* the RMS of z(x) - z(d) over frames and coordinates, relative to the clip's first frame */
static double rms_of(const fit* f, int length, const double* x, double* worst, int* worst_frame) {
  double *e = f->scratch, *z = e + f->nz, sum = 0;
  *worst = 0;
  for (int t = 1; t <= length; t++) {
    const double squares = frame_error(f, f->demo, t, x + (size_t)t * (size_t)f->nx, e, z);
    const double rms = sqrt(squares / f->nz);
    sum += squares;
    if (!(rms <= *worst)) *worst = rms, *worst_frame = t;
  }
  return sqrt(sum / ((double)length * f->nz));
}

/* the error of the rest actions; x and u [length] are scratch */
static double rest_error(fit* f, int length, double* x, double* u) {
  double worst;
  int frame;
  for (int t = 0; t < length; t++) {
    double* action = u + (size_t)t * (size_t)f->nu;
    df_system_rest_action(f->system, f->demo + (size_t)(t + 1) * (size_t)f->nx, action);
    clamp(f, action);
  }
  const df_traj_end end = df_trajectory_run(f->system, f->trial, length, f->demo, u, x);
  return end == DF_TRAJ_COMPLETE ? rms_of(f, length, x, &worst, &frame) : INFINITY;
}

static df_status find_best_actions(fit* f, int length, df_effort* effort) {
  double sae;
  f->best = df_alloc((size_t)length * (size_t)f->nu, sizeof *f->best);
  if (!f->best) return DF_E_NOMEM;
  const df_trajectories steps = {.B = 1, .H = length, .x = f->demo, .stop = f->cfg->stop};
  return df_best_actions(f->system, &steps, 1, &sae, f->best, effort);
}

static df_status allocate(fit* f) {
  const size_t W = (size_t)f->cfg->window, nx = (size_t)f->nx, ndx = (size_t)f->ndx, nu = (size_t)f->nu;
  const size_t nz = (size_t)f->nz;
  struct {
    double** array;
    size_t n;
  } arrays[] = {{&f->start, complete_size(f->system)},
                {&f->x, (W + 1) * nx},
                {&f->x2, (W + 1) * nx},
                {&f->u, W * nu},
                {&f->u2, W * nu},
                {&f->e, W * nz},
                {&f->A, W * ndx * ndx},
                {&f->B, W * ndx * nu},
                {&f->C, W * nz * ndx},
                {&f->k, W * nu},
                {&f->K, W * nu * ndx},
                {&f->v, ndx},
                {&f->V, ndx * ndx},
                {&f->scratch, scratch_size(f)}};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
    *arrays[i].array = df_alloc(arrays[i].n, sizeof(double));
    if (!*arrays[i].array) return DF_E_NOMEM;
  }
  DF_TRY(df_sim_new(f->system, f->cfg->window, &f->sim));
  return df_sim_new(f->system, 0, &f->trial);
}

static void release(fit* f) {
  double* const arrays[] = {f->start, f->x, f->x2, f->u, f->u2, f->e,       f->A,   f->B,
                            f->C,     f->k, f->K,  f->v, f->V,  f->scratch, f->best};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) df_free(arrays[i]);
  df_sim_free(f->system, f->sim);
  df_sim_free(f->system, f->trial);
}

df_clip_fit_cfg df_clip_fit_cfg_default(void) {
  return (df_clip_fit_cfg){.window = 16, .commit = 4, .iterations = 30, .tolerance = 1e-4};
}

static df_status check_clip(const df_dataset* data, int episode, int first, int length) {
  DF_REQUIRE(episode >= 0 && episode < data->episodes, "clip: episode %d of %d", episode, data->episodes);
  DF_REQUIRE(first >= 0 && length >= 1 && first <= data->lengths[episode] - length,
             "clip: actions %d to %d of episode %d, which has %d", first, first + length - 1, episode,
             data->lengths[episode]);
  return DF_OK;
}

static df_status check_cfg(const df_clip_fit_cfg* cfg) {
  DF_REQUIRE(
      cfg->window >= 1 && cfg->commit >= 1 && cfg->commit <= cfg->window && cfg->iterations >= 0 && cfg->tolerance >= 0,
      "clip: window %d, commit %d, iterations %d, tolerance %g", cfg->window, cfg->commit, cfg->iterations,
      cfg->tolerance);
  return DF_OK;
}

df_status df_clip_fit_run(const df_task* task, int episode, int first, int length, const df_clip_fit_cfg* cfg,
                          double* x, double* u, df_clip_fit* out) {
  DF_REQUIRE(task && cfg && x && u && out, "clip: an argument is NULL");
  DF_TRY(check_clip(task->data, episode, first, length));
  return df_clip_fit_states(task, df_dataset_state(task->data, episode, first), length, cfg, x, u, out);
}

df_status df_clip_fit_states(const df_task* task, const double* demo, int length, const df_clip_fit_cfg* cfg, double* x,
                             double* u, df_clip_fit* out) {
  DF_REQUIRE(task && demo && cfg && x && u && out, "clip: an argument is NULL");
  DF_REQUIRE(length >= 1, "clip: length %d, must be at least 1", length);
  DF_TRY(check_cfg(cfg));
  const df_system* system = task->system;
  fit f = {.task = task,
           .system = system,
           .cfg = cfg,
           .demo = demo,
           .nx = system->nx,
           .ndx = system->ndx,
           .nu = system->nu,
           .nz = df_chart_size(task->chart)};
  *out = (df_clip_fit){0};
  df_status status = allocate(&f);
  if (status == DF_OK) status = find_best_actions(&f, length, &out->effort);
  if (status == DF_OK) {
    out->rms_rest = rest_error(&f, length, x, u);
    memcpy(x, f.demo, (size_t)f.nx * sizeof *x);
    system->ops->reset(f.trial, x);
    store(&f, f.trial, x);
    status = fit_windows(&f, length, x, u, out);
  }
  if (status == DF_OK) out->rms = rms_of(&f, length, x, &out->worst, &out->worst_frame);
  if (system->ops->add_effort) {
    if (f.sim) system->ops->add_effort(f.sim, &out->effort);
    if (f.trial) system->ops->add_effort(f.trial, &out->effort);
  }
  release(&f);
  return status;
}
