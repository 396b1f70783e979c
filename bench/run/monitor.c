#include "monitor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
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

static df_status write_copy(const monitor* m, const char* path) {
  char* folder = df_path_folder(path);
  const df_status status = folder ? df_dir_make(folder) : DF_E_NOMEM;
  df_free(folder);
  DF_TRY(status);
  return m->method->save(*m->instance, path);
}

static void copy_weights(const monitor* m, const df_progress* at) {
  if (!m->checkpoint || m->copy_every == 0 || at->step % m->copy_every != 0) return;
  char* path = monitor_copy_path(m->checkpoint, at->network, at->step, at->steps);
  if (write_copy(m, path) != DF_OK) {
    print_line(stderr, "dynaflow: warning: %s: no copy of the weights after step %ld: %s", m->line, at->step,
               df_error_message());
  }
  df_free(path);
}

/* begins the line of a network; its label has the network's name if that is not the method's */
static void begin_network(monitor* m, const df_progress* at) {
  const bool other = strcmp(at->network, m->method->name) != 0;
  monitor_end(m);
  snprintf(m->network, sizeof m->network, "%s", at->network);
  snprintf(m->line, sizeof m->line, "%s%s%.48s", m->label, other ? ", network " : "", other ? at->network : "");
  progress_start(&m->bar, m->quiet, m->line, "steps", (double)at->steps);
  if (at->step == 1) return;
  progress_resume(&m->bar, (double)(at->step - 1));
  if (!m->quiet) print_line(stderr, "%s: continues after step %ld of %ld", m->line, at->step - 1, at->steps);
}

bool monitor_step(monitor* m, const df_progress* at) {
  const bool first = strcmp(m->network, at->network) != 0;
  if (first) begin_network(m, at);
  char note[48] = "";
  if (!isnan(at->loss)) snprintf(note, sizeof note, "loss %.4f", at->loss);
  progress_update(&m->bar, (double)at->step, note);
  copy_weights(m, at);
  return first;
}

void monitor_end(monitor* m) {
  if (m->network[0]) progress_end(&m->bar);
  m->network[0] = '\0';
}
