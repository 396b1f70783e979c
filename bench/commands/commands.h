/* commands.h: the subcommands. Each parses its own arguments, where argv[0] is "dynaflow NAME", and returns an exit
 * code of exit_code.h. Wrong usage ends the program with exit code 2. */
#ifndef BENCH_COMMANDS_COMMANDS_H
#define BENCH_COMMANDS_COMMANDS_H

/* X(name, summary in `dynaflow --help`); declares int cmd_<name>(int argc, char** argv) */
#define COMMAND_LIST(X)                                                                  \
  X(list, "list tasks, methods and metrics")                                             \
  X(doctor, "check versions, BLAS kernels, writable folders, models and data")           \
  X(data, "describe, generate or download the model and demonstrations of a task")       \
  X(replay, "check that recorded actions reproduce the recorded states")                 \
  X(gradcheck, "compare the adjoint with centred finite differences")                    \
  X(bench, "time gradients, or rollouts on several threads, by interleaved runs")        \
  X(run, "train, sample and evaluate tasks x methods x seeds; resumes unfinished cells") \
  X(train, "train one method on one task and write a checkpoint")                        \
  X(sample, "sample trajectories from a checkpoint into an npz file")                    \
  X(eval, "compute the metrics of a checkpoint")                                         \
  X(report, "write tables (Markdown, CSV), SVG figures and an HTML page of a run")       \
  X(verify, "check that the records of a run are complete, unaltered and consistent")    \
  X(gate, "check a run against the tolerances and golden tables of its tasks")           \
  X(compare, "compare runs, or methods of a run, by paired differences")

#define COMMAND_DECLARE(name, line) int cmd_##name(int argc, char** argv);
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
