/* how far a kinematic tree is from everything else that it may touch */
#include <math.h>

#include "collision_filter.h"
#include "mujoco_error.h"
#include "simulator.h"

typedef struct search {
  df_sim* sim;
  int root;
  df_tree_gap found;
} search;

/* whether a geom of the tree and another one may touch, and MuJoCo measures their distance */
static bool meet(const mjModel* m, int own, int other) {
  const int a = m->geom_type[own], b = m->geom_type[other];
  if (a == mjGEOM_HFIELD || b == mjGEOM_HFIELD || a == mjGEOM_SDF || b == mjGEOM_SDF) return false;
  return df_types_collide(a, b) && (df_may_collide(m, own, other) || df_has_pair(m, own, other));
}

static bool is_of_tree(const mjModel* m, int geom, int root) {
  const int body = m->geom_bodyid[geom];
  return m->body_weldid[body] != 0 && m->body_rootid[body] == root;
}

static void look(void* argument) {
  search* s = argument;
  const mjModel* m = s->sim->system->model;
  for (int own = 0; own < m->ngeom; own++) {
    for (int other = 0; is_of_tree(m, own, s->root) && other < m->ngeom; other++) {
      double line[6];
      if (is_of_tree(m, other, s->root) || !meet(m, own, other)) continue;
      const double one = mj_geomDistance(m, s->sim->data, own, other, s->found.distance, line);
      if (!(one < s->found.distance)) continue;
      s->found = (df_tree_gap){one, other, one > 0 ? (line[2] - line[5]) / one : 0};
    }
  }
}

df_tree_gap df_mujoco_tree_gap(df_sim* sim, int root, double most) {
  search s = {.sim = sim, .root = root, .found = {.distance = most, .geom = -1}};
  if (!df_mujoco_guarded(look, &s)) sim->needs_reset = true;
  return s.found;
}
