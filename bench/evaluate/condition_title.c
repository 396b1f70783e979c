#include "condition_title.h"

#include <string.h>

static const char* unit_of(const char* name) {
  if (strcmp(name, "command.vx") == 0 || strcmp(name, "command.vy") == 0) return " m/s";
  return strcmp(name, "command.wz") == 0 ? " rad/s" : "";
}

void condition_title(const df_dataset* data, const double* condition, bool units, text* out) {
  const size_t begin = out->n;
  for (int i = 0; i < data->nc; i++) {
    const char* name = data->condition_name[i];
    const char* dot = strrchr(name, '.');
    const bool gait = strncmp(name, "gait.", 5) == 0;
    if (gait && condition[i] <= 0.5) continue;
    if (out->n > begin) text_add(out, ", ");
    if (gait) text_add(out, "%s", name + 5);
    if (!gait) text_add(out, "%s %.2f%s", dot ? dot + 1 : name, condition[i], units ? unit_of(name) : "");
  }
}
