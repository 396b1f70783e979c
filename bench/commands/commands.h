/* commands.h: the subcommands; each parses its own arguments (argv[0] is "dynaflow NAME") and returns an exit code. */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

/* X(name, one line) for int cmd_<name>(int argc, char** argv) */
#define COMMAND_LIST(X)                                                                    \
  X(list, "tasks, methods and metrics there are, one line each")                           \
  X(doctor, "versions, cores, BLAS kernels, writable paths, data found or missing")        \
  X(data, "what a task's data are; generate them; fetch them")                             \
  X(replay, "do recorded states follow from recorded actions under the declared model?")   \
  X(gradcheck, "the adjoint against centred finite differences")                           \
  X(bench, "what a gradient costs, what threads gain: ratios of interleaved runs")         \
  X(run, "train, sample and evaluate tasks x methods x seeds; resumes what is unfinished") \
  X(train, "train one method on one task, to a checkpoint")                                \
  X(sample, "trajectories from a checkpoint, to an npz file")                              \
  X(eval, "metrics of a checkpoint")                                                       \
  X(report, "tables (Markdown, CSV), SVG plots and one HTML page of a run")                \
  X(verify, "is a run's record complete, whole and consistent?")                           \
  X(gate, "a run held to its tasks' bands and golden tables; a verdict a metric")          \
  X(compare, "runs, or methods of a run, on the same start states: paired differences")

#define COMMAND_DECLARE(name, line) int cmd_##name(int argc, char** argv);
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
