#define _GNU_SOURCE
#include "lookup.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "list.h"
#include "suggestion.h"
#include "text.h"

static bool is_task(const char* folder) {
  char* file = df_path_join(folder, "task.yaml");
  const bool found = file && df_file_exists(file);
  df_free(file);
  return found;
}

char* program_folder(void) {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0) return NULL;
  path[n] = '\0';
  return df_path_folder(path);
}

/* every folder that task_roots() looks for, also if it does not exist */
static int task_places(const options* opts, char* places[3]) {
  char* program = opts->tasks ? NULL : program_folder();
  int n = 0;
  places[n++] = df_strdup(opts->tasks ? opts->tasks : "tasks");
  if (program) places[n++] = df_path_join(program, "../tasks");
  if (program) places[n++] = df_path_join(program, "../share/dynaflow/tasks");
  df_free(program);
  return n;
}

int task_roots(const options* opts, char* roots[3]) {
  int n = 0;
  const int places = task_places(opts, roots);
  for (int i = 0; i < places; i++) {
    if (roots[i] && (opts->tasks || df_file_exists(roots[i]))) {
      roots[n++] = roots[i];
    } else {
      df_free(roots[i]);
    }
  }
  return n;
}

df_status check_tasks_option(const options* opts) {
  struct stat info;
  if (!opts->tasks || (stat(opts->tasks, &info) == 0 && S_ISDIR(info.st_mode))) return DF_OK;
  return df_fail(DF_E_CONFIG, "--tasks %s: no such folder", opts->tasks);
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static bool contains(char* const* names, int n, const char* name) {
  for (int i = 0; i < n; i++) {
    if (strcmp(names[i], name) == 0) return true;
  }
  return false;
}

static int add_tasks_of(const char* root, int n, char*** names) {
  DIR* dir = opendir(root);
  if (!dir) return n;
  for (struct dirent* entry = readdir(dir); entry; entry = readdir(dir)) {
    if (entry->d_name[0] == '.' || contains(*names, n, entry->d_name)) continue;
    char* folder = df_path_join(root, entry->d_name);
    char* name = folder && is_task(folder) ? df_strdup(entry->d_name) : NULL;
    df_free(folder);
    if (!name) continue;
    *names = list_grow(*names, n, sizeof **names);
    (*names)[n++] = name;
  }
  closedir(dir);
  return n;
}

int task_names(const options* opts, char*** names) {
  char* roots[3];
  const int n_roots = task_roots(opts, roots);
  int n = 0;
  *names = NULL;
  for (int i = 0; i < n_roots; i++) {
    n = add_tasks_of(roots[i], n, names);
    df_free(roots[i]);
  }
  if (n) qsort(*names, (size_t)n, sizeof **names, by_name);
  return n;
}

void task_names_free(int n, char** names) {
  for (int i = 0; i < n; i++) df_free(names[i]);
  df_free(names);
}

static df_status fail_unknown_task(const options* opts, const char* name) {
  char** names;
  char hint[96];
  const int n = task_names(opts, &names);
  text list = {0};
  for (int i = 0; i < n; i++) text_add(&list, "%s%s", i ? ", " : "", names[i]);
  text places = {0};
  char *searched[3], *shown[3];
  const int n_places = task_places(opts, searched);
  for (int i = 0; i < n_places; i++) {
    bool again = false;
    shown[i] = searched[i] ? realpath(searched[i], NULL) : NULL;
    for (int k = 0; k < i; k++) {
      const char *a = shown[k] ? shown[k] : searched[k], *b = shown[i] ? shown[i] : searched[i];
      again = again || (a && b && strcmp(a, b) == 0);
    }
    if (searched[i] && !again) {
      text_add(&places, "%s%s%s", places.n ? ", " : "", shown[i] ? shown[i] : searched[i],
               shown[i] ? "" : " (there is no such folder)");
    }
  }
  for (int i = 0; i < n_places; i++) {
    free(shown[i]);
    df_free(searched[i]);
  }
  const df_status status =
      df_fail(DF_E_CONFIG,
              "unknown task '%s'%s in %s; --tasks names another folder of tasks, or give the path of a task folder "
              "(available: %s)",
              name, suggestion(name, n, (const char* const*)names, hint, sizeof hint), text_of(&places),
              n ? text_of(&list) : "none");
  text_clear(&list);
  text_clear(&places);
  task_names_free(n, names);
  return status;
}

df_status task_folder(const options* opts, const char* name, char** folder) {
  *folder = NULL;
  if (name[0] == '\0') return df_fail(DF_E_CONFIG, "the task name is empty; give a name or the path of a task folder");
  DF_TRY(check_tasks_option(opts));
  char* roots[3];
  const int n = task_roots(opts, roots);
  for (int i = 0; i < n; i++) {
    char* path = *folder || strchr(name, '/') ? NULL : df_path_join(roots[i], name);
    if (path && is_task(path)) {
      *folder = path;
    } else {
      df_free(path);
    }
    df_free(roots[i]);
  }
  if (*folder) return DF_OK;
  if (is_task(name)) {
    *folder = df_strdup(name);
    return *folder ? DF_OK : DF_E_NOMEM;
  }
  return fail_unknown_task(opts, name);
}

void search_clear(df_search* search) {
  /* search_add() allocated the strings */
  for (int i = 0; i < search->n; i++) df_free((void*)(uintptr_t)search->folder[i]);
  *search = (df_search){0};
}

static void search_add(df_search* search, char* folder) {
  const int most = (int)(sizeof search->folder / sizeof search->folder[0]);
  if (folder && search->n < most) {
    search->folder[search->n++] = folder;
  } else {
    df_free(folder);
  }
}

char* user_data_folder(const char* folder) {
  const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  char* whole = realpath(folder, NULL);
  char* name = whole ? file_name_of(strrchr(whole, '/') + 1) : NULL;
  char* out = NULL;
  /* a relative XDG_DATA_HOME is to be ignored, says its specification */
  if (name && xdg && xdg[0] == '/') {
    out = format_text("%s/dynaflow/%s", xdg, name);
  } else if (name && home && home[0] == '/') {
    out = format_text("%s/.local/share/dynaflow/%s", home, name);
  }
  df_free(name);
  free(whole);
  return out;
}

void data_search(const options* opts, const char* folder, df_search* search) {
  *search = (df_search){0};
  for (int i = 0; i < opts->n_data; i++) search_add(search, df_strdup(opts->data[i]));
  if (folder) search_add(search, df_strdup(folder));
  if (folder) search_add(search, df_path_join(folder, "data"));
  const char* shared = getenv("DYNAFLOW_DATA");
  if (shared && shared[0]) search_add(search, df_strdup(shared));
  char* user = folder ? user_data_folder(folder) : NULL;
  if (user) search_add(search, user);
}

df_status resolve_task(const char* name, const char* profile, const char* method, const options* opts,
                       df_config* config, df_search* search) {
  *search = (df_search){0};
  char* folder = NULL;
  DF_TRY(task_folder(opts, name, &folder));
  data_search(opts, folder, search);
  char* file = df_path_join(folder, "task.yaml");
  df_free(folder);
  if (!file) return DF_E_NOMEM;
  const df_status status =
      df_config_load(file, profile ? profile : opts->profile, method, opts->n_set, opts->set, config);
  df_free(file);
  return status;
}
