/* The contribution of a contact to the derivatives of w . r by position and velocity: docs/adjoint.md, section 5. */
#include <math.h>

#include "adjoint.h"
#include "dynaflow/core/assert.h"
#include "spatial.h"

/* The forces and couples that a contact applies to its sides, one lane for each of the motions that they pair with (w,
 * S a and v; the lane of a is zero), and the relative motions of side 1 against side 0 at the contact point. */
typedef struct contact_loads {
  df_lanes force[3], couple[3];
  df_lanes linear[3], angular[3];
  double rho; /* cotangent of the distance */
} contact_loads;

DF_WIDE_INLINE void lanes_cross(df_lanes out[3], const df_lanes a[3], const df_lanes b[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

DF_WIDE_INLINE double lanes_sum(df_lanes x) {
  return (x[0] + x[1]) + (x[2] + x[3]);
}

/* `out` is the vector from the origin of side s to the contact point, in all lanes */
DF_WIDE_INLINE void lanes_arm(df_lanes out[3], const df_contact_record* c, int s) {
  for (int k = 0; k < 3; k++) out[k] = lanes_all(c->point[k] - c->side[s].origin[k]);
}

/* ---- forces, relative motion, and cotangents of the contact point and frame ---- */

DF_WIDE_INLINE void contact_loads_of(const df_adjoint* a, const df_contact_record* c, contact_loads* load) {
  const double* jac = contact_jacobian(c);
  const int *dofs = contact_dofs(c), n = c->ndof, dim = c->dim;
  df_lanes rows[6] = {{0}};
  double s[6];

  /* s = J w, rho = stiffness . s */
  load->rho = 0;
  for (int r = 0; r < dim; r++) {
    s[r] = 0;
    for (int i = 0; i < n; i++) s[r] += jac[r * n + i] * a->w[dofs[i]];
    load->rho += c->stiffness[r] * s[r];
  }

  /* coefficients of the rows, with gamma = D s: -f pairs with w, gamma with S a, B gamma with v */
  for (int r = 0; r < dim; r++) {
    double gamma = 0;
    for (int k = 0; k < dim; k++) gamma += c->hessian[r * dim + k] * s[k];
    rows[r] = (df_lanes){0, -c->force[r], c->damping[r] * gamma, gamma};
  }

  /* forces along normal and tangents, couples of torsion and rolling about them */
  for (int k = 0; k < 3; k++) {
    load->force[k] = load->couple[k] = lanes_all(0);
    for (int r = 0; r < dim && r < 3; r++) load->force[k] += rows[r] * lanes_all(c->frame[3 * r + k]);
    for (int r = 3; r < dim; r++) load->couple[k] += rows[r] * lanes_all(c->frame[3 * (r - 3) + k]);
  }

  /* motion of side 1 minus motion of side 0 at the contact point */
  for (int k = 0; k < 3; k++) load->linear[k] = load->angular[k] = lanes_all(0);
  for (int side = 0; side < 2; side++) {
    if (c->side[side].node == 0) continue;
    const df_lanes *m = a->motion[c->side[side].node], sign = lanes_all(side == 0 ? -1 : 1);
    df_lanes arm[3], swept[3];
    lanes_arm(arm, c, side);
    lanes_cross(swept, m, arm);
    for (int k = 0; k < 3; k++) {
      load->linear[k] += sign * (m[3 + k] + swept[k]);
      load->angular[k] += sign * m[k];
    }
  }
}

/* tau, the cotangent of a rotation of the contact frame */
DF_WIDE_INLINE void frame_cotangent(const contact_loads* load, double tau[3]) {
  df_lanes t[3], u[3];
  lanes_cross(t, load->force, load->linear);
  lanes_cross(u, load->couple, load->angular);
  for (int k = 0; k < 3; k++) tau[k] = lanes_sum(t[k] + u[k]);
}

/* ---- how the contact point, frame and distance move with the bodies ---- */

/* adds to Z of side s, times `scale`, the cotangent of a displacement (force) and of a rotation (couple) at a point */
static void push(df_adjoint* a, const df_contact_record* c, int s, double scale, const double at[3],
                 const double force[3], const double couple[3]) {
  const df_contact_side* side = &c->side[s];
  double arm[3], moment[3], *shift = a->shift[side->node];
  if (side->node == 0) return;
  DF_ASSERT(a->state[side->node] != NODE_ALONE);
  for (int k = 0; k < 3; k++) arm[k] = at[k] - side->origin[k];
  vec_cross(moment, arm, force);
  for (int k = 0; k < 3; k++) {
    shift[k] += scale * (moment[k] + couple[k]);
    shift[3 + k] += scale * force[k];
  }
}

/* A point fixed to side 1 against a static plane: the normal does not move, the contact point follows the body's point
 * at half the depth, and the tangents of a capsule follow its axis. `z` is the cotangent of the contact point. */
DF_WIDE_INLINE void push_fixed(df_adjoint* a, const df_contact_record* c, const contact_loads* load,
                               const double z[3]) {
  const double *n = c->frame, *axis = c->axis, along = vec_dot(n, z);
  double at[3], force[3], turn[3] = {0};

  /* displacement of the body's point: dp = (1 - n n^T/2) dc, dx = n . dc */
  for (int k = 0; k < 3; k++) {
    at[k] = c->point[k] + c->reach * n[k];
    force[k] = z[k] + n[k] * (load->rho - 0.5 * along);
  }

  /* rotation of a capsule's tangents about the normal */
  if (c->turns) {
    double tau[3], t[3];
    frame_cotangent(load, tau);
    vec_cross(t, axis, c->frame + 6);
    vec_add_scaled(turn, t, vec_dot(tau, n) / sqrt(vec_sine2(axis, n)));
  }
  push(a, c, 1, 1, at, force, turn);
}

/* Any other contact: point, normal and distance move with the carrier, and by the linear maps of df_contact_motion with
 * the twist of the other side relative to it. */
DF_WIDE_INLINE void push_moving(df_adjoint* a, const df_contact_record* c, const contact_loads* load,
                                const double z[3]) {
  const df_contact_motion* motion = contact_motion(c);
  const double *n = c->frame, *t2 = c->frame + 6;
  double tau[3], gn[3], twist[6], turn[3];

  /* cotangent of the normal: the tangents follow it, since MuJoCo takes as tangent 1 the y axis (the z axis if the
   * normal is near y) made orthogonal to the normal */
  frame_cotangent(load, tau);
  vec_cross(gn, tau, n);
  const double lean = fabs(n[1]) < 0.5 ? n[1] : n[2];
  vec_add_scaled(gn, t2, -vec_dot(tau, n) * lean / sqrt(1 - lean * lean));

  /* cotangent of the relative twist: P^T z + N^T gn + rho D */
  for (int k = 0; k < 6; k++) {
    twist[k] = load->rho * motion->distance[k];
    for (int i = 0; i < 3; i++) twist[k] += z[i] * motion->point[i][k] + gn[i] * motion->normal[i][k];
  }

  /* the carrier moves point and normal with it and has the opposite of that twist; the other side has the twist */
  vec_cross(turn, c->frame, gn);
  push(a, c, motion->carrier, 1, c->point, z, turn);
  push(a, c, motion->carrier, -1, c->point, twist, twist + 3);
  push(a, c, 1 - motion->carrier, 1, c->point, twist, twist + 3);
}

/* ---- the forces on the two sides ---- */

/* Adds the forces to a->sum, and w x* Y_w + a0 x* Y_a + v x* Y_v of the side's own motions to Z. */
DF_WIDE_INLINE void apply_side(df_adjoint* a, const df_contact_record* c, const contact_loads* load, int s) {
  const int node = c->side[s].node;
  if (node == 0) return;
  const df_lanes sign = lanes_all(s == 0 ? -1 : 1);
  df_lanes arm[3], f[6], turned[6];
  lanes_arm(arm, c, s);
  lanes_cross(f, arm, load->force);
  for (int k = 0; k < 3; k++) {
    f[k] = sign * (f[k] + load->couple[k]);
    f[3 + k] = sign * load->force[k];
  }
  lanes_cross_force(turned, a->motion[node], f);
  DF_EACH(k) {
    a->sum[node][k] += DF_LANES(f[k], f[k], LANE_W, LANE_A, LANE_A0, LANE_V);
    a->shift[node][k] += lanes_sum(turned[k]);
  }
}

DF_WIDE void df_adjoint_contact(const df_tree* tree, df_adjoint* a, const df_contact_record* c) {
  DF_ASSERT(c->dim == 1 || c->dim == 3 || c->dim == 4 || c->dim == 6);
  DF_ASSERT(c->side[0].node < tree->nnode && c->side[1].node < tree->nnode);
  DF_ASSERT(c->side[0].node != 0 || c->side[1].node != 0);
  DF_ASSERT(c->ndof == 0 || contact_dofs(c)[0] < tree->nv);
  DF_ASSERT(fabs(vec_dot(c->frame, c->frame) - 1) < 1e-9 && fabs(vec_dot(c->frame, c->frame + 3)) < 1e-9);
  contact_loads load;
  df_lanes t[3];
  double z[3];
  for (int s = 0; s < 2; s++) df_adjoint_shift(tree, a, c->side[s].node);
  contact_loads_of(a, c, &load);

  /* z, the cotangent of the contact point: a displacement dp changes the relative motion by angular x dp */
  lanes_cross(t, load.force, load.angular);
  for (int k = 0; k < 3; k++) z[k] = lanes_sum(t[k]);

  if (c->fixed)
    push_fixed(a, c, &load, z);
  else
    push_moving(a, c, &load, z);
  apply_side(a, c, &load, 0);
  apply_side(a, c, &load, 1);
}
