#define _GNU_SOURCE
#include "cpus.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "text.h"

enum { LINE_BYTES = 8192, PATH_BYTES = 4096 };

/* ---- the limit of one folder of a cgroup hierarchy ---- */

/* the first two words of <folder>/<name>; false if there are fewer */
static bool read_words(const char* folder, const char* name, char first[32], char second[32]) {
  char* path = format_text("%s/%s", folder, name);
  FILE* file = fopen(path, "re");
  const int n = file ? fscanf(file, "%31s %31s", first, second) : 0;
  if (file) fclose(file);
  df_free(path);
  if (n == 1) second[0] = '\0';
  return n >= 1;
}

/* the quotient of two words; infinite unless both are positive numbers, as "max" and -1 are not */
static double quotient(const char* quota, const char* period) {
  const double a = strtod(quota, NULL), b = strtod(period, NULL);
  return a > 0 && b > 0 ? a / b : INFINITY;
}

static double limit_of(const char* folder, bool v2) {
  char quota[32], period[32], unused[32];
  if (v2) return read_words(folder, "cpu.max", quota, period) ? quotient(quota, period) : INFINITY;
  const bool both =
      read_words(folder, "cpu.cfs_quota_us", quota, unused) && read_words(folder, "cpu.cfs_period_us", period, unused);
  return both ? quotient(quota, period) : INFINITY;
}

/* ---- the cgroup of this process in a hierarchy ---- */

/* whether a list a,b,c has the word */
static bool has_word(const char* list, const char* word) {
  const size_t n = strlen(word);
  for (const char* at = list; at; at = strchr(at, ','), at += at != NULL) {
    if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
  }
  return false;
}

/* the path of the process in the hierarchy of v2, or of the controller cpu of v1: lines "number:controllers:path" */
static bool find_path(const char* root, bool v2, char path[PATH_BYTES]) {
  char* name = format_text("%s/proc/self/cgroup", root);
  char line[LINE_BYTES];
  bool found = false;
  FILE* file = fopen(name, "re");
  while (file && !found && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    char* controllers = strchr(line, ':');
    char* at = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!at) continue;
    *controllers++ = *at++ = '\0';
    found = v2 ? strcmp(line, "0") == 0 && !*controllers : has_word(controllers, "cpu");
    if (found) snprintf(path, PATH_BYTES, "%s", at);
  }
  if (file) fclose(file);
  df_free(name);
  return found;
}

/* the least limit of a cgroup and those above it, up to where the hierarchy is mounted. `top` is the cgroup that is
 * mounted there: in a container, paths begin with it, or are not visible. */
static double least_limit(const char* mounted, const char* top, const char* path, bool v2) {
  const size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
  const bool visible = strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
  char* folder = format_text("%s%s", mounted, visible ? path + n : "");
  const size_t least = strlen(mounted);
  double limit = INFINITY;
  while (strlen(folder) >= least) {
    limit = fmin(limit, limit_of(folder, v2));
    char* slash = strrchr(folder, '/');
    if (!slash) break;
    *slash = '\0';
  }
  df_free(folder);
  return limit;
}

/* ---- all hierarchies ---- */

/* turns \040 and the like, as mountinfo writes blanks, into the characters */
static void unescape(char* word) {
  char* out = word;
  for (const char* at = word; *at; at++) {
    unsigned code;
    int n = 0;
    if (*at == '\\' && sscanf(at + 1, "%3o%n", &code, &n) == 1 && n == 3) {
      *out++ = (char)code;
      at += 3;
    } else {
      *out++ = *at;
    }
  }
  *out = '\0';
}

/* the limit of the hierarchy of a line of mountinfo: number parent device top folder options [fields] - type source
 * options */
static double limit_of_mount(const char* root, char* line) {
  char top[PATH_BYTES], folder[PATH_BYTES], path[PATH_BYTES], type[32], options[1024];
  const char* rest = strstr(line, " - ");
  if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", top, folder) != 2) return INFINITY;
  if (sscanf(rest, " - %31s %*s %1023s", type, options) != 2) return INFINITY;
  const bool v2 = strcmp(type, "cgroup2") == 0;
  if (!v2 && !(strcmp(type, "cgroup") == 0 && has_word(options, "cpu"))) return INFINITY;
  if (!find_path(root, v2, path)) return INFINITY;
  unescape(top);
  unescape(folder);
  char* mounted = format_text("%s%s", root, folder);
  const double limit = least_limit(mounted, top, path, v2);
  df_free(mounted);
  return limit;
}

int cpus_of_cgroups(const char* root) {
  char* name = format_text("%s/proc/self/mountinfo", root);
  char line[LINE_BYTES];
  double limit = INFINITY;
  FILE* file = fopen(name, "re");
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    limit = fmin(limit, limit_of_mount(root, line));
  }
  if (file) fclose(file);
  df_free(name);
  return limit < INT_MAX ? (int)fmax(ceil(limit), 1) : INT_MAX;
}

int cpus_available(void) {
  cpu_set_t set;
  /* 1 if there are more than a cpu_set_t holds */
  const int here = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1, admitted = cpus_of_cgroups("");
  return admitted < here ? admitted : here;
}
