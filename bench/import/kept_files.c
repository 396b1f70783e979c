#define _GNU_SOURCE
#include "kept_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "list.h"

/* ---- the files of a folder ---- */

static void add_name(kept_files* k, const char* name) {
  k->list = list_grow(k->list, k->n, sizeof *k->list);
  k->list[k->n++] = format_text("%s", name);
}

static int by_name(const FTSENT** a, const FTSENT** b) {
  return strcmp((*a)->fts_name, (*b)->fts_name);
}

static df_status walk(FTS* tree, size_t root, kept_files* out) {
  const FTSENT* e;
  while ((e = fts_read(tree))) {
    if (e->fts_info == FTS_D || e->fts_info == FTS_DP) continue;
    if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
      return df_fail(DF_E_IO, "%s: %s", e->fts_path, strerror(e->fts_errno));
    add_name(out, e->fts_path + root + 1);
  }
  return DF_OK;
}

/* symbolic links below the folder are listed, not followed */
static df_status files_below(const char* folder, kept_files* out) {
  char* root[2] = {format_text("%s", folder), NULL};
  FTS* tree = fts_open(root, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
  const df_status status = tree ? walk(tree, strlen(folder), out) : df_fail(DF_E_IO, "%s: %s", folder, strerror(errno));
  if (tree) fts_close(tree);
  df_free(root[0]);
  return status;
}

void kept_files_clear(kept_files* k) {
  for (int i = 0; i < k->n; i++) df_free(k->list[i]);
  df_free(k->list);
  *k = (kept_files){0};
}

/* ---- the list of an import ---- */

/* "HASH  NAME\n", NULL for what is no regular file */
static char* line_of(const char* folder, const char* name) {
  char hash[DF_SHA256_TEXT];
  struct stat info;
  char* path = format_text("%s/%s", folder, name);
  const bool regular = lstat(path, &info) == 0 && S_ISREG(info.st_mode) && df_sha256_file(path, hash) == DF_OK;
  df_free(path);
  return regular ? format_text("%s  %s\n", hash, name) : NULL;
}

df_status import_list_write(const char* folder) {
  kept_files all = {0};
  text list = {0};
  df_status status = files_below(folder, &all);
  for (int i = 0; i < all.n && status == DF_OK; i++) {
    char* line = all.list[i][0] == '.' ? NULL : line_of(folder, all.list[i]); /* without the lock of a draft */
    if (line) text_add(&list, "%s", line);
    df_free(line);
  }
  if (status == DF_OK) status = df_file_write_below(folder, IMPORT_LIST, text_of(&list), list.n);
  kept_files_clear(&all);
  text_clear(&list);
  return status;
}

/* whether a text has the line */
static bool has_line(const char* all, const char* line) {
  for (const char* at = all; line && (at = strstr(at, line)); at++) {
    if (at == all || at[-1] == '\n') return true;
  }
  return false;
}

/* ---- what is kept ---- */

static df_status fail_data(const char* folder, const char* name) {
  return df_fail(DF_E_CONFIG,
                 "%s/%s: no import has written this file, or it was changed since, and the new task might read it as a "
                 "recording: move it out of %s/data, then repeat the import",
                 folder, name, folder);
}

df_status kept_files_find(const char* folder, kept_files* out) {
  kept_files all = {0};
  size_t n;
  char *path = format_text("%s/%s", folder, IMPORT_LIST), *list = NULL;
  df_status status = df_file_exists(path) ? df_file_read(path, &list, &n) : DF_OK;
  *out = (kept_files){0};
  if (status == DF_OK) status = files_below(folder, &all);
  for (int i = 0; i < all.n && status == DF_OK; i++) {
    const char* name = all.list[i];
    char* line = line_of(folder, name);
    const bool own = strcmp(name, IMPORT_LIST) == 0 || has_line(list ? list : "", line);
    if (!own && strncmp(name, "data/", 5) == 0) status = fail_data(folder, name);
    if (!own) add_name(out, name);
    df_free(line);
  }
  kept_files_clear(&all);
  df_free(path);
  df_free(list);
  return status;
}

/* whether a file of the one folder has the content of that of the other */
static bool is_same(const char* from, const char* to, const char* name) {
  char *a = line_of(from, name), *b = line_of(to, name);
  const bool same = a && b && strcmp(a, b) == 0;
  df_free(a);
  df_free(b);
  return same;
}

static bool has_file(const char* folder, const char* name) {
  char* path = format_text("%s/%s", folder, name);
  struct stat info;
  const bool has = lstat(path, &info) == 0;
  df_free(path);
  return has;
}

/* a link to from/name as to/as, whose folders are made */
static df_status link_file(const char* from, const char* name, const char* to, const char* as) {
  char *old = format_text("%s/%s", from, name), *new = format_text("%s/%s", to, as), *folder = df_path_folder(new);
  df_status status = folder ? df_dir_make(folder) : DF_E_NOMEM;
  if (status == DF_OK && linkat(AT_FDCWD, old, AT_FDCWD, new, 0) != 0)
    status = df_fail(DF_E_IO, "%s: cannot be kept: %s: move it away, then repeat the import", old, strerror(errno));
  df_free(old);
  df_free(new);
  df_free(folder);
  return status;
}

/* the first name of NAME.old, NAME.old2 ... that neither folder has */
static char* former_name(const char* from, const char* to, const char* name) {
  char* out = format_text("%s.old", name);
  for (int i = 2; has_file(from, out) || has_file(to, out); i++) {
    df_free(out);
    out = format_text("%s.old%d", name, i);
  }
  return out;
}

/* one whose name is taken */
static df_status carry_changed(const char* from, const char* to, const char* name, text* renamed) {
  char* former = former_name(from, to, name);
  const df_status status = link_file(from, name, to, former);
  if (status == DF_OK) text_add(renamed, "%s was changed since the last import: it is now %s\n", name, former);
  df_free(former);
  return status;
}

df_status kept_files_carry(const kept_files* kept, const char* from, const char* to, text* notes, text* renamed) {
  enum { NAMED = 12 };
  text names = {0};
  int n = 0, changed = 0;
  df_status status = DF_OK;
  for (int i = 0; i < kept->n && status == DF_OK; i++) {
    const char* name = kept->list[i];
    if (!has_file(to, name)) {
      status = link_file(from, name, to, name);
      if (n++ < NAMED) text_add(&names, "%s%s", names.n ? ", " : "", name);
    } else if (!is_same(from, to, name)) {
      status = carry_changed(from, to, name, renamed);
      changed++;
    }
  }
  text_add(notes, "the files of the last import are replaced%s%s%s\n",
           n         ? "; kept: "
           : changed ? ""
                     : "; there were no others",
           text_of(&names), n > NAMED ? ", ..." : "");
  text_clear(&names);
  return status;
}
