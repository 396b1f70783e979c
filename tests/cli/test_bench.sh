#!/usr/bin/env bash
# The benchmarks of a method on a task: a training step by parts, matrix products, samples, scaling.
. tests/cli/check.sh
# slow

says() { grep -qE -- "$1" "$scratch/out" "$scratch/err" || { echo "no /$1/ in:"; cat "$scratch/out" "$scratch/err"; false; }; }
task=$scratch/tasks/my_task
mkdir "$scratch/tasks"
cp -r docs/examples/pendulum "$task"
(cd "$task" && python3 make_data.py)
sed -i -e 's/name: pendulum /name: my_task /' -e 's/ steps: [0-9]*$/ steps: 20/' "$task/task.yaml"
# a method whose second file differs with the number of threads
cat >"$scratch/two_files.c" <<'C'
#include <stdio.h>
#include "dynaflow/core/file.h"
#include "dynaflow/flow/method.h"
static int threads;
static df_status create(const df_method_env* env, void** self) { threads = env->threads; *self = &threads; return DF_OK; }
static void destroy(void* self) { (void)self; }
static df_status train(void* self, df_training_log* logs, int* n) { (void)self; (void)logs; *n = 0; return DF_OK; }
static df_status save(const void* self, const char* path) {
  char second[4096];
  (void)self;
  snprintf(second, sizeof second, "%s.second", path);
  df_status status = df_file_write(path, "same", 4);
  return status == DF_OK ? df_file_write(second, &threads, sizeof threads) : status;
}
static df_status load(void* self, const char* path) { (void)self; (void)path; return DF_OK; }
static df_status sample(void* self, const df_request* r, double* x, double* u) { (void)self; (void)r; (void)x; (void)u; return DF_OK; }
const int df_plugin_version = DF_METHOD_VERSION;
const df_method df_plugin_method = {.name = "two_files", .summary = "writes two files", .flags = DF_METHOD_TRAINS, .create = create,
  .destroy = destroy, .train = train, .save = save, .load = load, .sample = sample};
C
check a_method_of_two_files_compiles "${CC:-cc}" -std=c17 -shared -fPIC -I lib/include "$scratch/two_files.c" -L "$BUILD" -ldynaflow \
  -o "$scratch/two_files.so"
cd "$scratch" || exit 1

# rows CODE: Python with r, the list of rows, and of, by quantity
rows() {
  python3 -c "
import json, sys
r = json.load(open(sys.argv[1]))['rows']
of = {x.get('quantity'): x for x in r}
$1" "$scratch/out"
}

check train_exits_0 exits_with 0 bench train my_task --passes 3 --threads 1 --json
check the_parts_sum_to_the_step rows "
parts = ['simulation', 'tape', 'adjoint', 'network forward', 'network backward', 'optimizer', 'data and losses', 'waiting']
share = sum(of[p]['share'] for p in parts)
assert 0.8 < share < 1.2, share
assert of['step']['share'] == 1 and all(x['steps'] == 3 for x in r)
assert of['step / simulation']['value'] > 1 and 0 < of['network / peak']['value'] < 1"
check the_products_of_a_step_are_counted rows "assert of['matrix products']['low'] == of['matrix products']['high'] > 0"
check a_method_without_simulator_has_no_ratio exits_with 0 bench train my_task --method kinematic_fm --passes 2 --json
check its_rows_say_so rows "assert 'step / simulation' not in of and 'simulation' not in of and 'step' in of"
check only_the_first_network_is_measured exits_with 0 bench train my_task --method kinematic_fm_idm --passes 2
# the flow, and not the recovery before it, which neither simulates nor takes the batch of train.batch
recovered=(--set recover.steps=400 --set recover.pool=60 --set recover.width=8 --set recover.batch=8 --set recover.regressed=0 --set recover.simulated=1
  --set train.warmup=100 --set train.validate_every=1 --set train.keep=best_validation)
check recovered_actions_are_benched exits_with 0 bench train my_task --method dynaflow_recovered --passes 2 --json "${recovered[@]}"
cp "$scratch/out" "$scratch/recovered"
check as_are_those_of_the_method_without_them exits_with 0 bench train my_task --method dynaflow --passes 2 --json --set train.warmup=100
check the_flow_is_measured rows "
recovered = {x['quantity']: x for x in json.load(open('$scratch/recovered'))['rows']}
assert recovered['matrix products']['value'] == of['matrix products']['value'] > 0
assert recovered['step / simulation']['value'] > 1 and all(x['steps'] == 2 for x in recovered.values())"
check its_products_are_collected exits_with 0 bench gemm my_task --method dynaflow_recovered --passes 1 --blas-kernel naive --json "${recovered[@]}"
check and_no_others rows "
whole = [x['mflop'] for x in r if x['product'] == 'all of a step'][0]
recovered = {x['quantity']: x for x in json.load(open('$scratch/recovered'))['rows']}
assert abs(1e3 * recovered['matrix products']['value'] - whole) < 1e-6 * whole"
check its_scaling_too exits_with 0 bench scaling my_task --method action_fm_recovered --threads 1 --passes 3 --json "${recovered[@]}"
cp "$scratch/out" "$scratch/recovered"
check as_that_of_the_method_without_them exits_with 0 bench scaling my_task --method action_fm --threads 1 --passes 3 --json
check a_step_of_the_flow_is_timed rows "
recovered = json.load(open('$scratch/recovered'))['rows']
assert 0.4 < recovered[0]['cpu_ms'] / r[0]['cpu_ms'] < 2.5, (recovered, r)"
check gemm_exits_0 exits_with 0 bench gemm my_task --passes 1 --json
check every_back_end_computes_the_same_products rows "
shapes = {}
for x in r:
    shapes.setdefault(x['kernel'], {})[x['product']] = (x['per_step'], x['mflop'])
assert 'naive' in shapes and len(shapes) > 1, shapes.keys()
assert all(s == shapes['naive'] for s in shapes.values())
whole = shapes['naive'].pop('all of a step')[1]
assert abs(sum(n * f for n, f in shapes['naive'].values()) - whole) < 1e-6 * whole
assert all(x['of_peak'] < 1.2 for x in r)"
cp "$scratch/out" "$scratch/gemm"
run bench train my_task --passes 1 --json
check train_and_gemm_count_the_same_work rows "
rows = json.load(open('$scratch/gemm'))['rows']
whole = [x['mflop'] for x in rows if x['product'] == 'all of a step'][0]
assert abs(1e3 * of['matrix products']['value'] - whole) < 1e-6 * whole"
check one_kernel_is_enough exits_with 0 bench gemm my_task --passes 2 --blas-kernel naive --json
check it_is_the_only_one rows "assert {x['kernel'] for x in r} == {'naive'}"
check another_kernel_is_measured exits_with 0 bench gemm my_task --passes 1 --blas-kernel Prescott --json
check it_is_named rows "assert {x['kernel'] for x in r} == {'Prescott'} and len(r) > 1"
check an_unknown_kernel_is_refused misses 'nonsense' bench gemm my_task --passes 1 --blas-kernel nonsense
check sample_exits_0 exits_with 0 bench sample my_task --passes 50 --json
check latencies_are_ordered rows "
assert [x['k'] for x in r] == [1, 5]
for x in r:
    assert 0 < x['p50_ms'] <= x['p90_ms'] <= x['p99_ms'] <= x['largest_ms'], x
    assert 0 < x['task_read_s'] <= x['first_sample_s'] < 60 and x['samples'] == 50, x
assert r[1]['cpu_p50_ms'] > 2 * r[0]['cpu_p50_ms']"
check scaling_exits_0 exits_with 0 bench scaling my_task --threads 2 --passes 2 --json
check the_bytes_are_the_same_on_2_threads rows "
assert [x['threads'] for x in r] == [1, 2] and all(x['same_bytes'] for x in r) and r[0]['speedup'] == 1"
# both files of a checkpoint are hashed and removed
mkdir temporary
export TMPDIR=$scratch/temporary
check a_checkpoint_of_two_files_scales exits_with 0 bench scaling my_task --method kinematic_fm_idm --threads 2 --passes 1 --json
check both_files_are_the_same rows "assert len(r) == 2 and all(x['same_bytes'] for x in r)"
check a_second_file_that_differs_is_noticed exits_with 2 bench scaling my_task --plugin ./two_files.so --method two_files --threads 2 --passes 1
check it_is_named says 'the checkpoint of 6 steps on 2 threads differs from that on one thread'
check no_file_is_left rmdir temporary
unset TMPDIR
check nothing_was_written [ ! -e results ]

# oneDNN is optional: where it is missing, the message says so
if ldconfig -p | grep -q libdnnl; then
  skip bf16_without_onednn_is_missing 'oneDNN is installed'
else
  unset LD_LIBRARY_PATH
  check bf16_without_onednn_is_missing misses 'kernel bf16 requested, but ' bench train my_task --blas-kernel bf16
fi
check a_checkpoint_that_is_not_there_is_missing misses 'none.safetensors' bench sample my_task --checkpoint none.safetensors
check a_checkpoint_is_for_samples refuses '\-\-checkpoint is only valid with sample' bench train my_task --checkpoint x
check a_method_is_not_for_adjoints refuses '\-\-method is not valid with adjoint' bench adjoint my_task --method dynaflow
check an_unknown_method_is_refused refuses "unknown method 'dyna'" bench train my_task --method dyna
check a_method_without_training_is_refused refuses 'method random_action has nothing to train' bench train my_task --method random_action
check a_model_is_refused refuses "train takes a task, not the model file 'x.xml'" bench train x.xml
check a_second_task_is_refused refuses "unexpected argument 'b': gemm takes one task" bench gemm a b
check a_suite_is_refused refuses '\-\-suite is not valid with scaling' bench scaling --suite list
check windows_are_refused refuses '\-\-windows is not valid with sample' bench sample my_task --windows 3
check a_misspelt_benchmark_is_suggested refuses "unknown benchmark 'trian', did you mean 'train'" bench trian my_task

finish
