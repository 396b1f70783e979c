#define _GNU_SOURCE
#include "dynaflow/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "file_parts.h"
#include "open_regular.h"

enum { PATH_SIZE = 4096 };

static df_status fail_io(const char* path) {
  return df_fail(errno == ENOENT ? DF_E_MISSING : DF_E_IO, "%s: %s", path, strerror(errno));
}

static df_status check_regular(const char* path, const struct stat* info) {
  if (S_ISREG(info->st_mode)) return DF_OK;
  return df_fail(DF_E_IO, "%s: %s", path,
                 S_ISDIR(info->st_mode)   ? "Is a directory"
                 : S_ISBLK(info->st_mode) ? "a block device, not a regular file"
                                          : "not a regular file");
}

/* ---- writing ---- */

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
static void sync_folder(int folder) {
  const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  close(fd);
}

/* Creates a temporary file beside `name`; `part` receives its name. The file is always a new one: O_EXCL opens nothing
 * that exists and follows no symbolic link. *number: for df_part_done(). Returns -1 and errno on failure. */
static int make_part(int folder, const char* name, size_t size, char* part, int* number) {
  enum { TRIES = 1000 };
  for (int i = 0; i < TRIES; i++) {
    if ((size_t)snprintf(part, size, "%s.part.%ld.%d", name, (long)getpid(), i) >= size) {
      errno = ENAMETOOLONG;
      return -1;
    }
    *number = df_part_begin(folder, part);
    const int fd = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0) return fd;
    const int reason = errno;
    df_part_done(*number);
    errno = reason;
    if (reason != EEXIST) return fd;
  }
  return -1;
}

/* writes and syncs the open temporary file, and gives it its name; `reason` keeps errno of the write over the close */
static df_status write_part(int folder, int fd, const char* part, const char* name, const char* path, const void* data,
                            size_t n) {
  const bool written = write_all(fd, data, n) && fsync(fd) == 0;
  const int reason = errno;
  const bool closed = close(fd) == 0;
  if (!written || !closed) {
    if (!written) errno = reason;
    const df_status status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
    unlinkat(folder, part, 0);
    return status;
  }

  /* replace the old file, or a symbolic link of that name, which is not followed */
  if (renameat(folder, part, folder, name) != 0) {
    const df_status status = fail_io(path);
    unlinkat(folder, part, 0);
    return status;
  }
  sync_folder(folder);
  return DF_OK;
}

/* writes a file into an open folder; `path` names it in errors */
static df_status write_at(int folder, const char* name, const char* path, const void* data, size_t n) {
  /* a rename would replace a device or a pipe */
  struct stat info;
  if (fstatat(folder, name, &info, 0) == 0) DF_TRY(check_regular(path, &info));
  char part[DF_PART_NAME];
  int number;
  const int fd = make_part(folder, name, sizeof part, part, &number);
  if (fd < 0) return fail_io(path);
  const df_status status = write_part(folder, fd, part, name, path, data, n);
  df_part_done(number);
  return status;
}

/* Replaces `target` (a buffer of `size` bytes with a path) by the path that its symbolic links lead to, which need not
 * exist; `path` names it in errors. */
static df_status follow_links(const char* path, char* target, size_t size) {
  enum { MOST_LINKS = 40 };
  char link[PATH_SIZE];
  for (int i = 0; i < MOST_LINKS; i++) {
    const ssize_t n = readlink(target, link, sizeof link - 1);
    if (n < 0) return DF_OK;
    link[n] = '\0';
    const char* slash = strrchr(target, '/');
    const size_t head = link[0] == '/' || !slash ? 0 : (size_t)(slash - target) + 1;
    if ((size_t)snprintf(target + head, size - head, "%s", link) >= size - head) {
      return df_fail(DF_E_ARG, "%s: the path that this symbolic link leads to is too long", path);
    }
  }
  errno = ELOOP;
  return fail_io(path);
}

/* writes to a pipe or a character device, which stays what it is; opening a pipe without a reader does not wait */
static df_status write_stream(const char* path, const void* data, size_t n) {
  const int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 && errno == ENXIO) return df_fail(DF_E_IO, "%s: no program reads from this pipe", path);
  if (fd < 0) return fail_io(path);
  const bool written = fcntl(fd, F_SETFL, 0) == 0 && write_all(fd, data, n);
  const df_status status = written ? DF_OK : df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  close(fd);
  return status;
}

/* the descriptor of this program's output that a link like /dev/stdout leads to if it is a regular file, else -1 */
static int own_output(const char* path, const struct stat* info) {
  struct stat link, out;
  if (lstat(path, &link) != 0 || !S_ISLNK(link.st_mode)) return -1;
  for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fstat(fd, &out) == 0 && out.st_dev == info->st_dev && out.st_ino == info->st_ino) return fd;
  }
  return -1;
}

/* replaces or makes the file `target`; errors name `path` */
static df_status write_target(const char* target, const char* path, const void* data, size_t n) {
  char folder[PATH_SIZE];
  memcpy(folder, target, PATH_SIZE);
  char* slash = strrchr(folder, '/');
  if (slash) slash[1] = '\0';
  const int fd = open(slash ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_io(path);
  const df_status status = write_at(fd, slash ? target + (slash - folder) + 1 : target, path, data, n);
  close(fd);
  return status;
}

df_status df_file_write(const char* path, const void* data, size_t n) {
  char target[PATH_SIZE];
  if ((size_t)snprintf(target, sizeof target, "%s", path) >= sizeof target) {
    return df_fail(DF_E_ARG, "%s: path too long", path);
  }

  /* what is no regular file is written to, not replaced */
  struct stat info;
  if (stat(path, &info) == 0) {
    if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) return write_stream(path, data, n);
    DF_TRY(check_regular(path, &info));
    const int fd = own_output(path, &info);
    if (fd >= 0) return write_all(fd, data, n) ? DF_OK : fail_io(path);
  }

  /* replace the file that links lead to, beside which the temporary file is made */
  DF_TRY(follow_links(path, target, sizeof target));
  return write_target(target, path, data, n);
}

df_status df_file_replace(const char* path, const void* data, size_t n) {
  char target[PATH_SIZE];
  if ((size_t)snprintf(target, sizeof target, "%s", path) >= sizeof target) {
    return df_fail(DF_E_ARG, "%s: path too long", path);
  }
  return write_target(target, path, data, n);
}

bool df_path_is_inside(const char* name) {
  for (const char* at = name;; at++) {
    const size_t n = strcspn(at, "/");
    if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.')) return false;
    at += n;
    if (*at == '\0') return true;
  }
}

/* opens the folder of `name` below the open folder `fd`, which it closes, and makes what is missing; -1 and errno */
static int open_below(int fd, const char* name, const char** last) {
  char part[256];
  for (const char* slash; fd >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
    const int n = snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
    int below = -1;
    if ((size_t)n >= sizeof part) {
      errno = ENAMETOOLONG;
    } else if (mkdirat(fd, part, 0755) == 0 || errno == EEXIST) {
      below = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    const int reason = errno;
    close(fd);
    errno = reason;
    fd = below;
  }
  *last = name;
  return fd;
}

df_status df_file_write_below(const char* folder, const char* name, const void* data, size_t n) {
  if (!df_path_is_inside(name)) {
    return df_fail(DF_E_ARG, "'%s': expected a relative path without '.' and '..': files are written below %s only",
                   name, folder);
  }
  DF_TRY(df_dir_make(folder));
  char* path = df_path_join(folder, name);
  if (!path) return DF_E_NOMEM;
  const char* last;
  const int top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int fd = open_below(top, name, &last);
  df_status status;
  if (fd >= 0) {
    status = write_at(fd, last, path, data, n);
    close(fd);
  } else if (errno == ENOTDIR || errno == ELOOP) {
    status = df_fail(DF_E_IO, "%s: a part of this path is not a folder; symbolic links below %s are not followed", path,
                     folder);
  } else {
    status = fail_io(path);
  }
  df_free(path);
  return status;
}

/* ---- reading ---- */

df_status df_file_open_regular(const char* path, FILE** out) {
  *out = NULL;
  /* without O_NONBLOCK, opening a pipe would wait for its writer */
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fail_io(path);
  struct stat info;
  df_status status = fstat(fd, &info) == 0 ? check_regular(path, &info) : fail_io(path);
  if (status == DF_OK) *out = fdopen(fd, "rb");
  if (status == DF_OK && !*out) status = fail_io(path);
  if (status != DF_OK) close(fd);
  return status;
}

df_status df_file_check(const char* path) {
  struct stat info;
  if (stat(path, &info) != 0) return fail_io(path);
  return check_regular(path, &info);
}

df_status df_file_read(const char* path, char** data, size_t* n) {
  DF_REQUIRE_OUT(data);
  DF_REQUIRE_POINTER(n);
  *n = 0;
  DF_REQUIRE_POINTER(path);
  FILE* file;
  struct stat info;
  DF_TRY(df_file_open_regular(path, &file));
  const size_t size = fstat(fileno(file), &info) == 0 ? (size_t)info.st_size : 0;

  /* read the whole file */
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

df_status df_file_read_beginning(const char* path, char* bytes, size_t most, size_t* n, size_t* size) {
  DF_REQUIRE_POINTER(n);
  DF_REQUIRE_POINTER(size);
  *n = *size = 0;
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(bytes);
  FILE* file;
  struct stat info;
  DF_TRY(df_file_open_regular(path, &file));
  *n = fread(bytes, 1, most, file);
  const bool failed = ferror(file) || fstat(fileno(file), &info) != 0;
  if (!failed) *size = (size_t)info.st_size;
  fclose(file);
  return failed ? fail_io(path) : DF_OK;
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

/* ---- patterns ---- */

/* the pattern with its leading folders that exist escaped, or the whole path if it exists; NULL without memory */
static char* literal_pattern(const char* pattern) {
  const size_t n = strlen(pattern);
  char *out = df_alloc(2 * n + 1, 1), *folder = df_strdup(pattern);
  size_t kept = df_file_exists(pattern) ? n : 0, used = 0;
  /* the longest part before a slash that exists */
  for (size_t at = n; folder && at > 0 && kept == 0; at--) {
    if (pattern[at - 1] != '/') continue;
    folder[at - 1] = '\0';
    if (df_file_exists(folder)) kept = at - 1;
  }
  for (size_t i = 0; out && i < n; i++) {
    if (i < kept && strchr("*?[{},\\", pattern[i])) out[used++] = '\\';
    out[used++] = pattern[i];
  }
  if (!folder) {
    df_free(out);
    out = NULL;
  }
  df_free(folder);
  return out;
}

/* copies to memory of df_alloc() */
static df_status copy_paths(const glob_t* found, char*** paths, size_t* n) {
  *paths = df_alloc(found->gl_pathc, sizeof **paths);
  if (!*paths) return DF_E_NOMEM;
  for (; *n < found->gl_pathc; ++*n) {
    (*paths)[*n] = df_strdup(found->gl_pathv[*n]);
    if ((*paths)[*n]) continue;
    df_file_glob_free(*paths, *n);
    *paths = NULL;
    *n = 0;
    return DF_E_NOMEM;
  }
  return DF_OK;
}

/* the end of the first pair of braces that lists alternatives, and *open its beginning; NULL: there is none */
static const char* find_braces(const char* pattern, const char** open) {
  *open = NULL;
  int depth = 0;
  for (const char* at = pattern; *at; at++) {
    if (*at == '\\' && at[1]) {
      at++;
    } else if (*at == '{' && (depth > 0 || at[1] != '}')) {
      if (depth++ == 0) *open = at;
    } else if (*at == '}' && depth > 0 && --depth == 0) {
      return at;
    }
  }
  return NULL;
}

static df_status check_alternatives(const char* pattern);

/* the alternative of *n bytes in the place of the braces */
static df_status check_alternative(const char* pattern, const char* open, const char* close, const char* from,
                                   size_t n) {
  const size_t before = (size_t)(open - pattern), after = strlen(close + 1);
  char* one = df_alloc(before + n + after + 1, 1);
  if (!one) return DF_E_NOMEM;
  memcpy(one, pattern, before);
  memcpy(one + before, from, n);
  memcpy(one + before + n, close + 1, after);
  const df_status status = check_alternatives(one);
  df_free(one);
  return status;
}

/* DF_E_MISSING for an alternative in braces that no file fits; glob() is content if any of them fits */
static df_status check_alternatives(const char* pattern) {
  const char *open, *close = find_braces(pattern, &open);
  if (!close) {
    glob_t found = {0};
    const int code = glob(pattern, 0, NULL, &found);
    globfree(&found);
    return code == GLOB_NOMATCH ? df_fail(DF_E_MISSING, "%s: no file fits this part of a list in braces", pattern)
                                : DF_OK;
  }
  int depth = 0;
  for (const char *at = open + 1, *from = at; at <= close; at++) {
    if (*at == '\\') {
      at++;
    } else if (at == close || (*at == ',' && depth == 0)) {
      DF_TRY(check_alternative(pattern, open, close, from, (size_t)(at - from)));
      from = at + 1;
    } else {
      depth += (*at == '{') - (*at == '}');
    }
  }
  return DF_OK;
}

df_status df_file_glob(const char* pattern, char*** paths, size_t* n) {
  DF_REQUIRE_OUT(paths);
  DF_REQUIRE_POINTER(n);
  *n = 0;
  DF_REQUIRE_POINTER(pattern);
  char* literal = literal_pattern(pattern);
  if (!literal) return DF_E_NOMEM;
  glob_t found = {0};
  const int code = glob(literal, GLOB_BRACE, NULL, &found);
  df_status status = code == 0 ? check_alternatives(literal) : DF_OK;
  if (status == DF_OK)
    status = code == 0              ? copy_paths(&found, paths, n)
             : code == GLOB_NOMATCH ? df_fail(DF_E_MISSING, "%s: no file fits this pattern", pattern)
             : code == GLOB_NOSPACE ? DF_E_NOMEM
                                    : df_fail(DF_E_IO, "%s: its folder cannot be read", pattern);
  globfree(&found);
  df_free(literal);
  return status;
}

void df_file_glob_free(char** paths, size_t n) {
  for (size_t i = 0; paths && i < n; i++) df_free(paths[i]);
  df_free(paths);
}

/* ---- paths ---- */

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
