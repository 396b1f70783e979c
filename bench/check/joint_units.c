#include "joint_units.h"

#include <math.h>

#include "check_parts.h"
#include "joints.h"

/* shares of the samples beyond the range as read and as degrees */
static const double MOSTLY = 0.5, HARDLY = 0.02;
/* widths of its range that no hinge in radians moves by, and the share of it that tells that a hinge moves */
static const double WIDTHS = 1.5, USED = 0.1;
/* a factor is 57.3 or 1 to this, and rather 57.3 than 1 from the square root of it on */
static const double ABOUT = 1.15;
/* rad: a range that is narrower than a turn whose radians the compiler of the model read as degrees tells nothing */
static const double NARROW = JOINTS_TURN * JOINTS_DEGREE;

/* the positions of a hinge */
typedef struct extent {
  double lo, hi, beyond, beyond_as_degrees; /* shares of the samples beyond the range */
} extent;

static bool is_beyond(const df_joint* joint, double q) {
  const double slack = HARDLY * joint->width;
  return q < joint->lo - slack || q > joint->hi + slack;
}

static extent extent_of(const trace* m, const df_joint* joint) {
  extent e = {.lo = INFINITY, .hi = -INFINITY};
  for (size_t k = 0; k < m->n; k++) {
    const double q = df_dataset_state(m->data, m->episode[k], m->frame[k])[joint->qpos];
    e.lo = fmin(e.lo, q);
    e.hi = fmax(e.hi, q);
    e.beyond += is_beyond(joint, q) / (double)m->n;
    e.beyond_as_degrees += is_beyond(joint, q * JOINTS_DEGREE) / (double)m->n;
  }
  return e;
}

/* by how many times faster the position changes than the velocity says; NAN: it does not follow it */
static double factor_of(const trace* m, int dof) {
  const trace_fit f = trace_fit_pair(m, dof, dof);
  int lag = LAG_MEAN;
  if (m->data->derived[m->nq + dof] || f.n == 0 || !(f.change > 0) || !(f.speed > 0)) return NAN;
  return trace_fitted_error(&f, &lag) < CHECK_ERROR_LIMIT ? f.slope[lag] : NAN;
}

static bool is_about(double factor, double of) {
  return factor < ABOUT * of && of < ABOUT * factor;
}

static joint_unit unit_of(const df_joint* joint, const extent* e, double factor) {
  const bool limited = isfinite(joint->width) && joint->width > NARROW;
  const bool far = fmax(fabs(e->lo), fabs(e->hi)) > JOINTS_TURN || e->hi - e->lo > WIDTHS * joint->width;
  const bool by_limits = limited && far && e->beyond > MOSTLY && e->beyond_as_degrees <= HARDLY;
  if (!by_limits && !is_about(factor * JOINTS_DEGREE, 1)) return JOINT_RADIANS;
  return factor * factor * JOINTS_DEGREE > 1 ? JOINT_POSITION_IN_DEGREES : JOINT_IN_DEGREES;
}

bool joint_units_find(const trace* m, joint_unit* out) {
  bool degrees = false, radians = false, follows = false, both = false;
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    out[j] = JOINT_RADIANS;
    if (joint->kind != DF_JOINT_HINGE || m->n == 0) continue;
    const extent e = extent_of(m, joint);
    const double factor = factor_of(m, joint->dof);
    out[j] = unit_of(joint, &e, factor);
    degrees |= out[j] != JOINT_RADIANS;
    both |= out[j] == JOINT_IN_DEGREES;
    if (out[j] != JOINT_RADIANS) continue;
    radians |= isfinite(joint->width) && e.beyond <= HARDLY && e.hi - e.lo >= USED * joint->width;
    follows |= is_about(factor, 1);
  }
  return degrees && (radians || (follows && !both));
}

void joint_units_apply(const joint_unit* units, const df_system* system, df_dataset* data) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system);
  for (size_t f = 0; f < data->first[data->episodes]; f++) {
    double* x = data->states + f * (size_t)data->nx;
    for (int j = 0; j < n; j++) {
      if (units[j] == JOINT_RADIANS) continue;
      x[joints[j].qpos] *= JOINTS_DEGREE;
      if (units[j] == JOINT_IN_DEGREES || data->derived[nq + joints[j].dof]) x[nq + joints[j].dof] *= JOINTS_DEGREE;
    }
  }
}
