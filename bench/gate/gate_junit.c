/* gate_junit.c: verdicts as JUnit XML. */
#include <string.h>

#include "gate.h"
#include "json.h"
#include "text.h"
#include "verdict.h"

static bool is_verdict(const json_t* verdict, gate_verdict v) {
  return strcmp(string_of(verdict, "status"), gate_verdict_name(v)) == 0;
}

static void add_case(const json_t* verdict, text* out) {
  text_add(out, "  <testcase classname=\"");
  text_add_html(out, string_of(verdict, "task"));
  text_add(out, ".");
  text_add_html(out, string_of(verdict, "profile"));
  text_add(out, "\" name=\"");
  text_add_html(out, string_of(verdict, "method"));
  text_add(out, "%s", string_of(verdict, "method")[0] ? " " : "");
  text_add_html(out, string_of(verdict, "metric"));
  const json_int_t k = json_integer_value(json_object_get(verdict, "k"));
  if (k) text_add(out, " K=%lld", (long long)k);
  const bool fine =
      is_verdict(verdict, GATE_HELD) || is_verdict(verdict, GATE_IMPROVED) || is_verdict(verdict, GATE_ADVISORY);
  if (fine) {
    text_add(out, "\"/>\n");
    return;
  }
  const char* tag = is_verdict(verdict, GATE_REGRESSED) || is_verdict(verdict, GATE_INCONCLUSIVE) ? "failure" : "error";
  text_add(out, "\">\n    <%s type=\"%s\" message=\"", tag, string_of(verdict, "status"));
  const json_t* value = json_object_get(verdict, "value");
  if (json_is_number(value)) text_add(out, "%.6g, ", json_number_value(value));
  text_add_html(out, string_of(verdict, "limit"));
  text_add(out, "%s", string_of(verdict, "limit")[0] ? ": " : "");
  text_add_html(out, string_of(verdict, "detail"));
  text_add(out, "\"/>\n  </testcase>\n");
}

df_status gate_junit(const gate_result* g, const char* run, const char* path) {
  text out = {0};
  int tests = 0;
  for (int v = 0; v < GATE_VERDICTS; v++) tests += g->count[v];
  const int failures = g->count[GATE_REGRESSED] + g->count[GATE_INCONCLUSIVE];
  const int errors = g->count[GATE_MISSING] + g->count[GATE_NOT_COMPARABLE] + g->count[GATE_UNREADABLE];
  text_add(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dynaflow gate ");
  text_add_html(&out, run);
  text_add(&out, "\" tests=\"%d\" failures=\"%d\" errors=\"%d\">\n", tests, failures, errors);
  size_t i;
  json_t* verdict;
  json_array_foreach(g->verdicts.list, i, verdict) add_case(verdict, &out);
  text_add(&out, "</testsuite>\n");
  const df_status status = text_write(&out, path);
  text_clear(&out);
  return status;
}
