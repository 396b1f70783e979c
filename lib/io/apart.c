#define _GNU_SOURCE
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"

/* MOST_MESSAGE: that of df_fail(); SLACK: memory of a library beside the arrays; SECONDS: of CPU time, beside one per
 * MiB of the file; libraries read ten times as fast, or loop for ever in a damaged file */
enum { MOST_MESSAGE = 1024, MOST_TEXT = 4096, SLACK = 64 << 20, SECONDS = 5 };

typedef struct child {
  pid_t pid;
  int fd;
} child;

typedef struct request {
  int array;
  bool text;
} request;

typedef struct reply {
  df_status status;
  char message[MOST_MESSAGE];
} reply;

/* ---- messages ---- */

/* false if the other side is gone */
static bool put(int fd, const void* bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t k = send(fd, (const char*)bytes + done, n - done, MSG_NOSIGNAL);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    done += (size_t)k;
  }
  return true;
}

static bool get(int fd, void* bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t k = recv(fd, (char*)bytes + done, n - done, 0);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    done += (size_t)k;
  }
  return true;
}

/* ---- the child ---- */

static bool put_status(int fd, df_status status) {
  reply r = {.status = status};
  if (status != DF_OK) snprintf(r.message, sizeof r.message, "%s", df_error_message());
  return put(fd, &r, sizeof r);
}

static bool put_list(int fd, const df_arrays* arrays) {
  bool there = put(fd, &arrays->count, sizeof arrays->count);
  for (int i = 0; there && i < arrays->count; i++) {
    const df_array_info* info = &arrays->item[i].info;
    const size_t length[2] = {strlen(info->name), strlen(info->type)};
    there = put(fd, info, sizeof *info) && put(fd, length, sizeof length) && put(fd, info->name, length[0]) &&
            put(fd, info->type, length[1]);
  }
  return there;
}

static bool answer(int fd, df_arrays* arrays, const df_arrays_reader* inside, request r) {
  if (r.text) {
    char* text = NULL;
    const df_status status = inside->read_text(arrays, r.array, &text);
    const size_t n = text ? strlen(text) : 0;
    const bool there = put_status(fd, status) && (!text || (put(fd, &n, sizeof n) && put(fd, text, n)));
    df_free(text);
    return there;
  }
  df_array array = {0};
  const df_status status = inside->read(arrays, r.array, &array);
  const bool there = put_status(fd, status) && put(fd, array.values, array.count * sizeof *array.values);
  df_array_clear(&array);
  return there;
}

/* bounds the CPU time of the process, and the memory that it may take beyond what it has, which Linux states in pages
 * as the sixth number of a line */
static void bound_resources(const df_charge* charge) {
  const rlim_t seconds = SECONDS + (rlim_t)(charge->file_size >> 20);
  setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds + 1});
  unsigned long pages = 0;
  FILE* statm = fopen("/proc/self/statm", "r");
  const bool known = statm && fscanf(statm, "%*u %*u %*u %*u %*u %lu", &pages) == 1;
  if (statm) fclose(statm);
  const rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + df_charge_most(charge) + SLACK;
  if (known && DF_APART_BOUNDS_MEMORY) setrlimit(RLIMIT_DATA, &(struct rlimit){most, most});
}

static _Noreturn void serve(int fd, df_arrays* arrays, const df_arrays_reader* inside) {
  /* a library that fails must not write on the terminal, nor leave a dump of the memory */
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i <= 2; i++) dup2(nowhere, i);
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  bound_resources(&arrays->charge);

  const df_status status = inside->open(arrays);
  bool there = put_status(fd, status) && status == DF_OK && put_list(fd, arrays);
  request r;
  while (there && get(fd, &r, sizeof r)) there = answer(fd, arrays, inside, r);
  _exit(0);
}

/* ---- the parent ---- */

/* ends the child; returns the signal that had ended it before, if any did */
static int end_child(child* c) {
  int code = 0;
  if (c->pid <= 0) return 0;
  kill(c->pid, SIGKILL);
  const bool known = waitpid(c->pid, &code, 0) == c->pid;
  c->pid = 0;
  return known && WIFSIGNALED(code) && WTERMSIG(code) != SIGKILL ? WTERMSIG(code) : 0;
}

/* the child has failed, or says what it cannot mean */
static df_status fail_child(const df_arrays* arrays, const char* name) {
  const int fatal = end_child(arrays->state);
  return df_fail(DF_E_FORMAT, "%s: %s%s%sthe library that reads %s files failed (%s); the file is damaged",
                 arrays->path, name ? "array '" : "", name ? name : "", name ? "': " : "", arrays->format,
                 fatal ? strsignal(fatal) : "it ended");
}

static df_status get_status(const df_arrays* arrays, const char* name) {
  reply r;
  const child* c = arrays->state;
  if (c->pid == 0)
    return df_fail(DF_E_FORMAT, "%s: the library that reads %s files failed before", arrays->path, arrays->format);
  if (!get(c->fd, &r, sizeof r) || r.status < 0 || r.status >= DF_STATUS_COUNT) return fail_child(arrays, name);
  r.message[sizeof r.message - 1] = '\0';
  return r.status == DF_OK ? DF_OK : df_fail(r.status, "%s", r.message);
}

static df_status get_list(df_arrays* arrays) {
  const int fd = ((const child*)arrays->state)->fd;
  int count = 0;
  if (!get(fd, &count, sizeof count)) return fail_child(arrays, NULL);
  for (int i = 0; i < count; i++) {
    df_array_info info;
    size_t length[2];
    char text[2][MOST_TEXT] = {"", ""};
    if (!get(fd, &info, sizeof info) || !get(fd, length, sizeof length) || length[0] >= MOST_TEXT ||
        length[1] >= MOST_TEXT || !get(fd, text[0], length[0]) || !get(fd, text[1], length[1]) || info.rank < 0 ||
        info.rank > DF_NPZ_MAX_RANK) {
      return fail_child(arrays, NULL);
    }
    DF_TRY(df_arrays_add(arrays, text[0], info.rank, info.shape, text[1], info.numeric));
    arrays->item[arrays->count - 1].info.rounding = info.rounding;
  }
  return DF_OK;
}

df_status df_apart_open(df_arrays* arrays, const df_arrays_reader* inside) {
  child* c = df_alloc(1, sizeof *c);
  if (!c) return DF_E_NOMEM;
  arrays->state = c;
  int pair[2];
  c->fd = -1;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return df_fail(DF_E_IO, "%s: no connection to a reading process: %s", arrays->path, strerror(errno));
  }
  c->fd = pair[0];
  c->pid = fork();
  if (c->pid == 0) {
    close(pair[0]);
    serve(pair[1], arrays, inside);
  }
  close(pair[1]);
  if (c->pid < 0) {
    c->pid = 0;
    return df_fail(DF_E_IO, "%s: no process to read it: %s", arrays->path, strerror(errno));
  }
  DF_TRY(get_status(arrays, NULL));
  return get_list(arrays);
}

/* asks for an array, and waits until it is there or refused */
static df_status ask(df_arrays* arrays, int i, bool text) {
  const child* c = arrays->state;
  const request r = {i, text};
  if (c->pid > 0 && !put(c->fd, &r, sizeof r)) return fail_child(arrays, arrays->item[i].info.name);
  return get_status(arrays, arrays->item[i].info.name);
}

/* memory for an array that can be read */
static df_status make_values(df_arrays* arrays, int i, size_t* count, double** values) {
  df_arrays_item* item = &arrays->item[i];
  DF_TRY(df_arrays_elements(arrays, i, sizeof **values, count));
  DF_TRY(df_charge_array(&arrays->charge, item->info.name, &item->charged, *count * sizeof **values));
  *values = df_alloc(*count, sizeof **values);
  return *values ? DF_OK : DF_E_NOMEM;
}

df_status df_apart_read(df_arrays* arrays, int i, df_array* out) {
  const df_array_info* info = &arrays->item[i].info;
  size_t count = 0;
  double* values = NULL;
  if (info->numeric) DF_TRY(make_values(arrays, i, &count, &values));
  df_status status = ask(arrays, i, false);
  if (status == DF_OK && !get(((const child*)arrays->state)->fd, values, count * sizeof *values)) {
    status = fail_child(arrays, info->name);
  }
  if (status != DF_OK) {
    df_free(values);
    return status;
  }
  *out = (df_array){.rank = info->rank, .count = count, .values = values};
  memcpy(out->shape, info->shape, sizeof out->shape);
  return DF_OK;
}

df_status df_apart_read_text(df_arrays* arrays, int i, char** out) {
  child* c = arrays->state;
  const char* name = arrays->item[i].info.name;
  size_t n = 0;
  DF_TRY(ask(arrays, i, true));
  if (!get(c->fd, &n, sizeof n) || n > df_charge_most(&arrays->charge)) return fail_child(arrays, name);
  char* text = df_alloc(n + 1, 1);
  if (!text) {
    end_child(c); /* what it sends would be taken for the next answer */
    return DF_E_NOMEM;
  }
  if (!get(c->fd, text, n)) {
    df_free(text);
    return fail_child(arrays, name);
  }
  *out = text;
  return DF_OK;
}

void df_apart_close(void* state) {
  child* c = state;
  end_child(c);
  if (c->fd >= 0) close(c->fd);
  df_free(c);
}
