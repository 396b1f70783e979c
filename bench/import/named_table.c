#include "named_table.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "joint_names.h"

/* ---- the words of a name ---- */

enum { WORDS = 10, LETTERS = 24 };

typedef struct split {
  int n;
  char v[WORDS][LETTERS]; /* in lower case */
  bool per_second;
  name_unit unit;
} split;

#define LENGTH(list) (int)(sizeof(list) / sizeof *(list))

static bool is_in(const char* word, int n, const char* const* list) {
  for (int i = 0; i < n; i++) {
    if (strcmp(word, list[i]) == 0) return true;
  }
  return false;
}

/* the unit of the last words, which are removed: base_pos_x_mm, vx_m_s */
static void take_unit(split* s) {
  static const struct {
    const char* word;
    name_unit unit;
  } known[] = {{"m", UNIT_METRES},       {"mps", UNIT_METRES},      {"meters", UNIT_METRES}, {"metres", UNIT_METRES},
               {"cm", UNIT_CENTIMETRES}, {"mm", UNIT_MILLIMETRES},  {"rad", UNIT_RADIANS},   {"rads", UNIT_RADIANS},
               {"radps", UNIT_RADIANS},  {"radians", UNIT_RADIANS}, {"deg", UNIT_DEGREES},   {"degs", UNIT_DEGREES},
               {"degps", UNIT_DEGREES},  {"degrees", UNIT_DEGREES}};
  const bool second = s->n > 2 && strcmp(s->v[s->n - 1], "s") == 0;
  const int at = s->n - 1 - (second ? 1 : 0);
  const bool per = second && at > 1 && strcmp(s->v[at], "per") == 0;
  const int last = per ? at - 1 : at;
  for (int i = 0; i < LENGTH(known) && last > 0; i++) {
    if (strcmp(s->v[last], known[i].word) != 0) continue;
    s->unit = known[i].unit;
    s->n = last;
    return;
  }
}

/* at every character that is no letter or digit, and where a small letter meets a capital; false: too many words */
static bool split_name(const char* name, split* out) {
  const char* open = strpbrk(name, "([");
  const char* end = open ? open : name + strlen(name);
  size_t n = 0;
  *out = (split){.unit = name_unit_of(name)};
  for (const char* p = name; p <= end; p++) {
    const bool letter = p < end && isalnum((unsigned char)*p);
    const bool hump = letter && n > 0 && isupper((unsigned char)*p) && islower((unsigned char)p[-1]);
    if ((!letter || hump) && n > 0) {
      out->v[out->n++][n] = '\0';
      n = 0;
    }
    if (!letter) continue;
    if (out->n == WORDS || n + 1 == LETTERS) return false;
    out->v[out->n][n++] = (char)tolower((unsigned char)*p);
  }
  if (!open) take_unit(out);
  return out->n > 0;
}

/* ---- what a name is of ---- */

typedef enum column_kind {
  OF_POSITION,
  OF_ORIENTATION,
  OF_LINEAR,
  OF_ANGULAR,
  BASE_KINDS,
  OF_JOINT,
  OF_JOINT_VELOCITY,
  OF_NOTHING
} column_kind;

enum { AXES = 4 };
static const char axis_letters[BASE_KINDS][AXES + 1] = {"xyz", "wxyz", "xyz", "xyz"};
static const char* const base_text[BASE_KINDS] = {
    "the position of the base (x, y, z)", "the orientation of the base (qw, qx, qy, qz)",
    "the linear velocity of the base", "the angular velocity of the base"};
static const char* const base_block[BASE_KINDS] = {"root_pos", "root_quat", "root_linvel", "root_angvel"};

static const char* const of_base[] = {"base", "root",     "torso", "trunk", "pelvis", "body",     "robot",
                                      "link", "floating", "float", "free",  "joint",  "freejoint"};
static const char* const position_words[] = {"pos", "position", "p", "t", "trans", "translation", "location", "xyz"};
static const char* const orientation_words[] = {"quat", "quaternion", "q",   "orientation", "orient",
                                                "ori",  "orn",        "rot", "rotation"};
static const char* const linear_words[] = {"v", "vel", "velocity", "lin", "linear", "linvel", "speed"};
static const char* const angular_words[] = {"w", "ang", "angular", "angvel", "omega", "gyro", "rotvel", "avel"};
static const char* const velocity_words[] = {"vel", "velocity"};

/* names that are one word with the axis at its end: qw, px, vx, wz */
static const char* const joined[BASE_KINDS][4] = {
    {"", "p", "t", "pos"}, {"q", "quat", "ori", "rot"}, {"v", "vel", "linvel", "dx"}, {"w", "omega", "angvel", "gyro"}};

static int axis_of(column_kind kind, const char* word) {
  const char* at = word[0] && !word[1] ? strchr(axis_letters[kind], word[0]) : NULL;
  return at ? (int)(at - axis_letters[kind]) : -1;
}

/* the axis of a single word such as "qw"; -1 */
static int joined_axis(column_kind kind, const char* word) {
  const size_t n = strlen(word);
  for (int i = 0; i < 4 && n > 0; i++) {
    const size_t before = strlen(joined[kind][i]);
    if (n == before + 1 && strncmp(word, joined[kind][i], before) == 0) return axis_of(kind, word + before);
  }
  return -1;
}

/* whether a word is one of those of the kind; *names: it is enough to tell the kind */
static bool is_word_of(column_kind kind, const char* word, bool* names) {
  switch (kind) {
    case OF_POSITION:
      *names = is_in(word, LENGTH(position_words), position_words);
      return *names;
    case OF_ORIENTATION:
      *names = is_in(word, LENGTH(orientation_words), orientation_words);
      return *names;
    case OF_LINEAR:
      *names = is_in(word, LENGTH(linear_words), linear_words);
      return *names;
    default:
      *names = is_in(word, LENGTH(angular_words), angular_words);
      return *names || is_in(word, LENGTH(velocity_words), velocity_words);
  }
}

/* the axis of a name of this kind, -1: it is of another one; `s` is without words of the base */
static int base_axis(column_kind kind, const split* s) {
  if (s->n == 1) return joined_axis(kind, s->v[0]);
  for (int at = s->n - 1; at >= 0; at--) {
    const int axis = axis_of(kind, s->v[at]);
    bool all = axis >= 0, told = false;
    for (int i = 0; i < s->n && all; i++) {
      bool names = false;
      all = i == at || is_word_of(kind, s->v[i], &names);
      told = told || names;
    }
    if (all && told) return axis;
  }
  return -1;
}

static split without_base(const split* s) {
  split out = {.unit = s->unit};
  for (int i = 0; i < s->n; i++) {
    if (!is_in(s->v[i], LENGTH(of_base), of_base)) memcpy(out.v[out.n++], s->v[i], LETTERS);
  }
  return out;
}

/* names of joints with these words are of what was measured or asked for beside the motion */
static const char* const other_words[] = {
    "torque",    "tau",     "effort",   "force", "current", "acc",         "accel", "acceleration",
    "cmd",       "command", "action",   "ctrl",  "target",  "desired",     "des",   "ref",
    "reference", "control", "setpoint", "goal",  "temp",    "temperature", "error", "err",
    "limit",     "min",     "max",      "mean",  "std",     "status",      "mode",  "flag",
    "kp",        "kd",      "gain",     "power", "energy",  "contact",     "ddq",   "qacc"};
static const char* const joint_velocity_words[] = {"vel", "velocity", "dq", "qd", "dot", "qvel", "speed", "velocities"};

static column_kind kind_of(const char* name, int* axis, name_unit* unit) {
  split s;
  *axis = -1;
  *unit = UNIT_NONE;
  if (!split_name(name, &s)) return OF_NOTHING;
  *unit = s.unit;
  const split own = without_base(&s);
  for (int k = 0; k < BASE_KINDS && own.n > 0; k++) {
    *axis = base_axis((column_kind)k, &own);
    if (*axis >= 0) return (column_kind)k;
  }
  *unit = name_unit_of(name);
  column_kind kind = OF_JOINT;
  for (int i = 0; i < s.n; i++) {
    if (is_in(s.v[i], LENGTH(other_words), other_words)) return OF_NOTHING;
    if (is_in(s.v[i], LENGTH(joint_velocity_words), joint_velocity_words)) kind = OF_JOINT_VELOCITY;
  }
  return kind;
}

/* ---- the columns of a table ---- */

typedef struct named_columns {
  const recognition* r;
  int n;                       /* columns, those of one number per row */
  const source_array** column; /* [n] */
  column_kind* kind;           /* [n] */
  name_unit* unit;             /* [n] */
  int base[BASE_KINDS][AXES];  /* column of each axis, -1: none */
  const char** axis_name;      /* [axes] the joints in the order of the model */
  int *joint, *joint_velocity; /* [axes] column of each joint, -1: none */
  int rival[2];                /* the first two columns of the same meaning whose numbers differ; -1: none */
  size_t row;                  /* where they differ */
} named_columns;

static void clear(named_columns* t) {
  df_free(t->column);
  df_free(t->kind);
  df_free(t->unit);
  df_free(t->axis_name);
  df_free(t->joint);
  df_free(t->joint_velocity);
}

/* whether two columns hold other numbers; true of one that cannot be read */
static bool differ(named_columns* t, int a, int b) {
  df_array x = {0}, y = {0};
  bool other =
      source_read(t->r->files, t->column[a], &x) != DF_OK || source_read(t->r->files, t->column[b], &y) != DF_OK;
  t->row = 0;
  for (size_t i = 0; i < x.count && i < y.count && !other; i++) {
    other = x.values[i] != y.values[i];
    t->row = i;
  }
  df_array_clear(&x);
  df_array_clear(&y);
  return other;
}

/* takes column i for a place that another column may have: the first one counts */
static void take(named_columns* t, int* place, int i) {
  if (*place < 0) {
    *place = i;
  } else if (*place != i && t->rival[0] < 0 && differ(t, *place, i)) {
    t->rival[0] = *place;
    t->rival[1] = i;
  }
}

/* Finds the columns of this kind that are joints. Of those of one joint, those that have its words, in whatever order
 * and spelling, count before those that have more or fewer words, of which there may be one. */
static bool find_named(named_columns* t, column_kind kind, int* joint) {
  const int axes = t->r->model->axes;
  const size_t most = (size_t)t->n + 1;
  const char** name = df_alloc(most, sizeof *name);
  int *at = df_alloc(most, sizeof *at), *is = df_alloc(most, sizeof *is), n = 0;
  int* near = df_alloc((size_t)axes + 1, sizeof *near); /* columns that may be a joint in more or fewer words */
  name_match* how = df_alloc(most, sizeof *how);
  bool made = name && at && is && near && how;
  for (int i = 0; i < t->n && made; i++) {
    if (t->kind[i] != kind) continue;
    name[n] = t->column[i]->name;
    at[n++] = i;
  }
  made = made && (n == 0 || axes == 0 || closest_joints(n, name, axes, t->axis_name, is, how) >= 0);
  for (int i = 0; i < n && made && axes > 0; i++) {
    if (is[i] >= 0 && how[i] <= NAME_WORDS) take(t, &joint[is[i]], at[i]);
    if (is[i] >= 0 && how[i] > NAME_WORDS) near[is[i]]++;
  }
  for (int i = 0; i < n && made && axes > 0; i++) {
    if (is[i] >= 0 && joint[is[i]] < 0 && near[is[i]] == 1) joint[is[i]] = at[i];
  }
  df_free(name);
  df_free(at);
  df_free(is);
  df_free(near);
  df_free(how);
  return made;
}

static bool list_columns(named_columns* t) {
  const source* s = t->r->files;
  const size_t all = (size_t)s->n_arrays + 1, axes = (size_t)t->r->model->axes + 1;
  t->column = df_alloc(all, sizeof *t->column);
  t->kind = df_alloc(all, sizeof *t->kind);
  t->unit = df_alloc(all, sizeof *t->unit);
  t->axis_name = df_alloc(axes, sizeof *t->axis_name);
  t->joint = df_alloc(axes, sizeof *t->joint);
  t->joint_velocity = df_alloc(axes, sizeof *t->joint_velocity);
  if (!t->column || !t->kind || !t->unit || !t->axis_name || !t->joint || !t->joint_velocity) return false;
  for (int k = 0; k < BASE_KINDS; k++) {
    for (int i = 0; i < AXES; i++) t->base[k][i] = -1;
  }
  for (size_t i = 0; i < axes; i++) t->joint[i] = t->joint_velocity[i] = -1;
  for (int i = 0, k = 0; i < t->r->model->n_joints; i++) {
    const df_joint* j = &t->r->model->joints[i];
    if (j->kind == DF_JOINT_HINGE || j->kind == DF_JOINT_SLIDE) t->axis_name[k++] = j->name;
  }
  for (int i = 0; i < s->n_arrays; i++) {
    if (!s->list[i].info->numeric || s->list[i].info->rank != 1 || strpbrk(s->list[i].name, ",+*@")) continue;
    t->column[t->n++] = &s->list[i];
  }
  return true;
}

/* the columns by their names; clear() also after a failure, which is out of memory */
static bool read_names(const recognition* r, named_columns* t) {
  const bool free_base = r->model->free_joint >= 0;
  *t = (named_columns){.r = r, .rival = {-1, -1}};
  if (!list_columns(t)) return false;
  for (int i = 0; i < t->n; i++) {
    int axis;
    t->kind[i] = kind_of(t->column[i]->name, &axis, &t->unit[i]);
    /* x of a model without a free base may be a joint */
    if (t->kind[i] < BASE_KINDS && free_base) take(t, &t->base[t->kind[i]][axis], i);
    if (t->kind[i] < BASE_KINDS && !free_base) t->kind[i] = t->kind[i] < OF_LINEAR ? OF_JOINT : OF_JOINT_VELOCITY;
  }
  return find_named(t, OF_JOINT, t->joint) && find_named(t, OF_JOINT_VELOCITY, t->joint_velocity);
}

static bool has_all(const named_columns* t, column_kind kind) {
  for (int i = 0; axis_letters[kind][i]; i++) {
    if (t->base[kind][i] < 0) return false;
  }
  return true;
}

static int count(int n, const int* list) {
  int found = 0;
  for (int i = 0; i < n; i++) found += list[i] >= 0;
  return found;
}

/* a model whose only other joints are hinges and slides */
static bool is_describable(const recognition* r) {
  int free_joints = 0;
  for (int i = 0; i < r->model->n_joints; i++) free_joints += r->model->joints[i].kind == DF_JOINT_FREE;
  return r->model->balls == 0 && r->model->na == 0 && free_joints == (r->model->free_joint >= 0) &&
         strcmp(df_arrays_format(r->files->arrays), "CSV") == 0;
}

bool named_table_fits(const recognition* r) {
  named_columns t;
  if (!is_describable(r)) return false;
  const int axes = r->model->axes;
  bool fits = read_names(r, &t) && count(axes, t.joint) == axes && (axes > 0 || r->model->free_joint >= 0);
  if (r->model->free_joint >= 0) fits = fits && has_all(&t, OF_POSITION) && has_all(&t, OF_ORIENTATION);
  clear(&t);
  return fits;
}

bool named_table_is_partial(const recognition* r) {
  named_columns t;
  if (!is_describable(r) || r->model->free_joint < 0) return false;
  const int axes = r->model->axes, found = read_names(r, &t) ? count(axes, t.joint) : 0;
  clear(&t);
  return 2 * found > axes && found < axes;
}

void named_table_lacks(const recognition* r, text* out) {
  named_columns t;
  text lacks = {0};
  if (!is_describable(r)) return;
  const int axes = r->model->axes;
  const bool made = read_names(r, &t), free_base = r->model->free_joint >= 0;
  bool any = made && count(axes, t.joint) > 0;
  for (int k = OF_POSITION; k <= OF_ORIENTATION && made && free_base; k++) {
    any = any || has_all(&t, (column_kind)k);
    if (!has_all(&t, (column_kind)k)) text_add(&lacks, "%s%s", lacks.n ? ", " : "", base_text[k]);
  }
  for (int i = 0; i < axes && made; i++) {
    if (t.joint[i] < 0) text_add(&lacks, "%sjoint %s", lacks.n ? ", " : "", t.axis_name[i]);
  }
  if (any && lacks.n) text_add(out, "; by their names the columns lack %s", text_of(&lacks));
  text_clear(&lacks);
  clear(&t);
}

/* ---- settings ---- */

static df_status check_rivals(const named_columns* t) {
  if (t->rival[0] < 0) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "%s: the columns '%s' and '%s' are named alike, and differ first in row %zu: remove or rename the wrong "
      "one, or say which to read with --set data.columns=BLOCK@COLUMN+COLUMN,... (docs/recordings.md)",
      t->r->files->path[0], t->column[t->rival[0]]->name, t->column[t->rival[1]]->name, t->row);
}

/* the columns that are read, of base and joints, in any order; returns their number */
static int list_used(const named_columns* t, int* used) {
  int n = 0;
  for (int k = 0; k < BASE_KINDS; k++) {
    for (int i = 0; has_all(t, (column_kind)k) && axis_letters[k][i]; i++) used[n++] = t->base[k][i];
  }
  const int axes = t->r->model->axes;
  for (int i = 0; i < axes; i++) used[n++] = t->joint[i];
  for (int i = 0; i < axes && count(axes, t->joint_velocity) == axes; i++) used[n++] = t->joint_velocity[i];
  return n;
}

static const char* unit_text(name_unit unit) {
  static const char* const texts[] = {[UNIT_NONE] = "",    [UNIT_RADIANS] = "radians", [UNIT_DEGREES] = "degrees",
                                      [UNIT_METRES] = "m", [UNIT_CENTIMETRES] = "cm",  [UNIT_MILLIMETRES] = "mm"};
  return texts[unit];
}

/* The unit of the angles, or of the lengths, that the names state; one setting applies to all of them. */
static df_status common_unit(const named_columns* t, bool angles, int n, const int* used, name_unit* unit) {
  int first = -1;
  *unit = UNIT_NONE;
  for (int i = 0; i < n; i++) {
    const name_unit own = t->unit[used[i]];
    if (own == UNIT_NONE || (own <= UNIT_DEGREES) != angles) continue;
    if (first >= 0 && own != *unit)
      return df_fail(
          DF_E_CONFIG,
          "%s: the column '%s' is in %s, but '%s' in %s: data.%s applies to all of them; convert those of one "
          "unit in the file",
          t->r->files->path[0], t->column[first]->name, unit_text(*unit), t->column[used[i]]->name, unit_text(own),
          angles ? "angles" : "position_scale");
    first = first < 0 ? used[i] : first;
    *unit = own;
  }
  return DF_OK;
}

/* Refuses hinges without a stated unit beside one in degrees: either may be meant. The velocities of hinges without one
 * can be compared with the positions. */
static df_status check_unstated(const named_columns* t) {
  const model_study* m = t->r->model;
  const setting* given = settings_find(t->r->found, "data.angles");
  int degrees = -1, unstated = -1;
  for (int j = 0, k = 0; j < m->n_joints; j++) {
    const df_joint_kind kind = m->joints[j].kind;
    const int column = kind == DF_JOINT_HINGE || kind == DF_JOINT_SLIDE ? t->joint[k++] : -1;
    if (column < 0 || kind != DF_JOINT_HINGE) continue;
    if (t->unit[column] == UNIT_DEGREES) degrees = column;
    if (t->unit[column] == UNIT_NONE) unstated = column;
  }
  if (degrees < 0 || unstated < 0 || (given && given->given)) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "%s: the column '%s' is in degrees, but the name of '%s' states no unit: add it to the name, or, if "
                 "all angles are in degrees, set data.angles to deg",
                 t->r->files->path[0], t->column[degrees]->name, t->column[unstated]->name);
}

static df_status settle_units(recognition* r, const named_columns* t) {
  static const char WHY[] = "the names of the columns state it";
  int* used = df_alloc((size_t)t->n + 1, sizeof *used);
  name_unit angle, length;
  if (!used) return DF_E_NOMEM;
  const int n = list_used(t, used);
  df_status status = common_unit(t, true, n, used, &angle);
  if (status == DF_OK) status = common_unit(t, false, n, used, &length);
  df_free(used);
  DF_TRY(status);
  DF_TRY(check_unstated(t));
  if (angle != UNIT_NONE) settings_put_why(r->found, "data.angles", angle == UNIT_DEGREES ? "deg" : "rad", WHY);
  if (length == UNIT_MILLIMETRES || length == UNIT_CENTIMETRES)
    settings_put_why(r->found, "data.position_scale", length == UNIT_MILLIMETRES ? "0.001" : "0.01", WHY);
  return DF_OK;
}

static void add_block(const named_columns* t, const char* block, int n, const int* columns, text* out) {
  for (int i = 0; i < n; i++)
    text_add(out, "%s%s%s", i ? "+" : out->n ? "," : "", i ? "" : block, t->column[columns[i]]->name);
}

/* data.joints, or data.velocity_joints, where the names are too long for a block: "hip=FR_hip (rad),..." */
static void put_star(recognition* r, const named_columns* t, const char* key, const int* columns) {
  text value = {0};
  for (int i = 0; i < r->model->axes; i++)
    text_add(&value, "%s%s=%s", i ? "," : "", t->axis_name[i], t->column[columns[i]]->name);
  settings_put_why(r->found, key, text_of(&value), "by the names of the columns");
  text_clear(&value);
}

static void add_joints(recognition* r, const named_columns* t, const char* block, const char* key, const int* columns,
                       text* out) {
  text own = {0};
  add_block(t, block, r->model->axes, columns, &own);
  const bool fits = own.n < DF_ITEM_MAX;
  if (own.n) text_add(out, "%s%s", out->n ? "," : "", fits ? text_of(&own) : block);
  if (!fits) {
    text_add(out, "*");
    put_star(r, t, key, columns);
  }
  text_clear(&own);
}

static void put_columns(recognition* r, const named_columns* t) {
  text all = {0};
  const int axes = r->model->axes;
  for (int k = 0; k < BASE_KINDS; k++) {
    char block[24];
    int n = 0;
    while (axis_letters[k][n]) n++;
    snprintf(block, sizeof block, "%s@", base_block[k]);
    if (has_all(t, (column_kind)k)) add_block(t, block, n, t->base[k], &all);
    if (k == OF_ORIENTATION) add_joints(r, t, "joints@", "data.joints", t->joint, &all);
  }
  if (axes > 0 && count(axes, t->joint_velocity) == axes)
    add_joints(r, t, "joint_vel@", "data.velocity_joints", t->joint_velocity, &all);
  settings_put_why(r->found, "data.columns", text_of(&all), "by the names of the columns");
  text_clear(&all);
}

df_status named_table_settle(recognition* r) {
  named_columns t;
  df_status status = read_names(r, &t) ? check_rivals(&t) : DF_E_NOMEM;
  if (status == DF_OK) status = settle_units(r, &t);
  if (status == DF_OK) {
    settings_put(r->found, "data.states_key", "table");
    put_columns(r, &t);
    if (r->model->free_joint >= 0)
      settings_put_why(r->found, "data.quaternion", "wxyz", "qw, qx, qy and qz are read in this order by their names");
  }
  clear(&t);
  return status;
}
