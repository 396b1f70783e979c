/* identity.h: what two records must have in common so that their numbers may be compared, and nothing else.
 *
 * This is the only list of it. Who checks what:
 *
 *   compare   all of them, between the cells of both sides, and that the start states are known (compare.c)
 *   verify    all of them, between the cells of a task and profile (run_differences(); start states by pairs)
 *   gate      as verify, and all of them between the run and the golden table, which has a line for each
 *             (gate_compares.c), except: of MuJoCo's version only major and minor, since tables outlive patches; no
 *             demonstrations and start states that a generator made on another processor than the table's, which may
 *             differ by rounding; and nothing that a table of an older program lacks
 *   report    as verify: a note above every table (run_differences()); figures over several profiles take those that
 *             have all of them in common (run_groups_compare())
 *   score     model, MuJoCo's version and the settings of the model, between the file and the task
 *             (trajectory_file.c); start states and conditions decide which trajectories are compared with
 *             demonstrations, and its records are compared as all others are */
#ifndef BENCH_ANALYSIS_IDENTITY_H
#define BENCH_ANALYSIS_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>

/* X(code, what differs, field of a record, "": none) */
#define IDENTITY_LIST(X)                                                     \
  X(IDENTITY_WINDOWS, "start states", "windows_sha256")                      \
  X(IDENTITY_DATA, "demonstrations", "data_sha256")                          \
  X(IDENTITY_HELD_OUT, "demonstrations of eval.profile", "eval_data_sha256") \
  X(IDENTITY_MODEL, "model", "")                                             \
  X(IDENTITY_MUJOCO, "MuJoCo version", "")                                   \
  X(IDENTITY_NUMBERS, "version of numbers", "numbers")                       \
  X(IDENTITY_TASK_VERSION, "task.version", "")                               \
  X(IDENTITY_SETTINGS, "settings of model, data or evaluation", "")

/* X(section of settings, what stands before it in a list of them): those that must be equal for all methods of a
 * comparison, setting_is_shared() */
#define SHARED_SECTION_LIST(X) \
  X("system", "")              \
  X("data", ", ")              \
  X("gait", ", ")              \
  X("window", ", ")            \
  X("split", ", ")             \
  X("chart", ", ")             \
  X("scale_floor", ", ")       \
  X("eval", " and ")

typedef enum identity {
#define IDENTITY_ENUM(code, what, field) code,
  IDENTITY_LIST(IDENTITY_ENUM)
#undef IDENTITY_ENUM
      IDENTITIES
} identity;

/* What differs, e.g. "start states", a string literal. */
const char* identity_name(identity which);

/* Why two records do not have this in common, as a clause such as "different start states (windows_sha256 0123..., not
 * 4567...)": a new string, to be freed with df_free(); NULL if they have. Start states that one of them does not name,
 * because its trajectories start elsewhere, and a setting that one of them lacks, because an older program wrote it, do
 * not differ. Two versions of MuJoCo that compile the same files to different models are the difference
 * IDENTITY_MUJOCO. */
char* identity_difference(identity which, const json_t* reference, const json_t* record);

/* The first difference of two records in the order of the list, a new string; NULL: they may be compared. */
char* identity_first_difference(const json_t* reference, const json_t* record);

/* The version of the numbers of a record (NUMBERS_VERSION, key.h); 1 if it has none. */
int identity_numbers(const json_t* record);

/* Whether a setting, e.g. "eval.windows", must be equal for all methods of a comparison: those of the sections of
 * SHARED_SECTION_LIST except the URLs. */
bool setting_is_shared(const char* name);

/* Whether a setting is the sum of files, system.model_sha256 or data.sha256, which only checks them: model and
 * demonstrations of two records are compared by themselves. It is a shared setting, and enters the settings hash of
 * golden tables, but no difference. */
bool setting_is_sum(const char* name);

/* Whether a setting with this value is as if it were not there: one of gait.* at its default, which records of older
 * programs lack. It does not enter the settings hash of golden tables. */
bool setting_is_void(const char* name, const char* value);

#endif
