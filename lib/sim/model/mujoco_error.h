/* mujoco_error.h: MuJoCo's errors become status codes; nothing is printed and no log file is written. */
#ifndef DF_SIM_MUJOCO_ERROR_H
#define DF_SIM_MUJOCO_ERROR_H

#include <stdbool.h>

/* Runs `body` with MuJoCo's fatal errors caught on this thread. False: an error was raised and df_mujoco_error_text()
 * has it; MuJoCo objects that `body` was changing must then be reset or dropped. `body` must hold no resource that an
 * early exit would leak. Guards do not nest. */
bool df_mujoco_guarded(void (*body)(void* argument), void* argument);

/* The text of this thread's last caught error. */
const char* df_mujoco_error_text(void);

/* MuJoCo's messages have several lines, those of the library one: line ends become spaces, none is left at the end. */
void df_one_line(char* words);

/* Replaces MuJoCo's log handler (process-wide) by one that keeps messages to itself. Called before any other MuJoCo
 * function; cheap when repeated. */
void df_mujoco_silence(void);

#endif
