/* joint_names.h: which joint of a model a recorded joint is, by its name. */
#ifndef BENCH_CHECK_JOINT_NAMES_H
#define BENCH_CHECK_JOINT_NAMES_H

#include <stdbool.h>

#include "dynaflow/core/status.h"

/* how two names were matched, from the most to the least certain */
typedef enum name_match {
  NAME_EQUAL,   /* the same name */
  NAME_WORDS,   /* the same words, in any order and spelling: FR_hip_joint, hip_FR */
  NAME_PART,    /* the words of one are among those of the other: q_left_knee, left_knee_pitch_joint */
  NAME_SIMILAR, /* misspelt: few letters differ (words.h) */
  NAME_UNMATCHED
} name_match;

/* the unit that a name states: "hip (deg)", "hip [rad/s]", "hip_deg", "z (mm)" */
typedef enum name_unit {
  UNIT_NONE,
  UNIT_RADIANS,
  UNIT_DEGREES,
  UNIT_METRES,
  UNIT_CENTIMETRES,
  UNIT_MILLIMETRES
} name_unit;
name_unit name_unit_of(const char* name);

/* whether names differ in their numbers alone, as q0, q1, q2, so that they say nothing of what they name */
bool names_are_numbers(int n, const char* const* names);

/* Sets joint_of[i] to the index of the model's joint that is named like recorded joint i, by the same words or a part
 * of them; -1 if there is none, or several fit equally well, or another recorded joint fits it as well. Returns how
 * many were found; -1: out of memory. */
int find_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model, int* joint_of);

/* The same of each recorded joint by itself: several may be the same joint of the model. how[i]: how it was found. */
int closest_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model, int* joint_of,
                   name_match* how);

/* Sets joint_of[i] to the index of the model's joint that recorded joint i is, how[i] to how it was found. Units and
 * fillers such as "joint" and "pos" do not count; legs may be written FR, RF or front_right, the joints of a leg hip,
 * thigh and calf, abduction, hip and knee, HAA, HFE and KFE or hip, upper and lower. Errors: DF_E_CONFIG if a recorded
 * joint fits no joint, or two equally well, or two recorded joints fit one; the message lists both sides. */
DF_MUST_CHECK df_status match_joints(int n_recorded, const char* const* recorded, int n_model, const char* const* model,
                                     int* joint_of, name_match* how);

#endif
