/* derivatives of forces by parameters, the part of a record that systems with parameter gradients add (docs/adjoint.md,
 * section 9) */
#include <math.h>
#include <string.h>

#include "collision_filter.h"
#include "dynaflow/core/assert.h"
#include "impedance.h"
#include "parameter_record.h"

/* ---- actuators ---- */

static df_actuator_slope actuator_slope(const df_mujoco* system, const mjData* d, int i) {
  const mjModel* m = system->model;
  df_actuator_slope out = {0};
  if (system->actuation.plain[i].entry < 0) return out;
  const df_gain_follow follow = df_gain_follows(m, i);
  const int at = m->actuator_outadr[i];
  const double gear = m->actuator_gear[6 * at];
  if (df_plain_damps(m, d, i)) {
    out.implicit_gain = follow.by_velocity ? gear * gear : 0;
    out.implicit_velocity_gain = follow.by_velocity ? 0 : gear * gear;
  }
  if (!df_plain_acts(m, d, i)) return out;
  bool clamped;
  out.gain = df_actuator_control(m, d, i, &clamped) - (follow.by_length ? d->actuator_length[at] : 0) -
             (follow.by_velocity ? d->actuator_velocity[at] : 0);
  out.velocity_gain = -d->actuator_velocity[at];
  return out;
}

/* ---- friction of a contact ---- */

/* parameter class (sliding 0, torsional 1, rolling 2) of friction coefficient k of a contact: two sliding, one
 * torsional, two rolling */
static int friction_class(int k) {
  return k < 2 ? 0 : k == 2 ? 1 : 2;
}

/* The geoms whose value the contact has, by the rule of MuJoCo's mj_contactParam: the geom of higher priority, or that
 * with the larger value, or both if they are equal; none for an explicit <pair>. */
static void friction_owners(const mjModel* m, const mjContact* c, df_friction_slope* out) {
  const int g0 = c->geom[0], g1 = c->geom[1];
  const int p0 = m->geom_priority[g0], p1 = m->geom_priority[g1];
  const bool fixed = df_has_pair(m, g0, g1);
  for (int k = 0; k < FRICTION_CLASSES; k++) {
    const double f0 = m->geom_friction[3 * g0 + k], f1 = m->geom_friction[3 * g1 + k];
    const bool first = p0 > p1 || (p0 == p1 && f0 >= f1), second = p1 > p0 || (p0 == p1 && f1 >= f0);
    out->geom[k][0] = first && !fixed ? g0 : -1;
    out->geom[k][1] = second && !fixed ? g1 : -1;
  }
}

double df_contact_row_times(const df_contact_record* c, int row, const double* x) {
  const double* jac = contact_jacobian(c) + row * c->ndof;
  const int* dofs = contact_dofs(c);
  double sum = 0;
  for (int i = 0; i < c->ndof; i++) sum += jac[i] * x[dofs[i]];
  return sum;
}

/* The edges of a pyramid push along normal +- mu_k tangent_k, so each mu_k sets the direction of its own pair; mu_0
 * also scales the constraint mass of all edges, which is proportional to 1 / (mu_0^2 (1 + mu_0^2)). */
static void pyramid_slope(const mjContact* c, const mjData* d, const df_contact_record* r, const double* v, int row,
                          df_friction_slope* out) {
  /* own direction: forces of the two edges, and their difference along the tangent */
  for (int k = 0; k < c->dim - 1; k++) {
    const int up = row + 2 * k, down = up + 1;
    const double mu = c->friction[k], change = df_contact_row_times(r, k + 1, d->qacc) +
                                               d->efc_KBIP[4 * row + 1] * df_contact_row_times(r, k + 1, v);
    const double fu = df_row_active(d, up) ? -d->efc_D[up] * change : 0;
    const double fd = df_row_active(d, down) ? d->efc_D[down] * change : 0;
    double* to = out->force[friction_class(k)];
    to[0] += fu + fd;
    to[k + 1] += d->efc_force[up] - d->efc_force[down] + mu * (fu - fd);
  }
  /* constraint mass */
  const double mu = c->friction[0], by_mass = -2 / mu - 2 * mu / (1 + mu * mu);
  for (int k = 0; k < c->dim; k++) out->force[0][k] += by_mass * r->force[k];
}

/* Elliptic cone, sticking: the constraint mass along tangent k is proportional to (mu_k / mu_0)^2. */
static void stick_slope(const mjContact* c, const df_contact_record* r, df_friction_slope* out) {
  for (int k = 0; k < c->dim - 1; k++) {
    out->force[friction_class(k)][k + 1] += 2 * r->force[k + 1] / c->friction[k];
    out->force[0][k + 1] -= 2 * r->force[k + 1] / c->friction[0];
  }
}

/* Elliptic cone, sliding: with j = J a - aref, T = |(mu_k j_k)|, mu = mu_0 / sqrt(impratio),
 *   f_0 = -D_0 (j_0 - T) / (1 + mu^2),     f_k = -f_0 mu_k^2 j_k / T */
static void slide_slope(const mjContact* c, const mjData* d, const df_contact_record* r, int row,
                        df_friction_slope* out) {
  /* j, T and f_0 */
  double j[6], t2 = 0;
  for (int k = 0; k < c->dim; k++) j[k] = df_contact_row_times(r, k, d->qacc) - d->efc_aref[row + k];
  for (int k = 1; k < c->dim; k++) t2 += c->friction[k - 1] * c->friction[k - 1] * j[k] * j[k];
  DF_ASSERT(t2 > 0); /* sliding */
  const double t = sqrt(t2), mass = d->efc_D[row], mu = c->mu, one = 1 + mu * mu, f0 = -mass * (j[0] - t) / one;
  /* derivatives of f_0 and of all f_i by mu_k */
  for (int k = 0; k < c->dim - 1; k++) {
    const double own = c->friction[k], dt = own * j[k + 1] * j[k + 1] / t;
    double df0 = mass * dt / one;
    if (k == 0) df0 += 2 * mu * (mu / own) * mass * (j[0] - t) / (one * one);
    double* to = out->force[friction_class(k)];
    to[0] += df0;
    for (int i = 1; i < c->dim; i++) {
      const double along = c->friction[i - 1] * c->friction[i - 1] * j[i] / t;
      to[i] += (f0 * dt / t - df0) * along - (i == k + 1 ? 2 * f0 * along / own : 0);
    }
  }
}

static void friction_slope(const mjModel* m, const mjData* d, const df_contact_record* r, const double* v,
                           df_friction_slope* out) {
  const int row = r->row;
  const mjContact* c = d->contact + d->efc_id[row];
  memset(out, 0, sizeof *out);
  friction_owners(m, c, out);
  if (d->efc_type[row] == mjCNSTR_CONTACT_PYRAMIDAL)
    pyramid_slope(c, d, r, v, row, out);
  else if (d->efc_type[row] == mjCNSTR_CONTACT_ELLIPTIC && d->efc_state[row] == mjCNSTRSTATE_CONE)
    slide_slope(c, d, r, row, out);
  else if (d->efc_type[row] == mjCNSTR_CONTACT_ELLIPTIC)
    stick_slope(c, r, out);
}

/* ---- the record ---- */

static df_parameter_record lay_out(const df_mujoco* system, unsigned char* at) {
  const mjModel* m = system->model;
  df_parameter_record r = {.inertia = (double*)(void*)at};
  r.actuators = (df_actuator_slope*)(void*)(r.inertia + 10 * m->nbody);
  r.frictions = (df_friction_slope*)(void*)(r.actuators + m->nactuator);
  return r;
}

static size_t record_size(const df_mujoco* system, int ncontact) {
  const mjModel* m = system->model;
  return 10 * (size_t)m->nbody * sizeof(double) + (size_t)m->nactuator * sizeof(df_actuator_slope) +
         (size_t)ncontact * sizeof(df_friction_slope);
}

df_parameter_record df_parameter_read(const df_mujoco* system, const df_step_record* record) {
  return lay_out(system, record->parameters);
}

df_status df_record_parameters(df_tape* tape, const df_mujoco* system, const mjData* d, int step) {
  const mjModel* m = system->model;
  tape->steps[step].parameters_at = tape->used;
  DF_ASSERT(step == tape->count && tape->steps[step].contacts_at <= tape->used);
  unsigned char* at = df_tape_extend(tape, record_size(system, tape->steps[step].ncontact));
  if (!at) return DF_E_NOMEM;

  /* inertia per body, actuators */
  const df_parameter_record out = lay_out(system, at);
  memcpy(out.inertia, d->cinert, 10 * (size_t)m->nbody * sizeof *out.inertia);
  for (int i = 0; i < m->nactuator; i++) out.actuators[i] = actuator_slope(system, d, i);

  /* friction per recorded contact */
  const df_step_record r = df_tape_read(tape, system, step);
  const df_contact_record* c = first_contact(&r);
  for (int i = 0; i < r.ncontact; i++, c = next_contact(c)) friction_slope(m, d, c, r.velocity, &out.frictions[i]);
  return DF_OK;
}
