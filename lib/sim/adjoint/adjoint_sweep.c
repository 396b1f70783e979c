/* The two sweeps over the tree of joints: motions from the root to the leaves, forces back (docs/adjoint.md, section
 * 3). Both carry four motions or four forces at once, one per lane of a vector per coordinate. */
#include "adjoint.h"
#include "dynaflow/core/assert.h"
#include "spatial.h"

/* ---- motions of the nodes, from the root to the leaves ---- */

/* out = S x v_p for a motion axis S of a node whose parent has the motions `parent` */
DF_WIDE_INLINE void carry(double out[6], const double s[6], const df_lanes parent[6]) {
  double v[6];
  DF_EACH(k) v[k] = parent[k][LANE_V];
  sp_cross_motion(out, s, v);
}

DF_WIDE void df_adjoint_sweep_motions(const df_mujoco* system, const df_step_record* r, const double* acceleration,
                                      df_adjoint* a) {
  const df_tree* tree = &system->tree;
  const mjOption* option = &system->model->opt;

  /* world: at rest, with the acceleration -gravity */
  df_spatial* const world[] = {a->mw, a->mv, a->ma};
  for (size_t i = 0; i < sizeof world / sizeof *world; i++) sp_zero(world[i][0]);
  DF_EACH(k) a->motion[0][k] = (df_lanes){0};
  a->state[0] = NODE_TOUCHED;
  for (int k = 0; k < 3 && !(option->disableflags & mjDSBL_GRAVITY); k++) {
    a->ma[0][3 + k] = -option->gravity[k];
    a->motion[0][3 + k] = (df_lanes){-option->gravity[k], 0, 0, 0};
  }

  for (int n = 1; n < tree->nnode; n++) {
    /* start from the motions of the parent */
    DF_ASSERT(tree->parent[n] < n && tree->dof[n] + tree->ndof[n] <= tree->nv);
    const df_lanes* parent = a->motion[tree->parent[n]];
    df_lanes m[6];
    DF_EACH(i) m[i] = parent[i];

    /* add S_k times the rate of each dof; the acceleration also gets v_p x S_k v_k */
    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double *s = r->cdof + 6 * k, v = r->velocity[k];
      const df_lanes rate = {acceleration[k], a->w[k], v, acceleration[k]};
      carry(a->carried[k], s, parent);
      DF_EACH(i) m[i] = m[i] + lanes_all(s[i]) * rate - (df_lanes){v * a->carried[k][i], 0, 0, 0};
    }

    /* store; no contact, equality or gravity compensation acts on the node yet */
    DF_EACH(i) a->motion[n][i] = m[i];
    a->state[n] = NODE_ALONE;
  }
}

/* ---- forces on the nodes ---- */

/* I', the rate at which the inertia `i` about a fixed origin changes while its body moves with v:
 * I' m = v x* I m - I (v x m). The mass does not change. */
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

/* F = I a + I' v,  P = I w,  Y_a = 0,  Q = I' w - w x* I v: the velocity products in F and Q are those of I' */
DF_WIDE void df_adjoint_node_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  for (int n = 1; n < system->tree.nnode; n++) {
    const double* inertia = r->inertia + 10 * n;
    const df_lanes* m = a->motion[n];
    double rate[10], v[6], w[6], iv[6], t[6];
    df_lanes im[6], changed[6];

    /* node without mass: no body rides on it */
    if (inertia[9] == 0) {
      DF_EACH(k) a->sum[n][k] = lanes_all(0);
      continue;
    }

    /* I m and I' m of all motions */
    DF_EACH(k) {
      v[k] = m[k][LANE_V];
      w[k] = m[k][LANE_W];
    }
    inertia_rate(rate, inertia, v);
    lanes_inertia_times(im, inertia, m);
    lanes_inertia_times(changed, rate, m);

    /* w x* I v */
    DF_EACH(k) iv[k] = im[k][LANE_V];
    sp_cross_force(t, w, iv);

    /* from the lanes of motions to the lanes of forces; index 4 is a zero */
    DF_EACH(k)
    a->sum[n][k] = DF_LANES(im[k], lanes_all(0), LANE_A, LANE_W, 4, 4) +
                   DF_LANES(changed[k], lanes_all(0), LANE_V, 4, 4, LANE_W) - (df_lanes){0, 0, 0, t[k]};
  }
}

/* ---- nodes on which a contact, a weld or connect equality or gravity compensation acts ---- */

void df_adjoint_shift(const df_tree* tree, df_adjoint* a, int node) {
  for (int n = node; a->state[n] == NODE_ALONE; n = tree->parent[n]) {
    sp_zero(a->shift[n]);
    a->state[n] = NODE_SHIFTED;
  }
}

void df_adjoint_touch(const df_tree* tree, df_adjoint* a, int node) {
  DF_ASSERT(node < tree->nnode);
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

/* ---- forces, from the leaves to the root: sums over subtrees, projected on the dofs ---- */

DF_WIDE void df_adjoint_sweep_forces(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar) {
  const df_tree* tree = &system->tree;

  /* add the forces that touched nodes keep in vectors of their own */
  for (int n = 1; n < tree->nnode; n++) {
    if (a->state[n] != NODE_TOUCHED) continue;
    for (int k = 0; k < 6; k++)
      a->sum[n][k] += (df_lanes){a->force[n][k], a->inertia[n][k], 0, a->gyro[n][k] + a->by_v[n][k]};
  }

  for (int n = tree->nnode - 1; n > 0; n--) {
    const int parent = tree->parent[n];
    const bool shifted = a->state[n] != NODE_ALONE, single = tree->ndof[n] == 1;
    const df_lanes *mp = a->motion[parent], *sum = a->sum[n];

    /* terms that all dofs of the node share: the lanes w_p x* F, a_p x* P, a0_p x* Y_a, v_p x* (Q + Y_v) */
    df_lanes paired[6], crossed[6];
    double p[6], v[6], vp[6];
    DF_EACH(k) {
      paired[k] = DF_LANES(mp[k], mp[k], LANE_W, LANE_A, LANE_A0, LANE_V);
      p[k] = sum[k][LANE_P];
      v[k] = mp[k][LANE_V];
    }
    lanes_cross_force(crossed, paired, sum);

    /* v_p x* P */
    sp_cross_force(vp, v, p);

    for (int k = tree->dof[n]; k < tree->dof[n] + tree->ndof[n]; k++) {
      const double *s = r->cdof + 6 * k, *carried = a->carried[k];

      /* d(w.r)/dq_k = S . (Z - w_p x* F - a_p x* P - a0_p x* Y_a - v_p x* (Q + Y_v - v_p x* P)), where
       * S . (v_p x* x) is computed as (S x v_p) . x */
      df_lanes along = lanes_all(0);
      DF_EACH(i) along += lanes_all(s[i]) * crossed[i];
      const double by_q = sp_dot(carried, vp) - ((along[0] + along[1]) + (along[2] + along[3])) +
                          (shifted ? sp_dot(s, a->shift[n]) : 0);

      /* d(w.r)/dv_k = S . (Q + Y_v - v_p x* P - v_n x* P) */
      const double before = sp_dot(carried, p);
      double by_v = s[0] * sum[0][LANE_Q] + s[1] * sum[1][LANE_Q] + s[2] * sum[2][LANE_Q] + s[3] * sum[3][LANE_Q] +
                    s[4] * sum[4][LANE_Q] + s[5] * sum[5][LANE_Q];
      if (single) {
        /* v_n - v_p is a multiple of S, so S . (v_n x* P) = S . (v_p x* P) */
        by_v -= 2 * before;
      } else {
        double behind[6];
        carry(behind, s, a->motion[n]);
        by_v = by_v - before - sp_dot(behind, p);
      }

      /* with the springs and dampers of the dof itself */
      a->qbar[k] -= by_q + r->stiffness[k] * a->w[k];
      vbar[k] = vbar[k] - by_v - r->damping[k] * a->w[k];
    }

    /* add the subtree to the parent */
    if (parent == 0) continue;
    DF_EACH(k) a->sum[parent][k] += sum[k];
    if (shifted) sp_add(a->shift[parent], a->shift[n]);
  }
}

/* ---- g . M(q) delta, the term of the implicit damping ---- */

enum { LANE_G, LANE_DELTA };

DF_WIDE void df_adjoint_sweep_implicit(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const df_tree* tree = &system->tree;

  /* outwards: the motions g_n and delta_n of each node, and beside them the forces I delta_n and I g_n */
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
      a->sum[n][i] = DF_LANES(im[i], im[i], LANE_DELTA, LANE_G, 2, 3);
    }
  }

  /* back: qbar_k gains d(g.M delta)/dq_k = -S_k . (g_p x* (sum I delta) + delta_p x* (sum I g)) */
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
