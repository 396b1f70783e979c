/* Two boxes: docs/adjoint.md, section 5. Either MuJoCo clips a face of one box by the sides of the other's face, and
 * each corner of the polygon is a contact with the normal of the latter, the flat face; or two edges cross, and the
 * normal is across both. */
#include <math.h>

#include "contact_algebra.h"
#include "contact_motion.h"
#include "spatial.h"

/* Rounding of the nearest points of two edges, relative to the length of the edges: larger than ROUNDING, since it is
 * enlarged where the edges are nearly parallel. */
static const double NEAREST_TOLERANCE = 1e-7;
/* Sine of the angle between two directions below which they cannot be told apart. */
static const double ALIGNED = 1e-12;

/* Returns the faces in whose planes a point lies: bit k is set for either face across axis k. */
static int on_faces(const df_shape* box, const double point[3]) {
  const double tolerance = ROUNDING * (box->size[0] + box->size[1] + box->size[2]);
  double axis[3], arm[3];
  int faces = 0;
  for (int i = 0; i < 3; i++) arm[i] = point[i] - box->position[i];
  for (int k = 0; k < 3; k++) {
    shape_axis(box, k, axis);
    if (fabs(fabs(vec_dot(axis, arm)) - box->size[k]) <= tolerance) faces |= 1 << k;
  }
  return faces;
}

/* Sine of the angle between the normal and the nearest axis of a box, whose number is returned in *axis. */
static double misaligned(const df_shape* box, const double normal[3], int* axis) {
  double best = INFINITY;
  for (int k = 0; k < 3; k++) {
    double across[3], a[3];
    shape_axis(box, k, a);
    vec_cross(across, a, normal);
    const double error = sqrt(vec_dot(across, across));
    if (error >= best) continue;
    best = error;
    *axis = k;
  }
  return best;
}

/* ---- a face ---- */

/* A corner of the polygon where an edge of the clipped face passes a side of the flat face: the point stays on both. Of
 * several sides (bits of `sides`) that meet there it is the one most across the edge, since boxes of equal width also
 * have sides along the edge. Returns false if all sides are along it. */
static bool feature_on_edge(const df_shape* cut, int edge, const df_shape* flat, int sides, double feature[3][6]) {
  double along[3], across[3] = {0}, passing = 0;
  shape_axis(cut, edge, along);
  for (int k = 0; k < 3; k++) {
    double side[3];
    shape_axis(flat, k, side);
    const double crossing = vec_dot(along, side);
    if (!(sides & 1 << k) || fabs(crossing) <= fabs(passing)) continue;
    passing = crossing;
    for (int i = 0; i < 3; i++) across[i] = side[i];
  }
  if (fabs(passing) < ROUNDING) return false;

  /* u = v - e (s . v)/(s . e) */
  for (int i = 0; i < 3; i++) vec_add_scaled(feature[i], across, -along[i] / passing);
  return true;
}

/* A corner of the polygon under a corner of the flat face: the point stays on the line along the normal through that
 * corner and in the plane of the clipped face, u = n (g . v)/(g . n) with the normal g of the clipped face. */
static void feature_under_corner(const df_shape* cut, int face, const double normal[3], double feature[3][6]) {
  double plane[3];
  shape_axis(cut, face, plane);
  const double scale = 1 / vec_dot(plane, normal);
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) feature[i][k] = scale * normal[i] * plane[k];
  }
}

static int lowest_bit(int bits) {
  return bits & 1 ? 0 : bits & 2 ? 1 : 2;
}

/* A contact at a corner of the polygon, recognised by the faces of either box on which it lies. `normal_axis` is the
 * axis of the flat box along the normal. */
static bool face_motion(const df_geom_pair* t, int flat_side, int normal_axis, df_contact_motion* out) {
  const df_shape *flat = &t->shape[flat_side], *cut = &t->shape[1 - flat_side];
  const double outward = (flat_side == 0 ? 0.5 : -0.5) * t->distance;
  double at[3], feature[3][6] = {{0}};
  int cut_face;

  /* the corner, and the faces in whose planes it lies; it must be on the clipped face */
  for (int k = 0; k < 3; k++) {
    at[k] = t->point[k] + outward * t->normal[k];
    feature[k][k] = 1;
  }
  (void)misaligned(cut, t->normal, &cut_face);
  const int sides = on_faces(flat, at) & ~(1 << normal_axis), faces = on_faces(cut, at),
            ends = faces & ~(1 << cut_face);
  if (!(faces & 1 << cut_face)) return false;

  /* corner of the clipped box; its edge across a side of the flat face; corner of the flat face */
  if (ends == (7 & ~(1 << cut_face))) {
    out->surface = SURFACE_BOX_CORNER;
  } else if (ends != 0 && sides != 0) {
    const int edge = lowest_bit(7 & ~(1 << cut_face | ends));
    if (!feature_on_edge(cut, edge, flat, sides, feature)) return false;
    out->surface = SURFACE_BOX_EDGE;
  } else if (sides == (7 & ~(1 << normal_axis))) {
    feature_under_corner(cut, cut_face, t->normal, feature);
    out->surface = SURFACE_BOX_FACE;
  } else {
    return false;
  }
  df_flat_motion(t, flat_side, at, feature, out);
  return true;
}

/* ---- two edges ---- */

typedef struct edge {
  double middle[3], along[3]; /* along: unit vector */
  double half;                /* half the length */
} edge;

/* the edge along a box axis that is furthest in a direction */
static edge furthest_edge(const df_shape* box, int axis, const double direction[3]) {
  edge e = {.half = box->size[axis]};
  for (int k = 0; k < 3; k++) e.middle[k] = box->position[k];
  for (int k = 0; k < 3; k++) {
    double a[3];
    shape_axis(box, k, a);
    if (k == axis)
      for (int i = 0; i < 3; i++) e.along[i] = a[i];
    else
      vec_add_scaled(e.middle, a, vec_dot(a, direction) >= 0 ? box->size[k] : -box->size[k]);
  }
  return e;
}

static double clip(double x, double half) {
  return fmin(fmax(x, -half), half);
}

/* nearest points of two edges that are not parallel, at s and t along them from their middles */
static void nearest_points(const edge* a, const edge* b, double* s, double* t) {
  double gap[3];
  for (int k = 0; k < 3; k++) gap[k] = b->middle[k] - a->middle[k];
  const double k = vec_dot(a->along, b->along), ga = vec_dot(gap, a->along), gb = vec_dot(gap, b->along);
  *s = clip((ga - k * gb) / (1 - k * k), a->half);
  *t = clip(k * *s - gb, b->half);
  *s = clip(ga + k * *t, a->half);
}

/* Sets `slide`, which is zero on entry, to the derivatives of the edge parameters s and t of the nearest points, which
 * move so that the gap stays perpendicular to both edges; zero for one fixed at its edge's end (free0, free1 false).
 * Rows for the twist of the first box relative to the second at point 0. */
static void nearest_slides(const edge e[2], const double gap[3], bool free0, bool free1, double slide[2][6]) {
  const double k = free0 && free1 ? vec_dot(e[0].along, e[1].along) : 0;
  if (free0) {
    double back[3];
    for (int i = 0; i < 3; i++) back[i] = -gap[i];
    (void)df_slide_to(e[0].along, k != 0 ? e[1].along : NULL, back, slide[0]);
  }
  if (!free1) return;
  for (int i = 0; i < 6; i++) slide[1][i] = k * slide[0][i];
  vec_add_scaled(slide[1], e[1].along, 1);
}

/* Fills *out for two edges. The normal stays across both: it turns with the second box, except along
 * h = (second edge) x n, N = -h (d0 x n)^T omega / (h . d0). */
static void crossed_motion(const df_geom_pair* t, const edge e[2], const double nearest[2][3], bool free0, bool free1,
                           df_contact_motion* out) {
  double gap[3], slide[2][6] = {{0}}, h[3], turn[3];

  /* slides of the nearest points, for a twist at the contact point */
  for (int k = 0; k < 3; k++) gap[k] = nearest[1][k] - nearest[0][k];
  nearest_slides(e, gap, free0, free1, slide);
  df_rows_at(2, slide, nearest[0], t->point);

  /* velocity of the first box at its nearest point, for a twist at the contact point */
  double fixed[3][6] = {{0}};
  for (int k = 0; k < 3; k++) fixed[k][k] = 1;
  df_rows_at(3, fixed, nearest[0], t->point);

  /* N, and P of the mean of both nearest points */
  vec_cross(h, e[1].along, t->normal);
  vec_cross(turn, e[0].along, t->normal);
  const double scale = -1 / vec_dot(h, e[0].along);
  out->carrier = 1;
  for (int i = 0; i < 3; i++) {
    vec_add_scaled(out->normal[i] + 3, turn, scale * h[i]);
    for (int k = 0; k < 6; k++)
      out->point[i][k] = 0.5 * (fixed[i][k] + e[0].along[i] * slide[0][k] + e[1].along[i] * slide[1][k]);
  }

  /* D = (w1 - w0) . N - n . v(w0) */
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 6; k++) out->distance[k] += gap[i] * out->normal[i][k] - t->normal[i] * fixed[i][k];
  }
}

/* Finds the pair of edges whose directions are both orthogonal to the normal, up to ROUNDING; false if none is. */
static bool crossed_edges(const df_geom_pair* t, edge e[2]) {
  double best = INFINITY, back[3];
  int axis0 = 0, axis1 = 0;

  /* axes whose cross product is closest to the normal; parallel axes have none */
  for (int i = 0; i < 9; i++) {
    double a[3], b[3], across[3], error[3];
    shape_axis(&t->shape[0], i / 3, a);
    shape_axis(&t->shape[1], i % 3, b);
    vec_cross(across, a, b);
    vec_cross(error, across, t->normal);
    const double length2 = vec_dot(across, across), error2 = vec_dot(error, error);
    if (length2 < PARALLEL_SINE2 || error2 >= best * length2) continue;
    best = error2 / length2;
    axis0 = i / 3;
    axis1 = i % 3;
  }

  /* of the edges along these axes, those furthest along n and -n */
  for (int k = 0; k < 3; k++) back[k] = -t->normal[k];
  e[0] = furthest_edge(&t->shape[0], axis0, t->normal);
  e[1] = furthest_edge(&t->shape[1], axis1, back);
  return best < ROUNDING * ROUNDING;
}

static bool edge_motion(const df_geom_pair* t, df_contact_motion* out) {
  edge e[2];
  double s[2], nearest[2][3], miss[3];

  /* the contact point must be the mean of the nearest points of the two edges */
  if (!crossed_edges(t, e)) return false;
  nearest_points(&e[0], &e[1], &s[0], &s[1]);
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 2; i++) nearest[i][k] = e[i].middle[k] + s[i] * e[i].along[k];
    miss[k] = 0.5 * (nearest[0][k] + nearest[1][k]) - t->point[k];
  }
  if (sqrt(vec_dot(miss, miss)) > NEAREST_TOLERANCE * (e[0].half + e[1].half)) return false;

  /* a nearest point inside its edge slides, one at an end does not */
  const bool free0 = fabs(s[0]) < e[0].half, free1 = fabs(s[1]) < e[1].half;
  out->surface = SURFACE_BOX_EDGES;
  out->slide = free0 && free1 ? SLIDE_NEAREST : SLIDE_NONE;
  crossed_motion(t, e, (const double(*)[3])nearest, free0, free1, out);
  return true;
}

/* ---- which face is flat ---- */

static double face_area(const df_shape* box, int axis) {
  return box->size[(axis + 1) % 3] * box->size[(axis + 2) % 3];
}

/* Whether the face of `outer` across its axis `normal_axis` reaches beyond that of `inner` on all sides, for parallel
 * faces. */
static bool covers(const df_shape* outer, int normal_axis, const df_shape* inner, int inner_axis) {
  for (int k = 1; k <= 2; k++) {
    const int side = (normal_axis + k) % 3;
    double direction[3], along[3], offset[3], reach = 0;
    shape_axis(outer, side, direction);
    for (int i = 0; i < 3; i++) offset[i] = inner->position[i] - outer->position[i];
    for (int i = 1; i <= 2; i++) {
      shape_axis(inner, (inner_axis + i) % 3, along);
      reach += inner->size[(inner_axis + i) % 3] * fabs(vec_dot(along, direction));
    }
    if (fabs(vec_dot(offset, direction)) + reach > outer->size[side] * (1 + ROUNDING)) return false;
  }
  return true;
}

/* How the faces of two boxes lie to the normal: the axis of each box nearest to it, the sine of the angle between them,
 * and the side with the flat face. */
typedef struct face_pair {
  int axis[2], flat_side;
  bool parallel;
  double error[2];
} face_pair;

/* The flat face is on the side that has an axis closest to the normal. Of two parallel faces it is the larger one, to
 * which MuJoCo's normal stays fixed when they tilt. */
static face_pair faces_of(const df_geom_pair* t) {
  face_pair f;
  for (int i = 0; i < 2; i++) f.error[i] = misaligned(&t->shape[i], t->normal, &f.axis[i]);
  f.parallel = fmax(f.error[0], f.error[1]) < ALIGNED;
  f.flat_side =
      f.parallel ? face_area(&t->shape[1], f.axis[1]) > face_area(&t->shape[0], f.axis[0]) : f.error[1] < f.error[0];
  return f;
}

bool df_boxes_motion(const df_geom_pair* t, df_contact_motion* out) {
  const face_pair f = faces_of(t);
  return f.error[f.flat_side] < ROUNDING ? face_motion(t, f.flat_side, f.axis[f.flat_side], out) : edge_motion(t, out);
}

bool df_boxes_tilt(const df_geom_pair* t) {
  const face_pair f = faces_of(t);
  const int flat = f.flat_side;
  return !f.parallel || covers(&t->shape[flat], f.axis[flat], &t->shape[1 - flat], f.axis[1 - flat]);
}
