/* contact_motion.h: how a contact moves with the two geoms that touch (docs/adjoint.md, section 5).
 *
 * contact_motion.c chooses the rule for a pair of geoms and has the simpler rules; capsule_box.c and box_box.c have the
 * two pairs with many cases, convex.c the pairs whose nearest points MuJoCo finds by iteration, crossing_axes.c
 * capsules whose axes cross. No function here allocates memory; a rule that does not explain a contact returns false or
 * SLIDE_UNKNOWN. */
#ifndef LIB_SIM_CONTACT_CONTACT_MOTION_H
#define LIB_SIM_CONTACT_CONTACT_MOTION_H

#include "contact.h"

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

df_geom_pair df_geom_pair_of(const mjModel* m, const mjData* d, const mjContact* c);

/* Fills *out for the contact d->contact[contact] and returns whether it is exact. A contact that fits no case gets the
 * motion of CONTACT_FROZEN and is not exact. */
bool df_contact_motion_of(const mjModel* m, const mjData* d, int contact, df_contact_motion* out);

/* ---- capsule_box.c ---- */

/* Sets `slide` [6]: the point of a capsule's segment that MuJoCo chose against a box moves along the segment by
 * slide . twist, with the twist of the capsule relative to the box at that point. `first` is the preceding contact of
 * the same two geoms, or NULL if there is none. Returns the case, or SLIDE_UNKNOWN if the contact fits none. */
df_contact_slide df_capsule_on_box(const df_geom_pair* touch, const df_geom_pair* first, double slide[6]);

/* ---- box_box.c ---- */

/* Fills *out, which must be zero, for two boxes. False if the contact fits no case; *out is then undefined. */
bool df_boxes_motion(const df_geom_pair* touch, df_contact_motion* out);
/* Whether the normal stays with the same box whichever way the two tilt. False for parallel faces of which neither
 * covers the other: the normal follows one box or the other, depending on how they tilt, so there is no derivative. */
bool df_boxes_tilt(const df_geom_pair* touch);

/* ---- convex.c ---- */

/* Fills *out, which must be zero, for nearest points that MuJoCo found by iteration. False if a point does not lie on
 * its surface or the equations are singular; *out is then undefined. */
bool df_nearest_motion(const df_geom_pair* touch, df_contact_motion* out);

/* ---- crossing_axes.c ---- */

/* Distance r, m, of the centre of shape 0 (a sphere, or the nearest point of a capsule's segment) from shape 1: from
 * the axis of a capsule, from the centre of a sphere, from the surface of any other shape. */
double df_gap_of(const df_geom_pair* touch);
/* Whether the centres or axes of two spheres or capsules meet: r < NO_GAP. */
bool df_axes_meet(const df_geom_pair* touch);
/* Whether `motion` is that of two capsules whose axes cross inside both segments, with the normal across both axes. If
 * not, the normal of axes that meet comes from rounding. */
bool df_axes_cross(const df_geom_pair* touch, const df_contact_motion* motion);
/* Whether no joint between the two bodies moves axes that meet apart or turns the normal, as in a planar mechanism.
 * Otherwise there is no derivative: the distance has no sign, and the normal jumps. */
bool df_axes_stay(const mjModel* m, const mjData* d, const mjContact* c, const df_geom_pair* touch);
/* Whether no joint between the two bodies turns the normal, so that faces stay parallel. */
bool df_normal_stays(const mjModel* m, const mjData* d, const mjContact* c, const df_geom_pair* touch);
/* Whether no joint turns the axis of a geom, as that of a puck that slides on two joints. */
bool df_axis_stays(const mjModel* m, const mjData* d, int geom);

#endif
