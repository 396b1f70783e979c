#include "column_names.h"

#include <math.h>
#include <string.h>

#include "column_comparison.h"
#include "column_order.h"
#include "column_units.h"
#include "dynaflow/core/alloc.h"
#include "joint_names.h"
#include "text.h"

/* the names in messages */
enum { SHOWN = 6 };

/* ---- joints ---- */

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
static void add_wrong(const column_comparison* c, const named_columns* list, bool contradicted, data_findings* out) {
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
  remedy fits = column_order_settle(c);
  data_finding_takes(one, fits);
  text_clear(&place);
}

/* names of which not one is a joint's */
static void add_unknown(const column_comparison* c, const named_columns* list, data_findings* out) {
  text names = {0}, own = {0}, place = {0};
  const char** singles = df_alloc((size_t)c->n_joints, sizeof *singles);
  int n = 0;
  for (int j = 0; j < c->n_joints && singles; j++) {
    if (column_is_single(&c->joints[j])) singles[n++] = c->joint_name[j];
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

static void judge_joints(const column_comparison* c, data_findings* out) {
  const named_columns* both[] = {&c->position, &c->velocity};
  for (int k = 0; k < 2; k++) {
    const named_columns* list = both[k];
    /* one order for both */
    if (list->n == 0 || (k == 1 && (c->position.wrong || c->position.matched == 0) && c->position.n)) continue;
    const bool told = columns_are_told(c, list);
    if (list->wrong) {
      add_wrong(c, list, told, out);
    } else if (list->matched == 0 && list->n > 1 && !told && !names_are_numbers(list->n, list->name) &&
               !columns_are_bodies(c, list)) {
      add_unknown(c, list, out);
    }
  }
}

/* ---- actuators ---- */

/* whether a list names joints alone */
static bool is_of_joints(const char* by) {
  return strstr(by, "joint") || strstr(by, "Joint") || strstr(by, "dof");
}

/* the actuator as which column i of the actions is read */
static int actuator_read(const column_comparison* c, int i) {
  const df_names* names = &c->config->data_actuators;
  return names->n ? df_mujoco_actuator(c->system, names->v[i]) : i;
}

/* Sets is[] to the actuators that the names of the action columns are: by their own names, or by those of the joints
 * that they drive. Returns whether all are found. */
static bool find_actuators(const column_comparison* c, int nu, const char** name, int* is) {
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
static void list_actuators(const column_comparison* c, int nu, const int* is, text* out) {
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
static df_status order_actuators(const column_comparison* c, bool of_joints, remedy* out, const char** by) {
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

static df_status judge_actuators(const column_comparison* c, data_findings* out) {
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

/* the first column that the lists call different joints; -1: none */
static int first_contradiction(const column_comparison* one, const column_comparison* other) {
  const named_columns *a = &one->position, *b = &other->position;
  for (int i = 0; i < a->n && a->n == b->n; i++) {
    if (a->is[i] >= 0 && b->is[i] >= 0 && a->is[i] != b->is[i]) return i;
  }
  return -1;
}

/* Compares the two lists of names of a file, if there are two; a contradiction is a warning, unless settings say what
 * the columns are. */
static df_status judge_lists(const column_comparison* c, column_names* out) {
  column_comparison other;
  df_status status = column_comparison_of(c->recording, c->config, c->system, true, &other);
  const int i = status == DF_OK ? first_contradiction(c, &other) : -1;
  if (i >= 0 && !columns_are_told(c, &c->position)) {
    const df_recording_column* column = df_recording_column_at(c->recording, c->position.column[i]);
    out->contradict = true;
    if (c->position.wrong) out->by_list[0] = column_order_settle(c);
    if (other.position.wrong) out->by_list[1] = column_order_settle(&other);
    data_finding* one = data_findings_add(&out->found, DATA_CHECK_NAMES, "data.joints", c->position.n, NAN, "columns");
    data_finding_judge(
        one, CHECK_WARN,
        "the file calls the column that is read as joint %s '%s' in '%s' and '%s' in '%s': neither list is "
        "followed; remove the wrong one, or name the joints in the order of the columns in data.joints",
        c->joint_name[c->position.joint[i]], column->stated_name, column->stated_by, column->other_name,
        column->other_by);
  }
  column_comparison_clear(&other);
  return status;
}

df_status column_names_find(const df_recording* recording, const df_config* config, const df_system* system,
                            column_names* out) {
  column_comparison c;
  *out = (column_names){0};
  df_status status = column_comparison_of(recording, config, system, false, &c);
  if (status == DF_OK) status = judge_lists(&c, out);
  if (status == DF_OK) {
    if (!out->contradict) judge_joints(&c, &out->found);
    column_units_judge(&c, &out->found);
    status = judge_actuators(&c, &out->found);
    out->decide = !out->contradict && columns_are_whole(&c, &c.position) &&
                  !(c.position.wrong && columns_are_told(&c, &c.position));
  }
  column_comparison_clear(&c);
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
  column_comparison c;
  const char* by = "";
  remedy out = {0};
  if (column_comparison_of(recording, config, system, false, &c) == DF_OK &&
      order_actuators(&c, true, &out, &by) != DF_OK)
    remedy_clear(&out);
  column_comparison_clear(&c);
  return out;
}
