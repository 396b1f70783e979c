/* steps of dynamics in closed form on a simulator: from state to state in mjData, recorded as state and action */
#include "closed_dynamics.h"

#include <string.h>

#include "dynaflow/core/assert.h"
#include "simulator.h"

/* clamps u [nu] to the action box; a NaN stays */
static void clamp_action(const df_system* s, const double* u, double* out) {
  for (int i = 0; i < s->nu; i++) out[i] = u[i] < s->u_lo[i] ? s->u_lo[i] : u[i] > s->u_hi[i] ? s->u_hi[i] : u[i];
}

void df_closed_step(df_sim* sim, const double* u) {
  const df_mujoco* system = sim->system;
  double next[CLOSED_NX_MAX], clamped[CLOSED_NU_MAX];
  df_mujoco_get_state(system->model, sim->data, sim->before);
  clamp_action(&system->base, u, clamped);
  system->closed->step(system->model->opt.timestep, sim->before, clamped, next);
  df_mujoco_put_state(system->model, sim->data, next);
  sim->data->time += system->model->opt.timestep;
}

df_status df_closed_record(df_sim* sim, const double* u) {
  const size_t nx = (size_t)sim->system->base.nx, nu = (size_t)sim->system->base.nu;
  df_tape* tape = &sim->tape;
  DF_ASSERT(tape->count < tape->length);
  tape->steps[tape->count] = (df_tape_step){.at = tape->used};
  unsigned char* room = df_tape_extend(tape, (nx + nu) * sizeof(double));
  if (!room) return DF_E_NOMEM;
  memcpy(room, sim->before, nx * sizeof(double));
  memcpy(room + nx * sizeof(double), u, nu * sizeof(double));
  tape->count++;
  return DF_OK;
}

void df_closed_adjoint(const df_sim* sim, int at, int rows, const double* y, double* xbar, double* ubar) {
  const df_system* s = &sim->system->base;
  const double *x = (const double*)(const void*)(sim->tape.arena + sim->tape.steps[at].at), *u = x + s->nx;
  double clamped[CLOSED_NU_MAX], out[CLOSED_NU_MAX];
  clamp_action(s, u, clamped);
  for (int row = 0; row < rows; row++) {
    sim->system->closed->step_vjp(sim->system->model->opt.timestep, x, clamped, y + row * s->ndx, xbar + row * s->ndx,
                                  out);
    /* an action outside its range has no effect */
    for (int i = 0; i < s->nu; i++) ubar[row * s->nu + i] += u[i] < s->u_lo[i] || u[i] > s->u_hi[i] ? 0 : out[i];
  }
}
