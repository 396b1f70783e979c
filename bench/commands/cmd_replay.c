/* cmd_replay.c: dynaflow replay TASK: checks that recorded actions reproduce the recorded states under the task's
 * model, and says what explains the difference where they do not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "json.h"
#include "lookup.h"
#include "options.h"
#include "replay_study.h"
#include "rows.h"
#include "terminal.h"

typedef struct arguments {
  options common;
  const char* task;
  replay_limits limits;
} arguments;

enum { KEY_CARRIED = 0x600, KEY_CLEARED, KEY_OPEN_LOOP };

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_CARRIED:
      a->limits.carried = parse_number(state, "--limit-carried", value, 0, 1e9);
      return 0;
    case KEY_CLEARED:
      a->limits.cleared = parse_number(state, "--limit-cleared", value, 0, 1e9);
      return 0;
    case KEY_OPEN_LOOP:
      a->limits.open_loop = parse_number(state, "--limit-open-loop", value, 0, 1e9);
      return 0;
    case ARGP_KEY_ARG:
      if (a->task) argp_error(state, "unexpected argument '%s': one task is expected", value);
      a->task = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"limit-carried", KEY_CARRIED, "X", 0,
     "largest error allowed over one action with the preceding warm start (default: 1e-12 times the largest recorded "
     "number above 1, and at most 1e-6 of the largest change over one action)",
     0},
    {"limit-cleared", KEY_CLEARED, "X", 0,
     "error of one action from a cleared warm start above which its row is marked and 'follows' becomes "
     "'solver-limited' (default: 1e-5)",
     0},
    {"limit-open-loop", KEY_OPEN_LOOP, "X", 0,
     "position error over whole episodes, in m and rad, above which its row is marked and 'follows' becomes "
     "'rounding', 'chaotic growth' or 'solver-limited' (default: 1e-11 times the largest recorded position above 1)",
     0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp replay_argp = {
    .options = option_table,
    .parser = parse,
    .args_doc = "TASK",
    .doc =
        "Checks that the recorded actions of a task's demonstrations reproduce the recorded states.\n\n"
        "Simulates the actions under the task's model: one action from each recorded state, with the solver's warm "
        "start cleared (cleared) or kept from the preceding action (carried), and whole episodes from their first "
        "state (open_loop). Prints median and worst errors; an error is the largest absolute entry, separately for "
        "positions (m, rad), velocities (m/s, rad/s) and activations. Where an error is above its limit, it finds out "
        "why: the recording's own precision (rounding), the constraint solver (solver-limited), a motion that "
        "amplifies rounding (chaotic growth), or another model or option, of which it names the one that fits best. "
        "Writes nothing, but generates missing demonstrations if the task can.\v"
        "Exits with 0 when the states follow from the actions (verdicts 'follows', 'rounding', 'solver-limited' and "
        "'chaotic growth'), 1 when they do not ('another option', 'another convention', 'another model', "
        "'unrelated actions'), 2 on bad input, 3 when a model or data file is missing, 4 when the data have no actions "
        "('nothing to replay') "
        "or too few to distinguish another model from the rounding of actions, or the rounding of the states hides "
        "other "
        "masses, "
        "friction or gains ('undecided').",
    .children = children};

static const char* const kind_names[KINDS] = {
    [POSITION] = "position", [VELOCITY] = "velocity", [ACTIVATION] = "activation"};
static const char* const kind_units[KINDS] = {[POSITION] = "m, rad", [VELOCITY] = "m/s, rad/s", [ACTIVATION] = ""};

/* ---- rows ---- */

/* Adds one row with the median and one with the worst of n errors for each kind that the state has, and sorts the
 * errors. A large share of the motion (replay_gap) is a warning; NULL: none. */
static void add_rows(const replay_study* s, rows* out, const row* base, const char* name, size_t n,
                     double* const errors[KINDS], const double limit[KINDS], const double share[KINDS]) {
  for (int kind = 0; kind < KINDS; kind++) {
    if (s->r.from[kind] == s->r.from[kind + 1]) continue;
    char metric[64], status[64] = "ok";
    row one = *base;
    df_sort((int)n, errors[kind]);
    one.unit = kind_units[kind];
    one.n = (int64_t)n;
    one.metric = metric;
    snprintf(metric, sizeof metric, "%s_%s_median", name, kind_names[kind]);
    one.value = errors[kind][n / 2];
    rows_add(out, &one);
    if (errors[kind][n - 1] > limit[kind]) snprintf(status, sizeof status, "above the limit %.3g", limit[kind]);
    if (share && share[kind] > REPLAY_GAP_LARGE)
      snprintf(status, sizeof status, "warning: %.3g %% of the motion", 100 * share[kind]);
    snprintf(metric, sizeof metric, "%s_%s_worst", name, kind_names[kind]);
    one.value = errors[kind][n - 1];
    one.status = status;
    rows_add(out, &one);
  }
}

static void add_all_rows(const arguments* a, const replay_study* s, rows* out) {
  const comparison* c = &s->trained;
  const replay_gap gap = replay_study_gap(s);
  row base = row_default();
  base.task = a->task;
  base.profile = a->common.profile;
  add_rows(s, out, &base, "carried", c->steps, c->carried, s->allowed.carried, gap.share);
  add_rows(s, out, &base, "cleared", c->steps, c->cleared, s->allowed.cleared, NULL);
  add_rows(s, out, &base, "open_loop", c->episodes, c->open_loop, s->allowed.open_loop, NULL);
  base.metric = "carried_bitwise_equal";
  base.unit = "share";
  base.n = (int64_t)c->steps;
  base.value = (double)c->equal / (double)c->steps;
  rows_add(out, &base);
}

/* ---- JSON: a row with the verdict and what it stands on ---- */

static json_t* fit_json(const replay_fit* f) {
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "carried", json_number(f->carried), "cleared",
                   json_number(f->cleared), "open_loop", json_number(f->open_loop), "rounding_one_action",
                   json_number(f->step), "rounding_windows", json_number(f->drift), "solver_one_action",
                   json_number(f->solver_step), "solver_windows", json_number(f->solver_drift), "episode_starts",
                   json_number(f->start));
}

static json_t* hypothesis_json(const hypothesis* h) {
  const char* status = h->failed ? "not compiled" : h->too_few ? "not compared" : isfinite(h->rms) ? "ok" : "diverged";
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:s}", "name", json_text(hypothesis_text(h)), "rms", json_number(h->rms),
                   "position_worst", json_number(h->worst[POSITION]), "velocity_worst", json_number(h->worst[VELOCITY]),
                   "activation_worst", json_number(h->worst[ACTIVATION]), "status", status);
}

/* adds what the verdict stands on */
static void add_evidence(const replay_study* s, json_t* one) {
  char position[40], velocity[40], action[40];
  df_stored_precision_text(s->r.stored[POSITION], position);
  df_stored_precision_text(s->r.stored[VELOCITY], velocity);
  df_stored_precision_text(s->r.action, action);
  json_object_set_new(one, "precision",
                      json_pack("{s:s,s:s,s:s}", "positions", position, "velocities", velocity, "actions", action));
  json_object_set_new(one, "doubling_actions", json_number(s->doubling));
  json_object_set_new(one, "doubling_seconds", json_number(s->doubling * s->r.dt));
  json_object_set_new(one, "error_over_allowed",
                      json_pack("{s:o,s:o,s:o,s:o}", "trained", fit_json(&s->evidence.trained), "own_solver_options",
                                fit_json(&s->evidence.own), "best_hypothesis", fit_json(&s->evidence.best),
                                "rounded_actions", fit_json(&s->evidence.actions)));
  const action_errors* needed = &s->evidence.needed;
  json_object_set_new(one, "action_errors_over_allowed",
                      json_pack("{s:o,s:o,s:o}", "largest", json_number(needed->largest), "spread",
                                json_number(needed->spread), "dependence", json_number(needed->dependence)));
  json_t* list = json_array();
  for (int i = 0; i < s->tried.n; i++) json_array_append_new(list, hypothesis_json(&s->tried.list[i]));
  json_object_set_new(one, "hypotheses", list);
  json_object_set_new(one, "best_hypothesis",
                      s->tried.n ? json_text(hypothesis_text(&s->tried.list[s->tried.best])) : json_null());
}

static void add_verdict(const arguments* a, const replay_study* s, const char* reason, const char* warning, rows* out) {
  row base = row_default();
  base.task = a->task;
  base.profile = a->common.profile;
  base.metric = "verdict";
  base.status = replay_verdict_status(s->verdict);
  base.n = (int64_t)s->trained.steps;
  json_t* one = row_json(&base, false);
  json_object_set_new(one, "verdict", json_string(replay_verdict_text(s->verdict)));
  const char* fits = replay_study_would_fit(s);
  json_object_set_new(one, "would_fit", fits ? json_text(fits) : json_null());
  json_object_set_new(one, "reason", json_text(reason));
  json_object_set_new(one, "warning", warning ? json_text(warning) : json_null());
  json_object_set_new(one, "share_of_motion",
                      json_number(s->verdict == REPLAY_NOTHING ? NAN : replay_study_gap(s).largest));
  if (s->left_out) json_object_set_new(one, "not_compared", json_text(s->left_out));
  if (s->verdict != REPLAY_NOTHING) add_evidence(s, one);
  rows_add_object(out, one);
}

static void print_study(const arguments* a, const replay_study* s) {
  rows out = rows_new();
  char* reason = replay_study_reason(s);
  char* warning = replay_study_warning(s);
  if (s->verdict != REPLAY_NOTHING) add_all_rows(a, s, &out);
  if (a->common.json) add_verdict(a, s, reason, warning, &out);
  rows_print(&out, &a->common);
  if (!a->common.json) print_line(stdout, "verdict: %s", replay_verdict_text(s->verdict));
  /* an accepted recording needs no words if it follows exactly */
  const bool failed = replay_verdict_exit(s->verdict) != EXIT_DONE;
  if (failed || (s->verdict != REPLAY_FOLLOWS && !a->common.quiet)) {
    print_line(stderr, "dynaflow: %s: %s: %s", a->task, replay_verdict_text(s->verdict), reason);
  }
  if (warning) print_line(stderr, "dynaflow: warning: %s: %s", a->task, warning);
  if (s->left_out && (failed || !a->common.quiet)) print_line(stderr, "dynaflow: %s: %s", a->task, s->left_out);
  df_free(reason);
  df_free(warning);
  rows_free(&out);
}

/* ---- the command ---- */

static df_status study_task(const arguments* a, const df_config* config, const df_search* search, replay_study* s) {
  const df_mujoco_cfg cfg = replay_cfg(config, false);
  df_system* system = NULL;
  df_dataset* data = NULL;
  char* path = NULL;
  char model_sha256[DF_SHA256_TEXT];
  df_status status = df_task_system_with(config, search, &cfg, &system, model_sha256);
  if (status == DF_OK) status = task_data_path(config, search, &a->common, true, &path);
  if (status == DF_OK) status = df_dataset_read(path, config, system, &data);
  if (status == DF_OK && data->actions) {
    const replay_input in = {
        .config = config, .search = search, .data = data, .system = system, .limits = a->limits, .opts = &a->common};
    status = replay_study_run(&in, s);
  } else if (status == DF_OK) {
    s->verdict = REPLAY_NOTHING;
  }
  if (status == DF_OK) print_study(a, s);
  replay_study_clear(s);
  df_dataset_free(data);
  df_system_free(system);
  df_free(path);
  return status;
}

int cmd_replay(int argc, char** argv) {
  arguments a = {.common = options_default(), .limits = {NAN, NAN, NAN}};
  options_parse(&replay_argp, argc, argv, &a);
  df_config config;
  df_search search;
  replay_study study = {0};
  df_status status = resolve_task(a.task, NULL, NULL, &a.common, &config, &search);
  if (status == DF_OK) status = study_task(&a, &config, &search, &study);
  const int code = status == DF_OK ? replay_verdict_exit(study.verdict) : report_task_failure(status, a.task);
  search_clear(&search);
  return code;
}
