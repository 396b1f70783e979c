/* projected.c: the loss of a training sample whose predicted states are projected onto those that the simulator can
 * reach, and its gradient through the projection. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/cholesky.h"
#include "flow_internal.h"

/* step of the forward differences, relative to the half range of an action */
static const double DIFFERENCE_STEP = 1e-5;
/* added to the diagonal, relative to its largest entry, so that an action without effect does not matter */
static const double RIDGE = 1e-12;

/* the parts of w->projection */
typedef struct work {
  double *next, *z, *z_try;  /* [nx], [nz], [nz] */
  double *u, *jacobian;      /* [nu], [nu][nz] dz/du_j, 0 for an action at a bound */
  double *matrix, *solution; /* [nu][nu], [nu] */
} work;

size_t flow_projected_work(const df_flow* flow) {
  const size_t nx = (size_t)flow->nx, nz = (size_t)flow->nz, nu = (size_t)flow->nu;
  return nx + 2 * nz + 2 * nu + nu * nz + nu * nu;
}

static work parts_of(const df_flow* flow, double* at) {
  const size_t nx = (size_t)flow->nx, nz = (size_t)flow->nz, nu = (size_t)flow->nu;
  work p;
  p.next = at;
  p.z = p.next + nx;
  p.z_try = p.z + nz;
  p.u = p.z_try + nz;
  p.jacobian = p.u + nu;
  p.matrix = p.jacobian + nu * nz;
  p.solution = p.matrix + nu * nu;
  return p;
}

/* z [nz] of the state after x [nx] with the actions p->u; false after a divergence */
static bool step(const df_flow* flow, flow_worker* w, const work* p, const double* x0, const double* x, double* z) {
  const df_system* system = flow->env.task->system;
  system->ops->reset(w->sim, x);
  if (system->ops->step(w->sim, p->u, p->next) != DF_TRAJ_COMPLETE) return false;
  df_chart_encode(flow->env.task->chart, x0, p->next, z);
  return true;
}

/* fills the Jacobian of the coordinates after x with the actions u by forward differences; false after a divergence */
static bool differentiate(const df_flow* flow, flow_worker* w, const work* p, const double* x0, const double* x,
                          const double* u) {
  const df_system* system = flow->env.task->system;
  memcpy(p->u, u, (size_t)flow->nu * sizeof *u);
  if (!step(flow, w, p, x0, x, p->z)) return false;
  for (int j = 0; j < flow->nu; j++) {
    double* column = p->jacobian + (size_t)j * (size_t)flow->nz;
    memset(column, 0, (size_t)flow->nz * sizeof *column);
    if (u[j] <= system->u_lo[j] || u[j] >= system->u_hi[j]) continue;
    const double planned = DIFFERENCE_STEP * flow->u_half[j];
    p->u[j] = u[j] + planned <= system->u_hi[j] ? u[j] + planned : u[j] - planned;
    const double h = p->u[j] - u[j];
    if (!step(flow, w, p, x0, x, p->z_try)) return false;
    for (int k = 0; k < flow->nz; k++) column[k] = (p->z_try[k] - p->z[k]) / h;
    p->u[j] = u[j];
  }
  return true;
}

/* replaces the cotangent c [nz] of the projected coordinates by that of the predicted ones, J (J^T J)^-1 J^T c; by 0 if
 * no action changes them */
static void pull_back(const df_flow* flow, const work* p, double* c) {
  const int nu = flow->nu, nz = flow->nz;
  double largest = 0;
  for (int j = 0; j < nu; j++) {
    const double* column = p->jacobian + (size_t)j * (size_t)nz;
    p->solution[j] = df_dot(nz, column, c);
    for (int i = 0; i <= j; i++) {
      const double* other = p->jacobian + (size_t)i * (size_t)nz;
      p->matrix[(size_t)j * (size_t)nu + (size_t)i] = df_dot(nz, column, other);
    }
    largest = fmax(largest, p->matrix[(size_t)j * (size_t)nu + (size_t)j]);
  }
  for (int j = 0; j < nu; j++) p->matrix[(size_t)j * (size_t)nu + (size_t)j] += fmax(RIDGE * largest, 1e-300);
  memset(c, 0, (size_t)nz * sizeof *c);
  if (!(largest > 0) || !df_cholesky_factor(nu, p->matrix)) return;
  df_cholesky_solve(nu, p->matrix, p->solution);
  for (int k = 0; k < nz; k++) {
    for (int j = 0; j < nu; j++) c[k] += p->solution[j] * p->jacobian[(size_t)j * (size_t)nz + (size_t)k];
  }
}

/* projects the predicted window z1 [H][in] to the states w->x and the actions w->u; false after a divergence */
static bool project(const df_flow* flow, flow_worker* w, int thread, const double* x0, const double* z1) {
  if (flow_has_actions(flow)) flow_unnormalise_actions(flow, z1, w->u);
  flow_decode_states(flow, x0, z1, w->x);
  flow->projection->project(flow->projection->context, thread, w->x, w->u);
  for (size_t k = 0; k < (size_t)(flow->H + 1) * (size_t)flow->nx; k++) {
    if (!isfinite(w->x[k])) return false;
  }
  return true;
}

double flow_projected_loss(const df_flow* flow, flow_worker* w, int thread, int row, const double* x0) {
  const size_t in = (size_t)flow->in, n = (size_t)flow->H * in, nx = (size_t)flow->nx;
  const df_real* out = w->out + (size_t)row * n;
  const double* target = w->target + (size_t)row * n;
  df_real* d_out = w->d_out + (size_t)row * n;
  const double scale = 2.0 / ((double)n * flow->trainer->cfg.batch);
  const work p = parts_of(flow, w->projection);
  double loss = 0, *z1 = w->state; /* free while training */
  memset(d_out, 0, n * sizeof *d_out);
  for (size_t k = 0; k < n; k++) z1[k] = (double)out[k];
  if (!project(flow, w, thread, x0, z1)) return NAN;
  for (int t = 0; t < flow->H; t++) {
    const double *x = w->x + (size_t)t * nx, *aim = target + (size_t)t * in;
    df_real* slope = d_out + (size_t)t * in;

    /* projected states */
    df_chart_encode(flow->env.task->chart, x0, x + nx, w->z);
    for (int k = 0; k < flow->nz; k++) {
      const double e = w->z[k] - aim[k];
      loss += e * e;
      w->d_z[k] = scale * e;
    }
    const bool differs = differentiate(flow, w, &p, x0, x, w->u + (size_t)t * (size_t)flow->nu);
    if (differs) pull_back(flow, &p, w->d_z);
    for (int k = 0; differs && k < flow->nz; k++) slope[k] = (df_real)w->d_z[k];

    /* actions as they are predicted */
    for (int k = flow->nz; k < flow->in; k++) {
      const double e = z1[(size_t)t * in + (size_t)k] - aim[k];
      loss += e * e;
      slope[k] = (df_real)(scale * e);
    }
  }
  return loss / (double)n;
}
