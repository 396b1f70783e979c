#include "collision_filter.h"

bool df_may_collide(const mjModel* m, int g0, int g1) {
  const bool masks = (m->geom_contype[g0] & m->geom_conaffinity[g1]) || (m->geom_contype[g1] & m->geom_conaffinity[g0]);
  if (!masks) return false;

  /* same or adjacent bodies, where a body stands for all that are welded to it */
  const int b0 = m->geom_bodyid[g0], b1 = m->geom_bodyid[g1];
  const int w0 = m->body_weldid[b0], w1 = m->body_weldid[b1];
  if (w0 == w1) return false;
  const int p0 = m->body_weldid[m->body_parentid[w0]], p1 = m->body_weldid[m->body_parentid[w1]];
  const bool filter = !(m->opt.disableflags & mjDSBL_FILTERPARENT);
  if (filter && w0 != 0 && w1 != 0 && (w0 == p1 || w1 == p0)) return false;

  /* excluded pairs */
  const int signature = b0 < b1 ? (b0 << 16) + b1 : (b1 << 16) + b0;
  for (int i = 0; i < m->nexclude; i++) {
    if (m->exclude_signature[i] == signature) return false;
  }
  return true;
}

bool df_has_pair(const mjModel* m, int g0, int g1) {
  for (int i = 0; i < m->npair; i++) {
    const int a = m->pair_geom1[i], b = m->pair_geom2[i];
    if ((a == g0 && b == g1) || (a == g1 && b == g0)) return true;
  }
  return false;
}

bool df_types_collide(int type0, int type1) {
  return !(type0 == mjGEOM_PLANE && type1 <= mjGEOM_HFIELD) && !(type1 == mjGEOM_PLANE && type0 <= mjGEOM_HFIELD);
}
