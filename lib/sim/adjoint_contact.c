/* The part of a contact in d/d(q,v) of w . ID: docs/adjoint.md, "Contacts". */
#include <math.h>

#include "adjoint.h"
#include "spatial.h"

/* w, S a and v enter a contact alike: each with a force and a couple that pair with the relative motion at the point */
enum { BY_W, BY_A, BY_V, FIELDS };

typedef struct contact_loads {
  double force[FIELDS][3], couple[FIELDS][3];
  double linear[FIELDS][3], angular[FIELDS][3]; /* relative motion of side 1 against side 0 at the point */
  double rho;                                   /* cotangent of the distance */
} contact_loads;

static void relative_motion(df_spatial* motion, const df_contact_record* c, double linear[3], double angular[3]) {
  for (int k = 0; k < 3; k++) linear[k] = angular[k] = 0;
  for (int s = 0; s < 2; s++) {
    if (c->side[s].node == 0) continue;
    const double* x = motion[c->side[s].node];
    const double sign = s == 0 ? -1 : 1;
    double arm[3], swept[3];
    for (int k = 0; k < 3; k++) arm[k] = c->point[k] - c->side[s].origin[k];
    vec_cross(swept, x, arm);
    for (int k = 0; k < 3; k++) {
      linear[k] += sign * (x[3 + k] + swept[k]);
      angular[k] += sign * x[k];
    }
  }
}

/* coefficients of the contact's rows: -f for w, D J w for S a, B D J w for v */
static void contact_coefficients(const df_adjoint* a, const df_contact_record* c, double rows[FIELDS][6], double* rho) {
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
    rows[BY_W][r] = -c->force[r];
    rows[BY_A][r] = gamma;
    rows[BY_V][r] = c->damping[r] * gamma;
  }
}

static void contact_loads_of(const df_adjoint* a, const df_contact_record* c, contact_loads* load) {
  df_spatial* const motions[FIELDS] = {a->mw, a->ma0, a->mv};
  double rows[FIELDS][6];
  contact_coefficients(a, c, rows, &load->rho);
  for (int x = 0; x < FIELDS; x++) {
    for (int k = 0; k < 3; k++) {
      double force = 0, couple = 0;
      for (int r = 0; r < c->dim && r < 3; r++) force += rows[x][r] * c->frame[3 * r + k];
      for (int r = 3; r < c->dim; r++) couple += rows[x][r] * c->frame[3 * (r - 3) + k];
      load->force[x][k] = force;
      load->couple[x][k] = couple;
    }
    relative_motion(motions[x], c, load->linear[x], load->angular[x]);
  }
}

/* cotangent of the contact point: moving it changes the relative motion by angular x dp */
static void point_cotangent(const contact_loads* load, double z[3]) {
  for (int k = 0; k < 3; k++) z[k] = 0;
  for (int x = 0; x < FIELDS; x++) {
    double t[3];
    vec_cross(t, load->force[x], load->angular[x]);
    vec_add_scaled(z, t, 1);
  }
}

/* cotangent of a rotation of the contact frame */
static void frame_cotangent(const contact_loads* load, double tau[3]) {
  for (int k = 0; k < 3; k++) tau[k] = 0;
  for (int x = 0; x < FIELDS; x++) {
    double t[3];
    vec_cross(t, load->force[x], load->linear[x]);
    vec_add_scaled(tau, t, 1);
    vec_cross(t, load->couple[x], load->angular[x]);
    vec_add_scaled(tau, t, 1);
  }
}

/* tangent 1 is the y axis (the z axis if the normal is near y) made orthogonal to the normal */
static void normal_cotangent(const df_contact_record* c, const contact_loads* load, double gn[3]) {
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
static void push_fixed(df_adjoint* a, const df_contact_record* c, const contact_loads* load, const double z[3]) {
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
static void push_moving(df_adjoint* a, const df_contact_record* c, const contact_loads* load, const double z[3]) {
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
static void apply_side(df_adjoint* a, const df_contact_record* c, const contact_loads* load, int s) {
  const df_contact_side* side = &c->side[s];
  const int node = side->node;
  if (node == 0) return;
  const double sign = s == 0 ? -1 : 1;
  df_spatial* const motions[FIELDS] = {a->mw, a->ma0, a->mv};
  df_spatial* const sums[FIELDS] = {a->force, a->by_a, a->by_v};
  for (int x = 0; x < FIELDS; x++) {
    double f[6] = {0}, t[6];
    spatial_at(f, 1, c->point, side->origin, load->force[x], load->couple[x]);
    sp_add_scaled(sums[x][node], f, sign);
    sp_cross_force(t, motions[x][node], f);
    sp_add_scaled(a->shift[node], t, sign);
  }
}

void df_adjoint_contact(df_adjoint* a, const df_contact_record* c) {
  contact_loads load;
  double z[3];
  contact_loads_of(a, c, &load);
  point_cotangent(&load, z);
  if (c->fixed)
    push_fixed(a, c, &load, z);
  else
    push_moving(a, c, &load, z);
  apply_side(a, c, &load, 0);
  apply_side(a, c, &load, 1);
}
