/* which models and options go with dynamics in closed form */
#include "model.h"

static df_status check_options(const df_mujoco_cfg* cfg, const char* dynamics, const char* name) {
  const struct {
    const char* name;
    bool set;
  } options[] = {{"integrator", cfg->integrator != DF_INTEGRATOR_MODEL},
                 {"solver", cfg->solver != DF_SOLVER_MODEL},
                 {"tolerance", cfg->tolerance > 0},
                 {"margin_rule", cfg->margin_rule != DF_MARGIN_SUM},
                 {"contacts = approximate", cfg->approximate_contacts},
                 {"gradient = differences", cfg->finite_differences},
                 {"parameter gradients", cfg->parameter_gradients},
                 {"islands", cfg->islands != DF_ISLANDS_OFF},
                 {"ls_iterations", cfg->ls_iterations > 0},
                 {"a scale of actuators", cfg->gain_scale > 0 || cfg->kv_scale > 0 || cfg->gear_scale != 0},
                 {"a scale of masses", cfg->mass_scale > 0},
                 {"a scale of friction", cfg->friction_scale > 0},
                 {"a scale of damping", cfg->damping_scale > 0},
                 {"another contact law", cfg->softness_scale > 0 || cfg->impratio_scale > 0 ||
                                             cfg->cone != DF_CONE_MODEL || cfg->condim != 0}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    if (!options[i].set) continue;
    return df_fail(DF_E_CONFIG,
                   "%s: %s cannot be used with system.dynamics = %s, which replaces MuJoCo's step with its masses, "
                   "forces, contacts and solver; leave it at its default",
                   name, options[i].name, dynamics);
  }
  return DF_OK;
}

df_status df_closed_dynamics_check(const mjModel* m, const df_mujoco_cfg* cfg, const char* name) {
  const df_closed_dynamics* c = df_closed_dynamics_of(cfg->dynamics);
  if (cfg->dynamics == DF_DYNAMICS_MUJOCO) return DF_OK;
  if (!c) return df_fail(DF_E_CONFIG, "dynamics %d is not one of df_dynamics", (int)cfg->dynamics);
  DF_TRY(check_options(cfg, c->name, name));
  const bool fits =
      m->nq == c->nq && m->nv == c->nv && m->na == c->na && m->nu == c->nu && m->jnt_type[0] == mjJNT_FREE;
  if (!fits)
    return df_fail(
        DF_E_CONFIG,
        "%s: system.dynamics = %s needs a model with %s (nq %d, nv %d, nu %d, na %d); it has nq %d, nv %d, nu %d, "
        "na %d",
        name, c->name, c->layout, c->nq, c->nv, c->nu, c->na, (int)m->nq, (int)m->nv, (int)m->nu, (int)m->na);
  if (m->opt.integrator != mjINT_EULER)
    return df_fail(DF_E_CONFIG, "%s: system.dynamics = %s takes Euler steps: remove the option integrator of the model",
                   name, c->name);
  return DF_OK;
}
