#define _GNU_SOURCE
#include "condition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/data/dataset.h"

/* the condition [nc] of training window w */
static const double* condition_of(const df_task* task, int w) {
  const df_window window = task->windows->train[w];
  return df_dataset_condition(task->data, window.episode, window.start);
}

/* ---- categories ---- */

/* the length of the part of a condition's name before its last dot; 0 without one */
static size_t stem(const df_task* task, int i) {
  const char* dot = strrchr(task->data->condition_name[i], '.');
  return dot ? (size_t)(dot - task->data->condition_name[i]) : 0;
}

static bool same_stem(const df_task* task, int i, int j) {
  const size_t n = stem(task, i);
  return n > 0 && n == stem(task, j) && memcmp(task->data->condition_name[i], task->data->condition_name[j], n) == 0;
}

/* whether exactly one condition with the stem of condition i is 1, and the others are 0 */
static bool is_one_of(const df_task* task, int i, const double* condition) {
  int ones = 0, others = 0;
  for (int j = 0; j < task->data->nc; j++) {
    if (!same_stem(task, i, j)) continue;
    ones += condition[j] == 1;
    others += condition[j] != 0 && condition[j] != 1;
  }
  return ones == 1 && others == 0;
}

/* whether condition i is a value of a category */
static bool is_category(const df_task* task, int i) {
  int members = 0;
  for (int j = 0; j < task->data->nc; j++) members += same_stem(task, i, j);
  if (members < 2) return false;
  for (int w = 0; w < task->windows->n_train; w++) {
    if (!is_one_of(task, i, condition_of(task, w))) return false;
  }
  return true;
}

bool* condition_categories(const df_task* task) {
  bool* out = df_alloc((size_t)task->data->nc, sizeof *out);
  for (int i = 0; out && i < task->data->nc; i++) out[i] = is_category(task, i);
  return out;
}

bool condition_agrees(const df_task* task, const bool* category, const double* a, const double* b) {
  for (int i = 0; i < task->data->nc; i++) {
    if (category[i] && a[i] != b[i]) return false;
  }
  return true;
}

/* ---- the training data ---- */

typedef struct range {
  double lo, hi, mean;
  int n; /* training windows */
} range;

/* of condition i over the training windows with the categories of `like`; NULL: over all */
static range range_of(const df_task* task, const bool* category, int i, const double* like) {
  range r = {.lo = INFINITY, .hi = -INFINITY};
  double sum = 0;
  for (int w = 0; w < task->windows->n_train; w++) {
    const double* c = condition_of(task, w);
    if (like && !condition_agrees(task, category, c, like)) continue;
    r.lo = fmin(r.lo, c[i]);
    r.hi = fmax(r.hi, c[i]);
    sum += c[i];
    r.n++;
  }
  r.mean = r.n ? sum / r.n : 0;
  return r;
}

static void add_known(const df_task* task, const bool* category, text* out) {
  const df_dataset* data = task->data;
  for (int i = 0; i < data->nc; i++) {
    const char* name = data->condition_name[i];
    bool first = true;
    for (int j = 0; j < i; j++) first &= !(category[i] && same_stem(task, i, j));
    if (!first) continue;
    if (out->n) text_add(out, ", ");
    const range r = range_of(task, category, i, NULL);
    if (!category[i]) text_add(out, "%s (%g .. %g)", name, r.lo, r.hi);
    if (category[i]) text_add(out, "%.*s=", (int)stem(task, i), name);
    for (int j = i; category[i] && j < data->nc; j++) {
      if (same_stem(task, i, j)) text_add(out, "%s%s", j > i ? "|" : "", data->condition_name[j] + stem(task, j) + 1);
    }
  }
}

void condition_known(const df_task* task, text* out) {
  text known = {0};
  bool* category = condition_categories(task);
  if (category) add_known(task, category, &known);
  text_add(out, "%s", text_of(&known));
  text_clear(&known);
  df_free(category);
}

void condition_warnings(const df_task* task, const double* condition, text* lines) {
  bool* category = condition_categories(task);
  for (int i = 0; category && i < task->data->nc; i++) {
    const range r = range_of(task, category, i, condition);
    if (r.n == 0) {
      text words = {0};
      condition_describe(task, condition, &words);
      text_add(lines, "no training window has the categories of %s\n", text_of(&words));
      text_clear(&words);
      break;
    }
    if (category[i] || (condition[i] >= r.lo && condition[i] <= r.hi)) continue;
    text_add(lines, "%s = %g is outside the training data, which have %g .. %g%s\n", task->data->condition_name[i],
             condition[i], r.lo, r.hi, r.n < task->windows->n_train ? " in these categories" : "");
  }
  df_free(category);
}

void condition_describe(const df_task* task, const double* condition, text* out) {
  const df_dataset* data = task->data;
  bool* category = condition_categories(task);
  const char* separator = "";
  for (int i = 0; category && i < data->nc; i++) {
    if (category[i] && condition[i] != 1) continue;
    text_add(out, "%s%s", separator, "");
    if (category[i]) {
      text_add(out, "%.*s=%s", (int)stem(task, i), data->condition_name[i],
               data->condition_name[i] + stem(task, i) + 1);
    } else {
      text_add(out, "%s=%g", data->condition_name[i], condition[i]);
    }
    separator = ", ";
  }
  df_free(category);
}

/* ---- parsing ---- */

typedef struct parser {
  const df_task* task;
  const char* words; /* of --condition */
  bool* category;    /* [nc] */
  bool* given;       /* [nc] */
  double* condition; /* [nc] */
} parser;

static df_status fail(const parser* p, const char* what, const char* word) {
  text known = {0};
  add_known(p->task, p->category, &known);
  const df_status status = df_fail(DF_E_CONFIG, "--condition %s: %s'%s'; task %s has %s", p->words, what, word,
                                   p->task->config.task_name, text_of(&known));
  text_clear(&known);
  return status;
}

/* the first condition of a category of this name, or -1 */
static int category_at(const parser* p, const char* name) {
  for (int i = 0; i < p->task->data->nc; i++) {
    const size_t n = stem(p->task, i);
    if (p->category[i] && strlen(name) == n && memcmp(name, p->task->data->condition_name[i], n) == 0) return i;
  }
  return -1;
}

/* the number of this name, or whose name ends with it after a dot; -1 if there is none or more than one */
static int number_at(const parser* p, const char* name) {
  const df_dataset* data = p->task->data;
  int found = -1, n = 0;
  for (int i = 0; i < data->nc; i++) {
    if (p->category[i]) continue;
    if (strcmp(data->condition_name[i], name) == 0) return i;
    const char* dot = strrchr(data->condition_name[i], '.');
    if (!dot || strcmp(dot + 1, name) != 0) continue;
    found = i;
    n++;
  }
  return n == 1 ? found : -1;
}

static df_status set_category(parser* p, int first, const char* value, const char* pair) {
  bool known = false;
  for (int i = 0; i < p->task->data->nc; i++) {
    if (!same_stem(p->task, first, i)) continue;
    if (p->given[i]) return fail(p, "given twice: ", pair);
    p->given[i] = true;
    p->condition[i] = strcmp(p->task->data->condition_name[i] + stem(p->task, i) + 1, value) == 0;
    known |= p->condition[i] == 1;
  }
  return known ? DF_OK : fail(p, "unknown value in ", pair);
}

static df_status set_number(parser* p, int i, const char* value, const char* pair) {
  char* end;
  const double number = df_read_double(value, &end);
  if (end == value || *end || !isfinite(number)) return fail(p, "a finite number is expected in ", pair);
  if (p->given[i]) return fail(p, "given twice: ", pair);
  p->given[i] = true;
  p->condition[i] = number;
  return DF_OK;
}

/* "gait=trot" */
static df_status set_pair(parser* p, const char* pair) {
  const char* equal = strchr(pair, '=');
  if (!equal) return fail(p, "NAME=VALUE is expected instead of ", pair);
  char* name = format_text("%.*s", (int)(equal - pair), pair);
  const int category = category_at(p, name), number = number_at(p, name);
  df_free(name);
  if (category >= 0) return set_category(p, category, equal + 1, pair);
  return number >= 0 ? set_number(p, number, equal + 1, pair) : fail(p, "unknown or ambiguous name in ", pair);
}

static df_status set_pairs(parser* p) {
  char *copy = df_strdup(p->words), *rest = copy;
  df_status status = copy ? DF_OK : DF_E_NOMEM;
  for (char* pair = strsep(&rest, ","); pair && status == DF_OK; pair = strsep(&rest, ",")) {
    status = set_pair(p, pair + strspn(pair, " "));
  }
  df_free(copy);
  return status;
}

static df_status set_rest(parser* p) {
  for (int i = 0; i < p->task->data->nc; i++) {
    if (p->category[i] && !p->given[i]) return fail(p, "no value is given for ", p->task->data->condition_name[i]);
  }
  for (int i = 0; i < p->task->data->nc; i++) {
    if (p->given[i]) continue;
    const range r = range_of(p->task, p->category, i, p->condition);
    p->condition[i] = r.n && (r.lo > 0 || r.hi < 0) ? r.mean : 0;
  }
  return DF_OK;
}

df_status condition_parse(const df_task* task, const char* words, double* condition) {
  if (task->data->nc == 0) {
    return df_fail(DF_E_CONFIG, "--condition %s: task %s has no conditions", words, task->config.task_name);
  }
  parser p = {.task = task, .words = words, .condition = condition};
  p.category = condition_categories(task);
  p.given = df_alloc((size_t)task->data->nc, sizeof *p.given);
  df_status status = p.category && p.given ? set_pairs(&p) : DF_E_NOMEM;
  if (status == DF_OK) status = set_rest(&p);
  df_free(p.category);
  df_free(p.given);
  return status;
}
