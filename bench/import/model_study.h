/* model_study.h: what of a model decides how a recording of it is read and what a task of it needs. */
#ifndef BENCH_IMPORT_MODEL_STUDY_H
#define BENCH_IMPORT_MODEL_STUDY_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/sim/mujoco.h"

typedef struct model_study {
  const df_system* system;
  const df_joint* joints;
  const df_names* objects; /* free joints that the user says belong to objects (chart.objects); NULL or empty: none */
  int n_joints, nq, nv, na, nu, nx;
  int axes;       /* hinge and slide joints */
  int balls;      /* ball joints */
  int free_joint; /* index of the free joint of its base (df_robot_base()), -1: none */
  /* The root of a model that moves along slides: the first body on the world with an unlimited slide or with several
   * joints. Indices of joints, -1: none. */
  int root_body;
  int height; /* vertical slide */
  int tilt;   /* hinge with a horizontal axis on the root */
} model_study;

/* Looks at a model; `system` must outlive *out. Errors: those of df_sim_new(). */
DF_MUST_CHECK df_status model_study_of(const df_system* system, model_study* out);
/* The same with the user's chart.objects, which must outlive *out. */
DF_MUST_CHECK df_status model_study_with(const df_system* system, const df_names* objects, model_study* out);

/* whether joint i is of an object (df_joint_is_of_object()) */
bool model_is_object(const model_study* m, int i);

/* whether a body is an object or hangs on one: its root moves by the free joint of an object */
bool model_is_of_object(const model_study* m, int body);

/* whether joint i is a slide of the root without limits that moves horizontally: how far it went does not matter */
bool model_is_path(const model_study* m, int i);

/* The body that may fall: that of the free joint, or the root; -1: none. */
int model_base(const model_study* m);

/* Why the robot cannot fall, in words; NULL: it can. Without weight or anything to fall on nothing falls, and a base
 * that actuators hold or lift, as those of a gripper or a drone, is where they hold it. */
const char* model_cannot_fall(const model_study* m);

#endif
