#include "column_names.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "joint_names.h"
#include "text.h"
#include "would_fit.h"

/* the names in messages */
enum { SHOWN = 6 };

/* ---- what columns are read as ---- */

/* columns of the positions, or velocities, of hinges and slides that have a name */
typedef struct named {
  int n;
  int* column;       /* [n] of the recording */
  int* joint;        /* [n] of the model, as which it is read */
  int* is;           /* [n] the joint of this name, -1: none */
  const char** name; /* [n] */
  int all;           /* columns of joints, also without a name */
  int matched, wrong;
} named;

typedef struct comparison {
  const df_recording* recording;
  const df_config* config;
  const df_system* system;
  const df_joint* joints;
  int n_joints;
  const char** joint_name; /* [n_joints], "" for a free or a ball joint */
  bool other;              /* by the other list of names, where there is one */
  named position, velocity;
} comparison;

static bool is_single(const df_joint* joint) {
  return joint->kind == DF_JOINT_HINGE || joint->kind == DF_JOINT_SLIDE;
}

/* the hinge or slide whose position, or velocity, is x[state]; -1: none */
static int joint_at(const comparison* c, int state, bool velocity) {
  const int nq = df_mujoco_nq(c->system);
  for (int j = 0; j < c->n_joints; j++) {
    const int own = velocity ? nq + c->joints[j].dof : c->joints[j].qpos;
    if (is_single(&c->joints[j]) && state == own) return j;
  }
  return -1;
}

/* whether data.joints says that the joint of a column has this name in the recording */
static bool is_given(const comparison* c, const df_recording_column* column) {
  const char* recorded = strchr(column->name, '.');
  return c->config->data_joints.n > 0 && recorded && strcmp(recorded + 1, column->stated_name) == 0;
}

static df_status new_named(int columns, named* out) {
  const size_t n = (size_t)columns;
  out->column = df_alloc(3 * n, sizeof *out->column);
  out->name = df_alloc(n, sizeof *out->name);
  if (!out->column || !out->name) return DF_E_NOMEM;
  out->joint = out->column + n;
  out->is = out->column + 2 * n;
  return DF_OK;
}

/* lists the named columns of positions or of velocities */
static df_status list_named(const comparison* c, bool velocity, named* out) {
  const int columns = df_recording_columns(c->recording);
  DF_TRY(new_named(columns, out));
  for (int i = 0; i < columns; i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    const int j = joint_at(c, column->state, velocity);
    out->all += j >= 0;
    const char* name = c->other && column->other_name[0] ? column->other_name : column->stated_name;
    if (j < 0 || !name[0]) continue;
    out->column[out->n] = i;
    out->joint[out->n] = j;
    out->name[out->n++] = name;
  }
  return DF_OK;
}

/* ---- which joints they are ---- */

/* counts what is found, and what is read as another joint */
static void count_named(const comparison* c, named* out) {
  out->matched = out->wrong = 0;
  for (int i = 0; i < out->n; i++) {
    if (is_given(c, df_recording_column_at(c->recording, out->column[i]))) out->is[i] = out->joint[i];
    out->matched += out->is[i] >= 0;
    out->wrong += out->is[i] >= 0 && out->is[i] != out->joint[i];
  }
}

static df_status match_named(const comparison* c, named* out) {
  if (out->n == 0) return DF_OK;
  if (find_joints(out->n, out->name, c->n_joints, c->joint_name, out->is) < 0) return DF_E_NOMEM;
  count_named(c, out);
  return DF_OK;
}

/* whether what is read as these joints is the same joints, in any order */
static bool is_whole(const comparison* c, const named* list) {
  unsigned char* seen = df_alloc((size_t)c->n_joints + 1, 1);
  bool whole = seen && list->n > 0 && list->matched == list->n && list->n == list->all;
  for (int i = 0; i < list->n && whole; i++) seen[list->joint[i]] = 1;
  for (int i = 0; i < list->n && whole; i++) {
    whole = seen[list->is[i]] == 1;
    seen[list->is[i]] = 2;
  }
  df_free(seen);
  return whole;
}

/* ---- settings with which each column is what it is called ---- */

/* "joints.hip" begins with the block "joints" */
static bool is_of_block(const df_recording_column* column, const char* block, size_t n) {
  return strncmp(column->name, block, n) == 0 && column->name[n] == '.';
}

/* the joint that column i is called; -1: none, or a column without a name */
static int called(const named* list, int i) {
  for (int k = 0; k < list->n; k++) {
    if (list->column[k] == i) return list->is[k];
  }
  return -1;
}

/* the value of data.joints, or data.velocity_joints; "": no columns are of such a block */
static void list_joints(const comparison* c, const char* block, const named* list, text* out) {
  for (int i = 0; i < df_recording_columns(c->recording); i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    if (!is_of_block(column, block, strlen(block))) continue;
    const int j = called(list, i);
    text_add(out, "%s", out->n ? "," : "");
    if (j >= 0)
      text_add(out, "%s", c->joint_name[j]);
    else
      text_add(out, "=%s", column->name + strlen(block) + 1);
  }
}

/* data.joints and data.velocity_joints for blocks that follow them */
static bool put_joints(const comparison* c, remedy* out) {
  text joints = {0}, velocities = {0};
  list_joints(c, "joints", &c->position, &joints);
  const bool whole = is_whole(c, &c->velocity);
  if (whole) list_joints(c, "joint_vel", &c->velocity, &velocities);
  const bool done = joints.n > 0;
  if (done) remedy_set(out, "data.joints", "%s", text_of(&joints));
  if (done && c->config->data_legs.n) remedy_set(out, "data.legs", "%s", "");
  const bool other = velocities.n && strcmp(text_of(&velocities), text_of(&joints)) != 0;
  if (done && other) remedy_set(out, "data.velocity_joints", "%s", text_of(&velocities));
  if (done && whole && !other && c->config->data_velocity_joints.n) remedy_set(out, "data.velocity_joints", "%s", "");
  text_clear(&joints);
  text_clear(&velocities);
  return done;
}

/* the coordinate that column i is called, else the one as which it is read */
static int true_state(const comparison* c, int i) {
  const int p = called(&c->position, i), v = called(&c->velocity, i);
  if (p >= 0) return c->joints[p].qpos;
  if (v >= 0) return df_mujoco_nq(c->system) + c->joints[v].dof;
  return df_recording_column_at(c->recording, i)->state;
}

/* whether a name can be a part of data.columns */
static bool is_part(const df_recording_column* column) {
  return column->stated_name[0] && !column->stated_by[0] && !strpbrk(column->stated_name, ",+*");
}

/* A block of a column each in the order of the model, "qpos@x+z+hip"; false: a column has no name of its own. */
static bool put_block(const comparison* c, const char* item, text* out) {
  const size_t n = strcspn(item, "@");
  const int columns = df_recording_columns(c->recording);
  bool first = true, whole = true;
  for (int state = 0; state < c->system->nx; state++) {
    for (int i = 0; i < columns && whole; i++) {
      const df_recording_column* column = df_recording_column_at(c->recording, i);
      if (!is_of_block(column, item, n) || true_state(c, i) != state) continue;
      whole = is_part(column);
      if (first) text_add(out, "%.*s@", (int)n, item);
      text_add(out, "%s%s", first ? "" : "+", column->stated_name);
      first = false;
    }
  }
  return whole && !first;
}

/* data.columns with the columns of qpos, qvel and state one by one */
static bool put_columns(const comparison* c, remedy* out) {
  static const char* const kinds[] = {"qpos", "qvel", "state"};
  const df_items* items = &c->config->data_columns;
  text all = {0};
  bool done = true;
  for (int k = 0; k < items->n && done; k++) {
    bool own = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
      own = own ||
            (strcspn(items->v[k], "@") == strlen(kinds[i]) && strncmp(items->v[k], kinds[i], strlen(kinds[i])) == 0);
    text_add(&all, "%s", k ? "," : "");
    const size_t before = all.n;
    if (own) done = put_block(c, items->v[k], &all);
    if (!own) text_add(&all, "%s", items->v[k]);
    done = done && all.n - before < DF_ITEM_MAX;
  }
  if (done) remedy_set(out, "data.columns", "%s", text_of(&all));
  text_clear(&all);
  return done;
}

/* the order of names as one of joints, for fit_joints() */
static bool put_order(const comparison* c, remedy* out) {
  int* to = df_alloc((size_t)c->n_joints, sizeof *to);
  const fit_source source = {c->recording, c->config};
  if (!to) return false;
  for (int j = 0; j < c->n_joints; j++) to[j] = j;
  for (int i = 0; i < c->position.n; i++) to[c->position.joint[i]] = c->position.is[i];
  remedy fits = fit_joints(&source, c->system, to);
  const bool done = fits.n > 0;
  remedy_add(out, &fits);
  remedy_clear(&fits);
  df_free(to);
  return done;
}

static bool names_arrays(const df_config* config) {
  for (int k = 0; k < config->data_columns.n; k++) {
    if (strpbrk(config->data_columns.v[k], "*+")) return true;
  }
  return false;
}

/* The settings; what none of them says in words. */
static remedy settle_order(const comparison* c) {
  remedy out = {0};
  const bool whole = is_whole(c, &c->position) && (c->velocity.matched == 0 || is_whole(c, &c->velocity));
  if (whole && put_joints(c, &out)) return out;
  if (whole && !names_arrays(c->config) && put_order(c, &out)) return out;
  if (whole && put_columns(c, &out)) return out;
  remedy_clear(&out);
  remedy_say(&out, "name the columns one by one in data.columns, or the joints in their order in data.joints");
  return out;
}

/* ---- findings about joints ---- */

/* "a, b, c and 15 more" */
static void add_names(text* out, int n, const char* const* names) {
  const int shown = n > SHOWN + 1 ? SHOWN : n;
  for (int i = 0; i < shown; i++) text_add(out, "%s%s", i ? ", " : "", names[i]);
  if (shown < n) text_add(out, " and %d more", n - shown);
}

/* "in array 'joint_names'"; "" for a column's own name */
static void add_place(const df_recording_column* column, text* out) {
  if (column->stated_by[0]) text_add(out, " in '%s'", column->stated_by);
}

/* columns that are read as other joints than they are called */
static void add_wrong(const comparison* c, const named* list, bool contradicted, data_findings* out) {
  int i = 0;
  while (list->is[i] < 0 || list->is[i] == list->joint[i]) i++;
  const df_recording_column* column = df_recording_column_at(c->recording, list->column[i]);
  text place = {0};
  add_place(column, &place);
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.joints", list->wrong, 0, "columns");
  data_finding_judge(one, contradicted ? CHECK_WARN : CHECK_WRONG,
                     "the file calls the column '%s'%s that is read as joint %s%s: %d of %d columns are read as other "
                     "joints than their names say",
                     list->name[i], text_of(&place), c->joint_name[list->joint[i]],
                     contradicted ? ", as data.joints or data.legs says" : "", list->wrong, list->n);
  remedy fits = settle_order(c);
  data_finding_takes(one, fits);
  text_clear(&place);
}

/* names of which not one is a joint's */
static void add_unknown(const comparison* c, const named* list, data_findings* out) {
  text names = {0}, own = {0}, place = {0};
  const char** singles = df_alloc((size_t)c->n_joints, sizeof *singles);
  int n = 0;
  for (int j = 0; j < c->n_joints && singles; j++) {
    if (is_single(&c->joints[j])) singles[n++] = c->joint_name[j];
  }
  add_place(df_recording_column_at(c->recording, list->column[0]), &place);
  add_names(&names, list->n, list->name);
  add_names(&own, n, singles);
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.joints", list->n, NAN, "columns");
  data_finding_judge(one, CHECK_WARN,
                     "the columns are called %s%s, and none of these is a joint of the model (%s), so that they are "
                     "read in its order; if it is another, name the joints in the order of the columns in data.joints",
                     text_of(&names), text_of(&place), text_of(&own));
  df_free(singles);
  text_clear(&names);
  text_clear(&own);
  text_clear(&place);
}

/* whether a setting says of each column what it is */
static bool is_told(const comparison* c, const named* list) {
  if (c->config->data_joints.n || c->config->data_legs.n) return true;
  return strchr(df_recording_column_at(c->recording, list->column[0])->array, '+') != NULL;
}

static bool is_of_bodies(const comparison* c, const named* list) {
  const char* by = df_recording_column_at(c->recording, list->column[0])->stated_by;
  return strstr(by, "body") || strstr(by, "link");
}

static void judge_joints(const comparison* c, data_findings* out) {
  const named* both[] = {&c->position, &c->velocity};
  for (int k = 0; k < 2; k++) {
    const named* list = both[k];
    /* one order for both */
    if (list->n == 0 || (k == 1 && (c->position.wrong || c->position.matched == 0) && c->position.n)) continue;
    const bool told = is_told(c, list);
    if (list->wrong) {
      add_wrong(c, list, told, out);
    } else if (list->matched == 0 && list->n > 1 && !told && !names_are_numbers(list->n, list->name) &&
               !is_of_bodies(c, list)) {
      add_unknown(c, list, out);
    }
  }
}

/* ---- findings about units and quaternions ---- */

/* the unit of the names of angles, or of the positions of the free joint; UNIT_NONE: none. *mixed: several */
static name_unit common_unit(const comparison* c, bool angles, bool* mixed) {
  name_unit unit = UNIT_NONE;
  *mixed = false;
  for (int i = 0; i < df_recording_columns(c->recording); i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    const int p = joint_at(c, column->state, false), v = joint_at(c, column->state, true), j = p >= 0 ? p : v;
    const bool hinge = j >= 0 && c->joints[j].kind == DF_JOINT_HINGE;
    const bool place = strncmp(column->name, "root_pos.", 9) == 0;
    const name_unit own = (angles ? hinge : place) ? name_unit_of(column->stated_name) : UNIT_NONE;
    *mixed = *mixed || (own != UNIT_NONE && unit != UNIT_NONE && own != unit);
    if (own != UNIT_NONE) unit = own;
  }
  return unit;
}

static void judge_angles(const comparison* c, data_findings* out) {
  bool mixed;
  const name_unit unit = common_unit(c, true, &mixed);
  const char* angles = unit == UNIT_DEGREES ? "deg" : unit == UNIT_RADIANS ? "rad" : c->config->data_angles;
  if (!mixed && strcmp(angles, c->config->data_angles) == 0) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.angles", 1, 0, "settings");
  if (mixed) {
    data_finding_judge(one, CHECK_WARN,
                       "some of the names of the columns say that angles are in degrees, and some in radians: "
                       "data.angles is of all of them, so convert those of one kind in the file");
    return;
  }
  data_finding_judge(one, CHECK_WRONG, "the names of the columns say that angles are in %s", angles);
  data_finding_fits(one, "data.angles", angles);
}

/* another scale than 1 may be that of a body of another size */
static void judge_lengths(const comparison* c, data_findings* out) {
  bool mixed;
  const name_unit unit = common_unit(c, false, &mixed);
  const char* scale = unit == UNIT_MILLIMETRES ? "0.001" : unit == UNIT_CENTIMETRES ? "0.01" : NULL;
  if (!scale || mixed || c->config->data_position_scale != 1) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.position_scale", 1, 0, "settings");
  data_finding_judge(one, CHECK_WRONG, "the names of the columns say that positions are in %s",
                     unit == UNIT_MILLIMETRES ? "mm" : "cm");
  data_finding_fits(one, "data.position_scale", scale);
}

/* the axes by the ends of the names of root_quat, "xyzw"; "": not all of them are told */
static void find_axes(const comparison* c, char axes[5]) {
  unsigned seen = 0;
  memset(axes, 0, 5);
  for (int i = 0; i < df_recording_columns(c->recording); i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    if (strncmp(column->name, "root_quat.", 10) != 0) continue;
    const char *name = column->stated_name, *at = name + strlen(name);
    while (at > name && !isalnum((unsigned char)at[-1])) at--;
    const char axis = (char)(at > name ? tolower((unsigned char)at[-1]) : '\0');
    const char* which = axis ? strchr("wxyz", axis) : NULL;
    const int k = column->name[10] - '0';
    if (which && k >= 0 && k < 4) axes[k] = axis, seen |= 1U << (which - "wxyz");
  }
  if (seen != 15) axes[0] = '\0';
}

static void judge_quaternion(const comparison* c, data_findings* out) {
  const char* now = c->config->data_quaternion;
  char axes[5], value[sizeof "wxyz_inverse"];
  find_axes(c, axes);
  if (strcmp(axes, "wxyz") != 0 && strcmp(axes, "xyzw") != 0) return;
  if (strncmp(now, axes, 4) == 0) return;
  snprintf(value, sizeof value, "%s%s", axes, strlen(now) > 4 ? "_inverse" : "");
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.quaternion", 1, 0, "settings");
  data_finding_judge(one, CHECK_WRONG, "the names of the columns say that quaternions are %c, %c, %c, %c", axes[0],
                     axes[1], axes[2], axes[3]);
  data_finding_fits(one, "data.quaternion", value);
}

/* ---- actuators ---- */

/* whether a list names joints alone */
static bool is_of_joints(const char* by) {
  return strstr(by, "joint") || strstr(by, "Joint") || strstr(by, "dof");
}

/* the actuator as which column i of the actions is read */
static int actuator_read(const comparison* c, int i) {
  const df_names* names = &c->config->data_actuators;
  return names->n ? df_mujoco_actuator(c->system, names->v[i]) : i;
}

/* Sets is[] to the actuators that the names of the action columns are: by their own names, or by those of the joints
 * that they drive. Returns whether all are found. */
static bool find_actuators(const comparison* c, int nu, const char** name, int* is) {
  const char** own = df_alloc((size_t)nu, sizeof *own);
  bool all = false;
  for (int by_joint = 0; by_joint < 2 && own && !all; by_joint++) {
    for (int k = 0; k < nu; k++) {
      const df_actuator a = df_mujoco_actuator_at(c->system, k);
      own[k] = !by_joint ? a.name : a.joint >= 0 ? c->joints[a.joint].name : "";
    }
    all = find_joints(nu, name, nu, own, is) == nu;
  }
  df_free(own);
  return all;
}

/* the value of data.actuators; "" if the order is the one as read, or an actuator has no name */
static void list_actuators(const comparison* c, int nu, const int* is, text* out) {
  bool same = true, all = true;
  for (int i = 0; i < nu; i++) {
    const df_actuator a = df_mujoco_actuator_at(c->system, is[i]);
    same = same && is[i] == actuator_read(c, i);
    all = all && a.name[0];
    text_add(out, "%s%s", i ? "," : "", a.name);
  }
  if (same || !all) text_clear(out);
}

/* data.actuators by the names of the action columns; *by: the list that has them, "": their own names */
static df_status order_actuators(const comparison* c, bool of_joints, remedy* out, const char** by) {
  const int nu = c->system->nu;
  if (df_recording_action_columns(c->recording) != nu || nu < 2) return DF_OK;
  int* is = df_alloc((size_t)nu, sizeof *is);
  const char** name = df_alloc((size_t)nu, sizeof *name);
  bool stated = is && name;
  for (int i = 0; i < nu && stated; i++) {
    name[i] = df_recording_action_name(c->recording, i, by);
    stated = name[i][0] && is_of_joints(*by) == of_joints;
  }
  text value = {0};
  if (stated && find_actuators(c, nu, name, is)) list_actuators(c, nu, is, &value);
  if (value.n) remedy_set(out, "data.actuators", "%s", text_of(&value));
  text_clear(&value);
  const df_status status = is && name ? DF_OK : DF_E_NOMEM;
  df_free(is);
  df_free(name);
  return status;
}

static df_status judge_actuators(const comparison* c, data_findings* out) {
  const char* by = "";
  remedy fits = {0};
  const df_status status = order_actuators(c, false, &fits, &by);
  if (fits.n) {
    const bool told = c->config->data_actuators.n || strchr(c->config->data_actions_key, '+');
    data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.actuators", 1, 0, "settings");
    data_finding_judge(one, told ? CHECK_WARN : CHECK_WRONG,
                       "the columns of the actions are in another order than the actuators by their names%s%s%s",
                       by[0] ? " in '" : "", by, by[0] ? "'" : "");
    data_finding_takes(one, fits);
  }
  return status;
}

/* ---- all of it ---- */

static void clear_comparison(comparison* c) {
  df_free(c->position.column);
  df_free(c->position.name);
  df_free(c->velocity.column);
  df_free(c->velocity.name);
  df_free(c->joint_name);
}

/* the names of the joints, or of the bodies that they move */
static void set_joint_names(comparison* c, bool of_bodies) {
  for (int j = 0; j < c->n_joints; j++) {
    const char* name = c->joints[j].name;
    if (of_bodies) name = df_mujoco_body_name(c->system, df_mujoco_joint_body(c->system, j));
    c->joint_name[j] = is_single(&c->joints[j]) ? name : "";
  }
}

static df_status match_all(comparison* c) {
  DF_TRY(list_named(c, false, &c->position));
  DF_TRY(list_named(c, true, &c->velocity));
  set_joint_names(c, c->position.n && is_of_bodies(c, &c->position));
  df_status status = match_named(c, &c->position);
  if (status == DF_OK) status = match_named(c, &c->velocity);
  set_joint_names(c, false);
  return status;
}

static df_status begin(const df_recording* recording, const df_config* config, const df_system* system, bool other,
                       comparison* out) {
  *out = (comparison){.recording = recording, .config = config, .system = system, .other = other};
  out->n_joints = df_mujoco_joints(system, &out->joints);
  out->joint_name = df_alloc((size_t)out->n_joints, sizeof *out->joint_name);
  return out->joint_name ? match_all(out) : DF_E_NOMEM;
}

/* the first column that the lists call different joints; -1: none */
static int first_contradiction(const comparison* one, const comparison* other) {
  const named *a = &one->position, *b = &other->position;
  for (int i = 0; i < a->n && a->n == b->n; i++) {
    if (a->is[i] >= 0 && b->is[i] >= 0 && a->is[i] != b->is[i]) return i;
  }
  return -1;
}

/* Compares the two lists of names of a file, if there are two; a contradiction is a warning, unless settings say what
 * the columns are. */
static df_status judge_lists(const comparison* c, column_names* out) {
  comparison other;
  df_status status = begin(c->recording, c->config, c->system, true, &other);
  const int i = status == DF_OK ? first_contradiction(c, &other) : -1;
  if (i >= 0 && !is_told(c, &c->position)) {
    const df_recording_column* column = df_recording_column_at(c->recording, c->position.column[i]);
    out->contradict = true;
    if (c->position.wrong) out->by_list[0] = settle_order(c);
    if (other.position.wrong) out->by_list[1] = settle_order(&other);
    data_finding* one = data_findings_add(&out->found, DATA_CHECK_NAMES, "data.joints", c->position.n, NAN, "columns");
    data_finding_judge(
        one, CHECK_WARN,
        "the file calls the column that is read as joint %s '%s' in '%s' and '%s' in '%s': neither list is "
        "followed; remove the wrong one, or name the joints in the order of the columns in data.joints",
        c->joint_name[c->position.joint[i]], column->stated_name, column->stated_by, column->other_name,
        column->other_by);
  }
  clear_comparison(&other);
  return status;
}

df_status column_names_find(const df_recording* recording, const df_config* config, const df_system* system,
                            column_names* out) {
  comparison c;
  *out = (column_names){0};
  df_status status = begin(recording, config, system, false, &c);
  if (status == DF_OK) status = judge_lists(&c, out);
  if (status == DF_OK) {
    if (!out->contradict) judge_joints(&c, &out->found);
    judge_angles(&c, &out->found);
    judge_lengths(&c, &out->found);
    judge_quaternion(&c, &out->found);
    status = judge_actuators(&c, &out->found);
    out->decide = !out->contradict && is_whole(&c, &c.position) && !(c.position.wrong && is_told(&c, &c.position));
  }
  clear_comparison(&c);
  return status;
}

void column_names_clear(column_names* names) {
  data_findings_clear(&names->found);
  for (int k = 0; k < 2; k++) remedy_clear(&names->by_list[k]);
  *names = (column_names){0};
}

df_status column_names_apply(const column_names* names, df_config* config) {
  for (int i = 0; i < names->found.n; i++) {
    const data_finding* one = &names->found.list[i];
    if (one->verdict == CHECK_WRONG) DF_TRY(remedy_apply(&one->would_fit, config, "data check"));
  }
  return DF_OK;
}

remedy column_names_of_driven(const df_recording* recording, const df_config* config, const df_system* system) {
  comparison c;
  const char* by = "";
  remedy out = {0};
  if (begin(recording, config, system, false, &c) == DF_OK && order_actuators(&c, true, &out, &by) != DF_OK)
    remedy_clear(&out);
  clear_comparison(&c);
  return out;
}
