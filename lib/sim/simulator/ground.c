/* how far a model is from the parts of it that cannot move */
#include <math.h>

#include "mujoco_error.h"
#include "simulator.h"

/* beyond this distance geoms are not measured, m */
static const double FAR = 1e4;

static bool is_fixed(const mjModel* m, int geom) {
  return m->body_weldid[m->geom_bodyid[geom]] == 0;
}

static bool is_pair(const mjModel* m, int a, int b) {
  for (int i = 0; i < m->npair; i++) {
    if (m->pair_geom1[i] == a && m->pair_geom2[i] == b) return true;
    if (m->pair_geom1[i] == b && m->pair_geom2[i] == a) return true;
  }
  return false;
}

/* whether a moving and a fixed geom can collide and their distance is known */
static bool meet(const mjModel* m, int moving, int fixed) {
  const bool listed = m->geom_contype[moving] & m->geom_conaffinity[fixed] ||
                      m->geom_contype[fixed] & m->geom_conaffinity[moving] || is_pair(m, moving, fixed);
  const int a = m->geom_type[moving], b = m->geom_type[fixed];
  const bool measured = a != mjGEOM_HFIELD && b != mjGEOM_HFIELD && a != mjGEOM_SDF && b != mjGEOM_SDF;
  return listed && measured && a != mjGEOM_PLANE;
}

typedef struct ground {
  df_sim* sim;
  double distance;
} ground;

static void measure(void* argument) {
  ground* g = argument;
  const mjModel* m = g->sim->system->model;
  for (int fixed = 0; fixed < m->ngeom; fixed++) {
    for (int moving = 0; is_fixed(m, fixed) && moving < m->ngeom; moving++) {
      if (is_fixed(m, moving) || !meet(m, moving, fixed)) continue;
      g->distance = fmin(g->distance, mj_geomDistance(m, g->sim->data, moving, fixed, FAR, NULL));
    }
  }
}

double df_mujoco_ground_distance(df_sim* sim) {
  ground g = {.sim = sim, .distance = INFINITY};
  if (!df_mujoco_guarded(measure, &g)) sim->needs_reset = true;
  return g.distance;
}
