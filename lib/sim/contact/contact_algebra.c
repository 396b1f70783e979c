/* linear maps of twists that the rules for contacts share (docs/adjoint.md, section 5) */
#include "contact_algebra.h"
#include "dynaflow/core/assert.h"

#include <math.h>

/* v(from) = v(to) + omega x (from - to) */
void df_rows_at(int n, double rows[][6], const double from[3], const double to[3]) {
  double arm[3], moment[3];
  for (int k = 0; k < 3; k++) arm[k] = from[k] - to[k];
  for (int i = 0; i < n; i++) {
    vec_cross(moment, arm, rows[i]);
    vec_add_scaled(rows[i] + 3, moment, 1);
  }
}

/* D = +- n . u, P = u - n (n . u)/2, N = 0, with the motion u of the point */
void df_flat_motion(const df_geom_pair* t, int flat_side, const double at[3], double feature[3][6],
                    df_contact_motion* out) {
  const double* n = t->normal;
  double along[6];
  DF_ASSERT(flat_side == 0 || flat_side == 1);
  df_rows_at(3, feature, at, t->point);
  combine(n, feature, along);
  out->carrier = flat_side;
  for (int k = 0; k < 6; k++) {
    out->distance[k] = flat_side == 0 ? along[k] : -along[k];
    for (int i = 0; i < 3; i++) out->point[i][k] = feature[i][k] - 0.5 * n[i] * along[k];
  }
}

/* With G = R diag(size^2) R^T and the outward normal m the point is at G m / sqrt(m . G m) from the centre. K is its
 * derivative by m, (G - G m (G m)^T / (m . G m)) / sqrt(m . G m). */
void df_ellipsoid_radius(const df_shape* s, const double outward[3], double radius[3][3]) {
  double g[3][3] = {{0}}, gm[3];
  for (int k = 0; k < 3; k++) {
    double axis[3];
    shape_axis(s, k, axis);
    add_outer(g, s->size[k] * s->size[k], axis, axis);
  }
  for (int i = 0; i < 3; i++) gm[i] = vec_dot(g[i], outward);
  const double norm = sqrt(vec_dot(gm, outward));
  add_outer(g, -1 / (norm * norm), gm, gm);
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 3; k++) radius[i][k] = g[i][k] / norm;
  }
}

bool df_inside_segment(const df_shape* s, const double at[3]) {
  double axis[3], arm[3];
  shape_axis(s, 2, axis);
  for (int k = 0; k < 3; k++) arm[k] = at[k] - s->position[k];
  return fabs(vec_dot(axis, arm)) < s->size[1] * (1 - ROUNDING);
}

/* sigma = -((axis - k line) . v + (axis x gap) . omega) / (1 - k^2), k = axis . line, 0 for a point */
bool df_slide_to(const double axis[3], const double* line, const double gap[3], double slide[6]) {
  const double k = line ? vec_dot(axis, line) : 0, det = 1 - k * k;
  if (det < PARALLEL_SINE2) return false;
  for (int i = 0; i < 3; i++) slide[i] = (k != 0 ? k * line[i] : 0) / det - axis[i] / det;
  vec_cross(slide + 3, axis, gap);
  for (int i = 3; i < 6; i++) slide[i] /= -det;
  return true;
}
