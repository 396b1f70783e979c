/* found.h: findings and settings as the texts that tests compare. */
#ifndef TESTS_BENCH_CHECK_FOUND_H
#define TESTS_BENCH_CHECK_FOUND_H

#include <stdio.h>
#include <string.h>

#include "data_finding.h"
#include "dynaflow/core/alloc.h"
#include "planted.h"

/* what would fit, "data.a = x, data.b = y"; valid until the next call */
static inline const char* would_fit(const data_finding* one) {
  static char out[4096];
  char* all = remedy_text(&one->would_fit);
  assert_true(strlen(all) < sizeof out);
  strcpy(out, all);
  df_free(all);
  return out;
}

/* sets "data.a = x, data.b = y" */
static inline void set_all(df_config* config, const char* settings) {
  char text[4096];
  assert_true(strlen(settings) < sizeof text);
  strcpy(text, settings);
  for (char* at = text; at && *at;) {
    char *next = strstr(at, ", data."), *sign = strstr(at, " = ");
    if (next) *next = '\0';
    assert_non_null(sign);
    *sign = '\0';
    assert_ok(df_config_set(config, at, sign + 3, "test"));
    at = next ? next + 2 : NULL;
  }
}

/* the finding of a check of a column; NULL: there is none */
static inline const data_finding* finding_at(const data_findings* f, data_check check, const char* column) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].check == check && strcmp(f->list[i].column, column) == 0) return &f->list[i];
  }
  return NULL;
}

/* A limit decides: what is within it is right, what is beyond it is not. */
static inline void expect_limits_decide(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (isnan(one->limit)) continue;
    if ((one->value <= one->limit) != (one->verdict == CHECK_OK))
      fail_msg("%s %s is %s at %g of %g", data_check_name(one->check), one->column, check_verdict_text(one->verdict),
               one->value, one->limit);
  }
}

#endif
