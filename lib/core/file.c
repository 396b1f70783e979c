#define _POSIX_C_SOURCE 200809L
#include "dynaflow/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"

static df_status fail_io(const char* path) {
  return df_fail(errno == ENOENT ? DF_E_MISSING : DF_E_IO, "%s: %s", path, strerror(errno));
}

static bool write_all(int fd, const char* data, size_t n) {
  while (n > 0) {
    const ssize_t k = write(fd, data, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    data += k;
    n -= (size_t)k;
  }
  return true;
}

/* a rename survives a crash only after the folder that contains the name is synced */
static void sync_folder(const char* path) {
  char* folder = df_path_folder(path);
  const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY) : -1;
  if (fd >= 0) {
    (void)fsync(fd);
    close(fd);
  }
  df_free(folder);
}

df_status df_file_write(const char* path, const void* data, size_t n) {
  char part[4096];
  if ((size_t)snprintf(part, sizeof part, "%s.part.%ld", path, (long)getpid()) >= sizeof part) {
    return df_fail(DF_E_ARG, "%s: path too long", path);
  }

  /* write and sync a temporary file; `reason` keeps errno of the write over the close */
  const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return fail_io(path);
  const bool written = write_all(fd, data, n) && fsync(fd) == 0;
  const int reason = errno;
  const bool closed = close(fd) == 0;
  if (!written || !closed) {
    if (!written) errno = reason;
    const df_status status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
    unlink(part);
    return status;
  }

  /* replace the old file */
  if (rename(part, path) != 0) {
    const df_status status = fail_io(path);
    unlink(part);
    return status;
  }
  sync_folder(path);
  return DF_OK;
}

df_status df_file_read(const char* path, char** data, size_t* n) {
  *data = NULL;
  *n = 0;
  FILE* file = fopen(path, "rb");
  if (!file) return fail_io(path);
  struct stat info;
  if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
    fclose(file);
    return df_fail(DF_E_IO, "%s: not a regular file", path);
  }

  /* read the whole file */
  const size_t size = (size_t)info.st_size;
  char* content = df_alloc(size + 1, 1);
  if (!content) {
    fclose(file);
    return DF_E_NOMEM;
  }
  if (fread(content, 1, size, file) != size) {
    fclose(file);
    df_free(content);
    return df_fail(DF_E_IO, "%s: read fewer bytes than the file size", path);
  }
  fclose(file);
  *data = content;
  *n = size;
  return DF_OK;
}

df_status df_dir_make(const char* path) {
  char part[4096];
  DF_REQUIRE(path[0], "the path of a folder is empty");
  if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part) {
    return df_fail(DF_E_ARG, "%s: path too long", path);
  }

  /* create each prefix of the path that ends at a slash, then the path itself */
  for (char* p = part + 1;; p++) {
    if (*p != '/' && *p != '\0') continue;
    const char kept = *p;
    *p = '\0';
    if (mkdir(part, 0755) != 0 && errno != EEXIST) return fail_io(part);
    *p = kept;
    if (kept == '\0') break;
  }
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return df_fail(DF_E_IO, "%s: not a folder", path);
  return DF_OK;
}

bool df_file_exists(const char* path) {
  struct stat info;
  return stat(path, &info) == 0;
}

char* df_path_join(const char* folder, const char* name) {
  if (!folder || folder[0] == '\0' || name[0] == '/') return df_strdup(name);
  const size_t n = strlen(folder) + strlen(name) + 2;
  char* path = df_alloc(n, 1);
  if (path) snprintf(path, n, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
  return path;
}

char* df_path_folder(const char* path) {
  const char* slash = strrchr(path, '/');
  if (!slash) return df_strdup(".");
  if (slash == path) return df_strdup("/");
  const size_t n = (size_t)(slash - path);
  char* folder = df_alloc(n + 1, 1);
  if (folder) memcpy(folder, path, n);
  return folder;
}
