/* action_names.h: arrays whose names say that they are actions, or what actuators did. */
#ifndef BENCH_CHECK_ACTION_NAMES_H
#define BENCH_CHECK_ACTION_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/sim/mujoco.h"
#include "text.h"

/* whether a word of a name, without digits and capitals, is among n words of at most 15 letters */
bool name_has_word(const char* name, const char* const* words, size_t n);

/* the name of the joint that actuator k of the model drives, "" if it is none or has no name */
const char* actuator_joint(const df_system* system, int k);

/* Whether an array is named like the command of `part`, an actuator or a joint: it has this name, as whole words in
 * capitals or not, and words such as action, ctrl, cmd, target or desired before or after it: action_hip, HIP_CMD,
 * ctrl/hip. Words of targets do not count beside a part that is a number: goal_0. *at: where the name begins. */
bool is_command_of(const char* part, const char* array, size_t* at);

/* Copies a name without words of commands, "FL_hip_target" to "FL_hip_"; false: it has none, or nothing else with
 * letters. */
enum { NAME_ROOM = 256 };
bool name_without_command(const char* array, char rest[NAME_ROOM]);

/* Whether an array may be what the actuators of a demonstration did, which would tell every method the motion that it
 * has to generate: a word of its name says joint, position, torque, control, action, effort or motor, or it is the
 * command of an actuator of the model, or of its joint, in whatever order and spelling of its words. `system` may be
 * NULL: then the words alone decide. */
bool is_actuation_name(const df_system* system, const char* array);

/* Whether an array is named as a clock: time, t, timestamp, stamp, or time_ms and other units of them, in
 * capitals or not. Times tell how
 * far a motion has come, and are no condition. */
bool is_clock_name(const char* array);

enum { UNUSED_KINDS = 3 };
/* names of arrays that nothing uses, of which at most 12 of each kind are shown; zeroed at first */
typedef struct unused_names {
  struct {
    int n;
    text shown;
  } list[UNUSED_KINDS]; /* those that may be conditions; those that may not, by is_actuation_name() and is_clock_name()
                         */
} unused_names;

void unused_names_add(unused_names* u, const df_system* system, const char* name);
/* Line k of UNUSED_KINDS, "WHAT that nothing uses ...", into *out; nothing if there are no such names. */
void unused_names_line(const unused_names* u, int k, const char* what, text* out);
void unused_names_clear(unused_names* u);

#endif
