/* The sweeps over the tree, out from the root with motions and back with forces: docs/adjoint.md, section 3. Four
 * motions and four forces go along in the lanes of one vector a coordinate. */
#include "adjoint.h"
#include "spatial.h"

/* ---- out: motions of the nodes ---- */

static void zero_world(const mjModel* m, df_adjoint* a) {
  df_spatial* const motions[] = {a->mw, a->mv, a->ma};
  for (size_t i = 0; i < sizeof motions / sizeof *motions; i++) sp_zero(motions[i][0]);
  DF_EACH(k) a->motion[0][k] = (df_lanes){0};
  a->state[0] = NODE_TOUCHED;
  if (m->opt.disableflags & mjDSBL_GRAVITY) return;
  for (int k = 0; k < 3; k++) {
    a->ma[0][3 + k] = -m->opt.gravity[k];
    a->motion[0][3 + k] = (df_lanes){-m->opt.gravity[k], 0, 0, 0};
  }
}

/* S x v_p for a motion axis S on the parent p */
DF_WIDE_INLINE void carry(double out[6], const double s[6], const df_lanes parent[6]) {
  double v[6];
  DF_EACH(k) v[k] = parent[k][LANE_V];
  sp_cross_motion(out, s, v);
}

DF_WIDE void df_adjoint_sweep_motions(const df_mujoco* system, const df_step_record* r, const double* acceleration,
                                      df_adjoint* a) {
  const df_tree* tree = &system->tree;
  zero_world(system->model, a);
  for (int n = 1; n < tree->nnode; n++) {
    const df_lanes* parent = a->motion[tree->parent[n]];
    df_lanes m[6];
    DF_EACH(i) m[i] = parent[i];
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double *s = r->cdof + 6 * k, v = r->velocity[k];
      const df_lanes rate = {acceleration[k], a->w[k], v, acceleration[k]};
      carry(a->carried[k], s, parent);
      DF_EACH(i) m[i] = m[i] + lanes_all(s[i]) * rate - (df_lanes){v * a->carried[k][i], 0, 0, 0};
    }
    DF_EACH(i) a->motion[n][i] = m[i];
    a->state[n] = NODE_ALONE;
  }
}

/* ---- forces on the nodes ---- */

/* How an inertia about a fixed origin changes as its body moves by v: I' m = v x* I m - I (v x m). Its mass stands. */
static inline void inertia_rate(double out[10], const double i[10], const double v[6]) {
  const double *h = i + 6, *u = v + 3;
  double moved[3];
  vec_cross(moved, v, h);
  const double along = 2 * vec_dot(h, u);
  out[0] = 2 * (v[1] * i[4] - v[2] * i[3]) + along - 2 * h[0] * u[0];
  out[1] = 2 * (v[2] * i[3] - v[0] * i[5]) + along - 2 * h[1] * u[1];
  out[2] = 2 * (v[0] * i[5] - v[1] * i[4]) + along - 2 * h[2] * u[2];
  out[3] = v[1] * i[5] - v[2] * (i[1] - i[0]) - v[0] * i[4] - h[0] * u[1] - h[1] * u[0];
  out[4] = v[1] * (i[2] - i[0]) - v[2] * i[5] + v[0] * i[3] - h[0] * u[2] - h[2] * u[0];
  out[5] = v[2] * i[4] - v[0] * (i[2] - i[1]) - v[1] * i[3] - h[1] * u[2] - h[2] * u[1];
  for (int k = 0; k < 3; k++) out[6 + k] = moved[k] + i[9] * u[k];
  out[9] = 0;
}

/* F = I a + I' v,  P = I w,  Q = I' w - w x* I v: the velocity products of F and Q with the change of I in them */
DF_WIDE_INLINE void forces_on(df_lanes sum[6], const double inertia[10], const df_lanes m[6]) {
  double rate[10], v[6], w[6], iv[6], t[6];
  df_lanes im[6], changed[6];
  DF_EACH(k) {
    v[k] = m[k][LANE_V];
    w[k] = m[k][LANE_W];
  }
  inertia_rate(rate, inertia, v);
  lanes_inertia_times(im, inertia, m);
  lanes_inertia_times(changed, rate, m);
  DF_EACH(k) iv[k] = im[k][LANE_V];
  sp_cross_force(t, w, iv);
  DF_EACH(k)
  sum[k] = __builtin_shufflevector(im[k], lanes_all(0), LANE_A, LANE_W, 4, 4) +
           __builtin_shufflevector(changed[k], lanes_all(0), LANE_V, 4, 4, LANE_W) - (df_lanes){0, 0, 0, t[k]};
}

DF_WIDE void df_adjoint_node_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  for (int n = 1; n < system->tree.nnode; n++) {
    const double* inertia = r->inertia + 10 * n;
    df_lanes sum[6] = {{0}};
    /* no body rides on a node without mass */
    if (inertia[9] != 0) forces_on(sum, inertia, a->motion[n]);
    DF_EACH(k) a->sum[n][k] = sum[k];
  }
}

/* ---- nodes that something touches ---- */

void df_adjoint_shift(const df_tree* tree, df_adjoint* a, int node) {
  for (int n = node; a->state[n] == NODE_ALONE; n = tree->parent[n]) {
    sp_zero(a->shift[n]);
    a->state[n] = NODE_SHIFTED;
  }
}

void df_adjoint_touch(const df_tree* tree, df_adjoint* a, int node) {
  if (a->state[node] == NODE_TOUCHED) return;
  df_adjoint_shift(tree, a, node);
  a->state[node] = NODE_TOUCHED;
  for (int k = 0; k < 6; k++) {
    a->mw[node][k] = a->motion[node][k][LANE_W];
    a->mv[node][k] = a->motion[node][k][LANE_V];
    a->ma[node][k] = a->motion[node][k][LANE_A];
    a->force[node][k] = a->inertia[node][k] = a->gyro[node][k] = a->by_v[node][k] = 0;
  }
}

static void gather_forces(const df_mujoco* system, df_adjoint* a) {
  for (int n = 1; n < system->tree.nnode; n++) {
    if (a->state[n] != NODE_TOUCHED) continue;
    for (int k = 0; k < 6; k++)
      a->sum[n][k] += (df_lanes){a->force[n][k], a->inertia[n][k], 0, a->gyro[n][k] + a->by_v[n][k]};
  }
}

/* ---- back: subtree sums, projected on the dofs ---- */

DF_WIDE_INLINE double lane_dot(const double s[6], const df_lanes x[6], int lane) {
  return s[0] * x[0][lane] + s[1] * x[1][lane] + s[2] * x[2][lane] + s[3] * x[3][lane] + s[4] * x[4][lane] +
         s[5] * x[5][lane];
}

/* what of node n against its parent does not depend on the dof */
typedef struct projection {
  df_lanes crossed[6]; /* w_p x* F, a_p x* P, S a_p x* Y_a, v_p x* (Q + Y_v) */
  double p[6], vp[6];  /* P, v_p x* P */
} projection;

DF_WIDE_INLINE void project_node(projection* out, const df_lanes parent[6], const df_lanes sum[6]) {
  df_lanes m[6];
  double v[6];
  DF_EACH(k) {
    m[k] = __builtin_shufflevector(parent[k], parent[k], LANE_W, LANE_A, LANE_A0, LANE_V);
    out->p[k] = sum[k][LANE_P];
    v[k] = parent[k][LANE_V];
  }
  lanes_cross_force(out->crossed, m, sum);
  sp_cross_force(out->vp, v, out->p);
}

/* S . (Z - w_p x* F - a_p x* P - S a_p x* Y_a - v_p x* (Q + Y_v - v_p x* P)) without Z; the last S . (v_p x* x) is
 * taken as (S x v_p) . x */
DF_WIDE_INLINE double project_position(const projection* pn, const double s[6], const double carried[6]) {
  df_lanes sum = lanes_all(0);
  DF_EACH(k) sum += lanes_all(s[k]) * pn->crossed[k];
  return sp_dot(carried, pn->vp) - ((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* S . (Q + Y_v - v_p x* P - v_n x* P). The velocity of a node with a single dof differs from its parent's by a multiple
 * of S, which drops out. */
DF_WIDE_INLINE double project_velocity(const projection* pn, const double s[6], const double carried[6],
                                       const df_lanes sum[6], const df_lanes own[6], bool single) {
  const double before = sp_dot(carried, pn->p), forces = lane_dot(s, sum, LANE_Q);
  if (single) return forces - 2 * before;
  double behind[6];
  carry(behind, s, own);
  return forces - before - sp_dot(behind, pn->p);
}

DF_WIDE void df_adjoint_sweep_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar) {
  const df_tree* tree = &system->tree;
  gather_forces(system, a);
  for (int n = tree->nnode - 1; n > 0; n--) {
    const int p = tree->parent[n];
    const bool shifted = a->state[n] != NODE_ALONE;
    projection pn;
    project_node(&pn, a->motion[p], a->sum[n]);
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double *s = r->cdof + 6 * k, *carried = a->carried[k];
      const double by_q = project_position(&pn, s, carried) + (shifted ? sp_dot(s, a->shift[n]) : 0);
      const double by_v = project_velocity(&pn, s, carried, a->sum[n], a->motion[n], tree->ndof[n] == 1);
      a->qbar[k] -= by_q + r->stiffness[k] * a->w[k];
      vbar[k] = vbar[k] - by_v - r->damping[k] * a->w[k];
    }
    if (p == 0) continue;
    DF_EACH(k) a->sum[p][k] += a->sum[n][k];
    if (shifted) sp_add(a->shift[p], a->shift[n]);
  }
}

/* ---- g . M(q) delta ---- */

enum { LANE_G, LANE_DELTA };

/* out with the motions g and delta, back with I delta and I g beside them */
DF_WIDE void df_adjoint_sweep_implicit(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_tree* tree = &system->tree;
  DF_EACH(k) a->motion[0][k] = (df_lanes){0};
  for (int n = 1; n < tree->nnode; n++) {
    const df_lanes* parent = a->motion[tree->parent[n]];
    df_lanes m[6], im[6];
    DF_EACH(i) m[i] = parent[i];
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const df_lanes rate = {a->g[k], a->delta[k], 0, 0};
      DF_EACH(i) m[i] += lanes_all(r->cdof[6 * k + i]) * rate;
    }
    lanes_inertia_times(im, r->inertia + 10 * n, m);
    DF_EACH(i) {
      a->motion[n][i] = m[i];
      a->sum[n][i] = __builtin_shufflevector(im[i], im[i], LANE_DELTA, LANE_G, 2, 3);
    }
  }
  for (int n = tree->nnode - 1; n > 0; n--) {
    const int p = tree->parent[n];
    df_lanes crossed[6];
    lanes_cross_force(crossed, a->motion[p], a->sum[n]);
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      df_lanes sum = lanes_all(0);
      DF_EACH(i) sum += lanes_all(r->cdof[6 * k + i]) * crossed[i];
      a->qbar[k] -= sum[0] + sum[1];
    }
    if (p == 0) continue;
    DF_EACH(i) a->sum[p][i] += a->sum[n][i];
  }
}
