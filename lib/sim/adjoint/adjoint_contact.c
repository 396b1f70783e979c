/* The part of a contact in d/d(q,v) of w . r: docs/adjoint.md, section 5. */
#include <math.h>

#include "adjoint.h"
#include "spatial.h"

/* w, S a and v enter a contact alike, each with a force and a couple that pair with the relative motion at the point:
 * in the lanes of motions; that of a is 0 */
typedef struct contact_loads {
  df_lanes force[3], couple[3];
  df_lanes linear[3], angular[3]; /* relative motion of side 1 against side 0 at the point */
  double rho;                     /* cotangent of the distance */
} contact_loads;

DF_WIDE_INLINE void lanes_cross(df_lanes out[3], const df_lanes a[3], const df_lanes b[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

DF_WIDE_INLINE double lanes_sum(df_lanes x) {
  return (x[0] + x[1]) + (x[2] + x[3]);
}

/* a vector of the contact, the same for all */
DF_WIDE_INLINE void lanes_vector(df_lanes out[3], const double a[3]) {
  for (int k = 0; k < 3; k++) out[k] = lanes_all(a[k]);
}

DF_WIDE_INLINE void arm_of(double arm[3], const df_contact_record* c, int s) {
  for (int k = 0; k < 3; k++) arm[k] = c->point[k] - c->side[s].origin[k];
}

DF_WIDE_INLINE void relative_motion(const df_adjoint* a, const df_contact_record* c, contact_loads* load) {
  for (int k = 0; k < 3; k++) load->linear[k] = load->angular[k] = lanes_all(0);
  for (int s = 0; s < 2; s++) {
    if (c->side[s].node == 0) continue;
    const df_lanes *m = a->motion[c->side[s].node], sign = lanes_all(s == 0 ? -1 : 1);
    double arm[3];
    df_lanes wide[3], swept[3];
    arm_of(arm, c, s);
    lanes_vector(wide, arm);
    lanes_cross(swept, m, wide);
    for (int k = 0; k < 3; k++) {
      load->linear[k] += sign * (m[3 + k] + swept[k]);
      load->angular[k] += sign * m[k];
    }
  }
}

/* coefficients of the contact's rows: -f for w, D J w for S a, B D J w for v */
DF_WIDE_INLINE void contact_coefficients(const df_adjoint* a, const df_contact_record* c, df_lanes rows[6],
                                         double* rho) {
  const double* jac = contact_jacobian(c);
  const int *dofs = contact_dofs(c), n = c->ndof, dim = c->dim;
  double s[6];
  *rho = 0;
  for (int r = 0; r < dim; r++) {
    s[r] = 0;
    for (int i = 0; i < n; i++) s[r] += jac[r * n + i] * a->w[dofs[i]];
    *rho += c->stiffness[r] * s[r];
  }
  for (int r = 0; r < dim; r++) {
    double gamma = 0;
    for (int k = 0; k < dim; k++) gamma += c->hessian[r * dim + k] * s[k];
    rows[r] = (df_lanes){0, -c->force[r], c->damping[r] * gamma, gamma};
  }
}

DF_WIDE_INLINE void contact_loads_of(const df_adjoint* a, const df_contact_record* c, contact_loads* load) {
  df_lanes rows[6] = {{0}};
  contact_coefficients(a, c, rows, &load->rho);
  for (int k = 0; k < 3; k++) {
    load->force[k] = load->couple[k] = lanes_all(0);
    for (int r = 0; r < c->dim && r < 3; r++) load->force[k] += rows[r] * lanes_all(c->frame[3 * r + k]);
    for (int r = 3; r < c->dim; r++) load->couple[k] += rows[r] * lanes_all(c->frame[3 * (r - 3) + k]);
  }
  relative_motion(a, c, load);
}

/* cotangent of the contact point: moving it changes the relative motion by angular x dp */
DF_WIDE_INLINE void point_cotangent(const contact_loads* load, double z[3]) {
  df_lanes t[3];
  lanes_cross(t, load->force, load->angular);
  for (int k = 0; k < 3; k++) z[k] = lanes_sum(t[k]);
}

/* cotangent of a rotation of the contact frame */
DF_WIDE_INLINE void frame_cotangent(const contact_loads* load, double tau[3]) {
  df_lanes t[3], u[3];
  lanes_cross(t, load->force, load->linear);
  lanes_cross(u, load->couple, load->angular);
  for (int k = 0; k < 3; k++) tau[k] = lanes_sum(t[k] + u[k]);
}

/* tangent 1 is the y axis (the z axis if the normal is near y) made orthogonal to the normal */
DF_WIDE_INLINE void normal_cotangent(const df_contact_record* c, const contact_loads* load, double gn[3]) {
  const double *n = c->frame, *t2 = c->frame + 6;
  double tau[3];
  frame_cotangent(load, tau);
  vec_cross(gn, tau, n);
  const double lean = fabs(n[1]) < 0.5 ? n[1] : n[2];
  vec_add_scaled(gn, t2, -vec_dot(tau, n) * lean / sqrt(1 - lean * lean));
}

/* out += the spatial force about `origin` of a force and couple at `at`, times s */
static void spatial_at(double out[6], double s, const double at[3], const double origin[3], const double force[3],
                       const double couple[3]) {
  double arm[3], moment[3];
  for (int k = 0; k < 3; k++) arm[k] = at[k] - origin[k];
  vec_cross(moment, arm, force);
  for (int k = 0; k < 3; k++) {
    out[k] += s * (moment[k] + couple[k]);
    out[3 + k] += s * force[k];
  }
}

/* adds the cotangent of a displacement (force) and a rotation (couple) of the body of side s at a point */
static void push(df_adjoint* a, const df_contact_record* c, int s, double scale, const double at[3],
                 const double force[3], const double couple[3]) {
  const df_contact_side* side = &c->side[s];
  if (side->node != 0) spatial_at(a->shift[side->node], scale, at, side->origin, force, couple);
}

/* a static plane: the normal stands, the point follows the feature at half depth; a capsule turns the tangents */
DF_WIDE_INLINE void push_fixed(df_adjoint* a, const df_contact_record* c, const contact_loads* load,
                               const double z[3]) {
  const double *n = c->frame, *axis = c->axis, along = vec_dot(n, z);
  double at[3], force[3], turn[3] = {0};
  for (int k = 0; k < 3; k++) {
    at[k] = c->point[k] + c->reach * n[k];
    force[k] = z[k] + n[k] * (load->rho - 0.5 * along);
  }
  const double lean = vec_dot(axis, n), across2 = 1 - lean * lean;
  /* the tangents of an upright capsule jump */
  if (c->turns && c->dim > 1 && across2 >= 1e-8) {
    double tau[3], t[3];
    frame_cotangent(load, tau);
    vec_cross(t, axis, c->frame + 6);
    vec_add_scaled(turn, t, vec_dot(tau, n) / sqrt(across2));
  }
  push(a, c, 1, 1, at, force, turn);
}

/* point, normal and distance move with the carrier and by their maps of the relative twist */
DF_WIDE_INLINE void push_moving(df_adjoint* a, const df_contact_record* c, const contact_loads* load,
                                const double z[3]) {
  const df_contact_motion* motion = contact_motion(c);
  double gn[3], twist[6], turn[3];
  normal_cotangent(c, load, gn);
  for (int k = 0; k < 6; k++) {
    twist[k] = load->rho * motion->distance[k];
    for (int i = 0; i < 3; i++) twist[k] += z[i] * motion->point[i][k] + gn[i] * motion->normal[i][k];
  }
  vec_cross(turn, c->frame, gn);
  push(a, c, motion->carrier, 1, c->point, z, turn);
  push(a, c, motion->carrier, -1, c->point, twist, twist + 3);
  push(a, c, 1 - motion->carrier, 1, c->point, twist, twist + 3);
}

/* the contact's forces on one side, and what they do when its motion turns */
DF_WIDE_INLINE void apply_side(df_adjoint* a, const df_contact_record* c, const contact_loads* load, int s) {
  const int node = c->side[s].node;
  if (node == 0) return;
  const df_lanes sign = lanes_all(s == 0 ? -1 : 1);
  double arm[3];
  df_lanes wide[3], f[6], turned[6];
  arm_of(arm, c, s);
  lanes_vector(wide, arm);
  lanes_cross(f, wide, load->force);
  for (int k = 0; k < 3; k++) {
    f[k] = sign * (f[k] + load->couple[k]);
    f[3 + k] = sign * load->force[k];
  }
  lanes_cross_force(turned, a->motion[node], f);
  DF_EACH(k) {
    a->sum[node][k] += __builtin_shufflevector(f[k], f[k], LANE_W, LANE_A, LANE_A0, LANE_V);
    a->shift[node][k] += lanes_sum(turned[k]);
  }
}

DF_WIDE void df_adjoint_contact(const df_tree* tree, df_adjoint* a, const df_contact_record* c) {
  contact_loads load;
  double z[3];
  for (int s = 0; s < 2; s++) df_adjoint_shift(tree, a, c->side[s].node);
  contact_loads_of(a, c, &load);
  point_cotangent(&load, z);
  if (c->fixed)
    push_fixed(a, c, &load, z);
  else
    push_moving(a, c, &load, z);
  apply_side(a, c, &load, 0);
  apply_side(a, c, &load, 1);
}
