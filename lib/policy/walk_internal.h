/* walk_internal.h: the structure of a df_walk and the places of its features. */
#ifndef LIB_POLICY_WALK_INTERNAL_H
#define LIB_POLICY_WALK_INTERNAL_H

#include "dynaflow/policy/walk.h"

/* the features before those of joints and feet */
enum { FEATURE_HEIGHT = 0, FEATURE_UP = 1, FEATURE_VELOCITY = 4, FEATURE_RATE = 7, FEATURE_JOINTS = 10 };

struct df_walk {
  const df_system* system;
  df_walk_cfg cfg;     /* its arrays are `numbers` */
  double* numbers;     /* home, centre, half_range [nu] each */
  int* joint;          /* [nu] qpos and dof of the joint of each control: [nu][2] */
  int nu, nq, nv;      /* actions, positions and velocities */
  int base_q, base_v;  /* first position and dof of the free joint */
  int velocities;      /* features: joint velocities begin here, */
  int feet;            /* heights of feet here */
  int foot_velocities; /* and their velocities here, */
  int foot_positions;  /* and with clips their positions in the body frame here */
  int features, observations;
  df_walk_clip* clip;   /* [n_clips] that of cfg; their states are parts of `clip_states` */
  size_t* clip_first;   /* [n_clips] row of the first frame of each clip */
  double* clip_states;  /* [rows][nx] */
  double* demonstrated; /* [rows][features] */
};

/* the phase of a foot, cycles, in [0, 1) */
double walk_phase(const df_walk* walk, const df_walk_order* order, int foot);

/* Copies the clips of cfg, and allocates the features of their frames; NULL pointers without clips. */
df_status walk_copy_clips(df_walk* walk, const df_walk_cfg* cfg);
void walk_free_clips(df_walk* walk);

/* the features of the frame `ahead` after that of an order, or the last one of its clip */
const double* walk_ahead(const df_walk* walk, const df_walk_order* order, int ahead);

#endif
