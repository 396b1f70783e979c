/* tree.h: the model as a tree of joints, and symmetric matrices with the sparsity of that tree (docs/adjoint.md,
 * sections 3 and 10).
 *
 * A node is a group of dofs none of which moves the axes of another: a hinge, consecutive slides of one body, a ball,
 * and each half of a free joint. Node 0 is the world. A body without joints belongs to the node of its parent; a body
 * with several joints has several nodes, and the last of them carries its inertia. Parents come before children. */
#ifndef LIB_SIM_ALGEBRA_TREE_H
#define LIB_SIM_ALGEBRA_TREE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

typedef struct df_tree {
  int nnode; /* including the world */
  int nv;
  int* parent;    /* [nnode] parent node; 0 for the world */
  int* dof;       /* [nnode] first dof; -1 for the world */
  int* ndof;      /* [nnode] number of dofs, consecutive; 0 for the world */
  int* body_node; /* [nbody] the node that carries the body */
  int* chain;     /* [nv][nv] row k lists k and its ancestors in the tree of dofs, nearest first */
  int* chain_n;   /* [nv] length of row k */
  int* all;       /* [nv][nv] row k lists k, k-1, ..., 0: the pattern of a full matrix */
  int* all_n;     /* [nv] length of row k: k + 1 */
} df_tree;

/* Fills *tree, which must be zero. DF_E_NOMEM; the caller frees the tree also then. */
df_status df_tree_build(df_tree* tree, const mjModel* m);
/* Frees the arrays of a tree that is zero or was passed to df_tree_build(); not the df_tree itself. */
void df_tree_free(df_tree* tree);

/* Writes the dofs that move either of two nodes to dofs [nv], descending, and their number to *n. A node may be 0,
 * which no dof moves; dofs may be NULL. Returns false if the nodes lie on different branches. */
bool df_tree_chain(const df_tree* tree, const int node[2], int* dofs, int* n);

/* Whether each of n descending dofs is an ancestor of the one before it; true for n = 0. */
bool df_tree_is_chain(const df_tree* tree, int n, const int* dofs);

/* Whether n dofs are strictly descending and in 0 .. nv-1: the order of every list of dofs here. */
static inline bool df_descending(int n, const int* dofs, int nv) {
  for (int i = 0; i < n; i++) {
    if (dofs[i] < 0 || dofs[i] >= (i ? dofs[i - 1] : nv)) return false;
  }
  return true;
}

/* ---- symmetric positive definite matrices ----
 * A matrix is an array of nv * df_stride(nv) doubles, aligned to four doubles. It holds the entries (k, j) of the lower
 * triangle with j in row k of a pattern. Row k takes the df_stride(nv) doubles from k * df_stride(nv) on; its entries
 * are right-aligned, diagonal first and the root's entry last. So dof j has the same position in every row that lists
 * it, and eliminating k from row j adds the end of row k to the end of row j. Numbers before a row's diagonal are
 * undefined. */

typedef struct df_pattern {
  int nv;
  const int* rows; /* [nv][nv] row k lists the dofs of its entries, descending from k */
  const int* n;    /* [nv] their number */
} df_pattern;

/* The pattern of a full matrix, or that of the tree; points into the tree. */
static inline df_pattern df_tree_pattern(const df_tree* tree, bool full) {
  return full ? (df_pattern){tree->nv, tree->all, tree->all_n} : (df_pattern){tree->nv, tree->chain, tree->chain_n};
}

/* Doubles per row: nv rounded up to a multiple of four, since rows are processed four numbers at a time. */
static inline int df_stride(int nv) {
  return (nv + 3) & ~3;
}

/* The position within a row of the entry of dof k: the first entry of row k, and the same in any row that lists k. */
static inline int df_place(const df_pattern* p, int k) {
  return df_stride(p->nv) - p->n[k];
}

/* The entry (k, j), j in row k of the pattern. */
static inline double* df_entry(const df_pattern* p, double* a, int k, int j) {
  return a + k * df_stride(p->nv) + df_place(p, j);
}

/* A += J^T D J, with J [dim][n] over n descending dofs that row dofs[0] lists, D [dim][dim] symmetric, and dim 1, 3, 4
 * or 6. Reads up to three doubles before `jacobian`, which must be readable. */
void df_add_block(const df_pattern* pattern, double* a, int dim, int n, const int* dofs, const double* jacobian,
                  const double* d);

/* Factorizes A + diag(diagonal [nv]) = L^T D L in place: L, whose diagonal is 1, replaces A below its diagonal, and
 * inverse [nv] receives 1/D. The pattern of a tree has no fill-in. `a` must be aligned to four doubles. */
void df_factor(const df_pattern* pattern, const double* diagonal, double* a, double* inverse);

/* x = A^-1 x, x [nv], with the factorization of df_factor() */
void df_factor_solve(const df_pattern* pattern, const double* factor, const double* inverse, double* x);

#endif
