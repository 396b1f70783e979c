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

/* Adds a contact's part to force, shift, by_a, by_v. Reads w and the node motions. */
void df_adjoint_contact(df_adjoint* adjoint, const df_contact_record* contact);

#endif
