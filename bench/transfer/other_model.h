/* other_model.h: another model of the robot of a task, in which actions of the task are executed. */
#ifndef BENCH_TRANSFER_OTHER_MODEL_H
#define BENCH_TRANSFER_OTHER_MODEL_H

#include "dynaflow/data/task.h"

typedef struct other_model {
  const df_task* task;
  df_system* system; /* of the other model with its own options, one action of it being one physics step; owned */
  int substeps;      /* physics steps per action of the task */
  int* state;        /* [nx] coordinate k of its states is coordinate state[k] of the task's; owned */
  int* control;      /* [nu] control k of it is control control[k] of the task; owned */
  int height;        /* coordinate of its states that is the height of the base; -1: no free base */
  double rise;       /* height of its ground above that of the task's model, m; 0 unless both are flat */
  int root[2];       /* body of the base in the task's model and in the other, -1 without */
  df_sim* sim[2];    /* of the task's model and of the other, to measure distances from the ground; owned */
} other_model;

/* Compiles the model of a file and finds which joint and which actuator of it is which of the task's model.
 *
 * Joints have the same names, or those of one model are those of the other behind one prefix; the free base of the
 * robot (df_robot_base()) is that of the other, whatever the names; a joint without a name is joint<i>. Actuators
 * likewise, an actuator without a name being called like the joint on which it acts. All joints and actuators have to
 * match one to one, in any order. Options are those of the other model: its time step, integrator, solver and islands;
 * margins add up, as in MuJoCo. Call other_model_clear(), also after a failure. Errors: DF_E_CONFIG, which names path,
 * elements and numbers, for names that do not match, joints of another kind, axis or reference, the body of a joint
 * that is turned by more than 1e-3 rad against that of the task where all joints are at their references (relative to
 * the free base; lengths of links may differ), a position servo in the place of a motor, servos of another gear or on
 * another joint, gains of another sign, other numbers of activations, a duration of an action that is no whole number
 * of its physics steps, no ground where the task's model has one, or a flat ground of another height for a robot
 * without a free base; those of df_mujoco_system_new(); DF_E_NOMEM. */
DF_MUST_CHECK df_status other_model_new(const df_task* task, const char* path, other_model* out);
void other_model_clear(other_model* m);

/* Writes y [nx], the state of the other model that is state x [nx] of the task: the same coordinates of every joint,
 * the base at the same height above the ground. Returns by how much the base had to be lifted, m: so that its lowest
 * geom is no deeper in the ground than that of the task's model in x, and 0 if it is not (by 1e-6 m). */
double other_model_place(const other_model* m, const double* x, double* y);

/* Writes x [nx], the state of the task's model with the coordinates of state y [nx] of the other. */
void other_model_back(const other_model* m, const double* y, double* x);

/* Writes v [nu], the controls of the other model that are action u [nu] of the task, clamped to the action box of the
 * task. Returns how many of them are outside the control range of the other model, which clamps them. */
int other_model_act(const other_model* m, const double* u, double* v);

#endif
