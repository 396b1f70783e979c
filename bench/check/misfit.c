#include "misfit.h"

#include <math.h>
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/dynamics.h"
#include "stop.h"

/* m: heights of this size above or in the floor count half; m/s: the same for slip; of large models */
static const double HEIGHT = 0.2, SPEED = 0.5;
/* contacts in a smaller share of the poses do not show what slides */
static const double RARELY = 0.2;
/* by how much parts that are not errors of velocities have to fall together; and the share of all that falls which may
 * rise elsewhere */
static const double FALLS = 0.2, RISES = 0.5;
/* what counts of the tilt: less than one setting more has to explain */
static const double OF_TILT = 0.05;
/* m: what hovers by less has a small mistake of its height, not one of a convention */
static const double NEAR = 0.01;
/* the tilt that falls where nothing else changes by more */
static const double RIGHTED = 0.25, SAME = 0.05;

const char* misfit_part_name(bool based, int part) {
  static const char* const names[] = {[MISFIT_LIMITS] = "joint limits",
                                      [MISFIT_GROUND] = "distance to the floor",
                                      [MISFIT_TILT] = "tilt of the base",
                                      [MISFIT_SLIP] = "slip",
                                      [MISFIT_COUPLING] = "couplings of joints"};
  if (part == MISFIT_TILT && !based) return "tilt of the first object";
  return part < MISFIT_LIMITS ? trace_group_name(based, part - MISFIT_FITS) : names[part];
}

void misfit_contact_name(const df_system* system, char name[MISFIT_NAME_MAX]) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  const char* parts[4];
  int count = 0;
  size_t at = 0;
  bool limits = false;
  for (int j = 0; j < n; j++) limits |= isfinite(joints[j].width);
  if (limits) parts[count++] = "joint limits";
  if (pose_may_touch_ground(system)) {
    parts[count++] = "floor";
    parts[count++] = "slip";
  }
  if (df_mujoco_couplings(system, NULL, NULL, NULL)) parts[count++] = "couplings";
  if (count == 0) parts[count++] = "poses";
  for (int i = 0; i < count; i++) {
    const char* between = i + 1 < count ? ", " : " and ";
    at += (size_t)snprintf(name + at, MISFIT_NAME_MAX - at, "%s%s", i ? between : "", parts[i]);
  }
}

static void fill_poses(const trace* m, const pose_summary* p, misfit* out) {
  const double above = p->flies ? 0 : fmax(0, p->lowest - p->start), off = p->lowest < 0 ? -p->lowest : above;
  out->lowest = p->lowest;
  out->sinks = p->sinks;
  /* without gravity there is no upright */
  if (p->has_base && df_mujoco_gravity(m->system) > 0) out->part[MISFIT_TILT] = (1 - p->upright) / 2;
  if (!p->has_ground) return;
  out->part[MISFIT_GROUND] = off / (off + pose_length(p, HEIGHT));
  if (p->touching >= RARELY) {
    out->part[MISFIT_SLIP] = p->slip / (p->slip + pose_speed(p, SPEED));
  } else if (!p->flies) {
    out->part[MISFIT_SLIP] = 0.5;
    out->need_not_touch = !trace_has_base(m) || (p->lowest > 0 && p->lowest < NEAR);
  }
}

/* frames that are looked at */
enum { COUPLED_FRAMES = 4000 };

df_status misfit_of_each_coupling(const df_dataset* data, const df_system* system, double* each) {
  const int n = df_mujoco_couplings(system, NULL, NULL, NULL);
  const size_t rows = data->first[data->episodes], every = rows / COUPLED_FRAMES + 1;
  if (n == 0) return DF_OK;
  double* off = df_alloc(4 * (size_t)n, sizeof *off);
  if (!off) return DF_E_NOMEM;
  double *size = off + n, *violated = size + n, *all = violated + n;
  for (size_t row = 0; row < rows; row += every) {
    df_mujoco_couplings(system, data->states + row * (size_t)data->nx, off, size);
    for (int k = 0; k < n; k++) {
      violated[k] += off[k] * off[k];
      all[k] += size[k] * size[k];
    }
  }
  for (int k = 0; k < n; k++) {
    each[k] = all[k] > 0 ? fmin(1, sqrt(violated[k] / all[k])) : 0;
  }
  df_free(off);
  return DF_OK;
}

/* the sum, so that one that is violated anyway does not hide what the others say */
static df_status add_couplings(const trace* m, double* sum) {
  const int n = df_mujoco_couplings(m->system, NULL, NULL, NULL);
  *sum = 0;
  double* each = df_alloc((size_t)n + 1, sizeof *each);
  if (!each) return DF_E_NOMEM;
  const df_status status = misfit_of_each_coupling(m->data, m->system, each);
  for (int k = 0; k < n && status == DF_OK; k++) *sum += each[k];
  df_free(each);
  return status;
}

/* limits, couplings and poses */
static df_status add_poses(const trace* m, const check_cfg* cfg, misfit* out) {
  pose_summary poses;
  out->part[MISFIT_LIMITS] = check_limit_share(m);
  out->hinges = check_limit_share_of_hinges(m);
  out->acceleration = trace_acceleration(m);
  DF_TRY(add_couplings(m, &out->part[MISFIT_COUPLING]));
  DF_TRY(pose_summary_of(m, cfg->poses_max, &poses));
  fill_poses(m, &poses, out);
  return DF_OK;
}

static void add_velocities(const trace* m, misfit* out) {
  for (int g = 0; g < GROUPS; g++) {
    const trace_fit f = trace_fit_group(m, g);
    int lag = LAG_MEAN;
    if (!(f.n > 0 && f.speed > 0) || trace_rests(m, g)) continue;
    out->part[MISFIT_FITS + g] = trace_fitted_error(&f, &lag);
    if (out->part[MISFIT_FITS + g] < CHECK_ERROR_LIMIT) out->slope[g] = f.slope[lag];
  }
}

df_status misfit_of_trace(const trace* m, const check_cfg* cfg, misfit* out) {
  *out = (misfit){0};
  add_velocities(m, out);
  return add_poses(m, cfg, out);
}

static df_status measure(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                         bool velocities, misfit* out) {
  trace m;
  *out = (misfit){0};
  DF_TRY(stop_check());
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  if (status == DF_OK && velocities) add_velocities(&m, out);
  if (status == DF_OK) status = add_poses(&m, cfg, out);
  trace_clear(&m);
  return status;
}

df_status misfit_of(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                    misfit* out) {
  return measure(data, system, h, cfg, true, out);
}

df_status misfit_of_poses(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                          misfit* out) {
  return measure(data, system, h, cfg, false, out);
}

/* what a part counts */
static double counted(const misfit* m, int part) {
  return part == MISFIT_TILT ? OF_TILT * m->part[part] : m->part[part];
}

df_status misfit_of_trace_halves(const trace* m, const check_cfg* cfg, double contact[2]) {
  for (int k = 0; k < 2; k++) {
    const trace half = trace_half(m, k);
    misfit fit = {0};
    DF_TRY(add_poses(&half, cfg, &fit));
    contact[k] = misfit_of_contact(&fit);
  }
  return DF_OK;
}

df_status misfit_of_halves(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                           double contact[2]) {
  trace m;
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  if (status == DF_OK) status = misfit_of_trace_halves(&m, cfg, contact);
  trace_clear(&m);
  return status;
}

double misfit_sum(const misfit* m) {
  double sum = 0;
  for (int i = 0; i < MISFIT_PARTS; i++) sum += counted(m, i);
  return sum;
}

double misfit_of_contact(const misfit* m) {
  return m->part[MISFIT_LIMITS] + m->part[MISFIT_GROUND] + m->part[MISFIT_SLIP] + m->part[MISFIT_COUPLING];
}

bool misfit_explains(const misfit* as_is, const misfit* another) {
  misfit with = *another;
  const misfit* other = &with;
  if (as_is->need_not_touch) with.part[MISFIT_SLIP] = fmax(with.part[MISFIT_SLIP], as_is->part[MISFIT_SLIP]);
  bool explains = misfit_of_contact(as_is) - misfit_of_contact(other) > FALLS;
  double falls = 0, rises = 0;
  for (int i = 0; i < MISFIT_PARTS; i++) {
    const double before = counted(as_is, i), after = counted(other, i);
    falls += fmax(0, before - after);
    rises += fmax(0, after - before);
    if (i < MISFIT_LIMITS) explains |= check_explains(before, after);
  }
  return explains && rises < RISES * falls;
}

/* the largest ratio of the slopes of two groups that are known in both; 1 without two */
static double disagreement(const misfit* m, const misfit* other) {
  double least = INFINITY, most = 0;
  for (int g = 0; g < GROUPS; g++) {
    if (!(m->slope[g] > 0 && other->slope[g] > 0)) continue;
    least = fmin(least, m->slope[g]);
    most = fmax(most, m->slope[g]);
  }
  return most > 0 ? most / least : 1;
}

bool misfit_contradicts(const misfit* as_is, const misfit* other) {
  static const double FARTHER = 3;
  return disagreement(other, as_is) > FARTHER * disagreement(as_is, other);
}

bool misfit_only_rights(const misfit* as_is, const misfit* other) {
  for (int i = 0; i < MISFIT_PARTS; i++) {
    if (i != MISFIT_TILT && other->part[i] > as_is->part[i] + SAME) return false;
  }
  return as_is->part[MISFIT_TILT] - other->part[MISFIT_TILT] > RIGHTED;
}
