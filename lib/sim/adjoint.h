/* adjoint.h: the scratch memory of the adjoint and its contact part. Symbols are those of docs/adjoint.md. */
#ifndef DF_SIM_ADJOINT_H
#define DF_SIM_ADJOINT_H

#include "mujoco_internal.h"

typedef double df_spatial[6];

typedef struct df_adjoint {
  /* [nv][nv] */
  double *hessian, *implicit_mass;
  /* [nv] */
  double *w, *g, *delta, *lam, *qbar;
  /* [na] cotangents of act and of act_dot */
  double *abar, *rate;
  /* motions of the nodes, [nnode]: w, v, a (with gravity and velocity products), S a, g, delta as spatial vectors */
  df_spatial *mw, *mv, *ma, *ma0, *mg, *mdelta;
  /* forces on the nodes, [nnode], later summed over subtrees */
  df_spatial* force;   /* F: what w pairs with when a joint turns everything behind it */
  df_spatial* inertia; /* P = I w */
  df_spatial* gyro;    /* Q: derivative by the velocity */
  df_spatial* shift;   /* Z: derivative by a displacement of the body */
  df_spatial* by_a;    /* Y_a and Y_v: contact forces that pair with accelerations and velocities */
  df_spatial* by_v;
  df_spatial *ig, *idelta; /* I g, I delta */
} df_adjoint;

/* ---- adjoint.c ---- */

size_t df_adjoint_size(const df_mujoco* system); /* doubles that a df_adjoint takes */
df_adjoint df_adjoint_lay_out(const df_mujoco* system, double* work);

/* ---- adjoint_dynamics.c ---- */

/* The adjoint of qacc and act_dot (q, v, act, u): a->w comes in as the cotangent of qacc and leaves as H^-1 times it,
 * a->rate comes in as that of act_dot. Adds to a->qbar [nv], a->abar [na], vbar [nv] and ubar [nu]. */
void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar,
                         double* ubar);

/* the lower triangle of M in the entries of a pattern of tree.h; out [nv][nv] */
void df_adjoint_load_mass(const mjModel* m, const df_step_record* record, const int* rows, const int* rows_n,
                          double* out);

/* hessian [nv][nv] += J^T D J with J [dim][n] over n descending dofs, D [dim][dim], dim <= 6 */
void df_adjoint_add_block(double* hessian, int nv, int dim, int n, const int* dofs, const double* jacobian,
                          const double* d);

/* ---- adjoint_actuator.c ---- */

/* Adds to ubar and a->abar what w and a->rate make of the actuators' inputs; the last to use a->rate. */
void df_adjoint_inputs(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* ubar);

/* Adds to vbar, ubar, a->abar and a->rate where the integrator's implicit damping depends on the state; reads g. */
void df_adjoint_implicit_damping(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint,
                                 double* vbar, double* ubar);

/* out [nv][nv] (lower triangle) += scale times the blocks of joint_force.h */
void df_adjoint_add_blocks(const df_mujoco* system, const double* blocks, double scale, double* out);

/* Adds to a->qbar and vbar what w makes of the forces of ball and free joints. */
void df_adjoint_blocks(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_rows.c ---- */

/* implicit_mass += h times the implicit damping of the rows, as far as it lies in the tree's pattern */
void df_adjoint_add_implicit_rows(const df_mujoco* system, const df_step_record* record, double* implicit_mass);

/* the rows' and ties' part of the Hessian */
void df_adjoint_add_rows(const df_step_record* record, int nv, double* hessian);
/* Adds the rows' part to a->qbar and vbar [nv]. Reads w. */
void df_adjoint_rows(const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_tie.c ---- */

/* Adds the ties' part to the forces on the nodes. Reads w and the node motions. */
void df_adjoint_ties(df_adjoint* adjoint, const df_step_record* record);

/* ---- adjoint_free.c ---- */

/* Solves the rows of rigid free bodies in a->g, and leaves those of a->implicit_mass as the identity. */
void df_adjoint_solve_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint);
/* Adds to a->qbar and vbar what their part of the implicit damping depends on. */
void df_adjoint_turn_free(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar);

/* ---- adjoint_contact.c ---- */

/* Adds a contact's part to force, shift, by_a, by_v. Reads w and the node motions. */
void df_adjoint_contact(df_adjoint* adjoint, const df_contact_record* contact);

#endif
