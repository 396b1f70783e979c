#include "check_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "joints.h"
#include "list.h"
#include "text.h"

bool check_explains(double as_is, double other) {
  if (as_is > CHECK_ERROR_EXACT && other < CHECK_EXACT * as_is) return true;
  return as_is > CHECK_ERROR_FREE && other < CHECK_EXPLAINS * as_is && other < CHECK_EXPLAINS;
}

char* check_base_words(const df_system* system, const df_names* objects) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  if (df_robot_base(system, objects).joint >= 0) return format_text("the base");
  for (int j = 0; j < n; j++) {
    if (joints[j].kind == DF_JOINT_FREE) return format_text("object %.60s", joints[j].name[0] ? joints[j].name : "1");
  }
  return format_text("the base");
}

void check_dof_name(const trace* m, int dof, char name[80]) {
  static const char* const axes[] = {" x", " y", " z", " rotation x", " rotation y", " rotation z"};
  for (int j = 0; j < m->njoint; j++) {
    const df_joint* joint = &m->joints[j];
    const int dofs = joint_dofs(joint->kind);
    if (dof < joint->dof || dof >= joint->dof + dofs) continue;
    char number[24];
    snprintf(number, sizeof number, "joint %d", j);
    const char* axis = dofs == 1 ? "" : axes[dof - joint->dof + (dofs == 3 ? 3 : 0)];
    snprintf(name, 80, "%.56s%s", joint->name[0] ? joint->name : number, axis);
    return;
  }
  snprintf(name, 80, "dof %d", dof);
}

void check_body_name(const df_system* system, int body, char name[64]) {
  const char* own = df_mujoco_body_name(system, body);
  if (own[0])
    snprintf(name, 64, "%.60s", own);
  else
    snprintf(name, 64, "body %d", body);
}

void check_geom_name(const df_system* system, int geom, char name[64]) {
  const char* own = df_mujoco_geom_name(system, geom);
  const int body = df_mujoco_geom_body(system, geom);
  if (own[0])
    snprintf(name, 64, "%.60s", own);
  else if (body)
    check_body_name(system, body, name);
  else
    snprintf(name, 64, "a geom of the world");
}

enum { FILES_NAMED = 4 };

/* "clip03.npz, clip07.npz and 3 more": the files of the episodes, if there are several */
static char* files_of(const df_recording* recording, int n, const bool* chosen) {
  text list = {0};
  int last = -1, files = 0;
  for (int e = 0; e < n && df_recording_files(recording) > 1; e++) {
    const int file = df_recording_episode_file(recording, e);
    if (!chosen[e] || file == last) continue;
    const char *path = df_recording_file(recording, file), *slash = strrchr(path, '/');
    if (files++ < FILES_NAMED) text_add(&list, "%s%s", list.n ? ", " : "", slash ? slash + 1 : path);
    last = file;
  }
  if (files > FILES_NAMED) text_add(&list, " and %d more", files - FILES_NAMED);
  char* out = format_text("%s", text_of(&list));
  text_clear(&list);
  return out;
}

char* check_named_episodes(const fit_source* source, int n, const bool* chosen, int of) {
  char* list = fit_episodes(n, chosen);
  char* files = source->recording ? files_of(source->recording, n, chosen) : format_text("%s", "");
  int count = 0;
  for (int e = 0; e < n; e++) count += chosen[e];
  text more = {0};
  if (of) text_add(&more, "%d of %d", count, of);
  if (files[0]) text_add(&more, "%s%s", of ? "; " : "", files);
  char* out = more.n ? format_text("episode%s %s (%s)", count == 1 ? "" : "s", list, text_of(&more))
                     : format_text("episode%s %s", count == 1 ? "" : "s", list);
  text_clear(&more);
  df_free(list);
  df_free(files);
  return out;
}

char* check_one_episode(const fit_source* source, int n, int episode) {
  bool* chosen = NULL;
  for (int e = 0; e < n; e++) {
    chosen = list_grow(chosen, e, sizeof *chosen);
    chosen[e] = e == episode;
  }
  char* out = check_named_episodes(source, n, chosen, 0);
  df_free(chosen);
  return out;
}

double check_power_of_ten(double factor, double about, int most) {
  const double k = factor > 0 ? round(log10(factor)) : 0, power = pow(10, k);
  const bool near = factor < about * power && factor > power / about;
  return k >= 1 && k <= most && near ? power : 0;
}
