#include "contact_law.h"

#include <math.h>
#include <stdio.h>

/* Multiplies the time constant of n references by a factor. A negative reference states minus stiffness and minus
 * damping, k = 1 / (dmax^2 tau^2 zeta^2) and b = 2 / (dmax tau). */
static void scale_references(mjtNum* solref, double factor, int n) {
  for (int i = 0; i < n; i++) {
    mjtNum* r = solref + mjNREF * i;
    if (r[0] > 0) {
      r[0] *= factor;
    } else {
      r[0] /= factor * factor;
      r[1] /= factor;
    }
  }
}

/* a factor, and the least time constant that MuJoCo does not raise, s */
typedef struct softness {
  const char* model;
  double factor, least;
} softness;

/* what has a reference, in words: its kind, and its name or index */
static const char* element(const mjModel* m, const char* kind, mjtObj type, int i, char out[160]) {
  const char* name = type == mjOBJ_UNKNOWN ? NULL : mj_id2name(m, (int)type, i);
  if (name && name[0]) {
    snprintf(out, 160, "%s '%s'", kind, name);
  } else if (i >= 0) {
    snprintf(out, 160, "%s %d", kind, i);
  } else {
    snprintf(out, 160, "%s", kind);
  }
  return out;
}

static df_status check_reference(const softness* s, const mjtNum* r, const char* of) {
  if ((r[0] > 0) != (r[1] > 0))
    return df_fail(DF_E_CONFIG,
                   "%s: softness %g: solref %g %g of %s is neither a time constant with a damping ratio nor minus a "
                   "stiffness with minus a damping, and MuJoCo puts its default in its place; correct it",
                   s->model, s->factor, r[0], r[1], of);
  if (r[0] <= 0 || fmin(r[0], r[0] * s->factor) >= s->least * (1 - 1e-12)) return DF_OK;
  if (r[0] < s->least)
    return df_fail(DF_E_CONFIG,
                   "%s: softness %g: MuJoCo raises the time constant %g s of %s to two physics steps, %g s; set "
                   "<flag refsafe=\"disable\"/> or another solref",
                   s->model, s->factor, r[0], of, s->least);
  return df_fail(DF_E_CONFIG,
                 "%s: softness %g: the time constant of %s would be %g s, which MuJoCo raises to two physics steps, %g "
                 "s; choose %.3g or more",
                 s->model, s->factor, of, r[0] * s->factor, s->least, ceil(1000 * s->least / r[0]) / 1000);
}

/* every reference that a contact can have is followed */
static df_status check_references(const mjModel* m, const softness* s) {
  char of[160];
  if (m->opt.enableflags & mjENBL_OVERRIDE)
    return check_reference(s, m->opt.o_solref, element(m, "o_solref", mjOBJ_UNKNOWN, -1, of));
  for (int i = 0; i < m->ngeom; i++) {
    if (m->geom_contype[i] == 0 && m->geom_conaffinity[i] == 0) continue;
    DF_TRY(check_reference(s, m->geom_solref + mjNREF * i, element(m, "geom", mjOBJ_GEOM, i, of)));
  }
  for (int i = 0; i < m->nflex; i++)
    DF_TRY(check_reference(s, m->flex_solref + mjNREF * i, element(m, "flex", mjOBJ_FLEX, i, of)));
  for (int i = 0; i < m->npair; i++) {
    const mjtNum* friction = m->pair_solreffriction + mjNREF * i;
    DF_TRY(check_reference(s, m->pair_solref + mjNREF * i, element(m, "pair", mjOBJ_PAIR, i, of)));
    if (friction[0] != 0 || friction[1] != 0)
      DF_TRY(check_reference(s, friction, element(m, "the friction of pair", mjOBJ_PAIR, i, of)));
  }
  return DF_OK;
}

static df_status soften(mjModel* m, double factor, const char* name) {
  if (!(factor > 0) || factor == 1) return DF_OK;
  const bool safe = !(m->opt.disableflags & mjDSBL_REFSAFE);
  const softness s = {name, factor, safe ? 2 * m->opt.timestep : 0};
  DF_TRY(check_references(m, &s));
  scale_references(m->geom_solref, factor, (int)m->ngeom);
  scale_references(m->flex_solref, factor, (int)m->nflex);
  scale_references(m->pair_solref, factor, (int)m->npair);
  scale_references(m->pair_solreffriction, factor, (int)m->npair);
  if (m->opt.enableflags & mjENBL_OVERRIDE) scale_references(m->opt.o_solref, factor, 1);
  return DF_OK;
}

static void set_condim(mjModel* m, int condim) {
  for (int i = 0; i < m->ngeom; i++) m->geom_condim[i] = condim;
  for (int i = 0; i < m->nflex; i++) m->flex_condim[i] = condim;
  for (int i = 0; i < m->npair; i++) m->pair_dim[i] = condim;
}

df_status df_set_contact_law(mjModel* m, const df_mujoco_cfg* cfg, const char* name) {
  if (cfg->impratio_scale > 0) m->opt.impratio *= cfg->impratio_scale;
  if (cfg->cone == DF_CONE_PYRAMIDAL) m->opt.cone = mjCONE_PYRAMIDAL;
  if (cfg->cone == DF_CONE_ELLIPTIC) m->opt.cone = mjCONE_ELLIPTIC;
  if (cfg->condim > 0) set_condim(m, cfg->condim);
  return soften(m, cfg->softness_scale, name);
}
