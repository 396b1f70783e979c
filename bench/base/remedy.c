#include "remedy.h"

#include <stdarg.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "list.h"
#include "text.h"

static remedy_setting* find(const remedy* r, const char* key) {
  for (int i = 0; i < r->n; i++) {
    if (strcmp(r->list[i].key, key) == 0) return &r->list[i];
  }
  return NULL;
}

void remedy_set(remedy* r, const char* key, const char* format, ...) {
  va_list list;
  va_start(list, format);
  char* value = format_text_list(format, list);
  va_end(list);
  remedy_setting* one = find(r, key);
  if (!one) {
    r->list = list_grow(r->list, r->n, sizeof *r->list);
    one = &r->list[r->n++];
    *one = (remedy_setting){.key = format_text("%s", key)};
  }
  df_free(one->value);
  one->value = value;
}

void remedy_say(remedy* r, const char* format, ...) {
  va_list list;
  va_start(list, format);
  df_free(r->words);
  r->words = format_text_list(format, list);
  va_end(list);
}

void remedy_add(remedy* to, const remedy* from) {
  for (int i = 0; i < from->n; i++) remedy_set(to, from->list[i].key, "%s", from->list[i].value);
  if (from->words) remedy_say(to, "%s", from->words);
}

void remedy_clear(remedy* r) {
  for (int i = 0; i < r->n; i++) {
    df_free(r->list[i].key);
    df_free(r->list[i].value);
  }
  df_free(r->list);
  df_free(r->words);
  *r = (remedy){0};
}

bool remedy_is_empty(const remedy* r) {
  return r->n == 0 && !r->words;
}

const char* remedy_value(const remedy* r, const char* key) {
  const remedy_setting* one = find(r, key);
  return one ? one->value : NULL;
}

char* remedy_text(const remedy* r) {
  text t = {0};
  for (int i = 0; i < r->n; i++) {
    /* an empty value is quoted: "key = " ends in nothing */
    const char* value = r->list[i].value;
    text_add(&t, "%s%s = %s", i ? ", " : "", r->list[i].key, value[0] ? value : "\"\"");
  }
  if (r->words) text_add(&t, "%s%s", t.n ? ", " : "", r->words);
  char* out = format_text("%s", text_of(&t));
  text_clear(&t);
  return out;
}

df_status remedy_apply(const remedy* r, df_config* config, const char* origin) {
  for (int i = 0; i < r->n; i++) DF_TRY(df_config_set(config, r->list[i].key, r->list[i].value, origin));
  return DF_OK;
}
