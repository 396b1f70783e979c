/* Matrices with the sparsity of a tree against dense matrices, and the nodes of a tree. */
#include "models.h"
#include "simulator.h"

enum { MOST = 40 };

/* a cart with two slides that carries a chain of n hinges and a chain of three */
static df_system* bush(int n) {
  char xml[16384];
  int at =
      snprintf(xml, sizeof xml,
               "<mujoco><worldbody><body><joint name='x' type='slide' axis='1 0 0'/><joint type='slide' axis='0 0 1'/>"
               "<geom size='.1' contype='0'/>");
  for (int branch = 0; branch < 2; branch++) {
    const int length = branch == 0 ? n : 3;
    for (int i = 0; i < length; i++)
      at += snprintf(xml + at, sizeof xml - (size_t)at,
                     "<body pos='.1 0 .1'><joint axis='0 1 %d'/><geom size='.05' contype='0'/>", i);
    for (int i = 0; i < length; i++) at += snprintf(xml + at, sizeof xml - (size_t)at, "</body>");
  }
  snprintf(xml + at, sizeof xml - (size_t)at, "</body></worldbody><actuator><motor joint='x'/></actuator></mujoco>");
  return model_text(xml, 1);
}

/* a dense matrix, row-major [MOST][MOST] */
typedef struct dense {
  double a[MOST][MOST];
} dense;

/* x = m^-1 x by Gaussian elimination */
static void solve_dense(dense m, int n, double* x) {
  for (int k = 0; k < n; k++) {
    for (int i = k + 1; i < n; i++) {
      const double l = m.a[i][k] / m.a[k][k];
      for (int j = k; j < n; j++) m.a[i][j] -= l * m.a[k][j];
      x[i] -= l * x[k];
    }
  }
  for (int k = n - 1; k >= 0; k--) {
    for (int j = k + 1; j < n; j++) x[k] -= m.a[k][j] * x[j];
    x[k] /= m.a[k][k];
  }
}

static int next_number;
static double number(void) {
  double x;
  df_rng_uniform(3, DF_STREAM_TEST, (uint64_t)next_number++, 1, &x);
  return 2 * x - 1;
}

/* sets both forms of a matrix with random entries in the pattern and a dominant diagonal */
static void fill(const df_pattern* p, double* a, dense* m) {
  memset(m, 0, sizeof *m);
  for (int k = 0; k < p->nv; k++) {
    for (int i = 0; i < p->n[k]; i++) {
      const int j = p->rows[k * p->nv + i];
      const double x = k == j ? p->nv : number();
      *df_entry(p, a, k, j) = x;
      m->a[k][j] = m->a[j][k] = x;
    }
  }
}

/* adds J^T D J to both forms, over all dofs of row k (stride 1) or every second one (stride 2) */
static void add_both(const df_pattern* p, int dim, int k, int stride, double* a, dense* m) {
  double storage[8 + 6 * MOST], *jacobian = storage + 8, d[36];
  int dofs[MOST], n = 0;
  for (int i = 0; i < p->n[k]; i += stride) dofs[n++] = p->rows[k * p->nv + i];
  for (int i = 0; i < dim * n; i++) jacobian[i] = number();
  for (int r = 0; r < dim; r++) {
    for (int s = 0; s <= r; s++) d[r * dim + s] = d[s * dim + r] = r == s ? 8 : number();
  }
  for (int i = 0; i < 8; i++) storage[i] = 1e9; /* read, but must not change the result */
  df_add_block(p, a, dim, n, dofs, jacobian, d);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      for (int r = 0; r < dim; r++) {
        for (int s = 0; s < dim; s++)
          m->a[dofs[i]][dofs[j]] += jacobian[r * n + i] * d[r * dim + s] * jacobian[s * n + j];
      }
    }
  }
}

static void check_pattern(const df_pattern* p) {
  static const int dims[] = {1, 3, 4, 6};
  const int nv = p->nv;
  const size_t size = (size_t)(nv * df_stride(nv));
  double *a = df_alloc(size, sizeof *a), diagonal[MOST], inverse[MOST], x[MOST], y[MOST];
  for (int round = 0; round < 6; round++) {
    dense m;
    /* undefined numbers before the diagonals must not change the result */
    for (size_t i = 0; i < size; i++) a[i] = 1e6;
    fill(p, a, &m);
    for (int k = 0; k < nv; k++) {
      diagonal[k] = 1 + number();
      m.a[k][k] += diagonal[k];
      x[k] = y[k] = number();
    }
    for (int i = 0; i < round; i++) add_both(p, dims[i % 4], (7 * i + round) % nv, 1 + i % 2, a, &m);
    df_factor(p, diagonal, a, inverse);
    df_factor_solve(p, a, inverse, x);
    solve_dense(m, nv, y);

    /* tolerance: rounding of some thousand operations on numbers of size 1 */
    for (int k = 0; k < nv; k++) CLOSE(x[k], y[k], 1e-12);
  }
  df_free(a);
}

static void tree_and_full_matrices_solve_like_dense_ones(void** state) {
  (void)state;
  /* all alignments of a row's first and last vector of four */
  for (int n = 1; n <= 12; n++) {
    df_system* s = bush(n);
    const df_tree* tree = &as_mujoco(s)->tree;
    assert_int_equal(tree->nv, n + 5);
    const df_pattern sparse = df_tree_pattern(tree, false), full = df_tree_pattern(tree, true);
    check_pattern(&sparse);
    check_pattern(&full);
    df_system_free(s);
  }
}

static void slides_in_a_row_are_one_node(void** state) {
  (void)state;
  df_system* s = bush(2);
  const df_tree* tree = &as_mujoco(s)->tree;
  assert_int_equal(tree->nnode, 1 + 1 + 2 + 3);
  assert_int_equal(tree->ndof[1], 2);
  assert_int_equal(tree->parent[2], 1);
  assert_int_equal(tree->parent[4], 1);
  df_system_free(s);
}

static void the_dofs_that_move_two_nodes_are_merged(void** state) {
  (void)state;
  df_system* s = bush(2);
  const df_tree* tree = &as_mujoco(s)->tree;
  int dofs[MOST], n;

  /* dofs 0 and 1 belong to the cart, 2 and 3 to one branch, 4 to 6 to the other */
  const int along[2] = {2, 3}, across[2] = {3, 6}, fixed[2] = {0, 6}, none[2] = {0, 0};
  static const int all[] = {6, 5, 4, 3, 2, 1, 0}, chain[] = {3, 2, 1, 0}, other[] = {6, 5, 4, 1, 0};
  assert_true(df_tree_chain(tree, along, dofs, &n));
  assert_int_equal(n, 4);
  assert_memory_equal(dofs, chain, sizeof chain);
  assert_false(df_tree_chain(tree, across, dofs, &n));
  assert_int_equal(n, 7);
  assert_memory_equal(dofs, all, sizeof all);
  assert_true(df_tree_chain(tree, fixed, dofs, &n));
  assert_int_equal(n, 5);
  assert_memory_equal(dofs, other, sizeof other);
  assert_true(df_tree_chain(tree, none, dofs, &n));
  assert_int_equal(n, 0);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tree_and_full_matrices_solve_like_dense_ones),
      cmocka_unit_test(slides_in_a_row_are_one_node),
      cmocka_unit_test(the_dofs_that_move_two_nodes_are_merged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
