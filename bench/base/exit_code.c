#include "exit_code.h"

#include <stdio.h>

#include "terminal.h"

int exit_code_of(df_status status) {
  switch (status) {
    case DF_OK:
      return EXIT_DONE;
    case DF_E_INTERRUPTED:
      return EXIT_INTERRUPTED;
    /* the arguments are valid, but something that they need is not on this machine */
    case DF_E_MISSING:
    case DF_E_NOMEM:
    case DF_E_BLAS:
      return EXIT_INCOMPLETE;
    default:
      return EXIT_USAGE;
  }
}

int report_failure(df_status status) {
  const char* detail = df_error_message();
  if (status == DF_OK) return EXIT_DONE;
  print_line(stderr, "dynaflow: %s", detail[0] ? detail : df_status_text(status));
  return exit_code_of(status);
}

int report_task_failure(df_status status, const char* task) {
  const int code = report_failure(status);
  if (status == DF_E_MISSING) print_line(stderr, "dynaflow: to fetch its files, run: dynaflow data fetch %s", task);
  return code;
}
