/* exit_numbers.h: the exit codes of the program. */
#ifndef BENCH_BASE_EXIT_NUMBERS_H
#define BENCH_BASE_EXIT_NUMBERS_H

/* Scripts depend on these numbers: never renumber them. */
enum {
  EXIT_DONE = 0,
  EXIT_CHECK_FAILED = 1,   /* a check failed */
  EXIT_USAGE = 2,          /* invalid usage or input */
  EXIT_INCOMPLETE = 3,     /* something, e.g. a file, is missing or unfinished; also no memory and no usable BLAS */
  EXIT_INCONCLUSIVE = 4,   /* the data do not decide the question */
  EXIT_NOT_COMPARABLE = 5, /* the results belong to different settings */
  EXIT_INTERRUPTED = 130   /* stopped by SIGINT, SIGTERM or SIGHUP; finished work is kept */
};

#endif
