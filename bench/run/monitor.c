#include "monitor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/parts.h"
#include "json.h"
#include "terminal.h"
#include "text.h"

char* monitor_copy_path(const char* checkpoint, const char* network, long step, long steps) {
  static const char ending[] = ".safetensors";
  const size_t n = strlen(checkpoint), m = strlen(ending);
  const bool ends = n > m && strcmp(checkpoint + n - m, ending) == 0;
  char last[32];
  const int digits = snprintf(last, sizeof last, "%ld", steps);
  return format_text("%.*s-%s-step%0*ld%s", (int)(ends ? n - m : n), checkpoint, network, digits, step,
                     ends ? ending : "");
}

/* ---- copies of the weights ---- */

static df_status write_copy(const monitor* m, const char* path) {
  char* folder = df_path_folder(path);
  const df_status status = folder ? df_dir_make(folder) : DF_E_NOMEM;
  df_free(folder);
  DF_TRY(status);
  return m->method->save(*m->instance, path);
}

/* Whether the method's networks are trained or train now. One that was trained in an earlier part of the training, or
 * by another cell, has left a state. */
static bool all_began(const monitor* m) {
  bool all = true;
  for (int i = 0; i < DF_LOGS_MAX && m->method->networks[i] && all; i++) {
    char* state = m->state_folder ? format_text("%s/%s.state", m->state_folder, m->method->networks[i]) : NULL;
    all = m->began[i] || (state && df_file_exists(state));
    df_free(state);
  }
  return all;
}

static void copy_weights(const monitor* m, const df_progress* at) {
  if (!m->checkpoint || m->copy_every == 0 || at->step % m->copy_every != 0 || !all_began(m)) return;
  char* path = monitor_copy_path(m->checkpoint, at->network, at->step, at->steps);
  if (write_copy(m, path) != DF_OK) {
    print_line(stderr, "dynaflow: warning: %s: no copy of the weights after step %ld: %s", m->line, at->step,
               df_error_message());
  }
  df_free(path);
}

/* ---- the points of the curves ---- */

static void warn(const monitor* m, const char* what) {
  print_line(stderr, "dynaflow: warning: %s: no more %s: %s", m->line, what, df_error_message());
}

/* ends the log after a failure */
static void check_log(monitor* m, df_status status) {
  if (status == DF_OK) return;
  warn(m, "points in the log");
  m->log = NULL;
}

static void check_events(monitor* m, df_status status) {
  if (status == DF_OK) return;
  warn(m, "events for TensorBoard");
  event_file_close(m->events);
  m->events = NULL;
}

static void log_point(monitor* m, const df_progress* at) {
  if (!m->log) return;
  json_t* point = json_pack("{s:I,s:o,s:o,s:o,s:f,s:f,s:f,s:o,s:s,s:I,s:s,s:s}", "step", (json_int_t)at->step, "loss",
                            json_number(at->loss), "validation_loss", json_number(at->validation_loss), "gradient_norm",
                            json_number(at->gradient_norm), "learning_rate", at->rate, "cpu_s", at->cpu_s, "wall_s",
                            df_clock_wall() - m->begun, "task", json_text(m->task), "method", m->method->name, "seed",
                            (json_int_t)m->seed, "network", at->network, "key", m->key);
  if (point && at->validation_diverged)
    json_object_set_new(point, "validation_diverged", json_integer(at->validation_diverged));
  check_log(m, point ? training_log_add(m->log, point) : df_fail(DF_E_NOMEM, "out of memory for a point of the log"));
  json_decref(point);
}

static void add_event(monitor* m, long step, const char* tag, double value) {
  if (m->events) check_events(m, event_file_add(m->events, step, tag, value));
}

/* the numbers of a point, and a validation loss where it was measured */
static void add_events(monitor* m, const df_progress* at) {
  if (at->point) {
    add_event(m, at->step, "loss", at->loss);
    add_event(m, at->step, "gradient_norm", at->gradient_norm);
    add_event(m, at->step, "learning_rate", at->rate);
  }
  if (at->validated && !isnan(at->validation_loss)) add_event(m, at->step, "validation_loss", at->validation_loss);
}

/* makes room for the points of a network from a step on */
static void begin_curves(monitor* m, const char* network, long after) {
  const bool other = strcmp(network, m->method->name) != 0;
  if (m->log) check_log(m, training_log_rewind(m->log, m->key, network, after));
  if (!m->event_folder) return;
  char* folder = format_text("%s%s%s", m->event_folder, other ? "/" : "", other ? network : "");
  check_events(m, event_file_open(folder, after, &m->events));
  df_free(folder);
}

/* ---- the line of progress ---- */

void monitor_add_parts(const df_parts* parts, text* note) {
  const double* s = parts->seconds;
  const struct {
    const char* name;
    double seconds;
  } shown[] = {{"simulation", s[DF_PART_SIMULATION]},
               {"adjoint", s[DF_PART_ADJOINT]},
               {"network", s[DF_PART_FORWARD] + s[DF_PART_BACKWARD]},
               {"optimizer", s[DF_PART_OPTIMIZER]}};
  double sum = 0;
  const char* join = ",";
  for (int i = 0; i < DF_PARTS; i++) sum += s[i];
  for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
    if (!(shown[i].seconds > 0)) continue;
    text_add(note, "%s %s %.0f%%", join, shown[i].name, 100 * shown[i].seconds / sum);
    join = "";
  }
}

static void show(monitor* m, const df_progress* at) {
  text note = {0};
  if (!isnan(at->loss)) text_add(&note, "loss %.4f, ", at->loss);
  if (!isnan(at->validation_loss)) text_add(&note, "validation %.4f, ", at->validation_loss);
  if (at->validation_diverged)
    text_add(&note, "%d of %d validation windows diverged, ", at->validation_diverged, at->validation_windows);
  text_add(&note, "gradient %.3g", at->gradient_norm);
  const df_parts parts = df_parts_read();
  monitor_add_parts(&parts, &note);
  progress_update(&m->bar, (double)at->step, text_of(&note));
  text_clear(&note);
}

/* begins the line and the curves of a network; its label has the network's name if that is not the method's */
static void begin_network(monitor* m, const df_progress* at) {
  const bool other = strcmp(at->network, m->method->name) != 0;
  for (int i = 0; i < DF_LOGS_MAX && m->method->networks[i]; i++) {
    m->began[i] = m->began[i] || strcmp(m->method->networks[i], at->network) == 0;
  }
  monitor_end(m);
  snprintf(m->network, sizeof m->network, "%s", at->network);
  snprintf(m->line, sizeof m->line, "%s%s%.48s", m->label, other ? ", network " : "", other ? at->network : "");
  begin_curves(m, at->network, at->step - 1);
  progress_start(&m->bar, m->quiet, m->line, "steps", (double)at->steps);
  if (!m->quiet) df_parts_start();
  if (at->step == 1) return;
  progress_resume(&m->bar, (double)(at->step - 1));
  if (!m->quiet) print_line(stderr, "%s: continues after step %ld of %ld", m->line, at->step - 1, at->steps);
}

bool monitor_step(monitor* m, const df_progress* at) {
  const bool first = strcmp(m->network, at->network) != 0;
  if (first) begin_network(m, at);
  if (!m->quiet) show(m, at);
  if (at->point) log_point(m, at);
  add_events(m, at);
  copy_weights(m, at);
  return first;
}

void monitor_end(monitor* m) {
  if (!m->network[0]) return;
  progress_end(&m->bar);
  if (!m->quiet) df_parts_stop();
  event_file_close(m->events);
  m->events = NULL;
  m->network[0] = '\0';
  m->begun = df_clock_wall(); /* of the next network */
}
