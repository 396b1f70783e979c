/* contact.h: a contact as the rules of contact_motion.h see it, and how it moves with its two bodies (docs/adjoint.md,
 * section 5). */
#ifndef LIB_SIM_CONTACT_CONTACT_H
#define LIB_SIM_CONTACT_CONTACT_H

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

/* ---- a contact ---- */

/* one geom of a contact; pointers into mjModel and mjData */
typedef struct df_shape {
  int type;                              /* mjtGeom */
  const mjtNum *size, *position, *frame; /* [3], [3] world, [9] row-major with the geom's axes as columns */
  const float* vertex;                   /* [nvertex][3] of a mesh, in its frame; NULL for other types */
  int nvertex;
} df_shape;

/* a contact: its geoms, and the point, normal (unit, from shape 0 to shape 1) and distance of its mjContact, in m and
 * in the world frame */
typedef struct df_geom_pair {
  df_shape shape[2];
  double point[3], normal[3], distance;
} df_geom_pair;

/* axis = axis k of a geom, in the world */
static inline void shape_axis(const df_shape* shape, int k, double axis[3]) {
  for (int i = 0; i < 3; i++) axis[i] = shape->frame[3 * i + k];
}

#endif
