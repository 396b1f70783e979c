#include "keyframes.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "escape.h"
#include "rows.h"
#include "terminal.h"
#include "text.h"

static void add_path(text* t, const char* name, const char* path) {
  text_add(t, " %s=\"", name);
  text_add_html(t, path);
  text_add(t, "\"");
}

static void add_numbers(text* t, const char* name, int n, const double* values) {
  if (n == 0) return;
  text_add(t, " %s=\"", name);
  for (int i = 0; i < n; i++) text_add(t, "%s%.17g", i ? " " : "", values[i]);
  text_add(t, "\"");
}

/* the keyframes of a motion; returns their number */
static int add_keys(const shown* s, int motion, int every, text* t) {
  const df_system* system = s->task->system;
  const shown_motion* m = &s->list[motion];
  const int nq = df_mujoco_nq(system), nv = df_mujoco_nv(system);
  int n = 0;
  for (int i = 0; i < m->n; i += every, n++) {
    const double* x = m->x + (size_t)i * (size_t)system->nx;
    text_add(t, "    <key name=\"%d:%d\" time=\"%.17g\"", motion, i, m->start + i * system->dt);
    add_numbers(t, "qpos", nq, x);
    add_numbers(t, "qvel", nv, x + nq);
    add_numbers(t, "act", df_mujoco_na(system), x + nq + nv);
    text_add(t, "/>\n");
  }
  return n;
}

static void print_result(const show_arguments* a, int n) {
  if (a->common.json) {
    rows out = rows_new();
    rows_add_object(&out, json_pack("{s:s,s:s,s:i}", "file", a->keyframes, "kind", "keyframes", "pictures", n));
    rows_print(&out, &a->common);
    rows_free(&out);
  } else if (!a->common.quiet) {
    print_line(stdout, "%s: %d keyframes; open it in MuJoCo's `simulate` and load them with the Key slider",
               a->keyframes, n);
  }
}

df_status keyframes_write(const shown* s, const show_arguments* a) {
  char *model, *meshes, *textures;
  DF_TRY(df_mujoco_asset_folders(s->model_path, &model, &meshes, &textures));
  /* MuJoCo looks for meshes beside the including file unless the last <compiler> says where they are */
  text t = {0};
  text_add(&t, "<mujoco>\n  <include");
  add_path(&t, "file", model);
  text_add(&t, "/>\n  <compiler");
  add_path(&t, "meshdir", meshes);
  add_path(&t, "texturedir", textures);
  text_add(&t, "/>\n  <keyframe>\n");
  int n = 0;
  for (int i = 0; i < s->n; i++) n += add_keys(s, i, a->every ? a->every : 1, &t);
  text_add(&t, "  </keyframe>\n</mujoco>\n");
  const df_status status = text_write_output(&t, a->keyframes);
  if (status == DF_OK) print_result(a, n);
  text_clear(&t);
  df_free(model);
  df_free(meshes);
  df_free(textures);
  return status;
}
