#include "score.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "chain.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "methods.h"
#include "text.h"
#include "trajectory_file.h"

struct score {
  const char* path;
  char name[DF_NAME_MAX];
  char sha256[DF_SHA256_TEXT];
  df_method method;
  const df_task* task;       /* of the cell */
  trajectories* file;        /* NULL until the cell is loaded */
  df_window* from;           /* [set->B]: trajectory and frame of each window of the evaluation */
  double *whole_x, *whole_u; /* of `given.motion` */
  cell_given given;
};

/* ---- the method: it returns what the file has ---- */

/* copies n actions and n + 1 states from frame `first` of a trajectory; beyond its end, the last ones again */
static void copy_frames(const score* s, int trajectory, int first, int n, double* x, double* u) {
  const trajectories* t = s->file;
  const size_t nx = (size_t)s->task->system->nx, nu = (size_t)s->task->system->nu;
  const double* states = t->states + (size_t)trajectory * (size_t)(t->length + 1) * nx;
  for (int k = 0; k <= n; k++) {
    const int frame = first + k < t->length ? first + k : t->length;
    memcpy(x + (size_t)k * nx, states + (size_t)frame * nx, nx * sizeof *x);
    if (!t->actions || k == n) continue;
    const int action = frame < t->length ? frame : t->length - 1;
    const size_t row = (size_t)trajectory * (size_t)t->length + (size_t)action;
    memcpy(u + (size_t)k * nu, t->actions + row * nu, nu * sizeof *u);
  }
}

static df_status create(const df_method_env* env, void** self) {
  *self = env->context;
  return DF_OK;
}

static void destroy(void* self) {
  (void)self;
}

/* row b belongs to window b of the evaluation, also in a chain, which begins there */
static df_status sample(void* self, const df_request* r, double* x, double* u) {
  const score* s = self;
  const size_t H = (size_t)s->task->windows->horizon;
  const size_t nx = (size_t)s->task->system->nx, nu = (size_t)s->task->system->nu;
  const uint64_t window = r->first_index < CHAIN_INDEX ? 0 : (r->first_index - CHAIN_INDEX) / (uint64_t)r->B;
  for (size_t b = 0; b < (size_t)r->B; b++) {
    const df_window from = s->from[b];
    copy_frames(s, from.episode, from.start + (int)(window * H), (int)H, x + b * (H + 1) * nx,
                u ? u + b * H * nu : NULL);
  }
  return DF_OK;
}

/* takes over the words */
static void note(score* s, char* words) {
  json_array_append_new(s->given.notes, json_text(words));
  df_free(words);
}

/* ---- matching with the held-out windows ---- */

/* equal up to the rounding of single precision, as the metric tre requires of frame 0 */
static bool agree(size_t n, const double* a, const double* b) {
  for (size_t i = 0; i < n; i++) {
    if (!(fabs(a[i] - b[i]) <= DF_START_TOLERANCE * fmax(1, fabs(b[i])))) return false;
  }
  return true;
}

static double* states_of(const score* s, int trajectory) {
  return s->file->states + (size_t)trajectory * (size_t)(s->file->length + 1) * (size_t)s->task->system->nx;
}

/* Negates the quaternions of a trajectory whose first one is nearer to -q than to the q of a state: they are the same
 * orientation. */
static void align_quaternions(const score* s, int trajectory, const double* x0) {
  const df_system* system = s->task->system;
  double* x = states_of(s, trajectory);
  const df_joint* joints;
  const int n = df_system_is_mujoco(system) ? df_mujoco_joints(system, &joints) : 0;
  for (int j = 0; j < n; j++) {
    const df_joint* joint = &joints[j];
    const int at = joint->qpos + (joint->kind == DF_JOINT_FREE ? 3 : 0);
    if (joint->kind != DF_JOINT_FREE && joint->kind != DF_JOINT_BALL) continue;
    if (!(x[at] * x0[at] + x[at + 1] * x0[at + 1] + x[at + 2] * x0[at + 2] + x[at + 3] * x0[at + 3] < 0)) continue;
    for (int t = 0; t <= s->file->length; t++) {
      for (int k = 0; k < 4; k++) x[t * system->nx + at + k] *= -1;
    }
  }
}

/* the trajectory gets the signs of the window's quaternions */
static bool has_state(const score* s, int trajectory, const eval_set* set, int window) {
  const size_t nx = (size_t)s->task->system->nx;
  const double* x0 = set->x0 + (size_t)window * nx;
  align_quaternions(s, trajectory, x0);
  return agree(nx, states_of(s, trajectory), x0);
}

/* the first condition of a trajectory that is not that of a window; -1: none */
static int other_condition(const score* s, int trajectory, const eval_set* set, int window) {
  const int nc = s->file->conditions ? s->task->data->nc : 0;
  for (int i = 0; i < nc; i++) {
    if (!agree(1, s->file->conditions + trajectory * nc + i, set->condition + window * nc + i)) return i;
  }
  return -1;
}

static bool starts_in(const score* s, int trajectory, const eval_set* set, int window) {
  return has_state(s, trajectory, set, window) && other_condition(s, trajectory, set, window) < 0;
}

/* Notes a trajectory that starts in the state of a window without one, under another condition. Returns whether there
 * is one. */
static bool note_condition(score* s, const eval_set* set, int window) {
  const int nc = s->task->data->nc;
  for (int i = 0; i < s->file->n; i++) {
    const int c = has_state(s, i, set, window) ? other_condition(s, i, set, window) : -1;
    if (c < 0) continue;
    note(s, format_text("trajectory %d starts in the state of held-out window %d under another condition: %s is %.9g, "
                        "expected %.9g",
                        i, window, s->task->data->condition_name[c], s->file->conditions[i * nc + c],
                        set->condition[window * nc + c]));
    return true;
  }
  return false;
}

/* Finds a trajectory for each window: that of its own index first, then the first that no window has yet. Returns the
 * number of windows with a trajectory. */
static df_status match_windows(score* s, const eval_set* set, int* matched) {
  bool* used = df_alloc((size_t)s->file->n, sizeof *used);
  s->from = df_alloc((size_t)set->B, sizeof *s->from);
  bool reported = false;
  *matched = 0;
  if (!used || !s->from) {
    df_free(used);
    return DF_E_NOMEM;
  }
  for (int b = 0; b < set->B; b++) {
    int found = b < s->file->n && !used[b] && starts_in(s, b, set, b) ? b : -1;
    for (int i = 0; i < s->file->n && found < 0; i++) {
      if (!used[i] && starts_in(s, i, set, b)) found = i;
    }
    if (found < 0) {
      reported = reported || note_condition(s, set, b);
      continue;
    }
    used[found] = true;
    s->from[b] = (df_window){.episode = found};
    ++*matched;
  }
  df_free(used);
  return DF_OK;
}

/* gives the evaluation the whole trajectory of each window, if it is longer than the window */
static df_status give_whole(score* s, int windows, eval_given* motion) {
  const trajectories* t = s->file;
  const size_t nx = (size_t)s->task->system->nx, nu = (size_t)s->task->system->nu, n = (size_t)t->length;
  if (t->length == s->task->windows->horizon) return DF_OK;
  s->whole_x = df_alloc((size_t)windows * (n + 1) * nx, sizeof *s->whole_x);
  if (t->actions) s->whole_u = df_alloc((size_t)windows * n * nu, sizeof *s->whole_u);
  if (!s->whole_x || (t->actions && !s->whole_u)) return DF_E_NOMEM;
  for (size_t b = 0; b < (size_t)windows; b++) {
    copy_frames(s, s->from[b].episode, 0, t->length, s->whole_x + b * (n + 1) * nx,
                s->whole_u ? s->whole_u + b * n * nu : NULL);
  }
  motion->x = s->whole_x;
  motion->u = s->whole_u;
  return DF_OK;
}

/* ---- a set of the trajectories' own windows ---- */

static df_status copy_starts(score* s, int windows, double* x0, double* condition) {
  const trajectories* t = s->file;
  const size_t nx = (size_t)s->task->system->nx, nc = (size_t)s->task->data->nc;
  for (int i = 0; i < windows; i++) {
    const df_window from = {.episode = i % t->n, .start = i / t->n * s->task->windows->horizon};
    const size_t row = (size_t)from.episode * (size_t)(t->length + 1) + (size_t)from.start;
    s->from[i] = from;
    memcpy(x0 + (size_t)i * nx, t->states + row * nx, nx * sizeof *x0);
    if (condition) {
      memcpy(condition + (size_t)i * nc, t->conditions + (size_t)from.episode * nc, nc * sizeof *condition);
    }
  }
  return DF_OK;
}

/* replaces the held-out windows by successive windows of H actions of all trajectories; the first ones of all
 * trajectories come first, as chains begin there */
static df_status cut_windows(score* s, cell* c) {
  const trajectories* t = s->file;
  const size_t nx = (size_t)s->task->system->nx, nc = (size_t)s->task->data->nc;
  const size_t windows = (size_t)t->n * (size_t)(t->length / s->task->windows->horizon);
  df_free(s->from);
  s->from = df_alloc(windows, sizeof *s->from);
  double* x0 = df_alloc(windows * nx, sizeof *x0);
  double* condition = t->conditions ? df_alloc(windows * nc, sizeof *condition) : NULL;
  df_status status = s->from && x0 && (condition || !t->conditions) ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = copy_starts(s, (int)windows, x0, condition);
  if (status == DF_OK) {
    eval_set_free(c->set);
    c->set = NULL;
    status = eval_set_of_starts(
        s->task, &(eval_starts){.B = (int)windows, .x0 = x0, .condition = condition, .window = s->from}, &c->set);
  }
  df_free(x0);
  df_free(condition);
  return status;
}

/* ---- the cell ---- */

/* how the actions after a compared window are judged */
static void note_rest(score* s, int held_out) {
  const trajectories* t = s->file;
  const int H = s->task->windows->horizon, most = s->task->config.eval_sae_windows;
  if (t->length == H) return;
  text counted = {0};
  if (t->actions) text_add(&counted, "sae_own");
  if (most > 0) {
    text_add(&counted, "%ssae_min of the first %d trajectories", t->actions ? " and in " : "",
             most < held_out ? most : held_out);
  }
  note(s,
       format_text("the last %d of the %d actions of each trajectory lie after its window of %d actions: their steps "
                   "%s%s, and tre and the other measures of windows do not include them",
                   t->length - H, t->length, H, counted.n ? "count in " : "are not measured", text_of(&counted)));
  text_clear(&counted);
}

static void note_motion(score* s, const cell* c, bool compared, int matched, int held_out) {
  const trajectories* t = s->file;
  const int H = s->task->windows->horizon;
  if (!compared) {
    note(s,
         format_text("trajectories start in %d of the %d held-out windows: there is no demonstration to compare all of "
                     "them with, so tre and gait_agreement are not measured, and paired comparisons with methods of "
                     "the suite are not possible; all %d trajectories are measured in windows of %d actions",
                     matched, held_out, t->n, H));
    if (t->length % H) note(s, format_text("the last %d actions of each trajectory are not measured", t->length % H));
  } else if (t->n > held_out) {
    note(s, format_text("%d of the %d trajectories start in no held-out window and are not measured", t->n - held_out,
                        t->n));
  }
  if (compared) note_rest(s, held_out);
  const double seconds = t->length * s->task->system->dt, wanted = s->task->config.eval_chain_seconds;
  if (t->actions && c->config.eval_chains > 0 && t->length < (int)lround(wanted / s->task->system->dt)) {
    note(s, format_text("trajectories of %g s are shorter than eval.chain_seconds, %g s: falls, commands and gaits of "
                        "long motions are not measured",
                        seconds, wanted));
  }
}

static json_t* describe(const score* s, bool compared, const char* copy) {
  const trajectories* t = s->file;
  return json_pack("{s:s,s:s,s:o,s:i,s:i,s:b,s:b,s:O}", "path", copy, "sha256", s->sha256, "source", json_text(s->path),
                   "n", t->n, "length", t->length, "actions", t->actions != NULL, "compared", compared, "provenance",
                   t->provenance);
}

/* forgets what attach() made */
static void clear(score* s) {
  trajectories_free(s->file);
  df_free(s->from);
  df_free(s->whole_x);
  df_free(s->whole_u);
  json_decref(s->given.record);
  json_array_clear(s->given.notes);
  s->file = NULL;
  s->from = NULL;
  s->whole_x = s->whole_u = NULL;
  s->given.record = NULL;
}

/* callback of cell_load(): reads the file, and chooses the windows */
static df_status attach(cell* c, cell_given* given) {
  score* s = c->method->context;
  const int H = c->task->windows->horizon, held_out = c->set->B;
  clear(s);
  s->task = c->task;
  DF_TRY(trajectories_read(s->path, c->task, &s->file));
  if (strcmp(s->file->sha256, s->sha256) != 0) {
    return df_fail(DF_E_MISMATCH, "%s changed while the program ran; repeat the command", s->path);
  }
  if (s->file->length < H) {
    return df_fail(DF_E_MISMATCH,
                   "%s: states has %d frames per trajectory, expected %d or more: windows of task %s have "
                   "%d actions",
                   s->path, s->file->length + 1, H + 1, c->config.task_name, H);
  }
  if (s->file->actions) s->method.flags |= DF_METHOD_RETURNS_ACTIONS;
  int matched;
  DF_TRY(match_windows(s, c->set, &matched));
  const bool compared = matched == held_out;
  if (!compared) DF_TRY(cut_windows(s, c));
  given->motion = (eval_given){.n = compared ? held_out : s->file->n, .length = s->file->length};
  if (compared) DF_TRY(give_whole(s, held_out, &given->motion));
  note_motion(s, c, compared, matched, held_out);
  if (s->file->doubt) note(s, format_text("%s", s->file->doubt));
  if (s->file->origin) note(s, format_text("%s", s->file->origin));
  if (s->file->norms) note(s, format_text("%s", s->file->norms));
  char* copy = format_text("trajectories/%.16s.npz", c->key);
  given->record = describe(s, compared, copy);
  df_free(copy);
  return DF_OK;
}

df_status score_new(const char* path, const char* name, score** out) {
  *out = NULL;
  score* s = df_alloc(1, sizeof *s);
  if (!s) return DF_E_NOMEM;
  s->path = path;
  strncpy(s->name, name, sizeof s->name - 1);
  s->method = (df_method){.name = strlen(name) < sizeof s->name ? s->name : name,
                          .summary = "trajectories of a file",
                          .flags = DF_METHOD_IGNORES_SEED,
                          .context = s,
                          .create = create,
                          .destroy = destroy,
                          .sample = sample};
  s->given = (cell_given){.attach = attach, .notes = json_array()};
  df_status status = df_sha256_file(path, s->sha256);
  if (status == DF_OK) status = df_method_register_file(&s->method, s->sha256);
  if (status == DF_E_CONFIG) status = df_fail(status, "%s: %s; --name gives another name", path, df_error_message());
  if (status != DF_OK) {
    score_free(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

void score_free(score* s) {
  if (!s) return;
  clear(s);
  json_decref(s->given.notes);
  df_free(s);
}

const df_method* score_method(const score* s) {
  return &s->method;
}

df_status score_check(score* s, const char* task, const options* opts) {
  cell c;
  df_status status = cell_open(&c, task, &s->method, opts->seeds[0], opts);
  c.given = &s->given;
  if (status == DF_OK) status = cell_load(&c);
  cell_close(&c);
  return status;
}

/* <folder>/trajectories/<first 16 digits of the key>.npz, which verify compares with the record */
static df_status copy_file(const score* s, const cell* c, const char* folder) {
  char* data;
  size_t n;
  DF_TRY(df_file_read(s->path, &data, &n));
  char* name = format_text("trajectories/%.16s.npz", c->key);
  const df_status status = df_file_write_below(folder, name, data, n);
  df_free(name);
  df_free(data);
  return status;
}

df_status score_run(score* s, cell* c, const char* folder, store* events, cell_end* end) {
  c->given = &s->given;
  DF_TRY(copy_file(s, c, folder));
  return cell_run(c, folder, events, end);
}
