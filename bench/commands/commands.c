#include "commands.h"

static const command table[] = {
#define COMMAND_ROW(name, line, example) {#name, line, example, &name##_argp, cmd_##name},
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};

int command_table(const command** list) {
  *list = table;
  return (int)(sizeof table / sizeof table[0]);
}
