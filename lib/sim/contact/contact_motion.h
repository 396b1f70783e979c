/* contact_motion.h: how a contact moves with the two geoms that touch (docs/adjoint.md, section 5).
 *
 * contact_motion.c chooses the rule for a pair of geoms and has the simpler rules; capsule_box.c and
 * box_box.c have the two pairs with many cases, convex.c the pairs whose nearest points MuJoCo finds by
 * iteration, crossing_axes.c capsules whose axes cross. No function here allocates memory; a rule that does not
 * explain a contact returns false or SLIDE_UNKNOWN. */
#ifndef DF_SIM_CONTACT_MOTION_H
#define DF_SIM_CONTACT_MOTION_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

/* The surface on which the contact point lies, and how the point of a capsule slides along its segment: the cases of
 * the rules below (docs/adjoint.md, section 5). */
typedef enum df_contact_surface {
  SURFACE_FROZEN, /* unknown: the point follows the mean of both bodies, the normal the carrier */
  SURFACE_FLAT,
  SURFACE_POINT, /* sphere, end of a capsule, corner of a box */
  SURFACE_LINE,  /* side of a capsule or cylinder, edge of a box */
  SURFACE_RIM,   /* of a cylinder */
  /* two boxes: a corner on a face, an edge at the side of a face, a face under a corner, two edges */
  SURFACE_BOX_CORNER,
  SURFACE_BOX_EDGE,
  SURFACE_BOX_FACE,
  SURFACE_BOX_EDGES,
  SURFACE_NEAREST, /* nearest points found by iteration */
  SURFACES         /* number of values */
} df_contact_surface;
typedef enum df_contact_slide {
  SLIDE_NONE,
  SLIDE_NEAREST, /* to the nearest point of a sphere, capsule or edge */
  SLIDE_TO_EDGE, /* of a box */
  SLIDE_TO_CORNER,
  SLIDE_IN_FACE,    /* stays in the plane of a box face */
  SLIDE_WITH_FIRST, /* keeps the width of the box as its distance from the first contact's point */
  SLIDE_UNKNOWN,
  SLIDES /* number of values */
} df_contact_slide;

/* How a contact follows its two bodies: the change of its point, normal and distance beyond rigid motion with the body
 * of side `carrier`, as linear maps of the twist of the other side relative to the carrier: velocity at the contact
 * point, then angular velocity (for displacements: translation, then rotation). These are P, N and D of
 * docs/adjoint.md, section 5. */
typedef struct df_contact_motion {
  double point[3][6], normal[3][6], distance[6];
  int carrier; /* 0 or 1 */
  df_contact_surface surface;
  df_contact_slide slide;
} df_contact_motion;

/* ---- tolerances ----
 * MuJoCo does not report which case of a rule produced a contact, so the case is recognised from the contact's own
 * numbers, up to their rounding. Beyond these tolerances a contact is not recognised and its step counts as
 * approximate, so they must be above the rounding (some 1e-16, relative, enlarged by cancellation) and far below the
 * size of a feature. UPRIGHT_SINE2 is in spatial.h, tolerances of convex.c are there. */

/* Length, m, that is too short to divide by: between a centre and the surface or axis that it touches. MuJoCo computes
 * the normal of a gap below 1e-15 in another way, and the normal of a gap of NO_GAP carries an error of 1e-7. */
static const double NO_GAP = 1e-9;

/* Rounding of directions (sine of the angle between two that should be equal or orthogonal), and of positions relative
 * to the size of a shape: whether a point is at the end of a segment or in the plane of a face. */
static const double ROUNDING = 1e-9;

/* Rounding of a contact of a capsule with a box, relative to their sizes: larger than ROUNDING, since it is enlarged
 * where the segment is nearly parallel to an edge. */
static const double CAPSULE_BOX_ROUNDING = 1e-8;

/* Squared sine of the angle between two axes below which they count as parallel (3e-5 rad): nearest points are then not
 * unique, and the equations for how they slide are singular. */
static const double PARALLEL_SINE2 = 1e-9;

/* Pivot below which the equations of nearest points count as singular, as for a face on a face. */
static const double SINGULAR_PIVOT = 1e-9;

/* ---- rules ---- */

/* how a pair of geom types is differentiated (types in MuJoCo's order, the smaller one first) */
typedef enum df_contact_rule {
  CONTACT_PLANE,   /* a point fixed to the second body against a static plane */
  CONTACT_ROLLING, /* a cylinder's rim or an ellipsoid against a static plane: the point slips over the body */
  CONTACT_ROUND,   /* a sphere or capsule against a sphere, capsule or box, and a sphere against a cylinder */
  CONTACT_BOXES,   /* two boxes */
  CONTACT_NEAREST, /* nearest points that MuJoCo finds by iteration */
  CONTACT_FROZEN   /* any other pair: the point moves with the mean of both bodies, the normal with one of them */
} df_contact_rule;
df_contact_rule df_contact_rule_of(int type0, int type1);
/* Whether the rule is exact for the pair, as long as each contact fits a case of the rule. */
bool df_contact_exact(int type0, int type1);

/* one geom of a contact; pointers into mjModel and mjData */
typedef struct df_shape {
  int type;                              /* mjtGeom */
  const mjtNum *size, *position, *frame; /* [3], [3] world, [9] row-major with the geom's axes as columns */
  const float* vertex;                   /* [nvertex][3] of a mesh, in its frame; NULL for other types */
  int nvertex;
} df_shape;

/* a contact: its geoms, and the point, normal (unit, from shape 0 to shape 1) and distance of its mjContact, in m and
 * in the world frame */
typedef struct df_touch {
  df_shape shape[2];
  double point[3], normal[3], distance;
} df_touch;

df_touch df_touch_of(const mjModel* m, const mjData* d, const mjContact* c);

/* Fills *out for the contact d->contact[contact] and returns whether it is exact. A contact that fits no case gets the
 * motion of CONTACT_FROZEN and is not exact. */
bool df_contact_motion_of(const mjModel* m, const mjData* d, int contact, df_contact_motion* out);

/* ---- capsule_box.c ---- */

/* Sets `slide` [6]: the point of a capsule's segment that MuJoCo chose against a box moves along the segment by
 * slide . twist, with the twist of the capsule relative to the box at that point. `first` is the preceding contact of
 * the same two geoms, or NULL if there is none. Returns the case, or SLIDE_UNKNOWN if the contact fits none. */
df_contact_slide df_capsule_on_box(const df_touch* touch, const df_touch* first, double slide[6]);

/* ---- box_box.c ---- */

/* Fills *out, which must be zero, for two boxes. False if the contact fits no case; *out is then undefined. */
bool df_boxes_motion(const df_touch* touch, df_contact_motion* out);

/* ---- convex.c ---- */

/* Fills *out, which must be zero, for nearest points that MuJoCo found by iteration. False if a point does not lie on
 * its surface or the equations are singular; *out is then undefined. */
bool df_nearest_motion(const df_touch* touch, df_contact_motion* out);

/* ---- crossing_axes.c ---- */

/* Distance r, m, of the centre of shape 0 (a sphere, or the nearest point of a capsule's segment) from shape 1: from
 * the axis of a capsule, from the centre of a sphere, from the surface of any other shape. */
double df_gap_of(const df_touch* touch);
/* Whether the centres or axes of two spheres or capsules meet: r < NO_GAP. */
bool df_axes_meet(const df_touch* touch);
/* Whether `motion` is that of two capsules whose axes cross inside both segments, with the normal across both axes. If
 * not, the normal of axes that meet comes from rounding. */
bool df_axes_cross(const df_touch* touch, const df_contact_motion* motion);
/* Whether no joint between the two bodies moves axes that meet apart or turns the normal, as in a planar mechanism.
 * Otherwise there is no derivative: the distance has no sign, and the normal jumps. */
bool df_axes_stay(const mjModel* m, const mjData* d, const mjContact* c, const df_touch* touch);

/* ---- shared by the rules ---- */

/* axis = axis k of a geom, in the world */
static inline void shape_axis(const df_shape* shape, int k, double axis[3]) {
  for (int i = 0; i < 3; i++) axis[i] = shape->frame[3 * i + k];
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
void df_flat_motion(const df_touch* touch, int flat_side, const double at[3], double feature[3][6],
                    df_contact_motion* out);

#endif
