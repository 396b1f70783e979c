#include "dynaflow/core/status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char detail[1024];

const char* df_status_text(df_status status) {
  static const char* const texts[] = {
#define TEXT(code, text) text,
      DF_STATUS_LIST(TEXT)
#undef TEXT
  };
  if ((int)status < 0 || status >= DF_STATUS_COUNT) return "unknown status";
  return texts[status];
}

const char* df_error_message(void) {
  return detail;
}

df_status df_fail(df_status status, const char* format, ...) {
  /* the arguments may point into the old message, so format into a separate buffer first */
  char text[sizeof detail];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(detail, sizeof detail, "%s", text);
  return status;
}
