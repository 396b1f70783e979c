#include "settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "list.h"

enum { LINE = 118 }; /* columns of a line of the file */

void add_number(text* out, double value) {
  char digits[40];
  if (fabs(value) < 1e9 && value == rint(value)) {
    text_add(out, "%.0f", value + 0.0);
    return;
  }
  for (int n = 1; n <= 17; n++) {
    snprintf(digits, sizeof digits, "%.*g", n, value);
    if (strtod(digits, NULL) == value) break;
  }
  text_add(out, "%s", digits);
}

/* ---- the list ---- */

static setting* find(const settings* s, const char* key) {
  for (int i = 0; i < s->n; i++) {
    if (strcmp(s->list[i].key, key) == 0) return &s->list[i];
  }
  return NULL;
}

const setting* settings_find(const settings* s, const char* key) {
  return find(s, key);
}

static void clear_setting(setting* one) {
  df_free(one->key);
  df_free(one->value);
  df_free(one->why);
}

void settings_clear(settings* s) {
  for (int i = 0; i < s->n; i++) clear_setting(&s->list[i]);
  df_free(s->list);
  *s = (settings){0};
}

/* takes over `why` */
static void put(settings* s, const char* key, const char* value, char* why, bool given) {
  const setting one = {.key = format_text("%s", key), .value = format_text("%s", value), .why = why, .given = given};
  setting* old = find(s, key);
  if (old && old->given && !given) {
    setting unused = one;
    clear_setting(&unused);
  } else if (old) {
    clear_setting(old);
    *old = one;
  } else {
    s->list = list_grow(s->list, s->n, sizeof *s->list);
    s->list[s->n++] = one;
  }
}

void settings_put(settings* s, const char* key, const char* value) {
  put(s, key, value, format_text("%s", ""), false);
}

void settings_put_why(settings* s, const char* key, const char* value, const char* why, ...) {
  va_list list;
  va_start(list, why);
  put(s, key, value, format_text_list(why, list), false);
  va_end(list);
}

/* takes over `why` */
static void put_number(settings* s, const char* key, double value, char* why) {
  text number = {0};
  add_number(&number, value);
  put(s, key, text_of(&number), why, false);
  text_clear(&number);
}

void settings_put_number(settings* s, const char* key, double value) {
  put_number(s, key, value, format_text("%s", ""));
}

void settings_put_number_why(settings* s, const char* key, double value, const char* why, ...) {
  va_list list;
  va_start(list, why);
  put_number(s, key, value, format_text_list(why, list));
  va_end(list);
}

void settings_give(settings* s, const char* assignment) {
  const char* sign = strchr(assignment, '=');
  char* key = format_text("%.*s", (int)(sign - assignment), assignment);
  put(s, key, sign + 1, format_text("given by --set"), true);
  df_free(key);
}

void settings_keep(settings* s, const char* key) {
  setting* one = find(s, key);
  if (one) one->kept = true;
}

void settings_drop(settings* s, const char* key) {
  setting* one = find(s, key);
  if (!one || one->given) return;
  clear_setting(one);
  const size_t after = (size_t)(s->list + s->n - one - 1);
  memmove(one, one + 1, after * sizeof *one);
  s->n--;
}

df_status settings_config(const settings* s, df_config* config) {
  *config = df_config_default();
  for (int i = 0; i < s->n; i++) {
    const setting* one = &s->list[i];
    if (strncmp(one->key, "profiles.", 9) == 0 || strncmp(one->key, "methods.", 8) == 0) continue;
    DF_TRY(df_config_set(config, one->key, one->value, one->given ? "--set" : "import"));
  }
  return DF_OK;
}

/* ---- the file ---- */

/* the key of the table of settings that a key ends with: without "profiles.NAME." and "methods.NAME." */
static const char* table_key(const char* key) {
  while (strncmp(key, "profiles.", 9) == 0 || strncmp(key, "methods.", 8) == 0) {
    key = strchr(strchr(key, '.') + 1, '.') + 1;
  }
  return key;
}

static bool is_sequence(const char* key) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, table_key(key)) != 0) continue;
    const char* kind = keys[i].kind;
    return strcmp(kind, "LIST") == 0 || strcmp(kind, "NAMES") == 0 || strcmp(kind, "ITEMS") == 0;
  }
  return false;
}

/* whether YAML reads a word as it stands, also within brackets */
static bool is_plain_word(const char* s, size_t n) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
  static const char* const others[] = {"null", "true", "false", "yes", "no", "on", "off"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (strlen(others[i]) == n && strncmp(s, others[i], n) == 0) return false;
  }
  const char* more = "@*= ";
  for (size_t i = 0; i < n; i++) {
    if (!strchr(letters, s[i]) && (i == 0 || i + 1 == n || !strchr(more, s[i]))) return false;
  }
  return n > 0 && !(n == 1 && s[0] == '-');
}

static void add_scalar(text* out, const char* s, size_t n) {
  if (is_plain_word(s, n)) {
    text_add(out, "%.*s", (int)n, s);
    return;
  }
  text_add(out, "\"");
  for (size_t i = 0; i < n; i++) {
    const unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\')
      text_add(out, "\\%c", c);
    else if (c < ' ')
      text_add(out, "\\x%02x", c);
    else
      text_add_bytes(out, &s[i], 1);
  }
  text_add(out, "\"");
}

/* [a, b, c], on several lines if it is long; `column` is where it begins */
static void add_sequence(text* out, const char* value, int column) {
  int at = column + 1;
  text_add(out, "[");
  while (*value) {
    const size_t n = strcspn(value, ",");
    text item = {0};
    add_scalar(&item, value, n);
    if (at + (int)item.n + 2 > LINE) {
      text_add(out, "\n%*s", column + 1, "");
      at = column + 1;
    }
    value += n;
    text_add(out, "%s%s", text_of(&item), *value ? ", " : "");
    at += (int)item.n + 2;
    if (*value) value++;
    text_clear(&item);
  }
  text_add(out, "]");
}

/* the key's last part, value and reason, with the reason above if the line would be too long */
static void add_leaf(text* out, const setting* one, const char* name, int depth) {
  text line = {0}, why = {0};
  text_add(&line, "%*s%s: ", 2 * depth, "", name);
  if (is_sequence(one->key))
    add_sequence(&line, one->value, (int)line.n);
  else
    add_scalar(&line, one->value, strlen(one->value));
  text_add_plain(&why, one->why);
  const bool beside = !strchr(text_of(&line), '\n') && line.n + why.n + 4 <= LINE;
  if (why.n && !beside) text_add(out, "%*s# %s\n", 2 * depth, "", text_of(&why));
  text_add(out, "%s", text_of(&line));
  if (why.n && beside) text_add(out, "  # %s", text_of(&why));
  text_add(out, "\n");
  text_clear(&line);
  text_clear(&why);
}

static bool begins(const setting* one, const char* prefix, size_t n) {
  return strncmp(one->key, prefix, n) == 0;
}

/* whether an earlier setting has the same beginning, of n bytes */
static bool seen(const settings* s, int i, size_t n) {
  for (int k = 0; k < i; k++) {
    if (begins(&s->list[k], s->list[i].key, n)) return true;
  }
  return false;
}

/* the keys that begin with the first n bytes of `prefix`, grouped by their next part */
static void add_level(text* out, const settings* s, const char* prefix, size_t n, int depth) {
  for (int i = 0; i < s->n; i++) {
    const setting* one = &s->list[i];
    if (!begins(one, prefix, n)) continue;
    const char* name = one->key + n;
    const char* dot = strchr(name, '.');
    const size_t whole = dot ? (size_t)(dot + 1 - one->key) : 0;
    if (!dot) add_leaf(out, one, name, depth);
    if (!dot || seen(s, i, whole)) continue;
    if (depth == 0) text_add(out, "\n");
    text_add(out, "%*s%.*s:\n", 2 * depth, "", (int)(dot - name), name);
    add_level(out, s, one->key, whole, depth + 1);
  }
}

void settings_yaml(const settings* s, const char* title, text* out) {
  text_add(out, "# ");
  text_add_plain(out, title);
  text_add(out, "\n# `dynaflow list settings` prints every key with default, range, unit and meaning.\n");
  add_level(out, s, "", 0, 0);
}
