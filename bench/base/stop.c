#define _POSIX_C_SOURCE 200809L
#include "stop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"

volatile sig_atomic_t stop_flag;

/* ---- signals ---- */

static volatile sig_atomic_t signalled;
static struct timespec first_signal;

/* temporary files would stay: they have the number of this process in their names, and no later one removes them */
static void exit_interrupted(void) {
  static const char message[] = "dynaflow: interrupted\n";
  const ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
  (void)written;
  df_file_remove_parts();
  _exit(EXIT_INTERRUPTED);
}

static void on_signal_exit(int number) {
  (void)number;
  exit_interrupted();
}

static void on_signal(int number) {
  enum { SAME_SIGNAL_NS = 100000000 };
  (void)number;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!signalled) {
    first_signal = now;
    signalled = 1;
    stop_flag = 1;
    return;
  }
  const long ns = (long)(now.tv_sec - first_signal.tv_sec) * 1000000000 + (now.tv_nsec - first_signal.tv_nsec);
  if (ns >= SAME_SIGNAL_NS) exit_interrupted();
}

static void install_handler(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  /* block all of them while their common handler runs */
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  enum { N = sizeof numbers / sizeof numbers[0] };
  for (int i = 0; i < N; i++) sigaddset(&action.sa_mask, numbers[i]);
  for (int i = 0; i < N; i++) {
    /* nohup ignores SIGHUP for the program, which must stay so */
    struct sigaction now;
    const bool ignored = sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN;
    if (numbers[i] != SIGHUP || !ignored) sigaction(numbers[i], &action, NULL);
  }
}

void stop_at_once(void) {
  install_handler(on_signal_exit);
}
void stop_in_order(void) {
  install_handler(on_signal);
}

/* ---- limits ---- */

static struct {
  bool running, end;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  stop_limits limits;
  double deadline;
  double seen_mib; /* resident memory at the last check */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static atomic_int limit_hit; /* a stop_reason */

stop_reason stop_why(void) {
  return signalled ? STOP_SIGNAL : (stop_reason)atomic_load(&limit_hit);
}

df_status stop_check(void) {
  return stop_flag ? df_fail(DF_E_INTERRUPTED, "interrupted") : DF_OK;
}

const char* stop_words(char* out, size_t n) {
  switch (stop_why()) {
    case STOP_SECONDS:
      snprintf(out, n, "over %g s (--cell-seconds)", watch.limits.seconds);
      break;
    case STOP_MEMORY:
      snprintf(out, n, "%.0f MiB in use, over %g MiB (--cell-memory)", watch.seen_mib, watch.limits.memory_mib);
      break;
    default:
      snprintf(out, n, "interrupted");
  }
  return out;
}

/* resident memory of this process [MiB]; < 0 if it cannot be read */
static double resident_mib(void) {
  long pages;
  FILE* file = fopen("/proc/self/statm", "re");
  if (!file) return -1;
  const bool read = fscanf(file, "%*s %ld", &pages) == 1;
  fclose(file);
  return read ? (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024) : -1;
}

static stop_reason exceeded(void) {
  if (watch.limits.seconds > 0 && df_clock_wall() > watch.deadline) return STOP_SECONDS;
  if (watch.limits.memory_mib > 0) watch.seen_mib = resident_mib();
  return watch.limits.memory_mib > 0 && watch.seen_mib > watch.limits.memory_mib ? STOP_MEMORY : STOP_NONE;
}

static struct timespec in_20_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_nsec += 20000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

static void* watch_limits(void* unused) {
  (void)unused;
  pthread_mutex_lock(&watch.lock);
  while (!watch.end) {
    const stop_reason reason = exceeded();
    if (reason != STOP_NONE) {
      atomic_store(&limit_hit, (int)reason);
      stop_flag = 1;
      break;
    }
    const struct timespec until = in_20_ms();
    pthread_cond_timedwait(&watch.wake, &watch.lock, &until);
  }
  pthread_mutex_unlock(&watch.lock);
  return NULL;
}

df_status stop_watch(const stop_limits* limits) {
  stop_unwatch();
  if (!(limits->seconds > 0) && !(limits->memory_mib > 0)) return DF_OK;
  if (limits->memory_mib > 0 && resident_mib() < 0) {
    return df_fail(DF_E_IO,
                   "/proc/self/statm: cannot be read, so --cell-memory cannot be checked here; run without it");
  }
  watch.limits = *limits;
  watch.deadline = df_clock_wall() + limits->seconds;
  watch.end = false;
  const int failed = pthread_create(&watch.thread, NULL, watch_limits, NULL);
  if (failed)
    return df_fail(DF_E_NOMEM, "cannot start the thread that checks --cell-seconds and --cell-memory: %s",
                   strerror(failed));
  watch.running = true;
  return DF_OK;
}

void stop_unwatch(void) {
  if (!watch.running) return;
  pthread_mutex_lock(&watch.lock);
  watch.end = true;
  pthread_cond_signal(&watch.wake);
  pthread_mutex_unlock(&watch.lock);
  pthread_join(watch.thread, NULL);
  watch.running = false;
  atomic_store(&limit_hit, STOP_NONE);
  stop_flag = 0;
  /* a signal may have arrived just before the flag was cleared */
  if (signalled) stop_flag = 1;
}
