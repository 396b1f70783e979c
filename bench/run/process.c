#include "process.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "dynaflow/io/memory.h"
#include "exit_code.h"
#include "methods.h"
#include "options.h"
#include "provenance.h"
#include "stop.h"
#include "streams.h"
#include "terminal.h"

/* the memory that the arrays of a compressed archive may take; not a setting of a task, which may be somebody else's */
static bool set_array_memory(const char* mib) {
  enum { MOST_MIB = 1 << 30 };
  if (!mib || !mib[0]) return true;
  char* end;
  const long n = strtol(mib, &end, 10);
  if (end == mib || *end || n < 1 || n > MOST_MIB) {
    print_line(stderr, "dynaflow: DYNAFLOW_ARRAYS_MIB = '%s': expected a number of MiB from 1 to %d", mib, MOST_MIB);
    return false;
  }
  (void)df_io_set_memory((size_t)n << 20);
  return true;
}

/* Raises the limit of the stack, which grows up to it, as far as that is allowed. */
static bool raise_stack(void) {
  enum { WANTED_KIB = 8192, LEAST_KIB = 1024 };
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  const rlim_t wanted = (rlim_t)WANTED_KIB << 10;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_STACK, &limit);
  }
  if (limit.rlim_cur >= (rlim_t)LEAST_KIB << 10) return true;
  print_line(stderr,
             "dynaflow: the stack is limited to %llu KiB, and %d KiB are needed: raise the limit (ulimit -s %d)",
             (unsigned long long)(limit.rlim_cur >> 10), LEAST_KIB, WANTED_KIB);
  return false;
}

bool process_start(void) {
  streams_watch();
  argp_err_exit_status = EXIT_USAGE;
  if (!raise_stack()) return false;
  stop_at_once();
  /* a file beyond the size limit makes write() fail with the file's name instead of killing the program */
  signal(SIGXFSZ, SIG_IGN);
  argp_program_version = provenance_version();
  options_set_plugin_loader(df_method_load);
  df_io_name_memory("DYNAFLOW_ARRAYS_MIB");
  return set_array_memory(getenv("DYNAFLOW_ARRAYS_MIB"));
}
