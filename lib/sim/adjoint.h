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

/* ---- adjoint_dynamics.c ---- */

/* The adjoint of qacc(q, v, u): a->w comes in as the cotangent of qacc and leaves as H^-1 times it. Adds to a->qbar
 * [nv], vbar [nv] and ubar [nu]. */
void df_adjoint_dynamics(const df_mujoco* system, const df_step_record* record, df_adjoint* adjoint, double* vbar,
                         double* ubar);

/* the lower triangle of M in the entries of a pattern of tree.h; out [nv][nv] */
void df_adjoint_load_mass(const mjModel* m, const df_step_record* record, const int* rows, const int* rows_n,
                          double* out);

/* ---- adjoint_contact.c ---- */

/* Adds a contact's part to force, shift, by_a, by_v. Reads w and the node motions. */
void df_adjoint_contact(df_adjoint* adjoint, const df_contact_record* contact);

#endif
