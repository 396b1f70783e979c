#include "data_finding.h"

#include <stdarg.h>

#include "dynaflow/core/alloc.h"
#include "list.h"
#include "text.h"

const char* check_verdict_text(check_verdict v) {
  return v == CHECK_OK ? "ok" : v == CHECK_WARN ? "warn" : "wrong";
}

void data_findings_clear(data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    df_free(f->list[i].column);
    df_free(f->list[i].would_fit);
    df_free(f->list[i].reason);
  }
  df_free(f->list);
  *f = (data_findings){0};
}

data_finding* data_findings_add(data_findings* f, const char* check, const char* column, double value, double limit,
                                const char* unit) {
  f->list = list_grow(f->list, f->n, sizeof *f->list);
  data_finding* one = &f->list[f->n++];
  *one = (data_finding){.check = check,
                        .column = format_text("%s", column ? column : ""),
                        .value = value,
                        .limit = limit,
                        .unit = unit,
                        .would_fit = format_text("%s", ""),
                        .reason = format_text("%s", "")};
  return one;
}

/* replaces an owned string */
static void replace(char** string, const char* format, va_list list) {
  text out = {0};
  text_add_list(&out, format, list);
  df_free(*string);
  *string = format_text("%s", text_of(&out));
  text_clear(&out);
}

void data_finding_judge(data_finding* one, check_verdict verdict, const char* format, ...) {
  va_list list;
  va_start(list, format);
  one->verdict = verdict;
  replace(&one->reason, format, list);
  va_end(list);
}

void data_finding_fits(data_finding* one, const char* format, ...) {
  va_list list;
  va_start(list, format);
  replace(&one->would_fit, format, list);
  va_end(list);
}

void data_finding_takes(data_finding* one, char* would_fit) {
  df_free(one->would_fit);
  one->would_fit = would_fit;
}

int data_findings_count(const data_findings* f, check_verdict verdict) {
  int n = 0;
  for (int i = 0; i < f->n; i++) n += f->list[i].verdict == verdict;
  return n;
}
