#include "finding.h"

#include <stdarg.h>
#include <string.h>

#include "json.h"
#include "text.h"

const char* verify_outcome_name(verify_outcome outcome) {
  static const char* const names[VERIFY_OUTCOMES] = {"ok",         "not checked", "warning",
                                                     "incomplete", "failed",      "tampered"};
  return names[outcome];
}

static void add_row(verifier* v, verify_outcome outcome, const json_t* cell, const char* detail) {
  json_t* o = json_pack("{s:s,s:s}", "check", v->check, "status", verify_outcome_name(outcome));
  static const char* const shared[] = {"task", "method", "seed", "profile"};
  for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
    json_t* value = json_object_get(cell, shared[i]);
    json_object_set(o, shared[i], value ? value : json_null());
  }
  json_object_set_new(o, "n", json_integer(cell || detail[0] ? 0 : v->looked));
  json_object_set_new(o, "detail", json_text(detail));
  rows_add_object(&v->out->found, o);
  v->out->count[outcome]++;
}

void verify_find(verifier* v, verify_outcome outcome, const json_t* cell, const char* format, ...) {
  text detail = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&detail, format, list);
  va_end(list);
  v->found++;
  add_row(v, outcome, cell, text_of(&detail));
  text_clear(&detail);
}

void verify_close(verifier* v) {
  if (v->found == 0) add_row(v, v->looked ? VERIFY_OK : VERIFY_UNCHECKED, NULL, "");
}

bool verify_is_cell(const json_t* record) {
  return strcmp(string_of(record, "type"), "cell") == 0;
}
bool verify_is_done(const json_t* record) {
  return verify_is_cell(record) && strcmp(string_of(record, "status"), "done") == 0;
}
