#define _POSIX_C_SOURCE 200809L
#include "dynaflow/core/clock.h"

#include <time.h>

static double read_clock(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double df_clock_wall(void) {
  return read_clock(CLOCK_MONOTONIC);
}
double df_clock_cpu(void) {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
double df_clock_thread(void) {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
