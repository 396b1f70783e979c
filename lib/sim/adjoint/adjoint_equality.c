/* The contribution of weld and connect equalities (df_weld_record) to the derivatives of w . r by position and
 * velocity: docs/adjoint.md, section 6. */
#include "adjoint.h"
#include "dynaflow/core/assert.h"
#include "spatial.h"

/* the motions that the forces of an equality pair with: w, the whole acceleration, v */
enum { BY_W, BY_A, BY_V, FIELDS };

/* The loads on one side of an equality: forces and couples that pair with its motions at its point, and the cotangents
 * of a displacement of the point (shift) and of a rotation of the side (turn). */
typedef struct side_loads {
  double force[FIELDS][3], couple[FIELDS][3];
  double shift[3], turn[3];
} side_loads;

/* per row: gamma = D s, which pairs with the acceleration of the residual, and pull, which pairs with the residual */
typedef struct weld_work {
  double gamma[6], pull[6];
} weld_work;

static void weld_work_of(const df_adjoint* a, const df_weld_record* t, weld_work* work) {
  const double* jac = weld_jacobian(t);
  const int *dofs = weld_dofs(t), n = t->ndof;
  double soft = 0;

  /* gamma = D s with s = J w, D diagonal; soft is the part of the impedance, shared by all rows */
  for (int r = 0; r < t->dim; r++) {
    double s = 0;
    for (int i = 0; i < n; i++) s += jac[r * n + i] * a->w[dofs[i]];
    work->gamma[r] = t->hessian[r * (t->dim + 1)] * s;
    soft += t->softening[r] * s;
  }

  /* pull = K d gamma + soft e */
  for (int r = 0; r < t->dim; r++) work->pull[r] = t->spring * work->gamma[r] + soft * t->residual[r];
}

/* ---- rows 0..2: the points ---- */

/* Sets the forces and adds to the couples and the shift of side s. The acceleration of a point fixed to a body is
 * a_lin(p) + omega x v_lin(p). */
static void load_point(const df_adjoint* a, const df_weld_record* t, const weld_work* work, int s, side_loads* load) {
  const df_weld_side* side = &t->side[s];
  const double *v = a->mv[side->node], sign = s == 0 ? 1 : -1;
  double arm[3], velocity[3], turned[3], t3[3];

  /* velocity of the point */
  for (int k = 0; k < 3; k++) arm[k] = side->point[k] - side->origin[k];
  vec_cross(velocity, v, arm);
  vec_add_scaled(velocity, v + 3, 1);

  /* forces -f on w, gamma on a, B gamma + gamma x omega on v; the couple velocity x gamma on v */
  vec_cross(turned, work->gamma, v);
  vec_cross(load->couple[BY_V], velocity, work->gamma);
  for (int k = 0; k < 3; k++) {
    load->force[BY_W][k] = -sign * t->force[k];
    load->force[BY_A][k] = sign * work->gamma[k];
    load->force[BY_V][k] = sign * (t->damping * work->gamma[k] + turned[k]);
    load->couple[BY_V][k] *= sign;
    load->shift[k] = sign * work->pull[k];
  }

  /* cotangent of the point: pull + sum force x angular motion */
  const double* const angular[FIELDS] = {a->mw[side->node], a->ma[side->node], v};
  for (int x = 0; x < FIELDS; x++) {
    vec_cross(t3, load->force[x], angular[x]);
    vec_add_scaled(load->shift, t3, 1);
  }
}

/* ---- rows 3..5: the relative rotation of a weld ---- */

/* out = h(c) = (q0 c + q x c)/2 for the quaternion (q0, q): c . Im(x q)/2 = x . h(c) */
static void half_turn(double out[3], const double q[4], const double c[3]) {
  vec_cross(out, q + 1, c);
  for (int k = 0; k < 3; k++) out[k] = 0.5 * (out[k] + q[0] * c[k]);
}

/* out = frame^T x */
static void into_frame(double out[3], const double frame[9], const double x[3]) {
  for (int k = 0; k < 3; k++) out[k] = frame[k] * x[0] + frame[3 + k] * x[1] + frame[6 + k] * x[2];
}

/* out = frame x */
static void into_world(double out[3], const double frame[9], const double x[3]) {
  for (int k = 0; k < 3; k++) out[k] = vec_dot(frame + 3 * k, x);
}

/* Sets `out` to the cotangent of the relative rotation, in the world, of the work of section 6, which is linear in the
 * relative quaternion (q0, q). `x` are the relative motions in the world, `c` the coefficients that they pair with. */
static void quaternion_cotangent(const df_weld_record* t, double c[FIELDS][3], double x[FIELDS][3],
                                 const double pull[3], double out[3]) {
  const double *q = t->rotation, speed2 = vec_dot(x[BY_V], x[BY_V]);
  double by_q0 = 0, by_q[3], t3[3], turn[3];

  /* cotangent (by_q0, by_q) of the quaternion */
  for (int k = 0; k < 3; k++) by_q[k] = pull[k] - 0.25 * speed2 * c[BY_A][k];
  for (int f = 0; f < FIELDS; f++) {
    double local[3];
    into_frame(local, t->frame, x[f]);
    by_q0 += 0.5 * vec_dot(c[f], local);
    vec_cross(t3, c[f], local);
    vec_add_scaled(by_q, t3, 0.5);
  }

  /* dQ = theta Q/2 for a rotation by theta in the frame of side 1 */
  half_turn(turn, q, by_q);
  vec_add_scaled(turn, q + 1, -0.5 * by_q0);
  into_world(out, t->frame, turn);
}

/* Adds the couples and turns of both sides. With the relative rotation Q and the relative motion x in the frame of side
 * 1 the first and second derivatives of the residual are Im(v Q)/2 and Im(a Q)/2 - |v|^2 Im(Q)/4, times the scale. */
static void load_rotation(const df_adjoint* a, const df_weld_record* t, const weld_work* work, side_loads load[2]) {
  const int n0 = t->side[0].node, n1 = t->side[1].node;
  const double *q = t->rotation, *w0 = a->mv[n0], *w1 = a->mv[n1];
  df_spatial* const motions[FIELDS] = {a->mw, a->ma, a->mv};
  double c[FIELDS][3], x[FIELDS][3], couple[FIELDS][3], pull[3], dragged[3], t3[3], local[3];

  /* coefficients of the rows: -f pairs with w, gamma with a, B gamma with v */
  for (int k = 0; k < 3; k++) {
    c[BY_W][k] = -t->scale * t->force[3 + k];
    c[BY_A][k] = t->scale * work->gamma[3 + k];
    c[BY_V][k] = t->damping * c[BY_A][k];
    pull[k] = t->scale * work->pull[3 + k];
  }

  /* relative motion of side 0 against side 1, in the world; the relative acceleration is a0 - a1 - w1 x w0 */
  vec_cross(dragged, w1, w0);
  for (int f = 0; f < FIELDS; f++) {
    for (int k = 0; k < 3; k++) x[f][k] = motions[f][n0][k] - motions[f][n1][k] - (f == BY_A ? dragged[k] : 0);
  }

  /* couples R1 h(c), and what they do when the frame R1 turns with side 1 */
  for (int f = 0; f < FIELDS; f++) {
    half_turn(local, q, c[f]);
    into_world(couple[f], t->frame, local);
    vec_cross(t3, couple[f], x[f]);
    vec_add_scaled(load[1].turn, t3, 1);
  }

  /* derivative of -|v|^2 gamma . Q/4 by v */
  vec_add_scaled(couple[BY_V], x[BY_V], -0.5 * vec_dot(c[BY_A], q + 1));

  /* rotation of Q: side 0 turns it one way, side 1 the other */
  quaternion_cotangent(t, c, x, pull, t3);
  vec_add_scaled(load[0].turn, t3, 1);
  vec_add_scaled(load[1].turn, t3, -1);

  /* couples on side 0, their opposites on side 1 */
  for (int f = 0; f < FIELDS; f++) {
    vec_add_scaled(load[0].couple[f], couple[f], 1);
    vec_add_scaled(load[1].couple[f], couple[f], -1);
  }

  /* derivatives of -w1 x w0 by w0 and by w1 */
  vec_cross(t3, couple[BY_A], w1);
  vec_add_scaled(load[0].couple[BY_V], t3, -1);
  vec_cross(t3, w0, couple[BY_A]);
  vec_add_scaled(load[1].couple[BY_V], t3, -1);
}

/* ---- the loads on the nodes ---- */

/* out = the spatial force about the origin of the side of a force and a couple at its point */
static void spatial_at(double out[6], const df_weld_side* side, const double force[3], const double couple[3]) {
  double arm[3];
  for (int k = 0; k < 3; k++) {
    arm[k] = side->point[k] - side->origin[k];
    out[3 + k] = force[k];
  }
  vec_cross(out, arm, force);
  vec_add_scaled(out, couple, 1);
}

static void apply_side(df_adjoint* a, const df_weld_side* side, const side_loads* load) {
  const int n = side->node;
  if (n == 0) return;
  double f[6], t[6];

  /* cotangents of the side's displacement and rotation: Z */
  spatial_at(f, side, load->shift, load->turn);
  sp_add(a->shift[n], f);

  /* forces: added to F, P and Y_v, and m x* Y of the motion m that each pairs with to Z */
  df_spatial* const motions[FIELDS] = {a->mw, a->ma, a->mv};
  df_spatial* const sums[FIELDS] = {a->force, a->inertia, a->by_v};
  for (int x = 0; x < FIELDS; x++) {
    spatial_at(f, side, load->force[x], load->couple[x]);
    sp_add(sums[x][n], f);
    sp_cross_force(t, motions[x][n], f);
    sp_add(a->shift[n], t);

    /* a force that pairs with the whole acceleration acts like I w of a body: v x* Y belongs to Q */
    if (x != BY_A) continue;
    sp_cross_force(t, a->mv[n], f);
    sp_add(a->gyro[n], t);
  }
}

void df_adjoint_welds(const df_tree* tree, df_adjoint* a, const df_step_record* record) {
  const df_weld_record* t = first_weld(record);
  for (int i = 0; i < record->nweld; i++, t = next_weld(t)) {
    side_loads load[2] = {0};
    weld_work work;
    DF_ASSERT(t->dim == 3 || t->dim == 6);
    DF_ASSERT(t->side[0].node < tree->nnode && t->side[1].node < tree->nnode);
    for (int s = 0; s < 2; s++) df_adjoint_touch(tree, a, t->side[s].node);

    /* loads of the points, and of the rotation if it is a weld */
    weld_work_of(a, t, &work);
    for (int s = 0; s < 2; s++) load_point(a, t, &work, s, &load[s]);
    if (t->dim == 6) load_rotation(a, t, &work, load);
    for (int s = 0; s < 2; s++) apply_side(a, &t->side[s], &load[s]);
  }
}
