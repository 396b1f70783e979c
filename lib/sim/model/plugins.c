#define _GNU_SOURCE
#include "plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "mujoco_error.h"

static char summary[3 * PATH_MAX];

static void load(void* path) {
  mj_loadPluginLibrary(path);
}

static int is_library(const struct dirent* entry) {
  const size_t n = strlen(entry->d_name);
  return n > 3 && strcmp(entry->d_name + n - 3, ".so") == 0;
}

/* In the order of names, not of the file system: a compiled model contains the numbers of its plugins. */
static bool load_folder(const char* folder) {
  struct dirent** found;
  const int n = scandir(folder, &found, is_library, alphasort);
  if (n < 0) return false;
  size_t used = (size_t)snprintf(summary, sizeof summary, "plugins are loaded from %s", folder);
  for (int i = 0; i < n; i++) {
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
    if (!df_mujoco_guarded(load, path) && used < sizeof summary)
      used += (size_t)snprintf(summary + used, sizeof summary - used, "; %s", df_mujoco_error_text());
    free(found[i]);
  }
  free(found);
  return true;
}

/* the folder of MuJoCo's library; false if it cannot be found */
static bool find_library(char folder[PATH_MAX]) {
  int (*const version)(void) = mj_version;
  void* address;
  Dl_info info;
  memcpy(&address, &version, sizeof address);
  if (!dladdr(address, &info) || !realpath(info.dli_fname, folder)) return false;
  char* slash = strrchr(folder, '/');
  if (slash) *slash = '\0';
  return slash != NULL;
}

/* "plugin" is that of Python's package; beside a system's library, it is a folder of other programs' plugins */
static bool may_load(const char* library, const char* place) {
  const char* slash = strrchr(library, '/');
  return strcmp(place, "plugin") != 0 || (slash && strcmp(slash, "/mujoco") == 0);
}

static void load_all(void) {
  static const char* const places[] = {"mujoco_plugin", "../bin/mujoco_plugin", "plugin"};
  char library[PATH_MAX];
  const bool found = find_library(library);
  for (size_t i = 0; found && i < sizeof places / sizeof *places; i++) {
    char folder[PATH_MAX], path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", library, places[i]);
    if (may_load(library, places[i]) && realpath(path, folder) && load_folder(folder)) return;
  }
  snprintf(summary, sizeof summary, "there is no folder mujoco_plugin beside MuJoCo's library%s%s", found ? " in " : "",
           found ? library : "");
}

void df_mujoco_load_plugins(void) {
  static once_flag once = ONCE_FLAG_INIT;
  call_once(&once, load_all);
}

const char* df_mujoco_plugins_text(void) {
  return summary;
}
