/* positions and velocities of points of a state, and their adjoint */
#include <math.h>

#include "mujoco_error.h"
#include "simulator.h"
#include "spatial.h"

static void place_bodies(void* argument) {
  df_sim* sim = argument;
  mj_kinematics(sim->system->model, sim->data);
  mj_comPos(sim->system->model, sim->data);
}

/* Computes the kinematics of x and leaves the state that is loaded, so that the next step has the same bits. */
static bool pose_only(df_sim* sim, const double* x) {
  const int nq = (int)sim->system->model->nq;
  mju_copy(sim->before, sim->data->qpos, nq);
  mju_copy(sim->data->qpos, x, nq);
  const bool placed = df_mujoco_guarded(place_bodies, sim);
  mju_copy(sim->data->qpos, sim->before, nq);
  if (!placed) sim->needs_reset = true;
  return placed;
}

/* sets the position of a point of the kinematics just computed, and returns its body */
static int locate(const df_sim* sim, df_point point, double position[3]) {
  const mjModel* m = sim->system->model;
  const mjData* d = sim->data;
  const size_t at = 3 * (size_t)point.index;
  switch (point.kind) {
    case DF_POINT_GEOM:
      mju_copy3(position, d->geom_xpos + at);
      return m->geom_bodyid[point.index];
    case DF_POINT_SITE:
      mju_copy3(position, d->site_xpos + at);
      return m->site_bodyid[point.index];
    default:
      mju_copy3(position, d->xpos + at);
      return point.index;
  }
}

void df_mujoco_points(df_sim* sim, const double* x, int n, const df_point* point, double* position, double* velocity) {
  const mjModel* m = sim->system->model;
  mjtNum jacobian[3 * MAX_NV];
  if (!pose_only(sim, x)) {
    mju_fill(position, NAN, 3 * n);
    if (velocity) mju_fill(velocity, NAN, 3 * n);
    return;
  }
  for (int i = 0; i < n; i++) {
    const int body = locate(sim, point[i], position + 3 * i);
    if (!velocity) continue;
    mj_jac(m, sim->data, jacobian, NULL, position + 3 * i, body);
    mju_mulMatVec(velocity + 3 * i, jacobian, x + m->nq, 3, (int)m->nv);
  }
}

/* the Jacobians of a point, and the sums over the dofs of its chain below the current one */
typedef struct chain {
  int nv;
  mjtNum move[3 * MAX_NV], turn[3 * MAX_NV]; /* [3][nv]: J_k and a_k are columns */
  double velocity[3], rate[3]; /* sum of J_j v_j over the dofs passed so far, of a_j v_j over the others */
} chain;

static void column(const mjtNum* matrix, int nv, int k, double out[3]) {
  for (int i = 0; i < 3; i++) out[i] = matrix[i * nv + k];
}

/* passes dof k with velocity v */
static void pass(chain* c, int k, double v) {
  double move[3], turn[3];
  column(c->move, c->nv, k, move);
  column(c->turn, c->nv, k, turn);
  vec_add_scaled(c->velocity, move, v);
  vec_add_scaled(c->rate, turn, -v);
}

/* the cotangent of dof k by that of position and velocity; system.h has the formula */
static void add_dof(const chain* c, int k, const double* dposition, const double* dvelocity, double* dx) {
  double move[3], turn[3], by_turn[3], by_rate[3];
  column(c->move, c->nv, k, move);
  column(c->turn, c->nv, k, turn);
  if (dposition) dx[k] += vec_dot(move, dposition);
  if (!dvelocity) return;
  vec_cross(by_turn, turn, c->velocity);
  vec_cross(by_rate, c->rate, move);
  dx[k] += vec_dot(by_turn, dvelocity) + vec_dot(by_rate, dvelocity);
  dx[c->nv + k] += vec_dot(move, dvelocity);
}

/* from the last dof that moves the body to the first; the three rotations of a joint turn with each other */
static void add_chain(const mjModel* m, chain* c, int body, const double* v, const double* dposition,
                      const double* dvelocity, double* dx) {
  const int moved = m->body_weldid[body];
  for (int k = m->body_dofadr[moved] + m->body_dofnum[moved] - 1; moved > 0 && k >= 0;) {
    const int first = df_rotation_dof(m, m->dof_jntid[k]), together = first >= 0 && k == first + 2 ? 3 : 1;
    for (int i = 0; i < together; i++) pass(c, k - i, v[k - i]);
    for (int i = 0; i < together; i++) add_dof(c, k - i, dposition, dvelocity, dx);
    k = m->dof_parentid[k - together + 1];
  }
}

void df_mujoco_points_vjp(df_sim* sim, const double* x, int n, const df_point* point, const double* dposition,
                          const double* dvelocity, double* dx) {
  const mjModel* m = sim->system->model;
  const double* v = x + m->nq;
  chain c = {.nv = (int)m->nv};
  if (!pose_only(sim, x)) {
    mju_fill(dx, NAN, sim->system->base.ndx);
    return;
  }
  for (int i = 0; i < n; i++) {
    double position[3];
    const int body = locate(sim, point[i], position);
    mj_jac(m, sim->data, c.move, c.turn, position, body);
    mju_zero3(c.velocity);
    mju_mulMatVec(c.rate, c.turn, v, 3, c.nv);
    add_chain(m, &c, body, v, dposition ? dposition + 3 * i : NULL, dvelocity ? dvelocity + 3 * i : NULL, dx);
  }
}

df_point df_mujoco_point(const df_system* system, df_point_kind kind, const char* name) {
  static const int objects[] = {[DF_POINT_BODY] = mjOBJ_BODY, [DF_POINT_SITE] = mjOBJ_SITE};
  const int index =
      kind == DF_POINT_GEOM ? df_mujoco_geom(system, name) : mj_name2id(as_mujoco(system)->model, objects[kind], name);
  return (df_point){kind, index};
}
