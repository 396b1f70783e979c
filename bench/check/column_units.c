#include "column_units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "joint_names.h"

/* the unit of the names of angles, or of the positions of the free joint; UNIT_NONE: none. *mixed: several */
static name_unit common_unit(const column_comparison* c, bool angles, bool* mixed) {
  name_unit unit = UNIT_NONE;
  *mixed = false;
  for (int i = 0; i < df_recording_columns(c->recording); i++) {
    const df_recording_column* column = df_recording_column_at(c->recording, i);
    const int p = column_joint(c, column->state, false), v = column_joint(c, column->state, true), j = p >= 0 ? p : v;
    const bool hinge = j >= 0 && c->joints[j].kind == DF_JOINT_HINGE;
    const bool place = strncmp(column->name, "root_pos.", 9) == 0;
    const name_unit own = (angles ? hinge : place) ? name_unit_of(column->stated_name) : UNIT_NONE;
    *mixed = *mixed || (own != UNIT_NONE && unit != UNIT_NONE && own != unit);
    if (own != UNIT_NONE) unit = own;
  }
  return unit;
}

static void judge_angles(const column_comparison* c, data_findings* out) {
  bool mixed;
  const name_unit unit = common_unit(c, true, &mixed);
  const char* angles = unit == UNIT_DEGREES ? "deg" : unit == UNIT_RADIANS ? "rad" : c->config->data_angles;
  if (!mixed && strcmp(angles, c->config->data_angles) == 0) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_NAMES, "data.angles", 1, 0, "settings");
  if (mixed) {
    data_finding_judge(one, CHECK_WARN,
                       "some of the names of the columns say that angles are in degrees, and some in radians: "
                       "data.angles applies to all of them, so convert those in the other unit in the file");
    return;
  }
  data_finding_judge(one, CHECK_WRONG, "the names of the columns say that angles are in %s", angles);
  data_finding_fits(one, "data.angles", angles);
}

/* another scale than 1 may be that of a body of another size */
static void judge_lengths(const column_comparison* c, data_findings* out) {
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
static void find_axes(const column_comparison* c, char axes[5]) {
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

static void judge_quaternion(const column_comparison* c, data_findings* out) {
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

void column_units_judge(const column_comparison* c, data_findings* out) {
  judge_angles(c, out);
  judge_lengths(c, out);
  judge_quaternion(c, out);
}
