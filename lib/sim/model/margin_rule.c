#include "margin_rule.h"

#include <math.h>
#include <stdio.h>

#include "collision_filter.h"

void df_margins_remove(mjSpec* spec) {
  for (mjsElement* e = mjs_firstElement(spec, mjOBJ_GEOM); e; e = mjs_nextElement(spec, e)) mjs_asGeom(e)->margin = 0;
  for (mjsElement* e = mjs_firstElement(spec, mjOBJ_PAIR); e; e = mjs_nextElement(spec, e)) mjs_asPair(e)->margin = 0;
}

/* ---- the parameters of a contact without an explicit pair: the rules of MuJoCo's documentation, "Contact parameters"
 * in the chapter Modeling ---- */

/* the share of geom g0 in solref and solimp */
static double mix_of(const mjModel* m, int g0, int g1) {
  const double s0 = m->geom_solmix[g0], s1 = m->geom_solmix[g1];
  if (m->geom_priority[g0] != m->geom_priority[g1]) return m->geom_priority[g0] > m->geom_priority[g1];
  if (s0 >= mjMINVAL && s1 >= mjMINVAL) return s0 / (s0 + s1);
  if (s0 < mjMINVAL && s1 < mjMINVAL) return 0.5;
  return s0 >= mjMINVAL;
}

static void mix_solver_parameters(mjsPair* pair, const mjModel* m, int g0, int g1) {
  const double mix = mix_of(m, g0, g1);
  const mjtNum *ref0 = m->geom_solref + mjNREF * g0, *ref1 = m->geom_solref + mjNREF * g1;
  const mjtNum *imp0 = m->geom_solimp + mjNIMP * g0, *imp1 = m->geom_solimp + mjNIMP * g1;
  const bool blend = (ref0[0] > 0 && ref1[0] > 0) || m->geom_priority[g0] != m->geom_priority[g1];
  for (int i = 0; i < mjNREF; i++) {
    pair->solref[i] = blend ? mix * ref0[i] + (1 - mix) * ref1[i] : fmin(ref0[i], ref1[i]);
    pair->solreffriction[i] = 0;
  }
  for (int i = 0; i < mjNIMP; i++) pair->solimp[i] = mix * imp0[i] + (1 - mix) * imp1[i];
}

static void choose_friction(mjsPair* pair, const mjModel* m, int g0, int g1) {
  static const int class_of[5] = {0, 0, 1, 2, 2}; /* sliding, torsional, rolling */
  const int p0 = m->geom_priority[g0], p1 = m->geom_priority[g1];
  const int a = p1 > p0 ? g1 : g0, b = p0 > p1 ? g0 : g1; /* the geoms that count */
  pair->condim = m->geom_condim[a] > m->geom_condim[b] ? m->geom_condim[a] : m->geom_condim[b];
  for (int i = 0; i < 5; i++)
    pair->friction[i] = fmax(m->geom_friction[3 * a + class_of[i]], m->geom_friction[3 * b + class_of[i]]);
}

/* ---- the pairs ---- */

/* the name of geom `id` of the compiled spec; an unnamed geom receives one */
static const char* geom_name(mjSpec* spec, int id) {
  mjsElement* e = mjs_firstElement(spec, mjOBJ_GEOM);
  while (mjs_getId(e) != id) e = mjs_nextElement(spec, e);
  if (mjs_getString(mjs_getName(e))[0] == '\0') {
    char name[32];
    snprintf(name, sizeof name, "unnamed geom %d", id);
    mjs_setName(e, name);
  }
  return mjs_getString(mjs_getName(e));
}

/* whether the sum and the largest differ */
static bool rules_differ(const mjModel* m, int g0, int g1) {
  return (m->geom_margin[g0] != 0 && m->geom_margin[g1] != 0) || m->geom_gap[g0] != 0 || m->geom_gap[g1] != 0;
}

static void add_pair(mjSpec* spec, const mjModel* m, int g0, int g1) {
  mjsPair* pair = mjs_addPair(spec, NULL);
  mjs_setString(pair->geomname1, geom_name(spec, g0));
  mjs_setString(pair->geomname2, geom_name(spec, g1));
  mix_solver_parameters(pair, m, g0, g1);
  choose_friction(pair, m, g0, g1);
  pair->gap = fmax(m->geom_gap[g0], m->geom_gap[g1]);
  pair->margin = fmax(m->geom_margin[g0], m->geom_margin[g1]) - pair->gap;
}

bool df_margins_of_largest(mjSpec* spec, const mjModel* m, char* error, size_t n) {
  if (m->nflex > 0) {
    snprintf(error, n, "the margin rule of MuJoCo before 3.5 is not available for models with flexes");
    return false;
  }
  /* pairs of the model */
  for (mjsElement* e = mjs_firstElement(spec, mjOBJ_PAIR); e; e = mjs_nextElement(spec, e)) {
    mjs_asPair(e)->margin -= mjs_asPair(e)->gap;
  }
  /* all others that may collide */
  for (int g0 = 0; g0 < m->ngeom; g0++) {
    for (int g1 = g0 + 1; g1 < m->ngeom; g1++) {
      if (rules_differ(m, g0, g1) && df_may_collide(m, g0, g1) &&
          df_types_collide(m->geom_type[g0], m->geom_type[g1]) && !df_has_pair(m, g0, g1))
        add_pair(spec, m, g0, g1);
    }
  }
  return true;
}
