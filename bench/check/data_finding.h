/* data_finding.h: what a check of a recording found. */
#ifndef BENCH_CHECK_DATA_FINDING_H
#define BENCH_CHECK_DATA_FINDING_H

#include "remedy.h"

typedef enum check_verdict { CHECK_OK, CHECK_WARN, CHECK_WRONG } check_verdict;
/* "ok", "warn", "wrong" */
const char* check_verdict_text(check_verdict v);

/* X(id, name, of_motion, of_velocity): the checks. Those of motion judge how positions and velocities change, or
 * whether they keep to limits, which are soft: recorded actions may explain it. Those of velocity compare positions
 * with recorded velocities. */
#define DATA_CHECKS(X)                                            \
  X(ACTIONS, "actions", false, false)                             \
  X(NAMES, "names", false, false)                                 \
  X(CONVENTION, "convention", false, false)                       \
  X(FREE_BODIES, "free bodies", false, false)                     \
  X(JOINT_UNIT, "joint unit", false, false)                       \
  X(JOINT_SIGN, "joint sign", false, false)                       \
  X(JOINT_ZERO, "joint zero", false, false)                       \
  X(JOINT_ORDER, "joint order", false, false)                     \
  X(JOINT_DELAY, "joint delay", false, false)                     \
  X(MIXTURE, "mixture", true, false)                              \
  X(EXAMINED, "examined", false, false)                           \
  X(FINITE, "finite", false, false)                               \
  X(MAGNITUDE, "magnitude", false, false)                         \
  X(MOTION, "motion", true, false)                                \
  X(VELOCITY_SPIKE, "velocity spike", true, true)                 \
  X(TIME_ORDER, "time order", false, false)                       \
  X(TIME_GAP, "time gap", false, false)                           \
  X(FRAME_INTERVAL, "frame interval", false, false)               \
  X(FRAME_RATE, "frame rate", true, true)                         \
  X(FRAME_RATE_OF_EPISODES, "frame rate of episodes", true, true) \
  X(VELOCITY_ZERO, "velocity zero", true, true)                   \
  X(VELOCITY_SCALE, "velocity scale", true, true)                 \
  X(VELOCITY_SIGN, "velocity sign", true, true)                   \
  X(VELOCITY_SHIFT, "velocity shift", true, true)                 \
  X(VELOCITY_ORDER, "velocity order", true, true)                 \
  X(VELOCITY_OFFSET, "velocity offset", true, true)               \
  X(BASE_POINT, "base point", true, true)                         \
  X(VELOCITY, "velocity", true, true)                             \
  X(JUMP, "jump", true, false)                                    \
  X(DUPLICATED_FRAMES, "duplicated frames", false, false)         \
  X(PADDING, "padding", false, false)                             \
  X(QUATERNION_NORM, "quaternion norm", false, false)             \
  X(QUATERNION_SIGN, "quaternion sign", false, false)             \
  X(CONSTANT, "constant", false, false)                           \
  X(JOINT_LIMIT, "joint limit", true, false)                      \
  X(CONDITIONS, "conditions", false, false)                       \
  X(FLOOR, "distance to the floor", false, false)                 \
  X(PENETRATION, "penetration", false, false)                     \
  X(SLIP, "slip", false, false)                                   \
  X(ROOT_RESIDUAL, "root residual", false, false)                 \
  X(SUPPORT, "support", false, false)                             \
  X(FOOT_CONTACTS, "foot contacts", true, false)                  \
  X(HELD_OUT, "held-out copy", false, false)                      \
  X(REPLAY, "replay", false, false)
typedef enum data_check {
#define DATA_CHECK_ID(id, name, of_motion, of_velocity) DATA_CHECK_##id,
  DATA_CHECKS(DATA_CHECK_ID)
#undef DATA_CHECK_ID
} data_check;
const char* data_check_name(data_check check);
bool data_check_is_of_motion(data_check check);
bool data_check_is_of_velocity(data_check check);

/* The result of one check, of one column or joint or of all. */
typedef struct data_finding {
  data_check check;
  char* column; /* "": all; owned */
  check_verdict verdict;
  double value, limit; /* it is right if and only if value <= limit; limit NAN: no limit of the value decides */
  const char* unit;    /* static */
  remedy would_fit;    /* the settings with which it would be right; empty: none are known */
  char* reason;        /* a sentence, "" for most of what is right; owned */
} data_finding;

typedef struct data_findings {
  data_finding* list; /* owned */
  int n;
} data_findings;

void data_findings_clear(data_findings* f);

/* Adds a finding and returns it, valid until the next one is added. `column` may be NULL. Out of memory, these
 * functions end the program as text_add() does. */
data_finding* data_findings_add(data_findings* f, data_check check, const char* column, double value, double limit,
                                const char* unit);
/* Gives a finding its verdict and reason. */
void data_finding_judge(data_finding* one, check_verdict verdict, const char* format, ...) DF_PRINTF(3, 4);
/* Takes over the settings with which it would be right. */
void data_finding_takes(data_finding* one, remedy would_fit);
/* Adds one of them. */
void data_finding_fits(data_finding* one, const char* key, const char* value);

/* The number of findings with a verdict. */
int data_findings_count(const data_findings* f, check_verdict verdict);

#endif
