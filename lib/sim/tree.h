/* tree.h: the model as a tree of joints, and symmetric matrices with that tree's sparsity.
 *
 * A node is a group of dofs that turn or shift together: a hinge, a slide, a ball, and each half of a free joint. Node
 * 0 is the world. A body without joints rides on its parent's node; a body with several joints owns several nodes, of
 * which the last carries its inertia. Parents come before children. */
#ifndef DF_SIM_TREE_H
#define DF_SIM_TREE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

typedef struct df_tree {
  int nnode; /* with the world */
  int nv;
  int* parent;    /* [nnode] */
  int* dof;       /* [nnode] first dof; -1 for the world */
  int* ndof;      /* [nnode] */
  int* body_node; /* [nbody] */
  int* chain;     /* [nv][nv]: row k lists k and the dofs it hangs on, nearest first */
  int* chain_n;   /* [nv] length of row k */
  int* all;       /* [nv][nv]: row k lists k, k-1, ..., 0: the pattern of a full matrix */
  int* all_n;
} df_tree;

df_status df_tree_build(df_tree* tree, const mjModel* m);
void df_tree_free(df_tree* tree);

/* The dofs that move either of two nodes (0: none), descending, in dofs [nv] unless that is NULL; false if they lie on
 * different branches. */
bool df_tree_chain(const df_tree* tree, const int node[2], int* dofs, int* n);

/* whether n descending dofs hang one on another */
bool df_tree_is_chain(const df_tree* tree, int n, const int* dofs);

/* ---- symmetric positive matrices of the lower triangle, row-major [nv][nv], with entries (k, j) for j in row k ----
 * `rows` and `rows_n` are chain and chain_n, or all and all_n. */

/* A = L^T D L in place: D on the diagonal (inverted), L below it. Fill-free for the pattern of a tree. */
void df_factor(int nv, const int* rows, const int* rows_n, double* a);

/* x = A^-1 x */
void df_factor_solve(int nv, const int* rows, const int* rows_n, const double* factor, double* x);

#endif
