/* contact_motion.h: how a contact follows the two geoms that touch (docs/adjoint.md, section 5). contact_motion.c has
 * the rules; capsule_box.c and box_box.c the two pairs with many cases, convex.c the pairs whose nearest points MuJoCo
 * finds by iteration, crossing_axes.c a case without a distance. */
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

/* how a pair of geom types is differentiated (types in MuJoCo's order, the smaller first) */
typedef enum df_contact_rule {
  CONTACT_PLANE,   /* a point fixed to the second body against a static plane */
  CONTACT_ROLLING, /* a cylinder's rim or an ellipsoid against a static plane: the point slips over the body */
  CONTACT_ROUND,   /* a sphere or capsule against a sphere, capsule, box, a sphere against a cylinder */
  CONTACT_BOXES,   /* two boxes */
  CONTACT_NEAREST, /* nearest points that MuJoCo finds by iteration */
  CONTACT_FROZEN   /* any other: the point moves with both bodies, the normal with one */
} df_contact_rule;
df_contact_rule df_contact_rule_of(int type0, int type1);
/* whether the rule is exact for the pair */
bool df_contact_exact(int type0, int type1);

/* one geom of a contact */
typedef struct df_shape {
  int type;
  const mjtNum *size, *position, *frame; /* [3], [3], [9] with the axes as columns */
  const float* vertex;                   /* [nvertex][3] of a mesh, in its frame */
  int nvertex;
} df_shape;

typedef struct df_touch {
  df_shape shape[2];
  double point[3], normal[3], distance; /* as in mjContact */
} df_touch;

df_touch df_touch_of(const mjModel* m, const mjData* d, const mjContact* c);

/* Fills *out for the contact d->contact[contact]; true if it is exact. If no known case explains the contact *out is
 * that of CONTACT_FROZEN. */
bool df_contact_motion_of(const mjModel* m, const mjData* d, int contact, df_contact_motion* out);

/* ---- capsule_box.c ---- */

/* The point of a capsule's segment that MuJoCo chose against a box slides along the segment by `slide` . twist, the
 * capsule's twist at that point relative to the box. `first` is the contact before it with the same geoms, or NULL.
 * Returns the case, SLIDE_UNKNOWN if there is none. */
df_contact_slide df_capsule_on_box(const df_touch* touch, const df_touch* first, double slide[6]);

/* ---- box_box.c ---- */

bool df_boxes_motion(const df_touch* touch, df_contact_motion* out);

/* ---- convex.c ---- */

bool df_nearest_motion(const df_touch* touch, df_contact_motion* out);

/* ---- crossing_axes.c ---- */

/* a distance between a centre and what it touches that is too short to divide by: MuJoCo finds the normal of a gap
 * below 1e-15 in another way, and one of NO_GAP carries an error of 1e-7 */
static const double NO_GAP = 1e-9;

/* how far the centre of a round shape is from the second shape (from a capsule's axis, a sphere's centre) */
double df_gap_of(const df_touch* touch);
/* whether the centres or axes of two round shapes meet */
bool df_axes_meet(const df_touch* touch);
/* Whether they are axes that cross inside both segments, with the normal across both. It is not where rounding made
 * it. */
bool df_axes_cross(const df_touch* touch, const df_contact_motion* motion);
/* Whether no motion parts axes that meet or turns the normal, as in a planar mechanism. Else there is no derivative:
 * the distance has no sign, and the normal jumps. */
bool df_axes_stay(const mjModel* m, const mjData* d, const mjContact* c, const df_touch* touch);

/* ---- algebra of the rules ---- */

/* axis k of a geom */
static inline void shape_axis(const df_shape* shape, int k, double axis[3]) {
  for (int i = 0; i < 3; i++) axis[i] = shape->frame[3 * i + k];
}

/* the twist at `to` of a body that moves with the twist at `from` is a linear map of it; rows [n][6] that pair with
 * twists at `from` are turned into rows for twists at `to` */
void df_rows_at(int n, double rows[][6], const double from[3], const double to[3]);

/* How far the point of an ellipsoid with an outward normal moves when the normal turns: a symmetric matrix. */
void df_ellipsoid_radius(const df_shape* shape, const double outward[3], double radius[3][3]);

/* whether the point at `at` of a capsule's segment lies inside it */
bool df_inside_segment(const df_shape* capsule, const double at[3]);

/* The slide to the point of an axis nearest to a line of the other body (to a point if `line` is NULL), `gap` away: the
 * conditions axis . gap = line . gap = 0. False if the two are parallel and have no nearest points. */
bool df_slide_to(const double axis[3], const double* line, const double gap[3], double slide[6]);

/* The motion of a contact with a flat side: `feature` [3][6] is how the point that touches moves relative to the flat
 * side, for a twist at that point. */
void df_flat_motion(const df_touch* touch, int flat_side, const double at[3], double feature[3][6],
                    df_contact_motion* out);

#endif
