#include "dynaflow/sim/system.h"

#include <math.h>
#include <string.h>

void df_system_free(df_system* system) {
  if (system) system->ops->free(system);
}

df_status df_sim_new(const df_system* system, int tape_length, df_sim** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE(tape_length >= 0, "df_sim_new: tape length %d is negative", tape_length);
  if (system->ndx > DF_NDX_MAX)
    return df_fail(DF_E_CONFIG, "system has %d tangent coordinates; at most %d are supported", system->ndx, DF_NDX_MAX);
  return system->ops->sim_new(system, tape_length, out);
}

void df_sim_free(const df_system* system, df_sim* sim) {
  if (sim) system->ops->sim_free(sim);
}

df_status df_sim_bound_tape(const df_system* system, df_sim* sim, size_t bytes) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(sim);
  if (bytes == 0) return DF_OK;
  if (!system->ops->bound_tape) return df_fail(DF_E_CONFIG, "this system does not support a bound on its tape");
  return system->ops->bound_tape(sim, bytes);
}

size_t df_sim_tape_bytes(const df_system* system, const df_sim* sim) {
  return system->ops->tape_bytes ? system->ops->tape_bytes(sim) : 0;
}

df_gradient_count df_sim_gradient_count(const df_system* system, const df_sim* sim) {
  return system->ops->gradient_count ? system->ops->gradient_count(sim) : (df_gradient_count){0};
}

df_traj_end df_sim_jacobian(const df_system* system, df_sim* sim, int t, double* A, double* B) {
  const size_t ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  if (system->ops->step_jacobian) return system->ops->step_jacobian(sim, t, A, B);
  df_traj_end end = DF_TRAJ_COMPLETE;
  memset(A, 0, ndx * ndx * sizeof *A);
  for (size_t k = 0; k < ndx && end == DF_TRAJ_COMPLETE; k++) {
    A[k * ndx + k] = 1;
    end = system->ops->step_vjp(sim, t, A + k * ndx, A + k * ndx, B + k * nu);
  }
  if (end != DF_TRAJ_FAILED) return end;
  memset(A, 0, ndx * ndx * sizeof *A);
  memset(B, 0, ndx * nu * sizeof *B);
  return end;
}

bool df_system_has_points(const df_system* system) {
  return system->ops->points && system->ops->points_vjp;
}

void df_sim_points(const df_system* system, df_sim* sim, const double* x, int n, const df_point* point,
                   double* position, double* velocity) {
  system->ops->points(sim, x, n, point, position, velocity);
}

void df_sim_points_vjp(const df_system* system, df_sim* sim, const double* x, int n, const df_point* point,
                       const double* dposition, const double* dvelocity, double* dx) {
  system->ops->points_vjp(sim, x, n, point, dposition, dvelocity, dx);
}

void df_system_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb) {
  if (system->ops->difference_vjp)
    system->ops->difference_vjp(system, xa, xb, y, dxb);
  else
    memmove(dxb, y, (size_t)system->ndx * sizeof *dxb);
}

void df_system_box_centre(const df_system* system, double* u) {
  for (int i = 0; i < system->nu; i++) {
    const double lo = system->u_lo[i], hi = system->u_hi[i];
    const double centre = isfinite(lo) && isfinite(hi) ? 0.5 * lo + 0.5 * hi : 0;
    u[i] = fmin(fmax(centre, lo), hi);
  }
}

void df_system_rest_action(const df_system* system, const double* x, double* u) {
  if (system->ops->rest_action)
    system->ops->rest_action(system, x, u);
  else
    df_system_box_centre(system, u);
}
