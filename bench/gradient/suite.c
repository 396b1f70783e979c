#define _POSIX_C_SOURCE 200809L
#include "suite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "lookup.h"

enum { STATES_MAX = 100000 };

void suite_clear(suite* s) {
  df_free(s->path);
  df_free(s->models);
  *s = (suite){0};
}

/* ---- words ---- */

/* position of the parser */
typedef struct line_of {
  const char* path;
  int number;
  char* rest; /* the rest of the line, for strtok_r */
} line_of;

/* fails with file, line, word and reason */
static df_status refuse(const line_of* at, const char* word, const char* what) {
  return df_fail(DF_E_CONFIG, "%s:%d: '%s': %s", at->path, at->number, word, what);
}

static char* next_word(line_of* at, char* line) {
  return strtok_r(line, " \t\r", &at->rest);
}

static df_status copy_word(const line_of* at, const char* word, const char* missing, char* out, size_t n) {
  if (!word) return df_fail(DF_E_CONFIG, "%s:%d: %s is missing", at->path, at->number, missing);
  if (strlen(word) >= n) return refuse(at, word, "too long");
  snprintf(out, n, "%s", word);
  return DF_OK;
}

static df_status whole_number(const line_of* at, const char* word, const char* value, long most, long* out) {
  char* end;
  errno = 0;
  *out = strtol(value, &end, 10);
  if (errno || end == value || *end || *out < 0 || *out > most) {
    return df_fail(DF_E_CONFIG, "%s:%d: '%s': a whole number from 0 to %ld is expected", at->path, at->number, word,
                   most);
  }
  return DF_OK;
}

/* ---- lines ---- */

static df_status take_states(line_of* at, suite* s) {
  for (char* word = next_word(at, NULL); word; word = next_word(at, NULL)) {
    const char* equals = strchr(word, '=');
    int kind = 0;
    long n;
    if (!equals) return refuse(at, word, "kind=number is expected");
    const size_t length = (size_t)(equals - word);
    while (kind < DF_STATE_KINDS && (strlen(df_state_kind_name((df_state_kind)kind)) != length ||
                                     strncmp(df_state_kind_name((df_state_kind)kind), word, length) != 0)) {
      kind++;
    }
    if (kind == DF_STATE_KINDS) {
      return refuse(at, word, "unknown kind of state (choose rest, motion, impact, limits, sliding, rolling or stuck)");
    }
    DF_TRY(whole_number(at, word, equals + 1, STATES_MAX, &n));
    if (s->states[kind] > 0) return refuse(at, word, "this kind of state is already given");
    s->total += (int)n;
    s->states[kind] = (int)n;
  }
  return DF_OK;
}

static df_status take_setting(const line_of* at, const char* word, suite_model* m) {
  if (strncmp(word, "target=", 7) == 0) {
    char* end;
    m->target = df_read_double(word + 7, &end);
    if (end == word + 7 || *end || !(m->target > 0 && isfinite(m->target))) {
      return refuse(at, word, "a positive number is expected");
    }
    return DF_OK;
  }
  if (strncmp(word, "system.", 7) != 0 || !strchr(word, '=')) {
    return refuse(at, word, "target=number or system.key=value is expected");
  }
  if (m->n_set == SUITE_SETTINGS_MAX) {
    return df_fail(DF_E_CONFIG, "%s:%d: '%s': more than %d settings of a model", at->path, at->number, word, m->n_set);
  }
  return copy_word(at, word, "a setting", m->set[m->n_set++], sizeof m->set[0]);
}

static df_status take_model(line_of* at, suite* s) {
  if (s->n == SUITE_MODELS_MAX) return df_fail(DF_E_CONFIG, "%s:%d: more than %d models", at->path, at->number, s->n);
  suite_model* m = &s->models[s->n];
  *m = (suite_model){.target = NAN, .line = at->number};
  DF_TRY(copy_word(at, next_word(at, NULL), "a model's name", m->name, sizeof m->name));
  DF_TRY(copy_word(at, next_word(at, NULL), "a model's file", m->file, sizeof m->file));
  for (int i = 0; i < s->n; i++) {
    if (strcmp(s->models[i].name, m->name) == 0) return refuse(at, m->name, "another model has this name");
  }
  for (char* word = next_word(at, NULL); word; word = next_word(at, NULL)) DF_TRY(take_setting(at, word, m));
  /* report a wrong setting now, as an error of the suite, and not while the model runs */
  const options none = {0};
  df_config config;
  DF_TRY(suite_config(m, &none, &config));
  s->n++;
  return DF_OK;
}

static df_status take_line(line_of* at, char* line, suite* s) {
  char* remark = strchr(line, '#');
  if (remark) *remark = '\0';
  const char* word = next_word(at, line);
  if (!word) return DF_OK;
  if (strcmp(word, "states") == 0) return take_states(at, s);
  if (strcmp(word, "model") == 0) return take_model(at, s);
  return refuse(at, word, "a line must begin with states or model");
}

static df_status parse(char* data, size_t n, suite* s) {
  line_of at = {.path = s->path};
  if (strlen(data) != n) return df_fail(DF_E_FORMAT, "%s: not a text file", s->path);
  char* line = data;
  while (line) {
    char* end = strchr(line, '\n');
    if (end) *end = '\0';
    at.number++;
    DF_TRY(take_line(&at, line, s));
    line = end ? end + 1 : NULL;
  }
  if (s->n == 0) return df_fail(DF_E_CONFIG, "%s: no model: add a line that begins with model", s->path);
  if (s->total == 0) return df_fail(DF_E_CONFIG, "%s: no states: add a line such as states motion=60", s->path);
  return DF_OK;
}

df_status suite_read(const char* path, suite* out) {
  *out = (suite){.path = df_strdup(path), .models = df_alloc(SUITE_MODELS_MAX, sizeof *out->models)};
  char* data = NULL;
  size_t n = 0;
  df_status status = out->path && out->models ? df_file_read(path, &data, &n) : DF_E_NOMEM;
  if (status == DF_OK) status = parse(data, n, out);
  df_free(data);
  if (status != DF_OK) suite_clear(out);
  return status;
}

/* ---- settings of models ---- */

void suite_search(const suite* s, const options* opts, df_search* search) {
  char* folder = df_path_folder(s->path);
  data_search(opts, folder, search);
  df_free(folder);
}

/* applies "key=value"; `where` is named in errors */
static df_status apply(const char* setting, const char* where, df_config* config) {
  char key[128];
  const char* value = strchr(setting, '=') + 1;
  snprintf(key, sizeof key, "%.*s", (int)(value - 1 - setting), setting);
  return df_config_set(config, key, value, where);
}

df_status model_config(const char* path, const options* opts, df_config* config) {
  *config = df_config_default();
  for (int i = 0; i < opts->n_set; i++) DF_TRY(apply(opts->set[i], "--set", config));
  if (strlen(path) >= sizeof config->system_model) return df_fail(DF_E_CONFIG, "%s: the path is too long", path);
  snprintf(config->system_model, sizeof config->system_model, "%s", path);
  return DF_OK;
}

df_status suite_config(const suite_model* model, const options* opts, df_config* config) {
  char where[96];
  snprintf(where, sizeof where, "model %s", model->name);
  *config = df_config_default();
  for (int i = 0; i < model->n_set; i++) DF_TRY(apply(model->set[i], where, config));
  for (int i = 0; i < opts->n_set; i++) DF_TRY(apply(opts->set[i], "--set", config));
  snprintf(config->system_model, sizeof config->system_model, "%s", model->file);
  return DF_OK;
}
