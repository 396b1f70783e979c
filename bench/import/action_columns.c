#define _DEFAULT_SOURCE
#include "action_columns.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "action_names.h"
#include "dynaflow/core/alloc.h"
#include "joint_names.h"

/* what actuators are called in the names of columns */
typedef enum called { BY_ACTUATOR, BY_JOINT, BY_NUMBER, WAYS } called;

enum { NAME = 256 };

/* one form of names: `before` NAME `after` */
typedef struct form {
  called by;
  char before[NAME], after[NAME];
} form;

static void name_of(const recognition* r, called by, int k, char out[NAME]) {
  const df_system* system = r->model->system;
  const char* name = by == BY_JOINT ? actuator_joint(system, k) : df_mujoco_actuator_at(system, k).name;
  if (by == BY_NUMBER)
    snprintf(out, NAME, "%d", k);
  else
    snprintf(out, NAME, "%s", name);
}

/* the length of a name without a unit in brackets at its end */
static size_t without_unit(const char* name) {
  const size_t n = strlen(name), open = strcspn(name, "([");
  if (open == 0 || open == n || !strchr(")]", name[n - 1])) return n;
  size_t end = open;
  while (end > 0 && name[end - 1] == ' ') end--;
  return end;
}

static bool is_column(const source_array* a) {
  return a->info->numeric && a->info->rank >= 1 && (a->info->rank == 1 || source_columns(a) == 1) &&
         !strpbrk(a->name, "+*@,");
}

/* the column of actuator k, in capitals or not if none is in those of its name; -1: none */
static int column_of(const recognition* r, const form* f, int k) {
  char name[NAME], wanted[3 * NAME];
  name_of(r, f->by, k, name);
  if (!name[0]) return -1;
  const int n = snprintf(wanted, sizeof wanted, "%s%s%s", f->before, name, f->after);
  int other = -1;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const source_array* a = &r->files->list[i];
    const size_t length = without_unit(a->name);
    if (!is_column(a) || length != (size_t)n) continue;
    if (strncmp(a->name, wanted, length) == 0) return i;
    if (other < 0 && strncasecmp(a->name, wanted, length) == 0) other = i;
  }
  return other;
}

/* the form of the name of array i if it is the command of actuator k */
static bool form_of(const recognition* r, int i, int k, called by, form* out) {
  const source_array* a = &r->files->list[i];
  char name[NAME];
  size_t at;
  name_of(r, by, k, name);
  if (!is_column(a) || strlen(a->name) >= NAME || !is_command_of(name, a->name, &at)) return false;
  *out = (form){.by = by};
  const size_t after = at + strlen(name), end = without_unit(a->name);
  snprintf(out->before, NAME, "%.*s", (int)at, a->name);
  if (end > after) snprintf(out->after, NAME, "%.*s", (int)(end - after), a->name + after);
  return true;
}

/* the form in which most actuators have a column; column [nu] receives them, -1: none. Returns how many have one. */
static int find_form(const recognition* r, form* best, int* column) {
  const int nu = r->model->nu;
  int most = 0;
  for (int by = 0; by < WAYS; by++) {
    for (int i = 0; i < r->files->n_arrays * nu && most < nu; i++) {
      form f;
      int n = 0;
      if (!form_of(r, i / nu, i % nu, (called)by, &f)) continue;
      for (int k = 0; k < nu; k++) n += column_of(r, &f, k) >= 0;
      if (n <= most) continue;
      most = n;
      *best = f;
    }
  }
  for (int k = 0; k < nu; k++) column[k] = most > 0 ? column_of(r, best, k) : -1;
  return most;
}

/* what the names of the columns have in common before and after the names of the actuators */
static void common_form(const recognition* r, const int* column, form* f) {
  const char* first = r->files->list[column[0]].name;
  size_t before = strlen(first), after = before;
  for (int k = 1; k < r->model->nu; k++) {
    const char* name = r->files->list[column[k]].name;
    const size_t n = strlen(name), m = strlen(first);
    size_t same = 0;
    while (same < before && name[same] == first[same]) same++;
    before = same;
    for (same = 0; same < after && same < n && name[n - 1 - same] == first[m - 1 - same];) same++;
    after = same;
  }
  *f = (form){.by = BY_JOINT};
  if (before >= NAME || after >= NAME) return;
  snprintf(f->before, NAME, "%.*s", (int)before, first);
  snprintf(f->after, NAME, "%s", first + strlen(first) - after);
}

/* Whether every actuator has one column that is named like its command in other words than the model's, as
 * front_left_hip_target of FL_hip_joint. */
static bool find_by_words(const recognition* r, called by, form* f, int* column) {
  const int all = r->files->n_arrays, nu = r->model->nu;
  const size_t rows = (size_t)(all + nu) + 1;
  char(*own)[NAME] = df_alloc(rows, sizeof *own);
  const char** name = df_alloc(rows, sizeof *name);
  int *at = df_alloc(rows, sizeof *at), *is = df_alloc(rows, sizeof *is), n = 0, found = 0;
  name_match* how = df_alloc(rows, sizeof *how);
  bool made = own && name && at && is && how;
  for (int i = 0; i < all && made; i++) {
    const source_array* a = &r->files->list[i];
    char whole[NAME];
    snprintf(whole, sizeof whole, "%.*s", (int)without_unit(a->name), a->name);
    if (!is_column(a) || strlen(a->name) >= NAME || !name_without_command(whole, own[n])) continue;
    name[n] = own[n];
    at[n++] = i;
  }
  for (int k = 0; k < nu && made; k++) {
    column[k] = -1;
    name_of(r, by, k, own[all + k]);
    name[all + k] = own[all + k];
    made = own[all + k][0] != '\0';
  }
  made = made && n >= nu && closest_joints(n, name, nu, name + all, is, how) >= nu;
  for (int i = 0; i < n && made; i++) {
    if (is[i] < 0 || how[i] > NAME_WORDS) continue;
    made = column[is[i]] < 0;
    column[is[i]] = at[i];
    found++;
  }
  made = made && found == nu;
  if (made) common_form(r, column, f);
  df_free(own);
  df_free(name);
  df_free(at);
  df_free(is);
  df_free(how);
  return made;
}

/* the arrays of numbers that fit the pattern of a form, which data.actions_key would read */
static int count_fitting(const recognition* r, const form* f) {
  const size_t before = strlen(f->before), after = strlen(f->after);
  int n = 0;
  for (int i = 0; i < r->files->n_arrays; i++) {
    const char* name = r->files->list[i].name;
    const size_t length = strlen(name);
    n += r->files->list[i].info->numeric && length >= before + after && strncmp(name, f->before, before) == 0 &&
         strcmp(name + length - after, f->after) == 0;
  }
  return n;
}

static const char WHY[] = "a column of its own for each actuator, by the names of the columns";

/* "action_*", with data.actuators if the file has another order than the model; false: no such setting says it */
static bool put_pattern(recognition* r, const form* f, const int* column) {
  const int nu = r->model->nu;
  const df_system* system = r->model->system;
  bool ordered = true, named = nu <= DF_NAMES_MAX;
  if (count_fitting(r, f) != nu || strlen(f->before) + strlen(f->after) + 1 >= DF_TEXT_MAX) return false;
  for (int k = 1; k < nu; k++) ordered = ordered && column[k] > column[k - 1];
  for (int k = 0; k < nu; k++) {
    const size_t length = strlen(df_mujoco_actuator_at(system, k).name);
    named = named && length > 0 && length < DF_NAME_MAX;
  }
  if (!ordered && !named) return false;
  text key = {0}, actuators = {0};
  text_add(&key, "%s*%s", f->before, f->after);
  settings_put_why(r->found, "data.actions_key", text_of(&key), "%s", WHY);
  /* the columns in the order of the file, which is the one in which the pattern reads them */
  for (int i = 0; i < r->files->n_arrays && !ordered; i++) {
    for (int k = 0; k < nu; k++) {
      if (column[k] == i) text_add(&actuators, "%s%s", actuators.n ? "," : "", df_mujoco_actuator_at(system, k).name);
    }
  }
  if (!ordered) settings_put_why(r->found, "data.actuators", text_of(&actuators), "by the names of the columns");
  text_clear(&key);
  text_clear(&actuators);
  return true;
}

/* the names of the columns in the order of the model, "a+b"; false: they are too long for a setting */
static bool put_list(recognition* r, const int* column) {
  text key = {0};
  for (int k = 0; k < r->model->nu; k++) text_add(&key, "%s%s", k ? "+" : "", r->files->list[column[k]].name);
  const bool fits = key.n < DF_TEXT_MAX;
  if (fits) settings_put_why(r->found, "data.actions_key", text_of(&key), "%s", WHY);
  text_clear(&key);
  return fits;
}

/* why actions that some actuators have are not used */
static char* describe_lack(const recognition* r, const form* f, const int* column, int n) {
  const int nu = r->model->nu;
  char name[NAME];
  int without = 0, with = 0;
  while (column[with] < 0) with++;
  if (n == nu)
    return format_text("the names of the columns of actions, such as '%s', are too long together for data.actions_key",
                       r->files->list[column[with]].name);
  while (column[without] >= 0) without++;
  name_of(r, f->by, without, name);
  return format_text(
      "'%s' is named like the action of an actuator, but there are such columns of %d of %d actuators, "
      "and '%s%s%s' is missing",
      r->files->list[column[with]].name, n, nu, f->before, name, f->after);
}

void action_columns_settle(recognition* r, bool* found, char** lacks) {
  const int nu = r->model->nu;
  int* column = df_alloc(2 * (size_t)nu + 1, sizeof *column);
  form f;
  *found = false;
  *lacks = NULL;
  int n = column && nu > 0 ? find_form(r, &f, column) : 0;
  for (int by = BY_ACTUATOR; by <= BY_JOINT && column && n < nu; by++) {
    form other;
    if (!find_by_words(r, (called)by, &other, column + nu)) continue;
    f = other;
    memcpy(column, column + nu, (size_t)nu * sizeof *column);
    n = nu;
  }
  if (n == nu && nu > 0) *found = put_pattern(r, &f, column) || put_list(r, column);
  if (n > 0 && !*found) *lacks = describe_lack(r, &f, column, n);
  df_free(column);
}
