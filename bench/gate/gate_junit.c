/* gate_junit.c: verdicts as JUnit XML. */
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "gate.h"
#include "json.h"
#include "text.h"
#include "verdict.h"

/* the element of a test case that did not pass, by verdict; NULL: it passed */
static const char* element_of(const char* status) {
  static const struct {
    gate_verdict verdict;
    const char* element;
  } elements[] = {{GATE_INCONCLUSIVE, "skipped"},
                  {GATE_REGRESSED, "failure"},
                  {GATE_MISSING, "error"},
                  {GATE_NOT_COMPARABLE, "error"},
                  {GATE_UNREADABLE, "error"}};
  for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
    if (strcmp(status, gate_verdict_name(elements[i].verdict)) == 0) return elements[i].element;
  }
  return NULL;
}

static void add_word(text* t, const char* word) {
  if (word[0]) text_add(t, "%s", t->n ? " " : "");
  text_add_plain(t, word);
}

/* what was tested, e.g. "cart smoke dynaflow tre K=5 at most"; it changes with neither numbers nor verdicts */
static void add_name(const json_t* verdict, const gate_origin* c, text* t) {
  add_word(t, string_of(verdict, "task"));
  add_word(t, string_of(verdict, "profile"));
  add_word(t, string_of(verdict, "method"));
  add_word(t, string_of(verdict, "metric"));
  const json_int_t k = json_integer_value(json_object_get(verdict, "k"));
  if (k) text_add(t, " K=%lld", (long long)k);
  const json_t* seed = json_object_get(verdict, "seed");
  if (json_is_integer(seed)) text_add(t, " seed %lld", (long long)json_integer_value(seed));
  add_word(t, c->kind);
}

/* consumers keep one case of a name, so that a name that is taken gets a number: " (2)" */
static char* new_name(const json_t* verdict, const gate_origin* c, int n, char* const* taken) {
  text name = {0};
  add_name(verdict, c, &name);
  char* one = format_text("%s", text_of(&name));
  for (int i = 0, copy = 2; i < n; i++) {
    if (strcmp(one, taken[i]) != 0) continue;
    df_free(one);
    one = format_text("%s (%d)", text_of(&name), copy++);
    i = -1;
  }
  text_clear(&name);
  return one;
}

static void add_attribute(text* out, const char* key, const char* value) {
  text_add(out, " %s=\"", key);
  text_add_html(out, value);
  text_add(out, "\"");
}

static void add_property(text* out, const char* key, const json_t* v) {
  if (json_is_string(v) && !json_string_value(v)[0]) return;
  if (!json_is_string(v) && !json_is_number(v)) return;
  text_add(out, "      <property name=\"%s\" value=\"", key);
  if (json_is_string(v)) text_add_html(out, json_string_value(v));
  if (json_is_integer(v)) text_add(out, "%lld", (long long)json_integer_value(v));
  if (json_is_real(v)) text_add(out, "%.17g", json_real_value(v));
  text_add(out, "\"/>\n");
}

static void add_outcome(const json_t* verdict, const char* element, text* out) {
  text message = {0};
  const char* limit = string_of(verdict, "limit");
  const json_t* value = json_object_get(verdict, "value");
  if (json_is_number(value)) text_add(&message, "%.6g, ", json_number_value(value));
  text_add(&message, "%s%s%s", limit, limit[0] ? ": " : "", string_of(verdict, "detail"));
  text_add(out, "    <%s", element);
  /* a skipped case has no type */
  if (strcmp(element, "skipped") != 0) add_attribute(out, "type", string_of(verdict, "status"));
  add_attribute(out, "message", text_of(&message));
  text_add(out, "/>\n");
  text_clear(&message);
}

static void add_case(const json_t* verdict, const gate_origin* c, const char* name, text* out) {
  static const char* const values[] = {"status", "value", "lo", "hi", "limit", "unit", "n", "detail"};
  text class_of = {0};
  add_word(&class_of, string_of(verdict, "task"));
  if (class_of.n) text_add(&class_of, ".");
  text_add_plain(&class_of, class_of.n ? string_of(verdict, "profile") : "gate");
  text_add(out, "  <testcase");
  add_attribute(out, "classname", text_of(&class_of));
  add_attribute(out, "name", name);
  if (c->file) add_attribute(out, "file", c->file);
  if (c->line) text_add(out, " line=\"%d\"", c->line);
  text_add(out, " time=\"%.6f\">\n    <properties>\n", c->seconds);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    add_property(out, values[i], json_object_get(verdict, values[i]));
  }
  text_add(out, "    </properties>\n");
  const char* element = element_of(string_of(verdict, "status"));
  if (element) add_outcome(verdict, element, out);
  text_add(out, "  </testcase>\n");
  text_clear(&class_of);
}

df_status gate_junit(const gate_result* g, const char* run, const char* path) {
  text out = {0}, suite = {0};
  const int n = (int)json_array_size(g->verdicts.list);
  char** names = df_alloc((size_t)n + 1, sizeof *names);
  if (!names) return DF_E_NOMEM;
  /* suite */
  double seconds = 0;
  for (int i = 0; i < n; i++) seconds += g->origins[i].seconds;
  text_add(&suite, "dynaflow gate %s", run);
  text_add(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite");
  add_attribute(&out, "name", text_of(&suite));
  text_add(&out, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.6f\">\n", n,
           g->count[GATE_REGRESSED], g->count[GATE_MISSING] + g->count[GATE_NOT_COMPARABLE] + g->count[GATE_UNREADABLE],
           g->count[GATE_INCONCLUSIVE], seconds);
  /* one case per verdict */
  for (int i = 0; i < n; i++) {
    const json_t* verdict = json_array_get(g->verdicts.list, (size_t)i);
    names[i] = new_name(verdict, &g->origins[i], i, names);
    add_case(verdict, &g->origins[i], names[i], &out);
  }
  text_add(&out, "</testsuite>\n");
  const df_status status = text_write_output(&out, path);
  for (int i = 0; i < n; i++) df_free(names[i]);
  df_free(names);
  text_clear(&suite);
  text_clear(&out);
  return status;
}
