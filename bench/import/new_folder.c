#define _GNU_SOURCE
#include "new_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

/* ---- the folder ---- */

static int remove_entry(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info;
  (void)kind;
  (void)place;
  return remove(path);
}

/* symbolic links are removed, not followed */
static void remove_tree(const char* path) {
  enum { OPEN_FOLDERS = 16 };
  (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* only a task is replaced: a mistyped name must not remove anything else */
static df_status check_place(const char* path, bool replace) {
  if (!df_file_exists(path)) return DF_OK;
  if (!replace) return df_fail(DF_E_CONFIG, "%s: exists already; --force replaces it", path);
  char* file = df_path_join(path, "task.yaml");
  const bool task = file && df_file_exists(file);
  df_free(file);
  return task ? DF_OK
              : df_fail(DF_E_CONFIG, "%s: exists and is no task folder, so that --force does not replace it", path);
}

/* ---- the draft ---- */

/* held by the process that makes the draft; the kernel lets go of it when the process ends, however it ends */
static const char LOCK[] = ".lock";

/* removes what is in the draft but the lock */
static void empty_draft(const char* draft) {
  DIR* folder = opendir(draft);
  const struct dirent* entry;
  while (folder && (entry = readdir(folder))) {
    const char* name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, LOCK) == 0) continue;
    char* path = df_path_join(draft, name);
    if (path) remove_tree(path);
    df_free(path);
  }
  if (folder) closedir(folder);
}

/* Refuses what is in the place of a folder of an import: through a link, files of others would be removed. */
static df_status check_own(const char* path) {
  struct stat info;
  if (lstat(path, &info) != 0 || S_ISDIR(info.st_mode)) return DF_OK;
  return df_fail(DF_E_CONFIG, "%s: is %s, where an import needs a folder of its own: remove it", path,
                 S_ISLNK(info.st_mode) ? "a symbolic link" : "no folder");
}

/* Opens the lock and takes it. *fd is -1 on failure, and if the folder was finished or discarded meanwhile: try again.
 */
static df_status try_lock(const char* draft, const char* path, int* fd) {
  struct stat mine, there;
  if (mkdir(draft, 0755) != 0 && errno != EEXIST) return df_fail(DF_E_IO, "%s: %s", draft, strerror(errno));
  DF_TRY(check_own(draft));
  char* lock = df_path_join(draft, LOCK);
  if (!lock) return DF_E_NOMEM;
  *fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool gone = *fd < 0 && errno == ENOENT;
  df_status status = *fd >= 0 || gone ? DF_OK : df_fail(DF_E_IO, "%s: %s", lock, strerror(errno));
  if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0)
    status = errno == EWOULDBLOCK ? df_fail(DF_E_CONFIG, "%s: another import is writing this task", path)
                                  : df_fail(DF_E_IO, "%s: %s", lock, strerror(errno));
  const bool held = *fd >= 0 && status == DF_OK && fstat(*fd, &mine) == 0 && lstat(lock, &there) == 0 &&
                    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
  if (*fd >= 0 && !held) close(*fd);
  if (!held) *fd = -1;
  df_free(lock);
  return status;
}

/* the folder that a task is moved to while another one takes its place */
static char* old_name(const new_folder* f) {
  return format_text("%s.old", f->draft);
}

/* A process that was ended while it replaced a task may have left the old one. */
static df_status put_back(const new_folder* f) {
  char* old = old_name(f);
  df_status status = check_own(old);
  if (status == DF_OK && df_file_exists(f->path))
    remove_tree(old);
  else if (status == DF_OK && df_file_exists(old) && rename(old, f->path) != 0)
    status = df_fail(DF_E_IO, "%s: %s", old, strerror(errno));
  df_free(old);
  return status;
}

/* `path` without slashes at its end */
static char* without_slashes(const char* path) {
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  return format_text("%.*s", (int)n, path);
}

/* ---- life cycle ---- */

df_status new_folder_begin(const char* path, bool replace, new_folder* out) {
  *out = (new_folder){.replace = replace, .lock = -1, .path = without_slashes(path)};
  char* parent = df_path_folder(out->path);
  df_status status = parent ? df_dir_make(parent) : DF_E_NOMEM;
  const char* slash = strrchr(out->path, '/');
  char* draft = status == DF_OK ? format_text("%s/.import-%s", parent, slash ? slash + 1 : out->path) : NULL;
  while (status == DF_OK && out->lock < 0) status = try_lock(draft, path, &out->lock);
  df_free(parent);
  if (out->lock < 0) {
    df_free(draft);
    return status;
  }
  out->draft = draft;
  empty_draft(draft);
  DF_TRY(put_back(out));
  DF_TRY(check_place(out->path, replace));
  return df_file_exists(out->path) ? kept_files_find(out->path, &out->kept) : DF_OK;
}

/* the lock goes last: without it another process may use the draft */
static void remove_lock(const char* folder) {
  char* lock = df_path_join(folder, LOCK);
  if (lock) (void)unlink(lock);
  df_free(lock);
}

df_status new_folder_finish(new_folder* f, text* notes, text* renamed) {
  char* old = old_name(f);
  const bool replaced = f->replace && df_file_exists(f->path);
  df_status status = DF_OK;
  if (replaced) status = kept_files_carry(&f->kept, f->path, f->draft, notes, renamed);
  if (status == DF_OK && replaced && rename(f->path, old) != 0)
    status = df_fail(DF_E_IO, "%s: %s", f->path, strerror(errno));
  if (status == DF_OK && rename(f->draft, f->path) != 0) {
    status = df_fail(DF_E_IO, "%s: %s", f->path, strerror(errno));
    if (replaced) (void)rename(old, f->path);
  } else if (status == DF_OK) {
    remove_lock(f->path);
    df_free(f->draft);
    f->draft = NULL;
    if (replaced) remove_tree(old);
  }
  df_free(old);
  return status;
}

void new_folder_discard(new_folder* f) {
  if (f->draft) {
    empty_draft(f->draft);
    remove_lock(f->draft);
    (void)rmdir(f->draft);
  }
  if (f->lock >= 0) close(f->lock);
  df_free(f->draft);
  df_free(f->path);
  kept_files_clear(&f->kept);
  *f = (new_folder){.lock = -1};
}

/* A recording may be larger than the memory: the pages of a mapping are read and dropped as they are written. */
static df_status copy_mapped(const new_folder* f, const char* from, const char* name, int fd, double* bytes) {
  struct stat info;
  if (fstat(fd, &info) != 0) return df_fail(DF_E_IO, "%s: %s", from, strerror(errno));
  const size_t n = (size_t)info.st_size;
  void* data = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
  if (data == MAP_FAILED) return df_fail(DF_E_IO, "%s: %s", from, strerror(errno));
  const df_status status = df_file_write_below(f->draft, name, data ? data : "", n);
  if (data) (void)munmap(data, n);
  *bytes += (double)n;
  return status;
}

df_status new_folder_copy(const new_folder* f, const char* from, const char* name, double* bytes) {
  DF_TRY(df_file_check(from));
  const int fd = open(from, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return df_fail(DF_E_IO, "%s: %s", from, strerror(errno));
  const df_status status = copy_mapped(f, from, name, fd, bytes);
  close(fd);
  return status;
}
