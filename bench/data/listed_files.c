#include "listed_files.h"

#include <string.h>

#include "text.h"

int listed_count(const char* name) {
  const char *open = strchr(name, '{'), *close = strchr(name, '}');
  if (!open || !close || close < open || strpbrk(name, "*?[") || strpbrk(close + 1, "{}") ||
      memchr(open + 1, '{', (size_t)(close - open - 1)))
    return 0;
  int n = 1;
  for (const char* at = open; at < close; at++) n += *at == ',';
  return n;
}

char* listed_name(const char* name, int i) {
  const char *open = strchr(name, '{'), *close = strchr(name, '}'), *begin = open + 1;
  for (; i > 0; i--) begin = strchr(begin, ',') + 1;
  const size_t n = strcspn(begin, ",}");
  return format_text("%.*s%.*s%s", (int)(open - name), name, (int)n, begin, close + 1);
}
