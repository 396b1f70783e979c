/* Which point of a capsule's segment MuJoCo chose against a box, recognised from the contact itself: docs/adjoint.md,
 * section 5. The first contact has the nearest point of the segment. A second contact has the point that is as far
 * along the segment as the box extends: an end of the segment, a point in the plane of a face, or a point a whole width
 * of the box away from the first. How that point slides, against any shape, is in contact_motion.c. */
#include <math.h>

#include "contact_algebra.h"
#include "contact_motion.h"
#include "spatial.h"

/* the point of the segment that a contact belongs to, and the direction of the segment */
typedef struct segment_point {
  double centre[3], axis[3];     /* in the world */
  double local[3], direction[3]; /* the same in the frame of the box */
} segment_point;

static segment_point segment_point_of(const df_geom_pair* t) {
  segment_point p;
  const df_shape* box = &t->shape[1];
  const double reach = t->shape[0].size[0] + 0.5 * t->distance;
  double arm[3];
  shape_axis(&t->shape[0], 2, p.axis);
  for (int k = 0; k < 3; k++) {
    p.centre[k] = t->point[k] - reach * t->normal[k];
    arm[k] = p.centre[k] - box->position[k];
  }
  for (int k = 0; k < 3; k++) {
    double axis[3];
    shape_axis(box, k, axis);
    p.local[k] = vec_dot(axis, arm);
    p.direction[k] = vec_dot(axis, p.axis);
  }
  return p;
}

/* Finds the edge or corner of the box that the point is nearest to: the gap from it to the point must be orthogonal to
 * the segment. Sets `gap`, in the frame of the box, and `free`, the axis of the edge or 3 for a corner, of the edge or
 * corner that comes closest, and returns how far its gap is from orthogonal (m; INFINITY if there is no candidate). */
static double nearest_feature(const segment_point* p, const mjtNum* size, double gap[3], int* free) {
  double best = INFINITY;
  for (int corner = 0; corner < 8; corner++) {
    for (int axis = 0; axis <= 3; axis++) {
      /* The gap. An edge is a candidate, once for its two ends, if the point is within its length; a corner is one if
       * the point is beyond it along all axes. */
      double g[3];
      bool possible = true;
      for (int k = 0; k < 3; k++) {
        const double at = corner & 1 << k ? size[k] : -size[k];
        g[k] = k == axis ? 0 : p->local[k] - at;
        possible &= k == axis ? fabs(p->local[k]) < size[k] && !(corner & 1 << k) : axis < 3 || g[k] * at > 0;
      }

      /* keep the best */
      const double error = fabs(vec_dot(g, p->direction));
      if (!possible || error >= best) continue;
      best = error;
      *free = axis;
      for (int k = 0; k < 3; k++) gap[k] = g[k];
    }
  }
  return best;
}

/* the nearest point of the segment to an edge or a corner */
static df_contact_slide slide_to_nearest(const segment_point* p, const df_shape* box, double tolerance,
                                         double slide[6]) {
  double local[3], gap[3] = {0}, axis[3];
  int free = 0;
  if (!(nearest_feature(p, box->size, local, &free) <= tolerance)) return SLIDE_UNKNOWN;
  for (int k = 0; k < 3; k++) {
    shape_axis(box, k, axis);
    vec_add_scaled(gap, axis, local[k]);
  }
  if (free < 3) shape_axis(box, free, axis);
  if (!df_slide_to(p->axis, free < 3 ? axis : NULL, gap, slide)) return SLIDE_UNKNOWN;
  return free < 3 ? SLIDE_TO_EDGE : SLIDE_TO_CORNER;
}

/* slide -= (axis k of the box) / (axis k . segment): the point keeps its coordinate along axis k of the box */
static void hold_axis(const segment_point* p, const df_shape* box, int k, double slide[6]) {
  double axis[3];
  shape_axis(box, k, axis);
  vec_add_scaled(slide, axis, -1 / p->direction[k]);
}

/* the point that stays in the plane of a face */
static df_contact_slide slide_in_face(const segment_point* p, const df_shape* box, double tolerance, double slide[6]) {
  double best = tolerance;
  int axis = -1;
  for (int k = 0; k < 3; k++) {
    const double error = fabs(fabs(p->local[k]) - box->size[k]);
    if (p->direction[k] == 0 || error > best) continue;
    best = error;
    axis = k;
  }
  if (axis < 0) return SLIDE_UNKNOWN;
  hold_axis(p, box, axis, slide);
  return SLIDE_IN_FACE;
}

/* the point that keeps its distance 2 size[k] along axis k of the box from the first contact's point, which slides */
static df_contact_slide slide_with_first(const segment_point* p, const df_geom_pair* first, double tolerance,
                                         double slide[6]) {
  const df_shape* box = &first->shape[1];
  const segment_point q = segment_point_of(first);
  double best = tolerance, by_first[1][6] = {{0}}, by_width[1][6] = {{0}};
  int axis = -1;

  /* the box axis along which the points are a width apart */
  for (int k = 0; k < 3; k++) {
    const double error = fabs(fabs(p->local[k] - q.local[k]) - 2 * box->size[k]);
    if (p->direction[k] == 0 || error > best) continue;
    best = error;
    axis = k;
  }
  if (axis < 0) return SLIDE_UNKNOWN;

  /* how the first point slides; it does not if it is an end of the segment */
  if (df_inside_segment(&first->shape[0], q.centre) && df_capsule_on_box(first, NULL, by_first[0]) == SLIDE_UNKNOWN)
    return SLIDE_UNKNOWN;

  /* sigma = sigma_1 + s . (v(c1) - v(c)) / (s . axis), with the rows of the first point converted to this point */
  hold_axis(p, box, axis, slide);
  for (int k = 0; k < 3; k++) by_width[0][k] = by_first[0][k] - slide[k];
  for (int k = 3; k < 6; k++) by_width[0][k] = by_first[0][k];
  df_rows_at(1, by_width, q.centre, p->centre);
  for (int k = 0; k < 6; k++) slide[k] += by_width[0][k];
  return SLIDE_WITH_FIRST;
}

df_contact_slide df_capsule_on_box(const df_geom_pair* t, const df_geom_pair* first, double slide[6]) {
  const df_shape* box = &t->shape[1];
  const segment_point p = segment_point_of(t);
  const double tolerance = CAPSULE_BOX_ROUNDING * (t->shape[0].size[1] + box->size[0] + box->size[1] + box->size[2]);
  df_contact_slide found = SLIDE_UNKNOWN;
  for (int k = 0; k < 6; k++) slide[k] = 0;
  if (!first) found = slide_to_nearest(&p, box, tolerance, slide);
  if (found == SLIDE_UNKNOWN) found = slide_in_face(&p, box, tolerance, slide);
  if (found == SLIDE_UNKNOWN && first) found = slide_with_first(&p, first, tolerance, slide);
  return found;
}
