/* Two capsules whose axes cross, as in a planar mechanism, where the axes of all bodies lie in one plane:
 * docs/adjoint.md, section 5. No gap defines the normal; MuJoCo takes the normal across both axes. */
#include <math.h>

#include "contact_motion.h"
#include "spatial.h"

/* whether the distance of a shape is measured from a centre or an axis, `size[0]` below its surface */
static bool is_thick(const df_shape* s) {
  return s->type == mjGEOM_SPHERE || s->type == mjGEOM_CAPSULE;
}

double df_gap_of(const df_geom_pair* t) {
  return t->shape[0].size[0] + (is_thick(&t->shape[1]) ? t->shape[1].size[0] : 0) + t->distance;
}

bool df_axes_meet(const df_geom_pair* t) {
  return is_thick(&t->shape[1]) && df_gap_of(t) < NO_GAP;
}

bool df_axes_cross(const df_geom_pair* t, const df_contact_motion* motion) {
  double axis[2][3];

  /* inside both segments */
  if (t->shape[1].type != mjGEOM_CAPSULE || motion->surface != SURFACE_LINE || motion->slide != SLIDE_NEAREST)
    return false;

  /* normal across both axes */
  for (int s = 0; s < 2; s++) shape_axis(&t->shape[s], 2, axis[s]);
  return fabs(vec_dot(axis[0], t->normal)) < ROUNDING && fabs(vec_dot(axis[1], t->normal)) < ROUNDING;
}

/* whether a dof turns a direction */
static bool turns(const mjData* d, int dof, const double direction[3]) {
  double turned[3];
  vec_cross(turned, d->cdof + 6 * dof, direction);
  return vec_dot(turned, turned) > ROUNDING * ROUNDING;
}

/* whether a dof moves the point of its body along n (relative to how far it moves the point), or turns n */
static bool leaves_plane(const mjModel* m, const mjData* d, int dof, const double point[3], const double n[3]) {
  const mjtNum *turn = d->cdof + 6 * dof, *origin = d->subtree_com + 3 * m->body_rootid[m->dof_bodyid[dof]];
  double arm[3], velocity[3];
  for (int k = 0; k < 3; k++) arm[k] = point[k] - origin[k];
  vec_cross(velocity, turn, arm);
  vec_add_scaled(velocity, turn + 3, 1);
  return fabs(vec_dot(velocity, n)) > ROUNDING * sqrt(vec_dot(velocity, velocity)) || turns(d, dof, n);
}

/* the last dof that moves a body, -1 if none does */
static int last_dof(const mjModel* m, int body) {
  while (body > 0 && m->body_dofnum[body] == 0) body = m->body_parentid[body];
  return body > 0 ? m->body_dofadr[body] + m->body_dofnum[body] - 1 : -1;
}

bool df_axis_stays(const mjModel* m, const mjData* d, int geom) {
  double axis[3];
  for (int k = 0; k < 3; k++) axis[k] = d->geom_xmat[9 * geom + 3 * k + 2];
  for (int dof = last_dof(m, m->geom_bodyid[geom]); dof >= 0; dof = m->dof_parentid[dof]) {
    if (turns(d, dof, axis)) return false;
  }
  return true;
}

/* whether no dof between the two bodies turns the normal, nor, if `in_plane`, moves the contact point along it */
static bool stays(const mjModel* m, const mjData* d, const mjContact* c, const df_geom_pair* t, bool in_plane) {
  int dof[2];

  /* climb from both bodies to their common ancestor */
  for (int s = 0; s < 2; s++) dof[s] = last_dof(m, m->geom_bodyid[c->geom[s]]);
  while (dof[0] != dof[1]) {
    const int s = dof[1] > dof[0];
    if (in_plane ? leaves_plane(m, d, dof[s], t->point, t->normal) : turns(d, dof[s], t->normal)) return false;
    dof[s] = m->dof_parentid[dof[s]];
  }
  return true;
}

bool df_axes_stay(const mjModel* m, const mjData* d, const mjContact* c, const df_geom_pair* t) {
  return stays(m, d, c, t, true);
}

bool df_normal_stays(const mjModel* m, const mjData* d, const mjContact* c, const df_geom_pair* t) {
  return stays(m, d, c, t, false);
}
