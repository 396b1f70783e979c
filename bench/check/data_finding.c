#include "data_finding.h"

#include <stdarg.h>

#include "dynaflow/core/alloc.h"
#include "list.h"
#include "text.h"

const char* check_verdict_text(check_verdict v) {
  return v == CHECK_OK ? "ok" : v == CHECK_WARN ? "warn" : "wrong";
}

#define CHECK_NAME(id, name, of_motion, of_velocity)        [DATA_CHECK_##id] = (name),
#define CHECK_OF_MOTION(id, name, of_motion, of_velocity)   [DATA_CHECK_##id] = (of_motion),
#define CHECK_OF_VELOCITY(id, name, of_motion, of_velocity) [DATA_CHECK_##id] = (of_velocity),
static const char* const check_name[] = {DATA_CHECKS(CHECK_NAME)};
static const bool check_of_motion[] = {DATA_CHECKS(CHECK_OF_MOTION)};
static const bool check_of_velocity[] = {DATA_CHECKS(CHECK_OF_VELOCITY)};

const char* data_check_name(data_check check) {
  return check_name[check];
}

bool data_check_is_of_motion(data_check check) {
  return check_of_motion[check];
}

bool data_check_is_of_velocity(data_check check) {
  return check_of_velocity[check];
}

void data_findings_clear(data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    df_free(f->list[i].column);
    remedy_clear(&f->list[i].would_fit);
    df_free(f->list[i].reason);
  }
  df_free(f->list);
  *f = (data_findings){0};
}

data_finding* data_findings_add(data_findings* f, data_check check, const char* column, double value, double limit,
                                const char* unit) {
  f->list = list_grow(f->list, f->n, sizeof *f->list);
  data_finding* one = &f->list[f->n++];
  *one = (data_finding){.check = check,
                        .column = format_text("%s", column ? column : ""),
                        .value = value,
                        .limit = limit,
                        .unit = unit,
                        .reason = format_text("%s", "")};
  return one;
}

void data_finding_judge(data_finding* one, check_verdict verdict, const char* format, ...) {
  va_list list;
  va_start(list, format);
  char* reason = format_text_list(format, list); /* may contain the former one */
  va_end(list);
  df_free(one->reason);
  one->reason = reason;
  one->verdict = verdict;
}

void data_finding_takes(data_finding* one, remedy would_fit) {
  remedy_clear(&one->would_fit);
  one->would_fit = would_fit;
}

void data_finding_fits(data_finding* one, const char* key, const char* value) {
  remedy_set(&one->would_fit, key, "%s", value);
}

int data_findings_count(const data_findings* f, check_verdict verdict) {
  int n = 0;
  for (int i = 0; i < f->n; i++) n += f->list[i].verdict == verdict;
  return n;
}
