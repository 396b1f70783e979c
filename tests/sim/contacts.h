/* contacts.h: models with two geoms a and b near each other, and the comparison of the derivative of their contacts
 * with centred finite differences. */
#ifndef TESTS_SIM_CONTACTS_H
#define TESTS_SIM_CONTACTS_H

#include "contact_motion.h"
#include "models.h"
#include "simulator.h"

/* Reason for the tolerances: a centred difference with a step of 1e-6 of a function of size 1 has a rounding error near
 * 1e-10 and, through stiff contacts (second derivatives up to 1e4), a truncation error of typically up to 1e-8, in rare
 * states up to 1e-5. */
static const double MEDIAN = 1e-8, P99 = 1e-5;

enum { STATES = 80, MOST_CONTACTS = 8 };
static const double RADIUS = 0.1;

/* ---- models ---- */

#define DEFAULTS "<default><geom friction='.7 .05 .03' solimp='.9 .95 .02' %s/></default>"
/* a mesh with five vertices, and an icosahedron */
#define MESHES                                                                                                         \
  "<asset><mesh name='tetra' vertex='0 0 0 .3 0 0 0 .3 0 0 0 .3 .2 .2 .2'/><mesh name='ball' vertex='0 .1 .162 0 -.1 " \
  ".162 "                                                                                                              \
  "0 .1 -.162 0 -.1 -.162 .1 .162 0 -.1 .162 0 .1 -.162 0 -.1 -.162 0 .162 0 .1 -.162 0 .1 .162 0 -.1 -.162 0 "        \
  "-.1'/></asset>"
#define DUMMY "contype='0' conaffinity='0' condim='1'"

/* Geom b on a free body with limbs, over a world with geom a. %s: attributes of <option>, attributes of the default
 * geom, elements of the world, position and geom attributes of the body, further elements of the model */
#define BODY_IN_WORLD                                                                                             \
  "<mujoco><option timestep='.004' %s/>" DEFAULTS MESHES                                                          \
  "<worldbody>%s<body pos='%s'><freejoint/><geom name='b' %s mass='2'/>"                                          \
  "<body pos='.1 0 .3'><joint name='s' type='slide' axis='1 1 0' damping='.3' stiffness='5'/>"                    \
  "<joint type='ball' damping='.1'/><geom type='box' size='.1 .02 .03' mass='.4' " DUMMY                          \
  "/>"                                                                                                            \
  "<body pos='.1 0 0'><joint name='j' axis='0 1 0'/>"                                                             \
  "<geom type='box' size='.1 .02 .03' mass='.4' " DUMMY                                                           \
  "/></body></body></body></worldbody>"                                                                           \
  "<actuator><general joint='j' gaintype='affine' gainprm='3 2 1' biastype='affine' biasprm='0 -1 -2' gear='2'/>" \
  "<motor joint='s' gear='3'/></actuator>%s</mujoco>"
#define PLANE "<geom name='a' type='plane' size='1 1 1' euler='10 20 0'/>"

/* Geoms a and b on two free bodies, the first with a limb. %s: attributes of <option>, attributes of the default geom,
 * geom attributes of the first body, pose and geom attributes of the second, further elements of the model */
#define TWO_BODIES                                                               \
  "<mujoco><option timestep='.004' %s/>" DEFAULTS MESHES                         \
  "<worldbody><body><freejoint/><geom name='a' %s mass='1'/>"                    \
  "<body pos='.5 0 0'><joint name='j' axis='0 1 0' pos='-.2 0 0' damping='.1'/>" \
  "<geom type='box' size='.1 .02 .03' mass='.4' " DUMMY                          \
  "/></body></body>"                                                             \
  "<body %s><freejoint/><geom name='b' %s mass='2'/></body></worldbody>"         \
  "<actuator><motor joint='j'/></actuator>%s</mujoco>"

/* Geoms a and b on two arms of one free body. %s: as for TWO_BODIES */
#define TWO_ARMS                                                                                            \
  "<mujoco><option timestep='.004' %s/>" DEFAULTS MESHES                                                    \
  "<worldbody><body pos='0 0 -.6'><freejoint/><geom type='box' size='.2 .1 .1' mass='3' " DUMMY             \
  "/>"                                                                                                      \
  "<body pos='0 0 .6'><joint name='j' axis='0 1 0' pos='0 0 -.5'/><joint axis='1 0 0' pos='0 0 -.5'/>"      \
  "<geom name='a' %s mass='1'/></body>"                                                                     \
  "<body pos='0 0 .6'><joint type='slide' axis='0 0 1'/><joint axis='0 1 1' pos='.3 0 -.5'/>"               \
  "<geom size='.05' mass='.2' " DUMMY                                                                       \
  "/>"                                                                                                      \
  "<body %s><joint type='ball' damping='.1'/><geom name='b' %s mass='1'/></body></body></body></worldbody>" \
  "<actuator><motor joint='j'/></actuator>%s</mujoco>"

/* ---- geoms for several tests ---- */

#define BALL        "type='sphere' size='.1'"
#define BOX         "type='box' size='.2 .15 .1'"
#define LONG(euler) "type='capsule' size='.1 .5' euler='" euler "'"

/* ---- states and the contacts in them ---- */

/* STATES states x [][nx] and actions u [][nu] */
typedef struct cloud {
  double *x, *u;
} cloud;

static inline void cloud_free(cloud* c) {
  df_free(c->x);
  df_free(c->u);
}

/* random states around the initial one, and random actions in [0, 1] */
static inline cloud scatter(const df_system* s, double spread) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu;
  cloud c = {.x = df_alloc(STATES * nx, sizeof(double)), .u = df_alloc(STATES * nu, sizeof(double))};
  double x0[64], e[128];
  df_mujoco_initial_state(s, x0);
  for (size_t i = 0; i < STATES; i++) {
    df_rng_normal(3, DF_STREAM_TEST, i, (size_t)s->ndx, e);
    for (int k = 0; k < s->ndx; k++) e[k] *= spread;
    s->ops->integrate(s, x0, e, c.x + i * nx);
    df_rng_uniform(4, DF_STREAM_TEST, i, nu, c.u + i * nu);
  }
  return c;
}

/* Numbers of states with a contact, with a contact within its gap, with a centre of a round shape inside the other body
 * (round shapes here have the radius RADIUS), with k recorded contacts, and with a contact in each case. */
typedef struct census {
  int touching, in_gap, deep, contacts[MOST_CONTACTS + 1], surface[SURFACES], slide[SLIDES];
} census;

static inline void look_at_contacts(const df_sim* sim, census* out) {
  const df_step_record r = df_tape_read(&sim->tape, sim->system, 0);
  const df_contact_record* at = (const df_contact_record*)(const void*)r.contacts;
  bool surface[SURFACES] = {false}, slide[SLIDES] = {false}, deep = false;
  for (int k = 0; k < r.ncontact; k++, at = next_contact(at)) {
    if (at->fixed) continue;
    surface[contact_motion(at)->surface] = true;
    slide[contact_motion(at)->slide] = true;
    deep |= at->distance < -RADIUS;
  }
  out->deep += deep;
  for (int k = 0; k < SURFACES; k++) out->surface[k] += surface[k];
  for (int k = 0; k < SLIDES; k++) out->slide[k] += slide[k];
  out->contacts[r.ncontact < MOST_CONTACTS ? r.ncontact : MOST_CONTACTS]++;
}

static inline census census_of(const df_system* s, const cloud* c) {
  census out = {0};
  double next[128];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  for (int i = 0; i < STATES; i++) {
    s->ops->reset(sim, c->x + i * s->nx);
    if (s->ops->step(sim, c->u + i * s->nu, next) != DF_TRAJ_COMPLETE) continue;
    look_at_contacts(sim, &out);
    bool active = false, gap = false;
    for (int k = 0; k < sim->data->ncon; k++) {
      active |= sim->data->contact[k].exclude == 0;
      gap |= sim->data->contact[k].exclude == 1;
    }
    out.touching += active;
    out.in_gap += gap;
  }
  df_sim_free(s, sim);
  return out;
}

/* Compares the adjoint with finite differences at states around the initial one. Returns the cases of the contacts. */
static inline census check_text(const char* name, const char* xml, double spread) {
  df_system* s = model_text(xml, 1);
  cloud c = scatter(s, spread);
  const census found = census_of(s, &c);
  df_gradcheck_point p[STATES];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 2},
                      &(df_gradcheck_states){.n = STATES, .x = c.x, .u = c.u}, p));
  const summary q = sum_up(STATES, p);
  print_message("%s: %d touching, %d smooth, median %.1e, p99 %.1e, worst %.1e\n", name, found.touching, q.smooth,
                q.median, q.p99, q.worst);

  /* contacts must exist, and all of these pairs must be exact */
  assert_true(found.touching >= STATES / 5);
  assert_int_equal(found.surface[SURFACE_FROZEN], 0);
  assert_int_equal(q.approximate, 0);
  assert_true(q.smooth >= STATES * 9 / 10);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  cloud_free(&c);
  df_system_free(s);
  return found;
}

/* a variant of the contact model: name, attributes of <option>, attributes of the default geom, further elements */
typedef struct law {
  const char *name, *option, *geom, *tail;
} law;
static const law PLAIN = {"", "", "", ""};

static inline census check_in_world(const char* name, const law* l, const char* world, const char* position,
                                    const char* geom, double spread) {
  char xml[8192], title[128];
  snprintf(xml, sizeof xml, BODY_IN_WORLD, l->option, l->geom, world, position, geom, l->tail);
  snprintf(title, sizeof title, "%s%s", name, l->name);
  return check_text(title, xml, spread);
}

static inline census check_pair(const char* name, const char* model, const law* l, const char* first, const char* pose,
                                const char* second, double spread) {
  char xml[8192], title[128];
  snprintf(xml, sizeof xml, model, l->option, l->geom, first, pose, second, l->tail);
  snprintf(title, sizeof title, "%s%s", name, l->name);
  return check_text(title, xml, spread);
}

/* At least one state in ten, so that a case with a wrong derivative shows in the percentiles. */
#define MANY(count) assert_true((count) >= STATES / 10)
/* For a case that random poses rarely reach. */
#define SOME(count) assert_true((count) >= 2)

#endif
