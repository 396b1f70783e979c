#include "expert_training.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "exit_code.h"
#include "expert_record.h"
#include "json.h"
#include "plan.h"
#include "progress.h"
#include "stop.h"
#include "store.h"
#include "terminal.h"
#include "text.h"
#include "training_log.h"

/* ---- a training and its log ---- */

/* the line of progress and the table of results show means over this many updates, the last ones */
enum { RECENT = 10 };

/* the network of a line of the log (training_log.h) */
static const char NETWORK[] = "policy";

typedef struct training {
  const expert_arguments* a;
  const expert_task* task;
  df_expert* expert;
  progress bar;
  training_log* logs[2];           /* that of --log and that of a cell; NULL: none */
  char key[17];                    /* of its lines: the first digits of the SHA-256 of the training's identity */
  df_expert_update recent[RECENT]; /* a ring of the last updates */
  long reported;                   /* updates of this process */
  df_status status;                /* of evaluations and the log */
} training;

static long steps_of(const expert_task* task, long updates) {
  return updates * task->cfg.robots * task->cfg.horizon;
}

enum { LOGS = 2 };

static df_status log_line(const training* t, json_t* line) {
  df_status status = DF_OK;
  for (int i = 0; i < LOGS && status == DF_OK; i++) {
    if (t->logs[i]) status = training_log_add(t->logs[i], line);
  }
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
  for (int i = 0; i < DF_REWARD_TERMS; i++) {
    if (df_walk_has_reward(t->task->walk, (df_reward_term)i))
      json_object_set_new(costs, df_reward_term_at((df_reward_term)i)->name, json_number(u->cost[i]));
  }
  json_object_set_new(line, "costs", costs);
  return log_line(t, line);
}

static double given(double value, double otherwise) {
  return isnan(value) ? otherwise : value;
}

trials_cfg expert_trials_of(const expert_arguments* a, double seconds) {
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

void expert_note_without(const expert_arguments* a, const text* without, int upright, int cycles) {
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
  const trials_cfg cfg = expert_trials_of(t->a, 10);
  const df_status status = expert_try(t->task, t->expert, &cfg, score, &all, &without);
  if (status == DF_OK) expert_note_without(t->a, &without, all.walks - all.falls, all.cycles);
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
    for (int i = 0; i < LOGS && t->status == DF_OK; i++) {
      if (t->logs[i]) t->status = training_log_rewind(t->logs[i], t->key, NETWORK, u->update - 1);
    }
  }
  t->recent[t->reported++ % RECENT] = *u;
  if (t->status == DF_OK) t->status = log_update(t, u);
  if (t->reported % RECENT == 0) show_progress(t, u->update);
  if (t->a->every && u->update % t->a->every == 0 && t->status == DF_OK) t->status = try_and_log(t, u->update);
  if (t->status != DF_OK) stop_flag = 1;
}

void expert_add_row(const expert_arguments* a, rows* out, const char* metric, const char* gait, double value,
                    const char* unit, int64_t n) {
  json_t* one = json_pack("{s:s,s:s?,s:s,s:o,s:s}", "task", a->task, "gait", gait, "metric", metric, "value",
                          json_number(value), "unit", unit);
  if (n >= 0) json_object_set_new(one, "n", json_integer(n));
  rows_add_object(out, one);
}

/* the state of every part of the training, and what this process saw of the last updates */
static void print_training(const training* t) {
  rows out = rows_new();
  const expert_arguments* a = t->a;
  const df_expert_totals done = df_expert_get_totals(t->expert);
  int n;
  const df_expert_update recent = recent_of(t, &n);
  expert_add_row(a, &out, "updates", NULL, (double)done.updates, "", -1);
  expert_add_row(a, &out, "steps", NULL, (double)steps_of(t->task, done.updates), "", -1);
  expert_add_row(a, &out, "lost", NULL, (double)done.lost, "steps", -1);
  expert_add_row(a, &out, "cpu", NULL, done.cpu, "s", -1);
  expert_add_row(a, &out, "reward", NULL, recent.reward, "mean of the last n updates", n);
  expert_add_row(a, &out, "velocity_error", NULL, recent.velocity_error, "m/s, mean of the last n updates", n);
  expert_add_row(a, &out, "falls", NULL, n ? (double)recent.falls : NAN, "in the last n updates", n);
  rows_print(&out, &a->common);
  rows_free(&out);
}

/* Makes and trains t->expert, which the caller frees, also after a failure; `state` is the file of its state. */
static df_status train_policy(training* t, uint64_t seed, const char* state) {
  static const double SAVE_SECONDS = 30;
  text identity = {0};
  char sha256[DF_SHA256_TEXT];
  expert_identity(t->task, seed, &identity);
  const df_expert_training how = {.state_path = state,
                                  .identity = text_of(&identity),
                                  .stop = &stop_flag,
                                  .save_seconds = SAVE_SECONDS,
                                  .report = report,
                                  .context = t};
  df_status status = df_expert_new(t->task->walk, &t->task->cfg, seed, t->a->common.threads, &t->expert);
  if (status == DF_OK) status = df_sha256(text_of(&identity), identity.n, sha256);
  if (status == DF_OK) {
    snprintf(t->key, sizeof t->key, "%.16s", sha256);
    progress_start(&t->bar, t->a->common.quiet, "expert", "updates", (double)t->task->cfg.updates);
    status = df_expert_train(t->expert, &how);
    progress_end(&t->bar);
    if (t->status != DF_OK) status = t->status;
  }
  text_clear(&identity);
  return status;
}

/* opens the file of --log, if it was given */
static df_status open_log(const expert_arguments* a, training* t) {
  return a->log ? training_log_open(a->log, "update", &t->logs[0]) : DF_OK;
}

df_status expert_train_file(const expert_arguments* a, const expert_task* task) {
  DF_TRY(text_prepare_output(a->checkpoint));
  training t = {.a = a, .task = task};
  char* state = format_text("%s.state", a->checkpoint);
  df_status status = open_log(a, &t);
  if (status == DF_OK) status = train_policy(&t, a->common.seeds[0], state);
  if (status == DF_OK) status = expert_checkpoint_write(task, t.expert, a->common.seeds[0], a->checkpoint);
  if (status == DF_OK) {
    (void)remove(state);
    print_training(&t);
  }
  training_log_close(t.logs[0]);
  df_expert_free(t.expert);
  df_free(state);
  return status;
}

/* ---- train, as cells of a run ---- */

/* what the cells of a command came to */
typedef struct tally {
  int ran, skipped, failed;
  int code; /* exit code of the first failure, or EXIT_DONE */
  rows results;
} tally;

/* trains and tries the policy of a cell; what came of it is in the record */
static df_status train_cell(const expert_arguments* a, const expert_cell* c, training_log* own, const char* folder,
                            json_t* record) {
  training t = {.a = a, .task = c->task};
  df_status status = df_dir_make(c->state);
  char *state = expert_cell_state(c), *path = expert_cell_log(c);
  t.logs[0] = own;
  if (status == DF_OK) status = training_log_open(path, "update", &t.logs[1]);
  if (status == DF_OK) status = train_policy(&t, c->seed, state);
  if (status == DF_OK) status = expert_record_training(c, t.expert, folder, record);
  if (status == DF_OK && !a->common.quiet) print_line(stderr, "%s: %d walks", c->name, c->cfg.walks);
  if (status == DF_OK) status = expert_record_walks(c, t.expert, record);
  training_log_close(t.logs[1]);
  df_expert_free(t.expert);
  df_free(state);
  df_free(path);
  return status;
}

static void count_end(const expert_cell* c, const cell_end* end, tally* t) {
  if (end->outcome == CELL_DONE) {
    t->ran++;
    return;
  }
  t->failed++;
  const int code = end->outcome == CELL_DIVERGED ? EXIT_INCOMPLETE : exit_code_of(end->status);
  if (end->outcome != CELL_INTERRUPTED) print_line(stderr, "dynaflow: %s: %s", c->name, end->reason);
  if (t->code == EXIT_DONE || code == EXIT_INTERRUPTED) t->code = code;
}

/* Runs a cell that is not done and records how it ended. Its state is kept until the record is written. */
static df_status run_cell_of(const expert_arguments* a, const expert_cell* c, training_log* own, const char* folder,
                             store* events, tally* t) {
  json_t* record = expert_record_new(c);
  if (!record) return df_fail(DF_E_NOMEM, "out of memory for the record of a cell");
  const cell_start start = {df_clock_wall(), df_clock_cpu()};
  cell_end end = {.outcome = CELL_DONE, .status = train_cell(a, c, own, folder, record)};
  if (end.status != DF_OK) {
    snprintf(end.reason, sizeof end.reason, "%s", df_error_message());
    end.outcome = end.status == DF_E_INTERRUPTED ? CELL_INTERRUPTED
                  : end.status == DF_E_NONFINITE ? CELL_DIVERGED
                                                 : CELL_ERROR;
  }
  const df_status status = cell_store(record, &start, &(stop_limits){0}, &end, events);
  json_decref(record);
  DF_TRY(status);
  count_end(c, &end, t);
  if (end.outcome == CELL_DONE) expert_cell_forget(c);
  return DF_OK;
}

/* the rows of a finished cell with the fields that identify it */
static void collect_rows(const json_t* record, rows* out) {
  static const char* const shared[] = {"task", "method", "seed", "profile"};
  size_t i;
  json_t* metric;
  json_array_foreach(json_object_get(record, "rows"), i, metric) {
    json_t* one = json_object();
    for (size_t k = 0; k < sizeof shared / sizeof shared[0]; k++)
      json_object_set(one, shared[k], json_object_get(record, shared[k]));
    json_object_update(one, metric);
    rows_add_object(out, one);
  }
}

static df_status work_on_cell(const expert_arguments* a, const expert_cell* c, training_log* own, store* events,
                              tally* t) {
  if (store_find(events, c->key)) {
    t->skipped++;
    expert_cell_forget(c); /* left over if the process was killed after it wrote the record */
    if (!a->common.quiet) print_line(stderr, "%s: already done", c->name);
  } else {
    DF_TRY(run_cell_of(a, c, own, a->out, events, t));
  }
  const json_t* done = store_find(events, c->key);
  if (done) collect_rows(done, &t->results);
  return DF_OK;
}

static df_status plan_cells(const expert_arguments* a, int n, const expert_cell* cells, store* events) {
  json_t* planned = json_array();
  for (int i = 0; i < n; i++) json_array_append_new(planned, expert_cell_planned(&cells[i]));
  const df_status status = plan_append(a->common.profile, planned, events);
  json_decref(planned);
  return status;
}

static void print_run(const expert_arguments* a, const tally* t, const store* events) {
  if (t->code == EXIT_INTERRUPTED)
    print_line(stderr, "dynaflow: interrupted; what is done is kept in %s; repeat the command to resume", a->out);
  if (a->common.json || !a->common.quiet) rows_print(&t->results, &a->common);
  if (a->common.json || a->common.quiet) return;
  print_line(stdout, "%d run, %d already done, %d failed. Records: %s", t->ran, t->skipped, t->failed,
             store_path(events));
}

int expert_train_in_run(const expert_arguments* a, const expert_task* task) {
  static expert_cell cells[OPTIONS_SEEDS_MAX];
  const int n = a->common.n_seeds;
  const trials_cfg cfg = expert_trials_of(a, 10);
  training own = {0};
  tally t = {.results = rows_new()};
  store* events = NULL;
  df_status status = store_open(a->out, (shard){0, 0}, &events);
  for (int i = 0; i < n && status == DF_OK; i++)
    status = expert_cell_open(task, &a->common, a->common.seeds[i], &cfg, a->out, &cells[i]);
  if (status == DF_OK) status = plan_cells(a, n, cells, events);
  if (status == DF_OK) status = open_log(a, &own);
  for (int i = 0; i < n && status == DF_OK && t.code != EXIT_INTERRUPTED; i++)
    status = stop_flag ? stop_check() : work_on_cell(a, &cells[i], own.logs[0], events, &t);
  if (status == DF_OK) print_run(a, &t, events);
  const int code = status == DF_OK ? t.code : report_failure(status);
  for (int i = 0; i < n; i++) expert_cell_clear(&cells[i]);
  training_log_close(own.logs[0]);
  rows_free(&t.results);
  store_close(events);
  return code;
}
