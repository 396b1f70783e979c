#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contact_law.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "margin_rule.h"
#include "model.h"
#include "model_files.h"
#include "mujoco_error.h"
#include "plugins.h"

enum { LEAST_ITERATIONS = 50, FIRST_VERSION = 3016000, BROKEN_VERSION = 4000000 };
enum { SPARSE_FROM = 60 }; /* number of dofs from which MuJoCo by default uses sparse matrices */

df_mujoco_cfg df_mujoco_cfg_default(void) {
  return (df_mujoco_cfg){.substeps = 1, .integrator = DF_INTEGRATOR_MODEL, .iterations = 100};
}

const char* df_mujoco_version(void) {
  return mj_versionString();
}

df_status df_mujoco_check_version(void) {
  const int library = mj_version();
  if (library != mjVERSION_HEADER)
    return df_fail(DF_E_CONFIG,
                   "the MuJoCo library has version %d, but this program was built with headers of version %d", library,
                   mjVERSION_HEADER);
  if (library < FIRST_VERSION)
    return df_fail(DF_E_CONFIG, "MuJoCo %s is too old: 3.16.0 or newer is required", mj_versionString());
  if (library == BROKEN_VERSION)
    return df_fail(DF_E_CONFIG, "MuJoCo 4.0.0 factorizes its sparse Hessian wrongly; use 3.17.0 or 4.0.1");
  return DF_OK;
}

static df_status check_config(const df_mujoco_cfg* cfg) {
  const struct {
    const char* name;
    double value;
  } numbers[] = {{"timestep", cfg->timestep},
                 {"tolerance", cfg->tolerance},
                 {"gain_scale", cfg->gain_scale},
                 {"kv_scale", cfg->kv_scale},
                 {"gear_scale", fabs(cfg->gear_scale)},
                 {"mass_scale", cfg->mass_scale},
                 {"friction_scale", cfg->friction_scale},
                 {"damping_scale", cfg->damping_scale},
                 {"softness_scale", cfg->softness_scale},
                 {"impratio_scale", cfg->impratio_scale}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (!isfinite(numbers[i].value) || numbers[i].value < 0)
      return df_fail(DF_E_CONFIG, "%s %g is not a finite number >= 0", numbers[i].name, numbers[i].value);
  }
  if (cfg->substeps < 1) return df_fail(DF_E_CONFIG, "substeps %d is less than 1", cfg->substeps);
  if (cfg->iterations < 0) return df_fail(DF_E_CONFIG, "iterations %d is negative", cfg->iterations);
  if (cfg->ls_iterations < 0 || (cfg->ls_iterations > 0 && cfg->ls_iterations < LEAST_ITERATIONS && !cfg->forward_only))
    return df_fail(DF_E_CONFIG, "ls_iterations %d: gradients need 0 or %d and more", cfg->ls_iterations,
                   LEAST_ITERATIONS);
  if (cfg->margin_rule < DF_MARGIN_SUM || cfg->margin_rule > DF_MARGIN_NONE)
    return df_fail(DF_E_CONFIG, "margin_rule %d is not one of df_margin_rule", (int)cfg->margin_rule);
  if (cfg->finite_differences && cfg->parameter_gradients)
    return df_fail(DF_E_CONFIG,
                   "finite_differences and parameter_gradients cannot be combined: differenced steps have no parameter "
                   "gradient");
  if (!cfg->forward_only &&
      (cfg->islands != DF_ISLANDS_OFF || cfg->gain_scale > 0 || cfg->kv_scale > 0 || cfg->gear_scale != 0))
    return df_fail(DF_E_CONFIG, "islands and scales of actuators are for systems with forward_only");
  if (!cfg->forward_only && (cfg->mass_scale > 0 || cfg->friction_scale > 0 || cfg->damping_scale > 0))
    return df_fail(DF_E_CONFIG, "scales of mass, friction and damping are for systems with forward_only");
  if (!cfg->forward_only && (cfg->softness_scale > 0 || cfg->impratio_scale > 0 || cfg->cone || cfg->condim != 0))
    return df_fail(DF_E_CONFIG, "other contact laws are for systems with forward_only");
  if (cfg->cone < DF_CONE_MODEL || cfg->cone > DF_CONE_ELLIPTIC)
    return df_fail(DF_E_CONFIG, "cone %d is not one of df_cone", (int)cfg->cone);
  if (cfg->condim < 0 || cfg->condim == 2 || cfg->condim == 5 || cfg->condim > 6)
    return df_fail(DF_E_CONFIG, "condim %d is not 1, 3, 4 or 6, or 0 for the model's", cfg->condim);
  if (cfg->islands < DF_ISLANDS_OFF || cfg->islands > DF_ISLANDS_ON)
    return df_fail(DF_E_CONFIG, "islands %d is not one of df_islands", (int)cfg->islands);
  if (cfg->integrator < DF_INTEGRATOR_MODEL || cfg->integrator > DF_INTEGRATOR_RK4)
    return df_fail(DF_E_CONFIG, "integrator %d is not one of df_integrator", (int)cfg->integrator);
  if (cfg->solver < DF_SOLVER_MODEL || cfg->solver > DF_SOLVER_CG)
    return df_fail(DF_E_CONFIG, "solver %d is not one of df_solver", (int)cfg->solver);
  return DF_OK;
}

/* ---- compilation, inside a guard ---- */

typedef struct compile_job {
  df_model_files* files; /* of the model file, or NULL */
  const char* xml;       /* the model, if `files` is NULL */
  df_margin_rule margins;
  bool keep_visual; /* as other programs compile the model */
  mjSpec* spec;     /* NULL if parsing failed */
  mjModel* model;   /* NULL if compilation failed */
  char error[1000]; /* MuJoCo's message if either failed */
} compile_job;

static void parse(compile_job* job) {
  const int room = (int)sizeof job->error;
  if (job->spec) mj_deleteSpec(job->spec);
  job->spec = job->files ? mj_parseXML(job->files->path, &job->files->vfs, job->error, room)
                         : mj_parseXMLString(job->xml, NULL, job->error, room);
}

/* whether a visual geom gives its body mass by the shape of its mesh */
static bool has_visual_mass(mjSpec* spec) {
  const mjsCompiler* c = &spec->compiler;
  for (mjsElement* e = mjs_firstElement(spec, mjOBJ_GEOM); e; e = mjs_nextElement(spec, e)) {
    const mjsGeom* g = mjs_asGeom(e);
    const mjsBody* body = mjs_getParent(e);
    const bool visual = g->type == mjGEOM_MESH && g->contype == 0 && g->conaffinity == 0;
    const bool counts = g->group >= c->inertiagrouprange[0] && g->group <= c->inertiagrouprange[1] &&
                        (c->inertiafromgeom == mjINERTIAFROMGEOM_TRUE ||
                         (c->inertiafromgeom == mjINERTIAFROMGEOM_AUTO && !(body && body->explicitinertial)));
    if (visual && counts && (isnan(g->mass) ? g->density > 0 : g->mass > 0)) return true;
  }
  return false;
}

/* Discards the visual geoms. MuJoCo reads their meshes, if they are there, to look for masses; if none has a mass, they
 * are no part of the model. It refuses to discard visual geoms that define a body's inertia, but only after it has
 * changed the spec. */
static void discard_visual(compile_job* job) {
  if (job->files) job->files->ignored = !has_visual_mass(job->spec);
  const bool refused = mjs_discardVisual(job->spec, job->files ? &job->files->vfs : NULL) < 0;
  if (job->files) job->files->ignored = false;
  if (refused) parse(job);
}

static void compile_spec(compile_job* job) {
  job->model = mj_compile(job->spec, job->files ? &job->files->vfs : NULL);
  if (!job->model) snprintf(job->error, sizeof job->error, "%s", mjs_getError(job->spec));
}

/* the pairs depend on the compiled geoms, so the spec is compiled twice */
static void compile_largest_margins(compile_job* job) {
  mjModel* first = job->model;
  job->model = NULL;
  if (df_margins_of_largest(job->spec, first, job->error, sizeof job->error)) compile_spec(job);
  mj_deleteModel(first);
}

static void compile(void* argument) {
  compile_job* job = argument;
  parse(job);
  if (job->spec && !job->keep_visual) discard_visual(job);
  if (!job->spec) return;

  if (job->margins == DF_MARGIN_NONE) df_margins_remove(job->spec);
  compile_spec(job);
  if (job->model && job->margins == DF_MARGIN_MAX) compile_largest_margins(job);
}

/* ---- mass matrix ---- */

typedef struct mass_job {
  const mjModel* model;
  mjData* data;  /* NULL if there is no memory */
  bool singular; /* MuJoCo warns of a pivot of the mass matrix that is not positive, in the initial state */
} mass_job;

static void factor_mass(void* argument) {
  mass_job* job = argument;
  job->data = mj_makeData(job->model);
  if (!job->data) return;
  mj_forward(job->model, job->data);
  job->singular = job->data->warning[mjWARN_INERTIA].number > 0;
}

/* refuses a negative armature that outweighs the inertia of the bodies, which MuJoCo compiles and then only warns of */
static df_status check_armature(const mjModel* m, const char* name) {
  int dof = 0;
  while (dof < m->nv && !(m->dof_armature[dof] < 0)) dof++;
  if (dof == m->nv) return DF_OK;

  mass_job job = {.model = m};
  const bool quiet = df_mujoco_guarded(factor_mass, &job);
  const bool made = job.data != NULL;
  if (made) mj_deleteData(job.data);
  if (!quiet) return df_fail(DF_E_SIM, "%s: %s", name, df_mujoco_error_text());
  if (!made) return df_fail(DF_E_NOMEM, "no memory for mjData");
  if (!job.singular) return DF_OK;
  const int joint = m->dof_jntid[dof];
  const char* joint_name = mj_id2name(m, mjOBJ_JOINT, joint);
  return df_fail(DF_E_FORMAT, "%s: joint %d '%s': armature %g makes the mass matrix indefinite; set it to 0 or more",
                 name, joint, joint_name ? joint_name : "", m->dof_armature[dof]);
}

/* ---- options ---- */

/* the numbers of an affine gain, and where those of a muscle have its force, followed by that of unit acceleration */
enum { AFFINE_NUMBERS = 3, MUSCLE_FORCE = 2 };

/* whether the force of actuator i is a gain that a factor scales; the numbers of others are resistances, ranges and
 * lengths, or what a plugin or a callback makes of them */
static bool gain_is_scaled(const mjModel* m, int i) {
  const int type = m->actuator_gaintype[i];
  return (type == mjGAIN_FIXED || type == mjGAIN_AFFINE || type == mjGAIN_MUSCLE) && m->actuator_plugin[i] < 0;
}

int df_mujoco_unscaled_gain(const df_system* system) {
  const mjModel* m = as_mujoco(system)->model;
  for (int i = 0; i < m->nactuator; i++) {
    if (!gain_is_scaled(m, i)) return m->actuator_ctrladr[i];
  }
  return -1;
}

/* the scales of cfg; those of the XML are 1 */
static void scale_actuators(mjModel* m, const df_mujoco_cfg* cfg) {
  const double gain = cfg->gain_scale > 0 ? cfg->gain_scale : 1, kv = cfg->kv_scale > 0 ? cfg->kv_scale : 1;
  const double gear = cfg->gear_scale != 0 ? cfg->gear_scale : 1;
  const int only = cfg->scaled_control > 0 ? df_actuator_of(m, cfg->scaled_control - 1) : -1;
  for (int i = 0; i < m->nactuator; i++) {
    const df_gain_follow follow = df_gain_follows(m, i);
    if (only >= 0 && i != only) continue;
    mjtNum *gains = m->actuator_gainprm + mjNGAIN * i, *bias = m->actuator_biasprm + mjNBIAS * i;
    const bool muscle = m->actuator_gaintype[i] == mjGAIN_MUSCLE, scaled = gain_is_scaled(m, i);
    if (scaled && !muscle) mju_scl(gains, gains, gain, AFFINE_NUMBERS);
    if (scaled && muscle) mju_scl(gains + MUSCLE_FORCE, gains + MUSCLE_FORCE, gain, 2);
    if (m->actuator_biastype[i] == mjBIAS_MUSCLE) mju_scl(bias + MUSCLE_FORCE, bias + MUSCLE_FORCE, gain, 2);
    if (m->actuator_biastype[i] == mjBIAS_AFFINE) {
      if (follow.by_length) bias[1] *= gain;
      bias[2] *= follow.by_velocity ? gain : kv;
    }
    mju_scl(m->actuator_gear + 6 * m->actuator_outadr[i], m->actuator_gear + 6 * m->actuator_outadr[i], gear, 6);
  }
}

static void scale(mjtNum* values, double factor, mjtSize n) {
  mju_scl(values, values, factor, (int)n);
}

/* scales that are 0 change nothing */
static void scale_passive(mjModel* m, const df_mujoco_cfg* cfg) {
  /* the friction of geoms, flexes and pairs, and that which the option of the model puts in the place of all of them */
  const double friction = cfg->friction_scale > 0 ? cfg->friction_scale : 1;
  scale(m->geom_friction, friction, 3 * m->ngeom);
  scale(m->flex_friction, friction, 3 * m->nflex);
  scale(m->pair_friction, friction, 5 * m->npair);
  if (m->opt.enableflags & mjENBL_OVERRIDE) scale(m->opt.o_friction, friction, 5);

  /* the damping of joints and tendons, linear and polynomial, and that which actuators add to it */
  const double damping = cfg->damping_scale > 0 ? cfg->damping_scale : 1;
  scale(m->dof_damping, damping, m->nv);
  scale(m->dof_dampingpoly, damping, mjNPOLY * m->nv);
  scale(m->tendon_damping, damping, m->ntendon);
  scale(m->tendon_dampingpoly, damping, mjNPOLY * m->ntendon);
  scale(m->actuator_damping, damping, m->nactuator);
  scale(m->actuator_dampingpoly, damping, mjNPOLY * m->nactuator);
}

typedef struct constants_job {
  mjModel* model;
  mjData* data; /* NULL if there is no memory */
} constants_job;

static void compute_constants(void* argument) {
  constants_job* job = argument;
  job->data = mj_makeData(job->model);
  if (job->data) mj_setConst(job->model, job->data);
}

/* the mean diagonal entry of the mass matrix in the initial state, by which MuJoCo's solver scales its residuals */
static double mean_inertia(const mjModel* m) {
  double sum = 0;
  for (int i = 0; i < m->nv; i++) sum += m->dof_M0[i];
  return sum / (double)m->nv;
}

/* scales masses and inertias, and computes what MuJoCo's compiler derives from them, such as constraint masses */
static df_status scale_mass(mjModel* m, double factor, const char* name) {
  if (!(factor > 0) || factor == 1) return DF_OK;
  /* statistics that the file states stay */
  const bool derived = fabs(m->stat.meaninertia - mean_inertia(m)) <= 1e-9 * m->stat.meaninertia;
  mju_scl(m->body_mass, m->body_mass, factor, (int)m->nbody);
  mju_scl(m->body_inertia, m->body_inertia, factor, 3 * (int)m->nbody);
  constants_job job = {.model = m};
  const bool quiet = df_mujoco_guarded(compute_constants, &job);
  const bool made = job.data != NULL;
  if (made) mj_deleteData(job.data);
  if (!quiet) return df_fail(DF_E_SIM, "%s: %s", name, df_mujoco_error_text());
  if (derived) {
    m->stat.meaninertia = mean_inertia(m);
    m->stat.meanmass *= factor;
  }
  return made ? DF_OK : df_fail(DF_E_NOMEM, "no memory for mjData");
}

static df_status set_options(mjModel* m, const df_mujoco_cfg* cfg, const char* name) {
  /* settings of cfg; 0 keeps the model's */
  if (cfg->timestep > 0) m->opt.timestep = cfg->timestep;
  if (!(m->opt.timestep >= DF_TIMESTEP_MIN))
    return df_fail(DF_E_CONFIG, "%s: timestep %g s: a physics step lasts %g s or more", name, m->opt.timestep,
                   DF_TIMESTEP_MIN);
  if (cfg->tolerance > 0) m->opt.tolerance = cfg->tolerance;
  if (cfg->integrator == DF_INTEGRATOR_EULER) m->opt.integrator = mjINT_EULER;
  if (cfg->integrator == DF_INTEGRATOR_IMPLICITFAST) m->opt.integrator = mjINT_IMPLICITFAST;
  if (cfg->integrator == DF_INTEGRATOR_RK4) m->opt.integrator = mjINT_RK4;
  if (cfg->solver == DF_SOLVER_NEWTON) m->opt.solver = mjSOL_NEWTON;
  if (cfg->solver == DF_SOLVER_CG) m->opt.solver = mjSOL_CG;

  /* enough iterations to converge, unless the model's own are wanted */
  const bool own_limits = cfg->forward_only && cfg->iterations == 0;
  if (cfg->iterations > 0) m->opt.iterations = cfg->iterations;
  if (!cfg->forward_only && m->opt.iterations < LEAST_ITERATIONS)
    return df_fail(
        DF_E_CONFIG,
        "%s: %d solver iterations are too few: the adjoint of an unconverged solution is wrong; set %d or more", name,
        m->opt.iterations, LEAST_ITERATIONS);
  if (!own_limits && m->opt.ls_iterations < LEAST_ITERATIONS) m->opt.ls_iterations = LEAST_ITERATIONS;
  if (cfg->ls_iterations > 0) m->opt.ls_iterations = cfg->ls_iterations;

  /* an automatic reset would hide a divergence, islands leave constraint states stale, the rest is unused */
  m->opt.disableflags |= mjDSBL_SENSOR | mjDSBL_AUTORESET;
  if (cfg->islands == DF_ISLANDS_OFF) m->opt.disableflags |= mjDSBL_ISLAND;
  if (cfg->islands == DF_ISLANDS_ON) m->opt.disableflags &= ~mjDSBL_ISLAND;
  m->opt.enableflags &= ~(mjENBL_ENERGY | mjENBL_FWDINV);
  if (m->nv < SPARSE_FROM && !own_limits) m->opt.jacobian = mjJAC_DENSE;
  if (cfg->scaled_control < 0 || cfg->scaled_control > m->nu)
    return df_fail(DF_E_CONFIG, "%s: scaled_control %d: the model has %d controls", name, cfg->scaled_control,
                   (int)m->nu);
  scale_actuators(m, cfg);
  scale_passive(m, cfg);
  DF_TRY(df_set_contact_law(m, cfg, name));
  return scale_mass(m, cfg->mass_scale, name);
}

/* removes from a message the folder that was put before a relative path */
static void remove_folder(const char* path, const char* absolute, char* message) {
  const size_t n = strlen(absolute) - strlen(path);
  for (char* at = n ? strstr(message, absolute) : NULL; at; at = strstr(at, absolute)) {
    memmove(at, at + n, strlen(at + n) + 1);
  }
}

/* parses and compiles; *list is that of df_mujoco_compile() */
static df_status compile_job_run(compile_job* job, const char* path, const char* name, char** list) {
  const bool quiet = df_mujoco_guarded(compile, job);
  if (job->spec) mj_deleteSpec(job->spec);
  if (job->files && job->files->no_memory) return df_fail(DF_E_NOMEM, "%s: no memory for a file of the model", name);
  if (!quiet) return df_fail(DF_E_SIM, "%s: %s", name, df_mujoco_error_text());
  df_one_line(job->error);
  if (job->files && job->files->unreadable[0]) {
    const size_t used = strlen(job->error);
    snprintf(job->error + used, sizeof job->error - used, " (%s)", job->files->unreadable);
  }
  if (job->files) remove_folder(path, job->files->path, job->error);
  if (!job->model && strstr(job->error, "plugin") && strstr(job->error, "not found"))
    return df_fail(DF_E_FORMAT, "%s: %s (%s)", name, job->error, df_mujoco_plugins_text());
  if (!job->model) return df_fail(DF_E_FORMAT, "%s: %s", name, job->error);
  return job->files ? df_model_files_list(job->files, list) : DF_OK;
}

static df_status check_library(void) {
  df_mujoco_silence();
  DF_TRY(df_mujoco_check_version());
  df_mujoco_load_plugins();
  return DF_OK;
}

/* MuJoCo would wait for the writer of a pipe */
static df_status check_model_file(const char* path) {
  return df_file_exists(path) ? df_file_check(path) : df_fail(DF_E_MISSING, "model file %s not found", path);
}

df_status df_mujoco_all_files(const char* path, char** list) {
  DF_REQUIRE_OUT(list);
  DF_REQUIRE_POINTER(path);
  DF_TRY(check_library());
  DF_TRY(check_model_file(path));
  df_model_files files = {0};
  compile_job job = {.files = &files, .keep_visual = true};
  df_status status = df_model_files_open(path, &files);
  if (status == DF_OK) status = compile_job_run(&job, path, path, list);
  df_model_files_clear(&files);
  if (job.model) mj_deleteModel(job.model);
  return status;
}

df_status df_mujoco_compile(const char* path, const char* xml, const char* name, const df_mujoco_cfg* cfg,
                            mjModel** out, char** list) {
  *out = NULL;
  *list = NULL;
  DF_TRY(check_library());
  DF_TRY(check_config(cfg));
  if (path) DF_TRY(check_model_file(path));

  /* parse and compile */
  df_model_files files = {0};
  compile_job job = {.files = path ? &files : NULL, .xml = xml, .margins = cfg->margin_rule};
  df_status status = path ? df_model_files_open(path, &files) : DF_OK;
  if (status == DF_OK) status = compile_job_run(&job, path, name, list);
  df_model_files_clear(&files);

  /* options, and the mass matrix */
  if (status == DF_OK) status = set_options(job.model, cfg, name);
  if (status == DF_OK) status = check_armature(job.model, name);
  if (status != DF_OK) {
    if (job.model) mj_deleteModel(job.model);
    df_free(*list);
    *list = NULL;
    return status;
  }
  *out = job.model;
  return DF_OK;
}
