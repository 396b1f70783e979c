/* cmd_expert.c: dynaflow expert train|eval|collect TASK: policies that are trained by the gradient through the
 * simulator, or by rewards alone, and demonstrations of them. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "data_card.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/sim/mujoco.h"
#include "exit_code.h"
#include "expert_task.h"
#include "expert_training.h"
#include "expert_trials.h"
#include "lookup.h"
#include "machine.h"
#include "progress.h"
#include "rows.h"
#include "stop.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"

enum { KEY_EPISODES = 256, KEY_SECONDS, KEY_WALKS, KEY_KICK, KEY_NOISE, KEY_RENEW, KEY_EVERY, KEY_LOG };

typedef enum expert_action { EXPERT_TRAIN, EXPERT_EVAL, EXPERT_COLLECT, EXPERT_ACTIONS } expert_action;
static const char* const action_names[EXPERT_ACTIONS] = {"train", "eval", "collect"};

/* defaults of --episodes and --walks */
enum { EPISODES = 50, WALKS = 64 };

/* ---- arguments ---- */

static int action_of(struct argp_state* state, const char* word) {
  char hint[96];
  for (int i = 0; i < EXPERT_ACTIONS; i++) {
    if (strcmp(word, action_names[i]) == 0) return i;
  }
  const char* names[EXPERT_ACTIONS];
  memcpy(names, action_names, sizeof names);
  argp_error(state, "unknown action '%s'%s (choose train, eval or collect)", word,
             suggestion(word, EXPERT_ACTIONS, names, hint, sizeof hint));
  return -1;
}

/* refuses the options that the action would ignore */
static void check_unused(struct argp_state* state, const expert_arguments* a) {
  enum {
    TRAIN = 1 << EXPERT_TRAIN,
    EVAL = 1 << EXPERT_EVAL,
    COLLECT = 1 << EXPERT_COLLECT,
    EVERY = 1 << EXPERT_ACTIONS
  };
  const bool tries = a->action == EXPERT_TRAIN && (a->every || a->out);
  const struct {
    const char* name;
    bool given;
    int actions; /* that use it; EVERY: also a training that tries its policy */
    const char* words;
  } options_of[] = {
      {"--episodes", a->episodes > 0, COLLECT, "expert collect"},
      {"--log", a->log != NULL, TRAIN, "expert train"},
      {"--eval-every", a->every > 0, TRAIN, "expert train"},
      {"--walks", a->walks > 0, EVAL | EVERY, "expert eval` and `expert train --eval-every|--out"},
      {"--kick", !isnan(a->kick), EVAL | EVERY, "expert eval` and `expert train --eval-every|--out"},
      {"--seconds", !isnan(a->seconds), EVAL | COLLECT | EVERY,
       "expert eval`, `collect` and `train --eval-every|--out"},
      {"--renew", !isnan(a->renew), EVAL | COLLECT | EVERY, "expert eval`, `collect` and `train --eval-every|--out"},
      {"--noise", !isnan(a->noise), EVAL | COLLECT | EVERY, "expert eval`, `collect` and `train --eval-every|--out"}};
  const int action = 1 << a->action | (tries ? EVERY : 0);
  for (size_t i = 0; i < sizeof options_of / sizeof *options_of; i++) {
    if (options_of[i].given && !(options_of[i].actions & action))
      argp_error(state, "%s is only for `%s`", options_of[i].name, options_of[i].words);
  }
}

static void check_arguments(struct argp_state* state, const expert_arguments* a) {
  if (a->action < 0) argp_error(state, "an action is missing: train, eval or collect");
  if (!a->task) argp_error(state, "a task is missing");
  const bool in_run = a->action == EXPERT_TRAIN && a->out;
  if (in_run && a->checkpoint)
    argp_error(state, "--checkpoint and --out cannot be combined: a run has the policy in checkpoints/");
  if (!in_run && !a->checkpoint)
    argp_error(state, "--checkpoint is missing: the file of the policy%s",
               a->action == EXPERT_TRAIN ? ", or --out, the folder of a run" : "");
  check_unused(state, a);
  if (a->action == EXPERT_COLLECT && !a->out) argp_error(state, "--out is missing: the npz file to write");
  const size_t length = a->out ? strlen(a->out) : 0;
  if (!in_run && a->out && (length < 5 || strcmp(a->out + length - 4, ".npz") != 0))
    argp_error(state, "--out %s: the name must end in .npz", a->out);
  if (!in_run) expect_one_seed(&a->common, state);
}

static error_t parse(int key, char* value, struct argp_state* state) {
  expert_arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'c':
      a->checkpoint = parse_output(state, "--checkpoint", value);
      return 0;
    case 'o':
      a->out = parse_output(state, "--out", value);
      return 0;
    case KEY_LOG:
      a->log = parse_output(state, "--log", value);
      return 0;
    case KEY_EPISODES:
      a->episodes = (int)parse_integer(state, "--episodes", value, 1, 1000000);
      return 0;
    case KEY_WALKS:
      a->walks = (int)parse_integer(state, "--walks", value, 1, 100000);
      return 0;
    case KEY_EVERY:
      a->every = (int)parse_integer(state, "--eval-every", value, 1, 100000000);
      return 0;
    case KEY_SECONDS:
      a->seconds = parse_number(state, "--seconds", value, 0.02, 10000);
      return 0;
    case KEY_KICK:
      a->kick = parse_number(state, "--kick", value, 0, 100);
      return 0;
    case KEY_NOISE:
      a->noise = parse_number(state, "--noise", value, 0, 10);
      return 0;
    case KEY_RENEW:
      a->renew = parse_number(state, "--renew", value, 0, 10000);
      return 0;
    case ARGP_KEY_ARG:
      if (a->action < 0)
        a->action = action_of(state, value);
      else if (!a->task)
        a->task = value;
      else
        argp_error(state, "unexpected argument '%s': one action and one task are expected", value);
      return 0;
    case ARGP_KEY_END:
      check_arguments(state, a);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp_option own_options[] = {
    {"checkpoint", 'c', "FILE", 0, "policy file: train writes it, eval and collect read it", 0},
    {"out", 'o', "FILE.npz|DIR", 0,
     "collect: file to write the demonstrations to; a data card is written next to it. eval: file to write the walks "
     "to. train, in the place of --checkpoint: folder of a run, new or existing, to which each --seed adds a cell",
     0},
    {"episodes", KEY_EPISODES, "N", 0,
     "collect: demonstrations per gait (default: 50); with expert.imitate: clips per gait that are followed, at most",
     0},
    {"seconds", KEY_SECONDS, "S", 0,
     "eval, collect, train --eval-every and --out: length of a walk, s (default: 10; collect: 5)", 0},
    {"walks", KEY_WALKS, "N", 0,
     "eval, train --eval-every and --out: number of walks, every gait in turn (default: 64)", 0},
    {"kick", KEY_KICK, "V", 0,
     "eval, train --eval-every and --out: push the robot by V m/s in a random direction, every 2 s on average", 0},
    {"renew", KEY_RENEW, "S", 0,
     "eval, collect, train --eval-every and --out: draw a new command every S seconds on average (default: one command "
     "per walk)",
     0},
    {"noise", KEY_NOISE, "STD", 0,
     "eval, collect, train --eval-every and --out: standard deviation of the noise on the actions before tanh "
     "(default: 0)",
     0},
    {"eval-every", KEY_EVERY, "N", 0, "train: evaluate the policy every N updates", 0},
    {"log", KEY_LOG, "FILE.jsonl", 0, "train: append a line per update and per evaluation to FILE.jsonl", 0},
    {0}};
const struct argp expert_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "train|eval|collect TASK",
    .doc =
        "Trains a policy for a legged robot, evaluates it, and collects demonstrations from it. expert.method says how "
        "it is trained: with gradients through the simulator (shac, apg), or by rewards alone (ppo).\n\n"
        "The task needs a model and the settings expert* (`dynaflow list settings expert`), but no demonstrations, "
        "unless expert.imitate is `clips`: the policy then tracks the states of the task's demonstrations. "
        "train writes FILE when it is done. If it is interrupted, it keeps FILE.state, and the same command resumes "
        "from there with the same result, byte for byte. With --out DIR it trains and tries a policy per seed as a "
        "cell of "
        "a run: a record with its numbers, learning curve, settings and versions is appended to DIR/events.jsonl, "
        "which report, gate, verify and compare read like those of `dynaflow run`, and cells that are done are "
        "skipped. eval lets robots walk for 10 s and prints how many fall, the "
        "errors of velocity and yaw rate, and how well the feet follow the gait clock. collect writes walks without a "
        "fall to a file of demonstrations, with the gait and the command of every frame as conditions.\v"
        "Exits with 0 when done, 2 on bad input or when the simulation fails, 3 when a file is missing, 130 when "
        "interrupted.",
    .children = children};

/* ---- eval ---- */

static void add_score(const expert_arguments* a, rows* out, const char* gait, const trials_score* s) {
  expert_add_row(a, out, "fall_rate", gait, s->fall_rate.mean, "share", s->walks);
  expert_add_row(a, out, "velocity_error", gait, s->velocity_error, "m/s", s->cycles);
  expert_add_row(a, out, "yaw_rate_error", gait, s->yaw_rate_error, "rad/s", s->cycles);
  expert_add_row(a, out, "contact_agreement", gait, s->contact, "share", s->contacts);
}

static df_status evaluate(const expert_arguments* a, const expert_task* task, const df_expert* expert) {
  trials_score score[DF_WALK_GAITS_MAX], all;
  text without = {0};
  expert_walks w;
  const trials_cfg cfg = expert_trials_of(a, 10);
  if (a->out) DF_TRY(text_prepare_output(a->out));
  df_status status = expert_walk(task, expert, &cfg, &w);
  if (status == DF_OK && a->out) status = expert_walks_write(a->out, task, &w);
  if (status == DF_OK) {
    rows out = rows_new();
    expert_sum_up(task, &w, score, &all, &without);
    for (int g = 0; g < task->config.expert_gaits.n; g++) add_score(a, &out, task->config.expert_gaits.v[g], &score[g]);
    add_score(a, &out, "all", &all);
    rows_print(&out, &a->common);
    rows_free(&out);
    expert_note_without(a, &without, all.walks - all.falls, all.cycles);
  }
  expert_walks_clear(&w);
  text_clear(&without);
  return status;
}

/* ---- collect ---- */

static const double COLLECT_SECONDS = 5;

static void show_collected(void* context, int done) {
  progress_update(context, done, NULL);
}

static void print_collected(const expert_arguments* a, bool imitates, const df_generation* made) {
  rows out = rows_new();
  for (int i = 0; i < made->n; i++) {
    const double kept = (double)(made->kind[i].tried - made->kind[i].rejected);
    expert_add_row(a, &out, "episodes", made->kind[i].name, imitates ? kept : a->episodes, "", made->kind[i].tried);
    expert_add_row(a, &out, "fallen", made->kind[i].name, made->kind[i].rejected, "", made->kind[i].tried);
  }
  rows_print(&out, &a->common);
  rows_free(&out);
}

static df_status write_card(const expert_arguments* a, const expert_task* task, const df_dataset* data,
                            const df_generation* made) {
  char sha256[DF_SHA256_TEXT];
  DF_TRY(df_sha256_file(a->checkpoint, sha256));
  char* summary = format_text("walks of the policy of dynaflow expert train with the SHA-256 %s", sha256);
  const df_generator generator = {.name = "expert", .summary = summary, .version = 1};
  const trials_cfg cfg = expert_trials_of(a, COLLECT_SECONDS);
  char episodes[32], seconds[32], renew[32], noise[32], seed[32];
  snprintf(episodes, sizeof episodes, "%d", a->episodes);
  snprintf(seconds, sizeof seconds, "%.10g", cfg.seconds);
  snprintf(renew, sizeof renew, "%.10g", cfg.renew_seconds);
  snprintf(noise, sizeof noise, "%.10g", cfg.noise);
  snprintf(seed, sizeof seed, "%" PRIu64, cfg.seed);
  const card_option of_command[] = {
      {"--episodes", episodes, expert_imitation(task) ? "clips per gait, at most" : "per gait"},
      {"--seconds", seconds, "s"},
      {"--renew", renew, "s, on average; 0: one command per walk"},
      {"--noise", noise, "standard deviation, before tanh"},
      {"--seed", seed, ""}};
  const card_origin origin = {.written_by = "`dynaflow expert collect`",
                              .generator = &generator,
                              .depends = expert_depends,
                              .n_options = sizeof of_command / sizeof *of_command,
                              .option = of_command};
  const df_status status = data_card_write(a->out, &task->config, task->system, &origin, data, made);
  df_free(summary);
  return status;
}

static df_status collect(const expert_arguments* a, const expert_task* task, const df_expert* expert) {
  trials_cfg cfg = expert_trials_of(a, COLLECT_SECONDS);
  df_generation made;
  df_dataset* data;
  progress bar;
  DF_TRY(text_prepare_output(a->out)); /* before the walks */
  progress_start(&bar, a->common.quiet, "collect", "episodes", expert_count_collected(task, &cfg, a->episodes));
  df_status status = expert_collect(task, expert, &cfg, a->episodes, show_collected, &bar, &made, &data);
  progress_end(&bar);
  if (status == DF_OK) status = df_dataset_write(a->out, data, df_mujoco_identity(task->system));
  if (status == DF_OK) status = write_card(a, task, data, &made);
  if (status == DF_OK) print_collected(a, expert_imitation(task), &made);
  df_dataset_free(data);
  return status;
}

/* ---- the command ---- */

static df_status act(const expert_arguments* a, const expert_task* task) {
  if (a->action == EXPERT_TRAIN) return expert_train_file(a, task);
  df_expert* expert;
  df_status status = expert_checkpoint_read(task, a->common.threads, a->checkpoint, &expert);
  if (status == DF_OK) status = a->action == EXPERT_EVAL ? evaluate(a, task, expert) : collect(a, task, expert);
  df_expert_free(expert);
  return status;
}

int cmd_expert(int argc, char** argv) {
  expert_arguments a = {
      .common = options_default(), .action = -1, .seconds = NAN, .kick = NAN, .noise = NAN, .renew = NAN};
  df_config config;
  df_search search = {0};
  expert_task task = {0};
  options_parse(&expert_argp, argc, argv, &a);
  if (!a.episodes) a.episodes = EPISODES;
  if (!a.walks) a.walks = WALKS;
  /* a training keeps its state; the others lose nothing that they would keep */
  if (a.action == EXPERT_TRAIN)
    stop_in_order();
  else
    stop_at_once();
  df_status status = resolve_task(a.task, NULL, NULL, &a.common, &config, &search);
  if (status == DF_OK) status = open_blas(&a.common);
  if (status == DF_OK) status = expert_task_make(&config, &search, &a.common, &task);
  if (status == DF_OK && expert_imitation(&task) && !isnan(a.renew))
    status = df_fail(DF_E_CONFIG, "--renew: a policy with expert.imitate follows clips, not commands");
  const bool in_run = status == DF_OK && a.action == EXPERT_TRAIN && a.out;
  int code = in_run ? expert_train_in_run(&a, &task) : EXIT_DONE;
  if (status == DF_OK && !in_run) status = act(&a, &task);
  if (status != DF_OK) code = report_failure(status);
  expert_task_clear(&task);
  search_clear(&search);
  return code;
}
