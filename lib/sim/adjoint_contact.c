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

/* what depends on the geometry of touching: cotangents of a displacement of each side's feature point and of each
 * side's rotation */
typedef struct feature_pull {
  double point[2][3], turn[2][3];
} feature_pull;

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

/* a static plane: the normal stands, the point follows the feature at half depth; a capsule turns the tangents */
static void pull_plane(const df_contact_record* c, const contact_loads* load, const double z[3], feature_pull* pull) {
  const double *n = c->frame, along = vec_dot(n, z);
  for (int k = 0; k < 3; k++) pull->point[1][k] = z[k] + n[k] * (load->rho - 0.5 * along);
  if (!c->turns || c->dim == 1) return;

  double tau[3], t[3];
  frame_cotangent(load, tau);
  const double *axis = c->side[1].axis, lean = vec_dot(axis, n), across2 = 1 - lean * lean;
  if (across2 < 1e-8) return; /* an upright capsule: the tangents jump there */
  vec_cross(t, axis, c->frame + 6);
  vec_add_scaled(pull->turn[1], t, vec_dot(tau, n) / sqrt(across2));
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

/* nearest points that slide along a capsule's axis: the conditions axis . (c1 - c0) = 0 give the slides */
static void pull_slides(const df_contact_record* c, double length, feature_pull* pull) {
  const df_contact_side* side = c->side;
  if (!side[0].slides && !side[1].slides) return;
  const double k = vec_dot(side[0].axis, side[1].axis), det = 1 - k * k;
  const double a = vec_dot(pull->point[0], side[0].axis), b = vec_dot(pull->point[1], side[1].axis);
  double e[2] = {0, 0};
  if (side[0].slides && side[1].slides) {
    if (det < 1e-9) return; /* parallel axes: the nearest points are not unique */
    e[0] = (a + k * b) / det;
    e[1] = -(k * a + b) / det;
  } else if (side[0].slides) {
    e[0] = a;
  } else {
    e[1] = -b;
  }
  for (int s = 0; s < 2; s++) {
    double t[3];
    vec_add_scaled(pull->point[1], side[s].axis, e[s]);
    vec_add_scaled(pull->point[0], side[s].axis, -e[s]);
    vec_cross(t, side[s].axis, c->frame);
    vec_add_scaled(pull->turn[s], t, e[s] * length);
  }
}

/* two features c0, c1 at distance `length`: normal (c1 - c0)/length, point half way between the surfaces */
static void pull_pair(const df_contact_record* c, const contact_loads* load, const double z[3], feature_pull* pull) {
  const double *n = c->frame, r0 = c->side[0].radius, r1 = c->side[1].radius, length = r0 + r1 + c->distance;
  double gn[3] = {0};
  const bool turning = c->rule == CONTACT_SEGMENTS && length > 1e-9;
  if (turning) {
    normal_cotangent(c, load, gn);
    vec_add_scaled(gn, z, 0.5 * (r0 - r1));
    vec_add_scaled(gn, n, -vec_dot(gn, n));
  }
  for (int k = 0; k < 3; k++) {
    const double stretch = load->rho * n[k] + (turning ? gn[k] / length : 0);
    pull->point[1][k] = 0.5 * z[k] + stretch;
    pull->point[0][k] = 0.5 * z[k] - stretch;
  }
  if (turning) pull_slides(c, length, pull);
}

/* out += the spatial force about `origin` of a force and couple at `at` */
static void spatial_at(double out[6], const double at[3], const double origin[3], const double force[3],
                       const double couple[3]) {
  double arm[3], moment[3];
  for (int k = 0; k < 3; k++) arm[k] = at[k] - origin[k];
  vec_cross(moment, arm, force);
  for (int k = 0; k < 3; k++) {
    out[k] = moment[k] + couple[k];
    out[3 + k] = force[k];
  }
}

static void apply_side(df_adjoint* a, const df_contact_record* c, const contact_loads* load, const feature_pull* pull,
                       int s) {
  const df_contact_side* side = &c->side[s];
  const int node = side->node;
  if (node == 0) return;
  const double sign = s == 0 ? -1 : 1, reach = sign * (side->radius + 0.5 * c->distance);
  double at[3], f[6], t[6];

  for (int k = 0; k < 3; k++) at[k] = c->point[k] + reach * c->frame[k];
  spatial_at(f, at, side->origin, pull->point[s], pull->turn[s]);
  sp_add(a->shift[node], f);

  df_spatial* const motions[FIELDS] = {a->mw, a->ma0, a->mv};
  df_spatial* const sums[FIELDS] = {a->force, a->by_a, a->by_v};
  for (int x = 0; x < FIELDS; x++) {
    spatial_at(f, c->point, side->origin, load->force[x], load->couple[x]);
    sp_add_scaled(sums[x][node], f, sign);
    sp_cross_force(t, motions[x][node], f);
    sp_add_scaled(a->shift[node], t, sign);
  }
}

void df_adjoint_contact(df_adjoint* a, const df_contact_record* c) {
  contact_loads load;
  feature_pull pull = {0};
  double z[3];
  contact_loads_of(a, c, &load);
  point_cotangent(&load, z);
  if (c->rule == CONTACT_PLANE)
    pull_plane(c, &load, z, &pull);
  else
    pull_pair(c, &load, z, &pull);
  apply_side(a, c, &load, &pull, 0);
  apply_side(a, c, &load, &pull, 1);
}
