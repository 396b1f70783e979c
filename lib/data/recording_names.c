/* what the file of a recording calls its columns */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "recording_reader.h"

/* ---- arrays and attributes of names ---- */

/* what a list of names is of */
typedef enum names_of {
  NAMES_OF_NOTHING,
  NAMES_OF_BODIES, /* that the joints move */
  NAMES_OF_JOINTS,
  NAMES_OF_ACTUATORS,
  NAMES_OF_COLUMNS
} names_of;

/* the end of a name: after the last '/' or '@' */
static const char* last_part(const char* name) {
  const char* last = name;
  for (const char* at = name; *at; at++) {
    if (*at == '/' || *at == '@') last = at + 1;
  }
  return last;
}

/* whether two words are equal without regard to capitals, blanks and signs: jointNames, joint_names */
static bool same_word(const char* a, const char* b) {
  for (;;) {
    while (*a && !isalnum((unsigned char)*a)) a++;
    while (*b && !isalnum((unsigned char)*b)) b++;
    if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
    if (!*a) return true;
    a++;
    b++;
  }
}

static names_of kind_of(const char* part) {
  static const struct {
    const char* word;
    names_of of;
  } known[] = {{"joint_names", NAMES_OF_JOINTS},
               {"joint_name", NAMES_OF_JOINTS},
               {"joints_names", NAMES_OF_JOINTS},
               {"joint_order", NAMES_OF_JOINTS},
               {"joint_labels", NAMES_OF_JOINTS},
               {"joint_list", NAMES_OF_JOINTS},
               {"joints", NAMES_OF_JOINTS},
               {"dof_names", NAMES_OF_JOINTS},
               {"dof_name", NAMES_OF_JOINTS},
               {"dof_order", NAMES_OF_JOINTS},
               {"dofs", NAMES_OF_JOINTS},
               {"actuated_joint_names", NAMES_OF_JOINTS},
               {"actuator_names", NAMES_OF_ACTUATORS},
               {"actuator_order", NAMES_OF_ACTUATORS},
               {"actuators", NAMES_OF_ACTUATORS},
               {"action_names", NAMES_OF_ACTUATORS},
               {"action_order", NAMES_OF_ACTUATORS},
               {"motor_names", NAMES_OF_ACTUATORS},
               {"motor_order", NAMES_OF_ACTUATORS},
               {"motors", NAMES_OF_ACTUATORS},
               {"ctrl_names", NAMES_OF_ACTUATORS},
               {"control_names", NAMES_OF_ACTUATORS},
               {"names", NAMES_OF_COLUMNS},
               {"name", NAMES_OF_COLUMNS},
               {"columns", NAMES_OF_COLUMNS},
               {"column_names", NAMES_OF_COLUMNS},
               {"labels", NAMES_OF_COLUMNS},
               {"order", NAMES_OF_COLUMNS}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (same_word(part, known[i].word)) return known[i].of;
  }
  return NAMES_OF_NOTHING;
}

/* Whether a list is an attribute of the array, or in a folder that is named like it. */
static bool is_attached(const char* list, const char* part, const char* array) {
  const size_t folder = (size_t)(part - list), n = folder ? folder - 1 : 0;
  if (folder == 0) return false;
  const char* own = last_part(array);
  const size_t m = strlen(own);
  const bool whole = strlen(array) == n && memcmp(list, array, n) == 0;
  return whole || (n >= m && memcmp(list + n - m, own, m) == 0 && (n == m || list[n - m - 1] == '/'));
}

/* Whether a list holds for the array: it is in a folder above it, or an attribute of one. */
static bool is_above(const char* list, const char* part, const char* array) {
  const size_t folder = (size_t)(part - list);
  if (folder <= 1) return true;
  return strncmp(list, array, folder - 1) == 0 && array[folder - 1] == '/';
}

/* How well a list suits the columns of the array, the best one most; 0: not at all. */
static int rank_of(const char* list, const char* array, bool actions) {
  const char* part = last_part(list);
  const names_of of = kind_of(part);
  const int depth = (int)(part - list) + 1;
  enum { KIND = 1000, ATTACHED = 10000 }; /* a name is shorter than KIND */
  if (of == NAMES_OF_NOTHING) return 0;
  if (is_attached(list, part, array)) return ATTACHED + depth;
  if (of == NAMES_OF_COLUMNS || (of == NAMES_OF_ACTUATORS && !actions)) return 0;
  return KIND * (int)of + (is_above(list, part, array) ? depth : 0);
}

/* ---- lists of names ---- */

typedef struct name_list {
  int n;
  char* text; /* owned; the names, each with its end, one after the other */
} name_list;

/* Splits a text at line breaks, or, if it is a single line, at commas, semicolons or blanks. */
static void split_names(char* text, name_list* out) {
  const char* breaks = strchr(text, '\n') ? "\n" : strpbrk(text, ",;") ? ",;" : " \t";
  char* to = text;
  *out = (name_list){.text = text};
  for (const char* at = text; *at;) {
    const size_t whole = strcspn(at, breaks);
    const bool more = at[whole] != '\0';
    size_t n = whole, skip = 0;
    while (skip < n && at[skip] == ' ') skip++;
    while (n > skip && at[n - 1] == ' ') n--;
    if (n > skip) {
      memmove(to, at + skip, n - skip);
      to += n - skip;
      out->n++;
    }
    at += whole + more;
    if (n > skip && to < at) *to++ = '\0';
  }
  *to = '\0';
}

static const char* next_name(const char* name) {
  return name + strlen(name) + 1;
}

/* ---- which columns the names of a list are of ---- */

/* whether column c of the layout is the position or velocity of a hinge or slide */
static bool is_of_single(const df_layout* layout, int c) {
  const layout_column* column = &layout->column[c];
  const model_joints* m = &layout->model;
  if (column->role != COLUMN_STATE) return false;
  for (int j = 0; j < m->n; j++) {
    const bool single = m->joint[j].kind == DF_JOINT_HINGE || m->joint[j].kind == DF_JOINT_SLIDE;
    if (single && (column->at == m->joint[j].qpos || column->at == m->nq + m->joint[j].dof)) return true;
  }
  return false;
}

/* whether a column is of a joint block or of a single joint, also of one that the model does not have */
static bool is_of_joint(const df_layout* layout, int c) {
  return layout->block[layout->column[c].block].star || is_of_single(layout, c);
}

static bool is_velocity(const df_layout* layout, int c) {
  const joint_order* star = layout->block[layout->column[c].block].star;
  return star ? star == &layout->velocity_joints : layout->column[c].at >= layout->model.nq;
}

/* the number of columns of a source that are of positions or velocities of joints */
static int count_joints(const df_layout* layout, const source* s, bool velocities) {
  int n = 0;
  for (int i = 0; i < s->request.width; i++)
    n += is_of_joint(layout, s->column[i]) && is_velocity(layout, s->column[i]) == velocities;
  return n;
}

static df_status set_name(column_name* out, const char* name, const char* by) {
  out->name = df_strdup(name);
  out->by = by ? df_strdup(by) : NULL;
  return out->name && (out->by || !by) ? DF_OK : DF_E_NOMEM;
}

/* The names of the joints' columns of a source: of its positions, of its velocities, or one for every column. */
static df_status name_joints(const df_layout* layout, const source* s, const name_list* list, const char* by,
                             column_name* out) {
  const int positions = count_joints(layout, s, false), velocities = count_joints(layout, s, true);
  const bool all = list->n == s->request.width;
  /* a list of all joints may begin with the free one */
  const bool fits = all || list->n == positions || list->n == velocities;
  const bool rooted = !fits && layout->model.root == 0 && (list->n == positions + 1 || list->n == velocities + 1);
  const int n = list->n - rooted;
  if (!all && n != positions && n != velocities) return DF_OK;
  const char* name[2] = {list->text, list->text};
  for (int k = 0; k < 2 && rooted; k++) name[k] = next_name(name[k]);
  for (int i = 0; i < s->request.width; i++) {
    const bool velocity = !all && is_velocity(layout, s->column[i]);
    const bool of_list = all || (is_of_joint(layout, s->column[i]) && n == (velocity ? velocities : positions));
    if (!of_list) continue;
    DF_TRY(set_name(&out[s->column[i]], name[velocity], by));
    name[velocity] = next_name(name[velocity]);
  }
  return DF_OK;
}

/* ---- the names of a source ---- */

/* what names an array: a list, its header line, or the arrays of its columns */
static bool has_own_names(const reader* rd, const stack* s, const char* const** header) {
  return s->arrays == s->columns ? s->arrays > 1 : df_arrays_columns(rd->file->arrays, s->name, header) > 0;
}

/* the name of column i of an array with names of its own */
static const char* own_name(const stack* s, const char* const* header, int i) {
  return header ? header[i] : s->part[i];
}

static bool names_something(const char* list) {
  return kind_of(last_part(list)) != NAMES_OF_NOTHING;
}

/* The list that suits an array best; -1: none. *rival: another one that suits it as well, -1: none. The lists of the
 * file are made. */
static int best_list(const reader* rd, const char* array, bool actions, int* rival) {
  int best = -1, most = 0;
  *rival = -1;
  for (int k = 0; k < rd->file->lists.n; k++) {
    const int i = rd->file->lists.at[k];
    const int rank = rank_of(df_arrays_info(rd->file->arrays, i)->name, array, actions);
    if (rank == most && rank > 0 && *rival < 0) *rival = i;
    if (rank <= most) continue;
    most = rank;
    best = i;
    *rival = -1;
  }
  return best;
}

/* reads list i of the file; marks it as used */
static df_status read_list(reader* rd, int i, name_list* out) {
  char* text;
  rd->file->used[i] = true;
  DF_TRY(df_arrays_read_text(rd->file->arrays, df_arrays_info(rd->file->arrays, i)->name, &text));
  split_names(text, out);
  return DF_OK;
}

/* the part of a name after the group */
static const char* in_group(const reader* rd, const char* name) {
  const size_t n = strlen(rd->group);
  return n > 0 && strncmp(name, rd->group, n) == 0 && (name[n] == '/' || name[n] == '@') ? name + n + 1 : name;
}

/* the names of the columns of a source by list i of the file */
static df_status name_by_list(reader* rd, const source* s, int i, column_name* out) {
  name_list list = {0};
  df_status status = read_list(rd, i, &list);
  if (status == DF_OK)
    status = name_joints(rd->r->layout, s, &list, in_group(rd, df_arrays_info(rd->file->arrays, i)->name), out);
  df_free(list.text);
  return status;
}

/* the other names of the columns of a source, by list i of the file */
static df_status name_by_rival(reader* rd, const source* s, int i, column_name* out) {
  const int columns = rd->r->layout->columns;
  column_name* rival = df_alloc((size_t)columns, sizeof *rival);
  if (!rival) return DF_E_NOMEM;
  const df_status status = name_by_list(rd, s, i, rival);
  for (int c = 0; c < columns && status == DF_OK; c++) {
    if (!rival[c].name) continue;
    out[c].other = rival[c].name;
    out[c].other_by = rival[c].by;
    rival[c] = (column_name){0};
  }
  recording_free_names(columns, rival);
  return status;
}

static df_status name_source(reader* rd, const source* s, column_name* out) {
  const char* const* header = NULL;
  /* arrays that were chosen by the names of joints are theirs */
  if (s->request.star && strchr(s->request.expression, '*')) return DF_OK;
  if (has_own_names(rd, &s->read, &header)) {
    for (int i = 0; i < s->request.width; i++)
      DF_TRY(set_name(&out[s->column[i]], own_name(&s->read, header, i), NULL));
    return DF_OK;
  }
  int rival;
  const int i = best_list(rd, s->read.name, false, &rival);
  if (i >= 0) DF_TRY(name_by_list(rd, s, i, out));
  return rival >= 0 ? name_by_rival(rd, s, rival, out) : DF_OK;
}

static bool holds_text(const name_list* list, const char* name) {
  const char* own = list->text;
  for (int i = 0; i < list->n; i++, own = next_name(own)) {
    if (strcmp(own, name) == 0) return true;
  }
  return false;
}

/* Refuses another list, number i of the file, that has the names of the actions in another order, unless data.actuators
 * says it. Of lists that name joints the recorded actions may tell which one is right (data check). */
static df_status compare_lists(reader* rd, const name_list* list, const char* by, int i) {
  name_list other = {0};
  if (kind_of(last_part(df_arrays_info(rd->file->arrays, i)->name)) != NAMES_OF_ACTUATORS) return DF_OK;
  df_status status = read_list(rd, i, &other);
  const char *a = list->text, *b = other.text, *first[2] = {NULL, NULL};
  bool same = status == DF_OK && other.n == list->n;
  int column = 0;
  for (int k = 0; k < list->n && same; k++, a = next_name(a), b = next_name(b)) {
    same = holds_text(list, b) && holds_text(&other, a);
    if (strcmp(a, b) == 0 || first[0]) continue;
    first[0] = a;
    first[1] = b;
    column = k;
  }
  if (same && first[0] && rd->r->config.data_actuators.n == 0)
    status = df_fail(
        DF_E_MISMATCH,
        "%s: column %d of the actions is '%s' in '%s', but '%s' in '%s': remove the list that is wrong, or "
        "name the actuators in the order of the columns in data.actuators",
        rd->file->path, column, first[0], by, first[1], in_group(rd, df_arrays_info(rd->file->arrays, i)->name));
  df_free(other.text);
  return status;
}

static df_status name_actions(reader* rd, column_name* out) {
  const stack* a = &rd->actions;
  const char* const* header = NULL;
  const int n = rd->r->action_columns;
  if (!a->values) return DF_OK;
  if (has_own_names(rd, a, &header)) {
    for (int i = 0; i < n; i++) DF_TRY(set_name(&out[i], own_name(a, header, i), NULL));
    return DF_OK;
  }
  int rival;
  const int i = best_list(rd, a->name, true, &rival);
  name_list list = {0};
  if (i < 0) return DF_OK;
  df_status status = read_list(rd, i, &list);
  const char *name = list.text, *by = in_group(rd, df_arrays_info(rd->file->arrays, i)->name);
  for (int k = 0; k < n && list.n == n && status == DF_OK; k++, name = next_name(name))
    status = set_name(&out[k], name, by);
  if (status == DF_OK && rival >= 0 && list.n == n) status = compare_lists(rd, &list, by, rival);
  df_free(list.text);
  return status;
}

/* ---- of the first group and of others ---- */

static bool holds(int n, const column_name* names, const char* name) {
  for (int i = 0; i < n; i++) {
    if (names[i].name && strcmp(names[i].name, name) == 0) return true;
  }
  return false;
}

/* Refuses names that are those of the first group in another order: their columns would be exchanged. */
static df_status compare_names(const reader* rd, const char* what, int n, const column_name* first,
                               const column_name* own) {
  for (int i = 0; i < n; i++) {
    if (!first[i].name || !own[i].name || strcmp(first[i].name, own[i].name) == 0) continue;
    if (!holds(n, first, own[i].name)) continue;
    return df_fail(DF_E_MISMATCH,
                   "%s%s%s: column %d of the %s is '%s', but '%s' in %s: all files and groups need the same order of "
                   "columns; import those of each order as a task of their own, or reorder them",
                   rd->file->path, rd->group[0] ? ": " : "", rd->group, i, what, own[i].name, first[i].name,
                   rd->r->file[0]);
  }
  return DF_OK;
}

/* keeps names as the recording's, or compares them */
static df_status keep_names(const reader* rd, const char* what, int n, column_name* own, column_name** first) {
  if (!*first) {
    *first = own;
    return DF_OK;
  }
  const df_status status = compare_names(rd, what, n, *first, own);
  recording_free_names(n, own);
  return status;
}

df_status reader_names(reader* rd) {
  df_recording* r = rd->r;
  const int columns = r->layout->columns, actions = r->action_columns;
  column_name *own = df_alloc((size_t)columns, sizeof *own),
              *own_action = df_alloc((size_t)actions, sizeof *own_action);
  df_status status = own && own_action ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = text_list_make(rd->file->arrays, names_something, &rd->file->lists);
  for (int k = 0; k < rd->sources && status == DF_OK; k++) status = name_source(rd, &rd->source[k], own);
  if (status == DF_OK) status = name_actions(rd, own_action);
  if (status != DF_OK) {
    recording_free_names(columns, own);
    recording_free_names(actions, own_action);
    return status;
  }
  status = keep_names(rd, "states", columns, own, &r->name);
  if (status != DF_OK) {
    recording_free_names(actions, own_action);
    return status;
  }
  for (int c = 0; c < columns; c++) {
    r->column[c].stated_name = r->name[c].name ? r->name[c].name : "";
    r->column[c].stated_by = r->name[c].by ? r->name[c].by : "";
    r->column[c].other_name = r->name[c].other ? r->name[c].other : "";
    r->column[c].other_by = r->name[c].other_by ? r->name[c].other_by : "";
  }
  return keep_names(rd, "actions", actions, own_action, &r->action_name);
}
