#define _GNU_SOURCE
#include "stage_model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the first or next element, before one of them is deleted */
static mjsElement* first(mjSpec* spec, mjtObj kind) {
  return mjs_firstElement(spec, kind);
}

/* ---- what a model may lack ---- */

static bool has_sky(mjSpec* spec) {
  for (mjsElement* e = first(spec, mjOBJ_TEXTURE); e; e = mjs_nextElement(spec, e)) {
    if (mjs_asTexture(e)->type == mjTEXTURE_SKYBOX) return true;
  }
  return false;
}

static mjsTexture* add_texture(mjSpec* spec, const char* name, mjtTexture type, mjtBuiltin builtin, double a,
                               double b) {
  mjsTexture* t = mjs_addTexture(spec, NULL);
  mjs_setName(t->element, name);
  t->type = type;
  t->builtin = builtin;
  t->width = t->height = 128;
  for (int k = 0; k < 3; k++) {
    t->rgb1[k] = a;
    t->rgb2[k] = b;
  }
  return t;
}

static void add_sky(mjSpec* spec) {
  if (has_sky(spec)) return;
  (void)add_texture(spec, "dynaflow_sky", mjTEXTURE_SKYBOX, mjBUILTIN_GRADIENT, 0.9, 0.97);
}

/* the material of planes without one; on one colour no motion could be seen */
static void add_checker(mjSpec* spec) {
  static const char name[] = "dynaflow_checker";
  bool made = false;
  for (mjsElement* e = first(spec, mjOBJ_GEOM); e; e = mjs_nextElement(spec, e)) {
    mjsGeom* g = mjs_asGeom(e);
    if (g->type != mjGEOM_PLANE || mjs_getString(g->material)[0]) continue;
    if (!made) {
      (void)add_texture(spec, name, mjTEXTURE_2D, mjBUILTIN_CHECKER, 1, 0.85);
      mjsMaterial* m = mjs_addMaterial(spec, NULL);
      mjs_setName(m->element, name);
      m->texuniform = 1;
      (void)mjs_setInStringVec(m->textures, mjTEXROLE_RGB, name);
      made = true;
    }
    mjs_setString(g->material, name);
  }
}

/* ---- missing meshes and textures ---- */

static bool is_drawn_only(const mjsGeom* g) {
  return g->type == mjGEOM_MESH && g->contype == 0 && g->conaffinity == 0;
}

static bool is_used(mjSpec* spec, const char* mesh) {
  for (mjsElement* e = first(spec, mjOBJ_GEOM); e; e = mjs_nextElement(spec, e)) {
    if (strcmp(mjs_getString(mjs_asGeom(e)->meshname), mesh) == 0) return true;
  }
  return false;
}

/* the name that a mesh has when it is compiled: its own, or that of its file without folder and extension */
static void mesh_name(mjsElement* mesh, char* out, size_t n) {
  const char *own = mjs_getString(mjs_getName(mesh)), *file = mjs_getString(mjs_asMesh(mesh)->file);
  const char *slash = strrchr(file, '/'), *stem = slash ? slash + 1 : file, *dot = strrchr(stem, '.');
  if (own[0])
    snprintf(out, n, "%s", own);
  else
    snprintf(out, n, "%.*s", (int)(dot ? dot - stem : (long)strlen(stem)), stem);
}

/* deletes the first geom that is only drawn, or the first mesh that no geom has; false: there is none */
static bool delete_one(mjSpec* spec) {
  for (mjsElement* e = first(spec, mjOBJ_GEOM); e; e = mjs_nextElement(spec, e)) {
    if (is_drawn_only(mjs_asGeom(e))) return mjs_delete(spec, e) == 0;
  }
  for (mjsElement* e = first(spec, mjOBJ_MESH); e; e = mjs_nextElement(spec, e)) {
    char name[PATH_MAX];
    mesh_name(e, name, sizeof name);
    if (!is_used(spec, name)) return mjs_delete(spec, e) == 0;
  }
  return false;
}

static void delete_drawn_meshes(mjSpec* spec) {
  while (delete_one(spec)) {
  }
  /* bodies that had their mass from these meshes; it is of no interest here */
  spec->compiler.boundmass = spec->compiler.boundinertia = 1e-6;
}

/* gives textures from files one grey, so that materials keep them */
static void flatten_textures(mjSpec* spec) {
  for (mjsElement* e = first(spec, mjOBJ_TEXTURE); e; e = mjs_nextElement(spec, e)) {
    mjsTexture* t = mjs_asTexture(e);
    if (!mjs_getString(t->file)[0]) continue;
    mjs_setString(t->file, "");
    t->builtin = mjBUILTIN_FLAT;
    t->width = t->height = 1;
    for (int k = 0; k < 3; k++) t->rgb1[k] = 0.5;
  }
}

/* ---- compiling ---- */

/* NULL with MuJoCo's message in error[n] */
static mjModel* compile(const char* path, bool drop, char* error, int n) {
  mjSpec* spec = mj_parseXML(path, NULL, error, n);
  if (!spec) return NULL;
  if (drop) {
    delete_drawn_meshes(spec);
    flatten_textures(spec);
  }
  add_sky(spec);
  add_checker(spec);
  mjModel* model = mj_compile(spec, NULL);
  if (!model) snprintf(error, (size_t)n, "%s", mjs_getError(spec));
  mj_deleteSpec(spec);
  return model;
}

df_status stage_model_new(const char* path, mjModel** out, bool* collision_only) {
  char real[PATH_MAX], error[1000] = "", second[1000] = "";
  *collision_only = false;
  /* MuJoCo looks for a relative path's nested includes in the wrong folder */
  *out = compile(realpath(path, real) ? real : path, false, error, (int)sizeof error);
  if (*out) return DF_OK;
  *out = compile(real, true, second, (int)sizeof second);
  *collision_only = true;
  for (char* at = error; *at; at++) {
    if (*at == '\n') *at = ' ';
  }
  return *out ? DF_OK : df_fail(DF_E_FORMAT, "%s: %s", path, error);
}
