/* Nearest points of two convex surfaces: docs/adjoint.md, section 5. MuJoCo finds them by iteration, to its
 * ccd_tolerance. The derivative here is that of the conditions that the exact nearest points fulfil. */
#include <math.h>
#include <string.h>

#include "contact_algebra.h"
#include "contact_motion.h"
#include "spatial.h"

/* Error of an iterated point, relative to the size of its shape, within which it counts as on a face, an edge or a
 * curved surface. */
static const double TOLERANCE = 1e-4;
/* The same for a mesh, whose faces may be small. Against a sphere the iteration ends at the solution, and the tolerance
 * is ROUNDING. */
static const double MESH_TOLERANCE = 1e-5;

/* How the nearest point moves on its surface (slip) when the outward normal turns relative to the body (turn), both in
 * the two tangents of the contact, as two equations: point . slip = normal . turn. On a round surface the slip is the
 * radius times the turn; a flat surface allows any slip and no turn, a sharp one any turn and no slip. */
typedef struct local_surface {
  double point[2][2], normal[2][2];
} local_surface;

/* The nearest point on a shape, in the shape's frame, with the outward normal and the tangents of the contact in the
 * world. Each function below sets the equations of one type of shape, and returns false if the point does not lie on
 * its surface. */
typedef struct nearest_point {
  const df_shape* shape;
  double local[3], outward[3], tangent[2][3];
  double size;      /* sum of the shape's sizes, m: the length that tolerances are relative to */
  double tolerance; /* of a mesh */
} nearest_point;

/* sets one equation, in the direction e: slip = radius * turn; turn = 0 for an infinite radius */
static void add_direction(local_surface* s, int row, const nearest_point* p, const double e[3], double radius) {
  for (int k = 0; k < 2; k++) {
    const double along = vec_dot(e, p->tangent[k]);
    s->point[row][k] = isinf(radius) ? 0 : along;
    s->normal[row][k] = isinf(radius) ? along : radius * along;
  }
}

/* sets both equations, from the radii along a direction (projected on the tangent plane) and across it */
static void add_directions(local_surface* s, const nearest_point* p, const double along[3], double radius_along,
                           double radius_across) {
  double e[3], across[3];
  const double lean = vec_dot(along, p->outward);
  for (int k = 0; k < 3; k++) e[k] = along[k] - lean * p->outward[k];
  const double length = sqrt(vec_dot(e, e));
  for (int k = 0; k < 3; k++) e[k] /= length;
  vec_cross(across, p->outward, e);
  add_direction(s, 0, p, e, radius_along);
  add_direction(s, 1, p, across, radius_across);
}

/* normal = the outward normal in the frame of the shape */
static void local_normal(const nearest_point* p, double normal[3]) {
  for (int k = 0; k < 3; k++) {
    double axis[3];
    shape_axis(p->shape, k, axis);
    normal[k] = vec_dot(axis, p->outward);
  }
}

static bool sphere_or_capsule(nearest_point* p, local_surface* s) {
  const double radius = p->shape->size[0], half = p->shape->type == mjGEOM_CAPSULE ? p->shape->size[1] : 0;
  double normal[3], centre[3], axis[3];

  /* the point must be a radius away from the segment */
  local_normal(p, normal);
  for (int k = 0; k < 3; k++) centre[k] = p->local[k] - radius * normal[k];
  const double beyond = fmax(fabs(centre[2]) - half, 0);
  if (hypot(hypot(centre[0], centre[1]), beyond) > TOLERANCE * p->size) return false;

  /* side; end, or sphere */
  shape_axis(p->shape, 2, axis);
  if (fabs(centre[2]) < half - TOLERANCE * p->size)
    add_directions(s, p, axis, INFINITY, radius);
  else
    add_directions(s, p, p->tangent[0], radius, radius);
  return true;
}

static bool cylinder(nearest_point* p, local_surface* s) {
  double axis[3], round[3];
  const double radius = p->shape->size[0], margin = TOLERANCE * p->size;
  const double inside = radius - hypot(p->local[0], p->local[1]), below = p->shape->size[1] - fabs(p->local[2]);
  if (fmin(fabs(inside), fabs(below)) > margin) return false;

  /* cap; side; rim */
  shape_axis(p->shape, 2, axis);
  if (inside > margin) {
    add_directions(s, p, p->tangent[0], INFINITY, INFINITY);
  } else if (below > margin) {
    add_directions(s, p, axis, INFINITY, radius);
  } else {
    /* distance along the rim per turn of the normal: R / |axis x normal| */
    vec_cross(round, axis, p->outward);
    const double lean = sqrt(vec_dot(round, round));
    if (lean < TOLERANCE) return false;
    add_directions(s, p, round, radius / lean, 0);
  }
  return true;
}

static bool box(nearest_point* p, local_surface* s) {
  double axis[3];
  int faces = 0, edge = 0;

  /* number of faces that the point is on, and the last axis along which it is on none */
  for (int k = 0; k < 3; k++) {
    if (fabs(p->local[k]) > p->shape->size[k] - TOLERANCE * p->size)
      faces++;
    else
      edge = k;
  }

  /* edge; face (flat) or corner (sharp) */
  shape_axis(p->shape, edge, axis);
  if (faces == 2)
    add_directions(s, p, axis, INFINITY, 0);
  else
    add_directions(s, p, p->tangent[0], faces == 1 ? INFINITY : 0, faces == 1 ? INFINITY : 0);
  return faces > 0;
}

static bool ellipsoid(nearest_point* p, local_surface* s) {
  double radius[3][3], level = 0;
  const mjtNum* size = p->shape->size;

  /* the point must fulfil the equation of the surface */
  for (int k = 0; k < 3; k++) level += p->local[k] * p->local[k] / (size[k] * size[k]);
  if (fabs(sqrt(level) - 1) > TOLERANCE) return false;

  /* slip = K turn, in the tangents */
  df_ellipsoid_radius(p->shape, p->outward, radius);
  for (int i = 0; i < 2; i++) {
    s->point[i][i] = 1;
    for (int k = 0; k < 2; k++) {
      double turned[3];
      for (int j = 0; j < 3; j++) turned[j] = vec_dot(radius[j], p->tangent[k]);
      s->normal[i][k] = vec_dot(p->tangent[i], turned);
    }
  }
  return true;
}

/* At a vertex the surface is sharp. Otherwise it depends on the vertices that are furthest along the normal: a face if
 * they span a plane, an edge if all are on one line. `spread` is their second moment about the point, in the plane of
 * the tangents. */
static bool mesh(nearest_point* p, local_surface* s) {
  const double tolerance = p->tolerance * p->size;
  double normal[3], highest = -INFINITY, nearest = INFINITY, spread[2][2] = {{0}}, along[3], gap[3];
  int count = 0;

  /* height of the highest vertex over the point, and distance of the nearest one */
  local_normal(p, normal);
  for (int i = 0; i < p->shape->nvertex; i++) {
    for (int k = 0; k < 3; k++) gap[k] = p->shape->vertex[3 * i + k] - p->local[k];
    highest = fmax(highest, vec_dot(gap, normal));
    nearest = fmin(nearest, vec_dot(gap, gap));
  }

  /* vertex; not on the surface */
  if (sqrt(nearest) < tolerance) {
    add_directions(s, p, p->tangent[0], 0, 0);
    return true;
  }
  if (fabs(highest) > tolerance) return false;

  /* second moment of the highest vertices */
  for (int i = 0; i < p->shape->nvertex; i++) {
    for (int k = 0; k < 3; k++) gap[k] = p->shape->vertex[3 * i + k] - p->local[k];
    if (vec_dot(gap, normal) < highest - tolerance) continue;
    double world[3] = {0}, t[2];
    for (int k = 0; k < 3; k++) {
      double axis[3];
      shape_axis(p->shape, k, axis);
      vec_add_scaled(world, axis, gap[k]);
    }
    for (int k = 0; k < 2; k++) t[k] = vec_dot(world, p->tangent[k]);
    for (int k = 0; k < 2; k++) spread[k][0] += t[k] * t[0], spread[k][1] += t[k] * t[1];
    count++;
  }

  /* face, or edge along the larger column of the moment, which then has rank 1 */
  const double trace = spread[0][0] + spread[1][1], det = spread[0][0] * spread[1][1] - spread[0][1] * spread[0][1];
  const int larger = spread[1][1] > spread[0][0];
  for (int k = 0; k < 3; k++) along[k] = spread[larger][0] * p->tangent[0][k] + spread[larger][1] * p->tangent[1][k];
  add_directions(s, p, along, INFINITY, det > MESH_TOLERANCE * trace * trace ? INFINITY : 0);
  return count >= 2;
}

/* Sets p->local, p->size and the equations for the point `point` in the world; the other members of *p are given. */
static bool surface_of(nearest_point* p, const double point[3], local_surface* s) {
  *s = (local_surface){{{0}}, {{0}}};
  for (int k = 0; k < 3; k++) {
    double axis[3], arm[3];
    shape_axis(p->shape, k, axis);
    for (int i = 0; i < 3; i++) arm[i] = point[i] - p->shape->position[i];
    p->local[k] = vec_dot(axis, arm);
  }
  p->size = p->shape->size[0] + p->shape->size[1] + p->shape->size[2];
  switch (p->shape->type) {
    case mjGEOM_SPHERE:
    case mjGEOM_CAPSULE:
      return sphere_or_capsule(p, s);
    case mjGEOM_CYLINDER:
      return cylinder(p, s);
    case mjGEOM_BOX:
      return box(p, s);
    case mjGEOM_ELLIPSOID:
      return ellipsoid(p, s);
    case mjGEOM_MESH:
      return mesh(p, s);
    default:
      return false;
  }
}

/* ---- the conditions ---- */

/* columns of the equations: the unknowns, two tangents each, then the right-hand side for each component of a twist */
enum { UNKNOWNS = 6, TURN = 0, SLIP0 = 2, SLIP1 = 4, COLUMNS = UNKNOWNS + 6 };

/* Gauss-Jordan elimination with partial pivoting: the right-hand columns become the solution. False if singular. */
static bool eliminate(double a[UNKNOWNS][COLUMNS]) {
  for (int k = 0; k < UNKNOWNS; k++) {
    /* swap the row of the largest pivot with row k */
    int pivot = k;
    for (int i = k + 1; i < UNKNOWNS; i++) {
      if (fabs(a[i][k]) > fabs(a[pivot][k])) pivot = i;
    }
    if (fabs(a[pivot][k]) < SINGULAR_PIVOT) return false;
    for (int j = 0; j < COLUMNS; j++) {
      const double t = a[k][j];
      a[k][j] = a[pivot][j];
      a[pivot][j] = t;
    }

    /* scale row k, and eliminate its column from the other rows */
    const double inverse = 1 / a[k][k];
    for (int j = k; j < COLUMNS; j++) a[k][j] *= inverse;
    for (int i = 0; i < UNKNOWNS; i++) {
      const double factor = a[i][k];
      if (i == k || factor == 0) continue;
      for (int j = k; j < COLUMNS; j++) a[i][j] -= factor * a[k][j];
    }
  }
  return true;
}

/* Sets up the equations in `a`, which is zero. The unknowns are the turn of the normal and the slips of both points,
 * seen from the second body, in the tangents. Rows 0 and 1: the points stay opposite each other along the normal,
 * slip_1 - slip_0 - x dn = v(w0). Rows 2 and 3, and 4 and 5: each point stays where its surface has that normal.
 * `velocity` [3][6] is the velocity of the first body at its point, for a twist at the contact point. */
static void set_up(const df_geom_pair* t, double tangent[2][3], const local_surface surface[2], double velocity[3][6],
                   double a[UNKNOWNS][COLUMNS]) {
  for (int i = 0; i < 2; i++) {
    double turned[3]; /* the first body's rotation w turns the normal against it by n x w */
    vec_cross(turned, tangent[i], t->normal);
    a[i][TURN + i] = -t->distance;
    a[i][SLIP0 + i] = -1;
    a[i][SLIP1 + i] = 1;
    for (int k = 0; k < 6; k++) {
      for (int j = 0; j < 3; j++) a[i][UNKNOWNS + k] += tangent[i][j] * velocity[j][k];
    }
    for (int row = 0; row < 2; row++) {
      a[2 + row][SLIP0 + i] = surface[0].point[row][i];
      a[2 + row][TURN + i] = -surface[0].normal[row][i];
      for (int k = 0; k < 3; k++) a[2 + row][UNKNOWNS + 3 + k] += surface[0].normal[row][i] * turned[k];
      a[4 + row][SLIP1 + i] = surface[1].point[row][i];
      a[4 + row][TURN + i] = surface[1].normal[row][i];
    }
  }
}

bool df_nearest_motion(const df_geom_pair* t, df_contact_motion* out) {
  double velocity[3][6] = {{0}}, a[UNKNOWNS][COLUMNS] = {{0}}, witness[2][3], tangent[2][3];
  local_surface surface[2];
  const double* n = t->normal;

  /* two tangents of the contact */
  double helper[3] = {0};
  helper[fabs(n[0]) < 0.5 ? 0 : 1] = 1;
  vec_cross(tangent[0], n, helper);
  const double length = sqrt(vec_dot(tangent[0], tangent[0]));
  for (int k = 0; k < 3; k++) tangent[0][k] /= length;
  vec_cross(tangent[1], n, tangent[0]);

  /* nearest points w = p -+ n x/2, and the surface at each */
  for (int i = 0; i < 2; i++) {
    const double sign = i == 0 ? 1 : -1;
    nearest_point p = {.shape = &t->shape[i],
                       .tolerance = t->shape[0].type == mjGEOM_SPHERE ? ROUNDING : MESH_TOLERANCE};
    memcpy(p.tangent, tangent, sizeof tangent);
    for (int k = 0; k < 3; k++) {
      p.outward[k] = sign * n[k];
      witness[i][k] = t->point[k] - 0.5 * sign * t->distance * n[k];
    }
    if (!surface_of(&p, witness[i], &surface[i])) return false;
  }

  /* equations for the turn of the normal and the slips */
  for (int k = 0; k < 3; k++) velocity[k][k] = 1;
  df_rows_at(3, velocity, witness[0], t->point);
  set_up(t, tangent, surface, velocity, a);
  if (!eliminate(a)) return false;

  /* N is the turn, P the mean of both points, D = -n . v(w0) */
  out->carrier = 1;
  out->surface = SURFACE_NEAREST;
  for (int k = 0; k < 6; k++) {
    const int right = UNKNOWNS + k;
    for (int i = 0; i < 3; i++) {
      out->normal[i][k] = a[TURN][right] * tangent[0][i] + a[TURN + 1][right] * tangent[1][i];
      out->point[i][k] = 0.5 * (velocity[i][k] + (a[SLIP0][right] + a[SLIP1][right]) * tangent[0][i] +
                                (a[SLIP0 + 1][right] + a[SLIP1 + 1][right]) * tangent[1][i]);
      out->distance[k] -= n[i] * velocity[i][k];
    }
  }
  return true;
}
