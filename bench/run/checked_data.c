#include "checked_data.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/core/alloc.h"
#include "held_out.h"
#include "terminal.h"
#include "text.h"

static df_status find_states(const cell* c, data_findings* out) {
  DF_TRY(data_check_states(c->task->data, c->task->system, &check_quick, out));
  if (c->task->data->resampled) DF_TRY(data_check_intervals(c->data_path, &c->config, c->task->system, out));
  if (!data_check_is_doubtful(out)) return DF_OK;
  data_findings_clear(out);
  return data_check_recording(c->data_path, &c->config, c->task->system, &check_quick, out, NULL);
}

static df_status find(const cell* c, data_findings* out) {
  DF_TRY(find_states(c, out));
  const held_out_input in = {
      .data = c->task->data, .windows = c->task->windows, .config = &c->config, .system = c->task->system};
  return check_held_out(&in, out);
}

/* Names the checks that warn, each once. Constant coordinates are noted with the floors of the scales. */
static void warn(const cell* c, const data_findings* f) {
  text names = {0};
  int last = -1;
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict != CHECK_WARN || last == (int)f->list[i].check) continue;
    if (f->list[i].check == DATA_CHECK_CONSTANT) continue;
    if (f->list[i].check == DATA_CHECK_HELD_OUT && !c->opts->quiet)
      print_line(stderr, "dynaflow: warning: task %s: held-out copy: %s", c->config.task_name, f->list[i].reason);
    last = (int)f->list[i].check;
    text_add(&names, "%s%s", names.n ? ", " : "", data_check_name(f->list[i].check));
  }
  if (names.n && !c->opts->quiet) {
    print_line(stderr,
               "dynaflow: warning: task %s: check of the demonstrations: %s; for details run: dynaflow data check %s",
               c->config.task_name, text_of(&names), c->argument);
  }
  text_clear(&names);
}

df_status check_cell_data(const cell* c) {
  data_findings f = {0};
  if (!(c->method->flags & DF_METHOD_TRAINS)) return DF_OK;
  df_status status = find(c, &f);
  for (int i = 0; i < f.n && status == DF_OK; i++) {
    const data_finding* one = &f.list[i];
    if (one->verdict != CHECK_WRONG) continue;
    char* fits = remedy_text(&one->would_fit);
    status = df_fail(DF_E_MISMATCH,
                     "task %s: the demonstrations are wrong: %s%s%s: %s%s%s; for details run: dynaflow data check %s; "
                     "--no-data-check trains with them as they are",
                     c->config.task_name, data_check_name(one->check), one->column[0] ? ", " : "", one->column,
                     one->reason, fits[0] ? "; would fit: " : "", fits, c->argument);
    df_free(fits);
  }
  if (status == DF_OK) warn(c, &f);
  data_findings_clear(&f);
  return status;
}
