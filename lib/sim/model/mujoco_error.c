#include "mujoco_error.h"
#include "dynaflow/core/assert.h"

#include <mujoco/mujoco.h>
#include <setjmp.h>
#include <stdio.h>
#include <threads.h>

static _Thread_local jmp_buf way_out;
static _Thread_local bool armed;
static _Thread_local char text[1024];

void df_one_line(char* words) {
  size_t end = 0;
  for (size_t i = 0; words[i]; i++) {
    if (words[i] == '\n') words[i] = ' ';
    if (words[i] != ' ') end = i + 1;
  }
  words[end] = '\0';
}

/* ignores warnings, which are also counted in mjData; an error must not return to MuJoCo */
static void on_message(const mjLogMessage* message) {
  if (message->level != mjLOG_ERROR) return;
  snprintf(text, sizeof text, "%s", message->subject);
  df_one_line(text);
  if (armed) longjmp(way_out, 1);
}

static void install(void) {
  (void)mju_setLogHandler(on_message);
}

void df_mujoco_silence(void) {
  static once_flag once = ONCE_FLAG_INIT;
  call_once(&once, install);
}

bool df_mujoco_guarded(void (*body)(void* argument), void* argument) {
  DF_ASSERT(!armed); /* guards do not nest */
  if (setjmp(way_out) != 0) {
    armed = false;
    return false;
  }
  armed = true;
  body(argument);
  armed = false;
  return true;
}

const char* df_mujoco_error_text(void) {
  return text;
}
