/* the parts of a model that cannot move: how far it is from them, and how high they are */
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
  int geom; /* that is measured alone; -1: all */
  double distance;
} ground;

static void measure(void* argument) {
  ground* g = argument;
  const mjModel* m = g->sim->system->model;
  for (int fixed = 0; fixed < m->ngeom; fixed++) {
    for (int moving = 0; is_fixed(m, fixed) && moving < m->ngeom; moving++) {
      if (is_fixed(m, moving) || !meet(m, moving, fixed)) continue;
      if (g->geom >= 0 && g->geom != moving) continue;
      if (g->root > 0 && m->body_rootid[m->geom_bodyid[moving]] != g->root) continue;
      g->distance = fmin(g->distance, mj_geomDistance(m, g->sim->data, moving, fixed, FAR, NULL));
    }
  }
}

double df_mujoco_ground_distance(df_sim* sim, int root) {
  ground g = {.sim = sim, .root = root, .geom = -1, .distance = INFINITY};
  if (!df_mujoco_guarded(measure, &g)) sim->needs_reset = true;
  return g.distance;
}

double df_mujoco_geom_ground_distance(df_sim* sim, int geom) {
  ground g = {.sim = sim, .geom = geom, .distance = INFINITY};
  if (!df_mujoco_guarded(measure, &g)) sim->needs_reset = true;
  return g.distance;
}

/* whether a geom cannot move and may collide */
static bool is_ground(const mjModel* m, int geom) {
  return is_fixed(m, geom) && (m->geom_contype[geom] || m->geom_conaffinity[geom]);
}

typedef struct below {
  df_sim* sim;
  const double* point;
  double height;
} below;

/* how far a geom is below the point; -1: it is not */
static double depth_of(const mjModel* m, const mjData* d, int geom, const double* point) {
  static const double down[3] = {0, 0, -1};
  const double *at = d->geom_xpos + 3 * (size_t)geom, *axes = d->geom_xmat + 9 * (size_t)geom;
  const int type = m->geom_type[geom];
  if (type == mjGEOM_SDF) return -1;
  if (type == mjGEOM_HFIELD) return mj_rayHfield(m, d, geom, point, down, NULL);
  if (type == mjGEOM_MESH) return mj_rayMesh(m, d, geom, point, down, NULL);
  if (type != mjGEOM_PLANE) return mju_rayGeom(at, axes, m->geom_size + 3 * (size_t)geom, point, down, type, NULL);
  /* MuJoCo's rays end at the drawn edge of a plane, contacts do not */
  const double normal[3] = {axes[2], axes[5], axes[8]};
  double above = 0;
  for (int k = 0; k < 3; k++) above += normal[k] * (point[k] - at[k]);
  return normal[2] > 0 && above >= 0 ? above / normal[2] : -1;
}

static void look_below(void* argument) {
  below* b = argument;
  const mjModel* m = b->sim->system->model;
  for (int geom = 0; geom < m->ngeom; geom++) {
    if (!is_ground(m, geom)) continue;
    const double depth = depth_of(m, b->sim->data, geom, b->point);
    if (depth >= 0) b->height = fmax(b->height, b->point[2] - depth);
  }
}

/* Whether the normal of a plane points up, apart from what rounding leaves of a plane that is turned about the
 * vertical: a slope of 1e-6 is 0.1 mm over 100 m. */
static bool is_level(const double axes[9]) {
  static const double SLOPE = 1e-6;
  return axes[8] > 0 && hypot(axes[2], axes[5]) <= SLOPE;
}

bool df_mujoco_ground_is_flat(df_sim* sim, double* height) {
  const mjModel* m = sim->system->model;
  const mjData* d = sim->data;
  *height = -INFINITY;
  for (int geom = 0; geom < m->ngeom; geom++) {
    if (!is_ground(m, geom)) continue;
    if (m->geom_type[geom] != mjGEOM_PLANE || !is_level(d->geom_xmat + 9 * (size_t)geom)) return false;
    *height = fmax(*height, d->geom_xpos[3 * (size_t)geom + 2]);
  }
  return true;
}

double df_mujoco_ground_below(df_sim* sim, const double point[3]) {
  below b = {.sim = sim, .point = point, .height = -INFINITY};
  if (!df_mujoco_guarded(look_below, &b)) sim->needs_reset = true;
  return b.height;
}
