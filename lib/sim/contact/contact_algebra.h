/* contact_algebra.h: linear maps of twists that the rules for contacts share. */
#ifndef LIB_SIM_CONTACT_CONTACT_ALGEBRA_H
#define LIB_SIM_CONTACT_CONTACT_ALGEBRA_H

#include "contact.h"
#include "spatial.h"

/* c += s a b^T */
static inline void add_outer(double c[3][3], double s, const double a[3], const double b[3]) {
  for (int i = 0; i < 3; i++) vec_add_scaled(c[i], b, s * a[i]);
}

/* rows = (1, 0): a point that is fixed to the body */
static inline void fixed_point(double rows[3][6]) {
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 6; k++) rows[i][k] = i == k;
  }
}

/* out = v . rows */
static inline void combine(const double v[3], double rows[3][6], double out[6]) {
  for (int k = 0; k < 6; k++) out[k] = v[0] * rows[0][k] + v[1] * rows[1][k] + v[2] * rows[2][k];
}

/* Converts n rows [6] that are applied to a body's twist (velocity, angular velocity) at the point `from` to rows that
 * are applied to its twist at `to`. */
void df_rows_at(int n, double rows[][6], const double from[3], const double to[3]);

/* radius = K, symmetric: the point of an ellipsoid with the outward normal `outward` moves by K dn when that normal
 * changes by dn. */
void df_ellipsoid_radius(const df_shape* shape, const double outward[3], double radius[3][3]);

/* Whether the point `at` of a capsule's segment lies inside the segment, not at one of its ends. */
bool df_inside_segment(const df_shape* capsule, const double at[3]);

/* Sets `slide` for the point of an axis that is nearest to a line of the other body, with direction `line`, or to a
 * point of it if `line` is NULL. `gap` leads from the nearest point of the other body to the point. Derived from the
 * conditions axis . gap = line . gap = 0. False if axis and line are parallel (PARALLEL_SINE2). */
bool df_slide_to(const double axis[3], const double* line, const double gap[3], double slide[6]);

/* Fills carrier, point and distance of *out for a point of one side against a flat side: `feature` [3][6] is how the
 * point at `at` moves relative to the flat side, for a twist at that point. Converts `feature` to the contact point. */
void df_flat_motion(const df_geom_pair* touch, int flat_side, const double at[3], double feature[3][6],
                    df_contact_motion* out);

#endif
