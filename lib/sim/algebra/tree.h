/* tree.h: the model as a tree of joints, and symmetric matrices with that tree's sparsity.
 *
 * A node is a group of dofs of which none moves the axes of another: a hinge, a body's slides in a row, a ball, and
 * each half of a free joint. Node 0 is the world. A body without joints rides on its parent's node; a body with several
 * joints owns several nodes, of which the last carries its inertia. Parents come before children. */
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
  int* self; /* [nv] k */
} df_tree;

df_status df_tree_build(df_tree* tree, const mjModel* m);
void df_tree_free(df_tree* tree);

/* The dofs that move either of two nodes (0: none), descending, in dofs [nv] unless that is NULL; false if they lie on
 * different branches. */
bool df_tree_chain(const df_tree* tree, const int node[2], int* dofs, int* n);

/* whether n descending dofs hang one on another */
bool df_tree_is_chain(const df_tree* tree, int n, const int* dofs);

/* Whether n dofs are strictly descending and in 0 .. nv-1: the order of every list of dofs here. */
static inline bool df_descending(int n, const int* dofs, int nv) {
  for (int i = 0; i < n; i++) {
    if (dofs[i] < 0 || dofs[i] >= (i ? dofs[i - 1] : nv)) return false;
  }
  return true;
}

/* ---- symmetric positive matrices, of which the lower triangle's entries (k, j) with j in row k of a pattern are kept.
 * Row k has the numbers from k * df_stride(nv) on and ends with the entry of its root: j has the same place in every
 * row that lists it, and what eliminates k from the row of j adds the end of one row to the end of the other. What lies
 * before a row's diagonal means nothing. ---- */

typedef struct df_pattern {
  int nv;
  const int* rows; /* [nv][nv]: row k lists its dofs, descending from k, in the order of their places */
  const int* n;    /* [nv] their number */
} df_pattern;

static inline df_pattern df_tree_pattern(const df_tree* tree, bool full) {
  return full ? (df_pattern){tree->nv, tree->all, tree->all_n} : (df_pattern){tree->nv, tree->chain, tree->chain_n};
}

/* a multiple of four, so that rows are handled four numbers at once */
static inline int df_stride(int nv) {
  return (nv + 3) & ~3;
}

/* where the entries of row k, and those of its ancestor k in any row, begin */
static inline int df_place(const df_pattern* p, int k) {
  return df_stride(p->nv) - p->n[k];
}

static inline double* df_entry(const df_pattern* p, double* a, int k, int j) {
  return a + k * df_stride(p->nv) + df_place(p, j);
}

/* A += J^T D J with J [dim][n] over n descending dofs of one row, D [dim][dim], dim 1, 3, 4 or 6 */
void df_add_block(const df_pattern* pattern, double* a, int dim, int n, const int* dofs, const double* jacobian,
                  const double* d);

/* A + diag(diagonal [nv]) = L^T D L: L in the place of A below its diagonal, 1/D in inverse [nv]. Fill-free for the
 * pattern of a tree. a must be aligned to four doubles. */
void df_factor(const df_pattern* pattern, const double* diagonal, double* a, double* inverse);

/* x = A^-1 x */
void df_factor_solve(const df_pattern* pattern, const double* factor, const double* inverse, double* x);

#endif
