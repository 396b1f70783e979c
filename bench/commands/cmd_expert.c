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
#include "expert_trials.h"
#include "json.h"
#include "lookup.h"
#include "machine.h"
#include "progress.h"
#include "rows.h"
#include "stop.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"
#include "training_log.h"

enum { KEY_EPISODES = 256, KEY_SECONDS, KEY_WALKS, KEY_KICK, KEY_NOISE, KEY_RENEW, KEY_EVERY, KEY_LOG };

typedef enum expert_action { EXPERT_TRAIN, EXPERT_EVAL, EXPERT_COLLECT, EXPERT_ACTIONS } expert_action;
static const char* const action_names[EXPERT_ACTIONS] = {"train", "eval", "collect"};

typedef struct arguments {
  options common;
  int action; /* < 0: not given */
  const char *task, *checkpoint, *out, *log;
  int episodes, walks, every;         /* 0: not given */
  double seconds, kick, noise, renew; /* NaN: not given */
} arguments;

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
static void check_unused(struct argp_state* state, const arguments* a) {
  enum {
    TRAIN = 1 << EXPERT_TRAIN,
    EVAL = 1 << EXPERT_EVAL,
    COLLECT = 1 << EXPERT_COLLECT,
    EVERY = 1 << EXPERT_ACTIONS
  };
  const struct {
    const char* name;
    bool given;
    int actions; /* that use it; EVERY: also train with --eval-every */
    const char* words;
  } options_of[] = {
      {"--out", a->out != NULL, COLLECT, "expert collect"},
      {"--episodes", a->episodes > 0, COLLECT, "expert collect"},
      {"--log", a->log != NULL, TRAIN, "expert train"},
      {"--eval-every", a->every > 0, TRAIN, "expert train"},
      {"--walks", a->walks > 0, EVAL | EVERY, "expert eval` and `expert train --eval-every"},
      {"--kick", !isnan(a->kick), EVAL | EVERY, "expert eval` and `expert train --eval-every"},
      {"--seconds", !isnan(a->seconds), EVAL | COLLECT | EVERY, "expert eval`, `collect` and `train --eval-every"},
      {"--renew", !isnan(a->renew), EVAL | COLLECT | EVERY, "expert eval`, `collect` and `train --eval-every"},
      {"--noise", !isnan(a->noise), EVAL | COLLECT | EVERY, "expert eval`, `collect` and `train --eval-every"}};
  const int action = 1 << a->action | (a->action == EXPERT_TRAIN && a->every ? EVERY : 0);
  for (size_t i = 0; i < sizeof options_of / sizeof *options_of; i++) {
    if (options_of[i].given && !(options_of[i].actions & action))
      argp_error(state, "%s is only for `%s`", options_of[i].name, options_of[i].words);
  }
}

static void check_arguments(struct argp_state* state, const arguments* a) {
  if (a->action < 0) argp_error(state, "an action is missing: train, eval or collect");
  if (!a->task) argp_error(state, "a task is missing");
  if (!a->checkpoint) argp_error(state, "--checkpoint is missing: the file of the policy");
  check_unused(state, a);
  if (a->action == EXPERT_COLLECT && !a->out) argp_error(state, "--out is missing: the npz file to write");
  const size_t length = a->out ? strlen(a->out) : 0;
  if (a->out && (length < 5 || strcmp(a->out + length - 4, ".npz") != 0))
    argp_error(state, "--out %s: the name must end in .npz", a->out);
  expect_one_seed(&a->common, state);
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
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
    {"out", 'o', "FILE.npz", 0, "collect: file to write the demonstrations to; a data card is written next to it", 0},
    {"episodes", KEY_EPISODES, "N", 0, "collect: demonstrations per gait (default: 50)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "eval, collect, --eval-every: length of a walk, s (default: 10; collect: 5)", 0},
    {"walks", KEY_WALKS, "N", 0, "eval, --eval-every: number of walks, every gait in turn (default: 64)", 0},
    {"kick", KEY_KICK, "V", 0,
     "eval, --eval-every: push the robot by V m/s in a random direction, every 2 s on average", 0},
    {"renew", KEY_RENEW, "S", 0,
     "eval, collect, --eval-every: draw a new command every S seconds on average (default: one command per walk)", 0},
    {"noise", KEY_NOISE, "STD", 0,
     "eval, collect, --eval-every: standard deviation of the noise on the actions before tanh (default: 0)", 0},
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
        "The task needs a model and the settings expert* (`dynaflow list settings expert`), but no demonstrations. "
        "train writes FILE when it is done. If it is interrupted, it keeps FILE.state, and the same command resumes "
        "from there with the same result, byte for byte. eval lets robots walk for 10 s and prints how many fall, the "
        "errors of velocity and yaw rate, and how well the feet follow the gait clock. collect writes walks without a "
        "fall to a file of demonstrations, with the gait and the command of every frame as conditions.\v"
        "Exits with 0 when done, 2 on bad input or when the simulation fails, 3 when a file is missing, 130 when "
        "interrupted.",
    .children = children};

/* ---- train ---- */

/* the line of progress and the table of results show means over this many updates, the last ones */
enum { RECENT = 10 };

/* the network of a line of the log (training_log.h) */
static const char NETWORK[] = "policy";

typedef struct training {
  const arguments* a;
  const expert_task* task;
  const df_expert* expert;
  progress bar;
  training_log* log;               /* NULL: none */
  char key[17];                    /* of its lines: the first digits of the SHA-256 of the training's identity */
  df_expert_update recent[RECENT]; /* a ring of the last updates */
  long reported;                   /* updates of this process */
  df_status status;                /* of evaluations and the log */
} training;

static long steps_of(const expert_task* task, long updates) {
  return updates * task->cfg.robots * task->cfg.horizon;
}

static df_status log_line(const training* t, json_t* line) {
  const df_status status = t->log ? training_log_add(t->log, line) : DF_OK;
  json_decref(line);
  return status;
}

static json_t* begin_line(const training* t, const char* kind, long update) {
  return json_pack("{s:s,s:I,s:I,s:f,s:s,s:s}", "kind", kind, "update", (json_int_t)update, "steps",
                   (json_int_t)steps_of(t->task, update), "cpu_s", df_expert_get_totals(t->expert).cpu, "network",
                   NETWORK, "key", t->key);
}

static df_status log_update(const training* t, const df_expert_update* u) {
  json_t *line = begin_line(t, "update", u->update), *costs = json_object();
  json_object_set_new(line, "reward", json_number(u->reward));
  json_object_set_new(line, "falls", json_integer(u->falls));
  json_object_set_new(line, "lost", json_integer(u->lost));
  json_object_set_new(line, "velocity_error", json_number(u->velocity_error));
  json_object_set_new(line, "gradient", json_number(u->gradient));
  json_object_set_new(line, "rate", json_number(u->rate));
  json_object_set_new(line, "critic_loss", json_number(u->critic_loss));
  json_object_set_new(line, "kl", json_number(u->kl));
  json_object_set_new(line, "clipped", json_number(u->clipped));
  json_object_set_new(line, "std", json_number(u->std));
  for (int i = 0; i < DF_REWARD_TERMS; i++)
    json_object_set_new(costs, df_reward_term_at((df_reward_term)i)->name, json_number(u->cost[i]));
  json_object_set_new(line, "costs", costs);
  return log_line(t, line);
}

static double given(double value, double otherwise) {
  return isnan(value) ? otherwise : value;
}

static trials_cfg trials_of(const arguments* a, double seconds) {
  static const double KICK_SECONDS = 2;
  return (trials_cfg){.walks = a->walks,
                      .seconds = given(a->seconds, seconds),
                      .seed = a->common.seeds[0],
                      .renew_seconds = given(a->renew, 0),
                      .kick = given(a->kick, 0),
                      .kick_seconds = a->kick > 0 ? KICK_SECONDS : 0,
                      .noise = given(a->noise, 0),
                      .threads = a->common.threads};
}

static json_t* score_json(json_t* line, const trials_score* s) {
  json_object_set_new(line, "walks", json_integer(s->walks));
  json_object_set_new(line, "fall_rate", json_number(s->fall_rate.mean));
  json_object_set_new(line, "measured", json_integer(s->cycles));
  json_object_set_new(line, "velocity_error", json_number(s->velocity_error));
  json_object_set_new(line, "yaw_rate_error", json_number(s->yaw_rate_error));
  json_object_set_new(line, "contact", json_number(s->contact));
  return line;
}

/* says which walks are not in the errors of velocity and yaw rate */
static void note_without(const arguments* a, const text* without, int upright, int cycles) {
  if (!without->n || a->common.quiet) return;
  print_line(
      stderr,
      "dynaflow: note: %d of %d walks that did not fall have no whole cycle of the gait clock with one command "
      "after the first 1.5 s, so they count neither in velocity_error nor in yaw_rate_error (longer --seconds or "
      "--renew gives them one): walk%s %s",
      upright - cycles, upright, upright - cycles == 1 ? "" : "s", text_of(without));
}

/* a number with so many decimals, or a dash */
static char* decimals(double value, int digits) {
  return isnan(value) ? format_text("-") : format_text("%.*f", digits, value);
}

static void print_scores(const trials_score* s, long update) {
  char *velocity = decimals(s->velocity_error, 3), *yaw = decimals(s->yaw_rate_error, 3);
  char* contacts = decimals(s->contact, 2);
  print_line(stderr, "update %ld: falls %.0f %%, velocity error %s m/s, yaw rate error %s rad/s, contacts %s", update,
             100 * s->fall_rate.mean, velocity, yaw, contacts);
  df_free(velocity);
  df_free(yaw);
  df_free(contacts);
}

static df_status try_and_log(const training* t, long update) {
  trials_score score[DF_WALK_GAITS_MAX], all;
  text without = {0};
  const trials_cfg cfg = trials_of(t->a, 10);
  const df_status status = expert_try(t->task, t->expert, &cfg, score, &all, &without);
  if (status == DF_OK) note_without(t->a, &without, all.walks - all.falls, all.cycles);
  text_clear(&without);
  DF_TRY(status);
  json_t *line = score_json(begin_line(t, "eval", update), &all), *gaits = json_object();
  for (int g = 0; g < t->task->config.expert_gaits.n; g++)
    json_object_set_new(gaits, t->task->config.expert_gaits.v[g], score_json(json_object(), &score[g]));
  json_object_set_new(line, "gaits", gaits);
  if (!t->a->common.quiet) print_scores(&all, update);
  return log_line(t, line);
}

/* the last updates of this process, at most RECENT of them: *n; means but for falls and lost steps, which are sums */
static df_expert_update recent_of(const training* t, int* n) {
  df_expert_update sum = {0};
  *n = t->reported < RECENT ? (int)t->reported : RECENT;
  for (int i = 0; i < *n; i++) {
    sum.reward += t->recent[i].reward / *n;
    sum.velocity_error += t->recent[i].velocity_error / *n;
    sum.falls += t->recent[i].falls;
  }
  if (*n == 0) sum.reward = sum.velocity_error = NAN;
  return sum;
}

static void show_progress(training* t, long update) {
  char note[128];
  int n;
  const df_expert_update mean = recent_of(t, &n);
  const double thousands = (double)steps_of(t->task, n) / 1000;
  snprintf(note, sizeof note, "reward %.2f  falls %.2f per 1000 steps  velocity error %.3f m/s", mean.reward,
           (double)mean.falls / thousands, mean.velocity_error);
  progress_update(&t->bar, (double)update, note);
}

static void report(void* context, const df_expert_update* u) {
  training* t = context;
  if (t->reported == 0) {
    /* a training that continues, or begins again, writes these lines anew */
    progress_resume(&t->bar, (double)u->update - 1);
    if (t->log) t->status = training_log_rewind(t->log, t->key, NETWORK, u->update - 1);
  }
  t->recent[t->reported++ % RECENT] = *u;
  if (t->status == DF_OK) t->status = log_update(t, u);
  if (t->reported % RECENT == 0) show_progress(t, u->update);
  if (t->a->every && u->update % t->a->every == 0 && t->status == DF_OK) t->status = try_and_log(t, u->update);
  if (t->status != DF_OK) stop_flag = 1;
}

/* n: number of samples behind the value; < 0: not counted */
static void add_row(const arguments* a, rows* out, const char* metric, const char* gait, double value, const char* unit,
                    int64_t n) {
  json_t* one = json_pack("{s:s,s:s?,s:s,s:o,s:s}", "task", a->task, "gait", gait, "metric", metric, "value",
                          json_number(value), "unit", unit);
  if (n >= 0) json_object_set_new(one, "n", json_integer(n));
  rows_add_object(out, one);
}

/* the state of every part of the training, and what this process saw of the last updates */
static void print_training(const training* t) {
  rows out = rows_new();
  const arguments* a = t->a;
  const df_expert_totals done = df_expert_get_totals(t->expert);
  int n;
  const df_expert_update recent = recent_of(t, &n);
  add_row(a, &out, "updates", NULL, (double)done.updates, "", -1);
  add_row(a, &out, "steps", NULL, (double)steps_of(t->task, done.updates), "", -1);
  add_row(a, &out, "lost", NULL, (double)done.lost, "steps", -1);
  add_row(a, &out, "cpu", NULL, done.cpu, "s", -1);
  add_row(a, &out, "reward", NULL, recent.reward, "mean of the last n updates", n);
  add_row(a, &out, "velocity_error", NULL, recent.velocity_error, "m/s, mean of the last n updates", n);
  add_row(a, &out, "falls", NULL, n ? (double)recent.falls : NAN, "in the last n updates", n);
  rows_print(&out, &a->common);
  rows_free(&out);
}

static df_status train(const arguments* a, const expert_task* task) {
  DF_TRY(text_prepare_output(a->checkpoint));
  const uint64_t seed = a->common.seeds[0];
  df_expert* expert;
  text identity = {0};
  char* state = format_text("%s.state", a->checkpoint);
  expert_identity(task, seed, &identity);
  df_status status = df_expert_new(task->walk, &task->cfg, seed, a->common.threads, &expert);
  training t = {.a = a, .task = task, .expert = expert};
  char sha256[DF_SHA256_TEXT];
  if (status == DF_OK) status = df_sha256(text_of(&identity), identity.n, sha256);
  if (status == DF_OK) snprintf(t.key, sizeof t.key, "%.16s", sha256);
  if (status == DF_OK && a->log) status = training_log_open(a->log, "update", &t.log);
  if (status == DF_OK) {
    static const double SAVE_SECONDS = 30;
    const df_expert_training how = {.state_path = state,
                                    .identity = text_of(&identity),
                                    .stop = &stop_flag,
                                    .save_seconds = SAVE_SECONDS,
                                    .report = report,
                                    .context = &t};
    progress_start(&t.bar, a->common.quiet, "expert", "updates", (double)task->cfg.updates);
    status = df_expert_train(expert, &how);
    progress_end(&t.bar);
    if (t.status != DF_OK) status = t.status;
  }
  if (status == DF_OK) status = expert_checkpoint_write(task, expert, seed, a->checkpoint);
  if (status == DF_OK) {
    (void)remove(state);
    print_training(&t);
  }
  training_log_close(t.log);
  df_expert_free(expert);
  text_clear(&identity);
  df_free(state);
  return status;
}

/* ---- eval ---- */

static void add_score(const arguments* a, rows* out, const char* gait, const trials_score* s) {
  add_row(a, out, "fall_rate", gait, s->fall_rate.mean, "share", s->walks);
  add_row(a, out, "velocity_error", gait, s->velocity_error, "m/s", s->cycles);
  add_row(a, out, "yaw_rate_error", gait, s->yaw_rate_error, "rad/s", s->cycles);
  add_row(a, out, "contact_agreement", gait, s->contact, "share", s->contacts);
}

static df_status evaluate(const arguments* a, const expert_task* task, const df_expert* expert) {
  trials_score score[DF_WALK_GAITS_MAX], all;
  text without = {0};
  const trials_cfg cfg = trials_of(a, 10);
  const df_status status = expert_try(task, expert, &cfg, score, &all, &without);
  if (status == DF_OK) {
    rows out = rows_new();
    for (int g = 0; g < task->config.expert_gaits.n; g++) add_score(a, &out, task->config.expert_gaits.v[g], &score[g]);
    add_score(a, &out, "all", &all);
    rows_print(&out, &a->common);
    rows_free(&out);
    note_without(a, &without, all.walks - all.falls, all.cycles);
  }
  text_clear(&without);
  return status;
}

/* ---- collect ---- */

static const double COLLECT_SECONDS = 5;

static void show_collected(void* context, int done) {
  progress_update(context, done, NULL);
}

static void print_collected(const arguments* a, const df_generation* made) {
  rows out = rows_new();
  for (int i = 0; i < made->n; i++) {
    add_row(a, &out, "episodes", made->kind[i].name, a->episodes, "", made->kind[i].tried);
    add_row(a, &out, "fallen", made->kind[i].name, made->kind[i].rejected, "", made->kind[i].tried);
  }
  rows_print(&out, &a->common);
  rows_free(&out);
}

static df_status write_card(const arguments* a, const expert_task* task, const df_dataset* data,
                            const df_generation* made) {
  char sha256[DF_SHA256_TEXT];
  DF_TRY(df_sha256_file(a->checkpoint, sha256));
  char* summary = format_text("walks of the policy of dynaflow expert train with the SHA-256 %s", sha256);
  const df_generator generator = {.name = "expert", .summary = summary, .version = 1};
  const trials_cfg cfg = trials_of(a, COLLECT_SECONDS);
  char episodes[32], seconds[32], renew[32], noise[32], seed[32];
  snprintf(episodes, sizeof episodes, "%d", a->episodes);
  snprintf(seconds, sizeof seconds, "%.10g", cfg.seconds);
  snprintf(renew, sizeof renew, "%.10g", cfg.renew_seconds);
  snprintf(noise, sizeof noise, "%.10g", cfg.noise);
  snprintf(seed, sizeof seed, "%" PRIu64, cfg.seed);
  const card_option of_command[] = {{"--episodes", episodes, "per gait"},
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

static df_status collect(const arguments* a, const expert_task* task, const df_expert* expert) {
  trials_cfg cfg = trials_of(a, COLLECT_SECONDS);
  df_generation made;
  df_dataset* data;
  progress bar;
  DF_TRY(text_prepare_output(a->out));
  progress_start(&bar, a->common.quiet, "collect", "episodes", a->episodes * task->config.expert_gaits.n);
  df_status status = expert_collect(task, expert, &cfg, a->episodes, show_collected, &bar, &made, &data);
  progress_end(&bar);
  if (status == DF_OK) status = df_dataset_write(a->out, data, df_mujoco_identity(task->system));
  if (status == DF_OK) status = write_card(a, task, data, &made);
  if (status == DF_OK) print_collected(a, &made);
  df_dataset_free(data);
  return status;
}

/* ---- the command ---- */

static df_status act(const arguments* a, const expert_task* task) {
  if (a->action == EXPERT_TRAIN) return train(a, task);
  df_expert* expert;
  df_status status = expert_checkpoint_read(task, a->common.threads, a->checkpoint, &expert);
  if (status == DF_OK) status = a->action == EXPERT_EVAL ? evaluate(a, task, expert) : collect(a, task, expert);
  df_expert_free(expert);
  return status;
}

int cmd_expert(int argc, char** argv) {
  arguments a = {.common = options_default(), .action = -1, .seconds = NAN, .kick = NAN, .noise = NAN, .renew = NAN};
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
  if (status == DF_OK) status = expert_task_make(&config, &search, &task);
  if (status == DF_OK) status = act(&a, &task);
  expert_task_clear(&task);
  search_clear(&search);
  return status == DF_OK ? EXIT_DONE : report_failure(status);
}
