/* mujoco_error.h: turns MuJoCo's fatal errors into return values; nothing is printed and no log file is written. */
#ifndef LIB_SIM_MODEL_MUJOCO_ERROR_H
#define LIB_SIM_MODEL_MUJOCO_ERROR_H

#include <stdbool.h>

/* Calls body(argument) and catches MuJoCo's fatal errors on this thread. Returns false if an error was raised:
 * df_mujoco_error_text() has its message, and MuJoCo objects that `body` was modifying must be reset or freed. An error
 * leaves `body` by longjmp(), so it must hold no resource that an early exit would leak. Guards do not nest. */
bool df_mujoco_guarded(void (*body)(void* argument), void* argument);

/* The message of the last error on this thread, on one line; "" if there was none. Valid until the next error. */
const char* df_mujoco_error_text(void);

/* Converts a multi-line message to one line, in place: newlines become spaces, trailing spaces are removed. */
void df_one_line(char* words);

/* Installs a process-wide MuJoCo log handler that prints nothing. Must be called before any other MuJoCo function;
 * repeated calls are cheap. */
void df_mujoco_silence(void);

#endif
