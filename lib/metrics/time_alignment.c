#include "dynaflow/metrics/time_alignment.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/limits.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"
#include "pool.h"

/* ---- what is compared: the angles of joints, then the places of feet ---- */

typedef struct compared {
  const df_system* system;
  const df_alignment_cfg* cfg;
  df_base base;
  int n_joints, n_feet;
  int* joint; /* [n_joints] index in x */
} compared;

static int size_of(const compared* c) {
  return c->n_joints + 3 * c->n_feet;
}

static df_status compared_build(compared* c, const df_system* system, const df_alignment_cfg* cfg) {
  const df_joint* joint;
  const int n = df_mujoco_joints(system, &joint);
  *c = (compared){.system = system, .cfg = cfg, .base = df_robot_base(system, cfg->objects)};
  c->n_feet = c->base.joint < 0 ? 0 : cfg->n_feet;
  df_dof* dof = df_alloc((size_t)df_mujoco_nv(system), sizeof *dof);
  c->joint = df_alloc((size_t)n, sizeof *c->joint);
  if (!dof || !c->joint) {
    df_free(dof);
    df_free(c->joint);
    return DF_E_NOMEM;
  }
  df_mujoco_dofs(system, dof);
  for (int j = 0; j < n; j++) {
    if (joint[j].kind != DF_JOINT_HINGE || !dof[joint[j].dof].actuated) continue;
    if (!df_joint_is_of_object(system, cfg->objects, j)) c->joint[c->n_joints++] = joint[j].qpos;
  }
  df_free(dof);
  return DF_OK;
}

/* the centres of the feet [n_feet][3] relative to the base, in its heading */
static void read_feet(const compared* c, df_sim* sim, const double* x, double* out) {
  const double *base = x + c->base.position, *q = base + 3;
  const double heading = atan2(2 * (q[1] * q[2] + q[0] * q[3]), q[0] * q[0] + q[1] * q[1] - q[2] * q[2] - q[3] * q[3]);
  const double cosine = cos(heading), sine = sin(heading);
  df_mujoco_pose(sim, x);
  for (int k = 0; k < c->n_feet; k++) {
    double at[3];
    df_mujoco_geom_position(sim, c->cfg->feet[k], at);
    for (int i = 0; i < 3; i++) at[i] -= base[i];
    out[3 * k] = cosine * at[0] + sine * at[1];
    out[3 * k + 1] = cosine * at[1] - sine * at[0];
    out[3 * k + 2] = at[2];
  }
}

static int parts_of(int frames) {
  return DF_ALIGNMENT_PARTS * (frames - 1) + 1;
}

/* Writes row [parts_of(frames)][size_of(c)] from states x [frames][nx]. False if a state is not finite or too large. */
static bool read_motion(const compared* c, df_sim* sim, int frames, const double* x, double* row) {
  enum { PARTS = DF_ALIGNMENT_PARTS };
  const size_t nx = (size_t)c->system->nx, n = (size_t)size_of(c);
  if (!df_within_limit(x, (size_t)frames * nx)) return false;

  /* at the states */
  for (int t = 0; t < frames; t++) {
    const double* state = x + (size_t)t * nx;
    double* out = row + (size_t)(PARTS * t) * n;
    for (int j = 0; j < c->n_joints; j++) out[j] = state[c->joint[j]];
    if (c->n_feet) read_feet(c, sim, state, out + c->n_joints);
  }

  /* between them */
  for (int i = 0; i < parts_of(frames); i++) {
    const int part = i % PARTS;
    const double *from = row + (size_t)(i - part) * n, *to = from + PARTS * n;
    for (size_t k = 0; part && k < n; k++) row[(size_t)i * n + k] = from[k] + (to[k] - from[k]) * part / PARTS;
  }
  return true;
}

/* ---- the best path ---- */

/* the sums along a path: weighted squares of joints, squares of feet, and distance from the diagonal */
typedef struct path_sums {
  double joints, feet, shift;
} path_sums;

static path_sums sums_of_pair(const compared* c, const double* a, const double* b, int i, int j) {
  path_sums s = {.shift = abs(i - j)};
  const int n = size_of(c);
  for (int k = 0; k < n; k++) *(k < c->n_joints ? &s.joints : &s.feet) += (a[k] - b[k]) * (a[k] - b[k]);
  return s;
}

static path_sums extended(path_sums path, double weight, path_sums pair) {
  return (path_sums){.joints = path.joints + weight * pair.joints,
                     .feet = path.feet + weight * pair.feet,
                     .shift = path.shift + weight * pair.shift};
}

/* The sums of the best path to the last pair of a and b [n][size_of(c)]; before, row [n] are scratch. Each pair keeps
 * those of the best path to it, so that the path itself need not be kept. */
static path_sums best_path(const compared* c, int n, int band, const double* a, const double* b, path_sums* before,
                           path_sums* row) {
  static const path_sums nowhere = {.joints = INFINITY};
  const size_t size = (size_t)size_of(c);
  for (int i = 0; i < n; i++) {
    const int first = i > band ? i - band : 0, last = i < n - band ? i + band : n - 1;
    for (int j = first; j <= last; j++) {
      const path_sums pair = sums_of_pair(c, a + (size_t)i * size, b + (size_t)j * size, i, j);
      const path_sums both = i == 0 && j == 0 ? (path_sums){0} : i > 0 && j > 0 ? before[j - 1] : nowhere;
      /* beyond the band of the row before */
      const path_sums above = i > 0 && j < i + band ? before[j] : nowhere;
      const path_sums left = j > first ? row[j - 1] : nowhere;
      path_sums best = extended(both, 2, pair);
      const path_sums other[] = {extended(above, 1, pair), extended(left, 1, pair)};
      for (int k = 0; k < 2; k++) best = other[k].joints < best.joints ? other[k] : best;
      row[j] = best;
    }
    path_sums* swap = before;
    before = row;
    row = swap;
  }
  return before[n - 1];
}

/* ---- windows ---- */

typedef struct distance {
  double joints, feet, shift;
} distance;

/* the memory of a thread, doubles and sums, for windows of H actions */
static size_t room_of_rows(const compared* c, int H) {
  return 2 * (size_t)parts_of(H + 1) * (size_t)size_of(c);
}
static size_t room_of_sums(int H) {
  return 2 * (size_t)parts_of(H + 1);
}

static distance measure(const compared* c, df_sim* sim, int frames, const double* x, const double* x_demo, double* rows,
                        path_sums* sums) {
  const distance undefined = {NAN, NAN, NAN};
  if (frames < 1 || !c->n_joints) return undefined;
  const int n = parts_of(frames);
  double *a = rows, *b = rows + (size_t)n * (size_t)size_of(c);
  if (!read_motion(c, sim, frames, x, a) || !read_motion(c, sim, frames, x_demo, b)) {
    return (distance){INFINITY, c->n_feet ? INFINITY : NAN, INFINITY};
  }
  const double part = c->system->dt / DF_ALIGNMENT_PARTS, wide = floor(c->cfg->band / part + 1e-9);
  const path_sums best = best_path(c, n, wide < n ? (int)wide : n, a, b, sums, sums + n);
  return (distance){.joints = sqrt(best.joints / (2. * n * c->n_joints)),
                    .feet = c->n_feet ? sqrt(best.feet / (2. * n * c->n_feet)) : NAN,
                    .shift = best.shift / (2. * n) * part};
}

static df_status check(const df_system* system, const df_alignment_cfg* cfg, const df_trajectories* made,
                       const double* x_demo, int threads, const double* joints) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(x_demo);
  DF_REQUIRE_POINTER(joints);
  DF_REQUIRE(made->x, "alignment: made.x is NULL");
  DF_REQUIRE(made->B >= 1 && made->H >= 1 && threads >= 1,
             "alignment: B = %d, H = %d and threads = %d must be at least 1", made->B, made->H, threads);
  DF_REQUIRE(isfinite(cfg->band) && cfg->band >= 0, "alignment: band = %g must be a time of at least 0 s", cfg->band);
  DF_REQUIRE(df_system_is_mujoco(system), "alignment: the system is not a MuJoCo model");
  DF_REQUIRE(cfg->n_feet == 0 || cfg->feet, "alignment: feet is NULL");
  for (int k = 0; k < cfg->n_feet; k++) DF_REQUIRE(cfg->feet[k] >= 0, "alignment: foot %d has no geom", k);
  return DF_OK;
}

df_status df_metric_alignment(const df_system* system, const df_alignment_cfg* cfg, const df_trajectories* made,
                              const double* x_demo, int threads, double* joints, double* feet, double* shift) {
  DF_TRY(check(system, cfg, made, x_demo, threads, joints));
  compared c;
  df_pool pool = {0};
  DF_TRY(compared_build(&c, system, cfg));

  /* memory of every thread */
  const int B = made->B, H = made->H, workers = df_pool_size(threads, B);
  const size_t window = (size_t)(H + 1) * (size_t)system->nx;
  double* rows = df_alloc((size_t)workers * room_of_rows(&c, H) + 1, sizeof *rows);
  path_sums* sums = df_alloc((size_t)workers * room_of_sums(H), sizeof *sums);
  df_status status = rows && sums ? df_pool_new(system, workers, &pool) : DF_E_NOMEM;

  /* the distances of every window */
#pragma omp parallel for num_threads(workers) schedule(static) if (status == DF_OK)
  for (int b = 0; b < B; b++) {
    if (status != DF_OK) continue;
    const size_t me = (size_t)omp_get_thread_num();
    const int frames = cfg->frames ? cfg->frames[b] : H + 1;
    const distance d = measure(&c, pool.sim[me], frames, made->x + (size_t)b * window, x_demo + (size_t)b * window,
                               rows + me * room_of_rows(&c, H), sums + me * room_of_sums(H));
    joints[b] = d.joints;
    if (feet) feet[b] = d.feet;
    if (shift) shift[b] = d.shift;
  }
  df_pool_free(&pool);
  df_free(rows);
  df_free(sums);
  df_free(c.joint);
  return status;
}
