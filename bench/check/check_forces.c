#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/stats/statistics.h"

/* what is needed for one frame after another */
typedef struct inverse {
  const trace* m;
  df_sim* sim;
  df_dof* dof;                  /* [nv] */
  double *acceleration, *force; /* [nv] */
} inverse;

static bool has_free_dofs(const inverse* v) {
  for (int i = 0; i < v->m->nv; i++) {
    if (!v->dof[i].actuated && !v->dof[i].rotates) return true;
  }
  return false;
}

/* the force on translations that nothing drives, at the first state of a pair; NAN if it cannot be computed */
static double force_at(const inverse* v, size_t k) {
  const trace* m = v->m;
  const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
  double sum = 0;
  for (int i = 0; i < m->nv; i++) v->acceleration[i] = (next[m->nq + i] - x[m->nq + i]) / m->h[m->episode[k]];
  if (df_mujoco_inverse(v->sim, x, v->acceleration, v->force) != DF_OK) return NAN;
  for (int i = 0; i < m->nv; i++) {
    if (!v->dof[i].actuated && !v->dof[i].rotates) sum += v->force[i] * v->force[i];
  }
  return sqrt(sum);
}

/* of bodies that are not fixed to the world, kg */
static double moving_mass(const df_system* system) {
  double sum = 0;
  for (int b = 0; b < df_mujoco_body_count(system); b++) {
    if (df_mujoco_body_root(system, b) != 0) sum += df_mujoco_body_mass(system, b);
  }
  return sum;
}

/* the median over up to `most` pairs, in weights of the model; NAN: unknown */
static double median_residual(const inverse* v, double* list, size_t most) {
  const trace* m = v->m;
  const double weight = moving_mass(m->system) * df_mujoco_gravity(m->system);
  const size_t stride = m->n / most + 1;
  int n = 0;
  for (size_t k = 0; k < m->n; k += stride) {
    const double force = m->jump[k] ? NAN : force_at(v, k);
    if (isfinite(force)) list[n++] = force / weight;
  }
  return n > 0 && weight > 0 ? df_median(n, list) : NAN;
}

df_status check_root_residual(const trace* m, size_t poses_max, double* median) {
  const size_t nv = (size_t)m->nv, most = poses_max ? poses_max : 1;
  inverse v = {.m = m, .dof = df_alloc(nv, sizeof *v.dof)};
  double* memory = df_alloc(2 * nv + m->n / (m->n / most + 1) + 1, sizeof *memory);
  df_status status = v.dof && memory ? df_sim_new(m->system, 0, &v.sim) : DF_E_NOMEM;
  *median = NAN;
  if (status == DF_OK) {
    v.acceleration = memory;
    v.force = memory + nv;
    df_mujoco_dofs(m->system, v.dof);
    if (has_free_dofs(&v)) *median = median_residual(&v, memory + 2 * nv, most);
  }
  df_sim_free(m->system, v.sim);
  df_free(v.dof);
  df_free(memory);
  return status;
}

/* Recorded contacts a few millimetres deep push with many weights: what `penetration` judges. */
void check_forces(const pose_summary* p, data_findings* out) {
  static const double RARELY = 0.2; /* share of the poses that touch something */
  if (isnan(p->residual)) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_ROOT_RESIDUAL, NULL, p->residual, CHECK_RESIDUAL, "weights");
  const bool impossible = p->residual > CHECK_RESIDUAL_MOST && p->touching < RARELY;
  if (p->residual > CHECK_RESIDUAL)
    data_finding_judge(one, impossible ? CHECK_WRONG : CHECK_WARN,
                       "unactuated translations need %.3g x body weight (median over frames): %s", p->residual,
                       p->touching < RARELY ? "nothing in the model can provide it"
                                            : "nothing in the model but contacts can provide it");
}
