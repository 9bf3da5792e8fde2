#pragma once
// The fields' numbers of the messages in .wandb files, from the client's wandb_internal.proto.

namespace imgcls::report::wandb {

namespace record {
/// The field that holds a record's message, which is the message's kind.
enum Kind {
  history = 2,
  summary = 3,
  config = 5,
  stats = 7,
  metric = 12,
  output = 13,
  run = 17,
  exit = 18,
  header = 21,
  preempting = 23,
  environment = 26
};
/// A record's number in its file.
enum { number = 1 };
}  // namespace record

namespace header {
/// Of a header.
enum { version = 1 };
/// Of its version.
enum { producer = 1, min_consumer = 2 };
}  // namespace header

namespace run {
/// Of a run.
enum { id = 1, project = 3, config = 4, name = 8, host = 13, start = 17, git = 21 };
/// Of its git.
enum { commit = 2 };
}  // namespace run

namespace environment {
/// Of an environment.
enum { started = 3, arguments = 5, program = 6, root = 11, host = 12, executable = 14 };
/// Of the same: the machine.
enum { cores = 16, threads = 17, gpu = 18, memory = 21, cpu = 22 };
/// Of memory, in bytes.
enum { total = 1 };
/// Of cpu.
enum { cpu_model = 3 };
}  // namespace environment

namespace metric {
/// Of a metric.
enum { name = 1, step = 4, options = 6 };
/// Of its options.
enum { step_sync = 1, hidden = 2, defined = 3 };
}  // namespace metric

namespace history {
/// Of a row of the history.
enum { items = 1, step = 2 };
/// Of its step.
enum { number = 1 };
}  // namespace history

namespace updates {
/// Of a configuration, and of a summary.
enum { items = 1 };
}  // namespace updates

namespace item {
/// Of an item of a history, a configuration, a summary or system figures.
enum { key = 1, value = 16 };
}  // namespace item

namespace stats {
/// Of system figures.
enum { timestamp = 2, items = 3 };
}  // namespace stats

namespace output {
/// Of a line that was said.
enum { type = 1, timestamp = 2, line = 3 };
constexpr int kStdout = 1;  ///< the type that says standard output
}  // namespace output

namespace run_exit {
/// Of a session's end.
enum { code = 1, runtime = 2 };
}  // namespace run_exit

namespace time {
/// Of a time since 1970.
enum { seconds = 1, nanos = 2 };
}  // namespace time

}  // namespace imgcls::report::wandb
