/* how far a model is from the parts of it that cannot move */
#include <math.h>

#include "collision_filter.h"
#include "mujoco_error.h"
#include "simulator.h"

/* beyond this distance geoms are not measured, m */
static const double FAR = 1e4;

static bool is_fixed(const mjModel* m, int geom) {
  return m->body_weldid[m->geom_bodyid[geom]] == 0;
}

/* whether a moving and a fixed geom can collide and their distance is known */
static bool meet(const mjModel* m, int moving, int fixed) {
  const int a = m->geom_type[moving], b = m->geom_type[fixed];
  const bool measured = a != mjGEOM_HFIELD && b != mjGEOM_HFIELD && a != mjGEOM_SDF && b != mjGEOM_SDF;
  return measured && a != mjGEOM_PLANE && (df_may_collide(m, moving, fixed) || df_has_pair(m, moving, fixed));
}

typedef struct ground {
  df_sim* sim;
  int root; /* of the tree that is measured; 0: all */
  double distance;
} ground;

static void measure(void* argument) {
  ground* g = argument;
  const mjModel* m = g->sim->system->model;
  for (int fixed = 0; fixed < m->ngeom; fixed++) {
    for (int moving = 0; is_fixed(m, fixed) && moving < m->ngeom; moving++) {
      if (is_fixed(m, moving) || !meet(m, moving, fixed)) continue;
      if (g->root > 0 && m->body_rootid[m->geom_bodyid[moving]] != g->root) continue;
      g->distance = fmin(g->distance, mj_geomDistance(m, g->sim->data, moving, fixed, FAR, NULL));
    }
  }
}

double df_mujoco_ground_distance(df_sim* sim, int root) {
  ground g = {.sim = sim, .root = root, .distance = INFINITY};
  if (!df_mujoco_guarded(measure, &g)) sim->needs_reset = true;
  return g.distance;
}
