/* mujoco_internal.h: what the files of the MuJoCo system share. */
#ifndef DF_SIM_MUJOCO_INTERNAL_H
#define DF_SIM_MUJOCO_INTERNAL_H

#include <mujoco/mujoco.h>
#include <stdint.h>

#include "dynaflow/sim/mujoco.h"
#include "tape.h"
#include "tree.h"

enum { MAX_NV = 59 }; /* MuJoCo's own limit for a dense constraint Jacobian */

typedef struct df_mujoco {
  df_system base; /* first: a df_system* of this kind is a df_mujoco* */
  mjModel* model;
  int substeps;
  df_tree tree;
  df_joint* joints;
  df_feature* features;
  int nfeature;
  double* box; /* u_lo [nu], u_hi [nu] */
} df_mujoco;

struct df_sim {
  const df_mujoco* system;
  mjData* data;
  df_tape tape;
  int recorded;     /* actions on the tape */
  double* v_before; /* [nv] velocity at the start of a physics step */
  double* work;     /* the adjoint's scratch memory */
  bool needs_reset; /* an error left mjData in an unknown state */
};

static inline const df_mujoco* as_mujoco(const df_system* system) {
  return (const df_mujoco*)(const void*)system;
}

/* ---- mujoco_model.c ---- */

/* Compiles the file, or the XML text if `path` is NULL, with the options of cfg. */
df_status df_mujoco_compile(const char* path, const char* xml, const char* name, const df_mujoco_cfg* cfg,
                            mjModel** out);

/* ---- mujoco_features.c ---- */

/* Lists the model's features in memory of df_alloc. */
df_status df_mujoco_list_features(const mjModel* m, bool approximate_contacts, df_feature** features, int* n);

/* how a pair of geom types is differentiated (types in MuJoCo's order, the smaller first) */
typedef enum df_contact_rule {
  CONTACT_PLANE,    /* a point fixed to the second body against a static plane */
  CONTACT_SEGMENTS, /* spheres and capsules against each other */
  CONTACT_FROZEN    /* any other: points fixed to both bodies, frozen normal */
} df_contact_rule;
df_contact_rule df_mujoco_contact_rule(int type0, int type1);
/* whether the rule is exact for the pair */
bool df_mujoco_contact_exact(int type0, int type1);

/* ---- mujoco_system.c ---- */

/* The same system at solver tolerance `tolerance`. */
df_status df_mujoco_copy_with_tolerance(const df_system* system, double tolerance, df_system** out);

/* ---- tangent.c ---- */

void df_mujoco_difference(const df_system* system, const double* xa, const double* xb, double* e);
void df_mujoco_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb);
void df_mujoco_integrate(const df_system* system, const double* xa, const double* e, double* xb);

/* The adjoint of q' = q (+) h v': qbar [nv] is set to (dq'/dq)^T yq, lam [nv] gains (dq'/dv')^T yq. */
void df_mujoco_position_vjp(const mjModel* m, const double* v_next, const double* yq, double* qbar, double* lam);

/* ---- adjoint.c ---- */

size_t df_adjoint_work_size(const df_mujoco* system); /* doubles of scratch memory */

/* The adjoint of one physics step: from y [2 nv] to xbar [2 nv] (may be y); adds to ubar [nu]. */
void df_adjoint_step(const df_mujoco* system, const df_step_record* record, double* work, const double* y, double* xbar,
                     double* ubar);

#endif
