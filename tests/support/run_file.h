/* run_file.h: a run's folder with records written by hand, for tests of what reads them. */
#ifndef TESTS_SUPPORT_RUN_FILE_H
#define TESTS_SUPPORT_RUN_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/file.h"

static char folder[64];

static inline void make_run(const char* events) {
  char path[96];
  snprintf(folder, sizeof folder, "/tmp/dynaflow-report-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/events.jsonl", folder);
  assert_int_equal(df_file_write(path, events, strlen(events)), DF_OK);
}

static inline void remove_run(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  assert_int_equal(system(command), 0);
}

#define CELL(method, seed, status, rows)                                                                       \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method "\",\"seed\":" #seed \
  ",\"status\":\"" status "\",\"rows\":[" rows "]}\n"
#define ROW(metric, k, value)                                 \
  "{\"metric\":\"" metric "\",\"k\":" #k ",\"value\":" #value \
  ",\"unit\":\"std\",\"lo\":0.5,\"hi\":9,\"status\":\"why\"}"
#define ONE(metric, unit, value) "{\"metric\":\"" metric "\",\"k\":1,\"value\":" #value ",\"unit\":\"" unit "\"}"

#endif
