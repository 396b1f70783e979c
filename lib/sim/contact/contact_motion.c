/* How contacts move with their geoms, as linear maps P, N and D of the relative twist: docs/adjoint.md, section 5. */
#include "contact_motion.h"

#include <math.h>

#include "contact_algebra.h"
#include "dynaflow/core/assert.h"
#include "spatial.h"

/* ---- which rule ---- */

df_contact_rule df_contact_rule_of(int type0, int type1) {
  /* plane */
  if (type0 == mjGEOM_PLANE) {
    const bool rolls = type1 == mjGEOM_CYLINDER || type1 == mjGEOM_ELLIPSOID;
    const bool points =
        type1 == mjGEOM_SPHERE || type1 == mjGEOM_CAPSULE || type1 == mjGEOM_BOX || type1 == mjGEOM_MESH;
    return rolls ? CONTACT_ROLLING : points ? CONTACT_PLANE : CONTACT_FROZEN;
  }

  /* pairs for which MuJoCo has closed forms */
  const bool round1 = type1 == mjGEOM_SPHERE || type1 == mjGEOM_CAPSULE || type1 == mjGEOM_BOX;
  if (type0 == mjGEOM_SPHERE && (round1 || type1 == mjGEOM_CYLINDER)) return CONTACT_ROUND;
  if (type0 == mjGEOM_CAPSULE && round1) return CONTACT_ROUND;
  if (type0 == mjGEOM_BOX && type1 == mjGEOM_BOX) return CONTACT_BOXES;

  /* other convex pairs; height fields and signed distance fields */
  return type0 >= mjGEOM_SPHERE && type1 <= mjGEOM_MESH ? CONTACT_NEAREST : CONTACT_FROZEN;
}

/* the one pair whose iteration ends at the solution: a centre outside flat faces */
static bool sphere_and_mesh(int type0, int type1) {
  return type0 == mjGEOM_SPHERE && type1 == mjGEOM_MESH;
}

bool df_contact_exact(int type0, int type1) {
  return df_contact_rule_of(type0, type1) < CONTACT_NEAREST || sphere_and_mesh(type0, type1);
}

static df_shape shape_of(const mjModel* m, const mjData* d, int geom) {
  df_shape s = {.type = m->geom_type[geom],
                .size = m->geom_size + 3 * geom,
                .position = d->geom_xpos + 3 * geom,
                .frame = d->geom_xmat + 9 * geom};
  const int mesh = s.type == mjGEOM_MESH ? m->geom_dataid[geom] : -1;
  if (mesh >= 0) {
    s.vertex = m->mesh_vert + 3 * m->mesh_vertadr[mesh];
    s.nvertex = m->mesh_vertnum[mesh];
  }
  return s;
}

df_geom_pair df_geom_pair_of(const mjModel* m, const mjData* d, const mjContact* c) {
  df_geom_pair t = {.shape = {shape_of(m, d, c->geom[0]), shape_of(m, d, c->geom[1])}, .distance = c->dist};
  for (int k = 0; k < 3; k++) {
    t.point[k] = c->pos[k];
    t.normal[k] = c->frame[k];
  }
  return t;
}

/* ---- CONTACT_FROZEN ---- */

static void frozen_motion(const df_geom_pair* t, df_contact_motion* out) {
  *out = (df_contact_motion){.surface = SURFACE_FROZEN, .slide = SLIDE_NONE};

  /* The normal moves with the flatter side. MuJoCo orders types from the plane over round shapes to box and mesh:
   * except for plane and height field, the later type is the flatter one. */
  out->carrier = t->shape[0].type == mjGEOM_PLANE || t->shape[0].type == mjGEOM_HFIELD ? 0 : 1;
  const double sign = out->carrier == 0 ? 1 : -1;
  for (int k = 0; k < 3; k++) {
    out->point[k][k] = 0.5;
    out->distance[k] = sign * t->normal[k];
  }
}

/* ---- CONTACT_ROLLING ---- */

/* A cylinder or an ellipsoid (shape 1) against a plane: the point moves with the body and slips over it. Returns
 * whether the motion is exact. */
static bool rolling_motion(const df_geom_pair* t, df_contact_motion* out) {
  const df_shape* s = &t->shape[1];
  bool upright = false;
  double at[3], feature[3][6];
  for (int k = 0; k < 3; k++) at[k] = t->point[k] + 0.5 * t->distance * t->normal[k];
  fixed_point(feature);

  if (s->type == mjGEOM_CYLINDER) {
    /* All points that MuJoCo tests are fixed to the direction in which the discs are lowest, and turn with it about the
     * axis: slip = -(axis x arm) (lean . omega) / sine^2. It is left out if the cylinder is upright. */
    double axis[3], arm[3], slip[3], lean[3];
    shape_axis(s, 2, axis);
    const double along = vec_dot(axis, t->normal), sine2 = vec_sine2(t->normal, axis);
    for (int k = 0; k < 3; k++) {
      arm[k] = at[k] - s->position[k];
      lean[k] = axis[k] - along * t->normal[k];
    }
    vec_cross(slip, axis, arm);
    upright = sine2 < UPRIGHT_SINE2;
    for (int i = 0; i < 3 && !upright; i++) vec_add_scaled(feature[i] + 3, lean, -slip[i] / sine2);
  } else {
    /* seen from the body, which turns by omega, its lowest normal -n changes by omega x n: slip = K (omega x n) */
    double lowest[3], radius[3][3], moment[3];
    for (int k = 0; k < 3; k++) lowest[k] = -t->normal[k];
    df_ellipsoid_radius(s, lowest, radius);
    for (int i = 0; i < 3; i++) {
      vec_cross(moment, t->normal, radius[i]);
      vec_add_scaled(feature[i] + 3, moment, 1);
    }
  }
  out->surface = SURFACE_FLAT;
  df_flat_motion(t, 0, at, feature, out);
  return !upright;
}

/* ---- a centre against a surface: its distance has the gradient -n and the Hessian C ---- */

/* C of a surface that is round about a line, `radius` away: the normal turns only in the direction across the line */
static void round_line(double c[3][3], const double line[3], const double normal[3], double radius) {
  double across[3];
  vec_cross(across, line, normal);
  add_outer(c, 1 / radius, across, across);
}

/* C of a sphere's surface: (1 - n n^T)/r */
static void round_point(double c[3][3], const double normal[3], double radius) {
  for (int k = 0; k < 3; k++) c[k][k] += 1 / radius;
  add_outer(c, -1 / radius, normal, normal);
}

/* C of a cylinder, and whether its nearest point is on a cap, on the side or on the rim; SURFACE_FROZEN if the centre
 * is on the axis or on the rim, where the normal has no direction */
static df_contact_surface surface_of_cylinder(const df_geom_pair* t, const double centre[3], double radius,
                                              double c[3][3]) {
  const df_shape* s = &t->shape[1];
  double axis[3], radial[3], tangent[3];

  /* distances of the centre from the axis, from the plane of the nearer cap and from the side */
  shape_axis(s, 2, axis);
  for (int k = 0; k < 3; k++) radial[k] = centre[k] - s->position[k];
  const double along = vec_dot(axis, radial);
  vec_add_scaled(radial, axis, -along);
  const double r = sqrt(vec_dot(radial, radial)), to_cap = s->size[1] - fabs(along), to_side = s->size[0] - r;

  /* cap; from inside, whichever is nearer */
  const bool inside = to_cap > 0 && to_side > 0;
  if (inside ? to_cap < to_side : to_side > 0) return SURFACE_FLAT;

  /* side: round about the axis */
  if (to_cap > 0 ? r < NO_GAP : radius < NO_GAP) return SURFACE_FROZEN;
  if (to_cap > 0) {
    round_line(c, axis, t->normal, r);
    return SURFACE_LINE;
  }

  /* rim: round about its tangent, and along the tangent the nearest point follows the centre by the share size/r */
  vec_cross(tangent, axis, radial);
  for (int k = 0; k < 3; k++) tangent[k] /= r;
  round_line(c, tangent, t->normal, radius);
  add_outer(c, (1 - s->size[0] / r) / radius, tangent, tangent);
  return SURFACE_RIM;
}

/* C of a box, and whether its nearest point is in a face, on an edge or at a corner; SURFACE_FROZEN if the centre is on
 * the edge or at the corner */
static df_contact_surface surface_of_box(const df_geom_pair* t, const double centre[3], double radius, double c[3][3]) {
  const df_shape* s = &t->shape[1];
  double arm[3], axis[3];
  int outside = 0, free = 0;

  /* number of box axes along which the centre is outside, and the last one along which it is not */
  for (int k = 0; k < 3; k++) arm[k] = centre[k] - s->position[k];
  for (int k = 0; k < 3; k++) {
    shape_axis(s, k, axis);
    if (fabs(vec_dot(axis, arm)) > s->size[k])
      outside++;
    else
      free = k;
  }

  /* face (from inside the nearest one, where MuJoCo counts a point on the surface as inside); corner; edge along the
   * free axis */
  if (outside < 2 || radius < mjMINVAL) return SURFACE_FLAT;
  if (radius < NO_GAP) return SURFACE_FROZEN;
  if (outside == 3) {
    round_point(c, t->normal, radius);
    return SURFACE_POINT;
  }
  shape_axis(s, free, axis);
  round_line(c, axis, t->normal, radius);
  return SURFACE_LINE;
}

/* Adds to c, which is zero, the Hessian C of the distance of `centre` from the second shape (from a capsule's axis or a
 * sphere's centre), and returns what the nearest point lies on: the table in section 5. SURFACE_FROZEN if the normal
 * has no direction there. */
static df_contact_surface surface_at(const df_geom_pair* t, const double centre[3], double c[3][3]) {
  const df_shape* s = &t->shape[1];
  const double radius = df_gap_of(t);
  if (s->type == mjGEOM_BOX) return surface_of_box(t, centre, radius, c);
  if (s->type != mjGEOM_SPHERE && s->type != mjGEOM_CAPSULE) return surface_of_cylinder(t, centre, radius, c);

  /* sphere, or an end of a capsule */
  double at[3], axis[3];
  for (int k = 0; k < 3; k++) at[k] = t->point[k] + (s->size[0] + 0.5 * t->distance) * t->normal[k];
  if (s->type == mjGEOM_SPHERE || !df_inside_segment(s, at)) {
    round_point(c, t->normal, radius);
    return SURFACE_POINT;
  }

  /* side of a capsule; where the axes meet, the normal is across both, and if they cannot part it does not turn */
  shape_axis(s, 2, axis);
  if (!df_axes_meet(t)) round_line(c, axis, t->normal, radius);
  return SURFACE_LINE;
}

/* ---- the nearest point of a capsule slides along its segment ---- */

/* Sets sigma, which is zero before, if shape 0 is a capsule and its nearest point `centre` is inside its segment. */
static df_contact_slide slide_of(const df_geom_pair* t, const df_geom_pair* first, df_contact_surface surface,
                                 const double centre[3], double slide[6]) {
  if (t->shape[0].type != mjGEOM_CAPSULE) return SLIDE_NONE;
  if (!df_inside_segment(&t->shape[0], centre)) return SLIDE_NONE;
  if (t->shape[1].type == mjGEOM_BOX) return df_capsule_on_box(t, first, slide);

  /* to the nearest point of a sphere, of a capsule's end (a point) or of a capsule's side (a line) */
  double axis[3], line[3], gap[3];
  shape_axis(&t->shape[0], 2, axis);
  shape_axis(&t->shape[1], 2, line);
  for (int k = 0; k < 3; k++) gap[k] = -df_gap_of(t) * t->normal[k];
  return df_slide_to(axis, surface == SURFACE_LINE ? line : NULL, gap, slide) ? SLIDE_NEAREST : SLIDE_UNKNOWN;
}

static bool round_motion(const df_geom_pair* t, const df_geom_pair* first, df_contact_motion* out) {
  const double *n = t->normal, reach = t->shape[0].size[0] + 0.5 * t->distance;
  double centre[3], axis[3], slide[6] = {0}, c[3][3] = {{0}}, u[3][6];

  /* centre of the sphere, or nearest point of the capsule's segment; C and sigma */
  for (int k = 0; k < 3; k++) centre[k] = t->point[k] - reach * n[k];
  out->carrier = 1;
  out->surface = surface_at(t, centre, c);
  if (out->surface == SURFACE_FROZEN) return false;
  out->slide = slide_of(t, first, out->surface, centre, slide);
  if (out->slide == SLIDE_UNKNOWN) return false;
  if (df_axes_meet(t) && !df_axes_cross(t, out)) return false;

  /* u = v(centre) + axis sigma, for a twist at the contact point */
  fixed_point(u);
  shape_axis(&t->shape[0], 2, axis);
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 6; k++) u[i][k] += axis[i] * slide[k];
  }
  df_rows_at(3, u, centre, t->point);

  /* D = -n . u */
  combine(n, u, out->distance);
  for (int k = 0; k < 6; k++) out->distance[k] *= -1;

  /* N = -C u, P = u - reach C u - n (n . u)/2 */
  for (int i = 0; i < 3; i++) {
    double turn[6];
    combine(c[i], u, turn);
    for (int k = 0; k < 6; k++) {
      out->normal[i][k] = -turn[k];
      out->point[i][k] = u[i][k] - reach * turn[k] + 0.5 * n[i] * out->distance[k];
    }
  }
  return true;
}

/* ---- any contact ---- */

bool df_contact_motion_of(const mjModel* m, const mjData* d, int contact, df_contact_motion* out) {
  const mjContact *c = d->contact + contact, *before = contact > 0 ? c - 1 : c;
  DF_ASSERT(contact >= 0 && contact < d->ncon && c->geom[0] >= 0 && c->geom[1] >= 0);
  const df_geom_pair t = df_geom_pair_of(m, d, c);
  bool known = true, exact = true;
  DF_ASSERT(t.shape[0].type <= t.shape[1].type && fabs(vec_dot(t.normal, t.normal) - 1) < 1e-9);
  *out = (df_contact_motion){0};

  /* the preceding contact, if it has the same two geoms: the second contact of a capsule with a box depends on it */
  const bool second = before != c && before->geom[0] == c->geom[0] && before->geom[1] == c->geom[1];
  const df_geom_pair first = second ? df_geom_pair_of(m, d, before) : t;

  switch (df_contact_rule_of(t.shape[0].type, t.shape[1].type)) {
    case CONTACT_ROLLING:
      exact = rolling_motion(&t, out) || df_axis_stays(m, d, c->geom[1]);
      break;
    case CONTACT_ROUND:
      known = round_motion(&t, second ? &first : NULL, out);
      exact = !df_axes_meet(&t) || df_axes_stay(m, d, c, &t);
      break;
    case CONTACT_BOXES:
      known = df_boxes_motion(&t, out);
      exact = df_boxes_tilt(&t) || df_normal_stays(m, d, c, &t);
      break;
    case CONTACT_NEAREST:
      known = df_nearest_motion(&t, out);
      exact = sphere_and_mesh(t.shape[0].type, t.shape[1].type) && t.distance > -t.shape[0].size[0];
      break;
    default:
      known = false;
  }
  if (!known) frozen_motion(&t, out);
  return known && exact;
}
