#include "motion_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "escape.h"
#include "named_columns.h"
#include "provenance.h"
#include "text.h"
#include "trajectory_file.h"

/* ---- the README: comments and Python that replays the file ---- */

static void add_options(const df_mujoco_options* o, text* t) {
  text_add(t, "o = m.opt\n");
  text_add(t, "o.timestep, o.tolerance = %.17g, %.17g\n", o->timestep, o->tolerance);
  text_add(t, "o.integrator, o.solver, o.jacobian = %d, %d, %d\n", o->integrator, o->solver, o->jacobian);
  text_add(t, "o.iterations, o.ls_iterations = %d, %d\n", o->iterations, o->ls_iterations);
  text_add(t, "o.disableflags, o.enableflags = %d, %d\n", o->disableflags, o->enableflags);
}

static void add_replay(const motions* m, const cell* c, text* t) {
  const df_mujoco_options o = df_mujoco_options_of(c->task->system);
  text_add(t, "m = mujoco.MjModel.from_xml_path(MODEL)\n");
  add_options(&o, t);
  text_add(t, "d = mujoco.MjData(m)\nfor x, actions in zip(f['states'], f['actions']):\n");
  text_add(t, "    mujoco.mj_resetData(m, d)\n");
  text_add(t, "    d.qpos, d.qvel, d.act = x[0, :m.nq], x[0, m.nq:m.nq + m.nv], x[0, m.nq + m.nv:]\n");
  text_add(t, "    for t, u in enumerate(actions):\n");
  text_add(t, "        if t %% %d == 0: d.qacc_warmstart[:] = 0  # a window was planned from a cold start\n", m->every);
  text_add(t, "        d.ctrl = u\n        mujoco.mj_step(m, d, %d)\n", df_mujoco_substeps(c->task->system));
  text_add(t, "        assert (x[t + 1] == np.concatenate([d.qpos, d.qvel, d.act])).all(), t\n");
}

/* a rule of margins, which is a matter of compilation */
static void add_margins(const cell* c, text* t) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  char value[DF_VALUE_MAX];
  for (int i = 0; i < n; i++) {
    df_config_value(&c->config, i, value, sizeof value);
    if (strncmp(keys[i].name, "system.margin", 13) != 0 || strcmp(value, keys[i].default_text) == 0) continue;
    text_add(t, "# The task sets %s to ", keys[i].name);
    text_add_plain(t, value);
    text_add(t, ", which these lines do not do: states with contacts will differ.\n");
  }
}

/* dynamics that no step of MuJoCo has: how this program replays the file */
static void add_closed_form(const cell* c, const char* file_name, text* t) {
  text_add(t, "# MuJoCo does not step this system: its dynamics are in closed form, system.dynamics = ");
  text_add_plain(t, c->config.system_dynamics);
  text_add(t,
           ";\n# the model only names and draws the state. This command executes the actions and compares the states:"
           "\n#   dynaflow score ");
  text_add_plain(t, c->config.task_name);
  text_add(t, " ");
  text_add_plain(t, file_name);
  text_add(t,
           " --out RUN\n# sae_own in RUN/events.jsonl is the difference in an action, 0 up to rounding where the "
           "states follow.\n");
}

/* `path`: the file that has the text */
static void write_readme(const motions* m, const cell* c, const char* path, text* t) {
  const char* slash = strrchr(path, '/');
  /* the text is executed: no string of others may begin a line or end a constant */
  text_add(t, "# Motions of task ");
  text_add_plain(t, c->config.task_name);
  text_add(t,
           " by method %s. states [trajectory][frame][column], columns state_names in state_units;\n"
           "# actions [trajectory][frame][actuator], the controls between two frames, dt seconds apart.\n",
           c->method->name);
  if (!m->u) {
    text_add(t, "# The method returns states only: there are no actions to replay.\n");
  } else if (df_mujoco_dynamics(c->task->system) != DF_DYNAMICS_MUJOCO) {
    add_closed_form(c, slash ? slash + 1 : path, t);
  } else {
    text_add(t,
             "# Run this text to replay the file with Python's mujoco %s; it fails if a bit of a state differs.\n"
             "# The states after a divergence are NaN and cannot be replayed.\n",
             df_mujoco_version());
    add_margins(c, t);
    text_add(t, "import mujoco, numpy as np\n");
    text_add(t, "FILE, MODEL = ");
    text_add_python(t, slash ? slash + 1 : path);
    text_add(t, ", ");
    text_add_python(t, c->config.system_model);
    text_add(t, "\n");
    text_add(t, "f = np.load(FILE)\n");
    add_replay(m, c, t);
  }
}

/* ---- npz ---- */

enum { ENTRIES_MAX = 40 };

/* the entries of a file, and memory for their texts and numbers */
typedef struct npz_file {
  int n;
  df_npz_entry entry[ENTRIES_MAX];
  int n_owned;
  void* owned[ENTRIES_MAX];
} npz_file;

static void add_text(npz_file* f, const char* key, char* words) {
  f->owned[f->n_owned++] = words;
  f->entry[f->n++] = (df_npz_entry){.key = key, .kind = DF_NPZ_TEXT, .text = words};
}

static void add_array(npz_file* f, df_npz_entry entry) {
  if (entry.values) f->entry[f->n++] = entry;
}

/* one number of every row */
static df_status add_column(npz_file* f, const motions* m, const char* key, double (*get)(const motion_row* row)) {
  double* values = df_alloc((size_t)m->n, sizeof *values);
  if (!values) return DF_E_NOMEM;
  for (int i = 0; i < m->n; i++) values[i] = get(&m->row[i]);
  f->owned[f->n_owned++] = values;
  add_array(f, (df_npz_entry){.key = key, .rank = 1, .shape = {(size_t)m->n}, .values = values});
  return DF_OK;
}

static double get_seed(const motion_row* r) {
  return (double)r->seed;
}
static double get_start(const motion_row* r) {
  return r->start;
}
static double get_fell(const motion_row* r) {
  return r->fell;
}
static double get_command(const motion_row* r) {
  return r->errors.velocity;
}
static double get_sae(const motion_row* r) {
  return r->sae;
}
static double get_episode(const motion_row* r) {
  return r->demonstration.episode;
}
static double get_frame(const motion_row* r) {
  return r->demonstration.frame;
}
static double get_distance(const motion_row* r) {
  return r->demonstration.distance;
}

static df_status add_rows(npz_file* f, const motions* m) {
  DF_TRY(add_column(f, m, "seeds", get_seed));
  DF_TRY(add_column(f, m, "start", get_start));
  DF_TRY(add_column(f, m, "fell", get_fell));
  DF_TRY(add_column(f, m, "command_error", get_command));
  DF_TRY(add_column(f, m, "sae", get_sae));
  DF_TRY(add_column(f, m, "demonstration_episode", get_episode));
  DF_TRY(add_column(f, m, "demonstration_frame", get_frame));
  return add_column(f, m, "demonstration_distance", get_distance);
}

static char* joined(int n, char* const* names, const char* const* units) {
  text t = {0};
  for (int i = 0; i < n; i++) text_add(&t, "%s%s", i ? "," : "", names ? names[i] : units[i]);
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

char* settings_text(const df_config* config) {
  text t = {0};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  char value[DF_VALUE_MAX];
  for (int i = 0; i < n; i++) {
    df_config_value(config, i, value, sizeof value);
    text_add(&t, "%s %s\n", keys[i].name, value);
  }
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

static df_status add_origin(npz_file* f, const cell* c, const motion_origin* origin) {
  char sha256[DF_SHA256_TEXT] = "";
  if (origin->checkpoint) DF_TRY(df_sha256_file(origin->checkpoint, sha256));
  add_text(f, "task", format_text("%s", c->config.task_name));
  add_text(f, "profile", format_text("%s", c->profile));
  add_text(f, "method", format_text("%s", c->method->name));
  add_text(f, "sampler_steps", format_text("%d", origin->k));
  add_text(f, "x0", format_text("%s", origin->x0 ? origin->x0 : ""));
  add_text(f, "checkpoint", format_text("%s", origin->checkpoint ? origin->checkpoint : ""));
  add_text(f, "checkpoint_sha256", format_text("%s", sha256));
  if (origin->data_file) add_text(f, "data_file", format_text("%s", origin->data_file));
  add_text(f, "data_sha256", format_text("%s", c->data_sha256));
  add_text(f, "dynaflow", format_text("%s", provenance_version()));
  add_text(f, "settings", settings_text(&c->config));
  return DF_OK;
}

static df_status fill(npz_file* f, const motions* m, const cell* c, const motion_origin* origin, const columns* names,
                      const char* path) {
  const size_t n = (size_t)m->n, length = (size_t)m->length, nx = (size_t)c->task->system->nx;
  const size_t nu = (size_t)c->task->system->nu, nc = (size_t)c->task->data->nc;
  text readme = {0};
  add_array(f, (df_npz_entry){.key = "states", .rank = 3, .shape = {n, length + 1, nx}, .values = m->x});
  add_array(f, (df_npz_entry){.key = "actions", .rank = 3, .shape = {n, length, nu}, .values = m->u});
  add_array(f, (df_npz_entry){.key = "claimed_states", .rank = 3, .shape = {n, length + 1, nx}, .values = m->claimed});
  add_array(f, (df_npz_entry){.key = "conditions", .rank = 2, .shape = {n, nc}, .values = m->condition});
  if (m->condition) add_text(f, "condition_names", condition_names(c->task));
  add_array(f, (df_npz_entry){.key = "dt", .rank = 0, .values = &c->task->system->dt});
  f->n += df_dataset_model_entries(df_mujoco_identity(c->task->system), f->entry + f->n);
  add_text(f, "state_names", joined(names->n_states, names->state, NULL));
  add_text(f, "state_units", joined(names->n_states, NULL, names->unit));
  add_text(f, "action_names", joined(names->n_actions, names->action, NULL));
  write_readme(m, c, path, &readme);
  add_text(f, "README", format_text("%s", text_of(&readme)));
  text_clear(&readme);
  DF_TRY(add_rows(f, m));
  return add_origin(f, c, origin);
}

df_status motions_write_npz(const motions* m, const cell* c, const motion_origin* origin, const char* path) {
  npz_file f = {0};
  columns names;
  df_status status = columns_new(c->task, &names);
  if (status == DF_OK) status = fill(&f, m, c, origin, &names, path);
  if (status == DF_OK) {
    status = df_npz_write(path, f.n, f.entry);
    /* a file that cannot be written is not one that is missing */
    if (status == DF_E_MISSING) status = df_fail(DF_E_IO, "%s", df_error_message());
  }
  for (int i = 0; i < f.n_owned; i++) df_free(f.owned[i]);
  columns_clear(&names);
  return status;
}

/* ---- CSV ---- */

static void add_header(const columns* names, const df_task* task, bool acts, text* t) {
  text_add(t, "trajectory,seed,time [s]");
  for (int i = 0; i < task->data->nc; i++) {
    text_add(t, ",");
    text_add_csv(t, task->data->condition_name[i]);
  }
  for (int i = 0; i < names->n_states; i++) {
    char* name = names->unit[i][0] ? format_text("%s [%s]", names->state[i], names->unit[i])
                                   : format_text("%s", names->state[i]);
    text_add(t, ",");
    text_add_csv(t, name);
    df_free(name);
  }
  for (int i = 0; acts && i < names->n_actions; i++) {
    char* name = format_text("action %s", names->action[i]);
    text_add(t, ",");
    text_add_csv(t, name);
    df_free(name);
  }
  text_add(t, "\n");
}

static void add_numbers(size_t n, const double* values, text* t) {
  for (size_t i = 0; i < n; i++) text_add(t, ",%.17g", values[i]);
}

static void add_frame(const motions* m, const df_task* task, size_t i, size_t frame, text* t) {
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu, nc = (size_t)task->data->nc;
  const size_t length = (size_t)m->length;
  text_add(t, "%zu,%" PRIu64 ",%.17g", i, m->row[i].seed, (double)frame * task->system->dt);
  if (m->condition) add_numbers(nc, m->condition + i * nc, t);
  add_numbers(nx, m->x + (i * (length + 1) + frame) * nx, t);
  if (m->u && frame < length) add_numbers(nu, m->u + (i * length + frame) * nu, t);
  for (size_t k = 0; m->u && frame == length && k < nu; k++) text_add(t, ",");
  text_add(t, "\n");
}

df_status motions_write_csv(const motions* m, const cell* c, const char* path) {
  columns names;
  text t = {0};
  df_status status = columns_new(c->task, &names);
  if (status == DF_OK) {
    add_header(&names, c->task, m->u != NULL, &t);
    for (size_t i = 0; i < (size_t)m->n; i++) {
      for (size_t frame = 0; frame <= (size_t)m->length; frame++) add_frame(m, c->task, i, frame, &t);
    }
    status = text_write_output(&t, path);
  }
  text_clear(&t);
  columns_clear(&names);
  return status;
}
